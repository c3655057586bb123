//! Where a row belongs and in which order: by event type and day into files, and in a file by hour, client and
//! time.

use std::collections::HashMap;

use arrow::{
    array::{Array, ArrayRef, RecordBatch, StringArray, cast::AsArray},
    compute::interleave_record_batch,
    datatypes::{DataType, TimestampMicrosecondType},
    error::ArrowError,
};

use super::schema::{DATE, TYPE};
use crate::{constants::HIVE_NULL, hours::HOUR, shape::TIME};

/// Where a client's id is, the first that is there.
const CLIENTS: [&[&str]; 3] = [
    &["detail", "clientId"],
    &["clientId"],
    &["detail", "userId"],
];

/// Where the event type is, the first that is there.
const TYPES: [&[&str]; 3] = [&["detail", "eventType"], &["eventType"], &["detail-type"]];

/// Microseconds in a day.
const DAY: i64 = 24 * HOUR;

/// What the rows of one file have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Part {
    /// The event type: `detail.eventType`, or else `eventType`, or else `detail-type`.
    pub(crate) event_type: Option<String>,
    /// The day of the event, counted from 1970; of its folder when it has no time.
    pub(crate) day: Option<i64>,
}

/// Rows of one part, in their order.
pub(crate) struct Sorted {
    pub(crate) part: Part,
    pub(crate) rows: RecordBatch,
    /// The first and the last event time; `None` when a row has none.
    pub(crate) times: Option<(i64, i64)>,
}

/// What rows are sorted by, of one batch.
struct Keys<'a> {
    types: Option<&'a StringArray>,
    clients: Option<&'a StringArray>,
    times: Option<&'a [i64]>,
    time_nulls: Option<&'a arrow::buffer::NullBuffer>,
}

impl<'a> Keys<'a> {
    fn of(batch: &'a RecordBatch) -> Self {
        let time = batch
            .column_by_name(TIME)
            .and_then(|it| it.as_primitive_opt::<TimestampMicrosecondType>());
        Self {
            types: text(batch, &TYPES),
            clients: text(batch, &CLIENTS),
            times: time.map(|it| &**it.values()),
            time_nulls: time.and_then(Array::nulls),
        }
    }

    fn time(&self, row: usize) -> Option<i64> {
        let times = self.times?;
        match self.time_nulls {
            Some(nulls) if nulls.is_null(row) => None,
            _ => times.get(row).copied(),
        }
    }

    fn event_type(&self, row: usize) -> Option<&'a str> {
        let types = self.types?;
        types.is_valid(row).then(|| types.value(row))
    }

    fn client(&self, row: usize) -> &'a str {
        match self.clients {
            Some(clients) if clients.is_valid(row) => clients.value(row),
            _ => "",
        }
    }
}

/// The first of some columns that is there and of texts.
fn text<'a>(batch: &'a RecordBatch, paths: &[&[&str]]) -> Option<&'a StringArray> {
    paths.iter().find_map(|path| {
        let [first, rest @ ..] = path else {
            return None;
        };
        let mut array: &ArrayRef = batch.column_by_name(first)?;
        for name in rest {
            array = array.as_struct_opt()?.column_by_name(name)?;
        }
        (*array.data_type() == DataType::Utf8).then(|| array.as_string::<i32>())
    })
}

/// A row: its hour, its client's beginning for a quick comparison, and where it is.
type Row = (i64, u64, u32, u32);

/// The rows of some batches, part by part, each in its order. `folder_day` is the day of rows without a time.
///
/// # Errors
///
/// [`ArrowError`] when the batches do not fit each other.
pub(crate) fn sort(
    batches: &[RecordBatch],
    folder_day: Option<i64>,
) -> Result<Vec<Sorted>, ArrowError> {
    let keys: Vec<Keys<'_>> = batches.iter().map(Keys::of).collect();
    let mut parts: HashMap<(Option<&str>, Option<i64>), Vec<Row>> = HashMap::new();
    let mut last = None;
    for (at, (batch, keys)) in (0_u32..).zip(batches.iter().zip(&keys)) {
        for (row, number) in (0..batch.num_rows()).zip(0_u32..) {
            let time = keys.time(row);
            let day = time.map(|time| time.div_euclid(DAY)).or(folder_day);
            let hour = time.map_or(i64::MIN, |time| time.div_euclid(HOUR));
            let part = (keys.event_type(row), day);
            let place = (hour, beginning(keys.client(row)), at, number);
            match &mut last {
                Some((known, rows)) if *known == part => Vec::push(rows, place),
                _ => {
                    if let Some((known, rows)) = last.take() {
                        parts.insert(known, rows);
                    }
                    let mut rows = parts.remove(&part).unwrap_or_default();
                    rows.push(place);
                    last = Some((part, rows));
                }
            }
        }
    }
    parts.extend(last);
    let all: Vec<&RecordBatch> = batches.iter().collect();
    let mut sorted = Vec::with_capacity(parts.len());
    for ((event_type, day), mut rows) in parts {
        let key = |row: &Row| {
            let keys = &keys[row.2 as usize];
            (keys, row.3 as usize)
        };
        rows.sort_unstable_by(|a, b| {
            (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| {
                let ((of_a, a_row), (of_b, b_row)) = (key(a), key(b));
                let by_client = of_a.client(a_row).cmp(of_b.client(b_row));
                by_client
                    .then_with(|| of_a.time(a_row).cmp(&of_b.time(b_row)))
                    .then_with(|| (a.2, a.3).cmp(&(b.2, b.3)))
            })
        });
        let places: Vec<_> = rows
            .iter()
            .map(|row| (row.2 as usize, row.3 as usize))
            .collect();
        let times = rows.iter().map(|row| {
            let (keys, row) = key(row);
            keys.time(row)
        });
        let times = times
            .map(|time| time.map(|time| (time, time)))
            .reduce(|a, b| Some((a?.0.min(b?.0), a?.1.max(b?.1))));
        sorted.push(Sorted {
            part: Part {
                event_type: event_type.map(str::to_owned),
                day,
            },
            rows: interleave_record_batch(&all, &places)?,
            times: times.flatten(),
        });
    }
    sorted.sort_unstable_by(|a, b| a.part.cmp(&b.part));
    Ok(sorted)
}

/// The first eight bytes, so that most comparisons are of two numbers.
fn beginning(text: &str) -> u64 {
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    u64::from_be_bytes(bytes)
}

impl Part {
    /// The folder of its files in the table's folder. To Delta it means nothing, but Polars takes the values of
    /// partition columns from it.
    pub(crate) fn folder(&self) -> String {
        let value = |value: Option<String>| value.map_or(HIVE_NULL.to_owned(), |it| encoded(&it));
        let (event_type, date) = (value(self.event_type.clone()), value(self.date()));
        format!("{TYPE}={event_type}/{DATE}={date}")
    }

    /// The day, as `2026-11-02`.
    pub(crate) fn date(&self) -> Option<String> {
        let days = i32::try_from(self.day?).ok()?;
        let days = jiff::Span::new().try_days(days).ok()?;
        let date = jiff::civil::date(1970, 1, 1).checked_add(days).ok()?;
        Some(date.to_string())
    }
}

/// A value as Hive has it in a folder's name.
fn encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(byte.into()),
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}
