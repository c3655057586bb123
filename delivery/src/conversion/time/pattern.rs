//! The patterns of `TimestampFormats` (API reference, `HiveJsonSerDe`): Joda-Time's `DateTimeFormat`.

use jiff::{civil, tz::Offset};

/// A pattern, such as `yyyy-MM-dd'T'HH:mm:ss`, or `millis`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::conversion) enum Pattern {
    Milliseconds,
    Parts(Vec<Part>),
}

/// A letter of a pattern and how often it stands, or text between the letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::conversion) enum Part {
    Number(Field, usize),
    /// `MMM` and more.
    MonthName,
    /// `E`: passed over.
    DayName,
    /// `a`.
    HalfOfDay,
    /// `Z`: an offset, with or without a colon, or `Z`.
    Offset,
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::conversion) enum Field {
    Year,
    Month,
    Day,
    Hour,
    /// `h`: 1 to 12.
    ClockHour,
    Minute,
    Second,
    Fraction,
}

/// Why a pattern is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}`: {reason}")]
pub(in crate::conversion) struct PatternError {
    pattern: String,
    reason: String,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl Pattern {
    pub(in crate::conversion) fn parse(text: &str) -> Result<Self, PatternError> {
        if text == "millis" {
            return Ok(Self::Milliseconds);
        }
        let failed = |reason: String| PatternError {
            pattern: text.to_owned(),
            reason,
        };
        let mut parts = Vec::new();
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            if char == '\'' {
                parts.push(Part::Text(quoted(&mut chars)));
                continue;
            }
            let mut count = 1;
            while char.is_ascii_alphabetic() && chars.next_if_eq(&char).is_some() {
                count += 1;
            }
            parts.push(match char {
                'y' | 'Y' => Part::Number(Field::Year, count),
                'M' if count > 2 => Part::MonthName,
                'M' => Part::Number(Field::Month, count),
                'd' => Part::Number(Field::Day, count),
                'H' => Part::Number(Field::Hour, count),
                'h' => Part::Number(Field::ClockHour, count),
                'm' => Part::Number(Field::Minute, count),
                's' => Part::Number(Field::Second, count),
                'S' => Part::Number(Field::Fraction, count),
                'E' => Part::DayName,
                'a' => Part::HalfOfDay,
                'Z' => Part::Offset,
                letter if letter.is_ascii_alphabetic() => {
                    return Err(failed(format!(
                        "`{letter}` is not read here; there are y M d H h m s S a E Z and 'text'"
                    )));
                }
                other => Part::Text(other.to_string()),
            });
        }
        if parts.is_empty() {
            return Err(failed(
                "it is empty; give such as yyyy-MM-dd HH:mm:ss".to_owned(),
            ));
        }
        Ok(Self::Parts(parts))
    }

    /// Microseconds since the epoch of `text`, when it has this pattern.
    pub(in crate::conversion) fn read(&self, text: &str) -> Option<i64> {
        let parts = match self {
            Self::Milliseconds => return super::milliseconds(text),
            Self::Parts(parts) => parts,
        };
        let mut found = Found::default();
        let mut rest = text;
        for (index, part) in parts.iter().enumerate() {
            let beside_number = matches!(parts.get(index + 1), Some(Part::Number(..)));
            rest = found.take(part, rest, beside_number)?;
        }
        rest.is_empty().then(|| found.microseconds())?
    }
}

/// The text up to the closing quote; a quote is written twice.
fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut text = String::new();
    // Outside of a text, two quotes are one as well.
    if chars.next_if_eq(&'\'').is_some() {
        return "'".to_owned();
    }
    while let Some(char) = chars.next() {
        if char == '\'' && chars.next_if_eq(&'\'').is_none() {
            break;
        }
        text.push(char);
    }
    text
}

/// What was read so far.
struct Found {
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    afternoon: Option<bool>,
    minute: i8,
    second: i8,
    nanosecond: i32,
    offset: Offset,
}

/// Joda begins at the epoch where a pattern says nothing.
impl Default for Found {
    fn default() -> Self {
        Self {
            year: 1970,
            month: 1,
            day: 1,
            hour: 0,
            afternoon: None,
            minute: 0,
            second: 0,
            nanosecond: 0,
            offset: Offset::UTC,
        }
    }
}

