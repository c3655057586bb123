//! One target of one rule: the events that wait for it, and the task that delivers them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use hydrant_endpoint::{Clock, Counter, Ids, Receipt, Receipts, StreamLog};
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::{
    input::{EventPlaceholder, Input, Matched},
    notice::{Notice, Observer},
    target::{Adapter, Bulk, Failure, Message, Outgoing, Queues, pause},
};

/// How often and how long an event is offered when a target says nothing (EventBridge user guide, "Event retry
/// policy and using dead-letter queues").
const MAX_ATTEMPTS: u64 = 185;
const MAX_AGE: Duration = Duration::from_hours(24);

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

/// How a target is delivered to, until it is put anew.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) target: String,
    pub(crate) target_arn: String,
    pub(crate) input: Input,
    pub(crate) adapter: Arc<dyn Adapter>,
    /// `RetryPolicy` and `DeadLetterConfig` as given.
    pub(crate) given: Value,
}

impl Plan {
    /// Attempts after the first.
    fn retries(&self) -> u64 {
        let given = &self.given["RetryPolicy"]["MaximumRetryAttempts"];
        given.as_u64().unwrap_or(MAX_ATTEMPTS)
    }

    fn age(&self) -> Duration {
        let given = &self.given["RetryPolicy"]["MaximumEventAgeInSeconds"];
        given.as_u64().map_or(MAX_AGE, Duration::from_secs)
    }

    fn dead_letters(&self) -> Option<&str> {
        self.given["DeadLetterConfig"]["Arn"].as_str()
    }
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
    /// Events whose next attempt is waited for.
    pub(crate) resting: AtomicU64,
}

#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) rule_arn: String,
    pub(crate) rule_name: String,
    pub(crate) bus: String,
    pub(crate) log: Arc<StreamLog>,
    pub(crate) metrics: LineMetrics,
    plan: RwLock<Arc<Plan>>,
    task: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

/// An event on its way.
#[derive(Debug)]
struct Waiting {
    event: Bytes,
    arrival: Timestamp,
    receipt: Receipt,
}

