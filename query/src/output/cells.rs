//! The values of a batch as JSON text.

use arrow::{
    array::RecordBatch,
    datatypes::FieldRef,
    error::ArrowError,
    json::writer::{EncoderOptions, NullableEncoder, make_encoder},
};

/// A batch whose values can be written as JSON, one by one.
pub(super) struct JsonCells<'a> {
    columns: Vec<NullableEncoder<'a>>,
    buffer: Vec<u8>,
}

impl<'a> JsonCells<'a> {
    /// # Errors
    ///
    /// [`ArrowError`] when JSON has no way to write a column's type.
    pub(super) fn of(
        batch: &'a RecordBatch,
        options: &'a EncoderOptions,
    ) -> Result<Self, ArrowError> {
        let fields: &'a [FieldRef] = batch.schema_ref().fields();
        let columns = fields
            .iter()
            .zip(batch.columns())
            .map(|(field, array)| make_encoder(field, array.as_ref(), options))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            columns,
            buffer: Vec::new(),
        })
    }

    /// Writes one value.
    pub(super) fn write(&mut self, column: usize, row: usize, out: &mut Vec<u8>) {
        match self.columns.get_mut(column) {
            Some(encoder) if !encoder.is_null(row) => encoder.encode(row, out),
            _ => out.extend_from_slice(b"null"),
        }
    }

    /// One value as text; `None` for null.
    pub(super) fn text(&mut self, column: usize, row: usize) -> Option<String> {
        let encoder = self
            .columns
            .get_mut(column)
            .filter(|encoder| !encoder.is_null(row))?;
        self.buffer.clear();
        encoder.encode(row, &mut self.buffer);
        Some(String::from_utf8_lossy(&self.buffer).into_owned())
    }
}
