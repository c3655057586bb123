//! One target of one rule: the events that wait for it, and the task that delivers them.

mod giving_up;
mod plan;
mod vain;

use std::{
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use hydrant_endpoint::{Clock, Counter, Ids, Receipt, Receipts, StreamLog};
use jiff::Timestamp;
use tokio::sync::Semaphore;

pub(crate) use plan::Plan;

use giving_up::exhausted;
use vain::Vain;

use crate::{
    input::{EventPlaceholder, Matched},
    notice::{Notice, Observer},
    target::{Bulk, Failure, Outgoing, Queues, pause},
};

/// What all lines share.
#[derive(Debug)]
pub(crate) struct Courier {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) queues: Arc<dyn Queues>,
    pub(crate) placeholder: EventPlaceholder,
    pub(crate) time_scale: f64,
    pub(crate) parallelism: usize,
    pub(crate) ids: Mutex<Ids>,
}

/// Numbers of one target. Their names are CloudWatch's.
#[derive(Debug, Default)]
pub(crate) struct LineMetrics {
    pub(crate) invocations: Counter,
    pub(crate) delivered: Counter,
    pub(crate) failed: Counter,
    pub(crate) not_rendered: Counter,
    pub(crate) retried: Counter,
    pub(crate) dead_letters: Counter,
    pub(crate) lost_dead_letters: Counter,
    /// Events that were offered in vain and are not done with.
    retrying: AtomicU64,
    /// Deliveries that have such events.
    struggling: AtomicUsize,
}

#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) rule_arn: String,
    pub(crate) rule_name: String,
    pub(crate) bus: String,
    pub(crate) log: Arc<StreamLog>,
    pub(crate) metrics: LineMetrics,
    /// Deliveries that may be under way at once.
    parallelism: usize,
    plan: RwLock<Arc<Plan>>,
    task: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

/// An event on its way.
#[derive(Debug)]
struct Waiting {
    event: Bytes,
    arrival: Timestamp,
    /// How often it was offered.
    attempts: u32,
    receipt: Receipt,
}

impl Line {
    /// Starts to deliver what waits in `log`.
    pub(crate) fn start(
        (bus, rule_name, rule_arn): (String, String, String),
        plan: Plan,
        log: Arc<StreamLog>,
        courier: Arc<Courier>,
    ) -> Arc<Self> {
        let line = Arc::new(Self {
            rule_arn,
            rule_name,
            bus,
            log,
            metrics: LineMetrics::default(),
            parallelism: courier.parallelism.max(1),
            plan: RwLock::new(Arc::new(plan)),
            task: Mutex::default(),
        });
        let task = tokio::spawn(Arc::clone(&line).run(courier));
        *line.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        line
    }

    /// Delivers otherwise from now on.
    pub(crate) fn change(&self, plan: Plan) {
        *self.plan.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(plan);
    }

    pub(crate) fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends the task. What waits stays in the log.
    pub(crate) fn stop(&self) {
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = task {
            task.abort();
        }
    }

