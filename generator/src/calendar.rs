//! When people come: the week as a table of weights.

use crate::{clock::HOUR_MS, options::Bounds};

/// How busy each hour (UTC) of a workday is.
const WORKDAY: [u64; 24] = [
    18, 12, 8, 6, 6, 10, 24, 46, 58, 60, 62, 68, 80, 74, 62, 60, 66, 80, 104, 128, 140, 126, 84, 40,
];
/// How busy each hour of a Saturday or Sunday is: later up, and fuller afternoons.
const WEEKEND: [u64; 24] = [
    30, 22, 14, 9, 7, 8, 14, 26, 48, 74, 96, 108, 110, 108, 106, 104, 102, 104, 112, 122, 118, 98,
    66, 38,
];
/// How busy each weekday is, in percent, Monday first.
const WEEKDAY: [u64; 7] = [100, 96, 94, 98, 92, 106, 122];

/// The weight of an hour counted from the Unix epoch, which was a Thursday.
fn weight(hour: u64) -> u64 {
    let in_week = (hour + 3 * 24) % (7 * 24);
    let (day, of_day) = (in_week / 24, in_week % 24);
    let table = if day >= 5 { &WEEKEND } else { &WORKDAY };
    let index = |n: u64| usize::try_from(n).unwrap_or(0);
    table[index(of_day)] * WEEKDAY[index(day)]
}

/// Turns shares of the traffic into times: walks the span hour by hour, at the pace of the weights.
#[derive(Debug)]
pub(crate) struct Calendar {
    bounds: Bounds,
    /// Weighted milliseconds of the whole span; at most 3,660 days × 17,080, so below 2⁵³.
    total: u64,
    hour: u64,
    /// Weighted milliseconds before `hour`.
    passed: u64,
}

impl Calendar {
    pub(crate) fn new(bounds: Bounds) -> Self {
        let hours = bounds.start / HOUR_MS..=(bounds.end - 1) / HOUR_MS;
        let total = hours.map(|hour| length(bounds, hour) * weight(hour)).sum();
        Self {
            bounds,
            total,
            hour: bounds.start / HOUR_MS,
            passed: 0,
        }
    }

    /// The time by which `part` of `whole` has come, in milliseconds since the Unix epoch. Parts must not shrink
    /// from one call to the next.
    pub(crate) fn time(&mut self, part: u128, whole: u128) -> u64 {
        let share = u128::from(self.total) * part / whole.max(1);
        let target = u64::try_from(share).unwrap_or(u64::MAX).min(self.total - 1);
        loop {
            let weight = weight(self.hour);
            let here = length(self.bounds, self.hour) * weight;
            if target < self.passed + here {
                let first = self.bounds.start.max(self.hour * HOUR_MS);
                return first + target.saturating_sub(self.passed) / weight;
            }
            self.passed += here;
            self.hour += 1;
        }
    }
}

/// The milliseconds of an hour that lie within the bounds.
fn length(bounds: Bounds, hour: u64) -> u64 {
    let first = bounds.start.max(hour * HOUR_MS);
    let end = bounds.end.min((hour + 1) * HOUR_MS);
    end.saturating_sub(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MONDAY: u64 = 1_793_577_600_000; // 2026-11-02T00:00:00Z

    #[test]
    fn a_monday_is_a_monday() {
        assert_eq!(weight(MONDAY / HOUR_MS), WORKDAY[0] * WEEKDAY[0]);
        assert_eq!(
            weight(MONDAY / HOUR_MS + 5 * 24 + 3),
            WEEKEND[3] * WEEKDAY[5]
        );
    }

    #[test]
    fn an_evening_is_busier_than_a_night() {
        let bounds = Bounds {
            start: MONDAY,
            end: MONDAY + 24 * HOUR_MS,
        };
        let mut calendar = Calendar::new(bounds);
        let mut hours = [0; 24];
        for part in 0..10_000 {
            let hour = (calendar.time(part, 10_000) - MONDAY) / HOUR_MS;
            hours[usize::try_from(hour).unwrap()] += 1;
        }
        assert!(hours[20] > 10 * hours[3], "{hours:?}");
    }

    proptest! {
        #[test]
        fn times_fill_the_span_in_order(offset in 0u64..10_000_000_000, span in 1u64..90_000_000_000, whole in 1u64..500) {
            let bounds = Bounds { start: MONDAY + offset, end: MONDAY + offset + span };
            let mut calendar = Calendar::new(bounds);
            let times: Vec<u64> = (0..=whole).map(|part| calendar.time(part.into(), whole.into())).collect();
            prop_assert!(times.is_sorted());
            prop_assert_eq!(times[0], bounds.start);
            prop_assert_eq!(times[times.len() - 1], bounds.end - 1);
        }
    }
}
