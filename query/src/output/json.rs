//! JSON: one array, or one object a line.

use arrow::{array::RecordBatch, datatypes::SchemaRef, json::writer::EncoderOptions};

use super::{JsonCells, Out, Printer};
use crate::error::QueryError;

/// Rows as JSON objects.
pub(super) struct Json<'a> {
    names: Vec<Vec<u8>>,
    in_array: bool,
    is_first: bool,
    buffer: Vec<u8>,
    out: Out<'a>,
}

impl<'a> Json<'a> {
    /// One array of all rows.
    pub(super) fn array(schema: &SchemaRef, out: Out<'a>) -> Result<Self, QueryError> {
        out.write_all(b"[")?;
        Self::new(schema, out, true)
    }

    /// One object a line.
    pub(super) fn lines(schema: &SchemaRef, out: Out<'a>) -> Result<Self, QueryError> {
        Self::new(schema, out, false)
    }

    fn new(schema: &SchemaRef, out: Out<'a>, in_array: bool) -> Result<Self, QueryError> {
        let names = schema
            .fields()
            .iter()
            .map(|field| serde_json::to_vec(field.name()))
            .collect::<Result<_, _>>()
            .map_err(std::io::Error::from)?;
        Ok(Self {
            names,
            in_array,
            is_first: true,
            buffer: Vec::new(),
            out,
        })
    }
}

impl Printer for Json<'_> {
    fn batch(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        let encoding = EncoderOptions::default();
        let mut cells = JsonCells::of(batch, &encoding)?;
        self.buffer.clear();
        for row in 0..batch.num_rows() {
            if self.in_array {
                let between: &[u8] = if self.is_first { b"\n" } else { b",\n" };
                self.buffer.extend_from_slice(between);
            }
            self.is_first = false;
            self.buffer.push(b'{');
            for (column, name) in self.names.iter().enumerate() {
                if column > 0 {
                    self.buffer.push(b',');
                }
                self.buffer.extend_from_slice(name);
                self.buffer.push(b':');
                cells.write(column, row, &mut self.buffer);
            }
            self.buffer.push(b'}');
            if !self.in_array {
                self.buffer.push(b'\n');
            }
        }
        Ok(self.out.write_all(&self.buffer)?)
    }

    fn finish(self: Box<Self>) -> Result<(), QueryError> {
        if self.in_array {
            let end: &[u8] = if self.is_first { b"]\n" } else { b"\n]\n" };
            self.out.write_all(end)?;
        }
        Ok(())
    }
}
