//! Running a job for an interval.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use hydrant_lake::Lake;
use hydrant_query::{Engine, Options, QueryError};
use jiff::Timestamp;
use tokio::sync::{Mutex, oneshot};

use crate::{
    claim::{Claim, Claimed},
    clock::Surroundings,
    conform::kept,
    error::{JobError, JobMistake},
    expect::RESULT,
    files,
    fingerprint::of_keys,
    gathered::{Gathered, Gathering},
    interval::Interval,
    job::{Job, Output},
    ledger::{Ledger, Outcome, Run},
    output::TABLES,
    table_output::TableOutput,
};

/// What is held of a result before it goes to a temporary file, where nobody gave a limit for memory.
const HELD: usize = 256 << 20;

/// The share of a limit for memory that is held of a result.
const HELD_SHARE: usize = 4;

/// How a runner works.
#[derive(Debug, Clone)]
pub struct RunnerOptions {
    /// How the lake is read.
    pub reading: Options,
    /// How long a runner that is not heard of keeps its interval.
    pub lease: Duration,
    /// The runner's name, for the history.
    pub name: String,
}

/// Runs jobs of one lake.
#[derive(Debug, Clone)]
pub struct Runner {
    lake: Lake,
    options: RunnerOptions,
    surroundings: Surroundings,
    ledger: Arc<Mutex<Ledger>>,
}

/// What became of the wish to run an interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// It was run; [`Run::outcome`] says how it ended.
    Ran(Run),
    /// Another runner is at it: up to [`Run::until`], unless it says that it is still alive.
    Held(Run),
    /// There is a good result that another runner has put there meanwhile.
    Done(Run),
}

/// What a run would do.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The query.
    pub sql: String,
    /// The objects of the lake that it may read.
    pub objects: Vec<String>,
    /// Where the result would go.
    pub output: String,
}

/// What a query gave.
struct Computed {
    rows: Arc<Gathered>,
    fed_by: String,
    objects: u64,
    bytes: u64,
    /// What should be known of the result.
    note: Option<String>,
}

/// Why a query has no result that is put in place.
enum Ended {
    Rejected(String, Box<Computed>),
    Failed(JobError),
}

impl<E: Into<JobError>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Runner {
    /// A runner for `lake`.
    ///
    /// # Errors
    ///
    /// [`JobError::Delta`] when the table of runs can be neither read nor made.
    pub async fn open(
        lake: &Lake,
        options: RunnerOptions,
        surroundings: Surroundings,
    ) -> Result<Self, JobError> {
        let ledger = Ledger::open(lake, surroundings.clone()).await?;
        Ok(Self {
            lake: lake.clone(),
            options,
            surroundings,
            ledger: Arc::new(Mutex::new(ledger)),
        })
    }

    /// The clock.
    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// Every run of a job that the lake knows of, oldest first.
    ///
    /// # Errors
    ///
    /// [`JobError`] when the lake cannot be read.
    pub async fn runs(&self, job: &Job) -> Result<Vec<Run>, JobError> {
        let mut ledger = self.ledger.lock().await;
        ledger.refresh().await?;
        ledger.runs(Some(&job.name)).await
    }

    /// What running an interval would read and write.
    ///
    /// # Errors
    ///
    /// [`JobError::Mistakes`] or [`JobError::Query`] when the query cannot be run, or its result cannot be kept.
    pub async fn preview(
        lake: &Lake,
        reading: &Options,
        job: &Job,
        interval: Interval,
    ) -> Result<Preview, JobError> {
        let sql = job.sql(&interval);
        let engine = Engine::open(lake, reading)?;
        let feeding = engine
            .feeding(&sql)
            .await
            .map_err(|error| placed(job, &sql, error))?;
        if let Output::Table(_) = &job.output {
            kept(&feeding.schema).map_err(|reason| {
                let file = job.file.clone();
                JobError::Mistakes(vec![JobMistake {
                    file,
                    line: job.line,
                    reason,
                }])
            })?;
        }
        let mut objects = feeding.keys;
        objects.sort_unstable();
        Ok(Preview {
            objects,
            output: output_of(job, &interval),
            sql,
        })
    }

