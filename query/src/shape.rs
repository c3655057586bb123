//! The shape of records: which fields there are and what their values look like, learned from the records
//! themselves and merged into one Arrow schema.

#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc};

use arrow::{
    array::{Array, AsArray, RecordBatch},
    datatypes::{DataType, Field, FieldRef, Fields, TimeUnit},
};
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
    /// Values that are there and not null.
    values: u64,
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
    /// The shape of records that have these columns, each with `values` values.
    pub(crate) fn of_fields(fields: &Fields, values: u64) -> Self {
        let mut shape = Self {
            kinds: seen::OBJECT,
            values,
            ..Self::default()
        };
        for field in fields {
            let mut of_field = Self::of_type(field.data_type(), values);
            if field.name() == TIME && of_field.kinds == seen::TEXT {
                of_field.timestamps.0 = 1;
            }
            let members = shape.members.get_or_insert_default();
            if let Some(at) = members.add(field.name())
                && let Some((_, known)) = members.fields.get_mut(at)
            {
                *known = of_field;
            }
        }
        shape
    }

    fn of_type(data_type: &DataType, values: u64) -> Self {
        let kinds = match data_type {
            DataType::Null => 0,
            DataType::Boolean => seen::BOOLEAN,
            DataType::UInt64 => seen::INTEGER | seen::BIG_NUMBER,
            other if other.is_integer() => seen::INTEGER,
            other if other.is_numeric() => seen::FLOAT,
            DataType::Struct(fields) => return Self::of_fields(fields, values),
            DataType::List(element) => {
                return Self {
                    kinds: seen::ARRAY,
                    values,
                    elements: Some(Box::new(Self::of_type(element.data_type(), values))),
                    ..Self::default()
                };
            }
            _ => seen::TEXT,
        };
        Self {
            kinds,
            values,
            ..Self::default()
        }
    }

    /// The same shape, as if each kind of value had been seen once.
    pub(crate) fn without_counts(&self) -> Self {
        let mut shape = Self {
            kinds: self.kinds,
            values: self.values.min(1),
            members: None,
            elements: self
                .elements
                .as_ref()
                .map(|it| Box::new(it.without_counts())),
            timestamps: match self.timestamps {
                (0, 0) => (0, 0),
                (times, others) if times >= others => (1, 0),
                _ => (0, 1),
            },
        };
        if let Some(members) = &self.members {
            let mut once = Members {
                overflow: members.overflow,
                ..Members::default()
            };
            for (name, field) in &members.fields {
                if let Some(at) = once.add(name)
                    && let Some((_, known)) = once.fields.get_mut(at)
                {
                    *known = field.without_counts();
                }
            }
            shape.members = Some(Box::new(once));
        }
        shape
    }

    /// The same shape, with nothing counted.
    pub(crate) fn uncounted(&self) -> Self {
        let mut shape = self.clone();
        shape.forget_counts();
        shape
    }

    fn forget_counts(&mut self) {
        self.values = 0;
        for (_, field) in self.members.iter_mut().flat_map(|it| &mut it.fields) {
            field.forget_counts();
        }
        if let Some(elements) = &mut self.elements {
            elements.forget_counts();
        }
    }

    /// Counts the values of an array that is of this shape.
    pub(crate) fn count(&mut self, array: &dyn Array) {
        self.values += (array.len() - array.null_count()) as u64;
        match array.data_type() {
            DataType::Struct(fields) => {
                for (field, column) in fields.iter().zip(array.as_struct().columns()) {
                    self.count_field(field.name(), column);
                }
            }
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                let offsets = list.value_offsets();
                let from = offsets.first().and_then(|it| usize::try_from(*it).ok());
                let to = offsets.last().and_then(|it| usize::try_from(*it).ok());
                if let (Some(from), Some(to), Some(elements)) = (from, to, &mut self.elements) {
                    elements.count(&*list.values().slice(from, to - from));
                }
            }
            _ => {}
        }
    }

    /// Counts rows whose fields are of this shape's fields.
    pub(crate) fn count_rows(&mut self, rows: &RecordBatch) {
        self.values += rows.num_rows() as u64;
        for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
            self.count_field(field.name(), column);
        }
    }

    fn count_field(&mut self, name: &str, column: &dyn Array) {
        let Some(members) = &mut self.members else {
            return;
        };
        let at = members.index.get(name).copied();
        if let Some((_, shape)) = at.and_then(|at| members.fields.get_mut(at)) {
            shape.count(column);
        }
    }

    /// As JSON; [`Shape::from_json`] reads it.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let mut json = serde_json::json!({"k": self.kinds, "v": self.values});
        let mut put = |name: &str, value: serde_json::Value| {
            if let Some(json) = json.as_object_mut() {
                json.insert(name.to_owned(), value);
            }
        };
        if let Some(members) = &self.members {
            let field = |(name, shape): &(String, Self)| serde_json::json!([name, shape.to_json()]);
            put("m", members.fields.iter().map(field).collect());
            put("o", members.overflow.into());
        }
        if let Some(elements) = &self.elements {
            put("e", elements.to_json());
        }
        if self.timestamps != (0, 0) {
            put(
                "t",
                serde_json::json!([self.timestamps.0, self.timestamps.1]),
            );
        }
        json
    }

    /// The shape that [`Shape::to_json`] wrote.
    pub(crate) fn from_json(json: &serde_json::Value) -> Option<Self> {
        let mut shape = Self {
            kinds: u8::try_from(json.get("k")?.as_u64()?).ok()?,
            values: json.get("v")?.as_u64()?,
            ..Self::default()
        };
        if let Some(fields) = json.get("m") {
            let mut members = Members::default();
            for field in fields.as_array()? {
                let at = members.add(field.get(0)?.as_str()?)?;
                members.fields.get_mut(at)?.1 = Self::from_json(field.get(1)?)?;
            }
            members.overflow = json.get("o")?.as_bool()?;
            shape.members = Some(Box::new(members));
        }
        if let Some(elements) = json.get("e") {
            shape.elements = Some(Box::new(Self::from_json(elements)?));
        }
        if let Some(counts) = json.get("t") {
            shape.timestamps = (counts.get(0)?.as_u64()?, counts.get(1)?.as_u64()?);
        }
        Some(shape)
    }

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

/// What kind of value stands somewhere, as far as the type of its column depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Boolean,
    Integer,
    /// An integer that no 64-bit float holds exactly.
    WideInteger,
    Float,
    /// A number that neither a 64-bit integer nor a finite 64-bit float holds.
    BigNumber,
    EmptyObject,
    Object,
    Array,
}

impl Sort {
    /// The sort of a number, given its text.
    pub(crate) fn of_number(number: &[u8]) -> Self {
        match number_kind(number) {
            seen::INTEGER => Self::Integer,
            seen::WIDE_INTEGER => Self::WideInteger,
            seen::FLOAT => Self::Float,
            _ => Self::BigNumber,
        }
    }
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
