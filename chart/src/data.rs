//! What an answer's columns are to a chart.

use std::collections::HashMap;

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    compute::{cast, concat_batches},
    datatypes::{DataType, Float64Type, SchemaRef, TimeUnit, TimestampMicrosecondType},
};

use crate::{axis::Axis, error::ChartError};

/// Rows that are drawn at most.
const MAX_ROWS: usize = 100_000;

/// Series that are drawn at most: more cannot be told apart.
pub(crate) const MAX_SERIES: usize = 8;

/// One line, or one colour of bars; a value for each place of the axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) values: Vec<Option<f64>>,
}

/// An answer, read.
#[derive(Debug, Clone)]
pub(crate) struct Data {
    /// The column along the axis.
    pub(crate) x_name: String,
    /// The columns of numbers.
    pub(crate) y_name: String,
    /// The column whose values are the series; without it each column of numbers is one.
    pub(crate) by: Option<String>,
    pub(crate) axis: Axis,
    pub(crate) series: Vec<Series>,
    /// What of the answer is not drawn.
    pub(crate) notes: Vec<String>,
}

impl Data {
    pub(crate) fn of(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Self, ChartError> {
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        if rows > MAX_ROWS {
            let most = MAX_ROWS;
            return Err(ChartError::TooManyRows { rows, most });
        }
        let columns = Columns::of(schema)?;
        if rows == 0 {
            return Err(ChartError::NoRows);
        }
        let batch = concat_batches(schema, batches)?;
        columns.read(&batch)
    }
}

/// Whether a number can be a length in a picture, alone and in sums and differences.
pub(crate) fn is_drawable(value: f64) -> bool {
    value.abs() < 1e290
}

/// Which column is what, by position.
struct Columns {
    x: Option<usize>,
    by: Option<usize>,
    values: Vec<usize>,
    /// Columns of numbers that a chart with series has no place for.
    unused: Vec<String>,
}

fn is_time(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64
    )
}

fn is_name(data_type: &DataType) -> bool {
    data_type.is_string() || matches!(data_type, DataType::Boolean | DataType::Dictionary(..))
}

impl Columns {
    /// A time is the axis; without one the first text is; without one the first number, if another is left.
    fn of(schema: &SchemaRef) -> Result<Self, ChartError> {
        let find = |is: fn(&DataType) -> bool| -> Vec<usize> {
            let fields = schema.fields().iter().enumerate();
            fields
                .filter(|(_, field)| is(field.data_type()))
                .map(|(at, _)| at)
                .collect()
        };
        let (times, names) = (find(is_time), find(is_name));
        let mut numbers = find(DataType::is_numeric);
        if numbers.is_empty() {
            let described = |field: &arrow::datatypes::FieldRef| {
                let of_type = match field.data_type() {
                    DataType::Struct(_) => "Struct".to_owned(),
                    other => other.to_string(),
                };
                format!("{} ({of_type})", field.name())
            };
            let columns = schema.fields().iter().map(described).collect();
            return Err(ChartError::NoNumbers { columns });
        }
        let mut names = names.into_iter();
        let x = match times.first() {
            Some(time) => Some(*time),
            None => names
                .next()
                .or_else(|| (numbers.len() > 1).then(|| numbers.remove(0))),
        };
        let by = names.next();
        let mut unused = Vec::new();
        if by.is_some() {
            let more = numbers.split_off(1);
            unused.extend(more.into_iter().map(|at| schema.field(at).name().clone()));
        }
        Ok(Self {
            x,
            by,
            values: numbers,
            unused,
        })
    }

