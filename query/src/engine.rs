//! The engine: a lake, its tables, and SQL over them.

mod answer;
mod feeding;
#[cfg(test)]
mod tests;

use std::{fmt, num::NonZeroUsize, path::PathBuf, sync::Arc, time::Instant};

use datafusion::{
    catalog::{MemoryCatalogProvider, SchemaProvider, TableProvider},
    dataframe::DataFrame,
    error::DataFusionError,
    execution::{
        SendableRecordBatchStream, SessionStateBuilder,
        memory_pool::FairSpillPool,
        runtime_env::{RuntimeEnv, RuntimeEnvBuilder},
    },
    prelude::{SessionConfig, SessionContext},
    sql::parser::Statement as Parsed,
};
use hydrant_lake::{Lake, Location, Signer};
use object_store::ObjectStore;
use url::Url;

use crate::{
    catalog::Catalog,
    compaction::counted,
    describe::{Description, describe},
    encoding::Room,
    error::QueryError,
    functions,
    help::{missing_column, missing_field, missing_table, near, nearest},
    interrupt::GiveWay,
    learn::learn_types,
    memory::Memory,
    options::{Options, SchemaCache},
    parquet_object::Footers,
    pinned,
    predicate::Predicate,
    problems::{Problem, Problems},
    prune::PruneFields,
    reader::Source,
    results,
    spill::Bound,
    statement,
    stats::{Counters, Stats, add_duration},
    tables::Tables,
};

pub use feeding::{Batches, Feeding, answer, answer_of, named_tables};

/// The table of delivered records.
pub const EVENTS: &str = "events";

/// The table of the error output.
pub const ERRORS: &str = "errors";

const CATALOG: &str = "hydrant";
const SCHEMA: &str = "lake";

/// SQL over a lake that Firehose wrote.
///
/// Opening reads nothing. A query that names a table lists the objects that it may need, and one that names
/// `events` learns the columns from a sample of them. What the sample did not show is found when the query
/// meets it, and the query then begins anew: its answer is that of a schema learned from everything it reads.
pub struct Engine {
    context: SessionContext,
    /// What bounds the memory of queries, if something does.
    bound: Option<Bound>,
    pub(crate) tables: Arc<Tables>,
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
    /// [`QueryError::Prefix`] when an expression in `options` is not one that Firehose takes,
    /// [`QueryError::Schema`] when the schema in them is none.
    pub fn open(lake: &Lake, options: &Options) -> Result<Self, QueryError> {
        let directory = match lake.location() {
            Location::Directory(directory) => directory.canonicalize().ok(),
            Location::S3 { .. } => None,
        };
        let signer = lake.signer().clone();
        Self::new(
            Arc::clone(lake.store()),
            (lake.url(), signer),
            directory,
            options,
        )
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
        Self::new(store, (lake, Signer::default()), None, options)
    }

    fn new(
        store: Arc<dyn ObjectStore>,
        (lake, signer): (Url, Signer),
        directory: Option<PathBuf>,
        options: &Options,
    ) -> Result<Self, QueryError> {
        let threads = options
            .threads
            .or_else(|| std::thread::available_parallelism().ok())
            .map_or(1, NonZeroUsize::get);
        let runtime = runtime(options.memory_limit)?;
        let scratch = Arc::new(Arc::clone(&runtime.disk_manager));
        let room = Room::new(options.memory_limit, threads, scratch);
        let source = Arc::new(Source {
            store,
            lake,
            signer,
            on_error: options.on_error,
            problems: Problems::default(),
            directory,
            threads,
            room: Arc::new(room),
            counters: Counters::default(),
            footers: Footers::default(),
        });
        let pinned = options.schema.as_deref().map(pinned::parse).transpose()?;
        let memory = match &options.cache {
            SchemaCache::Off => Memory::default(),
            SchemaCache::Directory(directory) => {
                Memory::in_directory(directory, source.lake.as_str())
            }
        };
        let catalog = Catalog::new(options)?;
        let tables = Arc::new(Tables::new(source, catalog, pinned, memory));
        let bound = options.memory_limit;
        let bound = bound.map(|limit| Bound::new(limit, threads));
        Ok(Self {
            context: context(&tables, threads, bound.as_ref(), runtime)?,
            bound,
            tables,
        })
    }

