//! Dates and timestamps as text: the forms that the two SerDes read (developer guide, "Converting input
//! record format").

mod pattern;

use jiff::{
    civil::{Date, DateTime},
    tz::TimeZone,
};

use super::number::{Excess, scaled};

pub(super) use pattern::{Pattern, PatternError};

/// An epoch below this counts seconds, one from here on milliseconds (observed on AWS).
const FIRST_MILLISECONDS: i128 = 1_000_000_000_000;

/// Microseconds since the epoch of what the OpenX SerDe takes for a timestamp: ISO 8601 in UTC with `T` and
/// `Z`, strictly; `yyyy-[M]M-[d]d HH:mm:ss[.S…]`, leniently; an epoch in seconds or milliseconds, with or
/// without a fraction.
pub(super) fn openx_timestamp(text: &str) -> Option<i64> {
    if text.contains('T') {
        return iso(text);
    }
    if text.contains(':') {
        return sql_timestamp(text);
    }
    epoch(text)
}

/// Microseconds since the epoch of a number of seconds or milliseconds since it.
fn epoch(text: &str) -> Option<i64> {
    let whole = scaled(text, 0, Excess::Round).ok()?;
    let scale = if whole < FIRST_MILLISECONDS { 6 } else { 3 };
    i64::try_from(scaled(text, scale, Excess::Round).ok()?).ok()
}

/// Microseconds since the epoch of a number of milliseconds since it.
pub(super) fn milliseconds(text: &str) -> Option<i64> {
    i64::try_from(scaled(text, 3, Excess::Round).ok()?).ok()
}

/// `yyyy-MM-ddTHH:mm:ss[.S]Z` with up to nine digits after the point.
fn iso(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let is_full = |part: &str, digits: usize| part.len() == digits;
    let mut parts = date.split('-');
    let lengths = [4, 2, 2];
    if !lengths
        .iter()
        .all(|digits| parts.next().is_some_and(|it| is_full(it, *digits)))
        || parts.next().is_some()
    {
        return None;
    }
    let whole = time.split('.').next()?;
    if whole.len() != 8 {
        return None;
    }
    microseconds(civil(date, time)?)
}

/// What `java.sql.Timestamp.valueOf` takes: `yyyy-[m]m-[d]d hh:mm:ss[.f…]`.
pub(super) fn sql_timestamp(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(' ')?;
    microseconds(civil(date, time.trim_start())?)
}

/// Days since the epoch of `yyyy-[m]m-[d]d`.
pub(super) fn days(text: &str) -> Option<i32> {
    let since = date(text)?.since(Date::constant(1970, 1, 1)).ok()?;
    Some(since.get_days())
}

fn date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    Date::new(
        digits(year, 4)?.try_into().ok()?,
        digits(month, 2)?.try_into().ok()?,
        digits(day, 2)?.try_into().ok()?,
    )
    .ok()
}

fn civil(date: &str, time: &str) -> Option<DateTime> {
    let (whole, fraction) = match time.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (time, None),
    };
    let mut parts = whole.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let nanosecond = fraction.map_or(Some(0), nanoseconds)?;
    let part = |text| digits(text, 2)?.try_into().ok();
    let time =
        jiff::civil::Time::new(part(hour)?, part(minute)?, part(second)?, nanosecond).ok()?;
    Some(self::date(date)?.to_datetime(time))
}

/// One to nine digits behind a point.
fn nanoseconds(fraction: &str) -> Option<i32> {
    let value = digits(fraction, 9)?;
    let missing = u32::try_from(9 - fraction.len()).ok()?;
    Some(value * 10_i32.pow(missing))
}

/// One to `most` digits and nothing else.
fn digits(text: &str, most: usize) -> Option<i32> {
    let fits = (1..=most).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
    fits.then(|| text.parse().ok())?
}

/// A time without a zone is one in UTC.
fn microseconds(at: DateTime) -> Option<i64> {
    let zoned = at.to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_microsecond()
    }

    #[test]
    fn openx_reads_what_aws_was_seen_to_read() {
        for (text, instant) in [
            ("2018-02-07T20:38:48Z", "2018-02-07T20:38:48Z"),
            (
                "2018-02-07T20:38:48.123456789Z",
                "2018-02-07T20:38:48.123456Z",
            ),
            ("2026-09-07 12:00:02", "2026-09-07T12:00:02Z"),
            ("2026-9-7 12:00:02.5", "2026-09-07T12:00:02.5Z"),
            ("2026-09-07 1:2:3", "2026-09-07T01:02:03Z"),
            ("1518033528", "2018-02-07T19:58:48Z"),
            ("1518033528123", "2018-02-07T19:58:48.123Z"),
            ("1518033528.123", "2018-02-07T19:58:48.123Z"),
            ("1000000000000", "2001-09-09T01:46:40Z"),
            ("0", "1970-01-01T00:00:00Z"),
            ("-1000", "1969-12-31T23:43:20Z"),
        ] {
            assert_eq!(openx_timestamp(text), Some(at(instant)), "{text}");
        }
    }

    #[test]
    fn openx_reads_nothing_else() {
        for text in [
            "",
            "soon",
            "2026-09-07",
            "2026-9-7T12:00:02Z",
            "2026-09-07T12:00:02",
            "2026-09-07T12:00:02+01:00",
            "2026-09-07T1:00:02Z",
            "2026-02-30 12:00:02",
            "2026-09-07 12:00",
            "2026-09-07 24:00:00",
            "2026-09-07 12:00:02.",
            "2026-09-07 12:00:02.1234567890",
            "1e1000000000",
        ] {
            assert_eq!(openx_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_may_have_short_months_and_days() {
        assert_eq!(days("1970-01-02"), Some(1));
        assert_eq!(days("1969-12-31"), Some(-1));
        assert_eq!(days("2026-9-7"), days("2026-09-07"));
        assert!(days("2026-9-7").is_some());
        for text in [
            "",
            "2026-02-30",
            "26-01-01",
            "2026-1",
            "2026-1-1-1",
            "today",
        ] {
            assert_eq!(days(text), None, "{text}");
        }
    }
}
