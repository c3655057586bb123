//! The shape of records: which fields there are and what their values look like, learned from the records
//! themselves and merged into one Arrow schema.

mod arrays;
mod counts;
mod json;
mod members;
mod order;
mod sort;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, TimeUnit};
use hydrant_records::json::{JsonError, Scanner};

use members::Members;
pub(crate) use sort::Sort;
use sort::number_kind;

/// An object with more different fields than this is a map keyed by data; its column holds JSON text.
const MAX_FIELDS: usize = 1_000;

/// Deeper structs than this become JSON text.
const MAX_STRUCT_DEPTH: usize = 32;

/// The largest integer up to which a 64-bit float holds every one.
const FLOAT_EXACT: u64 = 1 << 53;

/// The envelope's event time: the one text field that is a timestamp (Amazon EventBridge user guide, Events
/// structure: `time` is RFC 3339).
pub(crate) const TIME: &str = "time";

mod seen {
    pub(super) const BOOLEAN: u8 = 1;
    pub(super) const INTEGER: u8 = 2;
    /// An integer that no 64-bit float holds exactly.
    pub(super) const WIDE_INTEGER: u8 = 4;
    pub(super) const FLOAT: u8 = 8;
    /// A number that neither a 64-bit integer nor a finite 64-bit float holds.
    pub(super) const BIG_NUMBER: u8 = 16;
    pub(super) const TEXT: u8 = 32;
    pub(super) const OBJECT: u8 = 64;
    pub(super) const ARRAY: u8 = 128;
}

/// What was seen of the values in one place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shape {
    kinds: u8,
    /// Values that are there and not null.
    values: u64,
    /// Present once an object with members was seen.
    members: Option<Box<Members>>,
    /// Present once an array with elements was seen.
    elements: Option<Box<Shape>>,
    /// Texts that are RFC 3339 timestamps, and texts that are not; counted for the top-level `time` only.
    timestamps: (u64, u64),
}

