//! `REINGEST` of a function in this process: records for which an answer has no room are put into their stream again.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use hydrant_delivery::{Api, Clock, ErrorKind, SystemClock};
use hydrant_records::limits::{MAX_BATCH_BYTES, MAX_RECORDS_PER_BATCH};

/// The streams of this process, once they are there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Again(Arc<OnceLock<Api>>);

/// How often records are put at most. A log that is full needs its time: the last pauses are seconds.
const ATTEMPTS: u32 = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Again {
    /// Says where the streams are.
    pub(crate) fn open(&self, streams: Api) {
        self.0.get_or_init(|| streams);
    }

    /// Puts `records` into `stream`, and says of each whether it is there.
    pub(super) async fn put(&self, stream: &str, records: &[Bytes]) -> Vec<bool> {
        let mut taken = Vec::with_capacity(records.len());
        for batch in batches(records) {
            let is_taken = self.put_batch(stream, batch).await;
            taken.extend(batch.iter().map(|_| is_taken));
        }
        taken
    }

    async fn put_batch(&self, stream: &str, batch: &[Bytes]) -> bool {
        let Some(streams) = self.0.get() else {
            return false;
        };
        for attempt in 0..ATTEMPTS {
            match streams.put(stream, batch).await {
                Ok(()) => return true,
                Err(error) if error.kind == ErrorKind::ServiceUnavailable => {
                    let pause = FIRST_PAUSE * 2_u32.saturating_pow(attempt);
                    SystemClock.sleep(pause.min(LONGEST_PAUSE)).await;
                }
                Err(error) => {
                    tracing::warn!(%error, stream, "records were not put again");
                    return false;
                }
            }
        }
        tracing::warn!(
            stream,
            "records were not put again: {ATTEMPTS} times there was no room"
        );
        false
    }
}

/// As many records at once as a request may have.
fn batches(mut records: &[Bytes]) -> impl Iterator<Item = &[Bytes]> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |record: &&Bytes| {
            bytes += record.len();
            bytes <= MAX_BATCH_BYTES
        };
        let first = records.iter().take(MAX_RECORDS_PER_BATCH);
        let count = first.take_while(fits).count();
        let (batch, rest) = records.split_at(count);
        records = rest;
        (!batch.is_empty()).then_some(batch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_cut_into_requests_and_none_is_left_out() {
        let records: Vec<Bytes> = (0..1_203).map(|n| vec![b'x'; n * 16].into()).collect();
        let batches: Vec<&[Bytes]> = batches(&records).collect();
        assert_eq!(batches.concat(), records);
        for batch in &batches {
            let bytes: usize = batch.iter().map(Bytes::len).sum();
            assert!(batch.len() <= MAX_RECORDS_PER_BATCH && bytes <= MAX_BATCH_BYTES);
        }
        assert_eq!(batches.len(), 4);
    }
}