    /// Plans a query for whoever wants to go on with the plan. The schema is learned from everything that
    /// the query may read, since a plan that runs cannot begin anew; [`Engine::run`] is quicker.
    ///
    /// # Errors
    ///
    /// [`QueryError`]: wrong SQL, no objects, or a store that refuses.
    pub async fn sql(&self, sql: &str) -> Result<DataFrame, QueryError> {
        let parsed = statement::parse(sql).map_err(QueryError::from)?;
        self.begin(&parsed).await;
        // A plan that runs cannot begin anew when it finds that folders do not keep to the event time.
        self.tables.distrust_time().await;
        // Planning says what is read.
        let first = statement::plan(&self.context, sql, &self.tables.table_names()).await;
        if self.tables.learn(None).await? || first.is_err() {
            self.tables.begin_again().await;
            return self.plan(sql, &mut Vec::new()).await;
        }
        match first {
            Ok(planned) => Ok(planned),
            Err(error) => Err(self.explain(error).await),
        }
    }

    /// Runs a query and streams its answer. Columns without an alias have readable names: `eventType` for
    /// `detail.eventType`. Dropping the stream stops the query.
    ///
    /// # Errors
    ///
    /// As [`Engine::sql`]; errors of running come out of the stream, [`QueryError::from`] unwraps them.
    pub async fn run(&self, sql: &str) -> Result<SendableRecordBatchStream, QueryError> {
        let parsed = statement::parse(sql).map_err(QueryError::from)?;
        // Boxed: a client of S3 is made in it.
        Box::pin(self.open_bucket(&parsed)).await?;
        self.begin(&parsed).await;
        Box::pin(answer::run(self, sql, &parsed)).await
    }

    /// Opens the bucket that a statement writes to, or reads a table of its own from.
    async fn open_bucket(&self, parsed: &Parsed) -> Result<(), QueryError> {
        let place = match parsed {
            Parsed::CopyTo(copy) => Some(&copy.target),
            Parsed::CreateExternalTable(table) => table.locations.first(),
            _ => None,
        };
        let Some(place) = place.and_then(|place| place.strip_prefix("s3://")) else {
            return Ok(());
        };
        let bucket = place.split_once('/').map_or(place, |(bucket, _)| bucket);
        let external = |error| QueryError::from(DataFusionError::External(error));
        let bucket = Lake::open(&format!("s3://{bucket}"), false)
            .await
            .map_err(|error| external(Box::new(error)))?;
        self.context
            .register_object_store(&bucket.url(), Arc::clone(bucket.store()));
        Ok(())
    }

    async fn begin(&self, parsed: &Parsed) {
        let predicate = match parsed {
            Parsed::Statement(statement) => Predicate::from_statement(statement, EVENTS),
            Parsed::Explain(explain) => match &*explain.statement {
                Parsed::Statement(statement) => Predicate::from_statement(statement, EVENTS),
                _ => Predicate::Maybe,
            },
            _ => Predicate::Maybe,
        };
        if let Some(bound) = &self.bound {
            bound.begin(&self.context);
        }
        self.tables.begin(predicate).await;
    }

    /// Whether it is worth to begin a statement anew that ran out of memory, with nothing that cannot spill.
    fn spills_now(&self) -> bool {
        let bound = self.bound.as_ref();
        bound.is_some_and(|bound| bound.spill(&self.context))
    }

    /// Plans a statement; of names that it does not find in the schema it looks for in the lake.
    async fn plan(
        &self,
        sql: &str,
        looked_for: &mut Vec<Option<String>>,
    ) -> Result<DataFrame, QueryError> {
        loop {
            let (start, before) = (Instant::now(), self.stats());
            let names = self.tables.table_names();
            let planned = statement::plan(&self.context, sql, &names).await;
            // Tables are listed and learned while a statement is planned, and counted by themselves.
            let since = self.stats().since(&before);
            let planning = start
                .elapsed()
                .saturating_sub(since.listing + since.learning);
            add_duration(&self.tables.source.counters.planning, planning);
            let error = match planned {
                Ok(planned) => return Ok(planned),
                Err(error) => error,
            };
            self.recover(error, looked_for).await?;
        }
    }

    /// Learns what a statement needs that could not be planned, and begins it anew.
    ///
    /// # Errors
    ///
    /// The error, explained, when there is nothing to learn.
    async fn recover(
        &self,
        error: DataFusionError,
        looked_for: &mut Vec<Option<String>>,
    ) -> Result<(), QueryError> {
        // A name that is not in the sample, or a type that the sample could not tell.
        let name = missing_name(&error);
        let is_plan = matches!(
            error.find_root(),
            DataFusionError::Plan(_)
                | DataFusionError::SchemaError(..)
                | DataFusionError::NotImplemented(_)
        );
        let is_sql = missing_table(&error.find_root().strip_backtrace()).is_none();
        if !is_plan || !is_sql || looked_for.contains(&name) {
            return Err(self.explain(error).await);
        }
        if !self.tables.learn(name.as_deref()).await? {
            return Err(self.explain(error).await);
        }
        looked_for.push(name);
        self.tables.begin_again().await;
        Ok(())
    }

