//! Delta tables of the lake beside `events`: what jobs, and others, have put under `_tables/`.

use std::{fmt, sync::Arc};

use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::{
    catalog::{Session, TableProvider},
    common::{Result as DataFusionResult, ScalarValue},
    datasource::{
        TableType,
        listing::PartitionedFile,
        object_store::ObjectStoreUrl,
        physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource},
        source::DataSourceExec,
        table_schema::TableSchema,
    },
    error::DataFusionError,
    logical_expr::Expr,
    physical_plan::ExecutionPlan,
};
use object_store::{ObjectStore, path::Path};

use crate::{
    delta::{DeltaError, DeltaTable, TableFile},
    engine::EVENTS,
    error::QueryError,
    reader::Source,
};

/// The folder of the lake with Delta tables.
const TABLES: &str = "_tables";

/// The lake, as plans name it.
const LAKE: &str = "lake://lake/";

/// A Delta table at the version that it had when the statement was planned.
pub(crate) struct ResultTable {
    store: Arc<dyn ObjectStore>,
    folder: String,
    /// The columns as the table has them.
    schema: SchemaRef,
    files: Vec<TableFile>,
    /// The columns of data files, and the columns that come from the log.
    inside: SchemaRef,
    partitions: Vec<FieldRef>,
}

impl fmt::Debug for ResultTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultTable")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// The names of the tables, for whoever asked for one that is not there: none where they cannot be listed.
pub(crate) async fn names(source: &Source) -> Vec<String> {
    let folder = Path::from(TABLES);
    let listed = source.store.list_with_delimiter(Some(&folder));
    let folders = listed
        .await
        .map(|it| it.common_prefixes)
        .unwrap_or_default();
    let name = |folder: &Path| folder.filename().map(str::to_owned);
    let mut names: Vec<String> = folders.iter().filter_map(name).collect();
    names.retain(|name| name != EVENTS);
    names.sort_unstable();
    names
}

impl ResultTable {
    /// The table `_tables/NAME`; `None` when there is none.
    pub(crate) async fn open(source: &Source, name: &str) -> Result<Option<Self>, QueryError> {
        let letter = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || !name.chars().all(letter) {
            return Ok(None);
        }
        let folder = format!("{TABLES}/{name}");
        let location = format!("{}{folder}", source.lake);
        let store = Arc::clone(&source.store);
        let opened = DeltaTable::open_in(store, location, &folder).await;
        let Some(table) = opened.map_err(failed)? else {
            return Ok(None);
        };
        let schema = table.schema().map_err(failed)?;
        let names = table.partition_columns().map_err(failed)?;
        let is_partition = |field: &&FieldRef| names.contains(field.name());
        let inside: Vec<FieldRef> = schema
            .fields()
            .iter()
            .filter(|it| !is_partition(it))
            .cloned()
            .collect();
        let partitions = schema
            .fields()
            .iter()
            .filter(is_partition)
            .cloned()
            .collect();
        Ok(Some(Self {
            store: Arc::clone(&source.store),
            files: table.files().map_err(failed)?,
            folder,
            inside: Arc::new(Schema::new(inside)),
            partitions,
            schema,
        }))
    }

    /// Where a column of the table is among those of the files and of the log.
    fn place(&self, column: usize) -> Option<usize> {
        let name = self.schema.fields().get(column)?.name();
        let of_log = || {
            self.partitions
                .iter()
                .position(|field| field.name() == name)
        };
        let inside = self.inside.index_of(name).ok();
        inside.or_else(|| Some(self.inside.fields().len() + of_log()?))
    }

    fn file(&self, file: &TableFile) -> DataFusionResult<PartitionedFile> {
        let mut values = Vec::with_capacity(self.partitions.len());
        for field in &self.partitions {
            let value = file.partition.get(field.name()).cloned().flatten();
            values.push(match value {
                Some(text) => ScalarValue::try_from_string(text, field.data_type())?,
                None => ScalarValue::try_from(field.data_type())?,
            });
        }
        let mut found = PartitionedFile::new(format!("{}/{}", self.folder, file.path), file.size);
        found.partition_values = values;
        Ok(found)
    }
}

fn failed(error: DeltaError) -> QueryError {
    DataFusionError::External(Box::new(error)).into()
}

#[async_trait]
impl TableProvider for ResultTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let url = ObjectStoreUrl::parse(LAKE)?;
        state
            .runtime_env()
            .register_object_store(url.as_ref(), Arc::clone(&self.store));
        let all = (0..self.schema.fields().len()).collect();
        let columns = projection
            .unwrap_or(&all)
            .iter()
            .filter_map(|column| self.place(*column))
            .collect();
        let files = self.files.iter().map(|file| self.file(file));
        let files = files.collect::<DataFusionResult<Vec<_>>>()?;
        let columns_of_files = TableSchema::builder(Arc::clone(&self.inside))
            .with_table_partition_cols(self.partitions.clone())
            .build();
        let source = Arc::new(ParquetSource::new(columns_of_files));
        let groups = FileGroup::new(files).split_files(state.config().target_partitions());
        let scan = FileScanConfigBuilder::new(url, source)
            .with_file_groups(groups)
            .with_projection_indices(Some(columns))?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(scan))
    }
}
