//! The metrics of buses in Prometheus's text format, under CloudWatch's names (EventBridge user guide,
//! "Monitoring Amazon EventBridge").

use std::{
    fmt::Write as _,
    sync::{Arc, PoisonError},
};

use hydrant_endpoint::Counter;

use super::Buses;
use crate::{line::LineMetrics, routes::BusMetrics};

/// A number of a target.
type Number = fn(&LineMetrics) -> u64;

/// A number of a bus.
type BusNumber = fn(&BusMetrics) -> u64;

impl Buses {
    pub(super) fn matches_of(&self, rule: &str) -> Arc<Counter> {
        let mut all = self
            .rule_matches
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(rule.to_owned()).or_default())
    }

    pub(super) fn metrics_of(&self, bus: &str) -> Arc<BusMetrics> {
        let mut all = self
            .bus_metrics
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(bus.to_owned()).or_default())
    }

    pub(crate) fn refused(&self, entries: u64) {
        self.refused_entries.add(entries);
    }

    /// Bytes of events that wait for their targets.
    pub async fn log_bytes(&self) -> u64 {
        self.log.read().await.used()
    }

    /// The metrics of all buses.
    pub async fn metrics(&self) -> String {
        let mut text = Text(String::new());
        self.of_buses(&mut text);
        self.of_rules(&mut text);
        self.of_targets(&mut text);
        text.head(
            "UnknownBusEvents",
            "counter",
            "Events for buses that there are not.",
        );
        text.line(format_args!(
            "events_UnknownBusEvents {}",
            self.unknown_bus.get()
        ));
        text.head("RefusedEntries", "counter", "Entries that were refused.");
        text.line(format_args!(
            "events_RefusedEntries {}",
            self.refused_entries.get()
        ));
        text.line(format_args!(
            "# HELP hydrant_events_log_bytes Bytes of events that wait for targets."
        ));
        text.line(format_args!("# TYPE hydrant_events_log_bytes gauge"));
        text.line(format_args!(
            "hydrant_events_log_bytes {}",
            self.log_bytes().await
        ));
        text.0
    }

    fn of_buses(&self, text: &mut Text) {
        let numbers: [(&str, &str, BusNumber); 3] = [
            ("PutEventsEntriesCount", "Events that came.", |it| {
                it.events.get()
            }),
            ("MatchedEvents", "Events that a rule matched.", |it| {
                it.matched.get()
            }),
            ("UnmatchedEvents", "Events that no rule matched.", |it| {
                it.unmatched.get()
            }),
        ];
        let all = self
            .bus_metrics
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for (name, help, number) in numbers {
            text.head(name, "counter", help);
            for (bus, metrics) in all.iter() {
                let number = number(metrics);
                text.line(format_args!(
                    "events_{name}{{EventBusName=\"{bus}\"}} {number}"
                ));
            }
        }
    }

    fn of_rules(&self, text: &mut Text) {
        text.head(
            "TriggeredRules",
            "counter",
            "Events that a rule matched or that its schedule made.",
        );
        let state = self.read();
        for kept in state.rules.values() {
            let (bus, rule) = (&kept.it.bus, &kept.it.name);
            let number = self.matches_of(&self.home.rule(bus, rule)).get();
            text.line(format_args!(
                "events_TriggeredRules{{EventBusName=\"{bus}\",RuleName=\"{rule}\"}} {number}"
            ));
        }
    }

    fn of_targets(&self, text: &mut Text) {
        let numbers: [(&str, &str, Number); 7] = [
            (
                "Invocations",
                "Times that an event was offered to a target.",
                |it| it.invocations.get(),
            ),
            ("Delivered", "Events that a target took.", |it| {
                it.delivered.get()
            }),
            (
                "FailedInvocations",
                "Events that a target never took.",
                |it| it.failed.get(),
            ),
            (
                "RetryInvocationAttempts",
                "Times that an event was put off.",
                |it| it.retried.get(),
            ),
            ("NotRendered", "Events that gave no input.", |it| {
                it.not_rendered.get()
            }),
            (
                "InvocationsSentToDlq",
                "Events that went to a dead-letter queue.",
                |it| it.dead_letters.get(),
            ),
            (
                "InvocationsFailedToBeSentToDlq",
                "Events that the queue did not take.",
                |it| it.lost_dead_letters.get(),
            ),
        ];
        let lines = self.all_lines();
        let labels: Vec<String> = lines
            .iter()
            .map(|line| {
                let plan = line.plan();
                format!(
                    "EventBusName=\"{}\",RuleName=\"{}\",Target=\"{}\"",
                    line.bus, line.rule_name, plan.target
                )
            })
            .collect();
        for (name, help, number) in numbers {
            text.head(name, "counter", help);
            for (line, labels) in lines.iter().zip(&labels) {
                let number = number(&line.metrics);
                text.line(format_args!("events_{name}{{{labels}}} {number}"));
            }
        }
        text.head("Waiting", "gauge", "Events that wait for a target.");
        for (line, labels) in lines.iter().zip(&labels) {
            let number = line.log.undelivered();
            text.line(format_args!("events_Waiting{{{labels}}} {number}"));
        }
    }
}

struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP events_{name} {help}"));
        self.line(format_args!("# TYPE events_{name} {kind}"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        writeln!(self.0, "{line}").ok();
    }
}
