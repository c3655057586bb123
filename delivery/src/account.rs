//! The account of a run: what came in equals what went out.

use std::collections::BTreeMap;

/// Counts of records, kept as they move. At the end of a run
/// `accepted = delivered + dropped + refused`; until then the difference is in a buffer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Records that were put.
    pub put: u64,
    /// Bytes that were put.
    pub put_bytes: u64,
    /// Records after de-aggregation; the same as `put` where a stream has none.
    pub accepted: u64,
    /// Records that lie in an object.
    pub delivered: u64,
    /// Bytes that lie in objects, before compression.
    pub delivered_bytes: u64,
    /// Newlines in delivered objects: rows for whoever reads them by line. A service does not count them.
    pub lines: u64,
    /// Records that the function dropped on purpose.
    pub dropped: u64,
    /// Records that went to the error output, by error code.
    pub refused: BTreeMap<String, u64>,
    /// Objects of delivered records.
    pub objects: u64,
    /// Their size in the store.
    pub object_bytes: u64,
    /// Objects of error records.
    pub error_objects: u64,
    /// Records that lie in the source backup as they came.
    pub backed_up: u64,
    /// Bytes of them, before compression.
    pub backed_up_bytes: u64,
    /// Objects of the source backup.
    pub backup_objects: u64,
    /// Records in objects that the store did not take for too long, and that lie beside the log.
    pub set_aside: u64,
    /// Most partitions that were active at once.
    pub peak_active_partitions: usize,
}

impl Account {
    /// Records that went to the error output.
    pub fn refused_total(&self) -> u64 {
        self.refused.values().sum()
    }

    /// Records that are neither delivered nor dropped nor refused nor set aside: 0 after a finished run.
    pub fn in_flight(&self) -> u64 {
        self.accepted
            .saturating_sub(self.delivered + self.dropped + self.refused_total() + self.set_aside)
    }
}
