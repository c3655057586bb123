//! Where the marks of an axis are: at round numbers and at round times.

use jiff::{Timestamp, ToSpan, Unit, civil::DateTime, tz::TimeZone};

/// Marks at round numbers over `low..=high`, some `count` of them, and enough to contain both ends.
pub(crate) fn numbers(low: f64, high: f64, count: usize) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let wanted = count.max(1) as f64;
    let span = if high > low {
        high - low
    } else {
        high.abs().max(1.0)
    };
    let rough = span / wanted;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(power * 10.0);
    let first = (low / step).floor();
    let last = (high / step).ceil().max(first + 1.0);
    let mut marks = Vec::new();
    let mut at = first;
    while at <= last && marks.len() < 100 {
        marks.push(at * step);
        at += 1.0;
    }
    marks
}

/// Steps of time and how their marks are written.
const STEPS: [(Unit, i64, &str); 19] = [
    (Unit::Second, 1, "%H:%M:%S"),
    (Unit::Second, 5, "%H:%M:%S"),
    (Unit::Second, 15, "%H:%M:%S"),
    (Unit::Second, 30, "%H:%M:%S"),
    (Unit::Minute, 1, "%H:%M"),
    (Unit::Minute, 5, "%H:%M"),
    (Unit::Minute, 15, "%H:%M"),
    (Unit::Minute, 30, "%H:%M"),
    (Unit::Hour, 1, "%H:%M"),
    (Unit::Hour, 3, "%H:%M"),
    (Unit::Hour, 6, "%H:%M"),
    (Unit::Hour, 12, "%H:%M"),
    (Unit::Day, 1, "%b %-d"),
    (Unit::Day, 2, "%b %-d"),
    (Unit::Day, 7, "%b %-d"),
    (Unit::Month, 1, "%b %Y"),
    (Unit::Month, 3, "%b %Y"),
    (Unit::Year, 1, "%Y"),
    (Unit::Year, 5, "%Y"),
];

/// Marks at round times (UTC) over `low..=high`, in microseconds, at most `count` of them. The first mark of a day says
/// which day.
pub(crate) fn times(low: i64, high: i64, count: usize) -> Vec<(i64, String)> {
    let Ok(first) = Timestamp::from_microsecond(low) else {
        return Vec::new();
    };
    let first = first.to_zoned(TimeZone::UTC).datetime();
    for (unit, step, form) in STEPS {
        let marks = marks(first, low, high, unit, step, count);
        if marks.len() <= count {
            return labels(&marks, form);
        }
    }
    Vec::new()
}

/// The marks of one step; one more than `most` when there are too many.
fn marks(
    first: DateTime,
    low: i64,
    high: i64,
    unit: Unit,
    step: i64,
    most: usize,
) -> Vec<(i64, DateTime)> {
    let mut marks = Vec::new();
    let Some(mut at) = floor(first, unit, step) else {
        return marks;
    };
    // Before the first mark inside, there is at most one step outside.
    while marks.len() <= most {
        let Ok(zoned) = at.to_zoned(TimeZone::UTC) else {
            break;
        };
        let micros = zoned.timestamp().as_microsecond();
        if micros > high {
            break;
        }
        if micros >= low {
            marks.push((micros, at));
        }
        let span = match unit {
            Unit::Second => step.seconds(),
            Unit::Minute => step.minutes(),
            Unit::Hour => step.hours(),
            Unit::Day => step.days(),
            Unit::Month => step.months(),
            _ => step.years(),
        };
        let Ok(next) = at.checked_add(span) else {
            break;
        };
        at = next;
    }
    marks
}

