//! What a path leads to in a record.

/// A value that a path led to, as the record spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// Null, or nothing.
    Null,
    Bool(bool),
    Number(&'a [u8]),
    /// What stands between the quotes.
    String(&'a [u8]),
    Array,
    Object,
    /// jq would raise an error: the path does not apply to the types on its way.
    Refused,
}

impl<'a> Found<'a> {
    /// Reads a value that passed as JSON and is neither array nor object.
    pub(super) fn scalar(value: &'a [u8]) -> Self {
        match value {
            [b'"', text @ .., b'"'] => Self::String(text),
            [b't', ..] => Self::Bool(true),
            [b'f', ..] => Self::Bool(false),
            [b'-' | b'0'..=b'9', ..] => Self::Number(value),
            _ => Self::Null,
        }
    }

    /// What a slice applies to: strings, arrays and null; jq raises an error for the rest.
    pub(super) fn sliceable(self) -> Self {
        match self {
            Self::String(_) | Self::Null | Self::Array => self,
            _ => Self::Refused,
        }
    }

    /// What can be a time: strings, numbers and null.
    pub(super) fn timely(self) -> Self {
        match self {
            Self::String(_) | Self::Number(_) | Self::Null => self,
            _ => Self::Refused,
        }
    }

    /// What `//` passes over.
    pub(super) fn is_falsy(self) -> bool {
        matches!(self, Self::Null | Self::Bool(false))
    }
}

/// Few queries have more paths than this; the others pay one allocation for each record.
const INLINE: usize = 8;

/// What each path of a query led to; nothing at first.
#[derive(Debug)]
pub(super) struct Slots<'a> {
    first: [Found<'a>; INLINE],
    more: Vec<Found<'a>>,
}

impl<'a> Slots<'a> {
    /// For so many paths.
    #[inline]
    pub(super) fn new(paths: usize) -> Self {
        Self {
            first: [Found::Null; INLINE],
            more: vec![Found::Null; paths.saturating_sub(INLINE)],
        }
    }

    /// What a path led to.
    #[inline]
    pub(super) fn get(&self, slot: usize) -> Found<'a> {
        let found = match slot.checked_sub(INLINE) {
            None => self.first.get(slot),
            Some(slot) => self.more.get(slot),
        };
        found.copied().unwrap_or(Found::Null)
    }

    /// The paths of these slots led to `found`.
    #[inline]
    pub(super) fn fill(&mut self, slots: &[usize], found: Found<'a>) {
        for &slot in slots {
            let place = match slot.checked_sub(INLINE) {
                None => self.first.get_mut(slot),
                Some(slot) => self.more.get_mut(slot),
            };
            if let Some(place) = place {
                *place = found;
            }
        }
    }
}
