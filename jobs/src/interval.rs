//! Intervals: how the time line is cut, in a time zone.

use std::{fmt, str::FromStr};

use jiff::{
    SignedDuration, Span, Timestamp,
    civil::{Date, Weekday},
    tz::TimeZone,
};

/// How long an interval is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntervalSize {
    /// So many minutes of a day, which they divide. They begin where the wall clock shows a multiple of them.
    Minutes(i64),
    /// From midnight to midnight: 23 to 25 hours.
    Day,
    /// From Monday to Monday.
    Week,
    /// From the first to the first.
    Month,
}

/// An interval of time: from `start`, up to and without `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    /// Where it begins.
    pub start: Timestamp,
    /// Where it ends.
    pub end: Timestamp,
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.start, self.end)
    }
}

/// Minutes of a day whose clocks are left alone.
const DAY: i64 = 24 * 60;

impl FromStr for IntervalSize {
    type Err = String;

    /// `15 minutes`, `1 hour`, `6 hours`, `1 day`, `1 week`, `1 month`.
    fn from_str(text: &str) -> Result<Self, String> {
        let form = || {
            format!(
                "`{text}` is no interval: write such as 15 minutes, 1 hour, 1 day, 1 week or 1 month"
            )
        };
        let (count, unit) = text.trim().split_once(' ').ok_or_else(form)?;
        let count: i64 = count.parse().ok().filter(|it| *it > 0).ok_or_else(form)?;
        let unit = unit.trim();
        let minutes = match (count, unit.strip_suffix('s').unwrap_or(unit)) {
            (_, "minute") => count,
            (_, "hour") => count.saturating_mul(60),
            (1, "day") => return Ok(Self::Day),
            (1, "week") => return Ok(Self::Week),
            (1, "month") => return Ok(Self::Month),
            (_, unit @ ("day" | "week" | "month")) => {
                return Err(format!(
                    "`{text}` does not divide the calendar, so nobody could tell where it begins: write 1 {unit}"
                ));
            }
            _ => return Err(form()),
        };
        if minutes >= DAY || DAY % minutes != 0 {
            return Err(format!(
                "`{text}` does not divide a day, so nobody could tell where it begins: write a part of a day such as \
                 15 minutes, 1 hour or 6 hours, or 1 day, 1 week or 1 month"
            ));
        }
        Ok(Self::Minutes(minutes))
    }
}

impl fmt::Display for IntervalSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minutes(60) => f.write_str("1 hour"),
            Self::Minutes(minutes) if minutes % 60 == 0 => write!(f, "{} hours", minutes / 60),
            Self::Minutes(1) => f.write_str("1 minute"),
            Self::Minutes(minutes) => write!(f, "{minutes} minutes"),
            Self::Day => f.write_str("1 day"),
            Self::Week => f.write_str("1 week"),
            Self::Month => f.write_str("1 month"),
        }
    }
}

impl IntervalSize {
    /// The interval that an instant lies in; `None` at the ends of time.
    pub fn containing(self, at: Timestamp, zone: &TimeZone) -> Option<Interval> {
        let date = at.to_zoned(zone.clone()).date();
        let Self::Minutes(minutes) = self else {
            let first = self.first_date(date);
            return Some(Interval {
                start: midnight(first, zone)?,
                end: midnight(first.checked_add(self.span()).ok()?, zone)?,
            });
        };
        // A clock change at midnight may leave an instant before the first boundary of its date.
        let mut marks = boundaries(date.yesterday().ok()?, minutes, zone)?;
        marks.extend(boundaries(date, minutes, zone)?);
        marks.extend(boundaries(date.tomorrow().ok()?, minutes, zone)?);
        let after = marks.iter().position(|mark| *mark > at)?;
        Some(Interval {
            start: *marks.get(after.checked_sub(1)?)?,
            end: *marks.get(after)?,
        })
    }

