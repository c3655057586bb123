//! The columns of the compacted table: those that hold every value of all its files.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, RecordBatch, RecordBatchOptions},
    datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef},
    error::ArrowError,
};

use super::error::CompactionError;
use crate::{constants::OBJECT, parquet_object::conform, shape::Shape};

/// The partition column of the event type.
pub(crate) const TYPE: &str = "_type";

/// The partition column of the event's day.
pub(crate) const DATE: &str = "_date";

/// The columns of the table: the records' fields, the columns that folders gave, the raw object's key, and the
/// table's own partition columns.
///
/// # Errors
///
/// [`CompactionError::Reserved`] when a field has the name of one of the last.
pub(crate) fn table_schema(
    shape: &Shape,
    partitions: &[(String, bool)],
) -> Result<Schema, CompactionError> {
    let mut fields = shape.record_fields();
    for name in [OBJECT, TYPE, DATE] {
        if fields
            .iter()
            .any(|field| field.name().eq_ignore_ascii_case(name))
        {
            return Err(CompactionError::Reserved {
                field: name.to_owned(),
            });
        }
    }
    if let Some((one, other)) = clash(&fields) {
        return Err(CompactionError::Alike { one, other });
    }
    for (name, is_number) in partitions {
        let has = fields
            .iter()
            .any(|field| field.name().eq_ignore_ascii_case(name));
        if !has {
            fields.push(Arc::new(partition_field(name, *is_number)));
        }
    }
    fields.push(Arc::new(Field::new(OBJECT, DataType::Utf8, true)));
    fields.push(Arc::new(Field::new(TYPE, DataType::Utf8, true)));
    fields.push(Arc::new(Field::new(DATE, DataType::Date32, true)));
    Ok(Schema::new(fields))
}

fn partition_field(name: &str, is_number: bool) -> Field {
    let data_type = if is_number {
        DataType::Int64
    } else {
        DataType::Utf8
    };
    Field::new(name, data_type, true)
}

/// Two names in one place that differ in case only: Delta's columns have no case.
fn clash<'a>(fields: impl IntoIterator<Item = &'a FieldRef>) -> Option<(String, String)> {
    let mut seen: std::collections::HashMap<String, &str> = std::collections::HashMap::new();
    for field in fields {
        if let Some(other) = seen.insert(field.name().to_lowercase(), field.name()) {
            return Some((other.to_owned(), field.name().clone()));
        }
        let mut inner = field.data_type();
        while let DataType::List(element) = inner {
            inner = element.data_type();
        }
        if let DataType::Struct(children) = inner
            && let Some(found) = clash(children)
        {
            return Some(found);
        }
    }
    None
}

/// The table's columns, as far as they are known before the objects are read.
#[derive(Debug)]
pub(crate) struct Columns {
    /// What is known of the records.
    shape: Shape,
    partitions: Vec<(String, bool)>,
    schema: SchemaRef,
}

impl Columns {
    /// The columns for records of this shape.
    ///
    /// # Errors
    ///
    /// As [`table_schema`].
    pub(crate) fn new(
        shape: Shape,
        partitions: Vec<(String, bool)>,
    ) -> Result<Self, CompactionError> {
        Ok(Self {
            schema: Arc::new(table_schema(&shape, &partitions)?),
            shape,
            partitions,
        })
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The columns that hold records of another shape too.
    ///
    /// # Errors
    ///
    /// As [`table_schema`].
    pub(crate) fn with(&self, shape: &Shape) -> Result<SchemaRef, CompactionError> {
        let mut all = self.shape.clone();
        all.merge(shape);
        Ok(Arc::new(table_schema(&all, &self.partitions)?))
    }
}

/// The columns of a file whose rows have some of the table's fields: the types are the table's, what none of
/// the rows has is left out.
pub(crate) fn file_schema(own: &Schema, table: &Schema) -> Schema {
    Schema::new(narrowed(own.fields(), table.fields()))
}

fn narrowed(own: &Fields, table: &Fields) -> Vec<FieldRef> {
    let stored = |field: &FieldRef| {
        let wide = table.iter().find(|it| it.name() == field.name())?;
        let data_type = narrow(field.data_type(), wide.data_type());
        Some(Arc::new(Field::new(field.name(), data_type, true)))
    };
    own.iter().filter_map(stored).collect()
}

fn narrow(own: &DataType, table: &DataType) -> DataType {
    match (own, table) {
        (DataType::Struct(own), DataType::Struct(table)) => {
            DataType::Struct(narrowed(own, table).into())
        }
        (DataType::List(own), DataType::List(table)) => {
            DataType::new_list(narrow(own.data_type(), table.data_type()), true)
        }
        _ => table.clone(),
    }
}

/// Rows under the columns of their file.
///
/// # Errors
///
/// [`ArrowError`] when a column cannot be converted.
pub(crate) fn stored(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let column = |field: &FieldRef| -> Result<ArrayRef, ArrowError> {
        match rows.column_by_name(field.name()) {
            Some(array) => conform(array, field.data_type()),
            None => Ok(arrow::array::new_null_array(
                field.data_type(),
                rows.num_rows(),
            )),
        }
    };
    let columns = schema.fields().iter().map(column);
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns.collect::<Result<_, _>>()?,
        &options,
    )
}
