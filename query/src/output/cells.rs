//! The values of a batch as text.

use std::fmt::Write as _;

use arrow::{
    array::RecordBatch,
    datatypes::FieldRef,
    error::ArrowError,
    json::writer::{EncoderOptions, NullableEncoder, make_encoder},
    util::display::{ArrayFormatter, FormatOptions},
};

/// A batch whose values can be written as JSON, one by one.
pub(crate) struct JsonCells<'a> {
    columns: Vec<NullableEncoder<'a>>,
    buffer: Vec<u8>,
}

impl<'a> JsonCells<'a> {
    /// # Errors
    ///
    /// [`ArrowError`] when JSON has no way to write a column's type.
    pub(crate) fn of(
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
    pub(crate) fn text(&mut self, column: usize, row: usize) -> Option<String> {
        let encoder = self
            .columns
            .get_mut(column)
            .filter(|encoder| !encoder.is_null(row))?;
        self.buffer.clear();
        encoder.encode(row, &mut self.buffer);
        Some(String::from_utf8_lossy(&self.buffer).into_owned())
    }
}

/// A batch whose values are shown to people: plain values as themselves, nested ones as JSON.
pub(crate) struct Texts<'a> {
    plain: Vec<ArrayFormatter<'a>>,
    json: Option<JsonCells<'a>>,
    batch: &'a RecordBatch,
}

impl<'a> Texts<'a> {
    /// # Errors
    ///
    /// [`ArrowError`] when there is no way to show a column's type.
    pub(crate) fn of(
        batch: &'a RecordBatch,
        options: &'a FormatOptions<'a>,
        encoding: &'a EncoderOptions,
    ) -> Result<Self, ArrowError> {
        let plain = batch
            .columns()
            .iter()
            .map(|array| ArrayFormatter::try_new(array.as_ref(), options))
            .collect::<Result<Vec<_>, _>>()?;
        let nested = batch
            .columns()
            .iter()
            .any(|array| array.data_type().is_nested());
        let json = nested.then(|| JsonCells::of(batch, encoding)).transpose()?;
        Ok(Self { plain, json, batch })
    }

    /// One value; empty for null.
    ///
    /// # Errors
    ///
    /// [`ArrowError`] when the value has no text, such as a time beyond what calendars hold.
    pub(crate) fn text(&mut self, column: usize, row: usize) -> Result<String, ArrowError> {
        let array = self.batch.column(column);
        match (&mut self.json, self.plain.get(column)) {
            (Some(json), _) if array.data_type().is_nested() => {
                Ok(json.text(column, row).unwrap_or_default())
            }
            (_, Some(formatter)) => formatter.value(row).try_to_string(),
            _ => Ok(String::new()),
        }
    }
}

/// The text with control characters spelled out: a newline would break a table, and an escape sequence in a
/// record must not reach the terminal.
pub(super) fn printable(text: &str) -> String {
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
