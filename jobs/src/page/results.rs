//! The last results of a job, read back from where they are.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, RecordBatch, TimestampMicrosecondArray},
    compute::concat_batches,
    datatypes::{DataType, Field, Schema, TimeUnit},
};
use hydrant_lake::Lake;
use hydrant_query::delta::DeltaTable;
use jiff::Timestamp;

use crate::{
    conform::conform,
    error::JobError,
    job::{Job, Output},
    ledger::{Outcome, Run},
    output::{INTERVAL_COLUMN, TABLES},
    rows::Rows,
    table_output::partition_time,
};

/// Intervals of which results are shown.
const INTERVALS: usize = 60;

/// Rows beyond which nobody sees anything.
const ROWS: usize = 5_000;

/// The rows of the last intervals of a table, with the beginning of the interval in each; the rows of the last file.
/// `None` when there are none.
pub(super) async fn last(lake: &Lake, job: &Job, runs: &[&Run]) -> Result<Option<Rows>, JobError> {
    match &job.output {
        Output::Table(name) => of_table(lake, name).await,
        Output::File(_) => {
            let done = runs.iter().rev().find(|run| run.outcome == Outcome::Done);
            match done.and_then(|run| run.output.as_deref()) {
                Some(key) if has_extension(key, "parquet") => {
                    Rows::read_file(&**lake.store(), key).await
                }
                _ => Ok(None),
            }
        }
    }
}

fn has_extension(key: &str, extension: &str) -> bool {
    key.rsplit_once('.').is_some_and(|(_, it)| it == extension)
}

async fn of_table(lake: &Lake, name: &str) -> Result<Option<Rows>, JobError> {
    let Some(table) = DeltaTable::open(lake, &format!("{TABLES}/{name}")).await? else {
        return Ok(None);
    };
    let mut files = Vec::new();
    for file in table.files()? {
        let value = file.partition.get(INTERVAL_COLUMN).cloned().flatten();
        if let Some(start) = value.and_then(|value| partition_time(&value)) {
            files.push((start, file));
        }
    }
    files.sort_by_key(|(start, _)| std::cmp::Reverse(*start));
    let mut kept: Vec<(Timestamp, Rows)> = Vec::new();
    let mut count = 0;
    for (start, file) in files.into_iter().take(INTERVALS) {
        let Some(rows) = Rows::read(&**lake.store(), table.folder(), &file).await? else {
            continue;
        };
        count += usize::try_from(rows.count()).unwrap_or(usize::MAX);
        kept.push((start, rows));
        if count > ROWS {
            break;
        }
    }
    kept.reverse();
    let schema = table.schema()?;
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| field.as_ref().clone())
        .filter(|it| it.name() != INTERVAL_COLUMN)
        .collect();
    let failed = |reason: String| JobError::Output {
        output: format!("{TABLES}/{name}"),
        reason,
    };
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let mut with_time = vec![Field::new(INTERVAL_COLUMN, time, true)];
    with_time.extend(fields.iter().cloned());
    let with_time = Arc::new(Schema::new(with_time));
    let mut batches = Vec::new();
    for (start, rows) in kept {
        for batch in conform(&rows, &fields).map_err(failed)? {
            let times =
                TimestampMicrosecondArray::from(vec![start.as_microsecond(); batch.num_rows()]);
            let mut columns: Vec<ArrayRef> = vec![Arc::new(times.with_timezone("UTC"))];
            columns.extend(batch.columns().iter().cloned());
            let batch = RecordBatch::try_new(Arc::clone(&with_time), columns);
            batches.push(batch.map_err(|error| failed(error.to_string()))?);
        }
    }
    if batches.is_empty() {
        return Ok(None);
    }
    let batch = concat_batches(&with_time, &batches).map_err(|error| failed(error.to_string()))?;
    Ok(Some(Rows {
        schema: with_time,
        batches: vec![batch],
    }))
}
