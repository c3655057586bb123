//! The last intervals of a job as a calendar.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::escaped;
use crate::{
    interval::{Interval, IntervalSize},
    job::Job,
    ledger::{Outcome, Run},
};

/// Days that a calendar of hours shows.
const DAYS: i64 = 14;

/// Weeks that a calendar of days shows.
const WEEKS: i64 = 26;

/// A cell for each interval; its colour and its sign say how its last run ended.
pub(super) fn calendar(job: &Job, runs: &[&Run], now: Timestamp) -> String {
    let mut last: HashMap<Timestamp, &Run> = HashMap::new();
    for run in runs {
        last.insert(run.interval_start, run);
    }
    let cells = match job.interval {
        IntervalSize::Minutes(_) => by_day(job, &last, now),
        IntervalSize::Day => by_week(job, &last, now),
        IntervalSize::Week => in_a_row(job, &last, now, 52 * 7, "repeat(26,15px)"),
        IntervalSize::Month => in_a_row(job, &last, now, 366 * 2, "repeat(24,15px)"),
    };
    format!("{cells}{}", legend())
}

fn legend() -> String {
    let mut out = "<p>".to_owned();
    for outcome in [
        Outcome::Done,
        Outcome::Rejected,
        Outcome::Failed,
        Outcome::Running,
    ] {
        out += &format!(
            "<b class=\"{outcome}\">&nbsp;{}&nbsp;</b> {outcome} &ensp;",
            sign(outcome)
        );
    }
    out + "</p>\n"
}

/// A sign beside the colour, for whoever does not tell colours apart.
fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "✓",
        Outcome::Rejected => "!",
        Outcome::Failed | Outcome::Abandoned => "✕",
        Outcome::Running => "…",
    }
}

fn cell(job: &Job, last: &HashMap<Timestamp, &Run>, interval: &Interval) -> String {
    let label = job.label(interval);
    match last.get(&interval.start) {
        Some(run) => {
            let rows = match (run.outcome, &run.reason) {
                (Outcome::Done, _) => format!("{} rows", run.rows),
                (outcome, Some(reason)) => format!("{outcome}: {reason}"),
                (outcome, None) => outcome.to_string(),
            };
            format!(
                "<span class=\"{}\" title=\"{}\">{}</span>",
                run.outcome,
                escaped(&format!("{label}: {rows}")),
                sign(run.outcome)
            )
        }
        None => format!("<span class=\"none\" title=\"{label}\"></span>"),
    }
}

fn before(now: Timestamp, days: i64) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(days * 24))
        .unwrap_or(now)
}

/// A row for each day.
fn by_day(job: &Job, last: &HashMap<Timestamp, &Run>, now: Timestamp) -> String {
    let mut out = String::new();
    let days = IntervalSize::Day.between(before(now, DAYS), now, job.zone());
    for day in days {
        let date = day.start.to_zoned(job.zone().clone()).date();
        out += &format!(
            "<div class=\"cal\" style=\"grid-auto-flow:column\"><span class=\"day\">{date}</span>"
        );
        for interval in job
            .interval
            .between(day.start, day.end.min(now), job.zone())
        {
            out += &cell(job, last, &interval);
        }
        out += "</div>\n";
    }
    format!("<div class=\"scroll\">\n{out}</div>\n")
}

/// A column for each week, from Monday.
fn by_week(job: &Job, last: &HashMap<Timestamp, &Run>, now: Timestamp) -> String {
    let Some(first) = IntervalSize::Week.containing(before(now, WEEKS * 7), job.zone()) else {
        return String::new();
    };
    let mut out =
        "<div class=\"cal\" style=\"grid-auto-flow:column;grid-template-rows:repeat(7,15px)\">"
            .to_owned();
    for day in ["Mon", "", "Wed", "", "Fri", "", "Sun"] {
        out += &format!("<span class=\"day\">{day}</span>");
    }
    for interval in job.interval.between(first.start, now, job.zone()) {
        out += &cell(job, last, &interval);
    }
    format!("<div class=\"scroll\">{out}</div></div>\n")
}

fn in_a_row(
    job: &Job,
    last: &HashMap<Timestamp, &Run>,
    now: Timestamp,
    days: i64,
    columns: &str,
) -> String {
    let mut out = format!("<div class=\"cal\" style=\"grid-template-columns:{columns}\">");
    for interval in job.interval.between(before(now, days), now, job.zone()) {
        out += &cell(job, last, &interval);
    }
    out + "</div>\n"
}
