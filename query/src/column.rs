//! From the JSON text of one value to one row of an Arrow column, in one pass over the text.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, BooleanArray, BooleanBufferBuilder, Float64Array, Int64Array, ListArray,
        NullBufferBuilder, StringArray, StructArray, TimestampMicrosecondArray, new_null_array,
    },
    buffer::{Buffer, OffsetBuffer, ScalarBuffer},
    datatypes::{DataType, FieldRef},
    error::ArrowError,
};
use hydrant_records::json::{Scanner, unescape};

use crate::{
    members::Members,
    paths::Wanted,
    shape::{Shape, Sort, float, integer, timestamp_micros},
    skim::{Marked, byte_at, space_end},
};

/// In place of an offset: everything that is wanted of the record was found, so nobody looked for its end.
pub(crate) const ENOUGH: usize = usize::MAX;

/// Why a record gave no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// What was looked at is not JSON.
    Broken,
    /// A value does not fit the type that its column has, or a field is there that has no column.
    Misfit,
}

/// A record being read.
pub(crate) struct Reading<'a> {
    /// The text that the record is in, which is UTF-8 as far as the record goes.
    pub(crate) text: Marked<'a>,
    /// Whether the schema was given by the operator: what does not fit it is null, and what it does not
    /// name is not there.
    pub(crate) pinned: bool,
    /// The path of the first value that became null because it does not fit.
    pub(crate) bad: Option<String>,
}

/// A column being filled.
pub(crate) struct Column {
    /// Rows so far.
    pub(crate) rows: usize,
    pub(crate) values: Values,
}

/// The values of a column.
pub(crate) enum Values {
    /// `true` and `false`.
    Boolean(BooleanBufferBuilder, NullBufferBuilder),
    /// Integers of 64 bits.
    Integer(Vec<i64>, NullBufferBuilder),
    /// Floats of 64 bits.
    Float(Vec<f64>, NullBufferBuilder),
    /// Texts as themselves, everything else as its JSON text.
    Text(Box<Text>),
    /// RFC 3339 texts.
    Time(Vec<i64>, NullBufferBuilder, DataType),
    /// Arrays.
    List(Box<List>),
    /// Objects.
    Struct(Box<Members>, NullBufferBuilder),
    /// A column that is there for its type only: null throughout.
    Absent(DataType, Option<ArrayRef>),
}

/// See [`Values::Text`].
pub(crate) struct Text {
    bytes: Vec<u8>,
    offsets: Vec<i32>,
    valid: NullBufferBuilder,
    /// What was seen of the values, with their depth; not known of a pinned column.
    shape: Option<(Shape, usize)>,
    said: String,
}

/// See [`Values::List`].
pub(crate) struct List {
    element: FieldRef,
    column: Column,
    offsets: Vec<i32>,
    valid: NullBufferBuilder,
}

impl Column {
    /// An empty column of a type that [`Shape`] gives, of which only some parts are wanted. Other types are
    /// never filled. `shape` is what the type was made from, at `depth`.
    pub(crate) fn new(
        data_type: &DataType,
        wanted: &Wanted,
        shape: Option<&Shape>,
        depth: usize,
    ) -> Self {
        let valid = NullBufferBuilder::new(0);
        let values = match data_type {
            DataType::Boolean => Values::Boolean(BooleanBufferBuilder::new(0), valid),
            DataType::Int64 => Values::Integer(Vec::new(), valid),
            DataType::Float64 => Values::Float(Vec::new(), valid),
            DataType::Utf8 => Values::Text(Box::new(Text {
                bytes: Vec::new(),
                offsets: vec![0],
                valid,
                shape: shape.map(|shape| (shape.kinds_only(), depth)),
                said: String::new(),
            })),
            DataType::Timestamp(_, _) => Values::Time(Vec::new(), valid, data_type.clone()),
            DataType::List(element) => Values::List(Box::new(List {
                element: Arc::clone(element),
                column: Self::new(
                    element.data_type(),
                    &Wanted::Whole,
                    // Of an array that was always empty, nothing was seen of the elements.
                    shape.map(|shape| shape.element().unwrap_or(Shape::nothing())),
                    depth + 1,
                ),
                offsets: vec![0],
                valid,
            })),
            DataType::Struct(fields) => {
                Values::Struct(Box::new(Members::new(fields, wanted, shape, depth)), valid)
            }
            other => Values::Absent(other.clone(), None),
        };
        Self { rows: 0, values }
    }

