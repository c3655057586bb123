//! One line a record, as people or programs read it.

use std::io::Write;

use anyhow::Result;
use serde::{Serialize, Serializer, ser::SerializeMap};
use unicode_width::UnicodeWidthStr;

use super::placer::{Column, Placed, Refused};
use crate::args::PartitionFormat;

/// Records whose widths are looked at before the first line of a table is written.
const BLOCK: usize = 1000;

/// No column of a table is padded beyond this.
const WIDEST: usize = 120;

/// What became of a record, and which one it is.
pub(super) struct Row<'a> {
    pub(super) file: &'a str,
    pub(super) line: u64,
    pub(super) placed: &'a Placed<'a>,
}

/// Writes rows.
pub(super) struct Rows {
    out: Box<dyn Write + Send>,
    form: Form,
    titles: Vec<String>,
}

enum Form {
    Table { with_file: bool, table: Table },
    Csv,
    Json { any: bool },
    Ndjson,
}

impl Rows {
    pub(super) fn new(
        mut out: Box<dyn Write + Send>,
        format: PartitionFormat,
        columns: &[Column],
        with_file: bool,
    ) -> Result<Self> {
        let titles: Vec<String> = columns.iter().map(|it| it.title.clone()).collect();
        let keys = titles.iter().map(String::as_str);
        let form = match format {
            PartitionFormat::Table => {
                let file = with_file.then_some("file");
                let header = file.into_iter().chain(["line"]).chain(keys);
                let header = header.chain(["prefix", "refused"]);
                Form::Table {
                    with_file,
                    table: Table::new(header.map(str::to_owned).collect()),
                }
            }
            PartitionFormat::Csv => {
                let header = ["file", "line"].into_iter().chain(keys);
                csv_line(&mut out, header.chain(["prefix", "code", "refused"]))?;
                Form::Csv
            }
            PartitionFormat::Json => {
                out.write_all(b"[")?;
                Form::Json { any: false }
            }
            PartitionFormat::Ndjson => Form::Ndjson,
        };
        Ok(Self { out, form, titles })
    }

    pub(super) fn push(&mut self, row: &Row<'_>) -> Result<()> {
        let Self { out, form, titles } = self;
        let keys = row
            .placed
            .keys
            .iter()
            .map(|value| value.unwrap_or_default());
        let prefix = row.placed.prefix.unwrap_or_default();
        let refused = row.placed.refused.as_ref();
        let reason = refused.map_or("", |it| it.reason.as_str());
        let line = row.line.to_string();
        match form {
            Form::Table { with_file, table } => {
                let file = with_file.then_some(row.file);
                let cells = file.into_iter().chain([line.as_str()]).chain(keys);
                let cells = cells.chain([prefix, reason]);
                table.push(cells.map(printable).collect(), out)?;
            }
            Form::Csv => {
                let cells = [row.file, &line].into_iter().chain(keys);
                let code = refused.map_or("", |it| it.code);
                csv_line(out, cells.chain([prefix, code, reason]))?;
            }
            Form::Json { any } => {
                out.write_all(if std::mem::replace(any, true) {
                    b",\n "
                } else {
                    b"\n "
                })?;
                serde_json::to_writer(&mut *out, &object(row, titles))?;
            }
            Form::Ndjson => {
                serde_json::to_writer(&mut *out, &object(row, titles))?;
                out.write_all(b"\n")?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<()> {
        match self.form {
            Form::Table { table, .. } => table.finish(&mut self.out)?,
            Form::Json { any } => self.out.write_all(if any { b"\n]\n" } else { b"]\n" })?,
            Form::Csv | Form::Ndjson => {}
        }
        Ok(self.out.flush()?)
    }
}

/// A record for programs.
#[derive(Serialize)]
struct Object<'a> {
    file: &'a str,
    line: u64,
    keys: KeyMap<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<RefusedObject<'a>>,
}

/// Why a record is refused, for programs.
#[derive(Serialize)]
pub(super) struct RefusedObject<'a> {
    code: &'a str,
    message: &'a str,
    reason: &'a str,
}

impl<'a> From<&'a Refused> for RefusedObject<'a> {
    fn from(refused: &'a Refused) -> Self {
        Self {
            code: refused.code,
            message: &refused.message,
            reason: &refused.reason,
        }
    }
}

