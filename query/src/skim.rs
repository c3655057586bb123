//! Passing over JSON without judging it: where a string, a value or the rest of an object ends.
//!
//! What is passed over is not checked, beyond what finding its end needs; what the survey and the columns
//! check is enough to know that a record is one. The survey has left a word of bits for each sixty-four
//! bytes, so an end is found by counting bits.

/// Bytes that a word of bits stands for.
pub(crate) const BLOCK: usize = 64;

/// Where the quotes and brackets are in a block of a text, one bit a byte.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Marks {
    /// Quotes that begin or end a string.
    pub(crate) quotes: u64,
    /// `{` and `[` outside strings.
    pub(crate) opens: u64,
    /// `}` and `]` outside strings.
    pub(crate) closes: u64,
}

/// A text whose quotes and brackets are known. Where offsets go beyond it, nothing is there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marked<'a> {
    bytes: &'a [u8],
    marks: &'a [Marks],
    has_backslashes: bool,
}

impl<'a> Marked<'a> {
    /// `marks` are those of `bytes`.
    pub(crate) fn new(bytes: &'a [u8], marks: &'a [Marks], has_backslashes: bool) -> Self {
        Self {
            bytes,
            marks,
            has_backslashes,
        }
    }

    /// The text itself.
    #[inline]
    pub(crate) fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// What lies from `start` to `end`.
    #[inline]
    pub(crate) fn between(self, start: usize, end: usize) -> &'a [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// The bytes at `at`, when there are so many.
    #[inline]
    pub(crate) fn word<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..)?.first_chunk().copied()
    }

    /// The byte at `at`.
    #[inline]
    pub(crate) fn byte(self, at: usize) -> u8 {
        byte_at(self.bytes, at)
    }

    /// The first offset at or after `at` that is not white space.
    #[inline]
    pub(crate) fn space_end(self, at: usize) -> usize {
        space_end(self.bytes, at)
    }

    /// Whether a string, given as it is spelled, may have escapes.
    #[inline]
    pub(crate) fn may_escape(self, spelled: &[u8]) -> bool {
        self.has_backslashes && memchr::memchr(b'\\', spelled).is_some()
    }

    /// Of the string whose text starts at `at`, behind its opening quote: the offset behind its closing
    /// quote. `None` when it does not end.
    #[inline]
    pub(crate) fn string_end(self, at: usize) -> Option<usize> {
        let mut block = at / BLOCK;
        let mut quotes = self.marks.get(block)?.quotes & from_bit(at);
        while quotes == 0 {
            block += 1;
            quotes = self.marks.get(block)?.quotes;
        }
        Some(block * BLOCK + quotes.trailing_zeros() as usize + 1)
    }

    /// The offset behind the value at `at`; `None` when it does not end, or when there is none.
    #[inline]
    pub(crate) fn value_end(self, at: usize) -> Option<usize> {
        match self.byte(at) {
            b'"' => self.string_end(at + 1),
            b'{' | b'[' => self.close_end(at + 1),
            _ => {
                let rest = self.bytes.get(at..)?;
                let ends =
                    |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
                let length = rest.iter().position(ends).unwrap_or(rest.len());
                (length > 0).then_some(at + length)
            }
        }
    }

    /// The offset behind the bracket that closes what is open at `at`.
    #[inline]
    pub(crate) fn close_end(self, at: usize) -> Option<usize> {
        let (mut depth, mut block, mut within) = (1, at / BLOCK, from_bit(at));
        loop {
            let marks = self.marks.get(block)?;
            let (opens, mut closes) = (marks.opens & within, marks.closes & within);
            let balance = opens.count_ones().wrapping_sub(closes.count_ones());
            if closes.count_ones() >= depth {
                let mut open = depth;
                while closes != 0 {
                    let bit = closes.trailing_zeros();
                    open = open.wrapping_sub(1);
                    if open.wrapping_add((opens & !from_bit(bit as usize)).count_ones()) == 0 {
                        return Some(block * BLOCK + bit as usize + 1);
                    }
                    closes &= closes - 1;
                }
            }
            depth = depth.wrapping_add(balance);
            (block, within) = (block + 1, u64::MAX);
        }
    }
}

/// The bit of an offset in its block, and all above it.
#[inline]
fn from_bit(at: usize) -> u64 {
    u64::MAX << (at % BLOCK)
}

/// The byte at `at`, or NUL behind the end: JSON has none outside its strings.
#[inline]
pub(crate) fn byte_at(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

/// The first offset at or after `at` that is not white space.
#[inline]
pub(crate) fn space_end(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = text.get(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use hydrant_records::json::Scanner;
    use proptest::prelude::*;

    use crate::survey::Survey;

    proptest! {
        #[test]
        fn a_json_value_ends_where_the_strict_scanner_says(
            text in r#"\{("[a-c\\"]{0,20}":(-?[0-9]{1,20}|true|null|"([a-z{}\[\] é]|\\["\\n]){0,80}"|\{\}|\[[0-9]{0,3}\]|\[\{"x":"]"\}\]),?){0,5}\}"#,
            after in "[,} \n]{0,20}",
        ) {
            let whole = text.clone() + &after;
            if let Ok(value) = Scanner::new(whole.as_bytes(), 0).skip_value() {
                let mut survey = Survey::default();
                prop_assert_eq!(survey.mark(whole.as_bytes()).value_end(0), Some(value.end));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, at in 0..300_usize) {
            let mut survey = Survey::default();
            let marked = survey.mark(&bytes);
            marked.value_end(at);
            marked.close_end(at);
            marked.string_end(at);
        }
    }
}
