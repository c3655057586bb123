//! From the arrays of a file to those of the table.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, ListArray, RecordBatch, StringArray, StructArray, cast::AsArray,
        new_null_array,
    },
    compute::cast,
    datatypes::{DataType, Field, FieldRef, Fields, Float64Type, Schema},
    error::ArrowError,
};

/// How an array becomes one of another type, field by field.
#[derive(Debug)]
pub(crate) enum Conform {
    /// It is of that type.
    Same,
    /// It is not there: nulls, kept for the next batch.
    Missing(DataType, Option<ArrayRef>),
    /// Each field by itself: where it is, and how.
    Struct(Fields, Vec<(usize, Conform)>),
    /// The elements.
    List(FieldRef, Box<Conform>),
    /// As JSON text.
    Text,
    /// Numbers as their shortest text.
    Spelled,
    /// From JSON text, which a column holds that was wider once, or had objects without fields.
    Parsed(DataType),
    /// As Arrow casts.
    Cast(DataType),
}

impl Conform {
    /// How arrays of type `from` become arrays of type `to`; those that are not there become nulls.
    pub(crate) fn new(from: Option<&DataType>, to: &DataType) -> Self {
        let Some(from) = from else {
            return Self::Missing(to.clone(), None);
        };
        match (from, to) {
            (from, to) if from == to => Self::Same,
            (DataType::Struct(stored), DataType::Struct(fields)) => {
                let field = |field: &FieldRef| match stored.find(field.name()) {
                    Some((at, stored)) => {
                        (at, Self::new(Some(stored.data_type()), field.data_type()))
                    }
                    None => (usize::MAX, Self::new(None, field.data_type())),
                };
                Self::Struct(fields.clone(), fields.iter().map(field).collect())
            }
            (DataType::List(stored), DataType::List(element)) => {
                let elements = Self::new(Some(stored.data_type()), element.data_type());
                Self::List(Arc::clone(element), Box::new(elements))
            }
            (DataType::Struct(_) | DataType::List(_) | DataType::Map(_, _), DataType::Utf8) => {
                Self::Text
            }
            (DataType::Float64, DataType::Utf8) => Self::Spelled,
            (DataType::Utf8, DataType::Struct(_) | DataType::List(_)) => Self::Parsed(to.clone()),
            _ => Self::Cast(to.clone()),
        }
    }

    /// The array, or as many nulls as there are `rows`.
    ///
    /// # Errors
    ///
    /// [`ArrowError`] when Arrow does not cast it.
    pub(crate) fn apply(
        &mut self,
        array: Option<&ArrayRef>,
        rows: usize,
    ) -> Result<ArrayRef, ArrowError> {
        let array = match (&mut *self, array) {
            (Self::Missing(data_type, nulls), _) => {
                return Ok(match nulls {
                    Some(nulls) if nulls.len() >= rows => nulls.slice(0, rows),
                    _ => Arc::clone(nulls.insert(new_null_array(data_type, rows))),
                });
            }
            (_, Some(array)) => array,
            (_, None) => {
                let reason = "a column of a Parquet file is not there".to_owned();
                return Err(ArrowError::SchemaError(reason));
            }
        };
        match self {
            Self::Struct(fields, members) => {
                let nested = array.as_struct();
                let columns = members
                    .iter_mut()
                    .map(|(at, member)| member.apply(nested.columns().get(*at), nested.len()));
                Ok(Arc::new(StructArray::try_new_with_length(
                    fields.clone(),
                    columns.collect::<Result<_, _>>()?,
                    nested.nulls().cloned(),
                    nested.len(),
                )?))
            }
            Self::List(element, elements) => {
                let list = array.as_list::<i32>();
                let values = list.values();
                Ok(Arc::new(ListArray::try_new(
                    Arc::clone(element),
                    list.offsets().clone(),
                    elements.apply(Some(values), values.len())?,
                    list.nulls().cloned(),
                )?))
            }
            Self::Text => json_text(array),
            Self::Spelled => Ok(spelled(array)),
            Self::Parsed(to) => parsed(array, to),
            Self::Cast(to) => cast(array, to),
            Self::Same | Self::Missing(..) => Ok(Arc::clone(array)),
        }
    }
}

/// The array under another type, field by field.
///
/// # Errors
///
/// As [`Conform::apply`].
pub(crate) fn conform(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    Conform::new(Some(array.data_type()), to).apply(Some(array), array.len())
}

/// The values whose JSON texts these are; what is no object or array is null.
fn parsed(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    if array.null_count() == array.len() {
        return Ok(new_null_array(to, array.len()));
    }
    let mut lines = String::new();
    for text in array.as_string::<i32>() {
        let value = text.filter(|text| text.starts_with(['{', '[']));
        lines += "{\"v\":";
        lines += value.unwrap_or("null");
        lines += "}\n";
    }
    let schema = Arc::new(Schema::new(vec![Field::new("v", to.clone(), true)]));
    let mut decoder = arrow::json::ReaderBuilder::new(schema)
        .with_batch_size(array.len())
        .with_coerce_primitive(true)
        .build_decoder()?;
    decoder.decode(lines.as_bytes())?;
    let batch = decoder.flush()?;
    let column = batch.and_then(|batch| batch.columns().first().cloned());
    Ok(column.unwrap_or_else(|| new_null_array(to, array.len())))
}

/// Each number as its shortest text: integers that came into a column of numbers had no point.
fn spelled(array: &ArrayRef) -> ArrayRef {
    let text = |number: f64| {
        let mut text = serde_json::Number::from_f64(number)
            .map_or_else(|| number.to_string(), |number| number.to_string());
        if text.ends_with(".0") {
            text.truncate(text.len() - 2);
        }
        text
    };
    let numbers = array.as_primitive::<Float64Type>().iter();
    Arc::new(numbers.map(|it| it.map(text)).collect::<StringArray>())
}

/// Each value as its JSON text.
fn json_text(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let field = Field::new("v", array.data_type().clone(), true);
    let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![Arc::clone(array)])?;
    let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
    writer.write(&batch)?;
    writer.finish()?;
    let lines = String::from_utf8(writer.into_inner())
        .map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
    let value = |line: &str| {
        let value = line.strip_prefix("{\"v\":")?.strip_suffix('}')?;
        Some(value.to_owned())
    };
    let texts: StringArray = lines.lines().map(value).collect();
    Ok(Arc::new(texts))
}
