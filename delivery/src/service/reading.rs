//! Streams that read from Kinesis data streams: their readers, and the places that they reached.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{Configuration, Service, ServiceError, Stream};
use crate::sources::{Checkpoints, Desk, KinesisStream, Reader};

/// Checkpoints lie among the definitions of the log, under the number of their stream and this.
const CHECKPOINTS: u32 = 1 << 31;

/// What the checkpoints of stream `id` are called in the log.
pub(super) fn checkpoints_id(id: u32) -> u32 {
    id | CHECKPOINTS
}

/// What the log keeps, by number.
type Kept = Vec<(u32, Vec<u8>)>;

/// What the log keeps, told apart: definitions in the order in which they were made, and checkpoints by stream.
pub(super) fn told_apart(kept: Kept) -> Result<(Kept, BTreeMap<u32, Checkpoints>), ServiceError> {
    let (checkpoints, definitions): (Kept, Kept) =
        kept.into_iter().partition(|(id, _)| id & CHECKPOINTS != 0);
    let checkpoints = checkpoints.into_iter().map(|(id, text)| {
        let read = Checkpoints::from_text(&text);
        let damaged = || ServiceError::Damaged("checkpoints are no JSON".to_owned());
        Ok((id & !CHECKPOINTS, read.ok_or_else(damaged)?))
    });
    Ok((
        definitions,
        checkpoints.collect::<Result<_, ServiceError>>()?,
    ))
}

impl Service {
    /// What a stream reads from, if it reads.
    pub(super) async fn source(
        &self,
        configuration: &Configuration,
    ) -> Option<Arc<dyn KinesisStream>> {
        let arn = configuration.kinesis_stream_arn()?;
        Some(self.surroundings.sources.kinesis(arn).await)
    }

    /// Refuses a stream whose source cannot be read.
    pub(super) async fn check_source(
        &self,
        configuration: &Configuration,
    ) -> Result<(), ServiceError> {
        let Some(source) = self.source(configuration).await else {
            return Ok(());
        };
        let listed = source.shards().await;
        listed.map(drop).map_err(|error| ServiceError::NoSource {
            stream: configuration.name().to_owned(),
            source_arn: configuration
                .kinesis_stream_arn()
                .unwrap_or_default()
                .to_owned(),
            reason: error.to_string(),
        })
    }

    /// Starts to read, where a stream reads.
    pub(super) async fn start_reading(&self, stream: &Stream, checkpoints: Checkpoints) {
        let configuration = stream.configuration();
        let Some(source) = self.source(&configuration).await else {
            return;
        };
        let desk = Desk {
            name: configuration.name().to_owned(),
            log: Arc::clone(&self.log),
            stream: Arc::clone(stream.log()),
            checkpoints_id: checkpoints_id(stream.id()),
        };
        let created = Timestamp::from_millisecond(configuration.created_ms);
        let reader = Reader::new(
            source,
            desk,
            stream.shared_metrics(),
            Arc::clone(self.clock()),
            self.options.pace,
            created.unwrap_or(Timestamp::UNIX_EPOCH),
            checkpoints,
        );
        stream.read_with(tokio::spawn(reader.run()).abort_handle());
    }
}