    /// A column that is null throughout.
    pub(crate) fn absent(data_type: &DataType) -> Self {
        Self {
            rows: 0,
            values: Values::Absent(data_type.clone(), None),
        }
    }

    /// The last value, if it is a time.
    pub(crate) fn last_time(&self) -> Option<i64> {
        match &self.values {
            Values::Time(values, valid, _) => {
                let last = values.len().checked_sub(1)?;
                valid.is_valid(last).then(|| values.get(last).copied())?
            }
            _ => None,
        }
    }

    pub(crate) fn is_absent(&self) -> bool {
        matches!(self.values, Values::Absent(..))
    }

    /// Adds the value at `at` as one row; gives the offset behind it, or [`ENOUGH`] if `last` says that
    /// nothing behind this value is wanted.
    ///
    /// # Errors
    ///
    /// [`Fault`]; the row is there or not, see [`Column::pad`].
    #[inline]
    pub(crate) fn read(
        &mut self,
        reading: &mut Reading<'_>,
        at: usize,
        last: bool,
    ) -> Result<usize, Fault> {
        let text = reading.text;
        let first = text.byte(at);
        if first == b'n' {
            self.append_null();
            return literal_end(text.bytes(), at, b"null");
        }
        let read = match (&mut self.values, first) {
            (Values::Text(column), _) => column.read(text, at, first)?,
            (Values::Integer(values, valid), b'-' | b'0'..=b'9') => {
                let (number, end) = number(text.bytes(), at)?;
                integer(number).map(|value| {
                    values.push(value);
                    valid.append_non_null();
                    end
                })
            }
            (Values::Float(values, valid), b'-' | b'0'..=b'9') => {
                let (number, end) = number(text.bytes(), at)?;
                // A float loses digits of a large integer; then the column has to be text.
                let loses = !reading.pinned
                    && number.len() > 15
                    && Sort::of_number(number) != Sort::Integer
                    && Sort::of_number(number) != Sort::Float;
                float(number).filter(|_| !loses).map(|value| {
                    values.push(value);
                    valid.append_non_null();
                    end
                })
            }
            (Values::Boolean(values, valid), b't' | b'f') => {
                let is_true = first == b't';
                let word: &[u8] = if is_true { b"true" } else { b"false" };
                let end = literal_end(text.bytes(), at, word)?;
                values.append(is_true);
                valid.append_non_null();
                Some(end)
            }
            (Values::Time(values, valid, _), b'"') => {
                let end = text.string_end(at + 1).ok_or(Fault::Broken)?;
                let spelled = text.between(at + 1, end - 1);
                let time = timestamp_micros(spelled);
                if time.is_none() {
                    reading.bad.get_or_insert_default();
                }
                values.push(time.unwrap_or_default());
                valid.append(time.is_some());
                Some(end)
            }
            (Values::List(elements), b'[') => Some(elements.read(reading, at)?),
            (Values::Struct(members, valid), b'{') => {
                let end = members.read(reading, at, last)?;
                valid.append_non_null();
                Some(end)
            }
            (Values::Absent(..), _) => text.value_end(at),
            (_, _) => None,
        };
        if let Some(end) = read {
            self.rows += 1;
            return Ok(end);
        }
        if !reading.pinned {
            check_value(text.bytes(), at)?;
            return Err(Fault::Misfit);
        }
        reading.bad.get_or_insert_default();
        self.append_null();
        text.value_end(at).ok_or(Fault::Broken)
    }

