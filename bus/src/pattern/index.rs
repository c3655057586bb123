//! Which branches a value calls for.

use std::collections::HashMap;

use super::{
    expression::Alternatives,
    hash::Quick,
    matcher::{Matcher, Value},
    number,
};

/// What a value must have for an alternative to hold. A value that has it need not match.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Text(Box<[u8]>),
    /// In lower case, of ASCII alone.
    Folded(Box<[u8]>),
    Prefix(Box<[u8]>),
    Suffix(Box<[u8]>),
    Token(Box<[u8]>),
    /// The bits of a double.
    Number(u64),
    /// Any value.
    Whole,
}

impl Key {
    pub(super) fn is_whole(&self) -> bool {
        *self == Self::Whole
    }
}

/// One key for each alternative.
pub(super) fn keys(alternatives: &Alternatives) -> Vec<Key> {
    let key = |matcher: &Matcher| match matcher {
        Matcher::Text(text) => Key::Text(text.as_bytes().into()),
        Matcher::Token(token) => Key::Token(token.as_bytes().into()),
        // Zero has two spellings in bits.
        Matcher::Number(number) => Key::Number((number + 0.0).to_bits()),
        Matcher::Prefix(prefix) if !prefix.is_empty() => Key::Prefix(prefix.as_bytes().into()),
        Matcher::Suffix(suffix) if !suffix.is_empty() => Key::Suffix(suffix.as_bytes().into()),
        Matcher::Folded(folded) => folded
            .ascii()
            .map_or(Key::Whole, |ascii| Key::Folded(ascii.as_bytes().into())),
        Matcher::Wildcard(glob) => match glob.anchors() {
            ([], []) => Key::Whole,
            (start, end) if start.len() >= end.len() => Key::Prefix(start.into()),
            (_, end) => Key::Suffix(end.into()),
        },
        _ => Key::Whole,
    };
    let keys: Vec<Key> = alternatives.matchers.iter().map(key).collect();
    if keys.contains(&Key::Whole) {
        return vec![Key::Whole];
    }
    keys
}

type Calls = HashMap<Box<[u8]>, Vec<u32>, Quick>;

/// The branches that values of one path call for.
#[derive(Debug, Default)]
pub(super) struct PathIndex {
    texts: Calls,
    folded: Calls,
    /// By length.
    prefixes: Vec<(usize, Calls)>,
    suffixes: Vec<(usize, Calls)>,
    tokens: Calls,
    numbers: HashMap<u64, Vec<u32>, Quick>,
    whole: Vec<u32>,
    used: bool,
}

impl PathIndex {
    pub(super) fn add(&mut self, key: Key, branch: u32) {
        self.used = true;
        let place = match key {
            Key::Text(text) => self.texts.entry(text).or_default(),
            Key::Folded(text) => self.folded.entry(text).or_default(),
            Key::Token(token) => self.tokens.entry(token).or_default(),
            Key::Number(bits) => self.numbers.entry(bits).or_default(),
            Key::Prefix(text) => by_length(&mut self.prefixes, text),
            Key::Suffix(text) => by_length(&mut self.suffixes, text),
            Key::Whole => &mut self.whole,
        };
        place.push(branch);
    }

    pub(super) fn finish(&mut self) {
        self.prefixes.sort_by_key(|(length, _)| *length);
        self.suffixes.sort_by_key(|(length, _)| *length);
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.used
    }

    /// Gives `call` the branches that `value` calls for.
    pub(super) fn each(&self, value: &Value<'_>, call: &mut impl FnMut(u32)) {
        self.whole.iter().for_each(|branch| call(*branch));
        let mut of = |calls: &Calls, key: &[u8]| {
            if let Some(branches) = calls.get(key) {
                branches.iter().for_each(|branch| call(*branch));
            }
        };
        match value {
            Value::Text(text) => {
                let text = text.as_bytes();
                if !self.texts.is_empty() {
                    of(&self.texts, text);
                }
                if !self.folded.is_empty() {
                    of(&self.folded, &text.to_ascii_lowercase());
                }
                for (length, calls) in &self.prefixes {
                    match text.get(..*length) {
                        Some(prefix) => of(calls, prefix),
                        None => break,
                    }
                }
                for (length, calls) in &self.suffixes {
                    match text.len().checked_sub(*length) {
                        Some(start) => of(calls, &text[start..]),
                        None => break,
                    }
                }
            }
            Value::Token(token) => {
                if !self.tokens.is_empty() {
                    of(&self.tokens, token.as_bytes());
                }
                if !self.numbers.is_empty()
                    && let Some(number) = number::parse(token)
                    && let Some(branches) = self.numbers.get(&(number + 0.0).to_bits())
                {
                    branches.iter().for_each(|branch| call(*branch));
                }
            }
        }
    }
}

fn by_length(all: &mut Vec<(usize, Calls)>, text: Box<[u8]>) -> &mut Vec<u32> {
    let length = text.len();
    let place = all.iter().position(|(it, _)| *it == length);
    let place = place.unwrap_or_else(|| {
        all.push((length, Calls::default()));
        all.len() - 1
    });
    all[place].1.entry(text).or_default()
}
