//! A schedule in a place: the instants at which it fires.

use jiff::{
    SignedDuration, Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};

use crate::schedule::{Kind, Schedule};

/// A schedule with what it is counted from: its time zone, and its start.
#[derive(Debug, Clone)]
pub struct Timetable {
    schedule: Schedule,
    zone: TimeZone,
    start: Timestamp,
}

/// No time zone has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone `{name}`: write an IANA name such as UTC or Europe/Berlin")]
pub struct UnknownZone {
    /// What was given.
    pub name: String,
}

/// The time zone of an IANA name, `ScheduleExpressionTimezone` of EventBridge Scheduler.
///
/// # Errors
///
/// [`UnknownZone`].
pub fn zone(name: &str) -> Result<TimeZone, UnknownZone> {
    TimeZone::get(name).map_err(|_| UnknownZone {
        name: name.to_owned(),
    })
}

impl Timetable {
    /// `schedule` in `zone`. A `rate` first fires at `start` and counts from there; the others have no occurrence
    /// before it. The rules of EventBridge have UTC.
    pub fn new(schedule: Schedule, zone: TimeZone, start: Timestamp) -> Self {
        Self {
            schedule,
            zone,
            start,
        }
    }

    /// The expression.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The time zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The first occurrence after `after`; `None` when it never fires again.
    ///
    /// Clock changes are what EventBridge Scheduler makes of them (user guide, Schedule types): a `cron` on a
    /// time that the clocks skip does not fire, on a time that comes twice it fires at the first; a `rate` in days
    /// goes by 24 hours.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let after = after.max(self.start.checked_sub(SignedDuration::from_nanos(1)).ok()?);
        match &self.schedule.kind {
            Kind::Rate(rate) => rate.next(self.start, after),
            Kind::At(at) => self.instant(*at).filter(|at| *at > after),
            Kind::Cron(cron) => {
                let mut wall = self.zone.to_datetime(after);
                loop {
                    wall = cron.next(wall)?;
                    if let Some(found) = self.instant(wall).filter(|it| *it > after) {
                        return Some(found);
                    }
                }
            }
        }
    }

    /// The last occurrence at or before `until`; `None` when it has not fired yet.
    pub fn last(&self, until: Timestamp) -> Option<Timestamp> {
        let before = until.checked_add(SignedDuration::from_nanos(1)).ok()?;
        let found = match &self.schedule.kind {
            Kind::Rate(rate) => rate.previous(self.start, before),
            Kind::At(at) => self.instant(*at).filter(|at| *at < before),
            Kind::Cron(cron) => {
                // In an hour that comes twice the wall clock is behind what it showed at the first time.
                let shift = SignedDuration::from_hours(3);
                let mut wall = self.zone.to_datetime(before).checked_add(shift).ok()?;
                loop {
                    wall = cron.previous(wall)?;
                    if let Some(found) = self.instant(wall).filter(|it| *it < before) {
                        break Some(found);
                    }
                }
            }
        };
        found.filter(|found| *found >= self.start)
    }

    /// When the wall clock shows this, for the first time; `None` when it never does.
    fn instant(&self, wall: DateTime) -> Option<Timestamp> {
        match self.zone.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Gap { .. } => None,
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall).ok(),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(wall).ok(),
        }
    }
}
