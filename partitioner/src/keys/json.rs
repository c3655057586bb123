//! A strict JSON scanner over bytes, which allocates nothing.
//!
//! Structure, strings and numbers are checked in full; the UTF-8 of a string only where its value is
//! taken.

mod string;

pub(super) use string::RawString;

use crate::KeyError;
use crate::limits::MAX_DOCUMENT_DEPTH;
use string::plain_length;

/// A value that is not a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    /// The number as the document spells it.
    Number(&'a [u8]),
    String(RawString<'a>),
}

/// Reads one document from front to back.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    document: &'a [u8],
    at: usize,
    depth: usize,
}

/// What a document can have wrong: one byte, because a scan returns it at every step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Malformed {
    Depth,
    Comma,
    End,
    Name,
    Colon,
    Value,
    Trailing,
    Digit,
    Escape,
    Surrogate,
    Control,
    InString,
    Utf8,
}

pub(super) type Scanned<T> = Result<T, Malformed>;

impl Malformed {
    fn reason(self) -> &'static str {
        match self {
            Self::Depth => "nested too deeply",
            Self::Comma => "a comma or the end of an array or object was expected",
            Self::End => "the document ends too early",
            Self::Name => "the name of a member was expected",
            Self::Colon => "a colon was expected",
            Self::Value => "a value was expected",
            Self::Trailing => "something follows the document",
            Self::Digit => "a digit was expected",
            Self::Escape => "an escape sequence is wrong",
            Self::Surrogate => "half of a surrogate pair stands alone",
            Self::Control => "a control character stands in a string",
            Self::InString => "the document ends in a string",
            Self::Utf8 => "a string is not UTF-8",
        }
    }
}

impl<'a> Scanner<'a> {
    pub(super) fn new(document: &'a [u8]) -> Self {
        Self {
            document,
            at: 0,
            depth: 0,
        }
    }

