//! From an object's bytes to its text: the encoding is told by the first bytes, never by the name.
//!
//! Names lie: `FileExtension` replaces Firehose's own, HTTP gateways inflate on the way, and people copy.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use libdeflater::{DecompressionError, Decompressor};
use memchr::memmem;

/// Largest text of one object that is read, in bytes. Firehose buffers at most 128 MiB before it compresses;
/// the offsets of one Arrow column hold 2 GiB.
const MAX_TEXT: usize = 1 << 30;

/// DEFLATE expands at most 1032 times (RFC 1951: 258 bytes from two bits).
const MAX_EXPANSION: usize = 1032;

const GZIP: &[u8] = b"\x1f\x8b\x08";

/// Why an object has no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// An encoding that is not read, by its name.
    Encoding(&'static str),
    /// Damaged or cut short; the reason.
    Corrupt(String),
}

/// The encoding that `bytes` begin like, if it is one that is not read.
fn foreign(bytes: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 9] = [
        (b"PK\x03\x04", "ZIP"),
        (b"\x82SNAPPY\0", "Snappy"),
        (b"\xff\x06\0\0sNaPpY", "Snappy (framed)"),
        (b"PAR1", "Parquet"),
        (b"ORC", "ORC"),
        (b"Obj\x01", "Avro"),
        (b"\x28\xb5\x2f\xfd", "Zstandard"),
        (b"BZh", "bzip2"),
        // No JSON text begins with a zero byte; Hadoop's blocks, shorter than 16 MiB, all do.
        (b"\0", "HADOOP_SNAPPY"),
    ];
    MAGIC
        .iter()
        .find(|(magic, _)| bytes.starts_with(magic))
        .map(|&(_, name)| name)
}

/// Inflates objects, one after the other, into one buffer that it keeps.
pub(crate) struct Inflater {
    decompressor: Decompressor,
    text: Vec<u8>,
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            decompressor: Decompressor::new(),
            text: Vec::new(),
        }
    }
}

impl Inflater {
    /// The text of an object, valid until the next call.
    ///
    /// # Errors
    ///
    /// [`Unreadable`]: nothing of a damaged object is given out, because what was inflated before the damage
    /// was not checked either.
    pub(crate) fn text<'a>(&'a mut self, object: &'a [u8]) -> Result<&'a [u8], Unreadable> {
        if object.starts_with(GZIP) {
            return self.gzip(object);
        }
        match foreign(object) {
            Some(name) => Err(Unreadable::Encoding(name)),
            None if object.len() > MAX_TEXT => Err(too_large()),
            None => Ok(object),
        }
    }

    fn gzip(&mut self, object: &[u8]) -> Result<&[u8], Unreadable> {
        // libdeflate stops after the first member without saying where. A further member would begin with
        // the magic bytes again; where those occur by chance, the slower way is merely slower.
        let several = object
            .get(GZIP.len()..)
            .is_some_and(|rest| memmem::find(rest, GZIP).is_some());
        let length = if several {
            self.members(object)?
        } else {
            self.member(object)?
        };
        Ok(self.text.get(..length).unwrap_or_default())
    }

    /// Inflates an object of one member; gives the length of its text.
    fn member(&mut self, object: &[u8]) -> Result<usize, Unreadable> {
        let trailer = object
            .last_chunk::<4>()
            .map_or(0, |size| u32::from_le_bytes(*size) as usize);
        let bound = object.len().saturating_mul(MAX_EXPANSION).min(MAX_TEXT);
        let mut capacity = trailer.max(1).min(bound);
        loop {
            if self.text.len() < capacity {
                self.text.resize(capacity, 0);
            }
            match self.decompressor.gzip_decompress(object, &mut self.text) {
                // The trailer repeats the length; when it does not, something follows the member, and the
                // patient decoder looks at that.
                Ok(length) if length == trailer => return Ok(length),
                Err(DecompressionError::InsufficientSpace) if self.text.len() < bound => {
                    capacity = self.text.len().saturating_mul(2).min(bound);
                }
                Err(DecompressionError::InsufficientSpace) if bound == MAX_TEXT => {
                    return Err(too_large());
                }
                // Only the patient decoder can tell a cut from damage.
                Ok(_) | Err(_) => return self.members(object),
            }
        }
    }

    /// Inflates an object of any number of members; gives the length of its text.
    fn members(&mut self, object: &[u8]) -> Result<usize, Unreadable> {
        self.text.clear();
        let mut decoder = MultiGzDecoder::new(object).take(MAX_TEXT as u64 + 1);
        decoder.read_to_end(&mut self.text).map_err(|error| {
            Unreadable::Corrupt(match error.kind() {
                std::io::ErrorKind::UnexpectedEof => {
                    "the gzip data ends early (a truncated object)".to_owned()
                }
                _ => format!("the gzip data is damaged ({error})"),
            })
        })?;
        if self.text.len() > MAX_TEXT {
            Err(too_large())
        } else {
            Ok(self.text.len())
        }
    }
}

fn too_large() -> Unreadable {
    Unreadable::Corrupt("the text of the object is larger than 1 GiB".to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn inflate(object: &[u8]) -> Result<Vec<u8>, Unreadable> {
        Inflater::default().text(object).map(<[u8]>::to_vec)
    }

    #[test]
    fn other_encodings_are_named() {
        let name = |bytes: &[u8]| inflate(bytes).unwrap_err();
        assert_eq!(name(b"PK\x03\x04rest"), Unreadable::Encoding("ZIP"));
        assert_eq!(
            name(b"\x82SNAPPY\0\0\0\0\x01"),
            Unreadable::Encoding("Snappy")
        );
        assert_eq!(name(b"PAR1rest"), Unreadable::Encoding("Parquet"));
        assert_eq!(
            name(b"\0\0\x01\0\0\0\0\x10"),
            Unreadable::Encoding("HADOOP_SNAPPY")
        );
        assert_eq!(inflate(b"{}").unwrap(), b"{}");
    }

    #[test]
    fn a_truncated_or_damaged_object_gives_nothing() {
        let whole = gzip(&b"{\"a\":1}\n".repeat(1000));
        for cut in [12, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
            let Err(Unreadable::Corrupt(reason)) = inflate(&whole[..cut]) else {
                panic!("{cut}")
            };
            assert!(reason.contains("truncated"), "{cut}: {reason}");
        }
        for bit in 80..whole.len() * 8 {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            // Some bits mean nothing, such as those that fill the last byte of a block.
            let text = inflate(&damaged);
            assert!(text.is_err() || text == inflate(&whole), "bit {bit}");
        }
    }

    #[test]
    fn one_inflater_takes_objects_of_every_size() {
        let mut inflater = Inflater::default();
        for length in [100_000, 0, 7, 3_000_000, 1] {
            let text = vec![b'x'; length];
            assert_eq!(inflater.text(&gzip(&text)).unwrap(), text);
        }
    }

    proptest! {
        #[test]
        fn members_are_read_one_after_the_other(texts in prop::collection::vec(any::<Vec<u8>>(), 1..5), twice: bool) {
            let mut texts = texts;
            if twice { texts.push(texts[0].clone()); }
            let object: Vec<u8> = texts.iter().flat_map(|text| gzip(text)).collect();
            prop_assert_eq!(inflate(&object).unwrap(), texts.concat());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            drop(inflate(&bytes));
            drop(inflate(&[GZIP, &bytes].concat()));
        }
    }
}