impl Found {
    /// Takes one part from the beginning of `text`, and gives what is left of it.
    fn take<'a>(&mut self, part: &Part, text: &'a str, beside_number: bool) -> Option<&'a str> {
        match part {
            Part::Text(wanted) => text.strip_prefix(wanted.as_str()),
            Part::Number(field, count) => {
                let most = if beside_number { *count } else { 9 };
                let end = text
                    .bytes()
                    .take(most)
                    .take_while(u8::is_ascii_digit)
                    .count();
                let (number, rest) = text.split_at_checked(end)?;
                self.set(*field, number, *count)?;
                Some(rest)
            }
            Part::MonthName => {
                let (word, rest) = word(text);
                let index = MONTHS.iter().position(|month| {
                    word.len() >= 3 && month.starts_with(&word.to_ascii_lowercase())
                })?;
                self.month = i8::try_from(index + 1).ok()?;
                Some(rest)
            }
            Part::DayName => Some(word(text).1),
            Part::HalfOfDay => {
                let (word, rest) = word(text);
                self.afternoon = match word.to_ascii_lowercase().as_str() {
                    "am" => Some(false),
                    "pm" => Some(true),
                    _ => return None,
                };
                Some(rest)
            }
            Part::Offset => self.take_offset(text),
        }
    }

    fn set(&mut self, field: Field, number: &str, count: usize) -> Option<()> {
        let value: i32 = number.parse().ok()?;
        let small = i8::try_from(value).ok();
        match field {
            Field::Year => {
                let value = i16::try_from(value).ok()?;
                // Two letters and two digits: Joda takes the century around now.
                self.year = match (count, number.len()) {
                    (2, 2) => value + if value < 70 { 2000 } else { 1900 },
                    _ => value,
                };
            }
            Field::Month => self.month = small?,
            Field::Day => self.day = small?,
            Field::Hour => self.hour = small?,
            Field::ClockHour => self.hour = small.filter(|hour| (1..=12).contains(hour))? % 12,
            Field::Minute => self.minute = small?,
            Field::Second => self.second = small?,
            Field::Fraction => {
                let missing = u32::try_from(9_usize.checked_sub(number.len())?).ok()?;
                self.nanosecond = value.checked_mul(10_i32.pow(missing))?;
            }
        }
        Some(())
    }

    /// `Z`, `+0100` or `+01:00`.
    fn take_offset<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        if let Some(rest) = text.strip_prefix('Z') {
            return Some(rest);
        }
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+')?),
        };
        let (hours, rest) = rest.split_at_checked(2)?;
        let rest = rest.strip_prefix(':').unwrap_or(rest);
        let (minutes, rest) = rest.split_at_checked(2)?;
        let (hours, minutes) = (super::digits(hours, 2)?, super::digits(minutes, 2)?);
        self.offset = Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()?;
        Some(rest)
    }

    fn microseconds(&self) -> Option<i64> {
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            _ => self.hour,
        };
        let date = civil::Date::new(self.year, self.month, self.day).ok()?;
        let time = civil::Time::new(hour, self.minute, self.second, self.nanosecond).ok()?;
        let instant = self.offset.to_timestamp(date.to_datetime(time)).ok()?;
        Some(instant.as_microsecond())
    }
}

/// Letters at the beginning of `text`, and what is behind them.
fn word(text: &str) -> (&str, &str) {
    let end = text
        .find(|char: char| !char.is_alphabetic())
        .unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(pattern: &str, text: &str) -> Option<String> {
        let micros = Pattern::parse(pattern).unwrap().read(text)?;
        Some(
            jiff::Timestamp::from_microsecond(micros)
                .unwrap()
                .to_string(),
        )
    }

    #[test]
    fn a_pattern_reads_what_it_describes() {
        for (pattern, text, instant) in [
            ("millis", "1518033528123", "2018-02-07T19:58:48.123Z"),
            (
                "yyyy-MM-dd'T'HH:mm:ss",
                "2026-11-22T10:20:30",
                "2026-11-22T10:20:30Z",
            ),
            (
                "yyyy-MM-dd'T'HH:mm:ssZ",
                "2026-11-22T10:20:30+01:00",
                "2026-11-22T09:20:30Z",
            ),
            (
                "yyyy-MM-dd'T'HH:mm:ss.SSSZZ",
                "2026-11-22T10:20:30.5Z",
                "2026-11-22T10:20:30.5Z",
            ),
            ("yyyyMMddHHmmss", "20261122102030", "2026-11-22T10:20:30Z"),
            ("d/M/yy h:mm a", "2/11/26 3:04 PM", "2026-11-02T15:04:00Z"),
            (
                "EEE, dd MMM yyyy HH:mm",
                "Sun, 22 Nov 2026 10:20",
                "2026-11-22T10:20:00Z",
            ),
            ("h 'o''clock'", "12 o'clock", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(read(pattern, text).as_deref(), Some(instant), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_reads_nothing_else() {
        for (pattern, text) in [
            ("yyyy-MM-dd", "2026-11-22 "),
            ("yyyy-MM-dd", "2026/11/22"),
            ("yyyy-MM-dd", "2026-13-22"),
            ("yyyy-MM-dd", ""),
            ("dd MMM", "22 Foo"),
            ("h a", "13 PM"),
            ("HH Z", "10 +1"),
            ("millis", "soon"),
        ] {
            assert_eq!(read(pattern, text), None, "{pattern} of {text}");
        }
    }

    #[test]
    fn a_letter_that_is_not_read_is_named() {
        insta::assert_snapshot!(Pattern::parse("yyyy-'w'ww").unwrap_err(), @"`yyyy-'w'ww`: `w` is not read here; there are y M d H h m s S a E Z and 'text'");
        insta::assert_snapshot!(Pattern::parse("").unwrap_err(), @"``: it is empty; give such as yyyy-MM-dd HH:mm:ss");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(pattern in "[yMdHhmsSaEZ' :é-]{0,12}", text in "[0-9apZ:é +-]{0,20}") {
            if let Ok(pattern) = Pattern::parse(&pattern) {
                pattern.read(&text);
            }
        }
    }
}
