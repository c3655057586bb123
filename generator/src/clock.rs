//! Timestamps as text, a few digits at a time.

use jiff::Timestamp;

pub(crate) const HOUR_MS: u64 = 3_600_000;

/// Spells times as EventBridge does, `2026-11-02T08:15:30Z`. Events come in time order, so the date and the hour
/// are formatted only when they change.
#[derive(Debug)]
pub(crate) struct Clock {
    hour: Option<u64>,
    text: [u8; 20],
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            hour: None,
            text: *b"1970-01-01T00:00:00Z",
        }
    }

    /// The second that holds `time_ms`, milliseconds since the Unix epoch.
    pub(crate) fn spell(&mut self, time_ms: u64) -> &[u8; 20] {
        let hour = time_ms / HOUR_MS;
        if self.hour != Some(hour) {
            self.hour = Some(hour);
            let text = hour_start(hour).to_string();
            // Years have four digits: the options are checked against that.
            if let Ok(text) = text.as_bytes().try_into() {
                self.text = text;
            }
        }
        let second = u16::try_from(time_ms % HOUR_MS / 1_000).unwrap_or(0);
        self.two_digits(14, second / 60);
        self.two_digits(17, second % 60);
        &self.text
    }

    fn two_digits(&mut self, at: usize, number: u16) {
        const DIGITS: &[u8; 10] = b"0123456789";
        self.text[at] = DIGITS[usize::from(number / 10 % 10)];
        self.text[at + 1] = DIGITS[usize::from(number % 10)];
    }
}

/// The start of an hour counted from the Unix epoch. Saturates: no checked option comes near.
pub(crate) fn hour_start(hour: u64) -> Timestamp {
    i64::try_from(hour)
        .ok()
        .and_then(|hour| hour.checked_mul(3_600))
        .and_then(|second| Timestamp::from_second(second).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_time_is_spelled_as_jiff_spells_it(times in prop::collection::vec(0u64..200_000_000_000, 1..20)) {
            let mut clock = Clock::new();
            for time in times {
                let expected = Timestamp::from_second(i64::try_from(time).unwrap()).unwrap().to_string();
                prop_assert_eq!(std::str::from_utf8(clock.spell(time * 1_000 + 999)).unwrap(), expected);
            }
        }
    }
}
