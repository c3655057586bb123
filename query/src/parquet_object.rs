//! Objects that are Apache Parquet: what Firehose's record format conversion writes, and compaction.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray, StructArray, cast::AsArray,
        new_null_array,
    },
    compute::cast,
    datatypes::{DataType, Field, Fields, Schema},
    error::ArrowError,
};
use bytes::Bytes;
use parquet::arrow::{
    ProjectionMask,
    arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder},
};

use crate::{
    decode::{Constants, TableColumns},
    encoding::{PARQUET, Raw},
    object::DataObject,
    scan::Projection,
    shape::Shape,
};

/// Rows of a batch.
const BATCH_ROWS: usize = 8192;

/// Why an object gave no rows.
pub(crate) enum Fault {
    /// Its columns do not fit the schema that the sample gave.
    Misfit,
    /// It cannot be read; the reason.
    Damaged(String),
}

impl From<ArrowError> for Fault {
    fn from(error: ArrowError) -> Self {
        Self::Damaged(format!("the Parquet data cannot be read ({error})"))
    }
}

impl From<parquet::errors::ParquetError> for Fault {
    fn from(error: parquet::errors::ParquetError) -> Self {
        Self::Damaged(format!("the Parquet data is damaged ({error})"))
    }
}

/// Whether an object is one.
pub(crate) fn is_one(object: &[u8]) -> bool {
    object.starts_with(PARQUET)
}

fn open(bytes: Bytes) -> Result<ParquetRecordBatchReaderBuilder<Bytes>, Fault> {
    // The Arrow schema that a writer may have left says what its program had in memory, not what we read.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    Ok(ParquetRecordBatchReaderBuilder::try_new_with_options(
        bytes, options,
    )?)
}

/// The shape of an object's records, as its schema tells it.
pub(crate) fn shape(object: &[u8]) -> Result<Shape, Fault> {
    let builder = open(Bytes::copy_from_slice(object))?;
    let rows = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or_default();
    Ok(Shape::of_fields(builder.schema().fields(), rows))
}

/// The rows of an object under the table's columns.
pub(crate) fn read(
    raw: Raw,
    object: &Arc<DataObject>,
    table: &TableColumns,
    projection: &Projection,
) -> Result<Vec<RecordBatch>, Fault> {
    let bytes = match raw {
        Raw::Read(bytes) => bytes.into(),
        Raw::Fetched(bytes) => bytes,
    };
    let builder = open(bytes)?.with_batch_size(BATCH_ROWS);
    let stored = Arc::clone(builder.schema());
    if let Some(known) = &table.shape {
        let mut joined = Shape::clone(known);
        joined.merge(&Shape::of_fields(stored.fields(), 1));
        if joined.record_fields().as_slice()
            != table
                .schema
                .fields()
                .get(..table.fields)
                .unwrap_or_default()
        {
            return Err(Fault::Misfit);
        }
    }
    let wanted: Vec<&Arc<Field>> = projection
        .columns
        .iter()
        .filter(|&&at| at < table.fields)
        .map(|&at| &table.schema.fields()[at])
        .collect();
    let roots = stored
        .fields()
        .iter()
        .enumerate()
        .filter(|(_, field)| wanted.iter().any(|it| it.name() == field.name()))
        .map(|(at, _)| at);
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    let reader = builder.with_projection(mask).build()?;
    let schema = Arc::new(table.schema.project(&projection.columns)?);
    let mut batches = Vec::new();
    for batch in reader {
        let batch = batch?;
        let rows = batch.num_rows();
        let mut constants = Constants::new(table.constants.clone());
        constants.begin(object);
        constants.count_rows(rows);
        let constants = constants.finish();
        let column = |at: &usize| -> Result<ArrayRef, Fault> {
            let Some(constant) = at.checked_sub(table.fields) else {
                let field = &table.schema.fields()[*at];
                return match batch.column_by_name(field.name()) {
                    Some(array) => Ok(conform(array, field.data_type())?),
                    None => Ok(new_null_array(field.data_type(), rows)),
                };
            };
            Ok(Arc::clone(&constants[constant]))
        };
        let columns: Vec<_> = projection
            .columns
            .iter()
            .map(column)
            .collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        batches.push(RecordBatch::try_new_with_options(
            Arc::clone(&schema),
            columns,
            &options,
        )?);
    }
    Ok(batches)
}

/// The array under another type, field by field.
fn conform(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    match (array.data_type(), to) {
        (from, to) if from == to => Ok(Arc::clone(array)),
        (DataType::Struct(_), DataType::Struct(fields)) => {
            let nested = array.as_struct();
            let column = |field: &Arc<Field>| match nested.column_by_name(field.name()) {
                Some(column) => conform(column, field.data_type()),
                None => Ok(new_null_array(field.data_type(), nested.len())),
            };
            let columns = fields.iter().map(column).collect::<Result<Vec<_>, _>>()?;
            Ok(Arc::new(StructArray::try_new_with_length(
                Fields::clone(fields),
                columns,
                nested.nulls().cloned(),
                nested.len(),
            )?))
        }
        (DataType::List(_), DataType::List(element)) => {
            let list = array.as_list::<i32>();
            Ok(Arc::new(arrow::array::ListArray::try_new(
                Arc::clone(element),
                list.offsets().clone(),
                conform(list.values(), element.data_type())?,
                list.nulls().cloned(),
            )?))
        }
        (DataType::Struct(_) | DataType::List(_) | DataType::Map(_, _), DataType::Utf8) => {
            json_text(array)
        }
        _ => cast(array, to),
    }
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
