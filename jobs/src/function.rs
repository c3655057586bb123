//! The Lambda function: what an event asks for, within the time that Lambda gives.

mod ask;
mod settings;

use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use hydrant_function::{
    Environment, FunctionError, Handler, Invocation, SettingError, SystemClock,
};
use hydrant_lake::Lake;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use ask::Ask;
use settings::Settings;

use crate::{
    Attempt, Due, Job, JobError, Pace, Run, Runner, RunnerOptions, Surroundings, Tally, due, load,
    work,
};

/// How long a function that is not heard of keeps its interval.
const LEASE: Duration = Duration::from_mins(1);

/// What is left for the answer, and for a first run of which nobody knows how long it takes.
const RESERVE: SignedDuration = SignedDuration::from_secs(10);

/// The function, as its environment variables say.
///
/// # Errors
///
/// A variable with a value that it cannot have, and no `LAKE`.
pub fn function(environment: &Environment<'_>) -> Result<impl Handler + use<>, SettingError> {
    let settings = Settings::read(environment)?;
    // The function's own loop has one thread; a query uses all that the memory setting pays for.
    let threads = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let threads = threads.map_err(|error| SettingError {
        variable: "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        value: String::new(),
        reason: format!("no threads can be started: {error}"),
    })?;
    Ok(Function {
        settings: Arc::new(settings),
        threads: Some(threads),
    })
}

struct Function {
    settings: Arc<Settings>,
    threads: Option<tokio::runtime::Runtime>,
}

