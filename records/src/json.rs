//! The JSON text of a record, read in place: where a value ends, which members an object has, where one
//! record's several objects part. Strict RFC 8259 over bytes, with no tree and no allocation.
//!
//! [`values`] frames a text of several values, [`members`] looks one level into an object, and
//! [`Scanner`] walks as deep as its caller asks; all three read every byte once. What is *inside* a number
//! or a string is the caller's to interpret: nothing is decoded, so nothing is re-spelled. [`key_equals`]
//! and [`unescape`] help where a string's text is wanted; [`push_string`] writes one.
//!
//! Strict means: numbers by the grammar, the escapes of the grammar only, no raw control character in a
//! string, no trailing comma, UTF-8 throughout, and at most [`MAX_JSON_DEPTH`] levels of nesting. Two
//! things that the grammar allows are allowed here too, because a record is carried and not interpreted:
//! an object may name a member twice, and `\u` may spell half of a surrogate pair (which is what a client
//! sends that cuts a text in the middle of an emoji).

mod error;
mod number;
mod scanner;
mod string;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub use error::{JsonError, JsonErrorKind};
pub use scanner::Scanner;
pub use string::{key_equals, push_string, unescape};

#[cfg(doc)]
use crate::limits::MAX_JSON_DEPTH;

/// The offset after the one value that starts at `start`; what follows it is not looked at.
///
/// # Errors
/// The first thing at or after `start` that is not JSON. White space before the value counts as such:
/// see [`skip_whitespace`].
pub fn value_end(bytes: &[u8], start: usize) -> Result<usize, JsonError> {
    let mut scanner = Scanner::new(bytes, start);
    let value = scanner.skip_value()?;
    scanner.check_utf8(value.clone())?;
    Ok(value.end)
}

/// The first offset at or after `at` that is not JSON white space (space, tab, line feed, carriage
/// return), or the length of `bytes`.
pub fn skip_whitespace(bytes: &[u8], at: usize) -> usize {
    let mut scanner = Scanner::new(bytes, at);
    scanner.skip_whitespace();
    scanner.offset()
}

/// The values of a text that holds any number of them, back to back or with white space between.
///
/// As with every JSON text of that kind, a number or a literal needs white space or a bracket, brace or
/// quote after it: `1 2` is two values, `{}{}` is two, `1true` is none.
pub fn values(bytes: &[u8]) -> Values<'_> {
    Values {
        scanner: Scanner::new(bytes, 0),
        done: false,
    }
}

/// See [`values`]. Ends after the first error.
#[derive(Debug, Clone)]
pub struct Values<'a> {
    scanner: Scanner<'a>,
    done: bool,
}

impl Values<'_> {
    fn read(&mut self) -> Result<Option<Range<usize>>, JsonError> {
        let first = self.scanner.offset() == 0;
        self.scanner.skip_whitespace();
        let Some(start) = self.scanner.peek() else {
            return Ok(None);
        };
        let value = self
            .scanner
            .skip_value()
            .map_err(|error| match error.kind {
                // `{…}}` and `{…}, {…}`: say that a value was complete, not that one was expected.
                JsonErrorKind::ExpectedValue if !first && error.offset == self.scanner.offset() => {
                    JsonError {
                        kind: JsonErrorKind::AfterValue,
                        ..error
                    }
                }
                _ => error,
            })?;
        self.scanner.check_utf8(value.clone())?;
        let delimits_itself = matches!(start, b'{' | b'[' | b'"');
        match self.scanner.peek() {
            Some(next) if !delimits_itself && !may_follow_bare_value(next) => {
                Err(self.scanner.error(JsonErrorKind::AfterValue, value.end))
            }
            _ => Ok(Some(value)),
        }
    }
}

/// White space and the structural characters end a number or a literal.
fn may_follow_bare_value(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'[' | b']' | b'{' | b'}' | b',' | b':'
    )
}

impl Iterator for Values<'_> {
    type Item = Result<Range<usize>, JsonError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let read = self.read().transpose();
        self.done = !matches!(read, Some(Ok(_)));
        read
    }
}

impl std::iter::FusedIterator for Values<'_> {}

/// One member of an object, as offsets into the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The key as it is spelled, without its quotes; compare with [`key_equals`].
    pub key: Range<usize>,
    /// The value, quotes and brackets included.
    pub value: Range<usize>,
}

/// The members of the object that starts at `start`, in order, duplicates included, without looking into
/// their values (which are nonetheless checked to be JSON).
///
/// # Errors
/// [`JsonErrorKind::ExpectedObject`] where no object starts at `start`.
pub fn members(bytes: &[u8], start: usize) -> Result<Members<'_>, JsonError> {
    let mut scanner = Scanner::new(bytes, start);
    scanner.enter_object()?;
    Ok(Members {
        scanner,
        done: false,
    })
}

/// See [`members`]. Ends after the first error.
#[derive(Debug, Clone)]
pub struct Members<'a> {
    scanner: Scanner<'a>,
    done: bool,
}

impl Members<'_> {
    /// How far the text has been read: the offset after the object, once the iterator has ended without
    /// an error.
    pub fn offset(&self) -> usize {
        self.scanner.offset()
    }

    fn read(&mut self) -> Result<Option<Member>, JsonError> {
        let Some(key) = self.scanner.next_member()? else {
            return Ok(None);
        };
        let value = self.scanner.skip_value()?;
        self.scanner.check_utf8(key.start..value.end)?;
        Ok(Some(Member { key, value }))
    }
}

impl Iterator for Members<'_> {
    type Item = Result<Member, JsonError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let read = self.read().transpose();
        self.done = !matches!(read, Some(Ok(_)));
        read
    }
}

impl std::iter::FusedIterator for Members<'_> {}
