//! From the JSON text of one value to one row of an Arrow column.

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, ListArray, NullBufferBuilder,
        StringBuilder, StructArray, TimestampMicrosecondBuilder, new_null_array,
    },
    buffer::OffsetBuffer,
    datatypes::{DataType, FieldRef, Fields},
    error::ArrowError,
};
use hydrant_records::json::{JsonError, Scanner};

use crate::{
    paths::Wanted,
    shape::{float, integer, timestamp_micros},
    slots::Slots,
    text::text,
};

/// A column being filled, one value of accepted JSON text after the other.
pub(crate) enum Column {
    /// `true` and `false`.
    Boolean(BooleanBuilder),
    /// Integers of 64 bits.
    Integer(Int64Builder),
    /// Floats of 64 bits.
    Float(Float64Builder),
    /// Texts as themselves, everything else as its JSON text.
    Text(StringBuilder),
    /// RFC 3339 texts.
    Time(TimestampMicrosecondBuilder),
    /// Arrays.
    List(Box<List>),
    /// Objects.
    Struct(Box<Struct>),
    /// A column that is there for its type only: null throughout.
    Null(DataType, usize),
}

/// See [`Column::List`].
pub(crate) struct List {
    element: FieldRef,
    column: Column,
    offsets: Vec<i32>,
    length: i32,
    valid: NullBufferBuilder,
}

/// See [`Column::Struct`].
pub(crate) struct Struct {
    fields: Fields,
    columns: Vec<Column>,
    slots: Slots,
    valid: NullBufferBuilder,
}

impl Column {
    /// An empty column of a type that [`crate::shape::Shape`] gives, of which only some parts are wanted. Other
    /// types are never filled.
    pub(crate) fn new(data_type: &DataType, wanted: &Wanted) -> Self {
        match data_type {
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Int64 => Self::Integer(Int64Builder::new()),
            DataType::Float64 => Self::Float(Float64Builder::new()),
            DataType::Utf8 => Self::Text(StringBuilder::new()),
            DataType::Timestamp(_, _) => {
                Self::Time(TimestampMicrosecondBuilder::new().with_data_type(data_type.clone()))
            }
            DataType::List(element) => Self::List(Box::new(List {
                element: Arc::clone(element),
                column: Self::new(element.data_type(), &Wanted::Whole),
                offsets: vec![0],
                length: 0,
                valid: NullBufferBuilder::new(0),
            })),
            DataType::Struct(fields) => Self::Struct(Box::new(Struct::new(fields, wanted))),
            other => Self::Null(other.clone(), 0),
        }
    }

    /// Adds one row. `None` and JSON `null` give null; so does a value that does not fit, which makes the
    /// answer false.
    pub(crate) fn append(&mut self, value: Option<&[u8]>) -> bool {
        let Some(value) = value.filter(|value| value.first() != Some(&b'n')) else {
            self.append_null();
            return true;
        };
        match self {
            Self::Boolean(builder) => {
                let fits = match value {
                    b"true" => Some(true),
                    b"false" => Some(false),
                    _ => None,
                };
                builder.append_option(fits);
                fits.is_some()
            }
            Self::Integer(builder) => {
                let fits = integer(value);
                builder.append_option(fits);
                fits.is_some()
            }
            Self::Float(builder) => {
                let fits = float(value);
                builder.append_option(fits);
                fits.is_some()
            }
            Self::Text(builder) => append_text(builder, value),
            Self::Time(builder) => {
                let fits = unquoted(value).and_then(timestamp_micros);
                builder.append_option(fits);
                fits.is_some()
            }
            Self::List(list) => list.append(value),
            Self::Struct(nested) => nested.append(value),
            Self::Null(_, rows) => {
                *rows += 1;
                true
            }
        }
    }

