//! CSV and TSV.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, RecordBatch, StringArray},
    csv::WriterBuilder as CsvWriterBuilder,
    datatypes::{DataType, Field, FieldRef, Schema, SchemaRef},
    json::writer::EncoderOptions,
    util::display::FormatOptions,
};

use super::{JsonCells, Out, Printer, Texts};
use crate::error::QueryError;

/// RFC 4180.
pub(super) struct Csv<'a> {
    out: Out<'a>,
}

impl<'a> Csv<'a> {
    /// Writes the header: it is there even when no row comes.
    pub(super) fn new(schema: &SchemaRef, out: Out<'a>) -> Result<Self, QueryError> {
        let printer = Self { out };
        if !schema.fields().is_empty() {
            let empty = flatten(&RecordBatch::new_empty(Arc::clone(schema)))?;
            let mut writer = CsvWriterBuilder::new().build(&mut *printer.out);
            writer.write(&empty)?;
        }
        Ok(printer)
    }
}

impl Printer for Csv<'_> {
    fn batch(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        if batch.num_columns() == 0 {
            return Ok(());
        }
        let mut writer = CsvWriterBuilder::new()
            .with_header(false)
            .build(&mut *self.out);
        Ok(writer.write(&flatten(batch)?)?)
    }

    fn finish(self: Box<Self>) -> Result<(), QueryError> {
        Ok(())
    }
}

/// The batch with each nested column as JSON text.
fn flatten(batch: &RecordBatch) -> Result<RecordBatch, QueryError> {
    let schema = batch.schema();
    let is_flat = |field: &FieldRef| !field.data_type().is_nested();
    if schema.fields().iter().all(is_flat) {
        return Ok(batch.clone());
    }
    let (mut fields, mut arrays) = (Vec::<FieldRef>::new(), Vec::<ArrayRef>::new());
    let encoding = EncoderOptions::default();
    let mut cells = JsonCells::of(batch, &encoding)?;
    for (column, (field, array)) in schema.fields().iter().zip(batch.columns()).enumerate() {
        if is_flat(field) {
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

/// Tab-separated values.
pub(super) struct Tsv<'a> {
    out: Out<'a>,
    line: String,
}

impl<'a> Tsv<'a> {
    pub(super) fn new(schema: &SchemaRef, out: Out<'a>) -> Result<Self, QueryError> {
        let names: Vec<String> = schema
            .fields()
            .iter()
            .map(|field| escaped(field.name()))
            .collect();
        if !names.is_empty() {
            writeln!(out, "{}", names.join("\t"))?;
        }
        Ok(Self {
            out,
            line: String::new(),
        })
    }
}

impl Printer for Tsv<'_> {
    fn batch(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        if batch.num_columns() == 0 {
            return Ok(());
        }
        let (options, encoding) = (FormatOptions::default(), EncoderOptions::default());
        let mut texts = Texts::of(batch, &options, &encoding)?;
        for row in 0..batch.num_rows() {
            self.line.clear();
            for column in 0..batch.num_columns() {
                if column > 0 {
                    self.line.push('\t');
                }
                self.line.push_str(&escaped(&texts.text(column, row)?));
            }
            self.line.push('\n');
            self.out.write_all(self.line.as_bytes())?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), QueryError> {
        Ok(())
    }
}

/// The value without what separates values and rows.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\\' => out.push_str("\\\\"),
            other => out.push(other),
        }
    }
    out
}
