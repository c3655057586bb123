//! What happens on a bus that somebody may want to know: AWS says most of it in metrics alone.

/// Something that happened.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Notice<'a> {
    /// An entry names a bus that there is not. AWS accepts it, and the event is gone.
    UnknownBus {
        /// The name.
        bus: &'a str,
        /// The event.
        event: &'a str,
    },
    /// No rule matched an event.
    Unmatched {
        /// The bus.
        bus: &'a str,
        /// The event.
        event: &'a str,
    },
    /// A target got nothing of an event, because no input could be made of it.
    NotRendered {
        /// The rule's ARN.
        rule: &'a str,
        /// The target's id.
        target: &'a str,
        /// Why.
        reason: &'a str,
    },
    /// A target did not take an event; it is offered again.
    Retried {
        /// The rule's ARN.
        rule: &'a str,
        /// The target's id.
        target: &'a str,
        /// Times that it was offered.
        attempts: u32,
        /// Why it did not.
        reason: &'a str,
        /// How long until it is offered again.
        pause: std::time::Duration,
    },
    /// A target did not take an event, which went to its dead-letter queue.
    DeadLetter {
        /// The rule's ARN.
        rule: &'a str,
        /// The target's id.
        target: &'a str,
        /// The queue's ARN.
        queue: &'a str,
        /// Why the target did not take it.
        reason: &'a str,
    },
    /// A target did not take an event, and there is no queue for it, or the queue did not take it either.
    Lost {
        /// The rule's ARN.
        rule: &'a str,
        /// The target's id.
        target: &'a str,
        /// Why.
        reason: &'a str,
    },
}

/// Takes what happens, as it happens. It must not wait.
pub trait Observer: std::fmt::Debug + Send + Sync {
    /// Takes one.
    fn observe(&self, notice: &Notice<'_>);
}

/// Lets what happens go by.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn observe(&self, _: &Notice<'_>) {}
}
