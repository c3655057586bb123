use std::fmt;

use crate::limits::MAX_JSON_DEPTH;

/// Why a text is not JSON, and where: never the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct JsonError {
    /// What is wrong.
    pub kind: JsonErrorKind,
    /// The first offending byte; the length of the text where it ended too early.
    pub offset: usize,
}

/// What is wrong with a text that is not JSON (RFC 8259).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// The text ended inside a value.
    UnexpectedEnd,
    /// Something that starts no value.
    ExpectedValue,
    /// The caller asked for an object and something else starts here.
    ExpectedObject,
    /// The caller asked for an array and something else starts here.
    ExpectedArray,
    /// Something other than a string where an object's next key belongs, such as a trailing comma's brace.
    ExpectedKey,
    /// No `:` after a key.
    ExpectedColon,
    /// Neither `,` nor `}` after a member.
    ExpectedCommaOrBrace,
    /// Neither `,` nor `]` after an element.
    ExpectedCommaOrBracket,
    /// Something other than a further value after a complete one, such as one brace too many.
    AfterValue,
    /// A word that is not `true`, `false` or `null`.
    Literal,
    /// A number that the grammar does not have, such as `01`, `1.` or `+1`.
    Number,
    /// A control character in a string that is not written as an escape.
    ControlCharacter,
    /// A backslash before something that needs none.
    Escape,
    /// `\u` without four hexadecimal digits.
    UnicodeEscape,
    /// Bytes that are not UTF-8.
    Utf8,
    /// Nested deeper than [`MAX_JSON_DEPTH`].
    TooDeep,
}

impl fmt::Display for JsonErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnexpectedEnd => "the text ends inside a value",
            Self::ExpectedValue => "expected a value",
            Self::ExpectedObject => "expected an object",
            Self::ExpectedArray => "expected an array",
            Self::ExpectedKey => "expected a key in double quotes",
            Self::ExpectedColon => "expected ':' after a key",
            Self::ExpectedCommaOrBrace => "expected ',' or '}' after a member",
            Self::ExpectedCommaOrBracket => "expected ',' or ']' after an element",
            Self::AfterValue => "unexpected text after a complete value",
            Self::Literal => "expected true, false or null",
            Self::Number => "malformed number",
            Self::ControlCharacter => "unescaped control character in a string",
            Self::Escape => "unknown escape in a string",
            Self::UnicodeEscape => "\\u without four hexadecimal digits",
            Self::Utf8 => "bytes that are not UTF-8",
            Self::TooDeep => {
                return write!(f, "more than {MAX_JSON_DEPTH} levels of nesting");
            }
        })
    }
}
