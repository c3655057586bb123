//! Which lines an event goes to: the rules and the archives of one bus, compiled.

use std::sync::Arc;

use hydrant_endpoint::Counter;

use crate::{
    line::Line,
    pattern::{Pattern, PatternSet, Scratch},
};

/// The enabled rules and the archives of a bus.
#[derive(Debug)]
pub(crate) struct Routes {
    pub(crate) set: PatternSet<Route>,
    pub(crate) metrics: Arc<BusMetrics>,
}

/// One rule, or one archive.
#[derive(Debug)]
pub(crate) struct Route {
    /// Of a rule; an archive has none.
    pub(crate) rule: Option<String>,
    pub(crate) lines: Vec<(u32, Arc<Line>, Hop)>,
    pub(crate) matched: Arc<Counter>,
}

/// Whether a line leads to another bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hop {
    /// To a target.
    Last,
    /// To a bus: an event that came from a bus goes to no other.
    ToBus,
}

/// Numbers of a bus.
#[derive(Debug, Default)]
pub(crate) struct BusMetrics {
    pub(crate) events: Counter,
    pub(crate) matched: Counter,
    pub(crate) unmatched: Counter,
}

/// Which of the lines an event may take.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Among<'a> {
    All,
    /// The rules with these ARNs, or all where there is none, and no archive.
    Replay(&'a [String]),
    /// All but those to another bus.
    FromBus,
}

impl Routes {
    pub(crate) fn new(routes: Vec<(Pattern, Route)>, metrics: Arc<BusMetrics>) -> Self {
        Self {
            set: PatternSet::new(routes),
            metrics,
        }
    }

    /// Gives `each` the lines of `event`; whether any rule matched.
    pub(crate) fn lines<'a>(
        &'a self,
        event: &str,
        among: Among<'_>,
        scratch: &mut Scratch,
        mut each: impl FnMut(u32, &'a Arc<Line>),
    ) -> bool {
        let mut any = false;
        self.set.matches(event, scratch, |route| {
            match (&route.rule, among) {
                (None, Among::Replay(_)) => return,
                (Some(rule), Among::Replay(rules))
                    if !rules.is_empty() && !rules.contains(rule) =>
                {
                    return;
                }
                _ => {}
            }
            if route.rule.is_some() {
                any = true;
                route.matched.add(1);
            }
            for (id, line, hop) in &route.lines {
                if !matches!((hop, among), (Hop::ToBus, Among::FromBus)) {
                    each(*id, line);
                }
            }
        });
        self.metrics.events.add(1);
        if any {
            self.metrics.matched.add(1);
        } else {
            self.metrics.unmatched.add(1);
        }
        any
    }
}
