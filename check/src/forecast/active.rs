//! How many partitions are active at once.

use crate::survey::Survey;

/// Partitions that are active at once.
///
/// A partition is active from its first buffered byte until its buffer is delivered (developer guide, buffer
/// data for dynamic partitioning), so those that get a record within an interval are.
#[derive(Debug, Clone, PartialEq)]
pub struct Active {
    /// At most times.
    pub steady: f64,
    /// When a key that follows the event's time has just changed: buffers of before still wait.
    pub peak: f64,
    /// Of those at most times, the ones that the sample does not have: an estimate from how many it has
    /// only once or twice.
    pub unseen: f64,
    /// How often that key changes, in seconds; `None` where no key does.
    pub period: Option<f64>,
    /// The keys, those that multiply partitions most first.
    pub keys: Vec<KeyBurden>,
}

/// What one key does to the number of partitions.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyBurden {
    /// The key.
    pub name: String,
    /// Distinct values in the sample.
    pub values: usize,
    /// Partitions at most times without it.
    pub without: f64,
    /// Whether it follows the event's time.
    pub follows_time: bool,
}

impl Active {
    /// For `records` that land while a partition takes records: in an interval, or for as long as the finest
    /// part of the time lasts that a key follows.
    pub(crate) fn new(survey: &Survey, records: f64, interval: f64, period: f64) -> Self {
        let kept = |at: usize| {
            survey
                .columns
                .get(at)
                .is_some_and(|it| it.period().is_none())
        };
        let counts = |skip: Option<usize>| -> Vec<u64> {
            let groups = survey.grouped(|at| kept(at) && Some(at) != skip);
            groups.into_iter().map(|(_, records, _)| records).collect()
        };
        let all = counts(None);
        let (kinds, unseen) = expected_kinds(&all, records);
        // Windows of the time that are open at once, at most times and just after one ends.
        let windows = if interval > period {
            interval / period + 1.0
        } else {
            1.0
        };
        let most_windows = if period.is_finite() {
            (interval / period).floor() + 2.0
        } else {
            1.0
        };
        let mut keys: Vec<KeyBurden> = survey
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let values = survey.grouped(|it| it == at).len();
                let follows_time = column.period().is_some();
                let without = if follows_time {
                    kinds
                } else {
                    expected_kinds(&counts(Some(at)), records).0 * windows
                };
                KeyBurden {
                    name: column.name.clone(),
                    values,
                    without,
                    follows_time,
                }
            })
            .collect();
        keys.sort_by(|a, b| {
            a.without
                .total_cmp(&b.without)
                .then(b.values.cmp(&a.values))
        });
        Self {
            steady: kinds * windows,
            peak: kinds * most_windows,
            unseen: unseen * windows,
            period: period.is_finite().then_some(period),
            keys,
        }
    }
}

/// How many kinds `records` further records have, given how often each kind is in the sample; and how many of
/// those the sample does not have.
///
/// Below the size of the sample this is rarefaction. Above it, it is the extrapolation of Chao and others
/// (2014): the number of kinds that were never seen is estimated from those seen once and twice (Chao1), which
/// is a lower bound.
#[expect(clippy::cast_precision_loss, reason = "counts of a sample")]
pub(crate) fn expected_kinds(counts: &[u64], records: f64) -> (f64, f64) {
    let sample: f64 = counts.iter().map(|count| *count as f64).sum();
    if sample == 0.0 {
        return (0.0, 0.0);
    }
    if records <= sample {
        // A kind is missed when each of its records is.
        let missed = 1.0 - records / sample;
        let kinds = counts
            .iter()
            .map(|count| 1.0 - missed.powf(*count as f64))
            .sum();
        return (kinds, 0.0);
    }
    let seen_times = |times: u64| counts.iter().filter(|count| **count == times).count() as f64;
    let (once, twice) = (seen_times(1), seen_times(2));
    let never = if twice > 0.0 {
        once * once / (2.0 * twice)
    } else {
        once * (once - 1.0).max(0.0) / 2.0
    };
    let found = if never > 0.0 {
        never * (1.0 - (-(records - sample) / sample * once / never).exp())
    } else {
        0.0
    };
    (counts.len() as f64 + found, found)
}
