//! The text of one field of a date pattern.

use jiff::Zoned;
use jiff::tz::Offset;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// Appends a field whose letter and count were checked.
pub(super) fn render(letter: char, count: usize, at: &Zoned, out: &mut String) {
    let hour = i64::from(at.hour());
    let nanos_of_day = ((hour * 60 + i64::from(at.minute())) * 60 + i64::from(at.second()))
        * 1_000_000_000
        + i64::from(at.subsec_nanosecond());
    match letter {
        'y' | 'u' => year(i64::from(at.year()), count, out),
        'Y' => year(week_of_year(at).0, count, out),
        'M' | 'L' => match count {
            1 | 2 => number(i64::from(at.month()), count, out),
            _ => text(name(&MONTHS, i64::from(at.month()) - 1), count, out),
        },
        'd' => number(i64::from(at.day()), count, out),
        'D' => number(i64::from(at.day_of_year()), count, out),
        'H' => number(hour, count, out),
        'k' => number(if hour == 0 { 24 } else { hour }, count, out),
        'K' => number(hour % 12, count, out),
        'h' => number(if hour % 12 == 0 { 12 } else { hour % 12 }, count, out),
        'm' => number(i64::from(at.minute()), count, out),
        's' => number(i64::from(at.second()), count, out),
        'S' => {
            let digits = format!("{:09}", at.subsec_nanosecond());
            out.push_str(digits.get(..count).unwrap_or_default());
        }
        'a' => out.push_str(if hour < 12 { "AM" } else { "PM" }),
        'E' => text(weekday(at), count, out),
        'e' | 'c' => match count {
            1 | 2 => number(i64::from(at.weekday().to_sunday_one_offset()), count, out),
            _ => text(weekday(at), count, out),
        },
        'n' => number(i64::from(at.subsec_nanosecond()), count, out),
        'N' => number(nanos_of_day, count, out),
        'A' => number(nanos_of_day / 1_000_000, count, out),
        'w' => number(week_of_year(at).1, count, out),
        'W' => number(week_of(at, i64::from(at.day())), count, out),
        'Q' | 'q' => quarter((i64::from(at.month()) - 1) / 3 + 1, count, out),
        'G' => out.push_str(match count {
            4 => "Anno Domini",
            5 => "A",
            _ => "AD",
        }),
        'g' => number(modified_julian_day(at), count, out),
        'z' => zone_name(at, out),
        'V' => out.push_str(at.time_zone().iana_name().unwrap_or("UTC")),
        'O' => localized_offset(at.offset(), count == 4, out),
        'Z' if count == 4 => localized_offset(at.offset(), true, out),
        'Z' if count == 5 => offset(at.offset(), 3, true, out),
        'Z' => offset(at.offset(), 2, false, out),
        'X' => offset(at.offset(), count, true, out),
        'x' => offset(at.offset(), count, false, out),
        // `field` lets no other letter in.
        _ => {}
    }
}

fn number(value: i64, width: usize, out: &mut String) {
    push_format(out, format_args!("{value:0width$}"));
}

fn push_format(out: &mut String, text: std::fmt::Arguments<'_>) {
    use std::fmt::Write;
    // Writing to a string cannot fail.
    out.write_fmt(text).unwrap_or_default();
}

/// Two letters are the last two digits; other counts are the least number of digits.
fn year(year: i64, count: usize, out: &mut String) {
    if count == 2 {
        number(year.rem_euclid(100), 2, out);
    } else {
        number(year, count, out);
    }
}

/// Three letters are short, four full, five a single letter.
fn text(full: &str, count: usize, out: &mut String) {
    let end = match count {
        4 => full.len(),
        5 => 1,
        _ => 3,
    };
    out.push_str(full.get(..end).unwrap_or(full));
}

fn name(names: &[&'static str], index: i64) -> &'static str {
    usize::try_from(index)
        .ok()
        .and_then(|index| names.get(index))
        .copied()
        .unwrap_or_default()
}

fn weekday(at: &Zoned) -> &'static str {
    name(&WEEKDAYS, i64::from(at.weekday().to_sunday_zero_offset()))
}

fn quarter(quarter: i64, count: usize, out: &mut String) {
    match count {
        3 => push_format(out, format_args!("Q{quarter}")),
        4 => out.push_str(match quarter {
            1 => "1st quarter",
            2 => "2nd quarter",
            3 => "3rd quarter",
            _ => "4th quarter",
        }),
        5 => number(quarter, 1, out),
        _ => number(quarter, count, out),
    }
}

/// Week, from 1, of the day that is number `day` of its month or year.
fn week_of(at: &Zoned, day: i64) -> i64 {
    let weekday = i64::from(at.weekday().to_sunday_zero_offset());
    let first = (weekday - (day - 1)).rem_euclid(7);
    (day - 1 + first) / 7 + 1
}

/// Week-based year and week: the last days of December belong to week 1 when 1 January is in their week.
fn week_of_year(at: &Zoned) -> (i64, i64) {
    let year = i64::from(at.year());
    let left = i64::from(at.days_in_year()) - i64::from(at.day_of_year());
    let days_to_saturday = 6 - i64::from(at.weekday().to_sunday_zero_offset());
    if left < days_to_saturday {
        (year + 1, 1)
    } else {
        (year, week_of(at, i64::from(at.day_of_year())))
    }
}

fn modified_julian_day(at: &Zoned) -> i64 {
    let local_seconds = at.timestamp().as_second() + i64::from(at.offset().seconds());
    local_seconds.div_euclid(86_400) + 40_587
}

/// The zone's abbreviation; zones that have none but a number get Java's fallback, the offset.
fn zone_name(at: &Zoned, out: &mut String) {
    let info = at.time_zone().to_offset_info(at.timestamp());
    let abbreviation = info.abbreviation();
    if abbreviation.starts_with(|c: char| c.is_ascii_alphabetic()) {
        out.push_str(abbreviation);
    } else {
        localized_offset(at.offset(), true, out);
    }
}

/// `GMT`, `GMT+2`, `GMT+5:30`; padded `GMT+02:00`.
fn localized_offset(offset: Offset, padded: bool, out: &mut String) {
    out.push_str("GMT");
    let seconds = offset.seconds();
    if seconds == 0 {
        return;
    }
    let (sign, hours, minutes, _) = parts(offset);
    out.push(sign);
    if padded {
        push_format(out, format_args!("{hours:02}:{minutes:02}"));
    } else {
        out.push_str(&hours.to_string());
        if minutes != 0 {
            push_format(out, format_args!(":{minutes:02}"));
        }
    }
}

/// The offset forms of `X` and `x`, by the number of letters; `zulu` writes `Z` for no offset.
fn offset(offset: Offset, form: usize, zulu: bool, out: &mut String) {
    if zulu && offset.seconds() == 0 {
        out.push('Z');
        return;
    }
    let (sign, hours, minutes, seconds) = parts(offset);
    let colon = if matches!(form, 3 | 5) { ":" } else { "" };
    out.push(sign);
    push_format(out, format_args!("{hours:02}"));
    if form > 1 || minutes != 0 {
        push_format(out, format_args!("{colon}{minutes:02}"));
    }
    if form > 3 && seconds != 0 {
        push_format(out, format_args!("{colon}{seconds:02}"));
    }
}

fn parts(offset: Offset) -> (char, u32, u32, u32) {
    let seconds = offset.seconds();
    let distance = seconds.unsigned_abs();
    let sign = if seconds < 0 { '-' } else { '+' };
    (sign, distance / 3600, distance / 60 % 60, distance % 60)
}
