//! The task that reads a Kinesis data stream into a stream's log.
//!
//! Records are in the log before the place up to which they were read is kept: after a crash some may be read
//! twice, none is left out.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use hydrant_endpoint::Counter;
use jiff::Timestamp;
use tokio::sync::RwLock;

use super::{
    From, KinesisOrigin, KinesisStream, Page, Shard, SourceError, SourceRecord,
    checkpoints::{Checkpoints, Place},
};
use crate::{
    Clock,
    log::{Batch, Log, LogError, StreamLog},
    metrics::StreamMetrics,
    pipeline::Pace,
};

/// AWS reads each shard once a second.
const PAUSE: Duration = Duration::from_secs(1);

/// Where the reader is behind it reads as often as Kinesis allows: five times a second.
const PAUSE_BEHIND: Duration = Duration::from_millis(200);

/// How long until shards are listed again.
const LISTING: Duration = Duration::from_secs(10);

/// Bytes that go into the log at once.
const CHUNK_BYTES: usize = 1 << 20;

/// Where records and checkpoints go.
#[derive(Debug)]
pub(crate) struct Desk {
    /// The delivery stream's name.
    pub(crate) name: String,
    pub(crate) log: Arc<RwLock<Log>>,
    pub(crate) stream: Arc<StreamLog>,
    /// What the checkpoints are called in the log.
    pub(crate) checkpoints_id: u32,
}

/// Reads one Kinesis data stream.
#[derive(Debug)]
pub(crate) struct Reader {
    source: Arc<dyn KinesisStream>,
    desk: Desk,
    metrics: Arc<StreamMetrics>,
    clock: Arc<dyn Clock>,
    pace: Pace,
    /// Reading begins with the records of this instant.
    begin: Timestamp,
    checkpoints: Checkpoints,
    /// As they are in the log.
    kept: Checkpoints,
    shards: Vec<Shard>,
    listed: Option<Timestamp>,
    iterators: HashMap<String, String>,
}

/// Why a round of reading ended early.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Log(#[from] LogError),
}

impl Reader {
    pub(crate) fn new(
        source: Arc<dyn KinesisStream>,
        desk: Desk,
        metrics: Arc<StreamMetrics>,
        clock: Arc<dyn Clock>,
        pace: Pace,
        begin: Timestamp,
        checkpoints: Checkpoints,
    ) -> Self {
        Self {
            source,
            desk,
            metrics,
            clock,
            pace,
            begin,
            kept: checkpoints.clone(),
            checkpoints,
            shards: Vec::new(),
            listed: None,
            iterators: HashMap::new(),
        }
    }

    /// Reads until the log is closed.
    pub(crate) async fn run(mut self) {
        let mut failures: u32 = 0;
        loop {
            let pause = match self.round().await {
                Ok(behind) => {
                    if std::mem::take(&mut failures) > 0 {
                        tracing::warn!(stream = self.desk.name, "its source is read again");
                    }
                    self.pace.of(if behind { PAUSE_BEHIND } else { PAUSE })
                }
                Err(Trouble::Log(LogError::Closed)) => return,
                Err(trouble) => {
                    // Once, and then ever more rarely.
                    if failures & (failures + 1) == 0 {
                        tracing::warn!(
                            stream = self.desk.name, error = %trouble, failures,
                            "its source is not read; it is tried again"
                        );
                    }
                    failures += 1;
                    Duration::from_secs(1 << failures.min(6)).min(Duration::from_mins(1))
                }
            };
            self.clock.sleep(pause).await;
        }
    }

    /// Reads each shard once. Whether there is more to read at once.
    async fn round(&mut self) -> Result<bool, Trouble> {
        self.list().await?;
        let mut behind = 0;
        let mut result = Ok(());
        for shard in self.checkpoints.readable(&self.shards) {
            match self.read(&shard).await {
                Ok(behind_ms) => behind = behind.max(behind_ms),
                // What was read of other shards is kept all the same.
                Err(trouble) => {
                    result = Err(trouble);
                    break;
                }
            }
        }
        self.metrics.set_kinesis_behind_ms(behind);
        if self.checkpoints != self.kept {
            self.keep().await?;
        }
        result.map(|()| behind > 0)
    }

