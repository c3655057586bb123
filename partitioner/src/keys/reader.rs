//! Finds what a query asks for while somebody scans a record.

use std::ops::Range;

use hydrant_records::json::{JsonError, Scanner};

use super::KeyQuery;
use super::error::KeyError;
use super::found::{Found, Slots};
use super::partition_keys::PartitionKeys;
use super::paths::{KeyPlace, Node};

/// Finds the keys of one record in somebody else's scan of it, so that the record is read once.
///
/// The caller scans as far down as it has reasons of its own to, tells the reader which objects it
/// [enters](Self::enter_object), and lets the reader pass every value in it whose place it asked for with
/// [`member`](Self::member). Where the record is to be changed after the scan, [`value_at`](Self::value_at)
/// reads the new value instead. [`finish`](Self::finish) then gives what [`KeyQuery::evaluate`] gives for
/// the changed record.
#[derive(Debug)]
pub struct KeyReader<'q, 'a> {
    query: &'q KeyQuery,
    slots: Slots<'a>,
}

impl<'q, 'a> KeyReader<'q, 'a> {
    pub(super) fn new(query: &'q KeyQuery) -> Self {
        Self {
            query,
            slots: Slots::new(query.plan.walk.paths().slots()),
        }
    }

    /// The place of the member whose key is spelled so between its quotes, in the object at `place`.
    #[inline]
    pub fn member(&self, place: KeyPlace, key: &[u8]) -> KeyPlace {
        self.query.plan.walk.paths().member(place, key)
    }

    /// Says that an object starts at `place`, whose members follow. What was found there before, in a
    /// member of the same name, no longer counts.
    #[inline]
    pub fn enter_object(&mut self, place: KeyPlace) {
        if let Some(node) = self.node(place) {
            self.found(node, Found::Object, Found::Null, Found::Refused);
        }
    }

    /// As [`enter_object`](Self::enter_object) at a place where nothing was found before.
    #[inline]
    pub fn first_object(&mut self, place: KeyPlace) {
        if let Some(node) = self.node(place) {
            self.slots.fill(node.slot.as_slice(), Found::Object);
            self.slots.fill(&node.below_indexes, Found::Refused);
        }
    }

    /// Takes a string for what stands at `place`: `text` is what stands between its quotes.
    #[inline]
    pub fn string_at(&mut self, place: KeyPlace, text: &'a [u8]) {
        if let Some(node) = self.node(place) {
            self.scalar(node, Found::String(text));
        }
    }

    /// Passes the value where `scanner` stands, as [`Scanner::skip_value`] does, and takes from it what
    /// the query wants of `place`. What was found there before no longer counts.
    ///
    /// # Errors
    /// What is not JSON.
    #[inline]
    pub fn value(
        &mut self,
        place: KeyPlace,
        scanner: &mut Scanner<'a>,
    ) -> Result<Range<usize>, JsonError> {
        match self.node(place) {
            None => scanner.skip_value(),
            Some(node) => self.wanted(node, scanner),
        }
    }

    /// Takes `value`, the text of a JSON value that starts at its first byte, for what stands at `place`.
    ///
    /// # Errors
    /// What is not JSON, with its offset in `value`.
    #[inline]
    pub fn value_at(&mut self, place: KeyPlace, value: &'a [u8]) -> Result<(), JsonError> {
        match self.node(place) {
            None => Ok(()),
            Some(node) => self.wanted(node, &mut Scanner::new(value, 0)).map(drop),
        }
    }

    /// Makes the keys of what was found. `record` is the changed record, one JSON document, for the keys
    /// that need jq; no other key reads it. `out` is filled as by [`KeyQuery::evaluate`].
    ///
    /// # Errors
    /// A key has no usable value.
    pub fn finish(&self, record: &[u8], out: &mut PartitionKeys) -> Result<(), KeyError> {
        out.clear();
        let plan = &self.query.plan;
        let rules = &self.query.rules;
        plan.walk.render(&self.slots, rules, out)?;
        match &plan.program {
            Some(program) => program.evaluate(record, rules, out),
            None => Ok(()),
        }
    }

    /// What was found so far.
    pub(super) fn slots(&self) -> &Slots<'a> {
        &self.slots
    }

    /// With the lifetime of the query, so that the reader can be filled meanwhile.
    #[inline]
    fn node(&self, place: KeyPlace) -> Option<&'q Node> {
        self.query.plan.walk.paths().node(place)
    }

    /// Recursion ends where the paths do.
    fn wanted(
        &mut self,
        node: &'q Node,
        scanner: &mut Scanner<'a>,
    ) -> Result<Range<usize>, JsonError> {
        let start = scanner.offset();
        match scanner.peek() {
            Some(b'{') => {
                self.object(node, scanner)?;
                Ok(start..scanner.offset())
            }
            Some(b'[') => {
                self.array(node, scanner)?;
                Ok(start..scanner.offset())
            }
            _ => {
                let value = scanner.skip_value()?;
                self.scalar(node, Found::scalar(scanner.text(value.clone())));
                Ok(value)
            }
        }
    }

    #[inline]
    fn scalar(&mut self, node: &Node, scalar: Found<'a>) {
        let below = match scalar {
            Found::Null => Found::Null,
            _ => Found::Refused,
        };
        self.found(node, scalar, below, below);
    }

    fn object(&mut self, node: &'q Node, scanner: &mut Scanner<'a>) -> Result<(), JsonError> {
        scanner.enter_object()?;
        self.found(node, Found::Object, Found::Null, Found::Refused);
        while let Some(key) = scanner.next_member()? {
            let place = node.member(scanner.text(key));
            self.value(place, scanner)?;
        }
        Ok(())
    }

    fn array(&mut self, node: &'q Node, scanner: &mut Scanner<'a>) -> Result<(), JsonError> {
        scanner.enter_array()?;
        self.found(node, Found::Array, Found::Refused, Found::Null);
        let mut position = 0;
        while scanner.next_element()? {
            self.value(node.element(position), scanner)?;
            position += 1;
        }
        Ok(())
    }

    /// Fills every slot at a node and below it, so that the last of several members with one name is the
    /// one that counts.
    #[inline]
    fn found(&mut self, node: &Node, here: Found<'a>, field: Found<'a>, element: Found<'a>) {
        self.slots.fill(node.slot.as_slice(), here);
        self.slots.fill(&node.below_fields, field);
        self.slots.fill(&node.below_indexes, element);
    }
}
