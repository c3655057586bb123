//! Which members of an object are wanted, and where the last object had them.

use std::collections::HashMap;

use crate::json::{Fault, each_member, object_end, unescape};

/// The text of one inflated object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    /// The text.
    pub(crate) bytes: &'a [u8],
    /// Whether all of it is UTF-8; when it is not, each record is looked at on its own.
    pub(crate) is_utf8: bool,
}

impl<'a> Text<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            is_utf8: simdutf8::basic::from_utf8(bytes).is_ok(),
        }
    }

    /// The end of the record that starts at `start`; `member` sees its members, see [`object_end`].
    ///
    /// # Errors
    ///
    /// [`Fault`] when what starts there is no JSON object, or not UTF-8.
    pub(crate) fn record_end(
        &self,
        start: usize,
        member: impl FnMut(&[u8], usize, usize),
    ) -> Result<usize, Fault> {
        if self.bytes.get(start) != Some(&b'{') {
            return Err(Fault {
                at: start,
                reason: "a record is a JSON object: expected `{`",
            });
        }
        let end = object_end(self.bytes, start, 0, member)?;
        let record = self.bytes.get(start..end).unwrap_or_default();
        if !self.is_utf8 && simdutf8::basic::from_utf8(record).is_err() {
            return Err(Fault {
                at: start,
                reason: "the record is not UTF-8",
            });
        }
        Ok(end)
    }
}

/// The wanted members of an object, by number.
///
/// Of a member that is there twice the last counts, as in jq and in every JSON library that builds a map.
#[derive(Debug)]
pub(crate) struct Slots {
    index: HashMap<String, usize>,
    /// Key and slot of the n-th member of the last object: the next object most likely has the same.
    order: Vec<(Vec<u8>, Option<usize>)>,
    /// Where each wanted member's value is; empty when it is not there.
    found: Vec<(usize, usize)>,
}

impl Slots {
    /// Slots for these names, numbered in this order.
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let index: HashMap<_, _> = names
            .into_iter()
            .enumerate()
            .map(|(slot, name)| (name.to_owned(), slot))
            .collect();
        let found = vec![(0, 0); index.len()];
        Self {
            index,
            order: Vec::new(),
            found,
        }
    }

    /// Finds the members of the record at `start`, checking all of it; gives its end.
    ///
    /// # Errors
    ///
    /// As [`Text::record_end`].
    pub(crate) fn read_record(&mut self, text: Text<'_>, start: usize) -> Result<usize, Fault> {
        self.found.fill((0, 0));
        let Self {
            index,
            order,
            found,
        } = self;
        let mut position = 0;
        text.record_end(start, |key, start, end| {
            if let Some(found) = slot(index, order, position, key).and_then(|at| found.get_mut(at))
            {
                *found = (start, end);
            }
            position += 1;
        })
    }

    /// Finds the members of an object that was accepted before.
    pub(crate) fn read_accepted(&mut self, object: &[u8]) {
        self.found.fill((0, 0));
        let Self {
            index,
            order,
            found,
        } = self;
        let mut position = 0;
        each_member(object, |key, start, end| {
            if let Some(found) = slot(index, order, position, key).and_then(|at| found.get_mut(at))
            {
                *found = (start, end);
            }
            position += 1;
        });
    }

    /// The value in a slot, from the bytes that were read last.
    #[inline]
    pub(crate) fn value<'a>(&self, slot: usize, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let &(start, end) = self.found.get(slot)?;
        bytes.get(start..end).filter(|value| !value.is_empty())
    }
}

#[inline]
fn slot(
    index: &HashMap<String, usize>,
    order: &mut Vec<(Vec<u8>, Option<usize>)>,
    position: usize,
    key: &[u8],
) -> Option<usize> {
    if let Some((known, slot)) = order.get(position)
        && known == key
    {
        return *slot;
    }
    let slot = unescape(key).and_then(|name| index.get(name.as_ref()).copied());
    if let Some(entry) = order.get_mut(position) {
        entry.0.clear();
        entry.0.extend_from_slice(key);
        entry.1 = slot;
    } else if order.len() == position {
        order.push((key.to_vec(), slot));
    }
    slot
}
