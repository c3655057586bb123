//! Puts records into their stream again, as AWS's own blueprint does for what an answer has no room for.

use std::time::Duration;

use async_trait::async_trait;
use hydrant_records::limits::{MAX_BATCH_BYTES, MAX_RECORD_BYTES, MAX_RECORDS_PER_BATCH};

use crate::batch::Original;
use crate::clock::Pace;
use crate::event::Source;

/// How often a record is put at most; AWS's blueprint does the same.
const MAX_ATTEMPTS: u32 = 20;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The longest partition key of a Kinesis record in bytes, all of which count (Kinesis API reference,
/// `PutRecordsRequestEntry`).
const MAX_PARTITION_KEY_BYTES: usize = 256;

/// Where records are put.
#[async_trait]
pub trait Put: Send + Sync {
    /// Puts `batch`, which is within the limits of one call, and says of each record whether it was taken.
    ///
    /// # Errors
    /// Why none was.
    async fn put(&self, target: &Source, batch: &[&Original]) -> Result<Vec<bool>, PutError>;
}

/// A call that took no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PutError {
    /// It may help to call again.
    #[error("{0}")]
    Passing(String),
    /// It never will: permission, or a stream that there is not.
    #[error(
        "{0}; give the function's role firehose:PutRecordBatch or kinesis:PutRecords on the stream"
    )]
    Lasting(String),
}

/// What became of the records.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reingested {
    /// Of each record, whether it is in its stream again.
    pub taken: Vec<bool>,
    /// Why the last call failed that did.
    pub error: Option<PutError>,
}

/// Puts `originals` into `target`, in batches, and what is not taken again and again, with pauses.
pub async fn reingest(
    put: &dyn Put,
    target: &Source,
    originals: &[Original],
    pace: &mut dyn Pace,
) -> Reingested {
    let mut done = Reingested {
        taken: vec![false; originals.len()],
        error: None,
    };
    let small = |record: &(usize, &Original)| record.1.data.len() <= MAX_RECORD_BYTES;
    let mut left: Vec<(usize, &Original)> = originals.iter().enumerate().filter(small).collect();
    for attempt in 0..MAX_ATTEMPTS {
        if attempt > 0 && !pace.pause(longest_pause(attempt)).await {
            return done;
        }
        let mut again = Vec::new();
        for batch in batches(&left) {
            let records: Vec<_> = batch.iter().map(|(_, record)| *record).collect();
            match put.put(target, &records).await {
                Ok(taken) => {
                    for (at, (position, record)) in batch.iter().enumerate() {
                        if taken.get(at) == Some(&true) {
                            if let Some(taken) = done.taken.get_mut(*position) {
                                *taken = true;
                            }
                        } else {
                            again.push((*position, *record));
                        }
                    }
                }
                Err(error) => {
                    let lasting = matches!(error, PutError::Lasting(_));
                    done.error = Some(error);
                    if lasting {
                        return done;
                    }
                    again.extend_from_slice(batch);
                }
            }
        }
        left = again;
        if left.is_empty() {
            break;
        }
    }
    done
}

/// The pause before an attempt: it doubles, and chance takes some of it away.
fn longest_pause(attempt: u32) -> Duration {
    LONGEST_PAUSE.min(FIRST_PAUSE * 2_u32.saturating_pow(attempt - 1))
}

/// Cuts records into batches that one call may have: Firehose takes 500 records and 4 MiB, Kinesis no less.
fn batches<'a, 'o>(
    mut records: &'a [(usize, &'o Original)],
) -> impl Iterator<Item = &'a [(usize, &'o Original)]> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |(_, record): &&(usize, &Original)| {
            bytes += record.data.len() + MAX_PARTITION_KEY_BYTES;
            bytes <= MAX_BATCH_BYTES
        };
        let records_in = records.iter().take(MAX_RECORDS_PER_BATCH);
        let count = records_in.take_while(fits).count();
        let (batch, rest) = records.split_at_checked(count)?;
        records = rest;
        (!batch.is_empty()).then_some(batch)
    })
}

#[cfg(test)]
mod tests;
