//! The places along a chart.

use arrow::{
    array::{Array, ArrayRef, AsArray},
    compute::cast,
    datatypes::{DataType, Float64Type},
};

use crate::{
    data::{is_drawable, micros, texts},
    error::ChartError,
    number::full,
    ticks::moment,
};

/// The places along a chart: in order, each once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Axis {
    /// Instants, in microseconds since the epoch.
    Times(Vec<i64>),
    /// Numbers.
    Numbers(Vec<f64>),
    /// Names, in order of appearance.
    Names(Vec<String>),
}

/// The place of each row; `None` where it has none.
type Places = Vec<Option<usize>>;

impl Axis {
    /// The axis that a column is, and the place of each row on it.
    pub(crate) fn of(column: &ArrayRef) -> Result<(Self, Places), ChartError> {
        let data_type = column.data_type();
        if data_type.is_temporal() {
            let times = micros(column)?;
            let mut sorted: Vec<i64> = times.iter().flatten().copied().collect();
            sorted.sort_unstable();
            sorted.dedup();
            let place = |time: &Option<i64>| sorted.binary_search(&(*time)?).ok();
            let places = times.iter().map(place).collect();
            return Ok((Self::Times(sorted), places));
        }
        if data_type.is_numeric() {
            let numbers = cast(column, &DataType::Float64)?;
            let numbers = numbers.as_primitive::<Float64Type>();
            let mut sorted: Vec<f64> = numbers
                .iter()
                .flatten()
                .filter(|it| is_drawable(*it))
                .collect();
            sorted.sort_by(f64::total_cmp);
            sorted.dedup();
            let place = |it: f64| sorted.binary_search_by(|other| other.total_cmp(&it)).ok();
            let places = numbers.iter().map(|it| it.and_then(place)).collect();
            return Ok((Self::Numbers(sorted), places));
        }
        let texts = texts(column)?;
        let mut names: Vec<String> = Vec::new();
        let mut index = std::collections::HashMap::new();
        let places = texts
            .into_iter()
            .map(|text| {
                Some(*index.entry(text).or_insert_with_key(|text| {
                    names.push(text.clone());
                    names.len() - 1
                }))
            })
            .collect();
        Ok((Self::Names(names), places))
    }

    /// The numbers of the rows, where no column is an axis.
    pub(crate) fn rows(count: usize) -> (Self, Places) {
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let numbers = (1..=count).map(|row| row as f64).collect();
        (Self::Numbers(numbers), (0..count).map(Some).collect())
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Times(times) => times.len(),
            Self::Numbers(numbers) => numbers.len(),
            Self::Names(names) => names.len(),
        }
    }

    /// What a place is called.
    pub(crate) fn label(&self, place: usize) -> String {
        match self {
            Self::Times(times) => times.get(place).copied().map(moment),
            Self::Numbers(numbers) => numbers.get(place).copied().map(full),
            Self::Names(names) => names.get(place).cloned(),
        }
        .unwrap_or_default()
    }

    /// Where a place is along the axis, from 0 to 1: by value where there are values.
    #[expect(clippy::cast_precision_loss, reason = "a position in a picture")]
    pub(crate) fn position(&self, place: usize) -> f64 {
        let between = |low: f64, high: f64, at: f64| {
            if high > low {
                (at - low) / (high - low)
            } else {
                0.5
            }
        };
        match self {
            Self::Times(times) => match (times.first(), times.last(), times.get(place)) {
                (Some(low), Some(high), Some(at)) => {
                    between(0.0, high.abs_diff(*low) as f64, at.abs_diff(*low) as f64)
                }
                _ => 0.5,
            },
            Self::Numbers(numbers) => match (numbers.first(), numbers.last(), numbers.get(place)) {
                (Some(low), Some(high), Some(at)) => between(*low, *high, *at),
                _ => 0.5,
            },
            Self::Names(names) => between(0.0, names.len().saturating_sub(1) as f64, place as f64),
        }
    }

    /// The smallest distance between two places, as a share of the whole; what a bar may be wide.
    pub(crate) fn step(&self) -> f64 {
        let positions: Vec<f64> = (0..self.len()).map(|place| self.position(place)).collect();
        positions
            .iter()
            .zip(positions.iter().skip(1))
            .map(|(a, b)| b - a)
            .fold(1.0, f64::min)
    }
}
