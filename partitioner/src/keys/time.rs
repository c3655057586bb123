//! An event's own time, as a key: `utc("yyyy-MM-dd")`.

use std::borrow::Cow;

use jiff::civil::{DateTime, date};
use jiff::{SignedDuration, Timestamp};

/// A number that is larger than this counts milliseconds and not seconds: as seconds it would lie beyond
/// the year 5100, as milliseconds it is a day of March 1973 or later.
const LEAST_MILLISECONDS: f64 = 1e11;

/// Not every moment of it is an instant.
const LAST_YEAR: i16 = 9999;

/// Why a value is no time; the text of it is cut short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotATime(pub(super) String);

impl NotATime {
    fn new(text: &str) -> Self {
        const LONGEST: usize = 40;
        Self(match text.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text.to_owned(),
        })
    }
}

/// The time in UTC that a text says: `2026-11-02T08:15:30Z`, with a fraction or without, `T` or a space
/// between date and time, seconds or none, and an offset (`Z`, `+02:00`, `+0200`, `+02`) or none, which is
/// UTC. A leap second belongs to the minute that it ends.
pub(super) fn utc_of_text(text: &str) -> Result<DateTime, NotATime> {
    parse(text.as_bytes())
        .filter(|utc| utc.year() < LAST_YEAR || jiff::tz::Offset::UTC.to_timestamp(*utc).is_ok())
        .ok_or_else(|| NotATime::new(text))
}

/// The time in UTC of a number: seconds since 1970, with a fraction or without, or milliseconds.
pub(super) fn utc_of_number(text: &str) -> Result<DateTime, NotATime> {
    let instant = || {
        let number: f64 = text.parse().ok()?;
        let seconds = if number.abs() >= LEAST_MILLISECONDS {
            number / 1000.0
        } else {
            number
        };
        let since = SignedDuration::try_from_secs_f64(seconds).ok()?;
        let instant = Timestamp::from_duration(since).ok()?;
        Some(jiff::tz::Offset::UTC.to_datetime(instant))
    };
    instant().ok_or_else(|| NotATime::new(text))
}

/// Characters of a time up to its hour.
pub(super) const UP_TO_HOUR: usize = "yyyy-MM-ddTHH".len();

/// Whether a text goes on behind the hour as most times do, `:15:30Z`, so that it is the same hour of UTC with
/// any other minutes and seconds.
#[inline]
pub(super) fn ends_as_a_time(text: &[u8]) -> bool {
    matches!(
        text.get(UP_TO_HOUR..),
        Some([
            b':',
            b'0'..=b'5',
            b'0'..=b'9',
            b':',
            b'0'..=b'5',
            b'0'..=b'9',
            b'Z'
        ])
    )
}

/// The text that is spelled so in JSON. Times have no escapes; what has some is unescaped here.
pub(super) fn unescaped(spelled: &str) -> Cow<'_, str> {
    if !spelled.contains('\\') {
        return Cow::Borrowed(spelled);
    }
    let mut text = String::with_capacity(spelled.len());
    hydrant_records::json::unescape(spelled, &mut text);
    Cow::Owned(text)
}

fn parse(text: &[u8]) -> Option<DateTime> {
    let (day, rest) = text.split_at_checked("yyyy-MM-dd".len())?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = day else {
        return None;
    };
    let year = i16::from(two(*y1, *y2)?) * 100 + i16::from(two(*y3, *y4)?);
    let day = date_of(year, two(*m1, *m2)?, two(*d1, *d2)?)?;
    let [b'T' | b't' | b' ', h1, h2, b':', m1, m2, rest @ ..] = rest else {
        return None;
    };
    let (hour, minute) = (two(*h1, *h2)?, two(*m1, *m2)?);
    let (second, rest) = match rest {
        [b':', s1, s2, rest @ ..] => (two(*s1, *s2)?, rest),
        rest => (0, rest),
    };
    let (nanosecond, rest) = match rest {
        [b'.' | b',', rest @ ..] => fraction(rest)?,
        rest => (0, rest),
    };
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // The leap second stays in its minute, at the last moment that a clock without it has.
    let (second, nanosecond) = match second {
        60 => (59, 999_999_999),
        second => (second, nanosecond),
    };
    let local = day.at(hour, minute, second, nanosecond);
    match rest {
        [] | [b'Z' | b'z'] => Some(local),
        [sign @ (b'+' | b'-'), offset @ ..] => shift(local, *sign, offset),
        _ => None,
    }
}

fn date_of(year: i16, month: i8, day: i8) -> Option<jiff::civil::Date> {
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day);
    // `date` panics where the day does not exist; the checked constructor looks it up.
    match (valid, day <= 28) {
        (true, true) => Some(date(year, month, day)),
        (true, false) => jiff::civil::Date::new(year, month, day).ok(),
        (false, _) => None,
    }
}

