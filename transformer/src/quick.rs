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
mod check;
mod checker;
mod memo;

use check::check;
use fearless_simd::Level;
use memo::Memo;

/// The quick way, and what it remembers from record to record.
#[derive(Debug)]
pub(crate) struct Quick {
    /// What this processor can do.
    level: Level,
    memo: Memo,
}

impl Quick {
    /// For this processor.
    pub(crate) fn new() -> Self {
        Self::on(Level::new())
    }

    fn on(level: Level) -> Self {
        Self {
            level,
            memo: Memo::new(),
        }
    }

    /// Appends what `record` becomes to `out`, with a newline. `false` where `record` is not a common one;
    /// `out` is then as it was.
    pub(crate) fn transform(
        &mut self,
        record: &[u8],
        append_newline: bool,
        out: &mut Vec<u8>,
    ) -> bool {
        let Some(write) = rewrite(self, record, append_newline) else {
            return false;
        };
        write(out);
        true
    }
}

fn rewrite(
    quick: &mut Quick,
    record: &[u8],
    append_newline: bool,
) -> Option<impl FnOnce(&mut Vec<u8>)> {
    let end = record
        .iter()
        .rposition(|byte| !matches!(byte, b'\n' | b'\r' | b' ' | b'\t'))?;
    let record = record.get(..=end)?;
    let places = check(quick.level, &mut quick.memo, record)?;
    // `["<id>"]` and nothing else; there is no escape in the record.
    let list = record.get(places.resources..)?.strip_prefix(b"[\"")?;
    let length = memchr::memchr(b'"', list)?;
    let (id, rest) = list.split_at_checked(length)?;
    if id.is_empty() || rest.get(1) != Some(&b']') {
        return None;
    }
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
    Some(move |out: &mut Vec<u8>| {
        out.reserve(record.len() + id.len() + 32);
        let put = |out: &mut Vec<u8>| {
            out.extend_from_slice(comma);
            out.extend_from_slice(b"\"clientId\":\"");
            out.extend_from_slice(id);
            out.push(b'"');
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
    })
}

#[cfg(test)]
mod tests;
