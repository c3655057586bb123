//! From an object's bytes to its text: the encoding is told by the first bytes, never by the name.
//!
//! Names lie: `FileExtension` replaces Firehose's own, HTTP gateways inflate on the way, and people copy.

mod archive;

use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use libdeflater::{DecompressionError, Decompressor};
use memchr::memmem;

/// Largest text of one object that is read, in bytes. Firehose buffers at most 128 MiB before it compresses;
/// the offsets of one Arrow column hold 2 GiB.
const MAX_TEXT: usize = 1 << 30;

/// DEFLATE expands at most 1032 times (RFC 1951: 258 bytes from two bits).
const MAX_EXPANSION: usize = 1032;

/// How an Apache Parquet file begins.
pub(crate) const PARQUET: &[u8] = b"PAR1";

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
    const MAGIC: [(&[u8], &str); 6] = [
        (b"\xff\x06\0\0sNaPpY", "Snappy (framed)"),
        (b"ORC", "ORC"),
        (b"Obj\x01", "Avro"),
        (b"\x28\xb5\x2f\xfd", "Zstandard"),
        (b"BZh", "bzip2"),
        (PARQUET, "Parquet"),
    ];
    MAGIC
        .iter()
        .find(|(magic, _)| bytes.starts_with(magic))
        .map(|&(_, name)| name)
}

/// Reads objects, one after the other, into one buffer that it keeps.
pub(crate) struct Inflater {
    decompressor: Decompressor,
    text: Vec<u8>,
    length: usize,
    raw: Raw,
    limit: usize,
}

/// An object's bytes as they lie in the lake.
#[derive(Debug)]
pub(crate) enum Raw {
    /// Of a file.
    Read(Vec<u8>),
    /// Of a store.
    Fetched(Bytes),
}

impl Raw {
    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Read(bytes) => bytes,
            Self::Fetched(bytes) => bytes,
        }
    }
}

impl From<Bytes> for Raw {
    fn from(bytes: Bytes) -> Self {
        Self::Fetched(bytes)
    }
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            decompressor: Decompressor::new(),
            text: Vec::new(),
            length: 0,
            raw: Raw::Read(Vec::new()),
            limit: MAX_TEXT,
        }
    }
}

/// Where the text is that an object turned out to have.
enum Place {
    Raw,
    Buffer(usize),
}

impl Inflater {
    /// An inflater of objects whose text has at most `limit` bytes, and never more than 1 GiB.
    pub(crate) fn with_limit(limit: usize) -> Self {
        Self {
            limit: limit.min(MAX_TEXT),
            ..Self::default()
        }
    }

    /// Takes an object; [`Inflater::text`] is its text from now on.
    ///
    /// # Errors
    ///
    /// [`Unreadable`]: nothing of a damaged object is given out, because what was inflated before the damage
    /// was not checked either.
    pub(crate) fn take(&mut self, raw: Raw) -> Result<(), Unreadable> {
        self.length = 0;
        let place = self.place(raw.bytes());
        // What was inflated needs its source no more.
        match place? {
            Place::Raw => {
                self.length = 0;
                self.raw = raw;
            }
            Place::Buffer(length) => {
                self.length = length;
                self.raw = match raw {
                    Raw::Read(mut bytes) => {
                        bytes.clear();
                        Raw::Read(bytes)
                    }
                    Raw::Fetched(_) => Raw::Read(Vec::new()),
                };
            }
        }
        Ok(())
    }

    /// The text of the object that was taken last.
    pub(crate) fn text(&self) -> &[u8] {
        match self.raw.bytes() {
            [] => self.text.get(..self.length).unwrap_or_default(),
            raw => raw,
        }
    }

    /// The buffer of an object that is needed no more, to read the next into.
    pub(crate) fn spare(&mut self) -> Vec<u8> {
        self.length = 0;
        match std::mem::replace(&mut self.raw, Raw::Read(Vec::new())) {
            Raw::Read(mut bytes) => {
                bytes.clear();
                bytes
            }
            Raw::Fetched(_) => Vec::new(),
        }
    }

