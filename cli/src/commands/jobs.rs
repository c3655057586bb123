//! `hydrant jobs`.

mod history;
mod preview;
mod serve;
mod told;
mod vacuum;

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context, Result, bail};
use hydrant_jobs::{
    Due, Interval, Job, JobError, Jobs, Ledger, Pace, Runner, RunnerOptions, Surroundings, Tally,
    due, load, show, to_backfill, work,
};
use hydrant_lake::Lake;
use hydrant_query::{Options, SchemaCache, answer, write};
use jiff::Timestamp;

use crate::{
    args::{JobsArgs, JobsCommand},
    commands::{
        sql::{
            answers::format as format_of,
            opening::{cache_directory, prefixes},
        },
        up::stop::StopSignals,
    },
    output,
};

/// A lake with its jobs.
struct Place<'a> {
    args: &'a JobsArgs,
    lake: Lake,
    reading: Options,
    surroundings: Surroundings,
    quiet: bool,
}

pub(crate) async fn run(args: &JobsArgs, quiet: bool) -> Result<()> {
    let place = Place {
        args,
        lake: Lake::open(&args.lake, false).await?,
        reading: reading(args)?,
        surroundings: surroundings(),
        quiet,
    };
    // Boxed: an engine is made in each.
    match &args.command {
        JobsCommand::List { format } => list(&place, format_of(*format)).await,
        JobsCommand::Run { name, at, dry_run } => {
            Box::pin(one(&place, name, at.as_deref(), *dry_run)).await
        }
        JobsCommand::Backfill {
            name,
            from,
            to,
            parallel,
            again,
        } => {
            let job = place.jobs().await?.named(name)?;
            let due = |runs: &_| backfill(&job, runs, from, to.as_deref(), *again, place.now());
            place.backfill(&job, due, *parallel).await
        }
        JobsCommand::Due { at, parallel } => {
            Box::pin(run_due(&place, at.as_deref(), *parallel)).await
        }
        JobsCommand::Serve { parallel } => Box::pin(serve::serve(&place, *parallel)).await,
        JobsCommand::History(args) => history::history(&place, args).await,
        JobsCommand::Vacuum { grace, dry_run } => vacuum::vacuum(&place, *grace, *dry_run).await,
    }
}

fn reading(args: &JobsArgs) -> Result<Options> {
    let (prefix, error_prefix) = match &args.stream {
        Some(stream) => prefixes(stream)?,
        None => (args.prefix.clone(), args.error_prefix.clone()),
    };
    Ok(Options {
        prefix,
        error_prefix,
        threads: args.threads,
        memory_limit: args.memory_limit,
        cache: cache_directory().map_or(SchemaCache::Off, SchemaCache::Directory),
        ..Options::default()
    })
}

fn surroundings() -> Surroundings {
    let id = || format!("{:032x}", rand::random::<u128>());
    Surroundings::new(Timestamp::now, id, tokio::time::sleep)
}

impl Place<'_> {
    fn now(&self) -> Timestamp {
        self.surroundings.now()
    }

    async fn jobs(&self) -> Result<Jobs> {
        Ok(load(&self.args.jobs, &self.lake, self.now()).await?)
    }

    async fn runner(&self) -> Result<Runner> {
        let machine = std::env::var("HOSTNAME")
            .ok()
            .filter(|name| !name.is_empty());
        let options = RunnerOptions {
            reading: self.reading.clone(),
            lease: self.args.lease,
            name: format!(
                "{}:{}",
                machine.as_deref().unwrap_or("hydrant"),
                std::process::id()
            ),
        };
        Ok(Runner::open(&self.lake, options, self.surroundings.clone()).await?)
    }

    async fn backfill(
        &self,
        job: &Job,
        due: impl FnOnce(&[hydrant_jobs::Run]) -> Result<Vec<Due>>,
        parallel: u16,
    ) -> Result<()> {
        let runner = self.runner().await?;
        let due = due(&runner.runs(job).await?)?;
        if due.is_empty() && !self.quiet {
            output::say(
                "nothing to do: every interval has a result of the query as it is; --again runs them again",
            );
        }
        let due = due.into_iter().map(|due| (job, due)).collect();
        let how = Pace {
            parallel: parallel.into(),
            waits: true,
        };
        until_stopped(|stop| self.work(&runner, due, how, stop)).await
    }

    /// Runs intervals and tells of each; an error says how many went wrong.
    async fn work(
        &self,
        runner: &Runner,
        due: Vec<(&Job, Due)>,
        how: Pace,
        stop: Stop,
    ) -> Result<()> {
        let told = told::Told::new(due.len(), self.quiet);
        let goes_on = || !stop.is_asked();
        let tally = work(runner, due, how, goes_on, |job, attempt| {
            told.tell(job, attempt);
        })
        .await;
        drop(told);
        summary(&tally?)
    }
}