/// Why an event is offered no more.
#[derive(Debug, Clone, Copy)]
enum Exhausted {
    /// Its target will never take it.
    Refused,
    Attempts,
    Age,
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
        let permits = Arc::new(Semaphore::new(courier.parallelism.max(1)));
        // Those under way end with this task.
        let mut under_way = tokio::task::JoinSet::new();
        loop {
            let (segment, batches) = tokio::select! {
                next = self.log.next() => match next {
                    Ok(next) => next,
                    Err(error) => {
                        tracing::error!(%error, rule = %self.rule_arn, "events that wait cannot be read");
                        courier.clock.sleep(Duration::from_secs(1)).await;
                        continue;
                    }
                },
                Some(_) = under_way.join_next() => continue,
            };
            let mut index = 0;
            let mut waiting = Vec::new();
            for batch in &batches {
                for event in batch.records() {
                    if !segment.is_done(index) {
                        waiting.push(Waiting {
                            event,
                            arrival: batch.arrival,
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
        let mut attempts = 0;
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
            attempts += 1;
            self.metrics.invocations.add(outgoing.len() as u64);
            let outcomes = if outgoing.is_empty() {
                Vec::new()
            } else {
                plan.adapter.send(&outgoing).await
            };
            let mut again = Vec::new();
            let mut worst: Option<Failure> = None;
            for (it, outcome) in offered.into_iter().zip(outcomes) {
                let Err(failure) = outcome else {
                    self.metrics.delivered.add(1);
                    done.push(it.receipt);
                    continue;
                };
                if let Some(why) = exhausted(&plan, &failure, attempts, it.arrival, courier) {
                    self.give_up(&plan, &it, &failure, (why, attempts), courier)
                        .await;
                    done.push(it.receipt);
                } else {
                    again.push(it);
                    worst = Some(failure);
                }
            }
            done.complete();
            self.log.tell();
            waiting = again;
            if let Some(failure) = worst {
                self.wait(&plan, &failure, (attempts, waiting.len()), courier)
                    .await;
            }
        }
    }

    async fn wait(
        &self,
        plan: &Plan,
        failure: &Failure,
        (attempts, events): (u32, usize),
        courier: &Courier,
    ) {
        let drawn = {
            let mut ids = courier.ids.lock().unwrap_or_else(PoisonError::into_inner);
            ids.uuid().as_u128()
        };
        #[expect(clippy::cast_precision_loss, reason = "any fraction does")]
        let jitter = (drawn >> 64) as f64 / u64::MAX as f64;
        let pause = pause(attempts, jitter, failure.retry_after, courier.time_scale);
        self.metrics.retried.add(events as u64);
        courier.observer.observe(&Notice::Retried {
            rule: &self.rule_arn,
            target: &plan.target,
            attempts,
            reason: &failure.to_string(),
            pause,
        });
        let events = events as u64;
        self.metrics.resting.fetch_add(events, Ordering::SeqCst);
        courier.clock.sleep(pause).await;
        self.metrics.resting.fetch_sub(events, Ordering::SeqCst);
    }

    /// Whether there is something to wait for that is not about to be tried in vain.
    pub(crate) fn is_busy(&self) -> bool {
        let resting = self.metrics.resting.load(Ordering::SeqCst);
        // Behind a target that is down, a queue stands still.
        self.log.undelivered() > resting && (resting == 0 || self.log.is_drained())
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

    async fn give_up(
        &self,
        plan: &Plan,
        it: &Waiting,
        failure: &Failure,
        (why, attempts): (Exhausted, u32),
        courier: &Courier,
    ) {
        self.metrics.failed.add(1);
        let reason = failure.to_string();
        let lost = |reason: &str| {
            courier.observer.observe(&Notice::Lost {
                rule: &self.rule_arn,
                target: &plan.target,
                reason,
            });
        };
        let Some(queue) = plan.dead_letters() else {
            lost(&format!("{reason}; the target has no dead-letter queue"));
            return;
        };
        let condition = match why {
            Exhausted::Refused => None,
            Exhausted::Attempts => Some("MaximumRetryAttempts"),
            Exhausted::Age => Some("MaximumEventAgeInSeconds"),
        };
        let mut attributes = BTreeMap::from([
            ("RULE_ARN".to_owned(), self.rule_arn.clone()),
            ("TARGET_ARN".to_owned(), plan.target_arn.clone()),
            ("ERROR_CODE".to_owned(), failure.code.to_owned()),
            ("ERROR_MESSAGE".to_owned(), failure.message.clone()),
            (
                "RETRY_ATTEMPTS".to_owned(),
                attempts.saturating_sub(1).to_string(),
            ),
        ]);
        if let Some(condition) = condition {
            attributes.insert("EXHAUSTED_RETRY_CONDITION".to_owned(), condition.to_owned());
        }
        let message = Message {
            body: it.event.clone(),
            attributes,
            group: None,
        };
        for attempt in 1..=5 {
            match courier.queues.send(queue, &message).await {
                Ok(()) => {
                    self.metrics.dead_letters.add(1);
                    courier.observer.observe(&Notice::DeadLetter {
                        rule: &self.rule_arn,
                        target: &plan.target,
                        queue,
                        reason: &reason,
                    });
                    return;
                }
                Err(error) if !error.is_retryable || attempt == 5 => {
                    self.metrics.lost_dead_letters.add(1);
                    lost(&format!(
                        "{reason}; and the queue {queue} did not take it: {error}"
                    ));
                    return;
                }
                Err(_) => {
                    let pause = pause(attempt, 0.5, None, courier.time_scale);
                    courier.clock.sleep(pause).await;
                }
            }
        }
    }
}

fn exhausted(
    plan: &Plan,
    failure: &Failure,
    attempts: u32,
    arrival: Timestamp,
    courier: &Courier,
) -> Option<Exhausted> {
    if !failure.is_retryable || failure.retry_after.is_some_and(|asked| asked < 0) {
        return Some(Exhausted::Refused);
    }
    if u64::from(attempts) > plan.retries() {
        return Some(Exhausted::Attempts);
    }
    // A clock that was set back makes nothing older.
    let age = Duration::try_from(courier.clock.now().duration_since(arrival)).unwrap_or_default();
    // Simulated time passes as fast for ages as for pauses.
    let age = age.mul_f64(courier.time_scale.max(1.0));
    (age >= plan.age()).then_some(Exhausted::Age)
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
