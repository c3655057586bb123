//! From an object's bytes to its text: the encoding is told by the first bytes, never by the name.
//!
//! Names lie: `FileExtension` replaces Firehose's own, HTTP gateways inflate on the way, and people copy.

mod archive;
mod laid;

use std::{
    io::{Read, Seek, SeekFrom},
    sync::Arc,
};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use libdeflater::{DecompressionError, Decompressor};
use memchr::{memmem, memrchr};

use laid::Laid;
pub(crate) use laid::{Large, Room, Scratch, ScratchFile};

/// Largest text of one object that is read, in bytes. Firehose buffers at most 128 MiB before it compresses;
/// the offsets of one Arrow column hold 2 GiB.
const MAX_TEXT: usize = 1 << 30;

/// DEFLATE expands at most 1032 times (RFC 1951: 258 bytes from two bits).
const MAX_EXPANSION: usize = 1032;

/// How an Apache Parquet file begins.
pub(crate) const PARQUET: &[u8] = b"PAR1";

const GZIP: &[u8] = b"\x1f\x8b\x08";

/// Bytes that tell an encoding.
const BEGINNING: u64 = 16;

/// Why an object has no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// An encoding that is not read, by its name.
    Encoding(&'static str),
    /// Damaged or cut short; the reason.
    Corrupt(String),
    /// There is neither the memory nor the disk to read it, which is no fault of the object; the reason.
    NoRoom(String),
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
    room: Arc<Room>,
    /// The rest of a text that is read stretch by stretch.
    laid: Option<Laid>,
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

/// Where the text is that an object turned out to have.
enum Place {
    Raw,
    Buffer(usize),
    /// In a file; its beginning is in the buffer.
    File,
}

impl Inflater {
    /// An inflater of objects whose text has at most 1 GiB, of which it holds as much as there is room for.
    pub(crate) fn new(room: &Arc<Room>) -> Self {
        Self {
            decompressor: Decompressor::new(),
            text: Vec::new(),
            length: 0,
            raw: Raw::Read(Vec::new()),
            room: Arc::clone(room),
            laid: None,
        }
    }

    /// Takes an object; [`Inflater::text`] is its text from now on, or the first stretch of it.
    ///
    /// # Errors
    ///
    /// [`Unreadable`]: nothing of a damaged object is given out, because what was inflated before the damage
    /// was not checked either.
    pub(crate) fn take(&mut self, raw: Raw) -> Result<(), Unreadable> {
        self.length = 0;
        self.laid = None;
        let place = self.place(raw.bytes());
        // What was inflated needs its source no more.
        match place? {
            Place::Raw => {
                self.length = 0;
                self.raw = raw;
            }
            Place::Buffer(length) => {
                self.length = length;
                self.raw = emptied(raw);
            }
            Place::File => self.raw = emptied(raw),
        }
        Ok(())
    }

    /// Takes an object that is larger than what is held of one.
    ///
    /// # Errors
    ///
    /// As [`Inflater::take`].
    pub(crate) fn take_large(&mut self, mut large: Large) -> Result<(), Unreadable> {
        self.length = 0;
        self.laid = None;
        self.raw = emptied(std::mem::replace(&mut self.raw, Raw::Read(Vec::new())));
        let mut beginning = Vec::new();
        let read = large.file().take(BEGINNING).read_to_end(&mut beginning);
        read.and_then(|_| large.file().seek(SeekFrom::Start(0)))
            .map_err(|error| laid::no_room(&error))?;
        if beginning.starts_with(GZIP) {
            return self.lay(&mut MultiGzDecoder::new(large.file()));
        }
        if archive::is_one(&beginning) {
            let mut object = Vec::new();
            let read = large.file().read_to_end(&mut object);
            read.map_err(|error| laid::no_room(&error))?;
            return self.take(Raw::Read(object));
        }
        if let Some(name) = foreign(&beginning) {
            return Err(Unreadable::Encoding(name));
        }
        let length = large.length().map_err(|error| laid::no_room(&error))?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > MAX_TEXT {
            return Err(too_large(MAX_TEXT));
        }
        self.laid = Some(Laid::new(large, length));
        self.fill(self.room.held)
    }

    /// Lays a text into a file and reads its first stretch.
    fn lay(&mut self, text: &mut impl Read) -> Result<(), Unreadable> {
        let held = self.room.held;
        self.make_space(held);
        let buffer = self.text.get_mut(..held).unwrap_or_default();
        let (large, length) = laid::lay(&self.room, text, buffer, gzip_damage)?;
        self.laid = Some(Laid::new(large, length));
        self.fill(held)
    }

    /// Reads on until `window` bytes are held or the text ends.
    fn fill(&mut self, window: usize) -> Result<(), Unreadable> {
        self.make_space(window);
        if let Some(laid) = &mut self.laid {
            let space = self.text.get_mut(self.length..window).unwrap_or_default();
            self.length += laid.read(space)?;
        }
        Ok(())
    }

    fn make_space(&mut self, length: usize) {
        if self.text.len() < length {
            self.text.resize(length, 0);
        }
    }

    /// Whether there is more text behind the stretch that is held.
    pub(crate) fn goes_on(&self) -> bool {
        self.laid.as_ref().is_some_and(|laid| laid.left > 0)
    }

    /// The whole lines of what is held: of a stretch, what lies before its last line feed.
    pub(crate) fn lines(&self) -> &[u8] {
        let text = self.text();
        if !self.goes_on() {
            return text;
        }
        let end = memrchr(b'\n', text).map_or(0, |feed| feed + 1);
        text.get(..end).unwrap_or_default()
    }

    /// Goes on to the next stretch of the text, which begins behind the first `done` bytes of this one.
    ///
    /// # Errors
    ///
    /// [`Unreadable::NoRoom`] when nothing of it was done, and there is no room to hold more.
    pub(crate) fn read_on(&mut self, done: usize) -> Result<(), Unreadable> {
        let mut window = self.length.max(self.room.held);
        if done == 0 {
            if window >= self.room.longest {
                let mib = self.room.longest >> 20;
                return Err(Unreadable::NoRoom(format!(
                    "a record is longer than {mib} MiB, which is what --memory-limit leaves for one"
                )));
            }
            window = window.saturating_mul(2).min(self.room.longest);
        }
        self.text.copy_within(done.min(self.length)..self.length, 0);
        self.length -= done.min(self.length);
        self.fill(window)
    }

    /// Bytes of memory that are held.
    pub(crate) fn size(&self) -> usize {
        let raw = match &self.raw {
            Raw::Read(bytes) => bytes.capacity(),
            Raw::Fetched(bytes) => bytes.len(),
        };
        self.text.capacity() + raw
    }

    /// The text of the object that was taken last, or the stretch of it that is held.
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
            return match self.gzip(object)? {
                Some(length) => Ok(Place::Buffer(length)),
                None if !self.room.is_unbounded() => {
                    self.lay(&mut MultiGzDecoder::new(object))?;
                    Ok(Place::File)
                }
                None => Err(too_large(MAX_TEXT)),
            };
        }
        if let Some(length) = archive::text(object, &mut self.text, self.room.longest)? {
            return Ok(Place::Buffer(length));
        }
        match foreign(object) {
            Some(name) => Err(Unreadable::Encoding(name)),
            None if object.len() > MAX_TEXT => Err(too_large(MAX_TEXT)),
            None => Ok(Place::Raw),
        }
    }

    /// Inflates an object; gives the length of its text, or nothing when that is more than what is held.
    fn gzip(&mut self, object: &[u8]) -> Result<Option<usize>, Unreadable> {
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

    /// Inflates an object of one member.
    fn member(&mut self, object: &[u8]) -> Result<Option<usize>, Unreadable> {
        let limit = self.room.held;
        let trailer = object
            .last_chunk::<4>()
            .map_or(0, |size| u32::from_le_bytes(*size) as usize);
        let bound = object.len().saturating_mul(MAX_EXPANSION).min(limit);
        let mut capacity = trailer.max(1).min(bound);
        loop {
            self.make_space(capacity);
            match self.decompressor.gzip_decompress(object, &mut self.text) {
                // The trailer repeats the length; when it does not, something follows the member, and the
                // patient decoder looks at that.
                Ok(length) if length == trailer => return Ok(Some(length)),
                Err(DecompressionError::InsufficientSpace) if self.text.len() < bound => {
                    capacity = self.text.len().saturating_mul(2).min(bound);
                }
                Err(DecompressionError::InsufficientSpace) if bound == limit => return Ok(None),
                // Only the patient decoder can tell a cut from damage.
                Ok(_) | Err(_) => return self.members(object),
            }
        }
    }

    /// Inflates an object of any number of members.
    fn members(&mut self, object: &[u8]) -> Result<Option<usize>, Unreadable> {
        let limit = self.room.held;
        self.text.clear();
        let mut decoder = MultiGzDecoder::new(object).take(limit as u64 + 1);
        let read = decoder.read_to_end(&mut self.text);
        read.map_err(|error| gzip_damage(&error))?;
        let length = self.text.len();
        Ok(Some(length).filter(|length| *length <= limit))
    }
}

/// The bytes of an object as a buffer for the next.
fn emptied(raw: Raw) -> Raw {
    match raw {
        Raw::Read(mut bytes) => {
            bytes.clear();
            Raw::Read(bytes)
        }
        Raw::Fetched(_) => Raw::Read(Vec::new()),
    }
}

fn gzip_damage(error: &std::io::Error) -> Unreadable {
    Unreadable::Corrupt(match error.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            "the gzip data ends early (a truncated object)".to_owned()
        }
        _ => format!("the gzip data is damaged ({error})"),
    })
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

    use datafusion::execution::DiskManager;
    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn room(memory: Option<usize>) -> Arc<Room> {
        let disk = Arc::new(DiskManager::builder().build().unwrap());
        Arc::new(Room::new(memory, 1, Arc::new(disk)))
    }

    fn inflate(object: &[u8]) -> Result<Vec<u8>, Unreadable> {
        let mut inflater = Inflater::new(&room(None));
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
        let mut inflater = Inflater::new(&room(None));
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