fn object<'a>(row: &Row<'a>, titles: &'a [String]) -> Object<'a> {
    Object {
        file: row.file,
        line: row.line,
        keys: KeyMap(titles, &row.placed.keys),
        prefix: row.placed.prefix,
        refused: row.placed.refused.as_ref().map(RefusedObject::from),
    }
}

/// Names and values that are there, in the order of the columns.
struct KeyMap<'a>(&'a [String], &'a [Option<&'a str>]);

impl Serialize for KeyMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (title, value) in self.0.iter().zip(self.1) {
            if let Some(value) = value {
                map.serialize_entry(title, value)?;
            }
        }
        map.end()
    }
}

/// Aligned columns. The first block of rows decides how wide they are, so that any number of rows needs little
/// memory.
pub(super) struct Table {
    block: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
}

impl Table {
    pub(super) fn new(header: Vec<String>) -> Self {
        Self {
            block: vec![header],
            widths: None,
        }
    }

    pub(super) fn push(&mut self, row: Vec<String>, out: &mut impl Write) -> Result<()> {
        if let Some(widths) = &self.widths {
            return write_row(out, &row, widths);
        }
        self.block.push(row);
        if self.block.len() > BLOCK {
            self.write_block(out)?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self, out: &mut impl Write) -> Result<()> {
        if self.widths.is_none() {
            self.write_block(out)?;
        }
        Ok(())
    }

    fn write_block(&mut self, out: &mut impl Write) -> Result<()> {
        let columns = self.block.first().map_or(0, Vec::len);
        // A column without a value in the block has no title either.
        let width = |column| {
            let cell = |row: &Vec<String>| row.get(column).map_or(0, |cell: &String| cell.width());
            let widest = self.block.iter().skip(1).map(cell).max().unwrap_or(0);
            match widest.min(WIDEST) {
                0 => 0,
                widest => widest.max(self.block.first().map_or(0, cell)),
            }
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut rows = self.block.drain(..);
        if let Some(mut header) = rows.next() {
            for (title, _) in header
                .iter_mut()
                .zip(&widths)
                .filter(|(_, width)| **width == 0)
            {
                title.clear();
            }
            write_row(out, &header, &widths)?;
        }
        for row in rows {
            write_row(out, &row, &widths)?;
        }
        self.widths = Some(widths);
        Ok(())
    }
}

fn write_row(out: &mut impl Write, row: &[String], widths: &[usize]) -> Result<()> {
    let mut line = String::new();
    for (cell, &width) in row.iter().zip(widths) {
        if width > 0 || !cell.is_empty() {
            line.push_str(cell);
            line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
        }
    }
    writeln!(out, "{}", line.trim_end())?;
    Ok(())
}

/// Text of a record that does not disturb the terminal.
pub(super) fn printable(text: &str) -> String {
    if text.chars().any(char::is_control) {
        text.escape_debug().to_string()
    } else {
        text.to_owned()
    }
}

/// Writes a line of comma-separated cells, quoted where RFC 4180 asks for it.
pub(super) fn csv_line<'a>(
    out: &mut impl Write,
    cells: impl Iterator<Item = &'a str>,
) -> Result<()> {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            out.write_all(b",")?;
        }
        if cell.contains([',', '"', '\n', '\r']) {
            write!(out, "\"{}\"", cell.replace('"', "\"\""))?;
        } else {
            out.write_all(cell.as_bytes())?;
        }
    }
    out.write_all(b"\n")?;
    Ok(())
}
