//! The identity of a buffer: records with equal partitions share an object.

use std::borrow::Borrow;

/// Checked values of the partition keys that a [`Prefix`](super::Prefix) uses, in the order in which it
/// first uses them. Everything else in an evaluated prefix depends on the object, not on the record.
///
/// It is one compact string: cheap to hash and to compare, and a map keyed by it can be asked with
/// [`as_str`](Self::as_str), so that a reused `Partition` makes lookups free of allocation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition {
    /// Each value with [`SEPARATOR`] after it.
    text: String,
}

/// Stands in no value: confinement lets no control character through.
const SEPARATOR: char = '\n';

impl Partition {
    /// The partition of a prefix without partition keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// The values, each with a line break after it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The values, in the order in which the prefix first uses their keys.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.text.split_terminator(SEPARATOR)
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
    }

    /// Adds the value that `write` appends.
    pub(super) fn push<E>(
        &mut self,
        write: impl FnOnce(&mut String) -> Result<(), E>,
    ) -> Result<(), E> {
        write(&mut self.text)?;
        self.text.push(SEPARATOR);
        Ok(())
    }
}

impl Borrow<str> for Partition {
    fn borrow(&self) -> &str {
        &self.text
    }
}