    /// Adds nulls until there are `rows` rows, whatever was left undone in the last one.
    pub(crate) fn pad(&mut self, rows: usize) {
        match &mut self.values {
            Values::Boolean(values, valid) => {
                match rows.checked_sub(values.len()) {
                    Some(missing) => values.append_n(missing, false),
                    None => values.truncate(rows),
                }
                pad_valid(valid, rows);
            }
            Values::Integer(values, valid) | Values::Time(values, valid, _) => {
                values.resize(rows, 0);
                pad_valid(valid, rows);
            }
            Values::Float(values, valid) => {
                values.resize(rows, 0.0);
                pad_valid(valid, rows);
            }
            Values::Text(column) => column.pad(rows),
            Values::List(list) => list.pad(rows),
            Values::Struct(members, valid) => {
                members.pad(rows);
                pad_valid(valid, rows);
            }
            Values::Absent(..) => {}
        }
        self.rows = rows;
    }

    #[inline]
    pub(crate) fn append_null(&mut self) {
        match &mut self.values {
            Values::Text(column) => {
                column.offsets.push(column.end());
                column.valid.append_null();
                self.rows += 1;
            }
            Values::Integer(values, valid) => {
                values.push(0);
                valid.append_null();
                self.rows += 1;
            }
            _ => self.pad(self.rows + 1),
        }
    }

    /// The rows so far as an array; the column is empty again.
    ///
    /// # Errors
    ///
    /// [`ArrowError`] when the parts do not fit together, which would be a defect of this module.
    pub(crate) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let rows = std::mem::take(&mut self.rows);
        Ok(match &mut self.values {
            Values::Boolean(values, valid) => {
                Arc::new(BooleanArray::new(values.finish(), valid.finish()))
            }
            Values::Integer(values, valid) => {
                Arc::new(Int64Array::try_new(taken(values), valid.finish())?)
            }
            Values::Float(values, valid) => {
                Arc::new(Float64Array::try_new(taken(values), valid.finish())?)
            }
            Values::Time(values, valid, data_type) => Arc::new(
                TimestampMicrosecondArray::try_new(taken(values), valid.finish())?
                    .with_data_type(data_type.clone()),
            ),
            Values::Text(column) => column.finish()?,
            Values::List(list) => list.finish()?,
            Values::Struct(members, valid) => {
                let (fields, arrays) = members.finish()?;
                let valid = valid.finish();
                Arc::new(StructArray::try_new_with_length(
                    fields, arrays, valid, rows,
                )?)
            }
            Values::Absent(data_type, cached) => {
                // Most batches have the same number of rows, so the same nulls do for all of them.
                match cached {
                    Some(nulls) if nulls.len() >= rows => nulls.slice(0, rows),
                    _ => Arc::clone(cached.insert(new_null_array(data_type, rows))),
                }
            }
        })
    }
}

fn taken<T: arrow::datatypes::ArrowNativeType>(values: &mut Vec<T>) -> ScalarBuffer<T> {
    let capacity = values.len();
    std::mem::replace(values, Vec::with_capacity(capacity)).into()
}

fn pad_valid(valid: &mut NullBufferBuilder, rows: usize) {
    match rows.checked_sub(valid.len()) {
        Some(missing) => valid.append_n_nulls(missing),
        None => valid.truncate(rows),
    }
}

/// The number at `at`, and the offset behind it.
#[inline]
fn number(text: &[u8], at: usize) -> Result<(&[u8], usize), Fault> {
    let mut scanner = Scanner::new(text, at);
    let range = scanner.skip_value().map_err(|_| Fault::Broken)?;
    let end = range.end;
    Ok((scanner.text(range), end))
}

#[inline]
fn literal_end(text: &[u8], at: usize, word: &[u8]) -> Result<usize, Fault> {
    let rest = text.get(at..).unwrap_or_default();
    rest.starts_with(word)
        .then_some(at + word.len())
        .ok_or(Fault::Broken)
}

/// Whether the value at `at` is JSON: what is broken is no reason to begin anew.
fn check_value(text: &[u8], at: usize) -> Result<usize, Fault> {
    let mut scanner = Scanner::new(text, at);
    let value = scanner.skip_value().map_err(|_| Fault::Broken)?;
    Ok(value.end)
}

