//! What to generate, checked before anything is.

use std::{fmt, str::FromStr, time::Duration};

use jiff::Timestamp;

/// The longest span: the ledger keeps a row an hour, and ten years of rows are still small.
pub const MAX_SPAN: Duration = Duration::from_hours(24 * 3660);

/// How many events, from which seed, over which time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The number of events, exactly. One record carries one event, except [`Fault::TwoObjects`](crate::Fault),
    /// which carries two; in request bodies this counts entries.
    pub events: u64,
    /// The one source of chance.
    pub seed: u64,
    /// The share of records (or of entries) that carry a fault.
    pub malformed: Percentage,
    /// The time that the events spread over, at most [`MAX_SPAN`]. Whole milliseconds count.
    pub span: Duration,
    /// Where the span starts; every event's time lies in `start..start + span`.
    pub start: Timestamp,
}

/// The span in milliseconds since the Unix epoch, once it has been checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl Options {
    pub(crate) fn bounds(&self) -> Result<Bounds, OptionsError> {
        let span = u64::try_from(self.span.as_millis()).unwrap_or(u64::MAX);
        if span == 0 {
            return Err(OptionsError::EmptySpan);
        }
        if self.span > MAX_SPAN {
            return Err(OptionsError::SpanTooLong { span: self.span });
        }
        let start = u64::try_from(self.start.as_millisecond())
            .map_err(|_| OptionsError::StartTooEarly { start: self.start })?;
        // `Timestamp::MAX` leaves room for a day beyond it, so that every year has four digits.
        let latest = u64::try_from(Timestamp::MAX.as_millisecond()).unwrap_or(u64::MAX);
        match start.checked_add(span) {
            Some(end) if end <= latest => Ok(Bounds { start, end }),
            _ => Err(OptionsError::EndTooLate { start: self.start }),
        }
    }
}

/// Why these options cannot be generated from.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionsError {
    /// No time for any event.
    #[error("the span is empty: give at least a millisecond, such as 7d")]
    EmptySpan,
    /// Longer than [`MAX_SPAN`].
    #[error("the span of {} days is too long: at most {} days", span.as_secs() / 86_400, MAX_SPAN.as_secs() / 86_400)]
    SpanTooLong {
        /// What was asked for.
        span: Duration,
    },
    /// Before 1970.
    #[error("the start {start} is too early: not before 1970-01-01T00:00:00Z")]
    StartTooEarly {
        /// What was asked for.
        start: Timestamp,
    },
    /// The span runs past the last timestamp.
    #[error("the span that starts at {start} runs past the year 9999: start earlier")]
    EndTooLate {
        /// What was asked for.
        start: Timestamp,
    },
}

/// A share in percent, kept exactly as millionths (`0.0001%` steps).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percentage {
    millionths: u32,
}

impl Percentage {
    /// Nothing.
    pub const ZERO: Self = Self { millionths: 0 };
    /// Everything.
    pub const ALL: Self = Self {
        millionths: 1_000_000,
    };

    /// The share in millionths: 1% is 10,000.
    pub const fn millionths(self) -> u32 {
        self.millionths
    }
}

impl fmt::Display for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.millionths / 10_000, self.millionths % 10_000);
        if rest == 0 {
            return write!(f, "{whole}%");
        }
        let digits = format!("{rest:04}");
        write!(f, "{whole}.{}%", digits.trim_end_matches('0'))
    }
}

impl FromStr for Percentage {
    type Err = PercentageError;

