//! The keys of a query that are plain paths.

use std::str::from_utf8;

use hydrant_records::json::unescape;

use super::error::KeyError;
use super::expression::{Alternative, FastExpression, Source};
use super::found::{Found, Slots};
use super::partition_keys::PartitionKeys;
use super::paths::Paths;

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

    /// The places where values are to be found.
    pub(super) fn paths(&self) -> &Paths {
        &self.paths
    }

    /// Appends the keys of a record, given what stands in each slot of [`Self::paths`].
    pub(super) fn render(
        &self,
        slots: &Slots<'_>,
        out: &mut PartitionKeys,
    ) -> Result<(), KeyError> {
        self.keys.iter().try_for_each(|key| key.render(slots, out))
    }
}

impl Key {
    /// Appends the key: the first alternative that is neither null nor false, else the last. An
    /// alternative that is an error ends the search, as in jq 1.6.
    fn render(&self, slots: &Slots<'_>, out: &mut PartitionKeys) -> Result<(), KeyError> {
        let last = self.alternatives.len().saturating_sub(1);
        for (place, (alternative, &slot)) in self.alternatives.iter().zip(&self.slots).enumerate() {
            let found = match &alternative.source {
                Source::Text(text) => return self.push_text(text, out),
                Source::Path(_) => slots.get(slot),
            };
            let found = if alternative.slice.is_some() {
                found.sliceable()
            } else {
                found
            };
            if place == last || !found.is_falsy() {
                return self.push(alternative, found, out);
            }
        }
        Err(self.null_or_empty())
    }

    fn push(
        &self,
        alternative: &Alternative,
        found: Found<'_>,
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
            Found::Null => Err(self.null_or_empty()),
            Found::Bool(true) => self.push_text("true", out),
            Found::Bool(false) => self.push_text("false", out),
            Found::Number(text) | Found::String(text) => {
                let text = from_utf8(text).map_err(|_| KeyError::NotUtf8 { key: key() })?;
                self.push_spelled(alternative, text, out)
            }
        }
    }

    /// Appends a string or a number as it is spelled; no number has a backslash.
    fn push_spelled(
        &self,
        alternative: &Alternative,
        spelled: &str,
        out: &mut PartitionKeys,
    ) -> Result<(), KeyError> {
        let length = out.push(&self.name, |text| match alternative.slice {
            None => unescape(spelled, text),
            Some(slice) if !spelled.contains('\\') => text.push_str(slice.of(spelled)),
            Some(slice) => {
                let mut whole = String::with_capacity(spelled.len());
                unescape(spelled, &mut whole);
                text.push_str(slice.of(&whole));
            }
        });
        if length == 0 {
            return Err(self.null_or_empty());
        }
        Ok(())
    }

    fn push_text(&self, value: &str, out: &mut PartitionKeys) -> Result<(), KeyError> {
        if value.is_empty() {
            return Err(self.null_or_empty());
        }
        out.push(&self.name, |text| text.push_str(value));
        Ok(())
    }

    fn null_or_empty(&self) -> KeyError {
        KeyError::NullOrEmpty {
            key: self.name.clone(),
        }
    }
}
