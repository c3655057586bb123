//! Records as Firehose would hand them to a function: in batches, each a transform event.

use anyhow::Result;
use hydrant_delivery::Ids;
use hydrant_records::{TransformEvent, TransformRecord};
use memchr::memmem;

use crate::input::{Item, Record, Records};

/// Source bytes of a batch: what Firehose gathers by default.
const BATCH_BYTES: usize = 1 << 20;

/// The stream that events say they are of.
const STREAM: &str = "arn:aws:firehose:us-east-1:123456789012:deliverystream/compare";

/// One event, and where each of its records comes from.
pub(super) struct Batch {
    pub(super) event: TransformEvent,
    pub(super) places: Vec<String>,
}

impl Batch {
    /// Source bytes.
    pub(super) fn bytes(&self) -> u64 {
        let records = self.event.records.iter();
        records.map(|record| record.data.len() as u64 + 1).sum()
    }
}

/// Cuts records into batches. A record that is a transform event itself, as one finds it in a function's log,
/// is a batch as it stands.
pub(super) struct Batches {
    records: Records,
    ids: Ids,
    count: u64,
    /// Arrival time of every record, milliseconds since the epoch.
    now: i64,
    recorded: Option<Batch>,
    refused: Vec<String>,
}

impl Batches {
    /// `now` is when the records arrive, in milliseconds since the epoch.
    pub(super) fn new(records: Records, ids: Ids, now: i64) -> Self {
        Self {
            records,
            ids,
            count: 0,
            now,
            recorded: None,
            refused: Vec::new(),
        }
    }

    /// Entries that never became a record, and why.
    pub(super) fn refused(&self) -> &[String] {
        &self.refused
    }

    /// The next batch; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Batch>> {
        if let Some(batch) = self.recorded.take() {
            return Ok(Some(batch));
        }
        let mut batch = Batch {
            event: TransformEvent {
                invocation_id: self.ids.uuid().to_string(),
                delivery_stream_arn: STREAM.to_owned(),
                source_kinesis_stream_arn: None,
                region: "us-east-1".to_owned(),
                records: Vec::new(),
            },
            places: Vec::new(),
        };
        let mut bytes = 0;
        while bytes < BATCH_BYTES {
            let record = match self.records.next()? {
                None => break,
                Some(Item::Refused(reason)) => {
                    self.refused.push(reason);
                    continue;
                }
                Some(Item::Record(record)) => record,
            };
            let place = format!("{}:{}", self.records.name(), record.line);
            if let Some(recorded) = recorded_batch(&record, &place) {
                if batch.event.records.is_empty() {
                    return Ok(Some(recorded));
                }
                self.recorded = Some(recorded);
                break;
            }
            bytes += record.data.len();
            self.count += 1;
            batch.event.records.push(TransformRecord {
                // As long as Firehose's own: 56 digits, and six for the part of an aggregated record.
                record_id: format!("{:056}000000", self.count),
                approximate_arrival_timestamp: self.now,
                data: record.data,
                kinesis_record_metadata: None,
            });
            batch.places.push(place);
        }
        Ok((!batch.places.is_empty()).then_some(batch))
    }
}

/// The transform event that a record is, where it is one.
fn recorded_batch(record: &Record, place: &str) -> Option<Batch> {
    memmem::find(&record.data, b"\"recordId\"")?;
    let event: TransformEvent = serde_json::from_slice(&record.data).ok()?;
    let places = event
        .records
        .iter()
        .map(|record| format!("{place}: record {}", record.record_id))
        .collect();
    (!event.records.is_empty()).then_some(Batch { event, places })
}
