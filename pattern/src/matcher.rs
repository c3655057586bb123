//! What one alternative of a pattern says about one value.

use std::borrow::Cow;

use super::{address, address::Addresses, fold::Folded, glob::Glob, number};

/// A leaf of an event.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    /// A string, without quotes and escapes.
    Text(Cow<'a, str>),
    /// A number, `true`, `false` or `null`, as it is spelled.
    Token(&'a str),
}

/// One alternative.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Matcher {
    Text(Box<str>),
    /// An address, or a block of them.
    Address(Addresses),
    /// `true`, `false`, `null`, or a number as it is spelled.
    Token(Box<str>),
    Number(f64),
    Prefix(Box<str>),
    Suffix(Box<str>),
    Folded(Folded),
    FoldedPrefix(Folded),
    FoldedSuffix(Folded),
    Wildcard(Glob),
    Range(Range),
    /// Whatever it is.
    Exists,
    AnythingBut(Excluded),
}

/// What `anything-but` excludes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Excluded {
    Texts(Vec<String>),
    Numbers(Vec<f64>),
    Prefixes(Vec<String>),
    Suffixes(Vec<String>),
    Folded(Vec<Folded>),
    Wildcards(Vec<Glob>),
}

/// Numbers between two bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    pub(super) low: Option<Bound>,
    pub(super) high: Option<Bound>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bound {
    pub(super) value: f64,
    pub(super) inclusive: bool,
}

impl Range {
    fn contains(&self, number: f64) -> bool {
        let above = self
            .low
            .is_none_or(|low| number > low.value || (low.inclusive && number >= low.value));
        let below = self
            .high
            .is_none_or(|high| number < high.value || (high.inclusive && number <= high.value));
        above && below
    }
}

impl Matcher {
    pub(super) fn matches(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::Exists, _) => true,
            (Self::AnythingBut(excluded), value) => !excluded.contains(value),
            (Self::Text(wanted), Value::Text(text)) => **wanted == **text,
            (Self::Address(wanted), Value::Text(text)) => {
                address::parse(text).is_some_and(|address| wanted.contains(address))
            }
            (Self::Prefix(prefix), Value::Text(text)) => text.starts_with(&**prefix),
            (Self::Suffix(suffix), Value::Text(text)) => text.ends_with(&**suffix),
            (Self::Folded(wanted), Value::Text(text)) => wanted.equals(text),
            (Self::FoldedPrefix(prefix), Value::Text(text)) => prefix.starts(text),
            (Self::FoldedSuffix(suffix), Value::Text(text)) => suffix.finishes(text),
            (Self::Wildcard(glob), Value::Text(text)) => glob.matches(text.as_bytes()),
            (Self::Token(wanted), Value::Token(token)) => **wanted == **token,
            #[expect(clippy::float_cmp, reason = "equal decimals are equal doubles")]
            (Self::Number(wanted), Value::Token(token)) => {
                number::parse(token).is_some_and(|number| number == *wanted)
            }
            (Self::Range(range), Value::Token(token)) => {
                number::parse(token).is_some_and(|number| range.contains(number))
            }
            _ => false,
        }
    }
}

impl Excluded {
    fn contains(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::Texts(texts), Value::Text(text)) => texts.iter().any(|it| **it == **text),
            (Self::Numbers(numbers), Value::Token(token)) => {
                number::parse(token).is_some_and(|number| numbers.contains(&number))
            }
            (Self::Prefixes(prefixes), Value::Text(text)) => {
                prefixes.iter().any(|it| text.starts_with(it))
            }
            (Self::Suffixes(suffixes), Value::Text(text)) => {
                suffixes.iter().any(|it| text.ends_with(it))
            }
            (Self::Folded(folded), Value::Text(text)) => folded.iter().any(|it| it.equals(text)),
            (Self::Wildcards(globs), Value::Text(text)) => {
                globs.iter().any(|it| it.matches(text.as_bytes()))
            }
            _ => false,
        }
    }
}