fn summary(tally: &Tally) -> Result<()> {
    let wrong = tally.failed + tally.rejected;
    if wrong > 0 {
        let all = wrong + tally.done;
        bail!("{wrong} of {all} runs have no result; `hydrant jobs history` has the reasons");
    }
    if tally.left > 0 {
        bail!(
            "stopped with {} intervals not begun; the same command goes on",
            tally.left
        );
    }
    Ok(())
}

/// Whether somebody wants this to end.
#[derive(Clone, Default)]
struct Stop(Arc<AtomicBool>);

impl Stop {
    fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does work that begins nothing new once a signal has come, and is dropped at the second one.
async fn until_stopped<F: Future<Output = Result<()>>>(work: impl FnOnce(Stop) -> F) -> Result<()> {
    let mut signals = StopSignals::listen()?;
    let stop = Stop::default();
    let work = work(stop.clone());
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => return done,
        () = signals.asked() => {}
    }
    stop.ask();
    output::say("stopping: runs that have begun are finished; a second signal drops them");
    tokio::select! {
        done = &mut work => done,
        () = signals.asked() => bail!("stopped; runs that had begun are taken over when their lease has run out"),
    }
}

async fn list(place: &Place<'_>, format: hydrant_query::Format) -> Result<()> {
    let jobs = place.jobs().await?;
    let runs = Ledger::history(&place.lake, place.surroundings.clone(), None).await?;
    let (schema, batches) = show::jobs(&jobs.jobs, &runs, place.now())?;
    write(answer(&schema, batches), format, &mut output::open(None)?).await?;
    if jobs.mistakes.is_empty() {
        Ok(())
    } else {
        Err(JobError::Mistakes(jobs.mistakes).into())
    }
}

async fn one(place: &Place<'_>, name: &str, at: Option<&str>, dry_run: bool) -> Result<()> {
    let job = place.jobs().await?.named(name)?;
    let interval = match at {
        Some(at) => job.interval.containing(instant(&job, at)?, job.zone()),
        None => job.interval.last_ended(place.now(), job.zone()),
    };
    let interval = interval.context("there is no such interval")?;
    if dry_run {
        return preview::preview(place, &job, interval).await;
    }
    if interval.start >= place.now() {
        bail!("the interval {interval} has not begun");
    }
    let runner = place.runner().await?;
    // Whatever there is: it is to be run.
    let due = Due {
        interval,
        after: Timestamp::MAX,
        reason: "run",
    };
    let how = Pace {
        parallel: 1,
        waits: true,
    };
    until_stopped(|stop| place.work(&runner, vec![(&job, due)], how, stop)).await
}

fn instant(job: &Job, text: &str) -> Result<Timestamp> {
    job.instant(text).with_context(|| {
        format!("`{text}` is no time: write such as 2026-11-21, 2026-11-21T06:00 or 2026-11-21T06:00:00Z")
    })
}

/// The intervals between two times, which must be where intervals begin.
fn backfill(
    job: &Job,
    runs: &[hydrant_jobs::Run],
    from: &str,
    to: Option<&str>,
    again: bool,
    now: Timestamp,
) -> Result<Vec<Due>> {
    let zone = job.zone();
    let start = |text: &str| {
        let at = instant(job, text)?;
        let interval = job
            .interval
            .containing(at, zone)
            .filter(|it| it.start != at);
        match interval {
            None => Ok(at),
            Some(Interval { start, end }) => bail!(
                "no interval of {} begins at {text}: they begin at {} and {}",
                job.name,
                start
                    .to_zoned(zone.clone())
                    .strftime("%Y-%m-%dT%H:%M:%S%:z"),
                end.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z"),
            ),
        }
    };
    let from = start(from)?;
    let to = to.map(start).transpose()?.unwrap_or(now);
    if to <= from {
        bail!("--to {to} is not after --from {from}");
    }
    let mut intervals = job.interval.between(from, to, zone);
    let count = intervals.len();
    intervals.retain(|interval| interval.end <= now);
    if intervals.is_empty() {
        bail!("none of the {count} intervals from {from} to {to} is over yet");
    }
    Ok(to_backfill(job, runs, &intervals, again.then_some(now)))
}

async fn run_due(place: &Place<'_>, at: Option<&str>, parallel: u16) -> Result<()> {
    let now = match at {
        Some(at) => at
            .parse()
            .with_context(|| format!("`{at}` is no time: write such as 2026-11-21T06:00:00Z"))?,
        None => place.now(),
    };
    let jobs = place.jobs().await?;
    for mistake in &jobs.mistakes {
        output::say(&format!("error: {mistake}"));
    }
    let runner = place.runner().await?;
    let mut found = Vec::new();
    for job in &jobs.jobs {
        found.extend(
            due(&runner, job, now)
                .await?
                .into_iter()
                .map(|due| (job, due)),
        );
    }
    let how = Pace {
        parallel: parallel.into(),
        waits: false,
    };
    until_stopped(|stop| place.work(&runner, found, how, stop)).await?;
    if !jobs.mistakes.is_empty() {
        bail!(
            "{} of the files have a mistake; the other jobs were run",
            jobs.mistakes.len()
        );
    }
    Ok(())
}