    /// The last interval that has ended at an instant.
    pub fn last_ended(self, at: Timestamp, zone: &TimeZone) -> Option<Interval> {
        let now = self.containing(at, zone)?;
        self.containing(
            now.start.checked_sub(SignedDuration::from_nanos(1)).ok()?,
            zone,
        )
    }

    /// The intervals that begin from `from`, up to and without `to`.
    pub fn between(self, from: Timestamp, to: Timestamp, zone: &TimeZone) -> Vec<Interval> {
        let mut found = Vec::new();
        let mut next = self.containing(from, zone);
        while let Some(interval) = next.filter(|it| it.start < to) {
            if interval.start >= from {
                found.push(interval);
            }
            next = self.containing(interval.end, zone);
        }
        found
    }

    /// The first day of the interval of whole days that a day lies in.
    fn first_date(self, date: Date) -> Date {
        match self {
            Self::Month => date.first_of_month(),
            Self::Week => {
                let days = date.weekday().since(Weekday::Monday);
                date.checked_sub(Span::new().days(days)).unwrap_or(date)
            }
            Self::Day | Self::Minutes(_) => date,
        }
    }

    fn span(self) -> Span {
        match self {
            Self::Month => Span::new().months(1),
            Self::Week => Span::new().weeks(1),
            Self::Day | Self::Minutes(_) => Span::new().days(1),
        }
    }
}

/// The first instant of a date: midnight, or where the clocks skip it, what comes instead.
fn midnight(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    let start = date.to_zoned(zone.clone()).ok()?.start_of_day().ok()?;
    Some(start.timestamp())
}

