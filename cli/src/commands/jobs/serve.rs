//! `hydrant jobs serve`.

use std::time::Duration;

use anyhow::{Result, bail};
use hydrant_jobs::{Due, Job, JobError, Pace, Runner, due};
use jiff::{SignedDuration, Timestamp};

use super::{Place, Stop};
use crate::{commands::up::stop::StopSignals, output};

/// However long nothing is due, the folder of jobs is looked at again after this.
const LOOK: SignedDuration = SignedDuration::from_secs(60);

/// Runs what is due whenever a schedule fires, until a signal comes.
pub(super) async fn serve(place: &Place<'_>, parallel: u16) -> Result<()> {
    let mut signals = StopSignals::listen()?;
    // What is wrong from the start is said at the start.
    let jobs = place.jobs().await?.all()?;
    let runner = place.runner().await?;
    if !place.quiet {
        let next = jobs
            .iter()
            .filter_map(|job| job.timetable.next(place.now()))
            .min();
        let next = next.map_or("never".to_owned(), |next| next.to_string());
        output::say(&format!(
            "serving {} jobs of {}; next at {next}",
            jobs.len(),
            place.lake.location()
        ));
    }
    let how = Pace {
        parallel: parallel.into(),
        waits: false,
    };
    let stop = Stop::default();
    loop {
        let round = round(place, &runner, how, stop.clone());
        tokio::pin!(round);
        let wait = tokio::select! {
            wait = &mut round => wait,
            () = signals.asked() => {
                stop.ask();
                output::say("stopping: runs that have begun are finished; a second signal drops them");
                tokio::select! {
                    _ = &mut round => {}
                    () = signals.asked() => bail!("stopped; runs that had begun are taken over when their lease has run out"),
                }
                return Ok(());
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = signals.asked() => return Ok(()),
        }
    }
}

/// Runs what is due now; gives how long to wait.
async fn round(place: &Place<'_>, runner: &Runner, how: Pace, stop: Stop) -> Duration {
    let began = place.now();
    let jobs = match place.jobs().await {
        Ok(jobs) => jobs,
        Err(error) => {
            output::error(&error);
            return Duration::from_secs(5);
        }
    };
    for mistake in &jobs.mistakes {
        output::say(&format!("error: {mistake}"));
    }
    let mut found: Vec<(&Job, Due)> = Vec::new();
    for job in &jobs.jobs {
        match due(runner, job, began).await {
            Ok(due) => found.extend(due.into_iter().map(|due| (job, due))),
            Err(error) => complain(job, &error),
        }
    }
    if !found.is_empty()
        && let Err(error) = place.work(runner, found, how, stop).await
    {
        output::error(&error);
    }
    let now = place.now();
    let next = jobs
        .jobs
        .iter()
        .filter_map(|job| job.timetable.next(began))
        .min();
    let wake = next
        .unwrap_or(Timestamp::MAX)
        .min(now.checked_add(LOOK).unwrap_or(now));
    Duration::try_from(wake.duration_since(now)).unwrap_or_default()
}

fn complain(job: &Job, error: &JobError) {
    output::say(&format!("error: {}: {}", job.name, error.in_full()));
}
