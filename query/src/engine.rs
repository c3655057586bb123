//! The engine: a lake, its tables, and SQL over them.

use std::{fmt, num::NonZeroUsize, sync::Arc};

use arrow::{
    array::{RecordBatch, RecordBatchOptions},
    datatypes::SchemaRef,
};
use async_trait::async_trait;
use datafusion::{
    catalog::{MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider, TableProvider},
    common::Result as DataFusionResult,
    dataframe::DataFrame,
    error::DataFusionError,
    execution::SendableRecordBatchStream,
    physical_plan::stream::RecordBatchStreamAdapter,
    prelude::{SessionConfig, SessionContext},
};
use futures::{StreamExt, stream};
use hydrant_lake::Lake;
use object_store::ObjectStore;
use tokio::sync::OnceCell;
use url::Url;

use crate::{
    catalog::Catalog,
    constants::Constant,
    decode::TableColumns,
    error::QueryError,
    error_records,
    help::{missing_column, missing_field, missing_table, near, nearest},
    learn::learn,
    names::readable,
    options::Options,
    problems::{Problem, Problems},
    prune::PruneFields,
    reader::Source,
    scan::Kind,
    table::LakeTable,
};

/// The table of delivered records.
pub const EVENTS: &str = "events";

/// The table of the error output.
pub const ERRORS: &str = "errors";

const CATALOG: &str = "hydrant";
const SCHEMA: &str = "lake";

/// SQL over a lake that Firehose wrote.
///
/// Opening reads nothing. The first query that names a table lists its objects; the first that names
/// `events` also reads every one of them once, to learn the columns. What is learned is kept, so an engine
/// answers about the lake as it was then.
pub struct Engine {
    context: SessionContext,
    tables: Arc<Tables>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("lake", &self.tables.source.lake.as_str())
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine over `lake`.
    ///
    /// # Errors
    ///
    /// [`QueryError::Prefix`] when an expression in `options` is not one that Firehose takes.
    pub fn open(lake: &Lake, options: &Options) -> Result<Self, QueryError> {
        Self::over(Arc::clone(lake.store()), lake.url(), options)
    }

    /// An engine over a store that is rooted at the lake; `lake` names it in messages.
    ///
    /// # Errors
    ///
    /// As [`Engine::open`].
    pub fn over(
        store: Arc<dyn ObjectStore>,
        lake: Url,
        options: &Options,
    ) -> Result<Self, QueryError> {
        let threads = options
            .threads
            .or_else(|| std::thread::available_parallelism().ok())
            .map_or(1, NonZeroUsize::get);
        let source = Source {
            store,
            lake,
            on_error: options.on_error,
            problems: Problems::default(),
        };
        let tables = Arc::new(Tables {
            source: Arc::new(source),
            catalog: Catalog::new(options)?,
            threads,
            events: OnceCell::new(),
            errors: OnceCell::new(),
            others: MemorySchemaProvider::new(),
        });
        Ok(Self {
            context: context(&tables, threads)?,
            tables,
        })
    }

    /// Plans a query. Nothing runs until the answer is asked for, except what the tables' columns need.
    ///
    /// # Errors
    ///
    /// [`QueryError`]: wrong SQL, no objects, or a store that refuses.
    pub async fn sql(&self, sql: &str) -> Result<DataFrame, QueryError> {
        match self.context.sql(sql).await {
            Ok(planned) => Ok(planned),
            Err(error) => Err(self.explain(error)),
        }
    }

    /// Runs a query and streams its answer. Columns without an alias have readable names: `eventType` for
    /// `detail.eventType`.
    ///
    /// # Errors
    ///
    /// As [`Engine::sql`]; errors of running come out of the stream, [`QueryError::from`] unwraps them.
    pub async fn run(&self, sql: &str) -> Result<SendableRecordBatchStream, QueryError> {
        let mut answer = self.sql(sql).await?.execute_stream().await?;
        let schema = readable(&answer.schema(), &self.tables.table_names());
        let renamed = Arc::clone(&schema);
        let batches = stream::poll_fn(move |context| answer.poll_next_unpin(context))
            .map(move |batch| rename(&batch?, &renamed));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }

    /// The error with what was probably meant, where that can be told.
    fn explain(&self, error: DataFusionError) -> QueryError {
        let message = error.find_root().strip_backtrace();
        if let Some(field) = missing_field(&message)
            && let Some(events) = self.tables.events.get()
        {
            let near = near(field, &events.columns.schema);
            return QueryError::UnknownField {
                field: field.to_owned(),
                near,
            };
        }
        if let Some((column, columns)) = missing_column(&error) {
            let is_qualified = column.relation.is_some();
            let mut near = nearest(&column.name, &columns);
            // A field is often asked for without the path to it, or with a wrong one.
            let nested = self
                .tables
                .events
                .get()
                .filter(|_| columns.contains(&"detail"));
            if let (true, Some(events)) = (near.is_empty() || is_qualified, nested) {
                near = self::near(&column.name, &events.columns.schema);
            }
            return QueryError::UnknownField {
                field: column.flat_name(),
                near,
            };
        }
        if let Some(table) = missing_table(&message) {
            let tables = self.tables.table_names();
            return QueryError::UnknownTable {
                table: table.to_owned(),
                tables,
            };
        }
        error.into()
    }

