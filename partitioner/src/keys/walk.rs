//! The keys of a query that are plain paths.

use std::str::from_utf8;

use hydrant_records::json::unescape;
use jiff::civil::DateTime;

use super::error::KeyError;
use super::expression::{Alternative, FastExpression, Source, Take};
use super::found::{Found, Slots};
use super::memo::Deciding;
use super::partition_keys::PartitionKeys;
use super::paths::Paths;
use super::time::{NotATime, UP_TO_HOUR, unescaped, utc_of_number, utc_of_text};
use super::values::ValueRules;

/// The paths to find in a record, and the keys to make of what they lead to.
#[derive(Debug)]
pub(super) struct Walk {
    paths: Paths,
    keys: Vec<Key>,
}

#[derive(Debug)]
struct Key {
    name: String,
    alternatives: Vec<Alternative>,
    /// Slot of each alternative that is a path.
    slots: Vec<usize>,
}

/// The time that was read last: the keys of one time mostly follow one another.
#[derive(Default)]
struct Times(Option<(usize, DateTime)>);

impl Times {
    /// The time in a slot, which `read` reads.
    fn get(
        &mut self,
        slot: usize,
        read: impl FnOnce() -> Result<DateTime, NotATime>,
    ) -> Result<DateTime, NotATime> {
        match self.0 {
            Some((known, time)) if known == slot => Ok(time),
            _ => {
                let time = read()?;
                self.0 = Some((slot, time));
                Ok(time)
            }
        }
    }
}

impl Walk {
    pub(super) fn new(keys: Vec<(String, FastExpression)>) -> Self {
        let mut paths = Paths::new();
        let keys = keys.into_iter().map(|(name, expression)| {
            let alternatives = expression.alternatives;
            let slots = alternatives
                .iter()
                .map(|alternative| match &alternative.source {
                    Source::Path(path) => paths.add(path),
                    Source::Text(_) => usize::MAX,
                });
            Key {
                name,
                slots: slots.collect(),
                alternatives,
            }
        });
        let keys = keys.collect();
        Self { paths, keys }
    }

    /// Paths that no key asks for.
    pub(super) fn of_paths(paths: Paths) -> Self {
        let keys = Vec::new();
        Self { paths, keys }
    }

    /// The places where values are to be found.
    pub(super) fn paths(&self) -> &Paths {
        &self.paths
    }

    /// What of a text decides about the keys, for each slot of [`Self::paths`].
    pub(super) fn deciding(&self) -> Vec<Deciding> {
        let mut deciding = vec![None; self.paths.slots()];
        for key in &self.keys {
            for (alternative, &slot) in key.alternatives.iter().zip(&key.slots) {
                if let Some(known) = deciding.get_mut(slot) {
                    let this = alternative.take.deciding();
                    *known = Some(known.map_or(this, |known: Deciding| known.and(this)));
                }
            }
        }
        let whole = |deciding: Option<_>| deciding.unwrap_or(Deciding::Whole);
        deciding.into_iter().map(whole).collect()
    }

    /// Appends the keys of a record, given what stands in each slot of [`Self::paths`].
    pub(super) fn render(
        &self,
        slots: &Slots<'_>,
        rules: &ValueRules,
        out: &mut PartitionKeys,
    ) -> Result<(), KeyError> {
        let mut times = Times::default();
        self.keys
            .iter()
            .try_for_each(|key| key.render(slots, &mut times, rules, out))
    }
}

impl Take {
    /// What of a text decides about what is taken of it.
    fn deciding(&self) -> Deciding {
        match self {
            Self::Slice(slice) => match slice.reach() {
                Some(chars) => Deciding::Beginning { chars, hour: false },
                None => Deciding::Whole,
            },
            Self::Utc(pattern) if pattern.is_of_an_hour() => Deciding::Beginning {
                chars: UP_TO_HOUR,
                hour: true,
            },
            Self::Whole | Self::Utc(_) => Deciding::Whole,
        }
    }
}

impl Key {
    /// Appends the key: the first alternative that is neither null nor false, else the last. An
    /// alternative that is an error ends the search, as in jq 1.6.
    fn render(
        &self,
        slots: &Slots<'_>,
        times: &mut Times,
        rules: &ValueRules,
        out: &mut PartitionKeys,
    ) -> Result<(), KeyError> {
        let last = self.alternatives.len().saturating_sub(1);
        for (place, (alternative, &slot)) in self.alternatives.iter().zip(&self.slots).enumerate() {
            let found = match &alternative.source {
                Source::Text(text) => {
                    return rules.push(&self.name, out, |out| out.push_str(text));
                }
                Source::Path(_) => slots.get(slot),
            };
            let found = match &alternative.take {
                Take::Whole => found,
                Take::Slice(_) => found.sliceable(),
                Take::Utc(_) => found.timely(),
            };
            if place == last || !found.is_falsy() {
                return self.push(&alternative.take, (slot, found), times, rules, out);
            }
        }
        rules.missing(&self.name, out)
    }

    fn push(
        &self,
        take: &Take,
        (slot, found): (usize, Found<'_>),
        times: &mut Times,
        rules: &ValueRules,
        out: &mut PartitionKeys,
    ) -> Result<(), KeyError> {
        let key = || self.name.clone();
        match found {
            Found::Refused => Err(KeyError::NotApplicable { key: key() }),
            Found::Array => Err(KeyError::NotScalar {
                key: key(),
                kind: "array",
            }),
            Found::Object => Err(KeyError::NotScalar {
                key: key(),
                kind: "object",
            }),
            Found::Null => rules.missing(&self.name, out),
            Found::Bool(true) => rules.push(&self.name, out, |out| out.push_str("true")),
            Found::Bool(false) => rules.push(&self.name, out, |out| out.push_str("false")),
            Found::Number(text) | Found::String(text) => {
                let text = from_utf8(text).map_err(|_| KeyError::NotUtf8 { key: key() })?;
                match take {
                    Take::Utc(pattern) => {
                        let read = || match found {
                            Found::Number(_) => utc_of_number(text),
                            _ => utc_of_text(&unescaped(text)),
                        };
                        let utc = times.get(slot, read);
                        let utc =
                            utc.map_err(|NotATime(text)| KeyError::NotATime { key: key(), text })?;
                        rules.push(&self.name, out, |out| pattern.format_utc(utc, out))
                    }
                    Take::Whole => rules.push(&self.name, out, |out| unescape(text, out)),
                    Take::Slice(slice) => rules.push(&self.name, out, |out| {
                        out.push_str(slice.of(&unescaped(text)));
                    }),
                }
            }
        }
    }
}
