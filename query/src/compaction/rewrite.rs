//! Files of the table written anew with wider columns, when a value came that the old ones cannot hold.

use std::{collections::BTreeMap, sync::Arc};

use arrow::datatypes::Schema;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use super::{
    error::CompactionError,
    file::properties,
    schema::{file_schema, stored},
    state::{TABLE, exact},
};
use crate::delta::{DataFile, DataFileOptions, DeltaError, DeltaTable, NewFile};

/// Rows that are converted at once.
const BATCH_ROWS: usize = 8192;

/// A file of the table.
pub(super) struct Old<'a> {
    pub(super) path: &'a str,
    pub(super) partition: &'a BTreeMap<String, Option<String>>,
}

/// Writes the rows of `old` to `path`, in their order, under the columns that `own` has of `table`.
///
/// # Errors
///
/// [`CompactionError`] when the file cannot be read or the new one not be written.
pub(super) async fn rewrite(
    store: &Arc<dyn ObjectStore>,
    delta: &DeltaTable,
    old: &Old<'_>,
    path: String,
    own: &Schema,
    table: &Schema,
) -> Result<NewFile, CompactionError> {
    let schema = Arc::new(file_schema(own, table));
    let key = format!("{TABLE}/{}", old.path);
    let unreadable = |source: parquet::errors::ParquetError| {
        CompactionError::Delta(DeltaError::Encode {
            file: key.clone(),
            source,
        })
    };
    let read = match store.get(&exact(&key)).await {
        Ok(found) => found.bytes().await,
        Err(error) => Err(error),
    };
    let bytes = read.map_err(|error| CompactionError::store(&key, "read", error))?;
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let rows = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, options)
        .map_err(unreadable)?
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(unreadable)?;
    let mut file = None;
    for batch in rows {
        let batch = stored(&batch?, &schema)?;
        let file = match &mut file {
            Some(file) => file,
            None => file.insert(DataFile::create(
                delta,
                path.clone(),
                old.partition.clone(),
                Arc::clone(&schema),
                DataFileOptions {
                    properties: properties(&batch),
                },
            )?),
        };
        file.write(&batch).await?;
    }
    let file = match file {
        Some(file) => file,
        None => DataFile::create(
            delta,
            path,
            old.partition.clone(),
            Arc::clone(&schema),
            DataFileOptions::default(),
        )?,
    };
    Ok(file.finish().await?)
}
