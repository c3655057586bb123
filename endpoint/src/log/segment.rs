//! What is left of a commit: which of its records are not delivered yet.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
};

use super::stream::StreamLog;

/// The records of one stream in one commit.
#[derive(Debug)]
pub struct Segment {
    pub(super) stream: Weak<StreamLog>,
    pub(super) stream_id: u32,
    /// Sequence number of the first record.
    pub first: u64,
    /// How many records it has.
    pub count: u32,
    /// Bytes that it takes in the log.
    pub(super) bytes: u64,
    /// Arrival of its oldest record, in milliseconds since the epoch.
    pub arrival_ms: i64,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    /// A bit for each record that is delivered.
    done: Vec<u8>,
    left: u32,
    /// How often records were tried in vain, of those that were.
    tries: BTreeMap<u32, u32>,
    /// Whether the segment is among those that the writer will look at.
    noted: bool,
}

impl Segment {
    /// `kept` is what [`Self::settle`] gave for it before, or empty.
    pub(super) fn new(
        stream: Weak<StreamLog>,
        stream_id: u32,
        (first, count): (u64, u32),
        bytes: u64,
        arrival_ms: i64,
        kept: Vec<u8>,
    ) -> Arc<Self> {
        let mut done = kept;
        let bits = (count as usize).div_ceil(8);
        let tries = read_tries(done.get(bits..).unwrap_or_default());
        done.resize(bits, 0);
        let delivered: u32 = done.iter().map(|byte| byte.count_ones()).sum();
        Arc::new(Self {
            stream,
            stream_id,
            first,
            count,
            bytes,
            arrival_ms,
            progress: Mutex::new(Progress {
                left: count.saturating_sub(delivered),
                done,
                tries,
                noted: false,
            }),
        })
    }

    /// What the log keeps of a segment: a bit for each record that is delivered, and how often others were tried
    /// in vain; nothing when all are delivered. Whatever happens after this is noted anew.
    pub(super) fn settle(&self) -> Option<Vec<u8>> {
        let mut progress = self.lock();
        progress.noted = false;
        if progress.left == 0 {
            return None;
        }
        let mut kept = progress.done.clone();
        for (index, tries) in &progress.tries {
            kept.extend_from_slice(&index.to_le_bytes());
            kept.extend_from_slice(&tries.to_le_bytes());
        }
        Some(kept)
    }

    /// How often the record at `index` was tried in vain.
    pub fn tries(&self, index: u32) -> u32 {
        self.lock().tries.get(&index).copied().unwrap_or(0)
    }

    /// Records that are not delivered.
    pub(super) fn left(&self) -> u64 {
        self.lock().left.into()
    }

    /// Whether no record of it is delivered.
    pub fn is_untouched(&self) -> bool {
        self.lock().left == self.count
    }

    /// Whether the record at `index` is delivered.
    pub fn is_done(&self, index: u32) -> bool {
        self.lock().done[index as usize / 8] & (1 << (index % 8)) != 0
    }

    /// Notes that the records at `indexes` are delivered.
    fn complete(self: &Arc<Self>, indexes: Range<u32>) {
        self.note(|progress| {
            for index in indexes {
                let (byte, bit) = (index as usize / 8, 1 << (index % 8));
                if progress.done[byte] & bit == 0 {
                    progress.done[byte] |= bit;
                    progress.left -= 1;
                    progress.tries.remove(&index);
                }
            }
        });
    }

