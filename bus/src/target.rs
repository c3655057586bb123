//! Targets: one adapter for each kind of thing that a rule may deliver to.

mod destination;
mod function;
mod http;
mod queue;
mod stream;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;

pub(crate) use destination::{DEFAULT_RATE, DestinationTarget, Destinations};
pub use function::{Functions, LambdaFunctions};
pub use queue::{FileQueues, Message, Queues, SqsQueues};
pub use stream::{FirehoseStreams, Lines, StandardOutput, Streams};

pub(crate) use function::FunctionTarget;
pub(crate) use queue::QueueTarget;
pub(crate) use stream::{LinesTarget, StreamTarget};

/// Why a target did not take an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Failure {
    /// As `ERROR_CODE` of a dead letter: `NO_RESOURCE`, `THROTTLING`, `TIMEOUT`.
    pub code: &'static str,
    /// What happened.
    pub message: String,
    /// Whether it may go better another time.
    pub is_retryable: bool,
    /// How long the target asks to be left alone; a negative value asks for ever.
    pub retry_after: Option<i64>,
}

impl Failure {
    /// One that may not happen another time.
    pub fn passing(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            is_retryable: true,
            retry_after: None,
        }
    }

    /// One that will happen again.
    pub fn lasting(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            is_retryable: false,
            ..Self::passing(code, message)
        }
    }
}

/// What is delivered: the input that was made of an event, and the event.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) input: Bytes,
    pub(crate) event: Bytes,
}

/// How many events an adapter takes at once, and how many bytes of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bulk {
    pub(crate) count: usize,
    pub(crate) bytes: usize,
}

impl Bulk {
    pub(crate) const ONE: Self = Self {
        count: 1,
        bytes: usize::MAX,
    };
}

/// Delivers to one target.
#[async_trait]
pub(crate) trait Adapter: std::fmt::Debug + Send + Sync {
    fn bulk(&self) -> Bulk {
        Bulk::ONE
    }

    /// Delivers events; what became of each, in their order.
    async fn send(&self, events: &[Outgoing]) -> Vec<Result<(), Failure>>;
}

/// What targets are reached through.
#[derive(Debug, Clone)]
pub struct Reach {
    /// Delivery streams.
    pub streams: Arc<dyn Streams>,
    /// Lambda functions.
    pub functions: Arc<dyn Functions>,
    /// Queues, for targets and dead letters.
    pub queues: Arc<dyn Queues>,
    /// CloudWatch log groups.
    pub lines: Arc<dyn Lines>,
}

/// How long before the n-th attempt at least, as a target asked or as retries go.
pub(crate) fn pause(attempts: u32, jitter: f64, asked: Option<i64>, scale: f64) -> Duration {
    // AWS says that it backs off exponentially with jitter and not how: a second, two, four, up to ten minutes,
    // so that 185 attempts fill most of the 24 hours that they may take.
    let doubled = 2_f64.powi(i32::try_from(attempts.saturating_sub(1).min(10)).unwrap_or(10));
    let backoff = doubled.min(600.0) * (0.5 + jitter.clamp(0.0, 1.0) / 2.0);
    let seconds = asked.map_or(backoff, |asked| {
        backoff.max(Duration::from_secs(asked.unsigned_abs()).as_secs_f64())
    });
    Duration::try_from_secs_f64(seconds / scale.max(f64::MIN_POSITIVE)).unwrap_or(Duration::MAX)
}