/// The last round time at or before `at`.
fn floor(at: DateTime, unit: Unit, step: i64) -> Option<DateTime> {
    let down = |value: i64| value - value.rem_euclid(step);
    let midnight = at.date().to_datetime(jiff::civil::Time::midnight());
    let time = |hours: i64, minutes: i64, seconds: i64| {
        midnight
            .checked_add(hours.hours().minutes(minutes).seconds(seconds))
            .ok()
    };
    let (hour, minute, second) = (
        i64::from(at.hour()),
        i64::from(at.minute()),
        i64::from(at.second()),
    );
    match unit {
        Unit::Second => time(hour, minute, down(second)),
        Unit::Minute => time(hour, down(minute), 0),
        Unit::Hour => time(down(hour), 0, 0),
        // Weeks begin on Monday.
        Unit::Day if step == 7 => midnight
            .checked_sub(i64::from(at.weekday().to_monday_zero_offset()).days())
            .ok(),
        Unit::Day => Some(midnight),
        Unit::Month => {
            let month = down(i64::from(at.month()) - 1) + 1;
            let date = jiff::civil::Date::new(at.year(), i8::try_from(month).ok()?, 1).ok()?;
            Some(date.to_datetime(jiff::civil::Time::midnight()))
        }
        _ => {
            let year = i16::try_from(down(i64::from(at.year()))).ok()?;
            let date = jiff::civil::Date::new(year.max(1), 1, 1).ok()?;
            Some(date.to_datetime(jiff::civil::Time::midnight()))
        }
    }
}

fn labels(marks: &[(i64, DateTime)], form: &str) -> Vec<(i64, String)> {
    let has_hours = form.starts_with("%H");
    let several_days = marks
        .iter()
        .zip(marks.iter().skip(1))
        .any(|((_, a), (_, b))| a.date() != b.date());
    marks
        .iter()
        .map(|(micros, at)| {
            let is_midnight = at.time() == jiff::civil::Time::midnight();
            let form = if has_hours && several_days && is_midnight {
                "%b %-d"
            } else {
                form
            };
            (*micros, at.strftime(form).to_string())
        })
        .collect()
}

/// A time in full, without what is zero at its end.
pub(crate) fn moment(micros: i64) -> String {
    let Ok(timestamp) = Timestamp::from_microsecond(micros) else {
        return micros.to_string();
    };
    let at = timestamp.to_zoned(TimeZone::UTC).datetime();
    let form = if at.time() == jiff::civil::Time::midnight() {
        "%Y-%m-%d"
    } else if at.second() == 0 && at.subsec_nanosecond() == 0 {
        "%Y-%m-%d %H:%M"
    } else {
        "%Y-%m-%d %H:%M:%S"
    };
    at.strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    fn shown(low: &str, high: &str) -> String {
        let marks = times(micros(low), micros(high), 8);
        let labels: Vec<String> = marks.into_iter().map(|(_, label)| label).collect();
        labels.join(" | ")
    }

    #[test]
    fn numbers_are_round_and_contain_the_ends() {
        assert_eq!(numbers(0.0, 9.7, 5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(numbers(-1.0, 1.0, 4), [-1.0, -0.5, 0.0, 0.5, 1.0]);
        assert_eq!(numbers(0.0, 0.0, 4).first(), Some(&0.0));
        for high in [1e-9, 0.3, 7.0, 12345.0, 8e17] {
            let marks = numbers(0.0, high, 5);
            assert!(marks.len() >= 2 && marks.len() < 10 && *marks.last().unwrap() >= high);
        }
    }

    #[test]
    fn times_are_round_and_say_the_day_where_it_begins() {
        insta::assert_snapshot!(shown("2026-11-02T08:15:00Z", "2026-11-02T14:00:00Z"), @"09:00 | 10:00 | 11:00 | 12:00 | 13:00 | 14:00");
        insta::assert_snapshot!(shown("2026-11-02T18:00:00Z", "2026-11-03T12:00:00Z"), @"18:00 | 21:00 | Nov 3 | 03:00 | 06:00 | 09:00 | 12:00");
        insta::assert_snapshot!(shown("2026-11-02T00:00:00Z", "2026-11-08T23:00:00Z"), @"Nov 2 | Nov 3 | Nov 4 | Nov 5 | Nov 6 | Nov 7 | Nov 8");
        insta::assert_snapshot!(shown("2025-02-11T00:00:00Z", "2026-11-08T23:00:00Z"), @"Apr 2025 | Jul 2025 | Oct 2025 | Jan 2026 | Apr 2026 | Jul 2026 | Oct 2026");
        assert_eq!(moment(micros("2026-11-02T00:00:00Z")), "2026-11-02");
        assert_eq!(moment(micros("2026-11-02T08:15:00Z")), "2026-11-02 08:15");
    }
}