impl Shape {
    /// The shape of a place where nothing was seen.
    pub(crate) fn nothing() -> &'static Self {
        static NOTHING: Shape = Shape {
            kinds: 0,
            values: 0,
            members: None,
            elements: None,
            timestamps: (0, 0),
        };
        &NOTHING
    }

    /// What [`Shape::stays_text`] needs, without the fields.
    pub(crate) fn kinds_only(&self) -> Self {
        let overflow = self.members.as_ref().is_some_and(|it| it.overflow);
        let members = overflow.then(|| {
            Box::new(Members {
                overflow,
                ..Members::default()
            })
        });
        Self {
            kinds: self.kinds,
            members,
            ..Self::default()
        }
    }

    /// The shape of the field `name` of the objects here.
    pub(crate) fn field(&self, name: &str) -> Option<&Self> {
        let members = self.members.as_ref()?;
        let at = *members.index.get(name)?;
        members.fields.get(at).map(|(_, shape)| shape)
    }

    /// The fields of the objects here, in order of appearance.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &Self)> {
        let fields = self.members.iter().flat_map(|members| &members.fields);
        fields.map(|(name, shape)| (name.as_str(), shape))
    }

    /// The shape of the elements of the arrays here.
    pub(crate) fn element(&self) -> Option<&Self> {
        self.elements.as_deref()
    }

    /// How many values were there and not null.
    pub(crate) fn values(&self) -> u64 {
        self.values
    }

    /// Whether some field here, however deep, has this name.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.fields()
            .any(|(known, shape)| known == name || shape.names(name))
            || self.element().is_some_and(|element| element.names(name))
    }

    /// Whether a text column of this shape stays one when a value of this sort joins it. `depth` is that of
    /// [`Shape::data_type`].
    pub(crate) fn stays_text(&self, sort: Sort, depth: usize) -> bool {
        let added = match sort {
            Sort::Boolean => seen::BOOLEAN,
            Sort::Integer => seen::INTEGER,
            Sort::WideInteger => seen::WIDE_INTEGER,
            Sort::Float => seen::FLOAT,
            Sort::BigNumber => seen::BIG_NUMBER,
            Sort::EmptyObject | Sort::Object => seen::OBJECT,
            Sort::Array => seen::ARRAY,
        };
        let is_map = depth >= MAX_STRUCT_DEPTH
            || self
                .members
                .as_ref()
                .is_some_and(|members| members.overflow);
        match self.kinds | added {
            seen::OBJECT => sort == Sort::EmptyObject || is_map,
            kinds => {
                let joined = Self {
                    kinds,
                    ..Self::default()
                };
                joined.data_type(depth) == DataType::Utf8
            }
        }
    }

    /// Learns from a record that was read to its end before.
    ///
    /// # Errors
    ///
    /// [`JsonError`] when it is no JSON object; something may have been learned from it nonetheless.
    pub(crate) fn observe_record(&mut self, record: &[u8]) -> Result<(), JsonError> {
        self.kinds |= seen::OBJECT;
        self.values += 1;
        let members = self.members.get_or_insert_default();
        let mut scanner = Scanner::new(record, 0);
        members.observe(&mut scanner, |name, shape, value| {
            if name == TIME && value.first() == Some(&b'"') {
                shape.observe_timestamp(value);
            }
        })
    }

    fn observe_timestamp(&mut self, value: &[u8]) {
        let raw = value
            .get(1..value.len().saturating_sub(1))
            .unwrap_or_default();
        if timestamp_micros(raw).is_some() {
            self.timestamps.0 += 1;
        } else {
            self.timestamps.1 += 1;
        }
    }

    /// Learns from the value where the scanner stands, which then stands behind it: one walk over the text,
    /// however deep it is.
    fn observe(&mut self, scanner: &mut Scanner<'_>) -> Result<(), JsonError> {
        match scanner.peek() {
            Some(b'{') => {
                self.kinds |= seen::OBJECT;
                self.values += 1;
                let members = self.members.get_or_insert_default();
                members.observe(scanner, |_, _, _| ())
            }
            Some(b'[') => {
                self.kinds |= seen::ARRAY;
                self.values += 1;
                scanner.enter_array()?;
                while scanner.next_element()? {
                    self.elements.get_or_insert_default().observe(scanner)?;
                }
                Ok(())
            }
            first => {
                let value = scanner.skip_value()?;
                let kind = match first {
                    Some(b'"') => seen::TEXT,
                    Some(b't' | b'f') => seen::BOOLEAN,
                    Some(b'-' | b'0'..=b'9') => number_kind(scanner.text(value)),
                    _ => 0,
                };
                self.kinds |= kind;
                self.values += u64::from(kind != 0);
                Ok(())
            }
        }
    }

    /// Adds what another part of the lake showed.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.kinds |= other.kinds;
        self.values += other.values;
        self.timestamps.0 += other.timestamps.0;
        self.timestamps.1 += other.timestamps.1;
        if let Some(theirs) = &other.members {
            let ours = self.members.get_or_insert_default();
            ours.overflow |= theirs.overflow;
            for (name, shape) in &theirs.fields {
                let at = ours.index.get(name).copied().or_else(|| ours.add(name));
                if let Some((_, known)) = at.and_then(|at| ours.fields.get_mut(at)) {
                    known.merge(shape);
                }
            }
        }
        if let Some(theirs) = &other.elements {
            self.elements.get_or_insert_default().merge(theirs);
        }
    }

    /// The columns of the records observed. Every one is nullable: any record may lack a field.
    pub(crate) fn record_fields(&self) -> Vec<FieldRef> {
        let Some(members) = &self.members else {
            return Vec::new();
        };
        let column = |(name, shape): &(String, Self)| {
            let is_time = name == TIME
                && shape.kinds == seen::TEXT
                && shape.timestamps.0 > 0
                && shape.timestamps.0 >= shape.timestamps.1;
            let data_type = if is_time {
                time_type()
            } else {
                shape.data_type(1)
            };
            Arc::new(Field::new(name, data_type, true))
        };
        members.fields.iter().map(column).collect()
    }

    /// The type that holds every value seen. Where none does (a number here, a text there), it is text: texts
    /// as themselves, everything else as its JSON text.
    pub(crate) fn data_type(&self, depth: usize) -> DataType {
        const NUMBERS: u8 = seen::INTEGER | seen::WIDE_INTEGER | seen::FLOAT;
        match self.kinds {
            seen::BOOLEAN => DataType::Boolean,
            seen::OBJECT => self.struct_type(depth),
            seen::ARRAY => {
                let element = self
                    .elements
                    .as_ref()
                    .map_or(DataType::Utf8, |shape| shape.data_type(depth + 1));
                DataType::new_list(element, true)
            }
            kinds if kinds & !NUMBERS != 0 || kinds == 0 => DataType::Utf8,
            kinds if kinds & seen::FLOAT == 0 => DataType::Int64,
            // One column cannot hold both 0.5 and every digit of a large integer, unless it is text.
            kinds if kinds & seen::WIDE_INTEGER != 0 => DataType::Utf8,
            _ => DataType::Float64,
        }
    }

    fn struct_type(&self, depth: usize) -> DataType {
        match &self.members {
            Some(members)
                if !members.fields.is_empty() && !members.overflow && depth < MAX_STRUCT_DEPTH =>
            {
                let field = |(name, shape): &(String, Self)| {
                    Field::new(name, shape.data_type(depth + 1), true)
                };
                DataType::Struct(members.fields.iter().map(field).collect::<Fields>())
            }
            // Arrow has no useful struct without fields.
            _ => DataType::Utf8,
        }
    }
}

/// The type of the column `time`: microseconds, UTC.
pub(crate) fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// Microseconds since the epoch of an RFC 3339 text; digits below a microsecond are cut off.
pub(crate) fn timestamp_micros(raw: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(raw).ok()?;
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    // Floor, so that times before 1970 are cut in the same direction.
    i64::try_from(timestamp.as_nanosecond().div_euclid(1_000)).ok()
}

/// The value of an integer's text, if 64 bits hold it.
pub(crate) fn integer(number: &[u8]) -> Option<i64> {
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// The value of a number's text, if a finite 64-bit float is near it.
pub(crate) fn float(number: &[u8]) -> Option<f64> {
    let value: f64 = std::str::from_utf8(number).ok()?.parse().ok()?;
    value.is_finite().then_some(value)
}
