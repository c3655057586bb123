//! Record format conversion: JSON records as the rows of a Parquet file, typed by a Glue table (developer
//! guide, "Converting input record format").
//!
//! What AWS says of a record that does not fit was observed on it; where nothing was, the record is refused
//! rather than changed.

mod columns;
mod deserializer;
mod glue;
mod hive_type;
mod number;
mod time;

use std::{io, sync::Arc};

use arrow::{
    array::RecordBatch,
    datatypes::{Field, Schema, SchemaRef},
    error::ArrowError,
};
use hydrant_records::json;
use parquet::{
    arrow::{ArrowWriter, arrow_writer::ArrowWriterOptions},
    basic::Compression,
    errors::ParquetError,
    file::properties::{WriterProperties, WriterVersion},
};

use columns::{Cell, column};
use hive_type::HiveType;

pub use glue::{GlueTables, GlueTablesError};

pub(crate) use deserializer::{Deserializer, HiveJson, OpenXJson, Refusal};

/// Rows that become columns together: enough to make it worth while, few enough to be held twice.
const BATCH_ROWS: usize = 8192;

/// Where a table is, as `SchemaConfiguration` says it and an error record repeats it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CatalogTable {
    pub(crate) catalog_id: String,
    pub(crate) database_name: String,
    pub(crate) table_name: String,
    pub(crate) region: String,
    pub(crate) version_id: String,
}

/// A column of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    name: String,
    kind: HiveType,
}

/// `ParquetSerDe`, checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ParquetOptions {
    pub(crate) compression: Compression,
    pub(crate) block_bytes: usize,
    pub(crate) page_bytes: usize,
    pub(crate) dictionary: bool,
    pub(crate) version: WriterVersion,
}

/// The conversion of one stream.
#[derive(Debug)]
pub(crate) struct Conversion {
    pub(crate) table: CatalogTable,
    columns: Vec<Column>,
    schema: SchemaRef,
    deserializer: Deserializer,
    options: ParquetOptions,
}

impl Conversion {
    pub(crate) fn new(
        table: CatalogTable,
        columns: Vec<Column>,
        deserializer: Deserializer,
        options: ParquetOptions,
    ) -> Self {
        let fields: Vec<Field> = columns
            .iter()
            .map(|column| Field::new(&column.name, column.kind.to_arrow(), true))
            .collect();
        Self {
            table,
            columns,
            schema: Arc::new(Schema::new(fields)),
            deserializer,
            options,
        }
    }

    /// Whether a record, one JSON object or several back to back, becomes rows.
    pub(crate) fn check(&self, record: &[u8]) -> Result<(), Refusal> {
        let mut objects = 0;
        for object in json::values(record) {
            let object = object.map_err(|error| Refusal::malformed(&error))?;
            self.deserializer.row(&self.columns, record, object)?;
            objects += 1;
        }
        if objects == 0 {
            return Err(Refusal::empty());
        }
        Ok(())
    }

    /// The Parquet file of records that were checked, one behind the other.
    pub(crate) fn to_parquet(&self, records: &[u8]) -> io::Result<Vec<u8>> {
        self.write(records).map_err(io::Error::other)
    }

    fn write(&self, records: &[u8]) -> Result<Vec<u8>, ParquetError> {
        let options = ArrowWriterOptions::new()
            .with_properties(self.properties())
            .with_skip_arrow_metadata(true);
        let schema = Arc::clone(&self.schema);
        let mut writer = ArrowWriter::try_new_with_options(Vec::new(), schema, options)?;
        let mut rows = Vec::with_capacity(BATCH_ROWS);
        for object in json::values(records) {
            let object = object.map_err(|error| ParquetError::General(error.to_string()))?;
            let row = self.deserializer.row(&self.columns, records, object);
            rows.push(row.map_err(|refusal| ParquetError::General(refusal.message))?);
            if rows.len() == BATCH_ROWS {
                writer.write(&self.batch(&rows)?)?;
                rows.clear();
            }
        }
        if !rows.is_empty() {
            writer.write(&self.batch(&rows)?)?;
        }
        writer.into_inner()
    }

    fn batch(&self, rows: &[Vec<Cell>]) -> Result<RecordBatch, ArrowError> {
        let columns = self.columns.iter().enumerate().map(|(index, described)| {
            let cells: Vec<&Cell> = rows
                .iter()
                .map(|row| row.get(index).unwrap_or(&Cell::Null))
                .collect();
            column(&described.kind, &cells)
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
    }

    fn properties(&self) -> WriterProperties {
        let ParquetOptions {
            compression,
            block_bytes,
            page_bytes,
            dictionary,
            version,
        } = &self.options;
        WriterProperties::builder()
            .set_compression(*compression)
            .set_max_row_group_row_count(None)
            .set_max_row_group_bytes(Some(*block_bytes))
            .set_data_page_size_limit(*page_bytes)
            .set_dictionary_enabled(*dictionary)
            .set_writer_version(*version)
            .set_coerce_types(true)
            .build()
    }

    /// AWS labels its Snappy files so, although they are plain Parquet (observed); of the others nothing is
    /// known.
    pub(crate) fn content_encoding(&self) -> Option<&'static str> {
        (self.options.compression == Compression::SNAPPY).then_some("hadoop-snappy")
    }
}

#[cfg(test)]
mod tests;
