//! A table as GitHub's Markdown has it.

use arrow::{
    array::RecordBatch, datatypes::SchemaRef, json::writer::EncoderOptions,
    util::display::FormatOptions,
};

use super::{Out, Printer, Texts, cells::printable};
use crate::error::QueryError;

/// Rows of a Markdown table.
pub(super) struct Markdown<'a> {
    out: Out<'a>,
}

impl<'a> Markdown<'a> {
    /// Writes the header.
    pub(super) fn new(schema: &SchemaRef, out: Out<'a>) -> Result<Self, QueryError> {
        if schema.fields().is_empty() {
            return Ok(Self { out });
        }
        let (mut names, mut rule) = (String::from("|"), String::from("|"));
        for field in schema.fields() {
            names += &format!(" {} |", escaped(field.name()));
            rule += if field.data_type().is_numeric() {
                " ---: |"
            } else {
                " --- |"
            };
        }
        writeln!(out, "{names}\n{rule}")?;
        Ok(Self { out })
    }
}

impl Printer for Markdown<'_> {
    fn batch(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        if batch.num_columns() == 0 {
            return Ok(());
        }
        let (options, encoding) = (FormatOptions::default(), EncoderOptions::default());
        let mut texts = Texts::of(batch, &options, &encoding)?;
        for row in 0..batch.num_rows() {
            let mut line = String::from("|");
            for column in 0..batch.num_columns() {
                line += &format!(" {} |", escaped(&texts.text(column, row)?));
            }
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), QueryError> {
        Ok(())
    }
}

/// The value as one cell that shows its characters and nothing else.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for character in printable(value).chars() {
        match character {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '~' => {
                out.push('\\');
                out.push(character);
            }
            '&' => out.push_str("&amp;"),
            other => out.push(other),
        }
    }
    out
}
