//! What Delta's log says of a data file (Delta transaction log protocol, Per-file Statistics).

use parquet::{
    basic::{LogicalType, TimeUnit, Type},
    file::{
        metadata::{ColumnChunkMetaData, ParquetMetaData},
        statistics::Statistics,
    },
    schema::types::ColumnDescriptor,
};
use serde_json::{Map, Value, json};

/// The longest text that is a bound.
const MAX_TEXT: usize = 64;

/// The statistics of a file: rows, and of each column that is in no list its least and greatest value and how
/// often it is null.
pub(crate) fn statistics(metadata: &ParquetMetaData) -> String {
    let schema = metadata.file_metadata().schema_descr();
    let (mut least, mut greatest, mut nulls) = (Map::new(), Map::new(), Map::new());
    for (at, column) in schema.columns().iter().enumerate() {
        let path = column.path().parts();
        if column.max_rep_level() > 0 {
            continue;
        }
        let chunks = metadata.row_groups().iter().map(|group| group.column(at));
        let Some(bounds) = Bounds::of(column, chunks) else {
            continue;
        };
        if let Some(value) = bounds.least {
            put(&mut least, path, value);
        }
        if let Some(value) = bounds.greatest {
            put(&mut greatest, path, value);
        }
        if let Some(count) = bounds.nulls {
            put(&mut nulls, path, count.into());
        }
    }
    json!({
        "numRecords": metadata.file_metadata().num_rows(),
        "minValues": least,
        "maxValues": greatest,
        "nullCount": nulls,
    })
    .to_string()
}

fn put(object: &mut Map<String, Value>, path: &[String], value: Value) {
    let [first, rest @ ..] = path else { return };
    if rest.is_empty() {
        object.insert(first.clone(), value);
        return;
    }
    let inner = object
        .entry(first.clone())
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(inner) = inner {
        put(inner, rest, value);
    }
}

/// What is known of all values of a column.
struct Bounds {
    least: Option<Value>,
    greatest: Option<Value>,
    nulls: Option<u64>,
}

impl Bounds {
    /// `None` when a part of the column has no statistics.
    fn of<'a>(
        column: &ColumnDescriptor,
        chunks: impl Iterator<Item = &'a ColumnChunkMetaData>,
    ) -> Option<Self> {
        let mut all: Option<(Option<Bound>, Option<Bound>)> = None;
        let mut nulls = Some(0);
        let mut is_bounded = true;
        for chunk in chunks {
            let statistics = chunk.statistics()?;
            let count = statistics.null_count_opt();
            nulls = nulls.zip(count).map(|(sum, count)| sum + count);
            if count == Some(u64::try_from(chunk.num_values()).ok()?) {
                continue;
            }
            let Some((least, greatest)) = bounds(column, statistics) else {
                is_bounded = false;
                continue;
            };
            let known = all.get_or_insert((None, None));
            known.0 = Some(smaller(known.0.take(), least, false));
            known.1 = Some(smaller(known.1.take(), greatest, true));
        }
        let (least, greatest) = all.filter(|_| is_bounded).unwrap_or((None, None));
        Some(Self {
            least: least.and_then(|bound| bound.value(column, false)),
            greatest: greatest.and_then(|bound| bound.value(column, true)),
            nulls,
        })
    }
}

#[derive(Debug, Clone, PartialEq, PartialOrd)]
enum Bound {
    Integer(i64),
    Float(f64),
    Text(String),
}

fn smaller(known: Option<Bound>, other: Bound, greater: bool) -> Bound {
    match known {
        Some(known) if (known > other) == greater => known,
        _ => other,
    }
}

fn bounds(column: &ColumnDescriptor, statistics: &Statistics) -> Option<(Bound, Bound)> {
    match statistics {
        Statistics::Int32(values) => Some((
            Bound::Integer(i64::from(*values.min_opt()?)),
            Bound::Integer(i64::from(*values.max_opt()?)),
        )),
        Statistics::Int64(values) => Some((
            Bound::Integer(*values.min_opt()?),
            Bound::Integer(*values.max_opt()?),
        )),
        Statistics::Double(values) => Some((
            Bound::Float(*values.min_opt()?),
            Bound::Float(*values.max_opt()?),
        )),
        Statistics::ByteArray(values) => {
            if column.logical_type_ref() != Some(&LogicalType::String) {
                return None;
            }
            let text =
                |bytes: &[u8]| Some(Bound::Text(std::str::from_utf8(bytes).ok()?.to_owned()));
            Some((
                text(values.min_opt()?.data())?,
                text(values.max_opt()?.data())?,
            ))
        }
        _ => None,
    }
}

impl Bound {
    fn value(self, column: &ColumnDescriptor, is_greatest: bool) -> Option<Value> {
        match (self, column.logical_type_ref()) {
            (Self::Integer(micros), Some(LogicalType::Timestamp(kind))) => {
                if kind.unit != TimeUnit::MICROS {
                    return None;
                }
                let time = jiff::Timestamp::from_microsecond(micros).ok()?;
                Some(format!("{time:.6}").into())
            }
            (Self::Integer(days), Some(LogicalType::Date)) => {
                let days = i32::try_from(days).ok()?;
                let date = jiff::civil::date(1970, 1, 1)
                    .checked_add(jiff::Span::new().try_days(days).ok()?)
                    .ok()?;
                Some(date.to_string().into())
            }
            (Self::Integer(value), None | Some(LogicalType::Integer(_)))
                if matches!(column.physical_type(), Type::INT32 | Type::INT64) =>
            {
                Some(value.into())
            }
            (Self::Float(value), _) => value.is_finite().then(|| value.into()),
            (Self::Text(text), _) if is_greatest => upper(&text).map(Into::into),
            (Self::Text(text), _) => Some(cut(&text).into()),
            _ => None,
        }
    }
}

/// A beginning of a text, which is not greater than it.
fn cut(text: &str) -> &str {
    if text.len() <= MAX_TEXT {
        return text;
    }
    text.split_at(text.floor_char_boundary(MAX_TEXT)).0
}

/// A text that is not less than this one.
fn upper(text: &str) -> Option<String> {
    if text.len() <= MAX_TEXT {
        return Some(text.to_owned());
    }
    // Greater than whatever follows a beginning is the beginning with its last letter raised.
    let mut beginning: Vec<char> = cut(text).chars().collect();
    while let Some(last) = beginning.pop() {
        let raised = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(raised) = raised {
            beginning.push(raised);
            return Some(beginning.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_bound_that_is_cut_is_still_a_bound(text in any::<String>(), more in ".{0,90}") {
            let text = text + &more;
            prop_assert!(cut(&text) <= text.as_str());
            prop_assert!(upper(&text).is_none_or(|upper| upper.as_str() >= text.as_str()));
        }
    }
}