    fn place(&mut self, object: &[u8]) -> Result<Place, Unreadable> {
        if object.starts_with(GZIP) {
            return self.gzip(object).map(Place::Buffer);
        }
        if let Some(length) = archive::text(object, &mut self.text, self.limit)? {
            return Ok(Place::Buffer(length));
        }
        match foreign(object) {
            Some(name) => Err(Unreadable::Encoding(name)),
            None if object.len() > self.limit => Err(too_large(self.limit)),
            None => Ok(Place::Raw),
        }
    }

    fn gzip(&mut self, object: &[u8]) -> Result<usize, Unreadable> {
        // libdeflate stops after the first member without saying where. A further member would begin with
        // the magic bytes again; where those occur by chance, the slower way is merely slower.
        let several = object
            .get(GZIP.len()..)
            .is_some_and(|rest| memmem::find(rest, GZIP).is_some());
        if several {
            self.members(object)
        } else {
            self.member(object)
        }
    }

    /// Inflates an object of one member; gives the length of its text.
    fn member(&mut self, object: &[u8]) -> Result<usize, Unreadable> {
        let trailer = object
            .last_chunk::<4>()
            .map_or(0, |size| u32::from_le_bytes(*size) as usize);
        let bound = object.len().saturating_mul(MAX_EXPANSION).min(self.limit);
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
                Err(DecompressionError::InsufficientSpace) if bound == self.limit => {
                    return Err(too_large(self.limit));
                }
                // Only the patient decoder can tell a cut from damage.
                Ok(_) | Err(_) => return self.members(object),
            }
        }
    }

    /// Inflates an object of any number of members; gives the length of its text.
    fn members(&mut self, object: &[u8]) -> Result<usize, Unreadable> {
        self.text.clear();
        let mut decoder = MultiGzDecoder::new(object).take(self.limit as u64 + 1);
        decoder.read_to_end(&mut self.text).map_err(|error| {
            Unreadable::Corrupt(match error.kind() {
                std::io::ErrorKind::UnexpectedEof => {
                    "the gzip data ends early (a truncated object)".to_owned()
                }
                _ => format!("the gzip data is damaged ({error})"),
            })
        })?;
        if self.text.len() > self.limit {
            Err(too_large(self.limit))
        } else {
            Ok(self.text.len())
        }
    }
}

fn too_large(limit: usize) -> Unreadable {
    let mib = limit >> 20;
    Unreadable::Corrupt(format!("the text of the object is larger than {mib} MiB"))
}

/// The first bytes of the text of an object of which only the beginning was read: about `wanted` of them, and
/// whether that is all there is. `None` for an object that has to be read whole.
pub(crate) fn beginning(object: &[u8], is_whole: bool, wanted: usize) -> Option<(Vec<u8>, bool)> {
    if object.starts_with(GZIP) {
        let mut text = Vec::with_capacity(wanted);
        let mut decoder = MultiGzDecoder::new(object).take(wanted as u64);
        // An error is what a cut object ends in; what came before it will do for a sample.
        let ended = decoder.read_to_end(&mut text).is_ok();
        let all = ended && is_whole && text.len() < wanted;
        return (!text.is_empty() || is_whole).then_some((text, all));
    }
    if archive::is_one(object) || foreign(object).is_some() {
        return None;
    }
    let length = object.len().min(wanted);
    let all = is_whole && length == object.len();
    Some((object.get(..length)?.to_vec(), all))
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
        let mut inflater = Inflater::default();
        inflater.take(Raw::Read(object.to_vec()))?;
        Ok(inflater.text().to_vec())
    }

    #[test]
    fn other_encodings_are_named() {
        let name = |bytes: &[u8]| inflate(bytes).unwrap_err();
        assert_eq!(name(b"ORCrest"), Unreadable::Encoding("ORC"));
        assert_eq!(name(b"BZhrest"), Unreadable::Encoding("bzip2"));
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
            let spare = inflater.spare();
            assert_eq!(spare, b"");
            inflater.take(Raw::Read(gzip(&text))).unwrap();
            assert_eq!(inflater.text(), text);
            inflater.take(Raw::Fetched(text.clone().into())).unwrap();
            assert_eq!(inflater.text(), text);
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