/// Where intervals of minutes begin on a date: at its first instant, and wherever the wall clock shows a multiple of
/// them. A time that the clocks skip is not there, one that comes twice is there twice.
fn boundaries(date: Date, minutes: i64, zone: &TimeZone) -> Option<Vec<Timestamp>> {
    let (first, end) = (
        midnight(date, zone)?,
        midnight(date.tomorrow().ok()?, zone)?,
    );
    let mut marks = vec![first];
    let mut from = first;
    while from < end {
        // The clocks are left alone from here to there.
        let change = zone.following(from).next().map(|it| it.timestamp());
        let to = change.filter(|it| *it < end).unwrap_or(end);
        let wall = from.to_zoned(zone.clone()).time();
        let seconds = i64::from(wall.hour()) * 3600
            + i64::from(wall.minute()) * 60
            + i64::from(wall.second());
        let passed = seconds * 1_000_000_000 + i64::from(wall.subsec_nanosecond());
        let step = minutes * 60_000_000_000;
        let mut wait = (step - passed % step) % step;
        while let Some(mark) = from
            .checked_add(SignedDuration::from_nanos(wait))
            .ok()
            .filter(|it| *it < to)
        {
            if mark > first {
                marks.push(mark);
            }
            wait += step;
        }
        from = to;
    }
    Some(marks)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn hours(size: &str, place: &str, at: &str) -> i64 {
        let size: IntervalSize = size.parse().unwrap();
        let interval = size.containing(at.parse().unwrap(), &zone(place)).unwrap();
        (interval.end.as_second() - interval.start.as_second()) / 3600
    }

    #[test]
    fn a_day_is_as_long_as_the_clocks_make_it() {
        assert_eq!(hours("1 day", "Europe/Berlin", "2026-03-29T12:00:00Z"), 23);
        assert_eq!(hours("1 day", "Europe/Berlin", "2026-10-25T12:00:00Z"), 25);
        assert_eq!(hours("1 day", "Europe/Berlin", "2026-11-22T12:00:00Z"), 24);
        assert_eq!(
            hours("1 week", "Europe/Berlin", "2026-03-29T12:00:00Z"),
            7 * 24 - 1
        );
        assert_eq!(
            hours("1 month", "Europe/Berlin", "2026-10-05T12:00:00Z"),
            31 * 24 + 1
        );
    }

    #[test]
    fn hours_go_by_the_wall_clock() {
        // 02:00 is skipped, and comes twice.
        assert_eq!(hours("1 hour", "Europe/Berlin", "2026-03-29T00:30:00Z"), 1);
        assert_eq!(hours("1 hour", "Europe/Berlin", "2026-10-25T00:30:00Z"), 1);
        assert_eq!(hours("6 hours", "Europe/Berlin", "2026-03-29T00:30:00Z"), 5);
        assert_eq!(hours("6 hours", "Europe/Berlin", "2026-10-25T00:30:00Z"), 7);
        let at: Timestamp = "2026-11-22T10:40:00Z".parse().unwrap();
        let quarter: IntervalSize = "15 minutes".parse().unwrap();
        let found = quarter.containing(at, &zone("Asia/Kathmandu")).unwrap();
        assert_eq!(found.start.to_string(), "2026-11-22T10:30:00Z");
    }

    #[test]
    fn what_does_not_divide_is_refused_with_what_would() {
        let mut seen = String::new();
        for text in [
            "7 hours",
            "2 days",
            "25 minutes",
            "36 hours",
            "24 hours",
            "0 hours",
            "1 parsec",
            "hour",
            "",
        ] {
            seen += &format!("{}\n", text.parse::<IntervalSize>().unwrap_err());
        }
        insta::assert_snapshot!(seen, @r"
        `7 hours` does not divide a day, so nobody could tell where it begins: write a part of a day such as 15 minutes, 1 hour or 6 hours, or 1 day, 1 week or 1 month
        `2 days` does not divide the calendar, so nobody could tell where it begins: write 1 day
        `25 minutes` does not divide a day, so nobody could tell where it begins: write a part of a day such as 15 minutes, 1 hour or 6 hours, or 1 day, 1 week or 1 month
        `36 hours` does not divide a day, so nobody could tell where it begins: write a part of a day such as 15 minutes, 1 hour or 6 hours, or 1 day, 1 week or 1 month
        `24 hours` does not divide a day, so nobody could tell where it begins: write a part of a day such as 15 minutes, 1 hour or 6 hours, or 1 day, 1 week or 1 month
        `0 hours` is no interval: write such as 15 minutes, 1 hour, 1 day, 1 week or 1 month
        `1 parsec` is no interval: write such as 15 minutes, 1 hour, 1 day, 1 week or 1 month
        `hour` is no interval: write such as 15 minutes, 1 hour, 1 day, 1 week or 1 month
        `` is no interval: write such as 15 minutes, 1 hour, 1 day, 1 week or 1 month
        ");
    }

    #[test]
    fn a_size_is_written_as_it_is_read() {
        for text in [
            "1 minute",
            "15 minutes",
            "1 hour",
            "6 hours",
            "1 day",
            "1 week",
            "1 month",
        ] {
            assert_eq!(text.parse::<IntervalSize>().unwrap().to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn intervals_cover_the_time_line_without_overlap(
            at in 315_532_800_i64..2_840_140_800,
            size in prop::sample::select(vec!["5 minutes", "45 minutes", "1 hour", "6 hours", "12 hours", "1 day", "1 week", "1 month"]),
            place in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo", "Africa/Cairo"]),
        ) {
            let (size, zone): (IntervalSize, _) = (size.parse().unwrap(), zone(place));
            let at = Timestamp::from_second(at).unwrap();
            let interval = size.containing(at, &zone).unwrap();
            prop_assert!(interval.start <= at && at < interval.end);
            prop_assert_eq!(size.containing(interval.start, &zone), Some(interval));
            let last = Timestamp::from_nanosecond(interval.end.as_nanosecond() - 1).unwrap();
            prop_assert_eq!(size.containing(last, &zone), Some(interval));
            let next = size.containing(interval.end, &zone).unwrap();
            prop_assert_eq!(next.start, interval.end);
            prop_assert_eq!(size.last_ended(interval.end, &zone), Some(interval));
            prop_assert_eq!(size.between(interval.start, next.end, &zone), vec![interval, next]);
        }
    }
}
