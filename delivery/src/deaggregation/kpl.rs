//! Records that the Kinesis Producer Library put together (its "Aggregation Format"): four magic bytes, a
//! Protocol Buffers message, and the MD5 of that message.

use bytes::Bytes;
use md5::{Digest, Md5};

const MAGIC: &[u8] = &[0xf3, 0x89, 0x9a, 0xc2];
const CHECKSUM_BYTES: usize = 16;

/// Field 3 of `AggregatedRecord`: a record. Fields 1 and 2 are tables of keys.
const RECORDS: u64 = 3;
/// Field 3 of `Record`: its data.
const DATA: u64 = 3;

/// The records in `data`, in order; `None` for what the library did not put together, which is a record of its
/// own.
pub(crate) fn records(data: &Bytes) -> Option<Vec<Bytes>> {
    let message = data.strip_prefix(MAGIC)?;
    let (message, checksum) = message.split_last_chunk::<CHECKSUM_BYTES>()?;
    if Md5::digest(message).as_slice() != checksum {
        return None;
    }
    let mut records = Vec::new();
    for field in Fields(message) {
        if let (RECORDS, record) = field? {
            let mut inner: &[u8] = &[];
            for field in Fields(record) {
                if let (DATA, data) = field? {
                    inner = data;
                }
            }
            records.push(data.slice_ref(inner));
        }
    }
    Some(records)
}

/// The fields of a message: their numbers, and their bytes where they have a length. An item that is `None`
/// is what is no message, and the last.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn read(&mut self) -> Option<(u64, &'a [u8])> {
        let key = self.varint()?;
        let length = match key & 7 {
            0 => {
                self.varint()?;
                0
            }
            1 => 8,
            2 => usize::try_from(self.varint()?).ok()?,
            5 => 4,
            _ => return None,
        };
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some((key >> 3, bytes))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn varint(mut value: usize, out: &mut Vec<u8>) {
        while value >= 0x80 {
            out.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
            value >>= 7;
        }
        out.push(u8::try_from(value).unwrap());
    }

    fn field(number: u8, bytes: &[u8], out: &mut Vec<u8>) {
        out.push(number << 3 | 2);
        varint(bytes.len(), out);
        out.extend_from_slice(bytes);
    }

    /// As the library writes it: a table of partition keys, then the records.
    fn aggregated(records: &[Vec<u8>]) -> Vec<u8> {
        let mut message = Vec::new();
        field(1, b"key", &mut message);
        for data in records {
            let mut record = vec![1 << 3, 0];
            field(3, data, &mut record);
            field(3, &record, &mut message);
        }
        let checksum = Md5::digest(&message);
        [MAGIC, &message, checksum.as_slice()].concat()
    }

    proptest! {
        #[test]
        fn records_come_out_as_they_were_put_together(
            given in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20),
        ) {
            let read = records(&aggregated(&given).into()).unwrap();
            prop_assert_eq!(read, given);
        }

        #[test]
        fn what_was_not_put_together_is_none(bytes: Vec<u8>) {
            prop_assert_eq!(records(&bytes.clone().into()), None);
            prop_assert_eq!(records(&[MAGIC, &bytes].concat().into()), None);
            let checksum = Md5::digest(&bytes);
            // Of a message that says what it is not, nothing may panic.
            records(&[MAGIC, &bytes, checksum.as_slice()].concat().into());
        }
    }

    #[test]
    fn a_byte_that_was_changed_makes_it_a_record_of_its_own() {
        let mut aggregated = aggregated(&[b"one".to_vec()]);
        let middle = aggregated.len() / 2;
        aggregated[middle] ^= 1;
        assert_eq!(records(&aggregated.into()), None);
    }
}
