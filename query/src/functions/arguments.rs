//! What several functions take: times, spans of time, conditions.

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray},
    compute::prep_null_mask_filter,
    datatypes::{
        DataType, Int64Type, IntervalMonthDayNano, IntervalUnit, TimeUnit, TimestampMicrosecondType,
    },
};
use datafusion::common::{Result as DataFusionResult, ScalarValue, exec_err};

const DAY: i64 = 86_400_000_000;

/// The type that a column of times is read as: microseconds for timestamps and dates, integers as they are.
pub(super) fn time_type(given: &DataType) -> Option<DataType> {
    match given {
        DataType::Timestamp(_, zone) => {
            Some(DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))
        }
        DataType::Date32 | DataType::Date64 => {
            Some(DataType::Timestamp(TimeUnit::Microsecond, None))
        }
        other => other.is_integer().then_some(DataType::Int64),
    }
}

/// The type that a span of time is read as: an interval, or an integer.
pub(super) fn span_type(given: &DataType) -> Option<DataType> {
    match given {
        DataType::Interval(_) | DataType::Duration(_) => {
            Some(DataType::Interval(IntervalUnit::MonthDayNano))
        }
        other => other.is_integer().then_some(DataType::Int64),
    }
}

/// A span of time in the unit of the times: seconds count for timestamps, the column's own unit for integers.
pub(super) fn span(value: &ScalarValue, times: &DataType) -> DataFusionResult<i64> {
    let is_integer = matches!(times, DataType::Int64);
    let span = match value {
        ScalarValue::Int64(Some(units)) if is_integer => Some(*units),
        ScalarValue::Int64(Some(seconds)) => seconds.checked_mul(1_000_000),
        ScalarValue::IntervalMonthDayNano(Some(_)) if is_integer => {
            return exec_err!("the times are integers; give the span of time as an integer too");
        }
        ScalarValue::IntervalMonthDayNano(Some(interval)) => micros(*interval)?,
        _ => return exec_err!("the span of time is null; write such as interval '1 hour'"),
    };
    match span {
        Some(span) if span >= 0 => Ok(span),
        _ => exec_err!("the span of time {value} is negative or too large"),
    }
}

fn micros(interval: IntervalMonthDayNano) -> DataFusionResult<Option<i64>> {
    if interval.months != 0 {
        return exec_err!("months differ in length; give the span of time in days or hours");
    }
    let days = i64::from(interval.days).checked_mul(DAY);
    Ok(days.and_then(|days| days.checked_add(interval.nanoseconds / 1_000)))
}

/// Times of the type that [`time_type`] gives.
pub(super) enum Times<'a> {
    Micros(&'a PrimitiveArray<TimestampMicrosecondType>),
    Integers(&'a PrimitiveArray<Int64Type>),
}

impl<'a> Times<'a> {
    pub(super) fn of(array: &'a ArrayRef) -> Self {
        if matches!(array.data_type(), DataType::Int64) {
            Self::Integers(array.as_primitive())
        } else {
            Self::Micros(array.as_primitive())
        }
    }

    /// The time of a row; `None` for null.
    pub(super) fn get(&self, row: usize) -> Option<i64> {
        match self {
            Self::Micros(array) => (!array.is_null(row)).then(|| array.value(row)),
            Self::Integers(array) => (!array.is_null(row)).then(|| array.value(row)),
        }
    }
}

/// Conditions, at most 32, as one mask a row: bit `n` is set where the `n`-th holds.
pub(super) fn masks(conditions: &[ArrayRef], rows: usize) -> Vec<u32> {
    let mut masks = vec![0; rows];
    for (bit, condition) in conditions.iter().enumerate() {
        let holds = true_only(condition.as_boolean());
        for row in holds.values().set_indices() {
            if let Some(mask) = masks.get_mut(row) {
                *mask |= 1 << bit;
            }
        }
    }
    masks
}

/// The condition with null as false.
fn true_only(condition: &BooleanArray) -> BooleanArray {
    if condition.null_count() > 0 {
        prep_null_mask_filter(condition)
    } else {
        condition.clone()
    }
}