    /// Lists the shards, from time to time.
    async fn list(&mut self) -> Result<(), Trouble> {
        let now = self.clock.now();
        let is_fresh = self.listed.is_some_and(|listed| {
            Duration::try_from(now.duration_since(listed)).is_ok_and(|age| age < LISTING)
        });
        if !is_fresh {
            let listed = self.source.shards().await;
            self.shards = self.counted(listed, |it| &it.throttled_describe_stream)?;
            self.checkpoints.retain(&self.shards);
            self.listed = Some(now);
        }
        Ok(())
    }

    /// Reads one page of a shard into the log; how far behind it is.
    async fn read(&mut self, shard: &str) -> Result<u64, Trouble> {
        let iterator = if let Some(iterator) = self.iterators.remove(shard) {
            iterator
        } else {
            let from = match self.checkpoints.get(shard) {
                Some(Place::After(sequence_number)) => From::After(sequence_number.clone()),
                _ => From::Instant(self.begin),
            };
            let given = self.source.iterator(shard, &from).await;
            self.counted(given, |it| &it.throttled_get_shard_iterator)?
        };
        let read = self.source.records(&iterator).await;
        let page = match self.counted(read, |it| &it.throttled_get_records) {
            Ok(page) => page,
            // The next round takes another iterator.
            Err(SourceError::Expired) => return Ok(1),
            Err(error) => {
                self.iterators.insert(shard.to_owned(), iterator);
                return Err(error.into());
            }
        };
        let Page {
            records,
            next,
            behind_ms,
        } = page;
        self.append(shard, &records).await?;
        if let Some(next) = next {
            self.iterators.insert(shard.to_owned(), next);
            return Ok(behind_ms);
        }
        self.checkpoints.set(shard, Place::End);
        // Others may have taken its place.
        self.listed = None;
        Ok(behind_ms.max(1))
    }

    /// What a request gave; one that Kinesis refused as one too many is counted.
    fn counted<T>(
        &self,
        given: Result<T, SourceError>,
        throttled: fn(&StreamMetrics) -> &Counter,
    ) -> Result<T, SourceError> {
        if matches!(given, Err(SourceError::Throttled(_))) {
            throttled(&self.metrics).add(1);
        }
        given
    }

    /// Appends records to the log, and waits while it is full.
    async fn append(&mut self, shard: &str, mut records: &[SourceRecord]) -> Result<(), Trouble> {
        while let Some(first) = records.first() {
            let mut data = Vec::new();
            let mut lengths = Vec::new();
            let mut last = first;
            while let Some((record, rest)) = records.split_first()
                && (lengths.is_empty() || data.len() + record.data.len() <= CHUNK_BYTES)
            {
                let start = data.len();
                let origin = KinesisOrigin {
                    shard_id: shard.to_owned(),
                    sequence_number: record.sequence_number.clone(),
                    partition_key: record.partition_key.clone(),
                    arrival: record.arrival,
                };
                origin.pack(&record.data, &mut data);
                // A record of Kinesis is no larger than ten megabytes.
                lengths.push(u32::try_from(data.len() - start).unwrap_or(u32::MAX));
                self.metrics.kinesis.add(&record.data);
                (last, records) = (record, rest);
            }
            let batch = Batch {
                arrival: first.arrival,
                lengths,
                data: Bytes::from(data),
            };
            self.append_batch(batch).await?;
            let place = Place::After(last.sequence_number.clone());
            self.checkpoints.set(shard, place);
        }
        Ok(())
    }

    async fn append_batch(&self, batch: Batch) -> Result<(), LogError> {
        loop {
            let log = self.desk.log.read().await;
            match log.append(&self.desk.stream, batch.clone()).await {
                Err(LogError::Full { .. }) => {}
                appended => return appended.map(drop),
            }
            drop(log);
            self.clock.sleep(PAUSE).await;
        }
    }

    async fn keep(&mut self) -> Result<(), LogError> {
        let log = self.desk.log.read().await;
        let text = self.checkpoints.to_text();
        log.define(self.desk.checkpoints_id, Some(text)).await?;
        drop(log);
        self.kept = self.checkpoints.clone();
        Ok(())
    }
}
