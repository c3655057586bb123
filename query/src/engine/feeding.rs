//! What those need who run queries for others: which objects feed a query, tables in memory, and answers that are no
//! query's.

use std::{collections::BTreeSet, fmt, ops::ControlFlow, sync::Arc};

use arrow::{array::RecordBatch, datatypes::SchemaRef, error::ArrowError};
use datafusion::{
    catalog::streaming::StreamingTable,
    error::DataFusionError,
    execution::{SendableRecordBatchStream, TaskContext},
    physical_plan::{stream::RecordBatchStreamAdapter, streaming::PartitionStream},
    sql::{
        parser::Statement as Parsed,
        sqlparser::ast::{Statement, visit_relations},
    },
};
use futures::{TryStreamExt, stream};

use super::{ERRORS, EVENTS, Engine};
use crate::{error::QueryError, names::readable, statement};

/// What a query would read, and what it would give.
#[derive(Debug, Clone)]
pub struct Feeding {
    /// The keys of the raw objects that it may read.
    pub keys: Vec<String>,
    /// The columns of its answer, as far as they are known before it runs.
    pub schema: SchemaRef,
}

/// Rows of some schema, one batch behind the other.
pub type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

/// Rows in memory as an answer, for [`crate::write()`].
pub fn answer(schema: &SchemaRef, batches: Vec<RecordBatch>) -> SendableRecordBatchStream {
    answer_of(schema, Box::new(batches.into_iter().map(Ok)))
}

/// Rows from anywhere as an answer, for [`crate::write()`].
pub fn answer_of(schema: &SchemaRef, batches: Batches) -> SendableRecordBatchStream {
    let batches = stream::iter(batches).map_err(DataFusionError::from);
    Box::pin(RecordBatchStreamAdapter::new(Arc::clone(schema), batches))
}

/// A table whose rows come from anywhere, each time anew.
struct Given {
    schema: SchemaRef,
    rows: Box<dyn Fn() -> Batches + Send + Sync>,
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given").finish_non_exhaustive()
    }
}

impl PartitionStream for Given {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        answer_of(&self.schema, (self.rows)())
    }
}

/// The tables that a query names, with the names that its `WITH` clauses give; each once.
///
/// # Errors
///
/// [`QueryError::Syntax`] when it is none: only queries are.
pub fn named_tables(sql: &str) -> Result<Vec<String>, QueryError> {
    let parsed = statement::parse(sql).map_err(QueryError::from)?;
    match query(&parsed) {
        Some(statement) => Ok(relations(statement)),
        None => Err(QueryError::Syntax {
            reason: "a query is expected here: SELECT, WITH or VALUES".to_owned(),
            line: 0,
            column: 0,
        }),
    }
}

fn query(parsed: &Parsed) -> Option<&Statement> {
    match parsed {
        Parsed::Statement(statement) if matches!(**statement, Statement::Query(_)) => {
            Some(statement)
        }
        _ => None,
    }
}

fn relations(statement: &Statement) -> Vec<String> {
    let mut names = BTreeSet::new();
    let flow: ControlFlow<()> = visit_relations(statement, |relation| {
        if let Some(last) = relation.0.last() {
            names.insert(last.to_string().trim_matches('"').to_owned());
        }
        ControlFlow::Continue(())
    });
    debug_assert!(flow.is_continue());
    names.into_iter().collect()
}

impl Engine {
    /// The raw objects that a query may read, of `events` and of `errors`. One that was compacted still counts as
    /// itself, so compaction changes nothing here. The query is planned, not run.
    ///
    /// # Errors
    ///
    /// As [`Engine::run`].
    pub async fn feeding(&self, sql: &str) -> Result<Feeding, QueryError> {
        let names = named_tables(sql)?;
        let names_table = |table: &str| names.iter().any(|name| name.eq_ignore_ascii_case(table));
        let parsed = statement::parse(sql).map_err(QueryError::from)?;
        self.begin(&parsed).await;
        let plan = self.plan(sql, &mut Vec::new()).await?;
        let schema = readable(plan.schema().inner(), &self.tables.names());
        let mut keys = Vec::new();
        if names_table(EVENTS)
            && let Some(events) = self.tables.last_events()
        {
            let raw = events
                .objects
                .iter()
                .filter(|object| object.compacted.is_none());
            keys.extend(raw.map(|object| object.key.clone()));
            keys.extend(self.tables.taken_keys().await?);
        }
        if names_table(ERRORS) {
            let errors = self.tables.catalog.errors(&self.tables.source).await?;
            keys.extend(errors.iter().map(|object| object.key.clone()));
        }
        Ok(Feeding { keys, schema })
    }

    /// Puts rows beside the lake's tables, in the place of what had this name. `rows` gives all of them whenever
    /// they are read.
    ///
    /// # Errors
    ///
    /// [`QueryError::Sql`] when there can be no such table.
    pub fn put_table(
        &self,
        name: &str,
        schema: &SchemaRef,
        rows: impl Fn() -> Batches + Send + Sync + 'static,
    ) -> Result<(), QueryError> {
        let given = Given {
            schema: Arc::clone(schema),
            rows: Box::new(rows),
        };
        let table = StreamingTable::try_new(Arc::clone(schema), vec![Arc::new(given)])?;
        self.context().deregister_table(name)?;
        self.context().register_table(name, Arc::new(table))?;
        Ok(())
    }
}