    /// Looks for what is wrong with a job before anything runs.
    ///
    /// # Errors
    ///
    /// As [`Runner::preview`].
    pub async fn check(&self, job: &Job, interval: Interval) -> Result<(), JobError> {
        Self::preview(&self.lake, &self.options.reading, job, interval)
            .await
            .map(drop)
    }

    /// A fingerprint of the objects that feed an interval now.
    ///
    /// # Errors
    ///
    /// [`JobError::Query`].
    pub(crate) async fn fed_by(&self, job: &Job, interval: &Interval) -> Result<String, JobError> {
        let engine = Engine::open(&self.lake, &self.options.reading)?;
        let sql = job.sql(interval);
        let feeding = engine
            .feeding(&sql)
            .await
            .map_err(|error| placed(job, &sql, error))?;
        Ok(of_keys(feeding.keys))
    }

    /// Runs a job for an interval, unless another runner is at it, or has put a good result there in a run that began
    /// after `after`.
    ///
    /// # Errors
    ///
    /// [`JobError`] when runs cannot be noted. What goes wrong with the query itself is a run that has failed.
    pub async fn attempt(
        &self,
        job: &Job,
        interval: Interval,
        after: Timestamp,
    ) -> Result<Attempt, JobError> {
        let who = (self.options.name.as_str(), self.options.lease);
        let claimed = Claim::stake(
            &self.ledger,
            &self.surroundings,
            (job, interval),
            who,
            after,
        );
        let claim = match claimed.await? {
            Claimed::Ours(claim) => claim,
            Claimed::Held(run) => return Ok(Attempt::Held(run)),
            Claimed::Done(run) => return Ok(Attempt::Done(run)),
        };
        // On a task of its own: a query may keep this one busy for longer than the claim holds.
        let (kept, (stop, stopped)) = (claim.clone(), oneshot::channel());
        let mut keeper = tokio::spawn(async move { kept.keep(stopped).await });
        let ended = tokio::select! {
            ended = self.run(job, interval, &claim) => {
                // A renewal that has begun must end before the claim does.
                drop(stop);
                keeper.await.ok();
                ended
            }
            _ = &mut keeper => Err(Ended::Failed(JobError::Lost)),
        };
        let now = self.surroundings.now();
        let finished = |row: &Run| finished(row, now, job, &interval, &ended);
        let run = match claim.end(finished).await {
            Ok(run) => run,
            // Nothing of ours is in place, and the interval is in other hands.
            Err(JobError::Lost) => {
                let row = claim.row().await.ok();
                return match row {
                    Some(row) => Ok(Attempt::Held(row)),
                    None => self.after_loss(job, interval).await,
                };
            }
            Err(error) => return Err(error),
        };
        if let Some(notify) = &job.notify {
            notify.tell(job, &run).await;
        }
        Ok(Attempt::Ran(run))
    }

    /// Who has the interval that was lost.
    async fn after_loss(&self, job: &Job, interval: Interval) -> Result<Attempt, JobError> {
        let runs = self.runs(job).await?;
        let mut runs = runs
            .into_iter()
            .rev()
            .filter(|run| run.interval_start == interval.start);
        match runs.next() {
            Some(run) if run.outcome == Outcome::Running => Ok(Attempt::Held(run)),
            Some(run) => Ok(Attempt::Done(run)),
            None => Err(JobError::Lost),
        }
    }

    async fn run(&self, job: &Job, interval: Interval, claim: &Claim) -> Result<Computed, Ended> {
        let table = match &job.output {
            Output::Table(name) => Some(TableOutput::open(&self.lake, job, name, interval).await?),
            Output::File(_) => None,
        };
        let computed = Box::pin(self.compute(job, &interval)).await?;
        claim.confirm().await?;
        match (&job.output, table) {
            (Output::Table(_), Some(table)) => {
                table
                    .replace(job, &computed.rows, &self.surroundings)
                    .await?;
            }
            (Output::File(file), _) => {
                let key = file.key(&interval, job.zone());
                files::write(&self.lake, job, &interval, file.form, &key, &computed.rows).await?;
            }
            (Output::Table(_), None) => {}
        }
        Ok(computed)
    }

