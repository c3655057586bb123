//! The shape of records: which fields there are and what their values look like, learned from the records
//! themselves and merged into one Arrow schema.

use std::{collections::HashMap, sync::Arc};

use arrow::datatypes::{DataType, Field, FieldRef, Fields, TimeUnit};
use hydrant_records::json::{JsonError, Scanner};

use crate::text::text;

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
    /// Present once an object with members was seen.
    members: Option<Box<Members>>,
    /// Present once an array with elements was seen.
    elements: Option<Box<Shape>>,
    /// Texts that are RFC 3339 timestamps, and texts that are not; counted for the top-level `time` only.
    timestamps: (u64, u64),
}

/// The fields of the objects in one place, in order of appearance.
#[derive(Debug, Clone, Default)]
struct Members {
    fields: Vec<(String, Shape)>,
    index: HashMap<String, usize>,
    /// The field that the n-th member had in the last object: the next object most likely has the same.
    order: Vec<usize>,
    /// More fields appeared than are kept.
    overflow: bool,
}

impl Members {
    /// Learns from the object where the scanner stands, which then stands behind it; `also` sees each field
    /// that is kept, and its value.
    fn observe<'a>(
        &mut self,
        scanner: &mut Scanner<'a>,
        mut also: impl FnMut(&str, &mut Shape, &'a [u8]),
    ) -> Result<(), JsonError> {
        let mut position = 0;
        scanner.enter_object()?;
        while let Some(key) = scanner.next_member()? {
            let field = self.field(position, scanner.text(key));
            position += 1;
            let Some((name, shape)) = field.and_then(|at| self.fields.get_mut(at)) else {
                scanner.skip_value()?;
                continue;
            };
            let start = scanner.offset();
            shape.observe(scanner)?;
            also(name, shape, scanner.text(start..scanner.offset()));
        }
        Ok(())
    }

    fn field(&mut self, position: usize, raw_key: &[u8]) -> Option<usize> {
        if let Some(&guess) = self.order.get(position)
            && let Some((name, _)) = self.fields.get(guess)
            && name.as_bytes() == raw_key
        {
            return Some(guess);
        }
        let key = text(raw_key)?;
        let at = match self.index.get(key.as_ref()) {
            Some(&at) => at,
            None => self.add(&key)?,
        };
        if let Some(guess) = self.order.get_mut(position) {
            *guess = at;
        } else if self.order.len() == position {
            self.order.push(at);
        }
        Some(at)
    }

    fn add(&mut self, name: &str) -> Option<usize> {
        if self.fields.len() >= MAX_FIELDS {
            self.overflow = true;
            return None;
        }
        let at = self.fields.len();
        self.fields.push((name.to_owned(), Shape::default()));
        self.index.insert(name.to_owned(), at);
        Some(at)
    }
}

