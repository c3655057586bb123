//! The records of one request, and how they lie in the log.

use std::cell::RefCell;

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

/// Set in a count where the data is compressed; its compressed length then stands behind the lengths.
const COMPRESSED: u32 = 1 << 31;

/// Data below this is kept as it is: there is nothing to win.
const WORTH_COMPRESSING: usize = 4 << 10;

/// A batch as it lies in the log.
#[derive(Debug)]
pub(super) struct Stored {
    /// Arrival, count, lengths.
    pub(super) head: Vec<u8>,
    pub(super) data: Bytes,
}

impl Stored {
    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> u64 {
        (self.head.len() + self.data.len()) as u64
    }
}

impl Batch {
    /// Bytes that the batch takes, its lengths included.
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

    /// The batch for the log, compressed where that helps: what is synced bounds how much can be put, and events
    /// are a fifth as large.
    pub(super) fn stored(&self) -> Stored {
        let compressed = (self.data.len() >= WORTH_COMPRESSING)
            .then(|| compressed(&self.data))
            .flatten();
        let mut head = Vec::with_capacity(HEADER + self.lengths.len() * 4 + 4);
        head.extend_from_slice(&self.arrival.as_millisecond().to_le_bytes());
        let flag = if compressed.is_some() { COMPRESSED } else { 0 };
        head.extend_from_slice(&(self.count() | flag).to_le_bytes());
        for length in &self.lengths {
            head.extend_from_slice(&length.to_le_bytes());
        }
        if let Some(compressed) = &compressed {
            // No longer than the data, which is what a request may have.
            let length = u32::try_from(compressed.len()).unwrap_or(u32::MAX);
            head.extend_from_slice(&length.to_le_bytes());
        }
        Stored {
            head,
            data: compressed.unwrap_or_else(|| self.data.clone()),
        }
    }

    /// Reads the batches of a segment; `None` where the bytes are no segment.
    pub(super) fn read_all(segment: &Bytes) -> Option<Vec<Self>> {
        let mut batches = Vec::new();
        let mut rest = segment.clone();
        while !rest.is_empty() {
            batches.push(Self::read(&mut rest)?);
        }
        Some(batches)
    }

    /// Takes one from the front of `rest`.
    fn read(rest: &mut Bytes) -> Option<Self> {
        let mut take = |length| (length <= rest.len()).then(|| rest.split_to(length));
        let head = take(HEADER)?;
        let arrival = i64::from_le_bytes(head[..8].try_into().ok()?);
        let count = u32::from_le_bytes(head[8..].try_into().ok()?);
        let lengths = take((count & !COMPRESSED) as usize * 4)?;
        let lengths: Vec<u32> = lengths
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| u32::from_le_bytes(*bytes))
            .collect();
        let total: u64 = lengths.iter().map(|length| u64::from(*length)).sum();
        let total = usize::try_from(total).ok()?;
        let data = if count & COMPRESSED == 0 {
            take(total)?
        } else {
            let length = u32::from_le_bytes(take(4)?[..].try_into().ok()?);
            let compressed = take(length as usize)?;
            decompressed(&compressed, total)?
        };
        Some(Self {
            arrival: Timestamp::from_millisecond(arrival).ok()?,
            lengths,
            data,
        })
    }
}

thread_local! {
    /// What compressing needs, kept from batch to batch: to make room anew is a tenth of the work.
    static PRESS: RefCell<(snap::raw::Encoder, Vec<u8>)> =
        RefCell::new((snap::raw::Encoder::new(), Vec::new()));
}

/// `None` where it would not be smaller by an eighth.
fn compressed(data: &[u8]) -> Option<Bytes> {
    PRESS.with_borrow_mut(|(encoder, room)| {
        let needed = snap::raw::max_compress_len(data.len());
        if room.len() < needed {
            room.resize(needed, 0);
        }
        let length = encoder.compress(data, room).ok()?;
        (length <= data.len() / 8 * 7).then(|| Bytes::copy_from_slice(&room[..length]))
    })
}

/// `None` where it is not what [`compressed`] made of as many bytes.
fn decompressed(compressed: &[u8], length: usize) -> Option<Bytes> {
    // Before memory is given for it.
    if snap::raw::decompress_len(compressed).ok()? != length {
        return None;
    }
    let data = snap::raw::Decoder::new().decompress_vec(compressed);
    data.ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Some are worth compressing, some are not.
    fn batch() -> impl Strategy<Value = Batch> {
        let record = prop::collection::vec(any::<u8>(), 0..20);
        let records = prop::collection::vec((record, 0_usize..300), 0..10);
        (records, 0_i64..1 << 40).prop_map(|(records, arrival)| {
            let records: Vec<Vec<u8>> = records
                .into_iter()
                .map(|(record, times)| record.repeat(times))
                .collect();
            Batch {
                arrival: Timestamp::from_millisecond(arrival).unwrap(),
                lengths: records
                    .iter()
                    .map(|it| u32::try_from(it.len()).unwrap())
                    .collect(),
                data: records.concat().into(),
            }
        })
    }

    fn write(batches: &[Batch]) -> Bytes {
        let parts = batches.iter().map(|batch| {
            let Stored { head, data } = batch.stored();
            [&head[..], &data[..]].concat()
        });
        parts.collect::<Vec<_>>().concat().into()
    }

    proptest! {
        #[test]
        fn a_segment_is_read_as_it_was_written(batches in prop::collection::vec(batch(), 0..5)) {
            let segment = write(&batches);
            prop_assert_eq!(segment.len() as u64, batches.iter().map(|it| it.stored().bytes()).sum::<u64>());
            prop_assert_eq!(Batch::read_all(&segment), Some(batches));
        }

        #[test]
        fn what_is_no_segment_is_refused_and_not_guessed_at(
            bytes: Vec<u8>,
            batches in prop::collection::vec(batch(), 1..4),
            at: prop::sample::Index,
            bit in 0_u32..8,
        ) {
            Batch::read_all(&bytes.into());
            let segment = write(&batches);
            let cut = segment.slice(..segment.len() - 1);
            prop_assert_ne!(Batch::read_all(&cut), Some(batches));
            let mut damaged = segment.to_vec();
            damaged[at.index(segment.len())] ^= 1 << bit;
            Batch::read_all(&damaged.into());
        }

        #[test]
        fn a_batch_takes_little_more_than_its_records_and_much_less_where_they_are_alike(
            record in prop::collection::vec(any::<u8>(), 100),
            count in 50_usize..200,
        ) {
            let length = u32::try_from(record.len()).unwrap();
            let alike = Batch {
                arrival: Timestamp::UNIX_EPOCH,
                lengths: vec![length; count],
                data: record.repeat(count).into(),
            };
            prop_assert!(alike.stored().bytes() * 5 < alike.bytes());
            let single = Batch { lengths: vec![length], data: record.into(), ..alike };
            prop_assert_eq!(single.stored().bytes(), single.bytes());
        }
    }
}
