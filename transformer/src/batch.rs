use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use hydrant_partitioner::PartitionKeys;
use hydrant_records::{
    Metadata, ProcessingResult, TransformAnswer, TransformEvent, TransformedRecord,
};

use crate::client_id::ClientId;
use crate::refusal::Refusal;
use crate::transformer::Transformer;

/// What happened to a batch, to log and to count. Print refusals by their `Display`, which holds nothing of
/// a record; their `Debug` may quote one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchSummary {
    /// Records of the batch.
    pub records: usize,
    /// Records transformed.
    pub ok: usize,
    /// Of these: the client's id was in the envelope.
    pub client_id_found: usize,
    /// Of these: the client's id was in `detail` already. More than were sent again is worth a look.
    pub client_id_already_moved: usize,
    /// Of these: there was no client id.
    pub client_id_missing: usize,
    /// Records that a filter left out.
    pub dropped: usize,
    /// Records for which there was no room in the answer, and that were put into their stream again.
    pub reingested: usize,
    /// Bytes of all records.
    pub bytes_in: usize,
    /// Bytes of the transformed ones, before base64.
    pub bytes_out: usize,
    /// Records refused, in the order of the batch.
    pub refusals: Vec<RefusedRecord>,
}

/// A record that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRecord {
    /// Firehose's id of the record.
    pub record_id: String,
    /// Why.
    pub refusal: Refusal,
}

impl BatchSummary {
    /// How many records were refused for which [`Refusal::reason`].
    pub fn reasons(&self) -> BTreeMap<&'static str, usize> {
        let mut reasons = BTreeMap::new();
        for refused in &self.refusals {
            *reasons.entry(refused.refusal.reason()).or_default() += 1;
        }
        reasons
    }

    pub(crate) fn count(&mut self, client_id: ClientId) {
        self.ok += 1;
        match client_id {
            ClientId::Found => self.client_id_found += 1,
            ClientId::AlreadyMoved => self.client_id_already_moved += 1,
            ClientId::Missing => self.client_id_missing += 1,
        }
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
        let mut summary = BatchSummary {
            records: event.records.len(),
            ..BatchSummary::default()
        };
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
                        summary.count(transformed.client_id);
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
