//! Rows in memory, and small Parquet files of the lake.

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use hydrant_query::delta::TableFile;
use object_store::{ObjectStore, ObjectStoreExt, path::Path};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::error::JobError;

/// A result: its columns and its rows.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    pub(crate) schema: SchemaRef,
    pub(crate) batches: Vec<RecordBatch>,
}

impl Rows {
    pub(crate) fn count(&self) -> u64 {
        self.batches
            .iter()
            .map(|batch| batch.num_rows() as u64)
            .sum()
    }

    /// The rows of a table's data file, without the partition columns. `None` when the file is gone: whoever knows a
    /// newer version of the table has removed it.
    pub(crate) async fn read(
        store: &dyn ObjectStore,
        folder: &str,
        file: &TableFile,
    ) -> Result<Option<Self>, JobError> {
        Self::read_file(store, &format!("{folder}/{}", file.path)).await
    }

    /// The rows of a Parquet file; `None` when there is no such file.
    pub(crate) async fn read_file(
        store: &dyn ObjectStore,
        key: &str,
    ) -> Result<Option<Self>, JobError> {
        let path = Path::parse(key).map_err(|error| JobError::read(key, error))?;
        let bytes = match store.get(&path).await {
            Ok(got) => got
                .bytes()
                .await
                .map_err(|error| JobError::read(key, error))?,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(JobError::read(key, error)),
        };
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)
            .and_then(ParquetRecordBatchReaderBuilder::build)
            .map_err(|error| JobError::read(key, error))?;
        let schema = arrow::array::RecordBatchReader::schema(&reader);
        let batches = reader.collect::<Result<Vec<_>, _>>();
        let batches = batches.map_err(|error| JobError::read(key, error))?;
        Ok(Some(Self { schema, batches }))
    }
}