    /// Reads `1`, `0.5`, `1%`; up to four decimals, from 0 to 100.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.trim();
        let number = number.strip_suffix('%').unwrap_or(number).trim_end();
        let not_a_number = || PercentageError::NotANumber {
            text: text.to_owned(),
        };
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(decimals) {
            return Err(not_a_number());
        }
        let decimals = decimals.trim_end_matches('0');
        if decimals.len() > 4 {
            return Err(PercentageError::TooFine {
                text: text.to_owned(),
            });
        }
        let out_of_range = || PercentageError::OutOfRange {
            text: text.to_owned(),
        };
        let whole: u32 = whole.parse().map_err(|_| out_of_range())?;
        let fraction: u32 = format!("{decimals:0<4}")
            .parse()
            .map_err(|_| not_a_number())?;
        let millionths = whole
            .checked_mul(10_000)
            .and_then(|w| w.checked_add(fraction));
        match millionths {
            Some(millionths) if millionths <= 1_000_000 => Ok(Self { millionths }),
            _ => Err(out_of_range()),
        }
    }
}

/// Why a text is not a [`Percentage`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PercentageError {
    /// Not digits with at most one point.
    #[error("{text:?} is not a percentage: write it as 1, 0.5 or 1%")]
    NotANumber {
        /// What was given.
        text: String,
    },
    /// More than four decimals.
    #[error("{text:?} is finer than a percentage can be here: at most four decimals")]
    TooFine {
        /// What was given.
        text: String,
    },
    /// Above 100.
    #[error("{text:?} is not between 0 and 100")]
    OutOfRange {
        /// What was given.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_percentage_is_read_with_or_without_its_sign() {
        for (text, millionths) in [
            ("1", 10_000),
            ("1%", 10_000),
            (" 0.5 % ", 5_000),
            ("100", 1_000_000),
            ("0.0001", 1),
        ] {
            assert_eq!(
                text.parse::<Percentage>().unwrap().millionths(),
                millionths,
                "{text}"
            );
        }
    }

    #[test]
    fn a_percentage_that_is_none_says_what_to_write() {
        let error = |text: &str| text.parse::<Percentage>().unwrap_err().to_string();
        insta::assert_snapshot!(error("many"), @r#""many" is not a percentage: write it as 1, 0.5 or 1%"#);
        insta::assert_snapshot!(error("-1"), @r#""-1" is not a percentage: write it as 1, 0.5 or 1%"#);
        insta::assert_snapshot!(error("100.1"), @r#""100.1" is not between 0 and 100"#);
        insta::assert_snapshot!(error("99999999999"), @r#""99999999999" is not between 0 and 100"#);
        insta::assert_snapshot!(error("0.00001"), @r#""0.00001" is finer than a percentage can be here: at most four decimals"#);
    }

    #[test]
    fn options_without_time_are_refused() {
        let options = |start: &str, span| Options {
            events: 1,
            seed: 1,
            malformed: Percentage::ZERO,
            span,
            start: start.parse().unwrap(),
        };
        let day = Duration::from_hours(24);
        let error = |start, span| options(start, span).bounds().unwrap_err().to_string();
        insta::assert_snapshot!(error("2026-11-02T00:00:00Z", Duration::ZERO), @"the span is empty: give at least a millisecond, such as 7d");
        insta::assert_snapshot!(error("2026-11-02T00:00:00Z", day * 3661), @"the span of 3661 days is too long: at most 3660 days");
        insta::assert_snapshot!(error("1969-12-31T23:59:59Z", day), @"the start 1969-12-31T23:59:59Z is too early: not before 1970-01-01T00:00:00Z");
        insta::assert_snapshot!(error("9999-12-01T00:00:00Z", day * 60), @"the span that starts at 9999-12-01T00:00:00Z runs past the year 9999: start earlier");
    }

    proptest! {
        #[test]
        fn a_percentage_reads_back_as_it_was_written(millionths in 0u32..=1_000_000) {
            let percentage = Percentage { millionths };
            prop_assert_eq!(percentage.to_string().parse(), Ok(percentage));
        }

        #[test]
        fn whatever_is_read_lies_between_nothing_and_everything(text in "\\PC{0,12}") {
            if let Ok(percentage) = text.parse::<Percentage>() {
                prop_assert!(percentage <= Percentage::ALL);
            }
        }
    }
}