/// Digits after the point, at least one; those beyond nanoseconds are passed over.
fn fraction(text: &[u8]) -> Option<(i32, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let (digits, rest) = text.split_at_checked(digits)?;
    let padded = digits
        .iter()
        .copied()
        .chain(std::iter::repeat(b'0'))
        .take(9);
    let nanosecond = padded.fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
    Some((nanosecond, rest))
}

/// A local time that is ahead of UTC by an offset.
fn shift(local: DateTime, sign: u8, offset: &[u8]) -> Option<DateTime> {
    let (hours, minutes) = match offset {
        [h1, h2] => (two(*h1, *h2)?, 0),
        [h1, h2, b':', m1, m2] | [h1, h2, m1, m2] => (two(*h1, *h2)?, two(*m1, *m2)?),
        _ => return None,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    let offset = SignedDuration::from_mins(i64::from(hours) * 60 + i64::from(minutes));
    let shifted = if sign == b'+' {
        local.checked_sub(offset)
    } else {
        local.checked_add(offset)
    };
    shifted.ok().filter(|utc| (0..=9999).contains(&utc.year()))
}

fn two(tens: u8, ones: u8) -> Option<i8> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| byte - b'0');
    i8::try_from(digit(tens)? * 10 + digit(ones)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> String {
        match utc_of_text(text) {
            Ok(utc) => utc.to_string(),
            Err(NotATime(text)) => format!("no: {text}"),
        }
    }

    #[test]
    fn a_time_falls_into_its_hour_of_utc() {
        for (text, expected) in [
            ("2026-11-02T08:15:30Z", "2026-11-02T08:15:30"),
            ("2026-11-02T08:15:30+02:00", "2026-11-02T06:15:30"),
            ("2026-11-02T00:15:30+0200", "2026-11-01T22:15:30"),
            ("2026-12-31T20:00:00-05", "2027-01-01T01:00:00"),
            (
                "2026-11-02T08:15:30.123456789123Z",
                "2026-11-02T08:15:30.123456789",
            ),
            ("2026-11-02t08:15:30,5z", "2026-11-02T08:15:30.5"),
            ("2026-11-02 08:15", "2026-11-02T08:15:00"),
            ("2028-02-29T23:59:59.9+00:30", "2028-02-29T23:29:59.9"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999999"),
            (
                "2017-01-01T01:59:60.5+02:00",
                "2016-12-31T23:59:59.999999999",
            ),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_not_taken_for_one() {
        for text in [
            "",
            "2026-11-02",
            "2026-11-02T08",
            "2026-13-02T08:15:30Z",
            "2026-02-29T08:15:30Z",
            "2026-11-02T24:00:00Z",
            "2026-11-02T08:60:30Z",
            "2026-11-02T08:15:61Z",
            "2026-11-02T08:15:30.Z",
            "2026-11-02T08:15:30+24:00",
            "2026-11-02T08:15:30 Z",
            "2026-11-02T08:15:30Zx",
            "0000-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "٢٠٢٦-11-02T08:15:30Z",
            "yesterday",
        ] {
            assert!(read(text).starts_with("no: "), "{text}: {}", read(text));
        }
    }

    #[test]
    fn numbers_are_seconds_or_milliseconds() {
        let read = |text| utc_of_number(text).map(|utc| utc.to_string());
        let expected = "2026-11-02T08:15:30".to_owned();
        assert_eq!(read("1793607330"), Ok(expected.clone()));
        assert_eq!(read("1793607330000"), Ok(expected));
        assert_eq!(read("-0.5"), Ok("1969-12-31T23:59:59.5".to_owned()));
        assert_eq!(read("1e30"), Err(NotATime("1e30".to_owned())));
    }

    proptest! {
        #[test]
        fn a_time_is_read_as_jiff_reads_it(
            seconds in -62_135_596_800_i64..253_402_207_200,
            nanosecond in 0..1_000_000_000_i32,
            minutes in -1439..1440_i32,
        ) {
            let offset = jiff::tz::Offset::from_seconds(minutes * 60).unwrap();
            let instant = Timestamp::new(seconds, nanosecond).unwrap();
            let text = instant.display_with_offset(offset).to_string();
            prop_assume!(!text.starts_with('-') && !text.starts_with('+'));
            let utc = jiff::tz::Offset::UTC.to_datetime(instant);
            prop_assert_eq!(utc_of_text(&text), Ok(utc), "{}", text);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9T:.+Z -]{0,30}|\\PC{0,12}") {
            drop(utc_of_text(&text));
            drop(utc_of_number(&text));
        }
    }
}
