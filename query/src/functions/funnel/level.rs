//! How far one group came.

use datafusion::common::{Result as DataFusionResult, plan_err};

/// Most conditions, as in `ClickHouse`.
pub(super) const MAX_STEPS: usize = 32;

/// A row that meets some conditions: bit `n` of `met` is set where the `n`-th holds. The order is by time; of rows
/// at the same time, one that meets an earlier condition comes first, so that no order of reading changes a
/// result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    pub(super) time: i64,
    pub(super) met: u32,
}

/// The modes of `ClickHouse`'s function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Modes {
    /// A condition that is met a second time ends the chain.
    pub(super) strict_deduplication: bool,
    /// A row that meets another condition than the next, or none, ends the chain.
    pub(super) strict_order: bool,
    /// Each step must be later than the one before, not at the same time.
    pub(super) strict_increase: bool,
}

impl Modes {
    pub(super) fn add(&mut self, name: &str) -> DataFusionResult<()> {
        match name {
            "strict_deduplication" => self.strict_deduplication = true,
            "strict_order" => self.strict_order = true,
            "strict_increase" => self.strict_increase = true,
            other => {
                return plan_err!(
                    "window_funnel has no mode '{other}'; there are 'strict_deduplication', 'strict_order' and \
                     'strict_increase'"
                );
            }
        }
        Ok(())
    }
}

/// What counts as a funnel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// The time that the last step may come after the first, in the unit of the times.
    pub(super) window: i64,
    pub(super) modes: Modes,
    /// How many conditions there are.
    pub(super) steps: usize,
}

/// When a level was reached: the time of the chain's first step, and of its latest.
type Reached = Option<(i64, i64)>;

impl Rule {
    /// Whether rows that meet no condition matter.
    pub(super) fn needs_every_row(&self) -> bool {
        self.modes.strict_order
    }

    /// The level that these rows reach; they need not be sorted.
    pub(super) fn level(&self, steps: &mut [Step]) -> i64 {
        if !steps.is_sorted() {
            steps.sort_unstable();
        }
        let mut reached: [Reached; MAX_STEPS] = [None; MAX_STEPS];
        let mut previous = 0;
        for step in steps.iter() {
            if step.met == 0 && self.modes.strict_order && reached[0].is_some() {
                break;
            }
            // From the last condition to the first, so that one row is not two steps.
            let mut met = step.met;
            while met != 0 {
                let index = met.ilog2() as usize;
                met &= !(1 << index);
                if let Some(level) = self.advance(&mut reached, index, step.time, previous) {
                    return level;
                }
                previous = level_of(index);
            }
        }
        reached
            .iter()
            .rposition(Option::is_some)
            .map_or(0, level_of)
    }

    /// Takes one step; a level when the chain is at its end.
    fn advance(
        &self,
        reached: &mut [Reached; MAX_STEPS],
        index: usize,
        time: i64,
        previous: i64,
    ) -> Option<i64> {
        if index == 0 {
            reached[0] = Some((time, time));
            return (self.steps == 1).then_some(1);
        }
        if self.modes.strict_deduplication && reached[index].is_some() {
            return Some(previous);
        }
        let Some((first, latest)) = reached[index - 1] else {
            if self.modes.strict_order && reached[0].is_some() {
                return reached
                    .iter()
                    .position(Option::is_none)
                    .map(|at| level_of(at) - 1);
            }
            return None;
        };
        let in_window = time <= first.saturating_add(self.window);
        let later = !self.modes.strict_increase || latest < time;
        if in_window && later {
            reached[index] = Some((first, time));
            if index + 1 == self.steps {
                return Some(level_of(index));
            }
        }
        None
    }
}

