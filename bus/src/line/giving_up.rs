//! Events that are offered no more: to the dead-letter queue, or lost.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Courier, Line, Waiting,
    plan::{MAX_AGE, Plan},
};
use crate::{
    notice::Notice,
    target::{Failure, Message, pause},
};

/// Why an event is offered no more.
#[derive(Debug, Clone, Copy)]
pub(super) enum Exhausted {
    /// Its target will never take it.
    Refused,
    Attempts,
    Age,
}

/// Whether an event is offered no more, after it was offered in vain once more.
pub(super) fn exhausted(
    plan: &Plan,
    failure: &Failure,
    it: &Waiting,
    courier: &Courier,
) -> Option<Exhausted> {
    if !failure.is_retryable || failure.retry_after.is_some_and(|asked| asked < 0) {
        return Some(Exhausted::Refused);
    }
    if u64::from(it.attempts) > plan.retries() {
        return Some(Exhausted::Attempts);
    }
    // A clock that was set back makes nothing older.
    let age =
        Duration::try_from(courier.clock.now().duration_since(it.arrival)).unwrap_or_default();
    // Simulated time passes as fast for ages as for pauses.
    let age = age.mul_f64(courier.time_scale.max(1.0));
    (age >= plan.age()).then_some(Exhausted::Age)
}

impl Line {
    /// Hands an event to the dead-letter queue of its target, where it has one.
    pub(super) async fn give_up(
        &self,
        plan: &Plan,
        it: &Waiting,
        failure: &Failure,
        why: Exhausted,
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
                it.attempts.saturating_sub(1).to_string(),
            ),
        ]);
        if let Some(condition) = condition {
            attributes.insert("EXHAUSTED_RETRY_CONDITION".to_owned(), condition.to_owned());
        }
        let message = [Message {
            body: it.event.clone(),
            attributes,
            group: None,
        }];
        let mut waited = Duration::ZERO;
        for attempt in 1.. {
            let sent = courier.queues.send(queue, &message).await;
            let unsaid = || {
                Err(Failure::passing(
                    "SDK_CLIENT_ERROR",
                    "the queue did not say",
                ))
            };
            match sent.into_iter().next().unwrap_or_else(unsaid) {
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
                // A queue that is down is waited for as long as a target that is.
                Err(error) if !error.is_retryable || waited >= MAX_AGE => {
                    self.metrics.lost_dead_letters.add(1);
                    lost(&format!(
                        "{reason}; and the queue {queue} did not take it: {error}"
                    ));
                    return;
                }
                Err(error) => {
                    let pause = pause(attempt, 0.5, None, courier.time_scale);
                    courier.observer.observe(&Notice::Retried {
                        rule: &self.rule_arn,
                        target: queue,
                        attempts: attempt,
                        reason: &error.to_string(),
                        pause,
                    });
                    waited = waited.saturating_add(pause.mul_f64(courier.time_scale.max(1.0)));
                    courier.clock.sleep(pause).await;
                }
            }
        }
    }
}
