//! Plain paths over the bytes of a record: one pass finds the values of every key.

use super::error::KeyError;
use super::expression::{Alternative, FastExpression, Path, Source, Step};
use super::json::{RawString, Scalar, Scanned, Scanner};
use super::partition_keys::PartitionKeys;

/// A value that a path led to.
#[derive(Debug, Clone, Copy)]
enum Found<'a> {
    Scalar(Scalar<'a>),
    Array,
    Object,
    /// jq would raise an error: the path does not apply to the types on its way.
    Refused,
}

impl Found<'_> {
    const MISSING: Self = Self::Scalar(Scalar::Null);
}

/// Paths merged by their common beginnings, and the keys made of what they find.
#[derive(Debug)]
pub(super) struct Walk {
    nodes: Vec<Node>,
    slots: usize,
    keys: Vec<Key>,
}

#[derive(Debug)]
struct Key {
    name: String,
    alternatives: Vec<Alternative>,
    /// Slot of each alternative that is a path.
    slots: Vec<usize>,
}

#[derive(Debug, Default)]
struct Node {
    fields: Vec<(String, usize)>,
    indexes: Vec<(usize, usize)>,
    /// The slot of the path that ends here.
    slot: Option<usize>,
    /// Slots of the paths that go on through a field, and through an index.
    below_fields: Vec<usize>,
    below_indexes: Vec<usize>,
}

impl Walk {
    pub(super) fn new(keys: Vec<(String, FastExpression)>) -> Self {
        let mut walk = Self {
            nodes: vec![Node::default()],
            slots: 0,
            keys: Vec::new(),
        };
        for (name, expression) in keys {
            let alternatives = expression.alternatives;
            let slots = alternatives
                .iter()
                .map(|alternative| match &alternative.source {
                    Source::Path(path) => walk.add(path),
                    Source::Text(_) => usize::MAX,
                });
            let slots = slots.collect();
            walk.keys.push(Key {
                name,
                alternatives,
                slots,
            });
        }
        walk
    }

    /// Adds a path to the tree and gives its slot.
    fn add(&mut self, path: &Path) -> usize {
        let mut node = 0;
        let mut on_the_way = Vec::new();
        for step in &path.steps {
            on_the_way.push((node, matches!(step, Step::Field(_))));
            node = self.child(node, step);
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

    fn child(&mut self, parent: usize, step: &Step) -> usize {
        let next = self.nodes.len();
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

    /// Appends the keys of one record.
    pub(super) fn evaluate(&self, record: &[u8], out: &mut PartitionKeys) -> Result<(), KeyError> {
        // Few queries have more paths than this; the others pay one allocation for each record.
        const INLINE: usize = 8;
        if self.slots <= INLINE {
            self.evaluate_with(record, &mut [Found::MISSING; INLINE], out)
        } else {
            self.evaluate_with(record, &mut vec![Found::MISSING; self.slots], out)
        }
    }

    fn evaluate_with<'a>(
        &self,
        record: &'a [u8],
        found: &mut [Found<'a>],
        out: &mut PartitionKeys,
    ) -> Result<(), KeyError> {
        let mut scanner = Scanner::new(record);
        let read = Pass {
            walk: self,
            scanner: &mut scanner,
            found,
        }
        .value(0);
        let read = read.and_then(|()| scanner.finish());
        read.map_err(|malformed| scanner.key_error(malformed))?;
        self.keys.iter().try_for_each(|key| key.render(found, out))
    }
}

/// One pass over one record.
struct Pass<'w, 'a, 'p> {
    walk: &'w Walk,
    scanner: &'p mut Scanner<'a>,
    found: &'p mut [Found<'a>],
}

impl<'a> Pass<'_, 'a, '_> {
    /// Reads the value at a node and fills every slot at and below it, so that the last of several
    /// members with one name is the one that counts.
    fn value(&mut self, node: usize) -> Scanned<()> {
        let Some(node) = self.walk.nodes.get(node) else {
            return self.scanner.skip();
        };
        match self.scanner.peek() {
            Some(b'{') => self.object(node),
            Some(b'[') => self.array(node),
            _ => {
                let scalar = self.scanner.scalar()?;
                let below = match scalar {
                    Scalar::Null => Found::MISSING,
                    _ => Found::Refused,
                };
                self.fill(node.slot.as_slice(), Found::Scalar(scalar));
                self.fill(&node.below_fields, below);
                self.fill(&node.below_indexes, below);
                Ok(())
            }
        }
    }

