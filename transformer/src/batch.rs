use std::ops::Range;

use bytes::Bytes;
use hydrant_function::Counts;
use hydrant_partitioner::PartitionKeys;
use hydrant_records::{
    Metadata, ProcessingResult, TransformAnswer, TransformEvent, TransformedRecord,
};

use crate::client_id::ClientId;
use crate::refusal::Refusal;
use crate::transformer::Transformer;

/// What happened to a batch, to log and to count.
pub type BatchSummary = hydrant_function::BatchSummary<Refusal, ClientIdCounts>;

/// A record that was refused.
pub type RefusedRecord = hydrant_function::RefusedRecord<Refusal>;

/// Records by what became of the client's id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientIdCounts {
    /// It was in the envelope.
    pub found: usize,
    /// It was in `detail` already. More than were sent again is worth a look.
    pub already_moved: usize,
    /// There was none.
    pub missing: usize,
}

impl Counts for ClientIdCounts {
    type Note = ClientId;

    fn count(&mut self, client_id: ClientId) {
        match client_id {
            ClientId::Found => self.found += 1,
            ClientId::AlreadyMoved => self.already_moved += 1,
            ClientId::Missing => self.missing += 1,
        }
    }

    fn metrics(&self) -> Vec<(&'static str, usize)> {
        vec![
            ("ClientIdMissing", self.missing),
            ("ClientIdAlreadyMoved", self.already_moved),
        ]
    }
}

/// An answer whose data is still a place in the batch's output.
struct Pending {
    record_id: String,
    output: Option<Range<usize>>,
    metadata: Option<Metadata>,
}

impl Transformer {
    /// Transforms a batch as Firehose hands it over and answers every record of it, in its order: `Ok` with
    /// data, and with partition keys where they are configured, or `ProcessingFailed` without data.
    ///
    /// The answer may be larger than a Lambda function may return; nothing is left out for that here.
    pub fn transform_batch(&self, event: TransformEvent) -> (TransformAnswer, BatchSummary) {
        let mut summary = BatchSummary::new(event.records.len());
        let mut keys = PartitionKeys::new();
        summary.bytes_in = event.records.iter().map(|record| record.data.len()).sum();
        // The move makes a record a little longer, so room for that saves copying the whole output once.
        let mut out = Vec::with_capacity(summary.bytes_in + 32 * event.records.len());
        let mut pending = Vec::with_capacity(event.records.len());
        for record in event.records {
            let start = out.len();
            let (output, metadata) =
                match self.transform_with_keys(&record.data, &mut out, &mut keys) {
                    Ok(transformed) => {
                        summary.ok += 1;
                        summary.counts.count(transformed.client_id);
                        (Some(start..out.len()), self.metadata(&keys))
                    }
                    Err(refusal) => {
                        let record_id = record.record_id.clone();
                        summary.refusals.push(RefusedRecord { record_id, refusal });
                        (None, None)
                    }
                };
            pending.push(Pending {
                record_id: record.record_id,
                output,
                metadata,
            });
        }
        summary.bytes_out = out.len();
        let out = Bytes::from(out);
        let records = pending
            .into_iter()
            .map(|pending| pending.answer(&out))
            .collect();
        (TransformAnswer { records }, summary)
    }

    fn metadata(&self, keys: &PartitionKeys) -> Option<Metadata> {
        self.options().partition_keys.as_ref()?;
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Some(Metadata {
            partition_keys: keys.iter().map(owned).collect(),
        })
    }
}

impl Pending {
    fn answer(self, out: &Bytes) -> TransformedRecord {
        TransformedRecord {
            record_id: self.record_id,
            result: match self.output {
                Some(_) => ProcessingResult::Ok,
                None => ProcessingResult::ProcessingFailed,
            },
            data: self.output.map(|range| out.slice(range)),
            metadata: self.metadata,
        }
    }
}
