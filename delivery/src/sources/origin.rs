//! Where a record of a Kinesis data stream was read. In the log it stands in front of the record.

use bytes::Bytes;
use hydrant_records::KinesisRecordMetadata;
use jiff::Timestamp;

/// Where a record was read, and when Kinesis took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KinesisOrigin {
    pub(crate) shard_id: String,
    pub(crate) sequence_number: String,
    pub(crate) partition_key: String,
    pub(crate) arrival: Timestamp,
}

/// The shape of what follows.
const VERSION: u8 = 1;

impl KinesisOrigin {
    /// Writes the origin and its record behind each other.
    pub(crate) fn pack(&self, record: &[u8], out: &mut Vec<u8>) {
        out.push(VERSION);
        out.extend_from_slice(&self.arrival.as_millisecond().to_le_bytes());
        for text in [&self.shard_id, &self.sequence_number, &self.partition_key] {
            // Kinesis allows 128 and 256 characters.
            let text = text.as_bytes();
            let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(text.get(..length.into()).unwrap_or_default());
        }
        out.extend_from_slice(record);
    }

    /// Takes them apart again; `None` for what was not packed.
    pub(crate) fn unpack(packed: &Bytes) -> Option<(Self, Bytes)> {
        let mut rest = packed.strip_prefix(&[VERSION])?;
        let (arrival, after) = rest.split_first_chunk::<8>()?;
        rest = after;
        let mut text = || {
            let (length, after) = rest.split_first_chunk::<2>()?;
            let (text, after) = after.split_at_checked(u16::from_le_bytes(*length).into())?;
            rest = after;
            Some(str::from_utf8(text).ok()?.to_owned())
        };
        let origin = Self {
            arrival: Timestamp::from_millisecond(i64::from_le_bytes(*arrival)).ok()?,
            shard_id: text()?,
            sequence_number: text()?,
            partition_key: text()?,
        };
        Some((origin, packed.slice_ref(rest)))
    }

    /// What a function is told of it.
    pub(crate) fn metadata(&self, part: Option<u32>) -> KinesisRecordMetadata {
        KinesisRecordMetadata {
            sequence_number: self.sequence_number.clone(),
            subsequence_number: part.unwrap_or(0).into(),
            partition_key: self.partition_key.clone(),
            shard_id: self.shard_id.clone(),
            approximate_arrival_timestamp: self.arrival.as_millisecond(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_packed_is_taken_apart_again(
            arrival in 0_i64..1 << 40, texts: [String; 3], record: Vec<u8>,
        ) {
            let [shard_id, sequence_number, partition_key] = texts;
            let arrival = Timestamp::from_millisecond(arrival).unwrap();
            let origin = KinesisOrigin { shard_id, sequence_number, partition_key, arrival };
            let mut packed = Vec::new();
            origin.pack(&record, &mut packed);
            prop_assert_eq!(KinesisOrigin::unpack(&packed.into()), Some((origin, record.into())));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            KinesisOrigin::unpack(&bytes.clone().into());
            KinesisOrigin::unpack(&[&[VERSION][..], &bytes].concat().into());
        }
    }
}
