//! The common record, checked and rewritten sixty-four bytes at a time.
//!
//! The common record is one compact JSON object with an id in `resources`, a `detail` that has none, and no
//! backslash. Everything else, and everything that is not JSON, is left to the scanner, which knows why: this
//! way says yes or nothing, and where it says yes it writes what the scanner's way would.
//!
//! Bits stand for bytes. Which bytes are quotes, brackets, commas and colons is found for a block at once, and
//! most of the grammar is a question of what may stand beside what, asked of a whole block in a few operations
//! on words (the idea of simdjson's first stage: Langdale and Lemire, "Parsing gigabytes of JSON per second").
//! What is wrong in an object only, or in an array only, is asked from bracket to bracket.

mod block;
mod carry;
mod check;
mod checker;
mod keys;
mod memo;
mod scalar;
mod wanted;

use check::check;
use fearless_simd::Level;
use memo::Memo;
use wanted::{Spots, Wanted};

pub(crate) use keys::QuickKeys;

/// The quick way, and what it remembers from record to record.
#[derive(Debug)]
pub(crate) struct Quick {
    /// What this processor can do.
    level: Level,
    memo: Memo,
    wanted: Wanted,
}

/// What was found in a record that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken<'a> {
    record: &'a [u8],
    /// The client's id, with its quotes.
    id: &'a [u8],
    /// The values that partition keys are made of.
    spots: Spots,
}

impl Quick {
    /// For this processor.
    pub(crate) fn new(keys: Option<&QuickKeys>) -> Self {
        Self::on(Level::new(), keys)
    }

    fn on(level: Level, keys: Option<&QuickKeys>) -> Self {
        Self {
            level,
            memo: Memo::new(),
            wanted: keys.map(QuickKeys::wanted).unwrap_or_default(),
        }
    }

    /// Appends what `record` becomes to `out`, with a newline. `None` where `record` is not a common one;
    /// `out` is then as it was.
    pub(crate) fn transform<'a>(
        &mut self,
        record: &'a [u8],
        append_newline: bool,
        out: &mut Vec<u8>,
    ) -> Option<Taken<'a>> {
        let (taken, write) = rewrite(self, record, append_newline)?;
        write(out);
        Some(taken)
    }
}

fn rewrite<'a>(
    quick: &mut Quick,
    record: &'a [u8],
    append_newline: bool,
) -> Option<(Taken<'a>, impl FnOnce(&mut Vec<u8>) + use<'a>)> {
    let end = record
        .iter()
        .rposition(|byte| !matches!(byte, b'\n' | b'\r' | b' ' | b'\t'))?;
    let record = record.get(..=end)?;
    // What a spot can say.
    u32::try_from(record.len()).ok()?;
    let places = check(quick.level, &mut quick.memo, &quick.wanted, record)?;
    // `["<id>"]` and nothing else; there is no escape in the record.
    let list = record.get(places.resources..)?.strip_prefix(b"[")?;
    let length = memchr::memchr(b'"', list.strip_prefix(b"\"")?)?;
    let (id, rest) = list.split_at_checked(length + 2)?;
    if length == 0 || rest.first() != Some(&b']') {
        return None;
    }
    let taken = Taken {
        record,
        id,
        spots: places.spots,
    };
    let (start, end) = (places.resources, places.resources + length + 4);
    let close = places.detail_end - 1;
    let comma: &[u8] = if record.get(close.checked_sub(1)?) == Some(&b'{') {
        b""
    } else {
        b","
    };
    let before = record.get(..start.min(close))?;
    let (between, after) = if start < close {
        (record.get(end..close)?, record.get(close..)?)
    } else {
        (record.get(close..start)?, record.get(end..)?)
    };
    let write = move |out: &mut Vec<u8>| {
        out.reserve(record.len() + id.len() + 32);
        let put = |out: &mut Vec<u8>| {
            out.extend_from_slice(comma);
            out.extend_from_slice(b"\"clientId\":");
            out.extend_from_slice(id);
        };
        out.extend_from_slice(before);
        if start < close {
            out.extend_from_slice(b"[]");
            out.extend_from_slice(between);
            put(out);
        } else {
            put(out);
            out.extend_from_slice(between);
            out.extend_from_slice(b"[]");
        }
        out.extend_from_slice(after);
        if append_newline {
            out.push(b'\n');
        }
    };
    Some((taken, write))
}

#[cfg(test)]
mod tests;
