//! What aggregates over many groups have in common.

use arrow::array::{Array, ArrayRef, BooleanArray};
use datafusion::{
    common::Result as DataFusionResult,
    logical_expr::{EmitTo, GroupsAccumulator},
};

/// Whether a row counts, by the `FILTER` of its aggregate.
#[inline]
pub(super) fn counts(filter: Option<&BooleanArray>, row: usize) -> bool {
    filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

/// The states of rows of which each is a group of its own; `each` has no groups yet.
pub(super) fn states_of_rows(
    mut each: impl GroupsAccumulator,
    values: &[ArrayRef],
    filter: Option<&BooleanArray>,
) -> DataFusionResult<Vec<ArrayRef>> {
    let rows = values.first().map_or(0, Array::len);
    let groups: Vec<usize> = (0..rows).collect();
    each.update_batch(values, &groups, filter, rows)?;
    each.state(EmitTo::All)
}

/// What an accumulator takes in memory with the rows of its groups.
pub(super) fn size_with<A, T>(rows: &Vec<T>) -> usize {
    size_of::<A>() + rows.capacity() * size_of::<T>()
}