    /// What was wrong with the objects that queries have read so far, worst first; each object once.
    pub fn problems(&self) -> Vec<Problem> {
        self.tables.source.problems.list()
    }

    /// The session, to register tables and functions beside the lake's.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }
}

fn context(tables: &Arc<Tables>, threads: usize) -> Result<SessionContext, QueryError> {
    let mut config = SessionConfig::new()
        .with_target_partitions(threads)
        .with_batch_size(8192)
        .with_information_schema(true)
        .with_create_default_catalog_and_schema(false)
        .with_default_catalog_and_schema(CATALOG, SCHEMA);
    // `detail.eventType` needs no quotes. Keywords and function names stay case-insensitive.
    config.options_mut().sql_parser.enable_ident_normalization = false;
    let context = SessionContext::new_with_config(config);
    context.add_optimizer_rule(Arc::new(PruneFields));
    let catalog = Arc::new(MemoryCatalogProvider::new());
    let schema: Arc<dyn SchemaProvider> = Arc::<Tables>::clone(tables);
    datafusion::catalog::CatalogProvider::register_schema(&*catalog, SCHEMA, schema)?;
    context.register_catalog(CATALOG, catalog);
    Ok(context)
}

/// The batch under a schema that differs in names only.
fn rename(batch: &RecordBatch, schema: &SchemaRef) -> DataFusionResult<RecordBatch> {
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let columns = batch.columns().to_vec();
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &rows,
    )?)
}

/// The lake's tables, made when they are first named, and whatever a session creates beside them.
#[derive(Debug)]
struct Tables {
    source: Arc<Source>,
    catalog: Catalog,
    threads: usize,
    events: OnceCell<Arc<LakeTable>>,
    errors: OnceCell<Arc<LakeTable>>,
    others: MemorySchemaProvider,
}

impl Tables {
    async fn events(&self) -> Result<Arc<LakeTable>, QueryError> {
        let found = self.catalog.events(&self.source).await?;
        let shape = learn(&self.source, &found.objects, self.threads).await?;
        let mut constants: Vec<_> = found
            .partitions
            .iter()
            .enumerate()
            .map(|(n, name)| Constant::partition(name, n, &found.objects))
            .collect();
        constants.push(Constant::object());
        Ok(Arc::new(LakeTable {
            source: Arc::clone(&self.source),
            kind: Kind::Events,
            columns: Arc::new(TableColumns::new(shape.record_fields(), constants)),
            objects: found.objects.into(),
            paths: None,
        }))
    }

    async fn errors(&self) -> Result<Arc<LakeTable>, QueryError> {
        Ok(Arc::new(LakeTable {
            source: Arc::clone(&self.source),
            kind: Kind::Errors,
            columns: Arc::new(error_records::columns()),
            objects: self.catalog.errors(&self.source).await?.into(),
            paths: None,
        }))
    }
}

/// Table names, unlike columns, have no case: nobody's lake has both `events` and `EVENTS`.
#[async_trait]
impl SchemaProvider for Tables {
    fn table_names(&self) -> Vec<String> {
        let mut names = vec![EVENTS.to_owned(), ERRORS.to_owned()];
        names.extend(self.others.table_names());
        names
    }

    async fn table(&self, name: &str) -> DataFusionResult<Option<Arc<dyn TableProvider>>> {
        let table = if name.eq_ignore_ascii_case(EVENTS) {
            self.events.get_or_try_init(|| self.events()).await
        } else if name.eq_ignore_ascii_case(ERRORS) {
            self.errors.get_or_try_init(|| self.errors()).await
        } else {
            return self.others.table(name).await;
        };
        let table = table.map_err(QueryError::into_datafusion)?;
        Ok(Some(Arc::<LakeTable>::clone(table)))
    }

    fn register_table(
        &self,
        name: String,
        table: Arc<dyn TableProvider>,
    ) -> DataFusionResult<Option<Arc<dyn TableProvider>>> {
        if name.eq_ignore_ascii_case(EVENTS) || name.eq_ignore_ascii_case(ERRORS) {
            return datafusion::common::exec_err!("the lake's table `{name}` cannot be replaced");
        }
        self.others.register_table(name, table)
    }

    fn deregister_table(&self, name: &str) -> DataFusionResult<Option<Arc<dyn TableProvider>>> {
        self.others.deregister_table(name)
    }

    fn table_exist(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(EVENTS)
            || name.eq_ignore_ascii_case(ERRORS)
            || self.others.table_exist(name)
    }
}
