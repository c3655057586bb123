//! How a target is delivered to.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use crate::{input::Input, target::Adapter};

/// How often and how long an event is offered when a target says nothing (EventBridge user guide, "Event retry
/// policy and using dead-letter queues").
const MAX_ATTEMPTS: u64 = 185;
pub(super) const MAX_AGE: Duration = Duration::from_hours(24);

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
    pub(super) fn retries(&self) -> u64 {
        let given = &self.given["RetryPolicy"]["MaximumRetryAttempts"];
        given.as_u64().unwrap_or(MAX_ATTEMPTS)
    }

    pub(super) fn age(&self) -> Duration {
        let given = &self.given["RetryPolicy"]["MaximumEventAgeInSeconds"];
        given.as_u64().map_or(MAX_AGE, Duration::from_secs)
    }

    pub(super) fn dead_letters(&self) -> Option<&str> {
        self.given["DeadLetterConfig"]["Arn"].as_str()
    }
}
