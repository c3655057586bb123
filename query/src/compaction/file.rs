//! How the rows of a file are encoded.

use std::collections::HashSet;

use arrow::{
    array::{Array, ArrayRef, RecordBatch, cast::AsArray},
    datatypes::{DataType, Float64Type, Int64Type},
};
use parquet::{
    basic::{Compression, Encoding, ZstdLevel},
    file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder},
    schema::types::ColumnPath,
};

/// Most rows of a row group: small enough that what is left of a file after its statistics were read is
/// little, large enough that their footers are not.
pub(crate) const GROUP_ROWS: usize = 128 << 10;

/// Rows of a page, the least that a reader can leave out.
const PAGE_ROWS: usize = 8 << 10;

/// Values that are looked at to see how a column repeats itself.
const SAMPLE: usize = 1024;

/// The share of different values from which on a dictionary only costs, in hundredths.
const NO_DICTIONARY: usize = 50;

/// The share of different values from which on a bloom filter of an id says more than its bounds, in
/// hundredths.
const BLOOM: usize = 5;

/// False positives of a bloom filter.
const BLOOM_FPP: f64 = 0.01;

/// The properties for files of rows like these.
pub(crate) fn properties(rows: &RecordBatch) -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS);
    for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
        builder = of_column(builder, vec![field.name().clone()], column);
    }
    builder.build()
}

fn of_column(
    builder: WriterPropertiesBuilder,
    path: Vec<String>,
    column: &ArrayRef,
) -> WriterPropertiesBuilder {
    let name = path.last().map_or("", String::as_str);
    let is_id = name.to_ascii_lowercase().ends_with("id");
    match column.data_type() {
        DataType::Struct(fields) => {
            let children = column.as_struct().columns();
            let children = fields.iter().zip(children);
            children.fold(builder, |builder, (field, child)| {
                let mut path = path.clone();
                path.push(field.name().clone());
                of_column(builder, path, child)
            })
        }
        DataType::Utf8 => {
            let values = column.as_string::<i32>();
            let share = differing(values, |row| values.value(row));
            let path = ColumnPath::new(path);
            let builder = if is_id && share >= BLOOM {
                builder
                    .set_column_bloom_filter_fpp(path.clone(), BLOOM_FPP)
                    .set_column_bloom_filter_max_ndv(path.clone(), GROUP_ROWS as u64)
            } else {
                builder
            };
            builder.set_column_dictionary_enabled(path, share < NO_DICTIONARY)
        }
        DataType::Int64 => {
            let values = column.as_primitive::<Int64Type>();
            let share = differing(values, |row| values.value(row));
            builder.set_column_dictionary_enabled(ColumnPath::new(path), share < NO_DICTIONARY)
        }
        DataType::Float64 => {
            let values = column.as_primitive::<Float64Type>();
            let share = differing(values, |row| values.value(row).to_bits());
            builder.set_column_dictionary_enabled(ColumnPath::new(path), share < NO_DICTIONARY)
        }
        DataType::Timestamp(..) => {
            let path = ColumnPath::new(path);
            builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED)
        }
        _ => builder,
    }
}

/// How many in a hundred of a sample of values differ from all others in it.
fn differing<T: Eq + std::hash::Hash>(array: &dyn Array, value: impl Fn(usize) -> T) -> usize {
    let step = (array.len() / SAMPLE).max(1);
    let mut seen = HashSet::with_capacity(SAMPLE);
    let mut values = 0;
    for row in (0..array.len()).step_by(step) {
        if array.is_valid(row) {
            values += 1;
            seen.insert(value(row));
        }
    }
    match values {
        0 => 0,
        values => seen.len() * 100 / values,
    }
}
