//! When a schedule fires: `rate(…)`, `cron(…)` and `at(…)` as the rules of Amazon EventBridge and EventBridge
//! Scheduler spell them, in a time zone, with its clock changes.
//!
//! It reads no clock and starts nothing: instants come in and go out, and whoever has a clock waits.
//!
//! Start at [`Schedule::parse`]; a [`Timetable`] says when.

mod cron;
mod days;
mod error;
mod field;
mod rate;
mod schedule;
mod timetable;

pub use error::ScheduleError;
pub use schedule::{Dialect, Schedule};
pub use timetable::{Timetable, UnknownZone, zone};
