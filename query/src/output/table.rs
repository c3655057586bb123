//! A table for people.

use std::sync::Arc;

use arrow::{
    array::RecordBatch,
    datatypes::{DataType, SchemaRef},
    json::writer::EncoderOptions,
    util::display::FormatOptions,
};
use unicode_width::UnicodeWidthStr;

use super::{
    Out, Printer, Style, Texts,
    cells::printable,
    layout::{Wish, cut, widths},
};
use crate::error::QueryError;

/// Characters of a value that are kept: no terminal shows more in one cell.
const LONGEST_CELL: usize = 4_000;

/// Rows, held until all are there.
pub(super) struct Table<'a> {
    style: Style,
    schema: SchemaRef,
    held: Vec<Vec<String>>,
    rows: usize,
    out: Out<'a>,
}

impl<'a> Table<'a> {
    pub(super) fn new(style: Style, schema: &SchemaRef, out: Out<'a>) -> Self {
        Self {
            style,
            schema: Arc::clone(schema),
            held: Vec::new(),
            rows: 0,
            out,
        }
    }

    fn row(&mut self, cells: &[String], widths: &[usize]) -> std::io::Result<()> {
        for ((cell, width), field) in cells.iter().zip(widths).zip(self.schema.fields()) {
            let cell = cut(cell, *width);
            let fill = width.saturating_sub(cell.width());
            if field.data_type().is_numeric() {
                write!(self.out, "| {:fill$}{cell} ", "")?;
            } else {
                write!(self.out, "| {cell}{:fill$} ", "")?;
            }
        }
        let more = if widths.len() < cells.len() {
            "| … |"
        } else {
            "|"
        };
        writeln!(self.out, "{more}")
    }

    /// What the table does not show.
    fn notes(&mut self, shown: usize) -> std::io::Result<()> {
        let hidden: Vec<&str> = self
            .schema
            .fields()
            .iter()
            .skip(shown)
            .map(|field| field.name().as_str())
            .collect();
        match hidden.as_slice() {
            [] => {}
            [one] => writeln!(
                self.out,
                "{} does not fit; name the columns you want, or use --format vertical",
                printable(one)
            )?,
            [first @ .., last] => writeln!(
                self.out,
                "{} columns do not fit: {} and {}; name those you want, or use --format vertical",
                hidden.len(),
                printable(&first.join(", ")),
                printable(last)
            )?,
        }
        let more = self.rows - self.held.len();
        if more > 0 {
            writeln!(
                self.out,
                "{more} more rows; -o FILE or another --format has all {}",
                self.rows
            )?;
        }
        Ok(())
    }
}

impl Printer for Table<'_> {
    fn batch(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        let room = match self.style.rows {
            Some(most) => most.saturating_sub(self.held.len()),
            None => usize::MAX,
        };
        self.rows += batch.num_rows();
        let shown = batch.slice(0, batch.num_rows().min(room));
        let (options, encoding) = (FormatOptions::default(), EncoderOptions::default());
        let mut texts = Texts::of(&shown, &options, &encoding)?;
        for row in 0..shown.num_rows() {
            let cells = (0..shown.num_columns())
                .map(|column| Ok(kept(&texts.text(column, row)?)))
                .collect::<Result<_, QueryError>>()?;
            self.held.push(cells);
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), QueryError> {
        if self.schema.fields().is_empty() {
            return Ok(());
        }
        let header: Vec<String> = self
            .schema
            .fields()
            .iter()
            .map(|field| printable(field.name()))
            .collect();
        let held = std::mem::take(&mut self.held);
        let wishes: Vec<Wish> = header
            .iter()
            .zip(self.schema.fields())
            .enumerate()
            .map(|(column, (name, field))| {
                let cells = held.iter().filter_map(|row| row.get(column));
                let widest = cells.map(|cell| cell.width()).max().unwrap_or_default();
                Wish {
                    natural: widest.max(name.width()),
                    header: name.width(),
                    is_flexible: is_flexible(field.data_type()),
                }
            })
            .collect();
        let widths = widths(&wishes, self.style.width);
        let mut rule = String::new();
        for width in &widths {
            rule += &format!("+{:-<1$}", "", width + 2);
        }
        rule += if widths.len() < header.len() {
            "+---+"
        } else {
            "+"
        };
        writeln!(self.out, "{rule}")?;
        self.row(&header, &widths)?;
        writeln!(self.out, "{rule}")?;
        for row in &held {
            self.row(row, &widths)?;
        }
        writeln!(self.out, "{rule}")?;
        self.held = held;
        Ok(self.notes(widths.len())?)
    }
}

fn is_flexible(data_type: &DataType) -> bool {
    !matches!(
        data_type,
        DataType::Boolean | DataType::Timestamp(..) | DataType::Date32 | DataType::Date64
    ) && !data_type.is_numeric()
}

fn kept(text: &str) -> String {
    match text.char_indices().nth(LONGEST_CELL) {
        Some((end, _)) => printable(text.split_at(end).0) + "…",
        None => printable(text),
    }
}
