//! Which members of an object are wanted, and where the last object had them.

use std::{collections::HashMap, ops::Range};

use hydrant_records::json::{JsonError, Scanner};

use crate::text::text;

/// The wanted members of an object, by number.
///
/// Of a member that is there twice the first counts, as everywhere in this crate.
#[derive(Debug)]
pub(crate) struct Slots {
    index: HashMap<String, usize>,
    /// Key and slot of the n-th member of the last object: the next object most likely has the same.
    order: Vec<(Vec<u8>, Option<usize>)>,
    /// Where each wanted member's value is; empty when it is not there.
    found: Vec<Range<usize>>,
}

impl Slots {
    /// Slots for these names, numbered in this order.
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let index: HashMap<_, _> = names
            .into_iter()
            .enumerate()
            .map(|(slot, name)| (name.to_owned(), slot))
            .collect();
        let found = vec![0..0; index.len()];
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
    /// [`JsonError`] when what starts there is no JSON object.
    pub(crate) fn read_record(&mut self, bytes: &[u8], start: usize) -> Result<usize, JsonError> {
        let mut scanner = Scanner::new(bytes, start);
        self.read_object(&mut scanner)?;
        scanner.check_utf8(start..scanner.offset())?;
        Ok(scanner.offset())
    }

    /// Finds the members of the object where the scanner stands, which then stands behind it.
    ///
    /// # Errors
    ///
    /// [`JsonError`] when no JSON object is there. Whether it is UTF-8 is not looked at.
    pub(crate) fn read_object(&mut self, scanner: &mut Scanner<'_>) -> Result<(), JsonError> {
        self.found.fill(0..0);
        let mut position = 0;
        scanner.enter_object()?;
        while let Some(key) = scanner.next_member()? {
            let value = scanner.skip_value()?;
            let slot = slot(&self.index, &mut self.order, position, scanner.text(key));
            if let Some(found) = slot.and_then(|at| self.found.get_mut(at))
                && found.start == found.end
            {
                *found = value;
            }
            position += 1;
        }
        Ok(())
    }

    /// The value in a slot, from the bytes that were read last.
    #[inline]
    pub(crate) fn value<'a>(&self, slot: usize, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let value = bytes.get(self.found.get(slot)?.clone())?;
        (!value.is_empty()).then_some(value)
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
    let slot = text(key).and_then(|name| index.get(name.as_ref()).copied());
    if let Some(entry) = order.get_mut(position) {
        entry.0.clear();
        entry.0.extend_from_slice(key);
        entry.1 = slot;
    } else if order.len() == position {
        order.push((key.to_vec(), slot));
    }
    slot
}
