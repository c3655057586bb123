//! `rate(5 minutes)`: again and again after so long.

use jiff::{SignedDuration, Timestamp};

use crate::schedule::Dialect;

/// How long from one to the next; whole minutes. A day is 24 hours, whatever the clocks do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate(SignedDuration);

/// Longer than anything: about 31,000 years.
const MOST_MINUTES: i64 = 1 << 34;

impl Rate {
    /// From what stands between the parentheses.
    pub(crate) fn parse(text: &str, dialect: Dialect) -> Result<Self, String> {
        let form = "write rate(5 minutes), rate(1 hour) or rate(2 days)";
        let (value, unit) = text.split_once(' ').ok_or(form)?;
        let number = value.parse::<i64>().ok().filter(|it| *it > 0);
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
        let number = number
            .filter(|_| is_number)
            .ok_or_else(|| format!("`{value}` is not a positive whole number; {form}"))?;
        let minutes = match unit.strip_suffix('s').unwrap_or(unit) {
            "minute" => 1,
            "hour" => 60,
            "day" => 24 * 60,
            _ => return Err(format!("`{unit}` is not minutes, hours or days; {form}")),
        };
        // EventBridge Scheduler's own examples have rate(1 days); rules insist.
        let is_plural = unit.ends_with('s');
        if dialect == Dialect::Rules && is_plural != (number != 1) {
            let right = unit.strip_suffix('s').unwrap_or(unit);
            let s = if number == 1 { "" } else { "s" };
            return Err(format!("a rule takes rate({number} {right}{s})"));
        }
        let minutes = number.checked_mul(minutes).filter(|it| *it <= MOST_MINUTES);
        minutes
            .map(|minutes| Self(SignedDuration::from_mins(minutes)))
            .ok_or_else(|| format!("{number} {unit} are too many"))
    }

    /// The first occurrence after `after`, counted from `start`, which is one.
    pub(crate) fn next(self, start: Timestamp, after: Timestamp) -> Option<Timestamp> {
        if after < start {
            return Some(start);
        }
        let step = self.0.as_millis();
        let count = after.duration_since(start).as_millis() / step + 1;
        self.nth(start, count)
    }

    /// The last occurrence before `before`.
    pub(crate) fn previous(self, start: Timestamp, before: Timestamp) -> Option<Timestamp> {
        if before <= start {
            return None;
        }
        let since = before.duration_since(start).as_nanos();
        let count = (since - 1) / self.0.as_nanos();
        self.nth(start, count)
    }

    fn nth(self, start: Timestamp, count: i128) -> Option<Timestamp> {
        let seconds = i64::try_from(count).ok()?.checked_mul(self.0.as_secs())?;
        start.checked_add(SignedDuration::from_secs(seconds)).ok()
    }
}