    /// Runs the query and holds its result against the expectations.
    async fn compute(&self, job: &Job, interval: &Interval) -> Result<Computed, Ended> {
        let sql = job.sql(interval);
        let engine = Engine::open(&self.lake, &self.options.reading).map_err(JobError::from)?;
        let placed = |error| placed(job, &sql, error);
        // What is listed here is what the result is said to be of: an object that comes later makes it stale.
        let fed_by = of_keys(engine.feeding(&sql).await.map_err(placed)?.keys);
        let before = engine.stats();
        let rows = self
            .collect(&engine, &sql)
            .await
            .map_err(|error| match error {
                JobError::Query(error) => placed(error),
                other => other,
            })?;
        let cost = engine.stats().since(&before);
        let computed = Computed {
            fed_by,
            objects: cost.objects_opened,
            bytes: cost.bytes_opened,
            note: note(&engine),
            rows: Arc::new(rows),
        };
        if job.expectations.is_empty() {
            return Ok(computed);
        }
        let rows = Arc::clone(&computed.rows);
        engine
            .put_table(RESULT, &computed.rows.schema, move || rows.batches())
            .map_err(JobError::from)?;
        let mut broken = Vec::new();
        for expectation in &job.expectations {
            match expectation.check(&engine).await {
                Ok(Ok(())) => {}
                Ok(Err(reason)) => broken.push(reason),
                Err(error) => broken.push(format!(
                    "`{}` cannot be checked: {}",
                    expectation.name,
                    in_full(error)
                )),
            }
        }
        if broken.is_empty() {
            return Ok(computed);
        }
        Err(Ended::Rejected(broken.join("; "), Box::new(computed)))
    }

    async fn collect(&self, engine: &Engine, sql: &str) -> Result<Gathered, JobError> {
        let limit = self.options.reading.memory_limit;
        let held = limit.map_or(HELD, |limit| limit / HELD_SHARE);
        let mut stream = engine.run(sql).await?;
        let mut gathering = Gathering::new(stream.schema(), held);
        while let Some(batch) = stream.next().await {
            gathering.push(batch.map_err(QueryError::from)?)?;
        }
        gathering.finish()
    }
}

/// What should be known of a result that was made without some of the objects.
fn note(engine: &Engine) -> Option<String> {
    let problems = engine.problems();
    let first = problems.first()?;
    let more = match problems.len() {
        1 => String::new(),
        count => format!(" (and {} more like it)", count - 1),
    };
    Some(format!("left out: {first}{more}"))
}

/// An error of the query with its place in the job's file.
fn placed(job: &Job, sql: &str, error: QueryError) -> JobError {
    let Some((line, _)) = hydrant_query::locate(sql, &error) else {
        return error.into();
    };
    let skipped = usize::try_from(line.saturating_sub(1)).unwrap_or_default();
    JobError::Mistakes(vec![JobMistake {
        file: job.file.clone(),
        line: job.line + skipped,
        reason: in_full(error),
    }])
}

fn in_full(error: QueryError) -> String {
    JobError::from(error).in_full()
}

/// Where an interval's result lies in the lake.
fn output_of(job: &Job, interval: &Interval) -> String {
    match &job.output {
        Output::Table(name) => format!("{TABLES}/{name}"),
        Output::File(file) => file.key(interval, job.zone()),
    }
}

/// The claim's row, as it is kept.
fn finished(
    row: &Run,
    now: Timestamp,
    job: &Job,
    interval: &Interval,
    ended: &Result<Computed, Ended>,
) -> Run {
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let mut run = Run {
        took_ms: i64::try_from(now.duration_since(row.started).as_millis()).unwrap_or_default(),
        until: None,
        ..row.clone()
    };
    let cost = |run: &mut Run, computed: &Computed| {
        run.rows = count(computed.rows.count());
        run.objects = count(computed.objects);
        run.bytes_scanned = count(computed.bytes);
    };
    match ended {
        Ok(computed) => {
            cost(&mut run, computed);
            run.outcome = Outcome::Done;
            run.reason.clone_from(&computed.note);
            run.fed_by = Some(computed.fed_by.clone());
            run.output = Some(output_of(job, interval));
        }
        Err(Ended::Rejected(reason, computed)) => {
            cost(&mut run, computed);
            run.outcome = Outcome::Rejected;
            run.reason = Some(reason.clone());
        }
        Err(Ended::Failed(error)) => {
            run.outcome = Outcome::Failed;
            run.reason = Some(error.in_full());
        }
    }
    run
}
