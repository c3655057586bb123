//! The row groups and pages of a file that may hold what conditions ask for.

use std::sync::Arc;

use arrow::datatypes::{DataType, Fields};
use parquet::{
    arrow::arrow_reader::{RowSelection, RowSelector},
    bloom_filter::Sbbf,
    file::{
        metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData},
        page_index::column_index::ColumnIndexMetaData,
        statistics::Statistics,
    },
};

use super::{Fault, leaves::leaf, ranges::Ranges};
use crate::{
    condition::{Bound, Condition},
    reader::Source,
};

/// A condition on a leaf of a file.
pub(super) struct OnLeaf<'a> {
    pub(super) condition: &'a Condition,
    leaf: usize,
}

/// The conditions that the file's own columns can answer: those whose values it has under the table's type.
pub(super) fn on_leaves<'a>(
    metadata: &ParquetMetaData,
    stored: &Fields,
    conditions: impl Iterator<Item = &'a Condition>,
) -> Vec<OnLeaf<'a>> {
    let schema = metadata.file_metadata().schema_descr();
    let on_leaf = |condition: &'a Condition| {
        let leaf = leaf(schema, &condition.path)?;
        let is_same = condition.is_of(type_at(stored, &condition.path)?);
        is_same.then_some(OnLeaf { condition, leaf })
    };
    conditions.filter_map(on_leaf).collect()
}

/// The type of what lies at a path of structs.
pub(super) fn type_at<'a>(fields: &'a Fields, path: &[String]) -> Option<&'a DataType> {
    let (first, rest) = path.split_first()?;
    let (_, field) = fields.find(first)?;
    match (rest, field.data_type()) {
        ([], data_type) => Some(data_type),
        (rest, DataType::Struct(fields)) => type_at(fields, rest),
        _ => None,
    }
}

/// The least and the greatest value of a column chunk.
pub(super) fn bounds(column: &ColumnChunkMetaData) -> Option<(Bound, Bound)> {
    Some(match column.statistics()? {
        Statistics::Int64(it) => (
            Bound::Integer(*it.min_opt()?),
            Bound::Integer(*it.max_opt()?),
        ),
        Statistics::Double(it) => (Bound::Float(*it.min_opt()?), Bound::Float(*it.max_opt()?)),
        Statistics::ByteArray(it) => (
            Bound::Text(it.min_bytes_opt()?.to_vec()),
            Bound::Text(it.max_bytes_opt()?.to_vec()),
        ),
        _ => return None,
    })
}

/// Whether a row group may hold rows for which all conditions hold, as its statistics tell.
pub(super) fn may_hold(group: &RowGroupMetaData, conditions: &[OnLeaf<'_>]) -> bool {
    conditions.iter().all(|it| {
        let bounds = group.columns().get(it.leaf).and_then(bounds);
        bounds.is_none_or(|(least, most)| it.condition.may_hold(&least, &most))
    })
}

/// Whether it may, as its bloom filters tell, which are read for it.
///
/// # Errors
///
/// [`Fault::Store`].
pub(super) async fn blooms_may_hold(
    source: &Arc<Source>,
    (key, ranges): (&str, &Ranges),
    group: &RowGroupMetaData,
    conditions: &[OnLeaf<'_>],
) -> Result<bool, Fault> {
    for it in conditions {
        let Some(literals) = it.condition.literals() else {
            continue;
        };
        let column = group.columns().get(it.leaf);
        let place = column.and_then(|column| {
            let start = u64::try_from(column.bloom_filter_offset()?).ok()?;
            let length = u64::try_from(column.bloom_filter_length()?).ok()?;
            Some(start..start.checked_add(length)?)
        });
        // A dictionary's bloom filter is a few bytes; the statistics have said as much.
        let Some(place) = place.filter(|place| place.end <= ranges.length()) else {
            continue;
        };
        let bytes = ranges.get(source, key, &[place]).await?;
        let Some(Ok(bloom)) = bytes.first().map(|bytes| Sbbf::from_bytes(bytes)) else {
            continue;
        };
        let mut literals = literals;
        let may_hold = literals.any(|literal| match literal {
            Bound::Integer(value) => bloom.check(value),
            Bound::Text(text) => bloom.check(text.as_slice()),
            // 0.0 and -0.0 are equal and have different bytes.
            Bound::Float(_) => true,
        });
        if !may_hold {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The rows of a row group whose pages may hold what conditions ask for; `None` for all of them.
pub(super) fn pages(
    metadata: &ParquetMetaData,
    row_group: usize,
    conditions: &[OnLeaf<'_>],
) -> Option<RowSelection> {
    let columns = metadata.column_index()?.get(row_group)?;
    let offsets = metadata.offset_index()?.get(row_group)?;
    let rows = usize::try_from(metadata.row_group(row_group).num_rows()).ok()?;
    let mut selected: Option<RowSelection> = None;
    for it in conditions {
        let (Some(column), Some(offsets)) = (columns.get(it.leaf), offsets.get(it.leaf)) else {
            continue;
        };
        let starts = offsets.page_locations().iter();
        let starts: Option<Vec<usize>> = starts
            .map(|page| usize::try_from(page.first_row_index).ok())
            .collect();
        let Some(starts) = starts else { continue };
        let ends = starts.iter().skip(1).copied().chain([rows]);
        let selectors: Vec<RowSelector> = starts
            .iter()
            .zip(ends)
            .enumerate()
            .map(|(page, (start, end))| {
                let may_hold = page_bounds(column, page)
                    .is_none_or(|(least, most)| it.condition.may_hold(&least, &most));
                let rows = end.saturating_sub(*start);
                if may_hold {
                    RowSelector::select(rows)
                } else {
                    RowSelector::skip(rows)
                }
            })
            .collect();
        if selectors.iter().any(|it| it.skip) {
            let of_column = RowSelection::from(selectors);
            selected = Some(match selected {
                Some(selected) => selected.intersection(&of_column),
                None => of_column,
            });
        }
    }
    selected
}

fn page_bounds(column: &ColumnIndexMetaData, page: usize) -> Option<(Bound, Bound)> {
    Some(match column {
        ColumnIndexMetaData::INT64(it) => (
            Bound::Integer(*it.min_value(page)?),
            Bound::Integer(*it.max_value(page)?),
        ),
        ColumnIndexMetaData::DOUBLE(it) => (
            Bound::Float(*it.min_value(page)?),
            Bound::Float(*it.max_value(page)?),
        ),
        ColumnIndexMetaData::BYTE_ARRAY(it) => (
            Bound::Text(it.min_value(page)?.to_vec()),
            Bound::Text(it.max_value(page)?.to_vec()),
        ),
        _ => return None,
    })
}