    async fn run(self: Arc<Self>, courier: Arc<Courier>) {
        let permits = Arc::new(Semaphore::new(self.parallelism));
        // Those under way end with this task.
        let mut under_way = tokio::task::JoinSet::new();
        loop {
            let (segment, batches) = match self.log.next().await {
                Ok(next) => next,
                Err(error) => {
                    tracing::error!(%error, rule = %self.rule_arn, "events that wait cannot be read");
                    courier.clock.sleep(Duration::from_secs(1)).await;
                    continue;
                }
            };
            let mut index = 0;
            let mut waiting = Vec::new();
            for batch in &batches {
                for event in batch.records() {
                    if !segment.is_done(index) {
                        waiting.push(Waiting {
                            event,
                            arrival: batch.arrival,
                            attempts: segment.tries(index),
                            receipt: Receipt::new(Arc::clone(&segment), index),
                        });
                    }
                    index += 1;
                }
            }
            drop(batches);
            for group in groups(waiting, self.plan().adapter.bulk()) {
                // The semaphore is never closed.
                let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
                    return;
                };
                let (line, courier) = (Arc::clone(&self), Arc::clone(&courier));
                under_way.spawn(async move {
                    line.deliver(group, &courier).await;
                    drop(permit);
                });
                while under_way.try_join_next().is_some() {}
            }
        }
    }

    /// Offers events until the target or the dead-letter queue has them.
    async fn deliver(&self, mut waiting: Vec<Waiting>, courier: &Courier) {
        let mut vain = Vain::new(&self.metrics);
        while !waiting.is_empty() {
            let plan = self.plan();
            let (mut outgoing, mut offered) = (Vec::new(), Vec::new());
            let mut done = Receipts::default();
            for it in waiting {
                match self.input(&plan, &it, courier) {
                    Ok(input) => {
                        outgoing.push(Outgoing {
                            input,
                            event: it.event.clone(),
                        });
                        offered.push(it);
                    }
                    Err(()) => done.push(it.receipt),
                }
            }
            self.metrics.invocations.add(outgoing.len() as u64);
            let outcomes = if outgoing.is_empty() {
                Vec::new()
            } else {
                plan.adapter.send(&outgoing).await
            };
            let (mut again, mut given_up) = (Vec::new(), Vec::new());
            let mut worst: Option<Failure> = None;
            for (mut it, outcome) in offered.into_iter().zip(outcomes) {
                let Err(failure) = outcome else {
                    self.metrics.delivered.add(1);
                    done.push(it.receipt);
                    continue;
                };
                it.attempts += 1;
                if let Some(why) = exhausted(&plan, &failure, &it, courier) {
                    given_up.push((it, failure, why));
                } else {
                    it.receipt.tried(it.attempts);
                    again.push(it);
                    worst = Some(failure);
                }
            }
            vain.now(again.len() + given_up.len());
            done.complete();
            self.log.tell();
            for (it, failure, why) in given_up {
                self.give_up(&plan, &it, &failure, why, courier).await;
                let mut done = Receipts::default();
                done.push(it.receipt);
                done.complete();
                self.log.tell();
            }
            vain.now(again.len());
            waiting = again;
            if let Some(failure) = worst {
                self.wait(&plan, &failure, &waiting, courier).await;
            }
        }
    }

    async fn wait(&self, plan: &Plan, failure: &Failure, waiting: &[Waiting], courier: &Courier) {
        let attempts = waiting.iter().map(|it| it.attempts).max().unwrap_or(1);
        let drawn = {
            let mut ids = courier.ids.lock().unwrap_or_else(PoisonError::into_inner);
            ids.uuid().as_u128()
        };
        #[expect(clippy::cast_precision_loss, reason = "any fraction does")]
        let jitter = (drawn >> 64) as f64 / u64::MAX as f64;
        let pause = pause(attempts, jitter, failure.retry_after, courier.time_scale);
        self.metrics.retried.add(waiting.len() as u64);
        courier.observer.observe(&Notice::Retried {
            rule: &self.rule_arn,
            target: &plan.target,
            attempts,
            reason: &failure.to_string(),
            pause,
        });
        courier.clock.sleep(pause).await;
    }

    /// Whether there are events that were not offered yet, and that do not stand behind others that are offered in
    /// vain.
    pub(crate) fn is_busy(&self) -> bool {
        let stands = self.metrics.struggling.load(Ordering::SeqCst) >= self.parallelism;
        !stands && self.log.undelivered() > self.metrics.retrying.load(Ordering::SeqCst)
    }

    /// What the target is given; what cannot be made is counted and said, and the event is done with.
    fn input(&self, plan: &Plan, it: &Waiting, courier: &Courier) -> Result<Bytes, ()> {
        let matched = Matched {
            event: &it.event,
            rule_arn: &self.rule_arn,
            rule_name: &self.rule_name,
            arrival: it.arrival,
            placeholder: courier.placeholder,
        };
        plan.input.render(&matched).map_err(|error| {
            self.metrics.not_rendered.add(1);
            self.metrics.failed.add(1);
            courier.observer.observe(&Notice::NotRendered {
                rule: &self.rule_arn,
                target: &plan.target,
                reason: &error.to_string(),
            });
        })
    }
}

/// Events in groups as an adapter takes them.
fn groups(waiting: Vec<Waiting>, bulk: Bulk) -> Vec<Vec<Waiting>> {
    let mut groups: Vec<Vec<Waiting>> = Vec::new();
    let mut bytes = 0_usize;
    for it in waiting {
        let size = it.event.len();
        match groups.last_mut() {
            Some(group) if group.len() < bulk.count && bytes.saturating_add(size) <= bulk.bytes => {
                bytes += size;
                group.push(it);
            }
            _ => {
                bytes = size;
                groups.push(vec![it]);
            }
        }
    }
    groups
}
