//! What happens on the buses, said.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use hydrant_bus::{Notice, Observer};

use crate::output;

/// Shows what AWS does silently.
#[derive(Debug)]
pub(super) struct BusScreen {
    quiet: bool,
    /// How often each thing happened.
    seen: Mutex<HashMap<String, u64>>,
}

impl BusScreen {
    pub(super) fn new(quiet: bool) -> Self {
        Self {
            quiet,
            seen: Mutex::default(),
        }
    }

    /// Says what happens: of what repeats, the first time, the tenth, the hundredth.
    fn say(&self, what: String, line: &str) {
        let count = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let count = seen.entry(what).or_default();
            *count += 1;
            *count
        };
        let mut power = count;
        while power.is_multiple_of(10) {
            power /= 10;
        }
        if power == 1 {
            let times = if count > 1 {
                format!(" ({count} times by now)")
            } else {
                String::new()
            };
            output::say(&format!("{line}{times}"));
        }
    }
}

/// The beginning of an event.
fn short(event: &str) -> String {
    let start: String = event.chars().take(200).collect();
    if start.len() < event.len() {
        start + "…"
    } else {
        start
    }
}

impl Observer for BusScreen {
    fn observe(&self, notice: &Notice<'_>) {
        let rule_name = |arn: &str| arn.rsplit('/').next().unwrap_or(arn).to_owned();
        match notice {
            Notice::UnknownBus { bus, event } => self.say(
                format!("bus {bus}"),
                &format!(
                    "there is no bus {bus}: an event was accepted, as on AWS, and is gone: {}",
                    short(event)
                ),
            ),
            Notice::Unmatched { bus, event } if !self.quiet => self.say(
                format!("unmatched {bus}"),
                &format!("{bus}: no rule matched {}", short(event)),
            ),
            Notice::NotRendered {
                rule,
                target,
                reason,
            } => self.say(
                format!("nothing {rule} {target}"),
                &format!("{}: nothing goes to {target}: {reason}", rule_name(rule)),
            ),
            Notice::Retried {
                rule,
                target,
                attempts,
                reason,
                pause,
            } => self.say(
                format!("again {rule} {target}"),
                &format!(
                    "{}: {target} did not take an event (attempt {attempts}): {reason}; again in {:.1} s",
                    rule_name(rule),
                    pause.as_secs_f64()
                ),
            ),
            Notice::DeadLetter {
                rule,
                target,
                queue,
                reason,
            } => self.say(
                format!("letter {rule} {target}"),
                &format!(
                    "{}: {target} did not take an event: {reason}; it is in {}",
                    rule_name(rule),
                    queue.rsplit(':').next().unwrap_or(queue)
                ),
            ),
            Notice::Lost {
                rule,
                target,
                reason,
            } => self.say(
                format!("lost {rule} {target}"),
                &format!(
                    "{}: {target} did not take an event, and no queue did: {reason}; it is lost",
                    rule_name(rule)
                ),
            ),
            _ => {}
        }
    }
}
