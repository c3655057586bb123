//! Many intervals, several at a time, as long as there is time.

use std::{collections::HashMap, time::Duration};

use futures::{FutureExt, StreamExt, stream};

use crate::{
    due::Due,
    error::JobError,
    job::Job,
    ledger::{Outcome, Run},
    runner::{Attempt, Runner},
};

/// How long to wait before an interval is looked at again that another runner is at.
const PATIENCE: Duration = Duration::from_millis(500);

/// How intervals are worked off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How many at a time.
    pub parallel: usize,
    /// Whether to wait for intervals that another runner is at, and to take them over if it is not heard of again.
    pub waits: bool,
}

/// What became of many intervals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Runs with a result in place.
    pub done: usize,
    /// Runs whose result was not what was expected.
    pub rejected: usize,
    /// Runs that went wrong.
    pub failed: usize,
    /// Intervals that another runner had done meanwhile.
    pub by_others: usize,
    /// Intervals that another runner is at.
    pub held: usize,
    /// Intervals that were not begun, because there was no time.
    pub left: usize,
}

impl Tally {
    fn count(&mut self, attempt: &Attempt) {
        *match attempt {
            Attempt::Ran(Run {
                outcome: Outcome::Done,
                ..
            }) => &mut self.done,
            Attempt::Ran(Run {
                outcome: Outcome::Rejected,
                ..
            }) => &mut self.rejected,
            Attempt::Ran(_) => &mut self.failed,
            Attempt::Done(_) => &mut self.by_others,
            Attempt::Held(_) => &mut self.held,
        } += 1;
    }

    /// Whether nothing went wrong.
    pub fn is_good(&self) -> bool {
        self.rejected == 0 && self.failed == 0
    }
}

/// Runs intervals of jobs, in their order. `goes_on` is asked before each one is begun; `tell` hears what became of it.
///
/// # Errors
///
/// [`JobError`]: a job that cannot run, found before any of its intervals is begun, or a lake that cannot be written.
pub async fn work(
    runner: &Runner,
    due: Vec<(&Job, Due)>,
    pace: Pace,
    goes_on: impl Fn() -> bool + Sync,
    tell: impl Fn(&Job, &Attempt) + Sync,
) -> Result<Tally, JobError> {
    check(runner, &due).await?;
    let (mut tally, mut open) = (Tally::default(), due);
    while !open.is_empty() {
        let attempts: Vec<_> = open
            .into_iter()
            .map(|(job, due)| begin(runner, &goes_on, job, due).boxed())
            .collect();
        let mut attempts = stream::iter(attempts).buffer_unordered(pace.parallel.max(1));
        let mut again = Vec::new();
        while let Some(attempt) = attempts.next().await {
            match attempt? {
                (_, _, None) => tally.left += 1,
                (job, due, Some(Attempt::Held(_))) if pace.waits => again.push((job, due)),
                (job, _, Some(attempt)) => {
                    tally.count(&attempt);
                    tell(job, &attempt);
                }
            }
        }
        drop(attempts);
        open = again;
        if !open.is_empty() {
            runner.surroundings().sleep(PATIENCE).await;
        }
    }
    Ok(tally)
}

/// Runs an interval, if there is time.
async fn begin<'a>(
    runner: &Runner,
    goes_on: &(impl Fn() -> bool + Sync),
    job: &'a Job,
    due: Due,
) -> Result<(&'a Job, Due, Option<Attempt>), JobError> {
    if !goes_on() {
        return Ok((job, due, None));
    }
    let attempt = runner.attempt(job, due.interval, due.after).await?;
    Ok((job, due, Some(attempt)))
}

/// Looks for mistakes in the jobs before any of them runs.
async fn check(runner: &Runner, due: &[(&Job, Due)]) -> Result<(), JobError> {
    let mut first = HashMap::new();
    for (job, due) in due {
        first.entry(&job.name).or_insert((*job, due.interval));
    }
    let mut mistakes = Vec::new();
    for (job, interval) in first.into_values() {
        // What else is wrong is wrong with an interval, and its run says so. Boxed: an engine is made in it.
        if let Err(JobError::Mistakes(found)) = Box::pin(runner.check(job, interval)).await {
            mistakes.extend(found);
        }
    }
    mistakes.sort_by(|one, other| one.file.cmp(&other.file));
    if mistakes.is_empty() {
        Ok(())
    } else {
        Err(JobError::Mistakes(mistakes))
    }
}