impl Text {
    fn end(&self) -> i32 {
        // A batch is sent long before it holds 2 GiB.
        i32::try_from(self.bytes.len()).unwrap_or(i32::MAX)
    }

    /// Adds the value at `at`; `None` when it does not fit.
    #[inline]
    fn read(&mut self, text: Marked<'_>, at: usize, first: u8) -> Result<Option<usize>, Fault> {
        let end = if first == b'"' {
            let end = text.string_end(at + 1).ok_or(Fault::Broken)?;
            let spelled = text.between(at + 1, end - 1);
            if text.may_escape(spelled) {
                let spelled = std::str::from_utf8(spelled).map_err(|_| Fault::Broken)?;
                self.said.clear();
                // The escapes themselves were not looked at yet.
                check_value(text.bytes(), at)?;
                unescape(spelled, &mut self.said);
                self.bytes.extend_from_slice(self.said.as_bytes());
            } else {
                self.bytes.extend_from_slice(spelled);
            }
            end
        } else {
            let end = check_value(text.bytes(), at)?;
            let value = text.between(at, end);
            if let Some((shape, depth)) = &self.shape
                && !shape.stays_text(sort_of(value, first), *depth)
            {
                return Ok(None);
            }
            self.bytes.extend_from_slice(value);
            end
        };
        self.offsets.push(self.end());
        self.valid.append_non_null();
        Ok(Some(end))
    }

    fn pad(&mut self, rows: usize) {
        self.offsets.truncate(rows + 1);
        let end = self.offsets.last().copied().unwrap_or_default();
        self.bytes
            .truncate(usize::try_from(end).unwrap_or_default());
        self.offsets.resize(rows + 1, end);
        pad_valid(&mut self.valid, rows);
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let (rows, length) = (self.offsets.len(), self.bytes.len());
        let bytes = std::mem::replace(&mut self.bytes, Vec::with_capacity(length));
        let mut fresh = Vec::with_capacity(rows);
        fresh.push(0);
        let offsets = std::mem::replace(&mut self.offsets, fresh);
        let offsets = OffsetBuffer::new(offsets.into());
        let (bytes, valid) = (Buffer::from_vec(bytes), self.valid.finish());
        Ok(Arc::new(StringArray::try_new(offsets, bytes, valid)?))
    }
}

/// The sort of a value that is neither text nor null.
fn sort_of(value: &[u8], first: u8) -> Sort {
    match first {
        b't' | b'f' => Sort::Boolean,
        b'[' => Sort::Array,
        b'{' if byte_at(value, space_end(value, 1)) == b'}' => Sort::EmptyObject,
        b'{' => Sort::Object,
        _ => Sort::of_number(value),
    }
}

impl List {
    fn read(&mut self, reading: &mut Reading<'_>, at: usize) -> Result<usize, Fault> {
        let text = reading.text;
        let mut at = text.space_end(at + 1);
        if text.byte(at) == b']' {
            at += 1;
        } else {
            loop {
                at = text.space_end(self.column.read(reading, at, false)?);
                match text.byte(at) {
                    b',' => at = text.space_end(at + 1),
                    b']' => break,
                    _ => return Err(Fault::Broken),
                }
            }
            at += 1;
        }
        let end = i32::try_from(self.column.rows).map_err(|_| Fault::Broken)?;
        self.offsets.push(end);
        self.valid.append_non_null();
        Ok(at)
    }

    fn pad(&mut self, rows: usize) {
        self.offsets.truncate(rows + 1);
        let end = self.offsets.last().copied().unwrap_or_default();
        self.column.pad(usize::try_from(end).unwrap_or_default());
        self.offsets.resize(rows + 1, end);
        pad_valid(&mut self.valid, rows);
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let offsets = std::mem::replace(&mut self.offsets, vec![0]);
        Ok(Arc::new(ListArray::try_new(
            Arc::clone(&self.element),
            OffsetBuffer::new(offsets.into()),
            self.column.finish()?,
            self.valid.finish(),
        )?))
    }
}
