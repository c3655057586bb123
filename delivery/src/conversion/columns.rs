//! Rows as Arrow columns.

use std::sync::Arc;

use arrow::{
    array::{
        Array as _, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array,
        Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, ListArray,
        MapArray, StringArray, StructArray, TimestampMicrosecondArray,
    },
    buffer::{NullBuffer, OffsetBuffer},
    error::ArrowError,
};

use super::hive_type::HiveType;

/// A value that fits the type of its column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Null,
    Boolean(bool),
    /// Of any integer type, in its range.
    Integer(i64),
    /// Of either.
    Float(f64),
    /// Of `string` and `binary`.
    Text(String),
    /// As many units of the last digit after the point as there are.
    Decimal(i128),
    /// Days since the epoch.
    Date(i32),
    /// Microseconds since the epoch.
    Timestamp(i64),
    Array(Vec<Cell>),
    Map(Vec<(Cell, Cell)>),
    Struct(Vec<Cell>),
}

/// Collects what `some` finds in each cell: an array with nulls where it finds nothing.
macro_rules! collect {
    ($array:ty, $cells:expr, $pattern:pat => $value:expr) => {
        Arc::new(
            $cells
                .iter()
                .map(|cell| match cell {
                    $pattern => $value,
                    _ => None,
                })
                .collect::<$array>(),
        )
    };
}

/// One column of values of `kind`.
///
/// # Errors
///
/// Arrow's, for more bytes in a column than its offsets count: 2 GiB.
pub(super) fn column(kind: &HiveType, cells: &[&Cell]) -> Result<ArrayRef, ArrowError> {
    Ok(match kind {
        HiveType::Boolean => collect!(BooleanArray, cells, Cell::Boolean(it) => Some(*it)),
        HiveType::TinyInt => {
            collect!(Int8Array, cells, Cell::Integer(it) => i8::try_from(*it).ok())
        }
        HiveType::SmallInt => {
            collect!(Int16Array, cells, Cell::Integer(it) => i16::try_from(*it).ok())
        }
        HiveType::Int => collect!(Int32Array, cells, Cell::Integer(it) => i32::try_from(*it).ok()),
        HiveType::BigInt => collect!(Int64Array, cells, Cell::Integer(it) => Some(*it)),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float is what was asked for"
        )]
        HiveType::Float => collect!(Float32Array, cells, Cell::Float(it) => Some(*it as f32)),
        HiveType::Double => collect!(Float64Array, cells, Cell::Float(it) => Some(*it)),
        HiveType::Text => collect!(StringArray, cells, Cell::Text(it) => Some(it.as_str())),
        HiveType::Binary => collect!(BinaryArray, cells, Cell::Text(it) => Some(it.as_bytes())),
        HiveType::Date => collect!(Date32Array, cells, Cell::Date(it) => Some(*it)),
        HiveType::Timestamp => {
            collect!(TimestampMicrosecondArray, cells, Cell::Timestamp(it) => Some(*it))
        }
        HiveType::Decimal { precision, scale } => {
            let values: Decimal128Array = cells
                .iter()
                .map(|cell| match cell {
                    Cell::Decimal(it) => Some(*it),
                    _ => None,
                })
                .collect();
            Arc::new(values.with_precision_and_scale(*precision, *scale)?)
        }
        HiveType::Array(element) => array(element, cells)?,
        HiveType::Map(key, value) => map(key, value, cells)?,
        HiveType::Struct(members) => structure(members, cells)?,
    })
}

/// Which of `cells` hold something.
fn validity(cells: &[&Cell]) -> NullBuffer {
    cells.iter().map(|cell| **cell != Cell::Null).collect()
}

fn array(element: &HiveType, cells: &[&Cell]) -> Result<ArrayRef, ArrowError> {
    let elements = |cell: &&'_ Cell| match cell {
        Cell::Array(elements) => elements.len(),
        _ => 0,
    };
    let offsets = OffsetBuffer::from_lengths(cells.iter().map(elements));
    let flat: Vec<&Cell> = cells
        .iter()
        .flat_map(|cell| match cell {
            Cell::Array(elements) => elements.as_slice(),
            _ => &[],
        })
        .collect();
    let values = column(element, &flat)?;
    let nulls = Some(validity(cells));
    let field = HiveType::element(element);
    Ok(Arc::new(ListArray::try_new(field, offsets, values, nulls)?))
}

fn map(key: &HiveType, value: &HiveType, cells: &[&Cell]) -> Result<ArrayRef, ArrowError> {
    let entries = |cell: &Cell| match cell {
        Cell::Map(entries) => entries.len(),
        _ => 0,
    };
    let offsets = OffsetBuffer::from_lengths(cells.iter().map(|cell| entries(cell)));
    let (keys, values): (Vec<&Cell>, Vec<&Cell>) = cells
        .iter()
        .flat_map(|cell| match cell {
            Cell::Map(entries) => entries.as_slice(),
            _ => &[],
        })
        .map(|(key, value)| (key, value))
        .unzip();
    let fields = vec![
        arrow::datatypes::Field::new("key", key.to_arrow(), false),
        arrow::datatypes::Field::new("value", value.to_arrow(), true),
    ];
    let columns = vec![column(key, &keys)?, column(value, &values)?];
    let entries = StructArray::try_new(fields.into(), columns, None)?;
    let nulls = Some(validity(cells));
    let field = HiveType::entries(key, value);
    Ok(Arc::new(MapArray::try_new(
        field, offsets, entries, nulls, false,
    )?))
}

fn structure(members: &[(String, HiveType)], cells: &[&Cell]) -> Result<ArrayRef, ArrowError> {
    let columns = members
        .iter()
        .enumerate()
        .map(|(index, (_, kind))| {
            let cells: Vec<&Cell> = cells
                .iter()
                .map(|cell| match cell {
                    Cell::Struct(cells) => cells.get(index).unwrap_or(&Cell::Null),
                    _ => &Cell::Null,
                })
                .collect();
            column(kind, &cells)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let fields = HiveType::fields(members);
    let made = StructArray::try_new(fields, columns, Some(validity(cells)))?;
    debug_assert_eq!(made.len(), cells.len(), "a row for each cell");
    Ok(Arc::new(made))
}
