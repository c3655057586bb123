//! The quotas of direct puts: what a stream takes in a second (Firehose quotas).

use std::sync::{Mutex, PoisonError};

use hydrant_records::limits::MIB;
use jiff::Timestamp;

/// What a stream takes in a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PerSecond {
    records: f64,
    requests: f64,
    bytes: f64,
}

impl PerSecond {
    /// The quotas of a Region; `hint` is `ThroughputHintInMBs`, with which all three grow.
    pub(crate) fn of(region: &str, hint: Option<u32>) -> Self {
        let (records, requests, mebibytes) = match region {
            "us-east-1" | "us-west-2" | "eu-west-1" => (500_000.0, 2_000.0, 5.0),
            _ => (100_000.0, 1_000.0, 1.0),
        };
        let factor = hint.map_or(1.0, |hint| (f64::from(hint) / mebibytes).max(1.0));
        #[expect(clippy::cast_precision_loss, reason = "a mebibyte")]
        let mebibyte = MIB as f64;
        Self {
            records: records * factor,
            requests: requests * factor,
            bytes: mebibytes * mebibyte * factor,
        }
    }

    pub(crate) fn records(self) -> f64 {
        self.records
    }

    pub(crate) fn requests(self) -> f64 {
        self.requests
    }

    pub(crate) fn bytes(self) -> f64 {
        self.bytes
    }
}

/// The quota of one stream. What it takes in a second it takes at once, or spread over it.
#[derive(Debug)]
pub(crate) struct Quota {
    most: PerSecond,
    left: Mutex<(PerSecond, Timestamp)>,
}

impl Quota {
    pub(crate) fn new(most: PerSecond, now: Timestamp) -> Self {
        Self {
            most,
            left: Mutex::new((most, now)),
        }
    }

    /// How many of a request's records are taken, of those with these lengths: the first that fit.
    pub(crate) fn admit(&self, now: Timestamp, lengths: &[u32]) -> usize {
        let mut guard = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, since) = &mut *guard;
        let passed = now.duration_since(*since).as_secs_f64().max(0.0);
        *since = now.max(*since);
        let grow = |left: f64, most: f64| (left + most * passed).min(most);
        left.records = grow(left.records, self.most.records);
        left.requests = grow(left.requests, self.most.requests);
        left.bytes = grow(left.bytes, self.most.bytes);
        if left.requests < 1.0 {
            return 0;
        }
        left.requests -= 1.0;
        let mut admitted = 0;
        for length in lengths {
            let length = f64::from(*length);
            if left.records < 1.0 || left.bytes < length {
                break;
            }
            left.records -= 1.0;
            left.bytes -= length;
            admitted += 1;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Over any time, no more is taken than the quota of that time and of the second before it.
        #[test]
        fn no_more_is_taken_than_the_quota(
            puts in prop::collection::vec((0_i64..800, prop::collection::vec(0_u32..300_000, 1..20)), 1..60),
        ) {
            let most = PerSecond::of("eu-north-1", None);
            let start = Timestamp::UNIX_EPOCH;
            let quota = Quota::new(most, start);
            let mut now = start;
            let mut taken = 0.0;
            for (wait, lengths) in puts {
                now += SignedDuration::from_millis(wait);
                let admitted = quota.admit(now, &lengths);
                taken += lengths[..admitted].iter().map(|it| f64::from(*it)).sum::<f64>();
                let seconds = now.duration_since(start).as_secs_f64();
                prop_assert!(taken <= most.bytes * (seconds + 1.0) + 1.0);
            }
        }
    }

    #[test]
    fn a_second_is_taken_at_once_and_then_no_more_until_time_passes() {
        let quota = Quota::new(PerSecond::of("eu-north-1", None), Timestamp::UNIX_EPOCH);
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(quota.admit(now, &[500_000, 500_000, 500_000]), 2);
        assert_eq!(quota.admit(now, &[500_000]), 0);
        let later = now + SignedDuration::from_millis(500);
        assert_eq!(quota.admit(later, &[500_000, 500_000]), 1);
    }

    #[test]
    fn requests_and_records_count_as_well() {
        let quota = Quota::new(PerSecond::of("eu-north-1", None), Timestamp::UNIX_EPOCH);
        let now = Timestamp::UNIX_EPOCH;
        let taken: usize = (0..1_001).map(|_| quota.admit(now, &[0; 100])).sum();
        assert_eq!(taken, 100_000);
        assert_eq!(quota.admit(now, &[0]), 0);
    }

    #[test]
    fn a_throughput_hint_raises_all_three() {
        let plain = PerSecond::of("eu-west-1", None);
        let raised = PerSecond::of("eu-west-1", Some(10));
        assert_eq!(
            (raised.bytes, raised.records),
            (plain.bytes * 2.0, plain.records * 2.0)
        );
        assert_eq!(PerSecond::of("eu-west-1", Some(1)), plain);
    }
}