    fn read(&self, batch: &RecordBatch) -> Result<Data, ChartError> {
        let schema = batch.schema();
        let name = |at: usize| schema.field(at).name().clone();
        let mut notes = Vec::new();
        if !self.unused.is_empty() {
            let unused = self.unused.join(", ");
            notes.push(format!(
                "{unused} is not drawn: a chart by series has room for one number"
            ));
        }
        let (axis, places) = match self.x {
            Some(at) => Axis::of(batch.column(at))?,
            None => Axis::rows(batch.num_rows()),
        };
        let without = places.iter().filter(|place| place.is_none()).count();
        if without > 0 {
            notes.push(format!(
                "{without} rows without a place on the axis are not drawn"
            ));
        }
        let labels = self.by.map(|at| texts(batch.column(at))).transpose()?;
        let mut table = Table::new(axis.len());
        for at in &self.values {
            let values = cast(batch.column(*at), &DataType::Float64)?;
            let values = values.as_primitive::<Float64Type>();
            for (row, place) in places.iter().enumerate() {
                let series = match &labels {
                    Some(labels) => labels.get(row).cloned().unwrap_or_default(),
                    None => name(*at),
                };
                let value = (!values.is_null(row)).then(|| values.value(row));
                if let (Some(place), Some(value)) = (place, value.filter(|it| is_drawable(*it))) {
                    table.add(series, *place, value);
                }
            }
        }
        let series = table.finish(&mut notes);
        if series.is_empty() {
            return Err(ChartError::NoRows);
        }
        let values: Vec<String> = self.values.iter().map(|at| name(*at)).collect();
        Ok(Data {
            x_name: self.x.map_or_else(|| "row".to_owned(), name),
            y_name: values.join(", "),
            by: self.by.map(name),
            axis,
            series,
            notes,
        })
    }
}

/// The series as they grow.
struct Table {
    places: usize,
    index: HashMap<String, usize>,
    series: Vec<Series>,
    added: usize,
}

impl Table {
    fn new(places: usize) -> Self {
        Self {
            places,
            index: HashMap::new(),
            series: Vec::new(),
            added: 0,
        }
    }

    fn add(&mut self, name: String, place: usize, value: f64) {
        let at = *self.index.entry(name).or_insert_with_key(|name| {
            self.series.push(Series {
                name: name.clone(),
                values: vec![None; self.places],
            });
            self.series.len() - 1
        });
        let cell = self
            .series
            .get_mut(at)
            .and_then(|it| it.values.get_mut(place));
        if let Some(cell) = cell {
            self.added += usize::from(cell.is_some());
            *cell = Some(cell.unwrap_or(0.0) + value);
        }
    }

    /// The largest series, in the order in which they came.
    fn finish(mut self, notes: &mut Vec<String>) -> Vec<Series> {
        if self.added > 0 {
            notes.push(format!(
                "{} values share their place with another and are added to it",
                self.added
            ));
        }
        let size =
            |series: &Series| -> f64 { series.values.iter().flatten().map(|it| it.abs()).sum() };
        if self.series.len() > MAX_SERIES {
            let mut sizes: Vec<f64> = self.series.iter().map(size).collect();
            sizes.sort_by(|a, b| b.total_cmp(a));
            let least = sizes.get(MAX_SERIES - 1).copied().unwrap_or_default();
            let all = self.series.len();
            self.series.retain(|series| size(series) >= least);
            self.series.truncate(MAX_SERIES);
            notes.push(format!(
                "the {MAX_SERIES} largest of {all} series are drawn",
            ));
        }
        self.series
    }
}

/// Times in microseconds; `None` for null.
pub(crate) fn micros(array: &ArrayRef) -> Result<Vec<Option<i64>>, ChartError> {
    let array = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
    Ok(array
        .as_primitive::<TimestampMicrosecondType>()
        .iter()
        .collect())
}

/// Values as texts.
pub(crate) fn texts(array: &ArrayRef) -> Result<Vec<String>, ChartError> {
    let array = cast(array, &DataType::Utf8)?;
    let texts = array.as_string::<i32>().iter();
    Ok(texts
        .map(|text| text.map_or_else(|| "(null)".to_owned(), printable))
        .collect())
}

/// The text on one line, without what a terminal or a picture would obey instead of showing.
fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(shown).collect()
}