    /// The error with what was probably meant, where that can be told.
    async fn explain(&self, error: DataFusionError) -> QueryError {
        let message = error.find_root().strip_backtrace();
        if let Some(field) = missing_field(&message)
            && let Some(events) = self.tables.last_events()
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
            let nested = self.tables.last_events();
            let nested = nested.filter(|_| columns.contains(&"detail"));
            if let (true, Some(events)) = (near.is_empty() || is_qualified, nested) {
                near = self::near(&column.name, &events.columns.schema);
            }
            return QueryError::UnknownField {
                field: column.flat_name(),
                near,
            };
        }
        if let Some(table) = missing_table(&message) {
            let mut tables = self.tables.table_names();
            tables.extend(results::names(&self.tables.source).await);
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

    /// What queries have cost so far; cheap, and right while one runs.
    pub fn stats(&self) -> Stats {
        self.tables.source.counters.stats()
    }

    /// The fields of `events`, counted over every record: reads the lake once.
    ///
    /// # Errors
    ///
    /// [`QueryError::NoObjects`], or [`QueryError::Store`].
    pub async fn describe(&self) -> Result<Description, QueryError> {
        let source = &self.tables.source;
        let (found, order) = self.tables.all().await?;
        let (compacted, raw): (Vec<_>, Vec<_>) =
            (found.objects.into_iter()).partition(|object| object.compacted.is_some());
        let mut shapes = counted::count(source, compacted).await?;
        shapes.extend(learn_types(source, &raw).await?);
        Ok(describe(&shapes, &found.partitions, &order))
    }

    /// One of the lake's tables, [`EVENTS`] or [`ERRORS`], for a `DataFusion` session of yours.
    ///
    /// Its schema is learned from all of its objects, as they are now, so that no value can prove it wrong;
    /// with a schema in [`Options`] nothing is read.
    ///
    /// # Errors
    ///
    /// [`QueryError::UnknownTable`], [`QueryError::NoObjects`], or [`QueryError::Store`].
    pub async fn table(&self, name: &str) -> Result<Arc<dyn TableProvider>, QueryError> {
        self.tables.begin(Predicate::Maybe).await;
        self.tables.table(name).await.map_err(QueryError::from)?;
        if name.eq_ignore_ascii_case(EVENTS) && self.tables.learn(None).await? {
            self.tables.begin_again().await;
        }
        let found = self.tables.table(name).await.map_err(QueryError::from)?;
        found.ok_or_else(|| QueryError::UnknownTable {
            table: name.to_owned(),
            tables: self.tables.names(),
        })
    }

    /// The session, to register tables and functions beside the lake's.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }
}

/// The name that a planning error says is not there.
fn missing_name(error: &DataFusionError) -> Option<String> {
    let message = error.find_root().strip_backtrace();
    if let Some(field) = missing_field(&message) {
        return Some(field.to_owned());
    }
    missing_column(error).map(|(column, _)| column.name.clone())
}

fn runtime(memory_limit: Option<usize>) -> Result<Arc<RuntimeEnv>, QueryError> {
    let mut runtime = RuntimeEnvBuilder::new();
    if let Some(limit) = memory_limit {
        runtime = runtime.with_memory_pool(Arc::new(FairSpillPool::new(limit)));
    }
    Ok(runtime.build_arc()?)
}

fn context(
    tables: &Arc<Tables>,
    threads: usize,
    bound: Option<&Bound>,
    runtime: Arc<RuntimeEnv>,
) -> Result<SessionContext, QueryError> {
    let mut config = SessionConfig::new()
        .with_target_partitions(threads)
        .with_batch_size(8192)
        .with_information_schema(true)
        .with_create_default_catalog_and_schema(false)
        .with_default_catalog_and_schema(CATALOG, SCHEMA);
    // `detail.eventType` needs no quotes. Keywords and function names stay case-insensitive.
    config.options_mut().sql_parser.enable_ident_normalization = false;
    if let Some(bound) = bound {
        config = bound.configure(config);
    }
    let mut state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_default_features()
        .with_physical_optimizer_rule(Arc::new(GiveWay));
    if let Some(bound) = bound {
        state = state.with_physical_optimizer_rule(bound.rule());
    }
    let context = SessionContext::new_with_state(state.build());
    functions::register(&context)?;
    context.add_optimizer_rule(Arc::new(PruneFields));
    let catalog = Arc::new(MemoryCatalogProvider::new());
    let schema: Arc<dyn SchemaProvider> = Arc::<Tables>::clone(tables);
    datafusion::catalog::CatalogProvider::register_schema(&*catalog, SCHEMA, schema)?;
    context.register_catalog(CATALOG, catalog);
    Ok(context)
}
