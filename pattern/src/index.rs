//! Which branches a value calls for.

use std::collections::HashMap;

use super::{
    expression::Alternatives,
    hash::Quick,
    matcher::{Bound, Matcher, Value},
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
    /// The bits of its bounds, and whether they belong to it.
    Range(Option<(u64, bool)>, Option<(u64, bool)>),
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
        Matcher::Range(range) => {
            let bits = |bound: Bound| ((bound.value + 0.0).to_bits(), bound.inclusive);
            Key::Range(range.low.map(bits), range.high.map(bits))
        }
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
    ranges: Ranges,
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
            Key::Range(low, high) => {
                self.ranges.all.push((low, high, branch));
                return;
            }
            Key::Whole => &mut self.whole,
        };
        place.push(branch);
    }

    pub(super) fn finish(&mut self) {
        self.prefixes.sort_by_key(|(length, _)| *length);
        self.suffixes.sort_by_key(|(length, _)| *length);
        self.whole.append(&mut self.ranges.finish());
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.used
    }

    /// Gives `call` the branches that `value` calls for.
    pub(super) fn each(&self, value: &Value<'_>, call: &mut impl FnMut(u32)) {
        for branch in &self.whole {
            call(*branch);
        }
        let mut of = |calls: &Calls, key: &[u8]| {
            if let Some(branches) = calls.get(key) {
                for branch in branches {
                    call(*branch);
                }
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
                if self.numbers.is_empty() && self.ranges.slots.is_empty() {
                    return;
                }
                let Some(number) = number::parse(token) else {
                    return;
                };
                let equal = self.numbers.get(&(number + 0.0).to_bits());
                for branch in equal.into_iter().flatten() {
                    call(*branch);
                }
                for branch in self.ranges.of(number) {
                    call(*branch);
                }
            }
        }
    }
}

/// A bound in bits, and whether it belongs to the range.
type BoundBits = Option<(u64, bool)>;

/// Ranges of numbers. The bounds of all of them cut the numbers into slots, and each slot knows the ranges that
/// it is in.
#[derive(Debug, Default)]
struct Ranges {
    all: Vec<(BoundBits, BoundBits, u32)>,
    bounds: Vec<f64>,
    /// What lies below the first bound, the bound, what lies between it and the next, and so on.
    slots: Vec<Vec<u32>>,
}

/// Entries in all slots together: where ranges overlap so much that there would be more, they are no help.
const MAX_ENTRIES: usize = 1 << 20;

impl Ranges {
    /// Makes the slots, or gives the branches back for which that would cost too much.
    fn finish(&mut self) -> Vec<u32> {
        let all = std::mem::take(&mut self.all);
        if all.is_empty() {
            return Vec::new();
        }
        let ends = all.iter().flat_map(|(low, high, _)| [low, high]);
        let mut bounds: Vec<f64> = ends
            .flatten()
            .map(|(bits, _)| f64::from_bits(*bits))
            .collect();
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        let place = |bits: u64| {
            let value = f64::from_bits(bits);
            bounds.partition_point(|bound| *bound < value)
        };
        let spans: Vec<(usize, usize, u32)> = all
            .iter()
            .map(|(low, high, branch)| {
                let from = low.map_or(0, |(bits, inclusive)| {
                    2 * place(bits) + if inclusive { 1 } else { 2 }
                });
                let to = high.map_or(2 * bounds.len(), |(bits, inclusive)| {
                    2 * place(bits) + usize::from(inclusive)
                });
                (from, to, *branch)
            })
            .collect();
        let entries = spans
            .iter()
            .map(|(from, to, _)| (to + 1).saturating_sub(*from));
        if entries.sum::<usize>() > MAX_ENTRIES {
            return all.iter().map(|(.., branch)| *branch).collect();
        }
        let mut slots = vec![Vec::new(); 2 * bounds.len() + 1];
        for (from, to, branch) in spans {
            for slot in slots.iter_mut().take(to + 1).skip(from) {
                slot.push(branch);
            }
        }
        (self.bounds, self.slots) = (bounds, slots);
        Vec::new()
    }

    /// The branches of the ranges that `number` is in.
    fn of(&self, number: f64) -> &[u32] {
        let above = self.bounds.partition_point(|bound| *bound < number);
        #[expect(clippy::float_cmp, reason = "a bound is met exactly or not")]
        let met = self.bounds.get(above).is_some_and(|bound| *bound == number);
        let slot = self.slots.get(2 * above + usize::from(met));
        slot.map_or(&[], Vec::as_slice)
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
