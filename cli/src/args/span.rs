//! A length of time as people write it.

use std::time::Duration;

use jiff::{SignedDuration, Span, SpanRelativeTo};

/// `500ms`, `30s`, `1h30m`, `7d`, `0s`: weeks and days are of 24 hours; years and months, whose length depends on where
/// they begin, are refused.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    let length = text.parse::<Span>().and_then(|span| {
        let day = SpanRelativeTo::days_are_24_hours();
        span.to_duration(day)
    });
    let length: SignedDuration =
        length.map_err(|_| "no length of time; write such as 30s, 1h30m or 7d".to_owned())?;
    Duration::try_from(length).map_err(|_| "a time is not negative".to_owned())
}

/// A length of time that is not none.
pub(crate) fn pause(text: &str) -> Result<Duration, String> {
    match span(text)? {
        Duration::ZERO => Err("no time at all; write such as 5m".to_owned()),
        pause => Ok(pause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, hours) in [
            ("0s", 0),
            ("7d", 168),
            ("36h", 36),
            ("1d 12h", 36),
            ("2w", 336),
            ("120m", 2),
        ] {
            assert_eq!(span(text), Ok(Duration::from_hours(hours)), "{text}");
        }
        assert_eq!(span("500ms"), Ok(Duration::from_millis(500)));
        for text in ["", "7", "1 month", "5 parsecs", "soon"] {
            let mistake = span(text).unwrap_err();
            assert!(
                mistake.ends_with("write such as 30s, 1h30m or 7d"),
                "{text}"
            );
        }
        assert!(span("-1h").is_err() && pause("0s").is_err());
    }
}
