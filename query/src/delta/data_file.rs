//! Data files of a table being written.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use object_store::{buffered::BufWriter, path::Path};
use parquet::{
    arrow::AsyncArrowWriter,
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::properties::{EnabledStatistics, WriterProperties},
};

use super::{DeltaError, DeltaTable, NewFile, statistics};

/// How a data file is written.
#[derive(Debug, Clone)]
pub struct DataFileOptions {
    /// Parquet's own settings; ZSTD and statistics by default.
    pub properties: WriterProperties,
}

impl Default for DataFileOptions {
    fn default() -> Self {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_statistics_enabled(EnabledStatistics::Page)
            .build();
        Self { properties }
    }
}

/// A Parquet file that is being written into a table's folder. It is no part of the table before a commit adds
/// it, and not there at all before [`DataFile::finish`].
pub struct DataFile {
    path: String,
    partition: BTreeMap<String, Option<String>>,
    writer: AsyncArrowWriter<BufWriter>,
}

impl std::fmt::Debug for DataFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl DataFile {
    /// Begins a file. `path` is from the table's folder and must be new: nothing is ever written twice.
    /// `schema` is that of its rows, without the partition columns, whose values `partition` has.
    ///
    /// # Errors
    ///
    /// [`DeltaError`] when the path is none, or the schema is none that Parquet has.
    pub fn create(
        table: &DeltaTable,
        path: String,
        partition: BTreeMap<String, Option<String>>,
        schema: SchemaRef,
        options: DataFileOptions,
    ) -> Result<Self, DeltaError> {
        let place = Path::parse(format!("{}/{path}", table.folder)).map_err(|source| {
            DeltaError::Folder {
                folder: path.clone(),
                source,
            }
        })?;
        let buffered = BufWriter::new(Arc::clone(&table.store), place);
        let writer = AsyncArrowWriter::try_new(buffered, schema, Some(options.properties))
            .map_err(|source| encode(&path, source))?;
        Ok(Self {
            path,
            partition,
            writer,
        })
    }

    /// Adds rows.
    ///
    /// # Errors
    ///
    /// [`DeltaError`] when they are not of the schema, or the store refuses.
    pub async fn write(&mut self, batch: &RecordBatch) -> Result<(), DeltaError> {
        self.writer
            .write(batch)
            .await
            .map_err(|source| encode(&self.path, source))
    }

    /// Rows of the row group that is being filled.
    pub fn rows_in_group(&self) -> usize {
        self.writer.in_progress_rows()
    }

    /// Ends the row group that is being filled.
    ///
    /// # Errors
    ///
    /// [`DeltaError`] when the store refuses.
    pub async fn end_group(&mut self) -> Result<(), DeltaError> {
        self.writer
            .flush()
            .await
            .map_err(|source| encode(&self.path, source))
    }

    /// Bytes so far, those of the row group that is being filled as they will roughly be.
    pub fn bytes(&self) -> u64 {
        (self.writer.bytes_written() + self.writer.in_progress_size()) as u64
    }

    /// Ends the file.
    ///
    /// # Errors
    ///
    /// [`DeltaError`] when the store refuses.
    pub async fn finish(mut self) -> Result<NewFile, DeltaError> {
        let metadata = self
            .writer
            .finish()
            .await
            .map_err(|source| encode(&self.path, source))?;
        Ok(NewFile {
            rows: u64::try_from(metadata.file_metadata().num_rows()).unwrap_or_default(),
            statistics: statistics(&metadata),
            path: self.path,
            size: self.writer.bytes_written() as u64,
            partition: self.partition,
        })
    }
}

fn encode(file: &str, source: ParquetError) -> DeltaError {
    DeltaError::Encode {
        file: file.to_owned(),
        source,
    }
}
