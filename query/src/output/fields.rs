//! The columns of a table as rows: one for each path.

use std::sync::Arc;

use arrow::{
    array::{Array, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema, TimeUnit},
    error::ArrowError,
};

/// One row for each column and each field in it, named by its path; `[]` stands for the elements of a list.
pub(crate) fn fields(schema: &Schema) -> Result<RecordBatch, ArrowError> {
    let mut rows = Vec::new();
    for field in schema.fields() {
        collect(field.name().clone(), field.data_type(), &mut rows);
    }
    let (paths, types): (Vec<String>, Vec<String>) = rows.into_iter().unzip();
    let column = |name| Field::new(name, DataType::Utf8, false);
    RecordBatch::try_new(
        Arc::new(Schema::new(vec![column("column"), column("type")])),
        vec![
            Arc::new(StringArray::from(paths)),
            Arc::new(StringArray::from(types)),
        ],
    )
}

/// The names in the first column of an answer to `describe`.
pub fn column_names(described: &RecordBatch) -> Vec<String> {
    let first = described
        .columns()
        .first()
        .and_then(|column| column.as_any().downcast_ref::<StringArray>());
    let names = first.into_iter().flat_map(|names| names.iter().flatten());
    names.map(str::to_owned).collect()
}

fn collect(path: String, data_type: &DataType, rows: &mut Vec<(String, String)>) {
    rows.push((path.clone(), type_name(data_type)));
    let (inside, prefix) = match data_type {
        DataType::List(element) => (element.data_type(), format!("{path}[]")),
        other => (other, path),
    };
    if let DataType::Struct(fields) = inside {
        for field in fields {
            let path = format!("{prefix}.{}", field.name());
            collect(path, field.data_type(), rows);
        }
    }
}

/// The type in a few words: what is in a struct has rows of its own.
pub(crate) fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Struct(fields) if fields.len() == 1 => "Struct of 1 field".to_owned(),
        DataType::Struct(fields) => format!("Struct of {} fields", fields.len()),
        DataType::List(element) => format!("List of {}", type_name(element.data_type())),
        DataType::Timestamp(unit, zone) => {
            let unit = match unit {
                TimeUnit::Second => "s",
                TimeUnit::Millisecond => "ms",
                TimeUnit::Microsecond => "µs",
                TimeUnit::Nanosecond => "ns",
            };
            match zone {
                Some(zone) => format!("Timestamp({unit}, {zone})"),
                None => format!("Timestamp({unit})"),
            }
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_struct_is_one_row_a_path() {
        let item = DataType::Struct(vec![Field::new("price", DataType::Float64, true)].into());
        let detail = DataType::Struct(
            vec![
                Field::new("eventType", DataType::Utf8, true),
                Field::new("items", DataType::new_list(item, true), true),
            ]
            .into(),
        );
        let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let schema = Schema::new(vec![
            Field::new("time", time, true),
            Field::new("detail", detail, true),
        ]);
        let mut shown = String::new();
        let batch = fields(&schema).unwrap();
        for row in 0..batch.num_rows() {
            let cell = |column: usize| {
                arrow::util::display::array_value_to_string(batch.column(column), row).unwrap()
            };
            shown += &format!("{} | {}\n", cell(0), cell(1));
        }
        insta::assert_snapshot!(shown, @"
        time | Timestamp(µs, UTC)
        detail | Struct of 2 fields
        detail.eventType | Utf8
        detail.items | List of Struct of 1 field
        detail.items[].price | Float64
        ");
    }
}