    /// Notes something, for the writer to keep.
    fn note(self: &Arc<Self>, change: impl FnOnce(&mut Progress)) {
        let mut progress = self.lock();
        change(&mut progress);
        let finished = progress.left == 0;
        let first_note = !std::mem::replace(&mut progress.noted, true);
        drop(progress);
        if let Some(stream) = self.stream.upgrade() {
            stream.settled(self, first_note, finished);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads what [`Segment::settle`] wrote behind the bits.
fn read_tries(bytes: &[u8]) -> BTreeMap<u32, u32> {
    let pairs = bytes.as_chunks::<4>().0.as_chunks::<2>().0;
    pairs
        .iter()
        .map(|[index, tries]| (u32::from_le_bytes(*index), u32::from_le_bytes(*tries)))
        .collect()
}

/// One record's claim on the log: the log keeps the record until the receipt is given back with
/// [`Receipts::complete`].
#[derive(Debug, Clone)]
pub struct Receipt {
    segment: Arc<Segment>,
    index: u32,
    /// Sub-records that are left of a record that was split.
    parts: Option<Arc<AtomicU32>>,
}

impl Receipt {
    /// The claim of the record at `index`.
    pub fn new(segment: Arc<Segment>, index: u32) -> Self {
        Self {
            segment,
            index,
            parts: None,
        }
    }

    /// Notes that the record was tried in vain, `tries` times by now: a service that starts again with this log
    /// knows it.
    pub fn tried(&self, tries: u32) {
        self.segment.note(|progress| {
            progress.tries.insert(self.index, tries);
        });
    }

    /// One receipt for each of `count` sub-records: the record is delivered when all of them are.
    #[must_use]
    pub fn split(self, count: u32) -> Self {
        Self {
            parts: Some(Arc::new(AtomicU32::new(count))),
            ..self
        }
    }
}

/// The receipts of an object's records.
#[derive(Debug, Default)]
pub struct Receipts {
    runs: Vec<(Arc<Segment>, Range<u32>)>,
    parts: Vec<Receipt>,
}

impl Receipts {
    /// Adds one.
    pub fn push(&mut self, receipt: Receipt) {
        if receipt.parts.is_some() {
            self.parts.push(receipt);
            return;
        }
        let index = receipt.index;
        self.push_run(&receipt.segment, index..index + 1);
    }

    /// Adds those of the records at `indexes`.
    pub fn push_run(&mut self, segment: &Arc<Segment>, indexes: Range<u32>) {
        match self.runs.last_mut() {
            Some((last, run)) if run.end == indexes.start && Arc::ptr_eq(last, segment) => {
                run.end = indexes.end;
            }
            _ => self.runs.push((Arc::clone(segment), indexes)),
        }
    }

    /// The records are where they belong: the log may forget them.
    pub fn complete(self) {
        for (segment, run) in self.runs {
            segment.complete(run);
        }
        for receipt in self.parts {
            let last = receipt
                .parts
                .as_ref()
                .is_none_or(|left| left.fetch_sub(1, Ordering::SeqCst) == 1);
            if last {
                receipt.segment.complete(receipt.index..receipt.index + 1);
            }
        }
    }
}

impl PartialEq for Receipts {
    fn eq(&self, other: &Self) -> bool {
        let runs = |it: &Self| -> Vec<(u64, Range<u32>)> {
            it.runs
                .iter()
                .map(|(segment, run)| (segment.first, run.clone()))
                .collect()
        };
        runs(self) == runs(other) && self.parts.len() == other.parts.len()
    }
}

impl Eq for Receipts {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn segment(count: u32, done: Vec<u8>) -> Arc<Segment> {
        Segment::new(Weak::new(), 1, (7, count), 0, 0, done)
    }

    fn complete(segment: &Arc<Segment>, indexes: &[u32]) {
        let mut receipts = Receipts::default();
        for index in indexes {
            receipts.push(Receipt::new(Arc::clone(segment), *index));
        }
        receipts.complete();
    }

    proptest! {
        #[test]
        fn a_segment_is_settled_when_each_of_its_records_is_and_not_before(
            count in 1_u32..40,
            objects in prop::collection::vec(prop::collection::vec(0_u32..40, 0..10), 0..12),
        ) {
            let mut current = segment(count, Vec::new());
            let mut model = BTreeSet::new();
            for object in objects {
                let object: Vec<u32> = object.into_iter().filter(|index| *index < count).collect();
                complete(&current, &object);
                model.extend(object);
                prop_assert_eq!(current.left(), u64::from(count) - model.len() as u64);
                for index in 0..count {
                    prop_assert_eq!(current.is_done(index), model.contains(&index));
                }
                match current.settle() {
                    None => prop_assert_eq!(model.len(), count as usize),
                    // What the log keeps of it is enough to go on from.
                    Some(done) => current = segment(count, done),
                }
            }
        }
    }

    #[test]
    fn how_often_a_record_was_tried_is_kept_until_it_is_delivered() {
        let before = segment(11, Vec::new());
        for (index, tries) in [(2, 1), (10, 184), (2, 2)] {
            Receipt::new(Arc::clone(&before), index).tried(tries);
        }
        complete(&before, &[0, 10]);
        let after = segment(11, before.settle().unwrap());
        let tries: Vec<u32> = (0..11).map(|index| after.tries(index)).collect();
        assert_eq!(tries, [0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert!(after.is_done(10) && !after.is_done(2));
    }

    #[test]
    fn a_record_that_was_split_is_delivered_when_its_last_part_is() {
        let segment = segment(1, Vec::new());
        let parts = Receipt::new(Arc::clone(&segment), 0).split(3);
        for left in [1, 1, 0] {
            let mut object = Receipts::default();
            object.push(parts.clone());
            object.complete();
            assert_eq!(segment.left(), left);
        }
    }
}