    fn append_null(&mut self) {
        match self {
            Self::Boolean(builder) => builder.append_null(),
            Self::Integer(builder) => builder.append_null(),
            Self::Float(builder) => builder.append_null(),
            Self::Text(builder) => builder.append_null(),
            Self::Time(builder) => builder.append_null(),
            Self::List(list) => {
                list.offsets.push(list.length);
                list.valid.append_null();
            }
            Self::Struct(nested) => {
                nested.columns.iter_mut().for_each(Self::append_null);
                nested.valid.append_null();
            }
            Self::Null(_, rows) => *rows += 1,
        }
    }

    /// The rows so far as an array; the column is empty again.
    ///
    /// # Errors
    ///
    /// [`ArrowError`] when the parts do not fit together, which would be a defect of this module.
    pub(crate) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Integer(builder) => Arc::new(builder.finish()),
            Self::Float(builder) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Time(builder) => Arc::new(builder.finish()),
            Self::List(list) => {
                let offsets = std::mem::replace(&mut list.offsets, vec![0]);
                list.length = 0;
                Arc::new(ListArray::try_new(
                    Arc::clone(&list.element),
                    OffsetBuffer::new(offsets.into()),
                    list.column.finish()?,
                    list.valid.finish(),
                )?)
            }
            Self::Struct(nested) => {
                let arrays = nested
                    .columns
                    .iter_mut()
                    .map(Self::finish)
                    .collect::<Result<Vec<_>, _>>()?;
                Arc::new(StructArray::try_new(
                    nested.fields.clone(),
                    arrays,
                    nested.valid.finish(),
                )?)
            }
            Self::Null(data_type, rows) => new_null_array(data_type, std::mem::take(rows)),
        })
    }
}

impl List {
    fn append(&mut self, value: &[u8]) -> bool {
        let is_array = value.first() == Some(&b'[');
        let fits = is_array && self.append_elements(value).unwrap_or(false);
        self.offsets.push(self.length);
        self.valid.append(is_array);
        fits
    }

    fn append_elements(&mut self, array: &[u8]) -> Result<bool, JsonError> {
        let mut fits = true;
        let mut scanner = Scanner::new(array, 0);
        scanner.enter_array()?;
        while scanner.next_element()? {
            let element = scanner.skip_value()?;
            fits &= self.column.append(Some(scanner.text(element)));
            self.length += 1;
        }
        Ok(fits)
    }
}

impl Struct {
    fn new(fields: &Fields, wanted: &Wanted) -> Self {
        let column = |field: &FieldRef| match wanted {
            Wanted::Whole => Column::new(field.data_type(), &Wanted::Whole),
            Wanted::Fields(some) => match some.get(field.name()) {
                Some(wanted) => Column::new(field.data_type(), wanted),
                None => Column::Null(field.data_type().clone(), 0),
            },
        };
        Self {
            fields: fields.clone(),
            columns: fields.iter().map(column).collect(),
            slots: Slots::new(fields.iter().map(|field| field.name().as_str())),
            valid: NullBufferBuilder::new(0),
        }
    }

    fn append(&mut self, value: &[u8]) -> bool {
        if value.first() != Some(&b'{') {
            self.columns.iter_mut().for_each(Column::append_null);
            self.valid.append_null();
            return false;
        }
        let mut fits = self.slots.read_object(&mut Scanner::new(value, 0)).is_ok();
        for (slot, column) in self.columns.iter_mut().enumerate() {
            if let Column::Null(_, rows) = column {
                *rows += 1;
            } else {
                fits &= column.append(self.slots.value(slot, value));
            }
        }
        self.valid.append_non_null();
        fits
    }
}

fn unquoted(value: &[u8]) -> Option<&[u8]> {
    value.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

/// Adds a text as itself, or any other value as its JSON text.
pub(crate) fn append_text(builder: &mut StringBuilder, value: &[u8]) -> bool {
    let said = match unquoted(value) {
        Some(spelled) => text(spelled),
        None => simdutf8::basic::from_utf8(value).ok().map(Into::into),
    };
    builder.append_option(said.as_deref());
    said.is_some()
}
