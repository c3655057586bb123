//! What a stream will make of a load, from a sample: partitions that are active, objects, and the bill.
//!
//! Records are taken to arrive one by one at an even rate, each of the kind that the sample has with that
//! share, when they happen. Live traffic has busier hours: give the rate of the busiest for the quota, and
//! the mean for the bill.

mod active;
mod bill;
mod report;

use hydrant_records::limits::MAX_ACTIVE_PARTITIONS;

pub use active::{Active, KeyBurden};
pub use bill::CostLine;

use crate::{prices::Prices, shape::StreamShape, survey::Survey};

/// Seconds in a day.
const DAY: f64 = 86_400.0;

/// A stored object below this is small: listing and opening it costs a reader as much as reading it. Ours.
const SMALL_OBJECT_BYTES: f64 = 1_048_576.0;

/// Partitions that are shown by name.
const SHOWN: usize = 20;

/// What a stream will make of a load.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// Records that producers put a second.
    pub rate: f64,
    /// Partitions active at once.
    pub active: Active,
    /// The quota of them.
    pub quota: f64,
    /// Objects a day.
    pub objects_a_day: f64,
    /// Stored bytes of a middling object: half of all objects are smaller.
    pub median_object: f64,
    /// Share of objects that are small.
    pub small_share: f64,
    /// The kinds of partitions with most records, time left aside.
    pub kinds: Vec<Kind>,
    /// How many kinds there are in the sample.
    pub kind_count: usize,
    /// Names of the columns that a kind has.
    pub kind_columns: Vec<String>,
    /// The bill of a month.
    pub costs: Vec<CostLine>,
    /// What is not in the bill.
    pub not_billed: Vec<String>,
    /// The price list.
    pub prices: Prices,
    /// Records of the sample that the forecast rests on, and those of one interval.
    pub records_seen: f64,
    /// Records that land in one buffering interval.
    pub records_an_interval: f64,
}

/// A kind of partition: the values of its keys, those that follow the event's time left aside.
#[derive(Debug, Clone, PartialEq)]
pub struct Kind {
    /// The values.
    pub values: Vec<String>,
    /// Share of all records that land.
    pub share: f64,
    /// Objects a day.
    pub objects_a_day: f64,
    /// Bytes of an object before compression.
    pub object_bytes: f64,
    /// Stored bytes of an object.
    pub stored_bytes: f64,
}

impl Forecast {
    /// Predicts; `None` where no record of the sample lands. `rate` is in records put a second.
    #[expect(clippy::cast_precision_loss, reason = "counts of a sample")]
    pub fn new(survey: &Survey, shape: &StreamShape, rate: f64, prices: Prices) -> Option<Self> {
        if survey.landed == 0 || survey.put == 0 || !rate.is_finite() || rate <= 0.0 {
            return None;
        }
        let landed = survey.landed as f64;
        let landing_rate = rate * landed / survey.put as f64;
        let kept = |at: usize| {
            survey
                .columns
                .get(at)
                .is_some_and(|it| it.period().is_none())
        };
        let groups = survey.grouped(kept);
        let period = survey
            .columns
            .iter()
            .filter_map(crate::survey::Column::period);
        let period = period.fold(f64::INFINITY, f64::min);
        // A partition gets records for as long as its part of the time lasts.
        let window = shape.interval.min(period);
        let mut kinds: Vec<Kind> = groups
            .iter()
            .map(|(values, records, bytes)| {
                let part = *records as f64 / landed;
                let record_bytes = (*bytes as f64 / *records as f64).max(1.0);
                let arriving = landing_rate * part;
                let by_time = 1.0 + arriving * window;
                let by_size = (shape.buffer_bytes / record_bytes).max(1.0);
                let in_object = by_time.min(by_size);
                Kind {
                    values: values.iter().map(|&value| value.to_owned()).collect(),
                    share: part,
                    objects_a_day: DAY * arriving / in_object,
                    object_bytes: in_object * record_bytes,
                    stored_bytes: in_object * record_bytes * survey.ratio(),
                }
            })
            .collect();
        let objects_a_day = kinds.iter().map(|kind| kind.objects_a_day).sum();
        let (median_object, small_share) = sizes(&kinds, objects_a_day);
        let kind_count = kinds.len();
        kinds.truncate(SHOWN);
        let kind_columns = survey.columns.iter().filter(|it| it.period().is_none());
        let mut forecast = Self {
            rate,
            active: Active::new(survey, landing_rate * window, shape.interval, period),
            quota: MAX_ACTIVE_PARTITIONS as f64,
            objects_a_day,
            median_object,
            small_share,
            kinds,
            kind_count,
            kind_columns: kind_columns.map(|it| it.name.clone()).collect(),
            costs: Vec::new(),
            not_billed: Vec::new(),
            prices,
            records_seen: landed,
            records_an_interval: landing_rate * shape.interval,
        };
        bill::fill_in(&mut forecast, survey, shape);
        Some(forecast)
    }

    /// Dollars a month.
    pub fn total(&self) -> f64 {
        self.costs.iter().map(|line| line.dollars).sum()
    }

    /// Whether the quota of active partitions would be broken at times.
    pub fn breaks_quota(&self) -> bool {
        self.active.peak > self.quota
    }

    /// Whether there are so many small objects that readers suffer.
    pub fn has_small_objects(&self) -> bool {
        self.small_share > 0.5 && self.objects_a_day > 1000.0
    }

    /// Whether the sample is too small for what is asked of it: kinds that it has once may be many.
    pub fn is_thin(&self) -> bool {
        self.active.unseen > 0.1 * self.active.steady.max(1.0)
    }
}

/// The stored size that half of all objects stay below, and the share of small ones.
fn sizes(kinds: &[Kind], objects: f64) -> (f64, f64) {
    let mut by_size: Vec<&Kind> = kinds.iter().collect();
    by_size.sort_by(|a, b| a.stored_bytes.total_cmp(&b.stored_bytes));
    let (mut seen, mut median, mut small) = (0.0, 0.0, 0.0);
    for kind in by_size {
        if seen <= objects / 2.0 {
            median = kind.stored_bytes;
        }
        seen += kind.objects_a_day;
        if kind.stored_bytes < SMALL_OBJECT_BYTES {
            small += kind.objects_a_day;
        }
    }
    (median, if objects > 0.0 { small / objects } else { 0.0 })
}

#[cfg(test)]
mod tests;