    fn object(&mut self, node: &Node) -> Scanned<()> {
        self.fill(node.slot.as_slice(), Found::Object);
        self.fill(&node.below_fields, Found::MISSING);
        self.fill(&node.below_indexes, Found::Refused);
        let mut more = self.scanner.enter(b'}')?;
        while more {
            let name = self.scanner.member_name()?;
            match node.fields.iter().find(|(field, _)| name.is(field)) {
                Some(&(_, child)) => self.value(child)?,
                None => self.scanner.skip()?,
            }
            more = self.scanner.another(b'}')?;
        }
        Ok(())
    }

    fn array(&mut self, node: &Node) -> Scanned<()> {
        self.fill(node.slot.as_slice(), Found::Array);
        self.fill(&node.below_fields, Found::Refused);
        self.fill(&node.below_indexes, Found::MISSING);
        let mut more = self.scanner.enter(b']')?;
        let mut position = 0;
        while more {
            match node.indexes.iter().find(|(index, _)| *index == position) {
                Some(&(_, child)) => self.value(child)?,
                None => self.scanner.skip()?,
            }
            position += 1;
            more = self.scanner.another(b']')?;
        }
        Ok(())
    }

    fn fill(&mut self, slots: &[usize], found: Found<'a>) {
        for &slot in slots {
            if let Some(place) = self.found.get_mut(slot) {
                *place = found;
            }
        }
    }
}

impl Key {
    /// Appends the key: the first alternative that is neither null nor false, else the last. An
    /// alternative that is an error ends the search, as in jq 1.6.
    fn render(&self, found: &[Found<'_>], out: &mut PartitionKeys) -> Result<(), KeyError> {
        let last = self.alternatives.len().saturating_sub(1);
        for (place, (alternative, &slot)) in self.alternatives.iter().zip(&self.slots).enumerate() {
            let found = match &alternative.source {
                Source::Text(text) => return self.push_text(text, out),
                Source::Path(_) => found.get(slot).copied().unwrap_or(Found::MISSING),
            };
            let found = if alternative.slice.is_some() {
                sliceable(found)
            } else {
                found
            };
            let falsy = matches!(found, Found::Scalar(Scalar::Null | Scalar::Bool(false)));
            if place == last || !falsy {
                return self.push(alternative, found, out);
            }
        }
        Err(KeyError::NullOrEmpty {
            key: self.name.clone(),
        })
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
            Found::Scalar(Scalar::Null) => Err(KeyError::NullOrEmpty { key: key() }),
            Found::Scalar(Scalar::Bool(true)) => self.push_text("true", out),
            Found::Scalar(Scalar::Bool(false)) => self.push_text("false", out),
            Found::Scalar(Scalar::Number(digits)) => match std::str::from_utf8(digits) {
                Ok(digits) => self.push_text(digits, out),
                Err(_) => Err(KeyError::NotUtf8 { key: key() }),
            },
            Found::Scalar(Scalar::String(raw)) => self.push_string(alternative, raw, out),
        }
    }

    fn push_string(
        &self,
        alternative: &Alternative,
        raw: RawString<'_>,
        out: &mut PartitionKeys,
    ) -> Result<(), KeyError> {
        let mut decoded = true;
        out.push(&self.name, |text| match alternative.slice {
            None => decoded = raw.decode(text),
            Some(slice) => {
                let start = text.len();
                decoded = raw.decode(text);
                slice.apply(text, start);
            }
        });
        if !decoded {
            return Err(KeyError::NotUtf8 {
                key: self.name.clone(),
            });
        }
        if out.last_value().is_empty() {
            return Err(KeyError::NullOrEmpty {
                key: self.name.clone(),
            });
        }
        Ok(())
    }

    fn push_text(&self, value: &str, out: &mut PartitionKeys) -> Result<(), KeyError> {
        if value.is_empty() {
            return Err(KeyError::NullOrEmpty {
                key: self.name.clone(),
            });
        }
        out.push(&self.name, |text| text.push_str(value));
        Ok(())
    }
}

/// What a slice applies to: strings, arrays and null; jq raises an error for the rest.
fn sliceable(found: Found<'_>) -> Found<'_> {
    match found {
        Found::Scalar(Scalar::String(_) | Scalar::Null) | Found::Array => found,
        _ => Found::Refused,
    }
}
