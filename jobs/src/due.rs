//! What is to be done now.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::{
    error::JobError,
    interval::Interval,
    job::Job,
    ledger::{Outcome, Run},
    runner::Runner,
};

/// An interval that is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The interval.
    pub interval: Interval,
    /// Good runs that began after this make it needless; see [`Runner::attempt`].
    pub after: Timestamp,
    /// Why.
    pub reason: &'static str,
}

/// What the runs of a job say of an interval.
#[derive(Debug, Clone, Copy, Default)]
struct State<'a> {
    /// The last run that was good and of the whole interval.
    done: Option<&'a Run>,
    /// The last run that has ended.
    last: Option<&'a Run>,
}

fn states(runs: &[Run]) -> HashMap<Timestamp, State<'_>> {
    let mut states: HashMap<_, State<'_>> = HashMap::new();
    for run in runs {
        let state = states.entry(run.interval_start).or_default();
        if run.outcome != Outcome::Running
            && state.last.is_none_or(|last| last.started <= run.started)
        {
            state.last = Some(run);
        }
        if run.is_whole() && state.done.is_none_or(|done| done.started <= run.started) {
            state.done = Some(run);
        }
    }
    states
}

/// The intervals of a job that are due at `now`: those that had ended when the job's schedule fired last, from the
/// job's `start`, or else from the first that was ever run, or else the last one alone. Of them, those without a good
/// result, and, while `lateness` has not passed since their end, those that other objects feed than when they were run.
/// A run that went wrong is tried again when the schedule has fired again.
///
/// # Errors
///
/// [`JobError`] when the lake cannot be read.
pub async fn due(runner: &Runner, job: &Job, now: Timestamp) -> Result<Vec<Due>, JobError> {
    let Some(fired) = job.timetable.last(now) else {
        return Ok(Vec::new());
    };
    let Some(last) = job.interval.last_ended(fired, job.zone()) else {
        return Ok(Vec::new());
    };
    let runs = runner.runs(job).await?;
    let first_run = runs.iter().map(|run| run.interval_start).min();
    let from = job.start.or(first_run).unwrap_or(last.start);
    let states = states(&runs);
    let mut found = Vec::new();
    for interval in job.interval.between(from, last.end, job.zone()) {
        let state = states.get(&interval.start).copied().unwrap_or_default();
        if let Some(reason) = missing(state, fired) {
            found.push(Due {
                interval,
                after: Timestamp::MIN,
                reason,
            });
            continue;
        }
        let is_watched = interval
            .end
            .checked_add(job.lateness)
            .is_ok_and(|until| now < until);
        if let Some(done) = state.done.filter(|_| is_watched)
            && state
                .last
                .is_none_or(|last| last.outcome == Outcome::Done || last.started < fired)
            && done.fed_by.as_deref() != Some(&*runner.fed_by(job, &interval).await?)
        {
            found.push(Due {
                interval,
                after: done.started,
                reason: "late data",
            });
        }
    }
    Ok(found)
}

/// Why an interval without a good result is to be run; `None` when it has one, or was tried since the schedule fired.
fn missing(state: State<'_>, fired: Timestamp) -> Option<&'static str> {
    match state {
        State { done: Some(_), .. } => None,
        State { last: None, .. } => Some("new"),
        State {
            last: Some(last), ..
        } if last.outcome == Outcome::Abandoned => Some("abandoned"),
        State {
            last: Some(last), ..
        } if last.started < fired => Some("tried again"),
        State { .. } => None,
    }
}

/// The intervals of a backfill that are still to be run: those without a good result of the job as it is now. With
/// `again` all of them, unless they are run after `now` by somebody else.
pub fn to_backfill(
    job: &Job,
    runs: &[Run],
    intervals: &[Interval],
    again: Option<Timestamp>,
) -> Vec<Due> {
    let definition = job.definition();
    let same: Vec<Run> = runs
        .iter()
        .filter(|run| run.definition == definition)
        .cloned()
        .collect();
    let states = states(&same);
    let after = again.unwrap_or(Timestamp::MIN);
    let is_done = |interval: &Interval| {
        let state = states.get(&interval.start);
        state
            .and_then(|state| state.done)
            .is_some_and(|done| done.started > after)
    };
    let open = intervals.iter().filter(|interval| !is_done(interval));
    open.map(|interval| Due {
        interval: *interval,
        after,
        reason: "backfill",
    })
    .collect()
}
