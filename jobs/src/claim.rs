//! A claim on an interval: of all runners, one is at it at a time.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, oneshot};

use crate::{
    clock::Surroundings,
    error::JobError,
    interval::Interval,
    job::Job,
    ledger::{Ledger, Outcome, Run, Step},
};

/// What became of the wish to run an interval.
pub(crate) enum Claimed {
    /// It is ours.
    Ours(Claim),
    /// Another runner is at it.
    Held(Run),
    /// A good result came in meanwhile.
    Done(Run),
}

/// An interval that is ours as long as the claim is renewed.
#[derive(Clone)]
pub(crate) struct Claim {
    ledger: Arc<Mutex<Ledger>>,
    surroundings: Surroundings,
    lease: Duration,
    /// The claim as it lies in the ledger; `None` once it is lost or given up.
    row: Arc<Mutex<Option<Run>>>,
}

impl Claim {
    /// Claims an interval, unless another runner holds it, or a good run of it has begun after `after`.
    pub(crate) async fn stake(
        ledger: &Arc<Mutex<Ledger>>,
        surroundings: &Surroundings,
        (job, interval): (&Job, Interval),
        (runner, lease): (&str, Duration),
        after: Timestamp,
    ) -> Result<Claimed, JobError> {
        let definition = job.definition();
        let decide = |runs: &[Run], now: Timestamp| {
            let same: Vec<_> = runs
                .iter()
                .filter(|run| run.interval_start == interval.start)
                .collect();
            if let Some(held) = same.iter().find(|run| run.holds(now)) {
                return Ok(Step::Nothing(Err(Claimed::Held((*held).clone()))));
            }
            let good =
                |run: &&&Run| run.is_whole() && run.definition == definition && run.started > after;
            if let Some(done) = same.iter().find(good) {
                return Ok(Step::Nothing(Err(Claimed::Done((*done).clone()))));
            }
            let silent = same.iter().filter(|run| run.outcome == Outcome::Running);
            let remove: Vec<Run> = silent.map(|run| (*run).clone()).collect();
            let claim = Run {
                job: job.name.clone(),
                interval_start: interval.start,
                interval_end: interval.end,
                started: now,
                took_ms: 0,
                rows: 0,
                objects: 0,
                bytes_scanned: 0,
                outcome: Outcome::Running,
                reason: None,
                output: None,
                fed_by: None,
                definition: definition.clone(),
                runner: runner.to_owned(),
                until: Some(until(now, lease)),
            };
            let mut add: Vec<Run> = remove.iter().map(abandoned).collect();
            add.push(claim.clone());
            Ok(Step::Change {
                add,
                remove,
                told: Ok(claim),
            })
        };
        let told = ledger.lock().await.change(&job.name, decide).await?;
        Ok(match told {
            Err(other) => other,
            Ok(row) => Claimed::Ours(Self {
                ledger: Arc::clone(ledger),
                surroundings: surroundings.clone(),
                lease,
                row: Arc::new(Mutex::new(Some(row))),
            }),
        })
    }

    /// The claim's row.
    pub(crate) async fn row(&self) -> Result<Run, JobError> {
        self.row.lock().await.clone().ok_or(JobError::Lost)
    }

    /// Renews the claim again and again; ends when it is lost, or when the other end of `stopped` is dropped.
    pub(crate) async fn keep(&self, mut stopped: oneshot::Receiver<()>) {
        loop {
            tokio::select! {
                () = self.surroundings.sleep(self.lease / 3) => {}
                _ = &mut stopped => return,
            }
            let renewed = self.replace(
                |row, now| Run {
                    until: Some(until(now, self.lease)),
                    ..row.clone()
                },
                false,
            );
            match renewed.await {
                Ok(_) => {}
                Err(JobError::Lost) => return,
                // The next time may do better; if not, the lease runs out and another runner takes over.
                Err(error) => {
                    tracing::warn!(error = error.in_full(), "a claim could not be renewed");
                }
            }
        }
    }

    /// Makes sure that the claim still holds: from here on the result is put in place.
    pub(crate) async fn confirm(&self) -> Result<(), JobError> {
        let row = self.row().await?;
        let now = self.surroundings.now();
        let half = SignedDuration::try_from(self.lease / 2).unwrap_or_default();
        if row
            .until
            .is_some_and(|until| until.duration_since(now) > half)
        {
            return Ok(());
        }
        self.replace(
            |row, now| Run {
                until: Some(until(now, self.lease)),
                ..row.clone()
            },
            false,
        )
        .await?;
        Ok(())
    }

    /// Puts how the run ended in the place of the claim.
    pub(crate) async fn end(&self, ended: impl Fn(&Run) -> Run) -> Result<Run, JobError> {
        self.replace(|row, _| ended(row), true).await
    }

    async fn replace(
        &self,
        new: impl Fn(&Run, Timestamp) -> Run,
        is_end: bool,
    ) -> Result<Run, JobError> {
        let mut held = self.row.lock().await;
        let row = held.clone().ok_or(JobError::Lost)?;
        let decide = |runs: &[Run], now: Timestamp| {
            if !runs.contains(&row) {
                return Ok(Step::Nothing(None));
            }
            let new = new(&row, now);
            Ok(Step::Change {
                add: vec![new.clone()],
                remove: vec![row.clone()],
                told: Some(new),
            })
        };
        let told = self.ledger.lock().await.change(&row.job, decide).await?;
        let Some(new) = told else {
            *held = None;
            return Err(JobError::Lost);
        };
        *held = (!is_end).then(|| new.clone());
        Ok(new)
    }
}

fn until(now: Timestamp, lease: Duration) -> Timestamp {
    let lease = SignedDuration::try_from(lease).unwrap_or(SignedDuration::MAX);
    now.checked_add(lease).unwrap_or(Timestamp::MAX)
}

/// What is left of a claim that ran out.
fn abandoned(claim: &Run) -> Run {
    let until = claim.until.unwrap_or(claim.started);
    Run {
        outcome: Outcome::Abandoned,
        took_ms: i64::try_from(until.duration_since(claim.started).as_millis()).unwrap_or_default(),
        reason: Some("its runner was not heard of again".to_owned()),
        until: None,
        ..claim.clone()
    }
}
