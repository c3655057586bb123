//! Printing an answer.

mod cells;
mod table;

use std::{fmt, io::Write, str::FromStr, sync::Arc};

use arrow::{
    array::{ArrayRef, RecordBatch, StringArray},
    csv::WriterBuilder as CsvWriterBuilder,
    datatypes::{DataType, Field, FieldRef, Schema, SchemaRef},
    json::writer::EncoderOptions,
};
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;

use crate::error::QueryError;
use cells::JsonCells;

/// How an answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Format {
    /// A table for people: numbers to the right, nested values as JSON. The whole answer is held in memory,
    /// to know how wide its columns are.
    #[default]
    Table,
    /// RFC 4180 with a header. Nested values are JSON text.
    Csv,
    /// One JSON array with an object for each row.
    Json,
    /// One JSON object a line for each row.
    NdJson,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Table => "table",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::NdJson => "ndjson",
        })
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Table, Self::Csv, Self::Json, Self::NdJson]
            .into_iter()
            .find(|format| format.to_string().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownFormat {
                text: text.to_owned(),
            })
    }
}

/// A name that is no [`Format`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown format `{text}`; there are table, csv, json and ndjson")]
pub struct UnknownFormat {
    /// The name as given.
    pub text: String,
}

/// Prints an answer as it comes, and gives the number of rows.
///
/// In JSON the columns of a row are always there, `null` where they are null; inside nested values, fields
/// that are null are left out, because a struct has the fields of all records of the lake.
///
/// # Errors
///
/// [`QueryError`] when the query fails on the way, or `out` does.
pub async fn write(
    mut answer: SendableRecordBatchStream,
    format: Format,
    out: &mut (dyn Write + Send),
) -> Result<u64, QueryError> {
    let schema = answer.schema();
    let mut printer = Printer::new(format, &schema);
    printer.begin(out)?;
    while let Some(batch) = answer.next().await {
        printer.batch(&batch?, out)?;
    }
    printer.end(out)?;
    out.flush()?;
    Ok(printer.rows)
}

/// The state of printing one answer.
struct Printer {
    format: Format,
    schema: SchemaRef,
    rows: u64,
    held: Vec<RecordBatch>,
    buffer: Vec<u8>,
}

impl Printer {
    fn new(format: Format, schema: &SchemaRef) -> Self {
        let schema = Arc::clone(schema);
        Self {
            format,
            schema,
            rows: 0,
            held: Vec::new(),
            buffer: Vec::new(),
        }
    }

    fn begin(&mut self, out: &mut (dyn Write + Send)) -> Result<(), QueryError> {
        match self.format {
            Format::Table | Format::NdJson => {}
            Format::Json => out.write_all(b"[")?,
            // The header is there even when no batch comes.
            Format::Csv => write_csv(&RecordBatch::new_empty(Arc::clone(&self.schema)), true, out)?,
        }
        Ok(())
    }

    fn batch(
        &mut self,
        batch: &RecordBatch,
        out: &mut (dyn Write + Send),
    ) -> Result<(), QueryError> {
        match self.format {
            Format::Table => self.held.push(batch.clone()),
            Format::Csv => write_csv(batch, false, out)?,
            Format::Json | Format::NdJson => self.json(batch, out)?,
        }
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    fn end(&mut self, out: &mut (dyn Write + Send)) -> Result<(), QueryError> {
        match self.format {
            Format::Table => table::write(&self.schema, &self.held, out),
            Format::Json => Ok(out.write_all(if self.rows == 0 { b"]\n" } else { b"\n]\n" })?),
            Format::Csv | Format::NdJson => Ok(()),
        }
    }

    fn json(
        &mut self,
        batch: &RecordBatch,
        out: &mut (dyn Write + Send),
    ) -> Result<(), QueryError> {
        let names = self
            .schema
            .fields()
            .iter()
            .map(|field| serde_json::to_vec(field.name()));
        let names = names
            .collect::<Result<Vec<_>, _>>()
            .map_err(std::io::Error::from)?;
        let encoding = EncoderOptions::default();
        let mut cells = JsonCells::of(batch, &encoding)?;
        self.buffer.clear();
        for row in 0..batch.num_rows() {
            if self.format == Format::Json {
                let is_first = self.rows == 0 && row == 0;
                self.buffer
                    .extend_from_slice(if is_first { b"\n" } else { b",\n" });
            }
            self.buffer.push(b'{');
            for (column, name) in names.iter().enumerate() {
                if column > 0 {
                    self.buffer.push(b',');
                }
                self.buffer.extend_from_slice(name);
                self.buffer.push(b':');
                cells.write(column, row, &mut self.buffer);
            }
            self.buffer.push(b'}');
            if self.format == Format::NdJson {
                self.buffer.push(b'\n');
            }
        }
        Ok(out.write_all(&self.buffer)?)
    }
}

fn write_csv(
    batch: &RecordBatch,
    header: bool,
    out: &mut (dyn Write + Send),
) -> Result<(), QueryError> {
    if batch.num_columns() == 0 {
        return Ok(());
    }
    let mut writer = CsvWriterBuilder::new().with_header(header).build(out);
    Ok(writer.write(&flatten(batch)?)?)
}

/// The batch with each nested column as JSON text.
fn flatten(batch: &RecordBatch) -> Result<RecordBatch, QueryError> {
    let schema = batch.schema();
    if !schema
        .fields()
        .iter()
        .any(|field| field.data_type().is_nested())
    {
        return Ok(batch.clone());
    }
    let (mut fields, mut arrays) = (Vec::<FieldRef>::new(), Vec::<ArrayRef>::new());
    let encoding = EncoderOptions::default();
    let mut cells = JsonCells::of(batch, &encoding)?;
    for (column, (field, array)) in schema.fields().iter().zip(batch.columns()).enumerate() {
        if !field.data_type().is_nested() {
            fields.push(Arc::clone(field));
            arrays.push(Arc::clone(array));
            continue;
        }
        let texts: StringArray = (0..batch.num_rows())
            .map(|row| cells.text(column, row))
            .collect();
        fields.push(Arc::new(Field::new(field.name(), DataType::Utf8, true)));
        arrays.push(Arc::new(texts));
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}