    /// The next byte that is not white space.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        match self.document.get(self.at) {
            Some(&byte) if byte > b' ' => Some(byte),
            _ => self.peek_past_space(),
        }
    }

    #[cold]
    fn peek_past_space(&mut self) -> Option<u8> {
        loop {
            match self.document.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    /// Enters the container whose bracket was peeked. False when it is empty, and then it is over.
    pub(super) fn enter(&mut self, close: u8) -> Scanned<bool> {
        self.depth += 1;
        if self.depth > MAX_DOCUMENT_DEPTH {
            return Err(Malformed::Depth);
        }
        self.at += 1;
        if self.peek() == Some(close) {
            self.leave();
            return Ok(false);
        }
        Ok(true)
    }

    /// After an element: true when another follows, false when the container ended.
    #[inline]
    pub(super) fn another(&mut self, close: u8) -> Scanned<bool> {
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.leave();
                Ok(false)
            }
            Some(_) => Err(Malformed::Comma),
            None => Err(Malformed::End),
        }
    }

    fn leave(&mut self) {
        self.at += 1;
        self.depth -= 1;
    }

    /// The name of a member and the colon after it.
    #[inline]
    pub(super) fn member_name(&mut self) -> Scanned<RawString<'a>> {
        if self.peek() != Some(b'"') {
            return Err(Malformed::Name);
        }
        let name = self.string()?;
        if self.peek() != Some(b':') {
            return Err(Malformed::Colon);
        }
        self.at += 1;
        Ok(name)
    }

    /// A value that is not a container, whose first byte was peeked.
    pub(super) fn scalar(&mut self) -> Scanned<Scalar<'a>> {
        match self.peek() {
            Some(b'"') => self.string().map(Scalar::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Scalar::Number),
            Some(b't') => self.literal(b"true", Scalar::Bool(true)),
            Some(b'f') => self.literal(b"false", Scalar::Bool(false)),
            Some(b'n') => self.literal(b"null", Scalar::Null),
            Some(_) => Err(Malformed::Value),
            None => Err(Malformed::End),
        }
    }

    /// Passes over one value of any kind.
    pub(super) fn skip(&mut self) -> Scanned<()> {
        let mut open = Brackets::default();
        loop {
            match self.peek() {
                Some(b'{') => {
                    if self.enter(b'}')? {
                        open.push(self.depth, true);
                        self.member_name()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    if self.enter(b']')? {
                        open.push(self.depth, false);
                        continue;
                    }
                }
                _ => {
                    self.scalar()?;
                }
            }
            loop {
                let Some(object) = open.innermost(self.depth) else {
                    return Ok(());
                };
                if self.another(if object { b'}' } else { b']' })? {
                    if object {
                        self.member_name()?;
                    }
                    break;
                }
                open.count -= 1;
            }
        }
    }

    /// Checks that nothing but white space is left.
    pub(super) fn finish(&mut self) -> Scanned<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(Malformed::Trailing),
        }
    }

    fn literal(&mut self, text: &[u8], scalar: Scalar<'a>) -> Scanned<Scalar<'a>> {
        if self.document.get(self.at..self.at + text.len()) == Some(text) {
            self.at += text.len();
            Ok(scalar)
        } else {
            Err(Malformed::Value)
        }
    }

    fn number(&mut self) -> Scanned<&'a [u8]> {
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.document.get(start..self.at).unwrap_or_default())
    }

    fn digits(&mut self) -> Scanned<()> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.byte() {
            self.at += 1;
        }
        if self.at == start {
            Err(Malformed::Digit)
        } else {
            Ok(())
        }
    }

    /// A string, from its opening quote.
    #[inline]
    fn string(&mut self) -> Scanned<RawString<'a>> {
        self.at += 1;
        let start = self.at;
        self.at += plain_length(self.document.get(self.at..).unwrap_or_default());
        if self.byte() == Some(b'"') {
            let bytes = self.document.get(start..self.at).unwrap_or_default();
            self.at += 1;
            return Ok(RawString {
                bytes,
                escaped: false,
            });
        }
        self.string_with_escapes(start)
    }

    /// The rest of a string whose first character out of the ordinary is not its closing quote.
    fn string_with_escapes(&mut self, start: usize) -> Scanned<RawString<'a>> {
        loop {
            match self.byte() {
                Some(b'"') => {
                    let bytes = self.document.get(start..self.at).unwrap_or_default();
                    self.at += 1;
                    return Ok(RawString {
                        bytes,
                        escaped: true,
                    });
                }
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(Malformed::Control),
                None => return Err(Malformed::InString),
            }
            self.at += plain_length(self.document.get(self.at..).unwrap_or_default());
        }
    }

    fn escape(&mut self) -> Scanned<()> {
        let length = match self.document.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => match self.code_unit(self.at + 2) {
                Some(0xD800..0xDC00) => match self.code_unit(self.at + 8) {
                    Some(0xDC00..0xE000)
                        if self.document.get(self.at + 6..self.at + 8) == Some(b"\\u") =>
                    {
                        12
                    }
                    _ => return Err(Malformed::Surrogate),
                },
                Some(_) => 6,
                None => return Err(Malformed::Escape),
            },
            _ => return Err(Malformed::Escape),
        };
        self.at += length;
        Ok(())
    }

    /// Four hexadecimal digits.
    fn code_unit(&self, at: usize) -> Option<u32> {
        let digits = self.document.get(at..at + 4)?;
        digits.iter().try_fold(0, |unit, &digit| {
            char::from(digit)
                .to_digit(16)
                .map(|digit| unit * 16 + digit)
        })
    }

    fn byte(&self) -> Option<u8> {
        self.document.get(self.at).copied()
    }

    /// What was wrong, and where the scanner stopped.
    pub(super) fn key_error(&self, malformed: Malformed) -> KeyError {
        KeyError::NotJson {
            offset: self.at,
            reason: malformed.reason(),
        }
    }
}

/// Kinds of the containers that [`Scanner::skip`] is in, one bit for each depth.
#[derive(Default)]
struct Brackets {
    objects: [u64; MAX_DOCUMENT_DEPTH / 64 + 1],
    count: usize,
}

impl Brackets {
    fn push(&mut self, depth: usize, object: bool) {
        let (word, bit) = (depth / 64, 1 << (depth % 64));
        if let Some(word) = self.objects.get_mut(word) {
            *word = if object { *word | bit } else { *word & !bit };
        }
        self.count += 1;
    }

    fn innermost(&self, depth: usize) -> Option<bool> {
        if self.count == 0 {
            return None;
        }
        self.objects
            .get(depth / 64)
            .map(|word| word & (1 << (depth % 64)) != 0)
    }
}

#[cfg(test)]
mod tests;
