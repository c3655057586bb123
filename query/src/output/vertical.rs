//! One line for each value.

use arrow::{
    array::{Array, RecordBatch, cast::AsArray},
    datatypes::{DataType, Field, Schema},
    json::writer::EncoderOptions,
    util::display::FormatOptions,
};
use std::sync::Arc;
use unicode_width::UnicodeWidthStr;

use super::{Out, Printer, Texts, cells::printable};
use crate::error::QueryError;

/// Rows as blocks of `path: value`; what is null is left out.
pub(super) struct Vertical<'a> {
    rows: u64,
    out: Out<'a>,
}

impl<'a> Vertical<'a> {
    pub(super) fn new(out: Out<'a>) -> Self {
        Self { rows: 0, out }
    }
}

impl Printer for Vertical<'_> {
    fn batch(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        let flat = apart(batch)?;
        let (options, encoding) = (FormatOptions::default(), EncoderOptions::default());
        let mut texts = Texts::of(&flat, &options, &encoding)?;
        let names: Vec<String> = flat
            .schema()
            .fields()
            .iter()
            .map(|field| printable(field.name()))
            .collect();
        for row in 0..flat.num_rows() {
            self.rows += 1;
            writeln!(self.out, "--- row {}", self.rows)?;
            let shown: Vec<usize> = (0..flat.num_columns())
                .filter(|column| !flat.column(*column).is_null(row))
                .collect();
            let widest = shown.iter().map(|column| names[*column].width()).max();
            for column in shown {
                let name = &names[column];
                let fill = widest.unwrap_or_default().saturating_sub(name.width());
                let value = printable(&texts.text(column, row)?);
                writeln!(self.out, "{name}:{:fill$} {value}", "")?;
            }
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), QueryError> {
        Ok(())
    }
}

/// The batch with the fields of structs as columns of their own, named by their paths.
fn apart(batch: &RecordBatch) -> Result<RecordBatch, QueryError> {
    let mut columns = Vec::new();
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        take_apart(field.name(), Arc::clone(array), &mut columns);
    }
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(name, array.data_type().clone(), true))
        .collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let rows = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let schema = Arc::new(Schema::new(fields));
    Ok(RecordBatch::try_new_with_options(schema, arrays, &rows)?)
}

fn take_apart(path: &str, array: Arc<dyn Array>, columns: &mut Vec<(String, Arc<dyn Array>)>) {
    if !matches!(array.data_type(), DataType::Struct(_)) {
        columns.push((path.to_owned(), array));
        return;
    }
    // A field of a struct that is null is null, whatever its own array says: scans build them so.
    let nested = array.as_struct();
    for (field, inner) in nested.fields().iter().zip(nested.columns()) {
        take_apart(
            &format!("{path}.{}", field.name()),
            Arc::clone(inner),
            columns,
        );
    }
}
