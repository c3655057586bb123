//! Buffers: records wait here, one buffer for each place they go, until a buffering hint is met.

mod content;

use std::{hash::Hash, sync::Arc, time::Duration};

use bytes::Bytes;
use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp};

pub(crate) use content::Content;

use crate::log::{Receipt, Receipts, Segment};

/// Records that share an object, one behind the other.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Buffer {
    pub(crate) data: Content,
    pub(crate) records: u64,
    /// The records' claims on the log, where there is one.
    pub(crate) receipts: Receipts,
    /// Arrival of the oldest record: the instant that the object's name and prefix carry.
    pub(crate) oldest: Timestamp,
    /// When the first record was buffered: where the interval begins.
    opened: Timestamp,
    /// The append that came last, counted over all buffers.
    touched: u64,
}

/// When a buffer is written (`BufferingHints`).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hints {
    pub(crate) bytes: usize,
    pub(crate) interval: Duration,
}

/// When a record came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// When it was put.
    pub(crate) arrival: Timestamp,
    /// When it is buffered.
    pub(crate) now: Timestamp,
}

/// Records of one put, one behind the other as they lie in the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run<'a> {
    pub(crate) data: &'a Bytes,
    pub(crate) lengths: &'a [u32],
    /// Where they are in the log: the segment, and the index of the first.
    pub(crate) segment: &'a Arc<Segment>,
    pub(crate) index: u32,
}

/// The buffers of a stream by the place their records go.
///
/// No buffer outgrows the size hint, unless a single record does.
#[derive(Debug)]
pub(crate) struct Buffers<K> {
    hints: Hints,
    open: IndexMap<K, Buffer>,
    /// Memory that the buffers hold, whether records fill it yet or not.
    bytes: usize,
    /// Bytes of records in them.
    filled: usize,
    appends: u64,
    peak: usize,
}

impl<K: Hash + Eq> Buffers<K> {
    pub(crate) fn new(hints: Hints) -> Self {
        Self {
            hints,
            open: IndexMap::new(),
            bytes: 0,
            filled: 0,
            appends: 0,
            peak: 0,
        }
    }

    /// Buffers that are open.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    /// Memory that the buffers hold.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes a second that a buffer got since the first was opened, on average.
    pub(crate) fn throughput(&self, now: Timestamp) -> u64 {
        let Some((_, oldest)) = self.open.first() else {
            return 0;
        };
        let seconds = u64::try_from(now.duration_since(oldest.opened).as_secs()).unwrap_or(0);
        (self.filled / self.open.len()) as u64 / seconds.max(1)
    }

    /// Whether a buffer is open for `key`.
    pub(crate) fn contains(&self, key: &K) -> bool {
        self.open.contains_key(key)
    }

    /// Lets other hints decide from now on.
    pub(crate) fn set_hints(&mut self, hints: Hints) {
        self.hints = hints;
    }

    /// When the first interval passes.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let interval = SignedDuration::try_from(self.hints.interval).ok()?;
        // Buffers lie in the order in which they were opened.
        let (_, oldest) = self.open.first()?;
        oldest.opened.checked_add(interval).ok()
    }

    /// Most buffers that were open at once.
    pub(crate) fn peak(&self) -> usize {
        self.peak
    }

    /// Appends `parts`, one record, and gives back the buffer that had to make room for it.
    pub(crate) fn append(
        &mut self,
        key: K,
        parts: &[&[u8]],
        moment: Moment,
        receipt: Option<Receipt>,
    ) -> Option<(K, Buffer)>
    where
        K: Clone,
    {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let full = match self.open.get(&key) {
            Some(buffer) if buffer.data.len() + length > self.hints.bytes => self.take(&key),
            _ => None,
        };
        let buffer = self.extend(key, moment, |data| {
            for part in parts {
                data.copy(part);
            }
        });
        buffer.records += 1;
        if let Some(receipt) = receipt {
            buffer.receipts.push(receipt);
        }
        full
    }

    /// Appends records that lie one behind the other, as many at once as fit, and gives back the buffers that had
    /// to make room for them.
    pub(crate) fn append_run(&mut self, key: &K, run: Run<'_>, moment: Moment) -> Vec<(K, Buffer)>
    where
        K: Clone,
    {
        let Run {
            data,
            mut lengths,
            segment,
            mut index,
        } = run;
        let mut start = 0;
        let mut full = Vec::new();
        while !lengths.is_empty() {
            let buffered = self.open.get(key).map_or(0, |buffer| buffer.data.len());
            let room = self.hints.bytes.saturating_sub(buffered);
            let (mut count, mut bytes) = first_that_fit(lengths, room);
            if count == 0 {
                full.extend(self.take(key));
                if buffered > 0 {
                    continue;
                }
                // It is larger than a buffer may be, and has one for itself.
                (count, bytes) = (1, lengths[0] as usize);
            }
            let fitting = data.slice(start..start + bytes);
            let buffer = self.extend(key.clone(), moment, |data| data.hold(fitting));
            buffer.records += count as u64;
            // A request has at most 500 records.
            let behind = index + u32::try_from(count).unwrap_or(u32::MAX);
            buffer.receipts.push_run(segment, index..behind);
            (start, lengths, index) = (start + bytes, &lengths[count..], behind);
        }
        full
    }

    /// Fills the buffer of `key`, which is opened where it is not.
    fn extend(
        &mut self,
        key: K,
        Moment { arrival, now }: Moment,
        fill: impl FnOnce(&mut Content),
    ) -> &mut Buffer {
        self.appends += 1;
        if !self.open.contains_key(&key) {
            self.peak = self.peak.max(self.open.len() + 1);
        }
        let buffer = self.open.entry(key).or_insert_with(|| Buffer {
            data: Content::default(),
            records: 0,
            receipts: Receipts::default(),
            oldest: arrival,
            opened: now,
            touched: 0,
        });
        let (memory, length) = (buffer.data.memory(), buffer.data.len());
        fill(&mut buffer.data);
        self.bytes += buffer.data.memory() - memory;
        self.filled += buffer.data.len() - length;
        buffer.oldest = buffer.oldest.min(arrival);
        buffer.touched = self.appends;
        buffer
    }

    /// Takes out the buffers whose interval has passed.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Vec<(K, Buffer)> {
        let interval = self.hints.interval;
        let passed = |buffer: &Buffer| {
            Duration::try_from(now.duration_since(buffer.opened)).is_ok_and(|age| age >= interval)
        };
        let due = self
            .open
            .values()
            .take_while(|buffer| passed(buffer))
            .count();
        let due: Vec<(K, Buffer)> = self.open.drain(..due).collect();
        for (_, buffer) in &due {
            self.bytes -= buffer.data.memory();
            self.filled -= buffer.data.len();
        }
        due
    }

    /// Takes out the buffers that have waited longest for a record, until those left hold at most `bytes` of
    /// memory.
    pub(crate) fn shed(&mut self, bytes: usize) -> Vec<(K, Buffer)>
    where
        K: Clone,
    {
        if self.bytes <= bytes {
            return Vec::new();
        }
        let mut idle: Vec<(u64, K)> = self
            .open
            .iter()
            .map(|(key, buffer)| (buffer.touched, key.clone()))
            .collect();
        idle.sort_unstable_by_key(|(touched, _)| *touched);
        let mut shed = Vec::new();
        for (_, key) in idle {
            if self.bytes <= bytes {
                break;
            }
            shed.extend(self.take(&key));
        }
        shed
    }

    /// Takes out everything, in the order in which the buffers were opened.
    pub(crate) fn drain(&mut self) -> Vec<(K, Buffer)> {
        self.bytes = 0;
        self.filled = 0;
        self.open.drain(..).collect()
    }

    fn take(&mut self, key: &K) -> Option<(K, Buffer)> {
        let taken = self.open.shift_remove_entry(key)?;
        self.bytes -= taken.1.data.memory();
        self.filled -= taken.1.data.len();
        Some(taken)
    }
}

