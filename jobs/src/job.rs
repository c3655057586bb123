//! A job: what its file says.

use std::path::PathBuf;

use hydrant_schedule::Timetable;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    expect::Expectation,
    fingerprint::Fingerprint,
    interval::{Interval, IntervalSize},
    placeholders::Template,
};

pub use crate::{notify::Notify, output::Output};

/// A query with a schedule and an interval.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// Its file.
    pub file: PathBuf,
    /// When it runs, and in which time zone.
    pub timetable: Timetable,
    /// How the time line is cut.
    pub interval: IntervalSize,
    /// How long after an interval's end objects are looked for that came late.
    pub lateness: SignedDuration,
    /// The first interval that is its own; the first that was ever run if not given.
    pub start: Option<Timestamp>,
    /// Where results go.
    pub output: Output,
    /// Who is told.
    pub notify: Option<Notify>,
    /// What must hold of each result.
    pub(crate) expectations: Vec<Expectation>,
    pub(crate) query: Template,
    /// The query as it is written, and the line of the file that it begins in.
    pub(crate) sql: String,
    pub(crate) line: usize,
}

impl Job {
    /// The time zone of its schedule and its intervals.
    pub fn zone(&self) -> &TimeZone {
        self.timetable.zone()
    }

    /// The name of that time zone.
    pub fn zone_name(&self) -> &str {
        self.zone().iana_name().unwrap_or("UTC")
    }

    /// The query for an interval.
    pub fn sql(&self, interval: &Interval) -> String {
        self.query.fill(interval)
    }

    /// How an interval is named to people: its beginning in the job's time zone, as short as it can be.
    pub fn label(&self, interval: &Interval) -> String {
        let start = interval.start.to_zoned(self.zone().clone());
        match self.interval {
            IntervalSize::Minutes(_) => start.strftime("%Y-%m-%dT%H:%M%:z").to_string(),
            _ => start.date().to_string(),
        }
    }

    /// What changes when a result would be another for the same objects.
    pub(crate) fn definition(&self) -> String {
        let mut print = Fingerprint::new();
        print.add(&self.sql);
        print.add(&self.output.to_string());
        print.add(&format!("{:?}", self.expectations));
        print.text()
    }
}
