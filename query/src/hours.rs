//! The time that a folder stands for, told by its `year`, `month`, `day` and `hour`.

use jiff::{ToSpan, civil::DateTime, tz::TimeZone};

use crate::shape::timestamp_micros;

/// The columns that make up a folder's time.
pub(crate) const PARTS: [&str; 4] = ["year", "month", "day", "hour"];

/// Microseconds in an hour.
pub(crate) const HOUR: i64 = 3_600_000_000;

/// From when to when a folder reaches, in microseconds since the epoch, the end not included. `value` gives
/// the values of [`PARTS`]; what is not known makes it longer.
pub(crate) fn interval<'a>(value: impl Fn(&str) -> Option<&'a str>) -> Option<(i64, i64)> {
    let part = |name: &str| value(name).and_then(|value| value.parse::<i8>().ok());
    let year: i16 = value("year")?.parse().ok()?;
    let (month, day, hour) = (part("month"), part("day"), part("hour"));
    let start = DateTime::new(
        year,
        month.unwrap_or(1),
        month.and(day).unwrap_or(1),
        month.and(day).and(hour).unwrap_or(0),
        0,
        0,
        0,
    )
    .ok()?;
    let length = match (month, day, hour) {
        (None, ..) => 1.year(),
        (_, None, _) => 1.month(),
        (_, _, None) => 1.day(),
        _ => 1.hour(),
    };
    Some((micros(start)?, micros(start.checked_add(length).ok()?)?))
}

fn micros(time: DateTime) -> Option<i64> {
    let zoned = time.to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_microsecond())
}

/// The time that a literal of a query means; without a zone it is UTC.
pub(crate) fn literal(text: &str) -> Option<i64> {
    timestamp_micros(text.as_bytes()).or_else(|| micros(text.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stands_for_its_year_month_day_or_hour() {
        let of = |parts: &[(&str, &'static str)]| {
            let (from, to) = interval(|name| {
                let mut parts = parts.iter();
                parts.find(|(it, _)| *it == name).map(|(_, value)| *value)
            })?;
            Some((to - from) / HOUR)
        };
        assert_eq!(of(&[("year", "2026")]), Some(365 * 24));
        assert_eq!(of(&[("year", "2026"), ("month", "02")]), Some(28 * 24));
        assert_eq!(
            of(&[("year", "2026"), ("month", "2"), ("day", "3")]),
            Some(24)
        );
        assert_eq!(
            of(&[
                ("year", "2026"),
                ("month", "12"),
                ("day", "31"),
                ("hour", "23")
            ]),
            Some(1)
        );
        assert_eq!(of(&[("year", "2026"), ("month", "13")]), None);
        assert_eq!(of(&[("month", "1")]), None);
        assert_eq!(literal("1970-01-01"), Some(0));
        assert_eq!(literal("1970-01-01 01:00:00"), Some(HOUR));
        assert_eq!(literal("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(literal("noon"), None);
    }
}
