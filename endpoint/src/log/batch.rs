//! The records of one request, and how they lie in the log.

use bytes::Bytes;
use jiff::Timestamp;

/// The records of one put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// When they arrived.
    pub arrival: Timestamp,
    /// The length of each.
    pub lengths: Vec<u32>,
    /// All of them, one behind the other.
    pub data: Bytes,
}

/// Bytes in front of a batch's lengths: arrival and count.
const HEADER: usize = 12;

impl Batch {
    /// Bytes that the batch takes in the log.
    pub fn bytes(&self) -> u64 {
        (HEADER + self.lengths.len() * 4 + self.data.len()) as u64
    }

    /// How many records there are.
    pub fn count(&self) -> u32 {
        // A request has at most 500 records.
        u32::try_from(self.lengths.len()).unwrap_or(u32::MAX)
    }

    /// The records, which share the batch's memory.
    pub fn records(&self) -> impl Iterator<Item = Bytes> {
        let mut start = 0;
        self.lengths.iter().map(move |length| {
            let end = start + *length as usize;
            let record = self.data.slice(start..end);
            start = end;
            record
        })
    }

    /// What stands in front of the data in the log.
    pub(super) fn head(&self) -> Vec<u8> {
        let mut head = Vec::with_capacity(HEADER + self.lengths.len() * 4);
        head.extend_from_slice(&self.arrival.as_millisecond().to_le_bytes());
        head.extend_from_slice(&self.count().to_le_bytes());
        for length in &self.lengths {
            head.extend_from_slice(&length.to_le_bytes());
        }
        head
    }

    /// Reads the batches of a segment; `None` where the bytes are no segment.
    pub(super) fn read_all(segment: &Bytes) -> Option<Vec<Self>> {
        let mut batches = Vec::new();
        let mut rest = segment.clone();
        while !rest.is_empty() {
            if rest.len() < HEADER {
                return None;
            }
            let head = rest.split_to(HEADER);
            let arrival = i64::from_le_bytes(head[..8].try_into().ok()?);
            let count = u32::from_le_bytes(head[8..].try_into().ok()?) as usize;
            if rest.len() / 4 < count {
                return None;
            }
            let lengths = rest.split_to(count * 4);
            let lengths: Vec<u32> = lengths
                .as_chunks::<4>()
                .0
                .iter()
                .map(|bytes| u32::from_le_bytes(*bytes))
                .collect();
            let total: u64 = lengths.iter().map(|length| u64::from(*length)).sum();
            let total = usize::try_from(total).ok().filter(|it| *it <= rest.len())?;
            batches.push(Self {
                arrival: Timestamp::from_millisecond(arrival).ok()?,
                lengths,
                data: rest.split_to(total),
            });
        }
        Some(batches)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn batch() -> impl Strategy<Value = Batch> {
        let records = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..10);
        (records, 0_i64..1 << 40).prop_map(|(records, arrival)| Batch {
            arrival: Timestamp::from_millisecond(arrival).unwrap(),
            lengths: records
                .iter()
                .map(|it| u32::try_from(it.len()).unwrap())
                .collect(),
            data: records.concat().into(),
        })
    }

    fn write(batches: &[Batch]) -> Bytes {
        let parts: Vec<Vec<u8>> = batches
            .iter()
            .map(|batch| [batch.head(), batch.data.to_vec()].concat())
            .collect();
        parts.concat().into()
    }

    proptest! {
        #[test]
        fn a_segment_is_read_as_it_was_written(batches in prop::collection::vec(batch(), 0..5)) {
            let segment = write(&batches);
            prop_assert_eq!(segment.len() as u64, batches.iter().map(Batch::bytes).sum::<u64>());
            prop_assert_eq!(Batch::read_all(&segment), Some(batches));
        }

        #[test]
        fn what_is_no_segment_is_refused_and_not_guessed_at(bytes: Vec<u8>, batches in prop::collection::vec(batch(), 1..4)) {
            Batch::read_all(&bytes.into());
            let segment = write(&batches);
            let cut = segment.slice(..segment.len() - 1);
            prop_assert_ne!(Batch::read_all(&cut), Some(batches));
        }
    }
}
