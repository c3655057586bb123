//! Rules with a schedule, and the retention of archives: what happens when time passes.

use std::{sync::Weak, time::Duration};

use hydrant_schedule::{Dialect, Schedule, Timetable};
use jiff::{Timestamp, tz::TimeZone};

use super::{Buses, Put, put::LineOf};
use crate::{arn::DEFAULT_BUS, event::Envelope, state::Rule};

/// How often it is looked whether something is due. Rules have the precision of a minute.
const LOOK: Duration = Duration::from_secs(1);

/// Seconds between looks for events that archives need not keep any longer.
const RETENTION_SECONDS: i64 = 3600;

/// Fires rules for as long as the buses are there.
pub(super) async fn run(buses: Weak<Buses>) {
    let Some(mut before) = buses.upgrade().map(|buses| buses.now()) else {
        return;
    };
    let mut expired = before;
    loop {
        let clock = match buses.upgrade() {
            Some(buses) => std::sync::Arc::clone(&buses.surroundings.clock),
            None => return,
        };
        clock.sleep(LOOK).await;
        let Some(buses) = buses.upgrade() else { return };
        let now = buses.now();
        // A clock that was set back fires nothing twice.
        if now > before {
            buses.fire(before, now).await;
            before = now;
        }
        if now.duration_since(expired).as_secs() >= RETENTION_SECONDS {
            expired = now;
            buses.expire(now).await;
        }
        // A clock that does not wait must not keep others from running.
        tokio::task::yield_now().await;
    }
}

/// Whether a rule is due behind `before`, up to `now`. However often it was due meanwhile, it fires once.
fn due(rule: &Rule, before: Timestamp, now: Timestamp) -> bool {
    let schedule = rule.schedule.as_deref();
    let schedule = schedule.and_then(|it| Schedule::parse(it, Dialect::Rules).ok());
    schedule.is_some_and(|schedule| {
        let timetable = Timetable::new(schedule, TimeZone::UTC, rule.created);
        let after = before.max(rule.created);
        timetable.next(after).is_some_and(|next| next <= now)
    })
}

impl Buses {
    async fn fire(&self, before: Timestamp, now: Timestamp) {
        let fired: Vec<(String, Vec<LineOf>)> = {
            let state = self.read();
            let lines = self
                .lines
                .read()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            let rules = state.rules_of(DEFAULT_BUS).map(|kept| &kept.it);
            rules
                .filter(|rule| rule.is_enabled() && due(rule, before, now))
                .map(|rule| {
                    let targets = state.targets_of(DEFAULT_BUS, &rule.name);
                    let lines = targets.filter_map(|it| Some((it.id, lines.get(&it.id)?.clone())));
                    (self.home.rule(DEFAULT_BUS, &rule.name), lines.collect())
                })
                .collect()
        };
        for (rule, lines) in fired {
            self.matches_of(&rule).add(1);
            let event = Envelope {
                id: &self.uuid().to_string(),
                detail_type: "Scheduled Event",
                source: "aws.events",
                time: now,
                resources: &[&rule],
                detail: "{}",
            };
            let event = event.text(&self.home);
            let mut put = Put::default();
            put.add_to(lines, &event.into());
            for error in put.commit(self, now).await.values() {
                tracing::error!(%error, rule, "an event of a schedule was not kept");
            }
        }
    }

    async fn expire(&self, now: Timestamp) {
        let due: Vec<(u32, i64)> = {
            let state = self.read();
            let archives = state.archives.values();
            let limited = archives.filter(|kept| kept.it.retention_days > 0);
            limited
                .map(|kept| {
                    let seconds = i64::from(kept.it.retention_days) * 24 * 3600;
                    (kept.id, now.as_second() - seconds)
                })
                .collect()
        };
        for (id, before) in due {
            self.empty_archive(id, Some(before)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_rule_fires_once_for_each_time_it_is_due_and_once_for_all_that_were_missed() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let rule = |schedule: &str| Rule {
            bus: DEFAULT_BUS.to_owned(),
            name: "r".to_owned(),
            pattern: None,
            schedule: Some(schedule.to_owned()),
            state: "ENABLED".to_owned(),
            description: None,
            role: None,
            tags: BTreeMap::new(),
            created: at("2026-11-22T10:00:30Z"),
        };
        let rate = rule("rate(1 minute)");
        assert!(!due(
            &rate,
            at("2026-11-22T10:00:30Z"),
            at("2026-11-22T10:01:29Z")
        ));
        assert!(due(
            &rate,
            at("2026-11-22T10:01:29Z"),
            at("2026-11-22T10:01:30Z")
        ));
        assert!(!due(
            &rate,
            at("2026-11-22T10:01:30Z"),
            at("2026-11-22T10:02:00Z")
        ));
        assert!(due(
            &rate,
            at("2026-11-22T10:01:30Z"),
            at("2026-11-23T10:02:00Z")
        ));
        let cron = rule("cron(0 12 * * ? *)");
        assert!(due(
            &cron,
            at("2026-11-22T11:59:59Z"),
            at("2026-11-22T12:00:00Z")
        ));
        assert!(!due(
            &cron,
            at("2026-11-22T12:00:00Z"),
            at("2026-11-22T12:00:01Z")
        ));
    }
}
