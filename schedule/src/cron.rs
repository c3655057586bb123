//! `cron(minutes hours day-of-month month day-of-week year)`: on the wall clock, which day and minute.

use jiff::civil::{Date, DateTime};

use crate::{
    days::Days,
    field::{HOURS, MINUTES, MONTHS, Set, YEARS},
};

/// A cron expression, on the wall clock of no place in particular.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cron {
    minutes: Set,
    hours: Set,
    days: Days,
    months: Set,
    years: Set,
}

impl Cron {
    /// From what stands between the parentheses.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.trim() != text {
            return Err("there is white space inside the parentheses' ends".to_owned());
        }
        let fields: Vec<_> = text.split_ascii_whitespace().collect();
        let [minutes, hours, of_month, month, of_week, year] = fields[..] else {
            return Err(format!(
                "it has {} fields, not the six: minutes hours day-of-month month day-of-week year",
                fields.len()
            ));
        };
        Ok(Self {
            minutes: MINUTES.set(minutes)?,
            hours: HOURS.set(hours)?,
            days: Days::parse(of_month, of_week)?,
            months: MONTHS.set(month)?,
            years: YEARS.set(year)?,
        })
    }

    /// The first minute after `after`; `None` when there is none until the end of 2199.
    pub(crate) fn next(&self, after: DateTime) -> Option<DateTime> {
        let mut month = after.date().first_of_month();
        loop {
            if !self.has_year(month) {
                if month.year() > last_year() {
                    return None;
                }
                month = Date::new(month.year() + 1, 1, 1).ok()?;
                continue;
            }
            let days = self.days_of(month);
            let from = if month == after.date().first_of_month() {
                after.day()
            } else {
                1
            };
            for day in (from..=month.days_in_month()).filter(|day| days >> day & 1 == 1) {
                let date = month.with().day(day).build().ok()?;
                let found = self.minutes_of(date).find(|it| *it > after);
                if found.is_some() {
                    return found;
                }
            }
            month = month.last_of_month().tomorrow().ok()?;
        }
    }

    /// The last minute before `before`; `None` when there is none since 1970.
    pub(crate) fn previous(&self, before: DateTime) -> Option<DateTime> {
        let mut month = before.date().first_of_month();
        loop {
            if !self.has_year(month) {
                if month.year() < first_year() {
                    return None;
                }
                month = Date::new(month.year() - 1, 12, 1).ok()?;
                continue;
            }
            let days = self.days_of(month);
            let to = if month == before.date().first_of_month() {
                before.day()
            } else {
                month.days_in_month()
            };
            for day in (1..=to).rev().filter(|day| days >> day & 1 == 1) {
                let date = month.with().day(day).build().ok()?;
                let found = self.minutes_of(date).filter(|it| *it < before).last();
                if found.is_some() {
                    return found;
                }
            }
            month = month.yesterday().ok()?.first_of_month();
        }
    }

    fn has_year(&self, month: Date) -> bool {
        let year = u16::try_from(month.year()).ok();
        year.and_then(|year| year.checked_sub(YEARS.min))
            .is_some_and(|year| self.years.contains(year))
    }

    /// The days of a month on which it fires.
    fn days_of(&self, month: Date) -> u32 {
        let number = u16::from(month.month().unsigned_abs());
        if self.months.contains(number - MONTHS.min) {
            self.days.of(month)
        } else {
            0
        }
    }

    /// The minutes of such a day.
    fn minutes_of(&self, date: Date) -> impl Iterator<Item = DateTime> {
        let hours = (0..24_i8).filter(|hour| self.hours.contains((*hour).unsigned_abs().into()));
        hours.flat_map(move |hour| {
            (0..60_i8)
                .filter(|minute| self.minutes.contains((*minute).unsigned_abs().into()))
                .map(move |minute| date.at(hour, minute, 0, 0))
        })
    }
}

fn first_year() -> i16 {
    i16::try_from(YEARS.min).unwrap_or(i16::MIN)
}

fn last_year() -> i16 {
    i16::try_from(YEARS.max).unwrap_or(i16::MAX)
}
