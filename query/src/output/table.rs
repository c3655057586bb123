//! A table for people.

use std::{fmt::Write as _, io::Write};

use arrow::{
    array::RecordBatch,
    datatypes::SchemaRef,
    json::writer::EncoderOptions,
    util::display::{ArrayFormatter, FormatOptions},
};
use unicode_width::UnicodeWidthStr;

use super::JsonCells;
use crate::error::QueryError;

/// Writes all rows in columns as wide as their widest value.
pub(super) fn write(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    out: &mut (dyn Write + Send),
) -> Result<(), QueryError> {
    if schema.fields().is_empty() {
        return Ok(());
    }
    let header: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| printable(field.name()))
        .collect();
    let mut rows = Vec::new();
    for batch in batches {
        texts(batch, &mut rows)?;
    }
    let mut widths: Vec<_> = header.iter().map(|name| name.width()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let is_number: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| field.data_type().is_numeric())
        .collect();
    let rule: Vec<_> = widths
        .iter()
        .map(|width| format!("+{:-<1$}", "", width + 2))
        .collect();
    let rule = rule.concat();
    writeln!(out, "{rule}+")?;
    write_row(&header, &widths, &is_number, out)?;
    writeln!(out, "{rule}+")?;
    for row in &rows {
        write_row(row, &widths, &is_number, out)?;
    }
    Ok(writeln!(out, "{rule}+")?)
}

fn write_row(
    cells: &[String],
    widths: &[usize],
    to_the_right: &[bool],
    out: &mut (dyn Write + Send),
) -> std::io::Result<()> {
    for ((cell, width), right) in cells.iter().zip(widths).zip(to_the_right) {
        let fill = width.saturating_sub(cell.width());
        match right {
            true => write!(out, "| {:fill$}{cell} ", "")?,
            false => write!(out, "| {cell}{:fill$} ", "")?,
        }
    }
    writeln!(out, "|")
}

/// Adds the texts of each row of a batch.
fn texts(batch: &RecordBatch, rows: &mut Vec<Vec<String>>) -> Result<(), QueryError> {
    let options = FormatOptions::default();
    let plain = batch
        .columns()
        .iter()
        .map(|array| ArrayFormatter::try_new(array.as_ref(), &options))
        .collect::<Result<Vec<_>, _>>()?;
    let nested: Vec<_> = batch
        .columns()
        .iter()
        .map(|array| array.data_type().is_nested())
        .collect();
    let encoding = EncoderOptions::default();
    let mut json = nested
        .contains(&true)
        .then(|| JsonCells::of(batch, &encoding))
        .transpose()?;
    for row in 0..batch.num_rows() {
        let mut cells = Vec::with_capacity(plain.len());
        for (column, formatter) in plain.iter().enumerate() {
            let text = match &mut json {
                Some(json) if nested[column] => json.text(column, row).unwrap_or_default(),
                _ => formatter.value(row).try_to_string()?,
            };
            cells.push(printable(&text));
        }
        rows.push(cells);
    }
    Ok(())
}

/// The text with control characters spelled out: a newline would break the table, and an escape sequence in
/// a record must not reach the terminal.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            // Writing to a string does not fail.
            let _written = write!(out, "{}", character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}
