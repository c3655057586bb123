//! Keys as a function answers them, remembered by the values that they were made of.
//!
//! A stream has some hundred partitions at a time and very many records, so a record mostly has the keys of one
//! before it. What is remembered is the text of the answer, and the bytes that decided it: all of a value, or
//! the beginning of a time or of a text that is cut.

use hydrant_records::json::JsonError;

use super::error::KeyError;
use super::found::{Found, Slots};
use super::partition_keys::PartitionKeys;
use super::paths::KeyPlace;
use super::reader::KeyReader;
use super::time::ends_as_a_time;
use super::{KeyQuery, whole_document};

/// Most values that a remembered set of keys is made of.
const VALUES: usize = 4;
/// Sets of keys that are remembered at a time; each has one place where it can be.
const ENTRIES: usize = 256;

/// What decides about the keys of a record.
type Signature = [Value; VALUES];

/// Up to 32 bytes of a value, its length, and what it is: of two that differ, these differ.
type Value = [u64; 5];

/// Of a text, all of it or its beginning; of what is not there, nothing.
const TEXT: u64 = 1;
const BEGINNING: u64 = 2;
const NUMBER: u64 = 3;
const TRUE: u64 = 4;
const FALSE: u64 = 5;
const NULL: u64 = 6;

/// What of a text decides about the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deciding {
    /// All of it.
    Whole,
    /// So many characters from the first on; where `hour` is set, only if what follows the hour of a time is
    /// minutes, seconds and a `Z`.
    Beginning { chars: usize, hour: bool },
}

impl Deciding {
    /// What decides about two things together.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (
                Self::Beginning { chars, hour },
                Self::Beginning {
                    chars: more,
                    hour: also,
                },
            ) => Self::Beginning {
                chars: chars.max(more),
                hour: hour || also,
            },
            _ => Self::Whole,
        }
    }

    /// The beginning of a text, where it decides. It is taken as bytes; whether these are characters is for
    /// [`is_plain`](Self::is_plain) to say, before they are remembered.
    #[inline]
    fn beginning(self, text: &[u8]) -> Option<&[u8]> {
        let Self::Beginning { chars, hour } = self else {
            return None;
        };
        text.get(..chars).filter(|_| !hour || ends_as_a_time(text))
    }

    /// Whether the bytes of the beginning, if it decides, are characters and no escapes.
    fn is_plain(self, found: Found<'_>) -> bool {
        let Found::String(text) = found else {
            return true;
        };
        let plain = |byte: &u8| byte.is_ascii() && *byte != b'\\';
        self.beginning(text)
            .is_none_or(|beginning| beginning.iter().all(plain))
    }
}

/// Gives the keys of record after record as the JSON object that a function answers, and remembers them.
#[derive(Debug)]
pub struct KeyMemo {
    query: KeyQuery,
    /// For each slot of the query; nothing where its keys are not remembered.
    deciding: Vec<Deciding>,
    entries: Vec<Entry>,
    keys: PartitionKeys,
    /// The text of the last record, where it is not that of an entry.
    text: String,
    last: Option<usize>,
}

#[derive(Debug, Clone)]
struct Entry {
    signature: Signature,
    /// Empty where nothing is remembered.
    text: String,
}

impl KeyMemo {
    /// Remembers nothing yet.
    pub fn new(query: KeyQuery) -> Self {
        let deciding = query.plan.walk.deciding();
        let few = (1..=VALUES).contains(&deciding.len()) && query.is_fast();
        let entry = Entry {
            signature: Signature::default(),
            text: String::new(),
        };
        Self {
            entries: if few {
                vec![entry; ENTRIES]
            } else {
                Vec::new()
            },
            deciding: if few { deciding } else { Vec::new() },
            query,
            keys: PartitionKeys::new(),
            text: String::new(),
            last: None,
        }
    }

    /// The keys of the last record, as a JSON object.
    #[inline]
    pub fn last(&self) -> &str {
        let entry = self.last.and_then(|place| self.entries.get(place));
        entry.map_or(&self.text, |entry| &entry.text)
    }

    /// Finds the keys of a record, as [`KeyQuery::evaluate`] does; [`last`](Self::last) then has them.
    ///
    /// # Errors
    /// As there.
    pub fn evaluate(&mut self, record: &[u8]) -> Result<(), KeyError> {
        self.read(record, |reader| {
            let mut read = |scanner: &mut _| reader.value(KeyPlace::RECORD, scanner).map(drop);
            whole_document(record, &mut read)
        })
    }

