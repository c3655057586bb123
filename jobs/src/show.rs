//! Jobs and runs as rows, for whoever prints or queries them.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray},
    datatypes::SchemaRef,
    error::ArrowError,
};
use jiff::Timestamp;

use crate::{
    job::Job,
    ledger::{Outcome, Run},
};

/// Columns and one batch of rows.
pub type Shown = (SchemaRef, Vec<RecordBatch>);

fn texts(values: impl Iterator<Item = Option<String>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn numbers(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<Int64Array>())
}

fn times(values: impl Iterator<Item = Option<Timestamp>>) -> ArrayRef {
    let micros = values.map(|it| it.map(Timestamp::as_microsecond));
    let micros: TimestampMicrosecondArray = micros.collect();
    Arc::new(micros.with_timezone("UTC"))
}

fn shown<const N: usize>(columns: [(&str, ArrayRef); N]) -> Result<Shown, ArrowError> {
    let columns = columns.map(|(name, column)| (name, column, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns)?;
    Ok((batch.schema(), vec![batch]))
}

/// Jobs with their next run and their last one. `runs` are oldest first.
///
/// # Errors
///
/// None that can happen: the columns are as long as each other.
pub fn jobs(jobs: &[Job], runs: &[Run], now: Timestamp) -> Result<Shown, ArrowError> {
    let last = |job: &Job| runs.iter().rev().find(|run| run.job == job.name);
    let text = |of: fn(&Job) -> String| texts(jobs.iter().map(|job| Some(of(job))));
    shown([
        ("job", text(|job| job.name.clone())),
        ("schedule", text(|job| job.timetable.schedule().to_string())),
        ("timezone", text(|job| job.zone_name().to_owned())),
        ("interval", text(|job| job.interval.to_string())),
        ("output", text(|job| job.output.to_string())),
        (
            "next",
            times(jobs.iter().map(|job| job.timetable.next(now))),
        ),
        (
            "last_interval",
            texts(
                jobs.iter()
                    .map(|job| Some(job.label(&last(job)?.interval()))),
            ),
        ),
        (
            "last_outcome",
            texts(jobs.iter().map(|job| Some(last(job)?.outcome.to_string()))),
        ),
    ])
}

/// Runs, one a row. An interval is named in its job's time zone, where the job is known.
///
/// # Errors
///
/// None that can happen: the columns are as long as each other.
pub fn runs(runs: &[Run], jobs: &[Job]) -> Result<Shown, ArrowError> {
    let label = |run: &Run| {
        let job = jobs.iter().find(|job| job.name == run.job);
        job.map_or_else(
            || run.interval_start.to_string(),
            |job| job.label(&run.interval()),
        )
    };
    let ended = |run: &Run, number: i64| (run.outcome != Outcome::Running).then_some(number);
    shown([
        ("job", texts(runs.iter().map(|run| Some(run.job.clone())))),
        ("interval", texts(runs.iter().map(|run| Some(label(run))))),
        ("started", times(runs.iter().map(|run| Some(run.started)))),
        (
            "took_ms",
            numbers(runs.iter().map(|run| ended(run, run.took_ms))),
        ),
        ("rows", numbers(runs.iter().map(|run| ended(run, run.rows)))),
        (
            "objects",
            numbers(runs.iter().map(|run| ended(run, run.objects))),
        ),
        (
            "bytes_scanned",
            numbers(runs.iter().map(|run| ended(run, run.bytes_scanned))),
        ),
        (
            "outcome",
            texts(runs.iter().map(|run| Some(run.outcome.to_string()))),
        ),
        ("reason", texts(runs.iter().map(|run| run.reason.clone()))),
    ])
}
