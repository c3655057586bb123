use std::ops::Range;

use super::error::{JsonError, JsonErrorKind};
use super::number::number_end;
use super::string::string_end;
use crate::limits::MAX_JSON_DEPTH;

// The scanner keeps one bit per level.
const _: () = assert!(MAX_JSON_DEPTH <= u128::BITS as usize);

/// The byte at `at`, or NUL behind the end: no JSON text has a NUL outside its strings.
#[inline]
pub(super) fn byte_at(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

/// Walks a JSON text in place, one step at a time: enter an object or an array, ask for its next member or
/// element, enter that or skip it. Each byte is read once, and every byte that was passed is JSON, except
/// that UTF-8 is checked only where [`Scanner::check_utf8`] is asked to.
///
/// Calls have to follow the text: [`next_member`](Self::next_member) belongs inside an object. A call
/// that does not is answered with an error or with offsets of no use, never with a panic.
#[derive(Debug, Clone)]
pub struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Objects and arrays entered and not left.
    depth: usize,
    /// An object or array was just entered: no comma before its first member.
    fresh: bool,
    line_break: bool,
    /// All bytes of strings so far, or-ed together.
    seen: u64,
}

impl<'a> Scanner<'a> {
    /// A scanner that stands at `at`, outside of any object.
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            depth: 0,
            fresh: false,
            line_break: false,
            seen: 0,
        }
    }

    /// Where the scanner stands.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// The byte where the scanner stands, `None` at the end of the text.
    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The bytes of `range`, such as a key or a value that was passed; nothing where the text has no such
    /// range.
    #[inline]
    pub fn text(&self, range: Range<usize>) -> &'a [u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    /// Whether a line feed or a carriage return was passed outside a string since the scanner was made or
    /// [`forget_line_breaks`](Self::forget_line_breaks) was called.
    pub fn saw_line_break(&self) -> bool {
        self.line_break
    }

    /// See [`saw_line_break`](Self::saw_line_break).
    pub fn forget_line_breaks(&mut self) {
        self.line_break = false;
    }

    /// Checks that `range`, which the scanner has passed, is UTF-8.
    ///
    /// # Errors
    /// [`JsonErrorKind::Utf8`] at the first byte that is not.
    pub fn check_utf8(&self, range: Range<usize>) -> Result<(), JsonError> {
        // Outside strings the grammar leaves only ASCII.
        if self.seen & 0x8080_8080_8080_8080 == 0 {
            return Ok(());
        }
        let text = self.text(range.clone());
        if simdutf8::basic::from_utf8(text).is_ok() {
            return Ok(());
        }
        let valid = str::from_utf8(text).map_or_else(|error| error.valid_up_to(), str::len);
        Err(JsonError {
            kind: JsonErrorKind::Utf8,
            offset: range.start + valid,
        })
    }

    /// Moves to the first byte that is not white space.
    pub fn skip_whitespace(&mut self) {
        self.at = self.whitespace_end(self.at);
    }

    /// Steps behind the `{` where the scanner stands.
    ///
    /// # Errors
    /// [`JsonErrorKind::ExpectedObject`], or [`JsonErrorKind::TooDeep`].
    pub fn enter_object(&mut self) -> Result<(), JsonError> {
        self.enter(b'{', JsonErrorKind::ExpectedObject)
    }

    /// Steps behind the `[` where the scanner stands.
    ///
    /// # Errors
    /// [`JsonErrorKind::ExpectedArray`], or [`JsonErrorKind::TooDeep`].
    pub fn enter_array(&mut self) -> Result<(), JsonError> {
        self.enter(b'[', JsonErrorKind::ExpectedArray)
    }

    fn enter(&mut self, open: u8, expected: JsonErrorKind) -> Result<(), JsonError> {
        if byte_at(self.bytes, self.at) != open {
            return Err(self.error(expected, self.at));
        }
        if self.depth == MAX_JSON_DEPTH {
            return Err(self.error(JsonErrorKind::TooDeep, self.at));
        }
        self.depth += 1;
        self.at += 1;
        self.fresh = true;
        Ok(())
    }

    /// The next key of the object that was entered, as it is spelled between its quotes; the scanner then
    /// stands at its value, which is to be entered or skipped. `None` when the object has ended; the
    /// scanner then stands behind it.
    ///
    /// # Errors
    /// What is not JSON, up to the value.
    #[inline]
    pub fn next_member(&mut self) -> Result<Option<Range<usize>>, JsonError> {
        let mut at = self.whitespace_end(self.at);
        let byte = byte_at(self.bytes, at);
        if byte == b'}' {
            self.leave(at);
            return Ok(None);
        }
        if !self.fresh {
            if byte != b',' {
                return Err(self.error(JsonErrorKind::ExpectedCommaOrBrace, at));
            }
            at = self.whitespace_end(at + 1);
        }
        let (key_end, value) = self.key_end(at)?;
        self.at = value;
        Ok(Some(at + 1..key_end - 1))
    }

    /// Moves to the next element of the array that was entered, which is then to be entered or skipped.
    /// `false` when the array has ended; the scanner then stands behind it.
    ///
    /// # Errors
    /// What is not JSON, up to the element.
    pub fn next_element(&mut self) -> Result<bool, JsonError> {
        let mut at = self.whitespace_end(self.at);
        let byte = byte_at(self.bytes, at);
        if byte == b']' {
            self.leave(at);
            return Ok(false);
        }
        if !self.fresh {
            if byte != b',' {
                return Err(self.error(JsonErrorKind::ExpectedCommaOrBracket, at));
            }
            at = self.whitespace_end(at + 1);
        }
        self.at = at;
        Ok(true)
    }

    fn leave(&mut self, close: usize) {
        self.at = close + 1;
        self.depth = self.depth.saturating_sub(1);
        self.fresh = false;
    }

    /// Passes the value that starts where the scanner stands, and returns it.
    ///
    /// # Errors
    /// The first thing that is not JSON; the scanner then stays where it was.
    #[inline]
    pub fn skip_value(&mut self) -> Result<Range<usize>, JsonError> {
        let start = self.at;
        self.at = match byte_at(self.bytes, start) {
            b'"' => self.string_end(start + 1)?,
            _ => self.value_end(start)?,
        };
        self.fresh = false;
        Ok(start..self.at)
    }

    /// The offset after the value at `at`, without recursion: what is open is one bit a level.
    fn value_end(&mut self, mut at: usize) -> Result<usize, JsonError> {
        let bytes = self.bytes;
        let mut levels = self.depth;
        // The innermost open level is the lowest bit: 1 for an object, 0 for an array.
        let mut objects: u128 = 0;
        loop {
            if objects & 1 == 1 {
                at = self.key_end(at)?.1;
            }
            at = match byte_at(bytes, at) {
                b'"' => self.string_end(at + 1)?,
                b'-' | b'0'..=b'9' => self.number_end(at)?,
                open @ (b'{' | b'[') => {
                    if levels == MAX_JSON_DEPTH {
                        return Err(self.error(JsonErrorKind::TooDeep, at));
                    }
                    at = self.whitespace_end(at + 1);
                    // In ASCII a closing bracket or brace is its opening one and two.
                    if byte_at(bytes, at) != open + 2 {
                        levels += 1;
                        objects = objects << 1 | u128::from(open == b'{');
                        continue;
                    }
                    at + 1
                }
                b't' => self.literal_end(at, b"true")?,
                b'f' => self.literal_end(at, b"false")?,
                b'n' => self.literal_end(at, b"null")?,
                _ => return Err(self.error(JsonErrorKind::ExpectedValue, at)),
            };
            // A value has ended, and with it perhaps what it was the last of.
            loop {
                if levels == self.depth {
                    return Ok(at);
                }
                at = self.whitespace_end(at);
                let (close, otherwise) = match objects & 1 {
                    1 => (b'}', JsonErrorKind::ExpectedCommaOrBrace),
                    _ => (b']', JsonErrorKind::ExpectedCommaOrBracket),
                };
                let byte = byte_at(bytes, at);
                if byte == b',' {
                    at = self.whitespace_end(at + 1);
                    break;
                }
                if byte != close {
                    return Err(self.error(otherwise, at));
                }
                at += 1;
                levels -= 1;
                objects >>= 1;
            }
        }
    }

    /// Of the key whose opening quote is at `at`: the offset after its closing quote, and its value's.
    #[inline]
    fn key_end(&mut self, at: usize) -> Result<(usize, usize), JsonError> {
        if byte_at(self.bytes, at) != b'"' {
            return Err(self.error(JsonErrorKind::ExpectedKey, at));
        }
        let end = self.string_end(at + 1)?;
        let colon = self.whitespace_end(end);
        if byte_at(self.bytes, colon) != b':' {
            return Err(self.error(JsonErrorKind::ExpectedColon, colon));
        }
        Ok((end, self.whitespace_end(colon + 1)))
    }

    #[inline]
    fn string_end(&mut self, at: usize) -> Result<usize, JsonError> {
        string_end(self.bytes, at, &mut self.seen).map_err(|(kind, at)| self.error(kind, at))
    }

    #[inline]
    fn number_end(&self, at: usize) -> Result<usize, JsonError> {
        number_end(self.bytes, at).map_err(|(kind, at)| self.error(kind, at))
    }

    #[inline]
    fn literal_end(&self, at: usize, word: &[u8]) -> Result<usize, JsonError> {
        let rest = self.bytes.get(at..).unwrap_or_default();
        if rest.starts_with(word) {
            return Ok(at + word.len());
        }
        let same = rest
            .iter()
            .zip(word)
            .take_while(|(byte, wanted)| byte == wanted)
            .count();
        Err(self.error(JsonErrorKind::Literal, at + same))
    }

    #[inline]
    fn whitespace_end(&mut self, at: usize) -> usize {
        if byte_at(self.bytes, at) > b' ' {
            at
        } else {
            self.whitespace_end_slow(at)
        }
    }

    #[inline(never)]
    fn whitespace_end_slow(&mut self, mut at: usize) -> usize {
        while let Some(byte) = self.bytes.get(at) {
            match byte {
                b' ' | b'\t' => {}
                b'\n' | b'\r' => self.line_break = true,
                _ => break,
            }
            at += 1;
        }
        at
    }

    /// An error of `kind` at `offset`; at the end of the text every error is
    /// [`JsonErrorKind::UnexpectedEnd`].
    #[cold]
    pub(super) fn error(&self, kind: JsonErrorKind, offset: usize) -> JsonError {
        if offset >= self.bytes.len() {
            return JsonError {
                kind: JsonErrorKind::UnexpectedEnd,
                offset: self.bytes.len(),
            };
        }
        JsonError { kind, offset }
    }
}
