//! Batches as large as `PutRecordBatch` takes.

use bytes::Bytes;
use hydrant_records::limits::{MAX_BATCH_BYTES, MAX_RECORD_BYTES, MAX_RECORDS_PER_BATCH};

/// Gathers records.
#[derive(Debug, Default)]
pub(crate) struct Batcher {
    records: Vec<Bytes>,
    bytes: usize,
}

/// A record that no batch has room for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a record of {bytes} bytes: PutRecordBatch takes at most {MAX_RECORD_BYTES}")]
pub(crate) struct TooLarge {
    bytes: usize,
}

impl Batcher {
    /// Adds a record, and gives back the batch that has no room for it.
    pub(crate) fn push(&mut self, record: Bytes) -> Result<Option<Vec<Bytes>>, TooLarge> {
        if record.len() > MAX_RECORD_BYTES {
            return Err(TooLarge {
                bytes: record.len(),
            });
        }
        let is_full = self.records.len() == MAX_RECORDS_PER_BATCH
            || self.bytes + record.len() > MAX_BATCH_BYTES;
        let full = is_full.then(|| self.take());
        self.bytes += record.len();
        self.records.push(record);
        Ok(full)
    }

    /// What is gathered.
    pub(crate) fn take(&mut self) -> Vec<Bytes> {
        self.bytes = 0;
        std::mem::take(&mut self.records)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn batches_keep_every_record_in_order_within_the_limits(
            sizes in prop::collection::vec(prop_oneof![0..10_usize, 0..=MAX_RECORD_BYTES], 0..700),
        ) {
            let zeros = Bytes::from(vec![0; MAX_RECORD_BYTES]);
            let mut batcher = Batcher::default();
            let mut batches = Vec::new();
            for size in &sizes {
                batches.extend(batcher.push(zeros.slice(..*size)).unwrap());
            }
            batches.push(batcher.take());
            for batch in &batches {
                prop_assert!(batch.len() <= MAX_RECORDS_PER_BATCH);
                prop_assert!(batch.iter().map(Bytes::len).sum::<usize>() <= MAX_BATCH_BYTES);
            }
            let sent: Vec<usize> = batches.iter().flatten().map(Bytes::len).collect();
            prop_assert_eq!(sent, sizes);
        }
    }

    #[test]
    fn a_record_above_the_limit_is_refused() {
        let record = Bytes::from(vec![0; MAX_RECORD_BYTES + 1]);
        assert_eq!(
            Batcher::default().push(record).unwrap_err().bytes,
            MAX_RECORD_BYTES + 1
        );
    }
}