/// The level of the condition with this index.
#[expect(clippy::cast_possible_wrap, reason = "an index below 32")]
fn level_of(index: usize) -> i64 {
    index as i64 + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule(window: i64, modes: &[&str], steps: usize) -> Rule {
        let mut all = Modes::default();
        for mode in modes {
            all.add(mode).unwrap();
        }
        Rule {
            window,
            modes: all,
            steps,
        }
    }

    /// Steps by time and the letters of the conditions that they meet.
    fn level(rule: Rule, steps: &[(i64, &str)]) -> i64 {
        let mut steps: Vec<Step> = steps
            .iter()
            .map(|(time, met)| Step {
                time: *time,
                met: met.bytes().map(|letter| 1 << (letter - b'a')).sum(),
            })
            .collect();
        rule.level(&mut steps)
    }

    #[test]
    fn steps_count_in_order_and_within_the_window() {
        let plain = rule(10, &[], 3);
        assert_eq!(level(plain, &[]), 0);
        assert_eq!(level(plain, &[(1, "b"), (2, "c")]), 0);
        assert_eq!(level(plain, &[(1, "a"), (2, "c"), (3, "b")]), 2);
        assert_eq!(level(plain, &[(1, "a"), (5, "b"), (11, "c")]), 3);
        assert_eq!(level(plain, &[(1, "a"), (5, "b"), (12, "c")]), 2);
        // A later first step opens a window of its own.
        assert_eq!(level(plain, &[(1, "a"), (9, "a"), (10, "b"), (19, "c")]), 3);
    }

    #[test]
    fn one_row_is_one_step_and_rows_at_one_time_are_several() {
        let plain = rule(10, &[], 3);
        assert_eq!(level(plain, &[(1, "abc")]), 1);
        assert_eq!(level(plain, &[(1, "c"), (1, "b"), (1, "a")]), 3);
        let increase = rule(10, &["strict_increase"], 3);
        assert_eq!(level(increase, &[(1, "a"), (1, "b"), (2, "c")]), 1);
        assert_eq!(level(increase, &[(1, "a"), (2, "b"), (3, "c")]), 3);
    }

    #[test]
    fn strict_modes_end_a_chain() {
        let order = rule(10, &["strict_order"], 3);
        assert_eq!(level(order, &[(0, ""), (1, "a"), (2, "b"), (3, "c")]), 3);
        assert_eq!(level(order, &[(1, "a"), (2, ""), (3, "b")]), 1);
        assert_eq!(level(order, &[(1, "a"), (2, "c"), (3, "b")]), 1);
        let once = rule(10, &["strict_deduplication"], 4);
        let steps = [(1, "a"), (2, "b"), (3, "c"), (4, "b"), (5, "d")];
        assert_eq!(level(once, &steps), 3);
    }

    /// The level by trying every choice of rows.
    fn by_trying(rule: Rule, steps: &[Step]) -> i64 {
        fn from(rule: Rule, rest: &[Step], index: usize, start: i64) -> i64 {
            if index == rule.steps {
                return level_of(index) - 1;
            }
            let mut best = level_of(index) - 1;
            for (at, step) in rest.iter().enumerate() {
                if step.met >> index & 1 == 1 && step.time <= start.saturating_add(rule.window) {
                    best = best.max(from(rule, &rest[at + 1..], index + 1, start));
                }
            }
            best
        }
        steps
            .iter()
            .enumerate()
            .filter(|(_, step)| step.met & 1 == 1)
            .map(|(at, step)| from(rule, &steps[at + 1..], 1, step.time))
            .max()
            .unwrap_or(0)
    }

    proptest! {
        #[test]
        fn the_level_is_that_of_the_best_choice_of_rows(
            steps in prop::collection::vec((0_i64..12, 0_u32..8), 0..9),
            window in 0_i64..12,
        ) {
            let mut steps: Vec<Step> = steps.into_iter().map(|(time, met)| Step { time, met }).collect();
            let rule = rule(window, &[], 3);
            let level = rule.level(&mut steps);
            prop_assert_eq!(level, by_trying(rule, &steps));
            steps.reverse();
            prop_assert_eq!(level, rule.level(&mut steps));
        }
    }
}