impl Drop for Function {
    fn drop(&mut self) {
        // Waiting for threads is not allowed where this is dropped.
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

impl Handler for Function {
    async fn answer(
        &mut self,
        invocation: &Invocation<'_>,
        event: &bytes::Bytes,
        out: &mut Vec<u8>,
    ) -> Result<(), FunctionError> {
        match self.run(invocation, event).await {
            Ok(tally) => {
                out.clear();
                out.extend_from_slice(summary(&tally).to_string().as_bytes());
                Ok(())
            }
            Err(error) => {
                // The scheduler does not wait for an answer, so whoever looks for the reason looks into the log.
                log(&json!({"what": "error", "error": error.to_string()}).to_string());
                Err(error)
            }
        }
    }
}

impl Function {
    async fn run(&self, invocation: &Invocation<'_>, event: &[u8]) -> Result<Tally, FunctionError> {
        let ask = Ask::read(event)
            .map_err(|reason| FunctionError::new("Hydrant.NotAJobsEvent", reason))?;
        let Some(threads) = &self.threads else {
            return Err(FunctionError::new(
                "Hydrant.Stopped",
                "the function has ended",
            ));
        };
        let settings = Arc::clone(&self.settings);
        let (request, deadline) = (invocation.request_id.to_owned(), deadline(invocation));
        let done = threads.spawn(async move {
            // Boxed: the reading of jobs opens their place.
            Box::pin(answer(&settings, ask, &request, deadline)).await
        });
        let tally = match done.await {
            Ok(Ok(tally)) => tally,
            Ok(Err(error)) => return Err(FunctionError::new("Hydrant.Jobs", error.in_full())),
            Err(panicked) => return Err(FunctionError::new("Hydrant.Panic", panicked)),
        };
        log(&metrics(&tally));
        if tally.is_good() {
            return Ok(tally);
        }
        let wrong = tally.failed + tally.rejected;
        let text = format!(
            "{wrong} of {} runs have no result; the log has the reasons",
            wrong + tally.done
        );
        Err(FunctionError::new("Hydrant.RunsWithoutResult", text))
    }
}

/// When Lambda ends the invocation. One that is over before it has begun is that of an emulator, which ends nothing.
fn deadline(invocation: &Invocation<'_>) -> Timestamp {
    let at = SignedDuration::try_from(invocation.deadline).unwrap_or_default();
    let begun = SignedDuration::try_from(SystemClock::now()).unwrap_or_default();
    let at = Timestamp::from_duration(at).ok().filter(|_| at > begun);
    at.unwrap_or(Timestamp::MAX)
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the clock that is passed on"
)]
fn surroundings(request: &str) -> Surroundings {
    let (request, count) = (request.replace('-', ""), AtomicU64::new(0));
    let now = || {
        let since = SignedDuration::try_from(SystemClock::now()).unwrap_or_default();
        Timestamp::from_duration(since).unwrap_or(Timestamp::MAX)
    };
    // An invocation that Lambda tries again has the id that it had: the instant tells the two apart, whose files
    // would have the same names.
    let begun = now().as_nanosecond();
    let id = move || {
        let count = count.fetch_add(1, Ordering::Relaxed);
        format!("{request}{begun:x}{count:04x}")
    };
    Surroundings::new(now, id, tokio::time::sleep)
}

async fn answer(
    settings: &Settings,
    ask: Ask,
    request: &str,
    deadline: Timestamp,
) -> Result<Tally, JobError> {
    let surroundings = surroundings(request);
    let lake = Lake::open(&settings.lake, false)
        .await
        .map_err(|error| JobError::Folder {
            place: settings.lake.clone(),
            source: error.into(),
        })?;
    let jobs = load(&settings.jobs, &lake, surroundings.now()).await?;
    let options = RunnerOptions {
        reading: settings.reading.clone(),
        lease: LEASE,
        name: request.to_owned(),
    };
    let runner = Runner::open(&lake, options, surroundings.clone()).await?;
    let mistakes = jobs.mistakes.clone();
    let jobs = match &ask {
        Ask::Due => jobs.jobs,
        Ask::Job { name, .. } => vec![jobs.named(name)?],
    };
    let mut found: Vec<(&Job, Due)> = Vec::new();
    for job in &jobs {
        let due = match &ask {
            Ask::Job { at: Some(at), .. } => vec![at_time(job, at)?],
            _ => due(&runner, job, surroundings.now()).await?,
        };
        found.extend(due.into_iter().map(|due| (job, due)));
    }
    let longest = AtomicI64::new(0);
    let goes_on = || {
        // A run that takes as long again as the longest so far, and half of it more, must have room.
        let likely =
            SignedDuration::from_millis(longest.load(Ordering::Relaxed) * 3 / 2).max(RESERVE);
        deadline.duration_since(surroundings.now()) > likely
    };
    let pace = Pace {
        parallel: settings.parallel,
        waits: false,
    };
    let tally = work(&runner, found, pace, goes_on, |job, attempt| {
        if let Attempt::Ran(run) = attempt {
            longest.fetch_max(run.took_ms, Ordering::Relaxed);
        }
        log(&told(job, attempt));
    })
    .await?;
    // The good jobs have been run; the others must be seen.
    if mistakes.is_empty() || !matches!(ask, Ask::Due) {
        Ok(tally)
    } else {
        Err(JobError::Mistakes(mistakes))
    }
}

fn at_time(job: &Job, at: &str) -> Result<Due, JobError> {
    let instant = job.instant(at);
    let interval = instant.and_then(|instant| job.interval.containing(instant, job.zone()));
    let interval = interval.ok_or_else(|| JobError::Time {
        time: at.to_owned(),
    })?;
    Ok(Due {
        interval,
        after: Timestamp::MAX,
        reason: "asked for",
    })
}

/// The line of a run.
fn told(job: &Job, attempt: &Attempt) -> String {
    let (what, run): (_, &Run) = match attempt {
        Attempt::Ran(run) => ("run", run),
        Attempt::Held(run) => ("held", run),
        Attempt::Done(run) => ("done by another", run),
    };
    json!({
        "what": what,
        "job": job.name,
        "interval": job.label(&run.interval()),
        "outcome": run.outcome,
        "reason": run.reason,
        "rows": run.rows,
        "objects": run.objects,
        "bytes_scanned": run.bytes_scanned,
        "took_ms": run.took_ms,
        "output": run.output,
    })
    .to_string()
}

fn summary(tally: &Tally) -> serde_json::Value {
    json!({
        "done": tally.done,
        "rejected": tally.rejected,
        "failed": tally.failed,
        "byOthers": tally.by_others,
        "held": tally.held,
        "left": tally.left,
    })
}

/// The line from which CloudWatch makes metrics (CloudWatch user guide, Specification: Embedded metric format).
fn metrics(tally: &Tally) -> String {
    let names = ["Done", "Rejected", "Failed", "Left"];
    let metrics = names.map(|name| json!({"Name": name, "Unit": "Count"}));
    let now = u64::try_from(SystemClock::now().as_millis()).unwrap_or_default();
    json!({
        "_aws": {
            "Timestamp": now,
            "CloudWatchMetrics": [{"Namespace": "Hydrant/Jobs", "Dimensions": [[]], "Metrics": metrics}],
        },
        "Done": tally.done,
        "Rejected": tally.rejected,
        "Failed": tally.failed,
        "Left": tally.left,
    })
    .to_string()
}

fn log(line: &str) {
    let mut out = std::io::stdout().lock();
    // Where the log cannot be written there is nobody to tell.
    drop(writeln!(out, "{line}"));
}