    /// Finds the keys of what `read` has a reader find; `record` is for [`KeyReader::finish`].
    ///
    /// # Errors
    /// What `read` says is not JSON, and a key that has no usable value.
    #[inline]
    pub fn read<'a>(
        &mut self,
        record: &[u8],
        read: impl FnOnce(&mut KeyReader<'_, 'a>) -> Result<(), JsonError>,
    ) -> Result<(), KeyError> {
        let mut reader = self.query.reader();
        read(&mut reader).map_err(KeyError::NotJson)?;
        let slots = reader.slots();
        let signature = signature(&self.deciding, slots);
        if let Some(signature) = &signature {
            let place = place_of(signature, self.deciding.len());
            if self
                .entries
                .get(place)
                .is_some_and(|entry| entry.is_of(signature))
            {
                self.last = Some(place);
                return Ok(());
            }
        }
        self.text.clear();
        self.last = None;
        reader.finish(record, &mut self.keys)?;
        self.keys.push_json(&mut self.text);
        if let Some(signature) = signature
            && self
                .deciding
                .iter()
                .enumerate()
                .all(|(slot, it)| it.is_plain(slots.get(slot)))
        {
            let place = place_of(&signature, self.deciding.len());
            if let Some(entry) = self.entries.get_mut(place) {
                entry.signature = signature;
                // Its memory is used again.
                std::mem::swap(&mut entry.text, &mut self.text);
                self.last = Some(place);
            }
        }
        Ok(())
    }
}

impl Entry {
    #[inline]
    fn is_of(&self, signature: &Signature) -> bool {
        self.signature == *signature && !self.text.is_empty()
    }
}

/// What decides about the keys; `None` where a value is too long, or cannot be a key.
#[inline]
fn signature(deciding: &[Deciding], slots: &Slots<'_>) -> Option<Signature> {
    if deciding.is_empty() {
        return None;
    }
    let mut signature = Signature::default();
    for (slot, (deciding, value)) in deciding.iter().zip(&mut signature).enumerate() {
        *value = match slots.get(slot) {
            Found::String(text) => match deciding.beginning(text) {
                Some(beginning) => words(beginning, BEGINNING)?,
                None => words(text, TEXT)?,
            },
            Found::Number(text) => words(text, NUMBER)?,
            Found::Bool(true) => words(b"", TRUE)?,
            Found::Bool(false) => words(b"", FALSE)?,
            Found::Null => words(b"", NULL)?,
            Found::Array | Found::Object | Found::Refused => return None,
        };
    }
    Some(signature)
}

/// A text in words, which overlap where it is not of a round length.
#[inline]
fn words(text: &[u8], kind: u64) -> Option<Value> {
    let eight = |bytes: Option<&[u8; 8]>| bytes.map(|bytes| u64::from_le_bytes(*bytes));
    let four = |bytes: Option<&[u8; 4]>| bytes.map(|bytes| u64::from(u32::from_le_bytes(*bytes)));
    let byte = |at: usize| text.get(at).map_or(0, |byte| u64::from(*byte));
    let length = text.len();
    let (first, last) = match length {
        0..=3 => (byte(0) | byte(1) << 8 | byte(2) << 16, 0),
        4..=7 => (four(text.first_chunk())?, four(text.last_chunk())?),
        _ => (eight(text.first_chunk())?, eight(text.last_chunk())?),
    };
    let (second, third) = match length {
        0..=16 => (0, 0),
        17..=32 => (
            eight(text.get(8..)?.first_chunk())?,
            eight(text.get(..length - 8)?.last_chunk())?,
        ),
        _ => return None,
    };
    Some([first, second, third, last, (length as u64) << 8 | kind])
}

/// Where what has this signature, of so many values, is remembered.
#[inline]
fn place_of(signature: &Signature, values: usize) -> usize {
    // Odd, and otherwise of no meaning: the digits of the golden ratio.
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut sum = 0_u64;
    let mut factor = FACTOR;
    for [first, second, third, last, kind] in signature.iter().take(values) {
        // Independent of one another, so that they are multiplied side by side.
        sum ^= (first ^ second.rotate_left(21)).wrapping_mul(factor);
        sum = sum.rotate_left(5)
            ^ (last ^ third.rotate_left(43) ^ kind << 17).wrapping_mul(factor | 2);
        factor = factor.rotate_left(11) | 1;
    }
    let mixed = (sum ^ (sum >> 29)).wrapping_mul(FACTOR);
    usize::try_from(mixed >> 40).unwrap_or_default() % ENTRIES
}