/// How many records fit into `room`, from the first on, and their bytes.
fn first_that_fit(lengths: &[u32], room: usize) -> (usize, usize) {
    let mut bytes = 0;
    for (count, length) in lengths.iter().enumerate() {
        let longer = bytes + *length as usize;
        if longer > room {
            return (count, bytes);
        }
        bytes = longer;
    }
    (lengths.len(), bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn moment(second: i64) -> Moment {
        Moment {
            arrival: at(second),
            now: at(second),
        }
    }

    fn buffers(bytes: usize, seconds: u64) -> Buffers<u8> {
        Buffers::new(Hints {
            bytes,
            interval: Duration::from_secs(seconds),
        })
    }

    proptest! {
        #[test]
        fn nothing_is_lost_reordered_or_over_the_limit(
            records in prop::collection::vec((0_u8..5, prop::collection::vec(any::<u8>(), 0..12), 0_u8..4), 0..200),
            limit in 1_usize..40,
            memory in 0_usize..120,
        ) {
            let mut buffers = buffers(limit, 3);
            let mut written: Vec<(u8, Buffer)> = Vec::new();
            let mut expected: HashMap<u8, (Vec<u8>, u64)> = HashMap::new();
            let mut clock = 0;
            for (key, data, wait) in &records {
                clock += i64::from(*wait);
                written.extend(buffers.append(*key, &[data, b"\n"], moment(clock), None));
                written.extend(buffers.take_due(at(clock)));
                written.extend(buffers.shed(memory));
                prop_assert!(buffers.bytes <= memory);
                prop_assert_eq!(buffers.bytes, buffers.open.values().map(|it| it.data.memory()).sum::<usize>());
                let (bytes, count) = expected.entry(*key).or_default();
                bytes.extend_from_slice(data);
                bytes.push(b'\n');
                *count += 1;
            }
            written.extend(buffers.drain());
            let mut seen: HashMap<u8, (Vec<u8>, u64)> = HashMap::new();
            for (key, buffer) in written {
                prop_assert!(buffer.data.len() <= limit || buffer.records == 1);
                let (bytes, count) = seen.entry(key).or_default();
                bytes.extend(buffer.data.into_bytes());
                *count += buffer.records;
            }
            prop_assert_eq!(seen, expected);
        }
    }

    #[test]
    fn a_buffer_waits_for_its_interval_from_its_first_record() {
        let mut buffers = buffers(100, 60);
        assert_eq!(buffers.append(1, &[b"a"], moment(0), None), None);
        assert_eq!(buffers.append(1, &[b"b"], moment(50), None), None);
        assert!(buffers.take_due(at(59)).is_empty());
        let due = buffers.take_due(at(60));
        assert_eq!(
            (due.len(), due[0].1.records, due[0].1.oldest),
            (1, 2, at(0))
        );
    }

    #[test]
    fn what_was_idle_longest_makes_room_first() {
        let mut buffers = buffers(100, 60);
        for key in [1, 2, 3, 1] {
            buffers.append(key, &[b"xx"], moment(0), None);
        }
        let shed: Vec<u8> = buffers
            .shed(buffers.bytes / 3)
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        assert_eq!(shed, [2, 3]);
        assert_eq!(buffers.peak(), 3);
    }
}
