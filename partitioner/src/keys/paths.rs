//! The paths of a query, merged by their common beginnings.

use super::expression::{Path, Step};
use hydrant_records::json::key_equals;

/// A place in a record, as far as a query looks there: [`KeyPlace::RECORD`], and from there a
/// [`member`](crate::KeyReader::member) at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPlace(usize);

impl KeyPlace {
    /// The record itself.
    pub const RECORD: Self = Self(0);
    /// Where the query does not look.
    pub(super) const ELSEWHERE: Self = Self(usize::MAX);
}

/// A tree of places.
#[derive(Debug)]
pub(super) struct Paths {
    nodes: Vec<Node>,
    slots: usize,
}

/// A place that a path leads to or through.
#[derive(Debug, Default)]
pub(super) struct Node {
    fields: Vec<(String, KeyPlace)>,
    indexes: Vec<(usize, KeyPlace)>,
    /// The slot of the path that ends here.
    pub(super) slot: Option<usize>,
    /// Slots of the paths that go on through a field, and through an index.
    pub(super) below_fields: Vec<usize>,
    pub(super) below_indexes: Vec<usize>,
}

impl Paths {
    /// No paths yet.
    pub(super) fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
            slots: 0,
        }
    }

    /// How many slots the paths have between them, counted from 0.
    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    /// What the query wants at a place.
    #[inline]
    pub(super) fn node(&self, place: KeyPlace) -> Option<&Node> {
        self.nodes.get(place.0)
    }

    /// The place of the member whose key is spelled so, in the object at `place`.
    #[inline]
    pub(super) fn member(&self, place: KeyPlace, key: &[u8]) -> KeyPlace {
        let node = self.node(place);
        node.map_or(KeyPlace::ELSEWHERE, |node| node.member(key))
    }

    /// The names of the members that paths go through or end at, in the object at `place`.
    pub(super) fn members(&self, place: KeyPlace) -> impl Iterator<Item = (&str, KeyPlace)> {
        let fields = self.node(place).map_or(&[][..], |node| &node.fields);
        fields.iter().map(|(name, place)| (name.as_str(), *place))
    }

    /// Adds a path and gives its slot.
    pub(super) fn add(&mut self, path: &Path) -> usize {
        let mut node = 0;
        let mut on_the_way = Vec::new();
        for step in &path.steps {
            on_the_way.push((node, matches!(step, Step::Field(_))));
            node = self.child(node, step).0;
        }
        if let Some(slot) = self.nodes[node].slot {
            return slot;
        }
        let slot = self.slots;
        self.slots += 1;
        self.nodes[node].slot = Some(slot);
        for (node, field) in on_the_way {
            let node = &mut self.nodes[node];
            if field {
                &mut node.below_fields
            } else {
                &mut node.below_indexes
            }
            .push(slot);
        }
        slot
    }

    fn child(&mut self, parent: usize, step: &Step) -> KeyPlace {
        let next = KeyPlace(self.nodes.len());
        let node = &mut self.nodes[parent];
        let known = match step {
            Step::Field(name) => node
                .fields
                .iter()
                .find(|(field, _)| field == name)
                .map(|f| f.1),
            Step::Index(index) => node.indexes.iter().find(|(i, _)| i == index).map(|i| i.1),
        };
        if let Some(child) = known {
            return child;
        }
        match step {
            Step::Field(name) => node.fields.push((name.clone(), next)),
            Step::Index(index) => node.indexes.push((*index, next)),
        }
        self.nodes.push(Node::default());
        next
    }
}

impl Node {
    /// The place of the member whose key is spelled so.
    #[inline]
    pub(super) fn member(&self, key: &[u8]) -> KeyPlace {
        let found = self.fields.iter().find(|(name, _)| key_equals(key, name));
        found.map_or(KeyPlace::ELSEWHERE, |(_, place)| *place)
    }

    /// The place of an element of an array.
    pub(super) fn element(&self, position: usize) -> KeyPlace {
        let found = self.indexes.iter().find(|(index, _)| *index == position);
        found.map_or(KeyPlace::ELSEWHERE, |(_, place)| *place)
    }
}
