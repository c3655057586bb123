//! Running a statement: with the schema of a sample as long as that holds, and anew when it does not.

use std::{sync::Arc, time::Instant};

use arrow::{
    array::{RecordBatch, RecordBatchOptions},
    datatypes::SchemaRef,
};
use datafusion::{
    common::Result as DataFusionResult,
    error::DataFusionError,
    execution::SendableRecordBatchStream,
    physical_plan::stream::RecordBatchStreamAdapter,
    sql::{parser::Statement as Parsed, sqlparser::ast::Statement},
};
use futures::{StreamExt, stream};

use super::Engine;
use crate::{
    error::QueryError,
    names::readable,
    scan::Scans,
    stats::{add, add_time},
};

/// Bytes of an answer that are held back while something may still prove the schema wrong. An answer that
/// is larger is worth a look at everything first.
const HELD: usize = 16 << 20;

/// Each restart knows everything that the scan before could stumble over; only a table that was made by an
/// earlier statement, such as a view, can stumble again.
const RESTARTS: usize = 3;

pub(super) async fn run(
    engine: &Engine,
    sql: &str,
    parsed: &Parsed,
) -> Result<SendableRecordBatchStream, QueryError> {
    let counters = &engine.tables.source.counters;
    if !can_begin_again(parsed) {
        let answer = engine.sql(sql).await?.execute_stream().await?;
        return Ok(renamed(engine, answer, Vec::new()));
    }
    let (mut looked_for, mut restarts) = (Vec::new(), 0);
    while restarts < RESTARTS {
        engine.tables.begin_again().await;
        let planned = engine.plan(sql, &mut looked_for).await?;
        let start = Instant::now();
        let mut answer = match planned.execute_stream().await {
            Ok(answer) => answer,
            // Some names are only looked up when the plan is made ready to run.
            Err(error) => {
                engine.recover(error, &mut looked_for).await?;
                continue;
            }
        };
        let scans = engine.tables.scans().await;
        add_time(&counters.planning, start);
        let start = Instant::now();
        let held = hold(engine, &mut answer, &scans).await;
        add_time(&counters.running, start);
        match held {
            Ok(Some(held)) => return Ok(renamed(engine, answer, held)),
            Ok(None) => {}
            Err(error) => match QueryError::from(error) {
                QueryError::Drift { .. } => {
                    drop(answer);
                    if scans.found_strays() {
                        engine.tables.distrust_time().await;
                    } else {
                        engine.tables.learn(None).await?;
                    }
                }
                QueryError::Memory { .. } if engine.spills_now() => continue,
                error => return Err(error),
            },
        }
        restarts += 1;
        add(&counters.restarts, 1);
    }
    let answer = engine.sql(sql).await?.execute_stream().await?;
    Ok(renamed(engine, answer, Vec::new()))
}

/// Whether nothing is left behind by a statement that was stopped halfway.
fn can_begin_again(parsed: &Parsed) -> bool {
    match parsed {
        Parsed::Statement(statement) => !matches!(
            **statement,
            Statement::CreateTable(_)
                | Statement::CreateView { .. }
                | Statement::Insert(_)
                | Statement::Prepare { .. }
        ),
        Parsed::Explain(_) => true,
        _ => false,
    }
}

/// The beginning of an answer, once nothing can prove its schema wrong any more; `None` when it is wrong.
async fn hold(
    engine: &Engine,
    answer: &mut SendableRecordBatchStream,
    scans: &Arc<Scans>,
) -> DataFusionResult<Option<Vec<RecordBatch>>> {
    let (mut held, mut bytes) = (Vec::new(), 0);
    while !scans.have_ended() {
        if bytes > HELD {
            let events = engine.tables.last_events();
            if events.is_some_and(|events| events.trusts_time) {
                engine.tables.distrust_time().await;
                return Ok(None);
            }
            let has_changed = engine.tables.learn(None).await;
            let has_changed = has_changed.map_err(QueryError::into_datafusion)?;
            return Ok((!has_changed).then_some(held));
        }
        let Some(batch) = answer.next().await.transpose()? else {
            break;
        };
        bytes += batch.get_array_memory_size();
        held.push(batch);
    }
    Ok(Some(held))
}

/// The answer under readable names, its beginning first.
fn renamed(
    engine: &Engine,
    mut answer: SendableRecordBatchStream,
    held: Vec<RecordBatch>,
) -> SendableRecordBatchStream {
    let schema = readable(&answer.schema(), &engine.tables.names());
    let names = Arc::clone(&schema);
    let source = Arc::clone(&engine.tables.source);
    let rest = stream::poll_fn(move |context| {
        let start = Instant::now();
        let polled = answer.poll_next_unpin(context);
        add_time(&source.counters.running, start);
        polled
    });
    let batches = stream::iter(held.into_iter().map(Ok::<_, DataFusionError>))
        .chain(rest)
        .map(move |batch| rename(&batch?, &names));
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
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