impl Shape {
    /// Learns from a record that was read to its end before.
    ///
    /// # Errors
    ///
    /// [`JsonError`] when it is no JSON object; something may have been learned from it nonetheless.
    pub(crate) fn observe_record(&mut self, record: &[u8]) -> Result<(), JsonError> {
        self.kinds |= seen::OBJECT;
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
                let members = self.members.get_or_insert_default();
                members.observe(scanner, |_, _, _| ())
            }
            Some(b'[') => {
                self.kinds |= seen::ARRAY;
                scanner.enter_array()?;
                while scanner.next_element()? {
                    self.elements.get_or_insert_default().observe(scanner)?;
                }
                Ok(())
            }
            first => {
                let value = scanner.skip_value()?;
                self.kinds |= match first {
                    Some(b'"') => seen::TEXT,
                    Some(b't' | b'f') => seen::BOOLEAN,
                    Some(b'-' | b'0'..=b'9') => number_kind(scanner.text(value)),
                    _ => 0,
                };
                Ok(())
            }
        }
    }

    /// Adds what another part of the lake showed.
    pub(crate) fn merge(&mut self, other: Self) {
        self.kinds |= other.kinds;
        self.timestamps.0 += other.timestamps.0;
        self.timestamps.1 += other.timestamps.1;
        if let Some(theirs) = other.members {
            let ours = self.members.get_or_insert_default();
            ours.overflow |= theirs.overflow;
            for (name, shape) in theirs.fields {
                let at = ours.index.get(&name).copied().or_else(|| ours.add(&name));
                if let Some((_, known)) = at.and_then(|at| ours.fields.get_mut(at)) {
                    known.merge(shape);
                }
            }
        }
        if let Some(theirs) = other.elements {
            self.elements.get_or_insert_default().merge(*theirs);
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
    fn data_type(&self, depth: usize) -> DataType {
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

fn number_kind(number: &[u8]) -> u8 {
    if number.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
        return match float(number) {
            Some(_) => seen::FLOAT,
            None => seen::BIG_NUMBER,
        };
    }
    // Fifteen digits are below 2⁵³.
    if number.len() <= 15 {
        return seen::INTEGER;
    }
    match integer(number) {
        Some(value) if value.unsigned_abs() > FLOAT_EXACT => seen::WIDE_INTEGER,
        Some(_) => seen::INTEGER,
        None => seen::BIG_NUMBER,
    }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::framing::record_end;

    fn shape(records: &[&str]) -> Shape {
        let mut shape = Shape::default();
        for record in records {
            shape.observe_record(record.as_bytes()).unwrap();
        }
        shape
    }

    fn columns(shape: &Shape) -> String {
        let column = |field: &FieldRef| format!("{}: {}\n", field.name(), field.data_type());
        shape.record_fields().iter().map(column).collect()
    }

    #[test]
    fn types_widen_and_conflicts_become_text() {
        let shape = shape(&[
            r#"{"int":1,"float":1,"mixed":1,"big":1,"wide":9007199254740993,"none":null,"flag":true,"list":[],"empty":{}}"#,
            r#"{"int":-9223372036854775808,"float":0.5,"mixed":"x","big":18446744073709551616,"wide":0.5,"flag":null,"list":[]}"#,
            r#"{"huge":1e999,"object":{"a":1},"either":{"a":1},"items":[{"a":1},{"b":[0.5,1]}],"time":"2026-11-02T08:15:30Z"}"#,
            r#"{"object":{"b":{"c":"x"}},"either":[1]}"#,
        ]);
        insta::assert_snapshot!(columns(&shape), @r#"
        int: Int64
        float: Float64
        mixed: Utf8
        big: Utf8
        wide: Utf8
        none: Utf8
        flag: Boolean
        list: List(Utf8)
        empty: Utf8
        huge: Utf8
        object: Struct("a": Int64, "b": Struct("c": Utf8))
        either: Utf8
        items: List(Struct("a": Int64, "b": List(Float64)))
        time: Timestamp(µs, "UTC")
        "#);
    }

    #[test]
    fn the_order_of_learning_changes_no_type() {
        let records = [
            r#"{"a":1,"b":{"c":1}}"#,
            r#"{"b":{"c":"x","d":[1]},"a":0.5}"#,
            r#"{"e":"\u0061","b":{"d":[{"f":1}]}}"#,
        ];
        let together = shape(&records);
        let mut merged = Shape::default();
        for record in records {
            merged.merge(shape(&[record]));
        }
        assert_eq!(columns(&together), columns(&merged));
    }

    #[test]
    fn an_object_keyed_by_data_is_text() {
        let members: Vec<_> = (0..=MAX_FIELDS).map(|n| format!("\"k{n}\":1")).collect();
        let record = format!("{{\"map\":{{{}}}}}", members.join(","));
        assert_eq!(columns(&shape(&[&record])), "map: Utf8\n");
    }

    #[test]
    fn time_is_a_timestamp_only_where_it_holds_timestamps() {
        assert_eq!(columns(&shape(&[r#"{"time":"noon"}"#])), "time: Utf8\n");
        assert_eq!(columns(&shape(&[r#"{"time":1}"#])), "time: Int64\n");
        assert_eq!(timestamp_micros(b"1969-12-31T23:59:59.9999995Z"), Some(-1));
        assert_eq!(
            timestamp_micros(b"2026-11-02T09:15:30.25+01:00"),
            Some(1_793_607_330_250_000)
        );
    }

    proptest! {
        #[test]
        fn every_record_is_observed_to_its_end(text in r#"[{}\[\]",:\\ 0-9a-e.truelfsné\-]{0,12}"#, bytes: Vec<u8>) {
            for value in [text.as_bytes(), bytes.as_slice()] {
                let record = [b"{\"a\":", value, b"}"].concat();
                let end = record_end(&record, 0);
                let observed = Shape::default().observe_record(record.get(..end.unwrap_or(record.len())).unwrap());
                prop_assert!(end.is_err() || observed.is_ok());
            }
        }
    }
}
