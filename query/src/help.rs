//! What a wrong name was probably meant to be.

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::{Column, DataFusionError, SchemaError};

/// Names further from what was typed than this are no help.
const MAX_DISTANCE: usize = 3;

/// Most names to suggest.
const MAX_SUGGESTIONS: usize = 3;

/// The field that a planning error says is not in a struct.
pub(crate) fn missing_field(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("Field ")?;
    rest.split_once(" not found in struct")
        .map(|(field, _)| field)
}

/// The column that a planning error says is not there, and the columns that are.
pub(crate) fn missing_column(error: &DataFusionError) -> Option<(&Column, Vec<&str>)> {
    let DataFusionError::SchemaError(error, _) = error.find_root() else {
        return None;
    };
    let SchemaError::FieldNotFound {
        field,
        valid_fields,
    } = &**error
    else {
        return None;
    };
    let columns = valid_fields.iter().map(|column| column.name.as_str());
    Some((field, columns.collect()))
}

/// Those of `names` that are near `wanted`, nearest first.
pub(crate) fn nearest(wanted: &str, names: &[&str]) -> Vec<String> {
    let fields: Vec<Field> = names
        .iter()
        .map(|name| Field::new(*name, DataType::Null, true))
        .collect();
    near(wanted, &Schema::new(fields))
}

/// The table that a planning error says is not there, without catalog and schema.
pub(crate) fn missing_table(message: &str) -> Option<&str> {
    let (before, _) = message.split_once("' not found")?;
    let (_, table) = before.rsplit_once("table '")?;
    table.rsplit('.').next()
}

/// Paths in `schema` whose last name is near `field`, nearest first.
pub(crate) fn near(field: &str, schema: &Schema) -> Vec<String> {
    let mut found = Vec::new();
    for column in schema.fields() {
        collect(
            field,
            column.name(),
            column.name(),
            column.data_type(),
            &mut found,
        );
    }
    found.sort();
    found
        .into_iter()
        .map(|(_, path)| path)
        .take(MAX_SUGGESTIONS)
        .collect()
}

fn collect(
    wanted: &str,
    name: &str,
    path: &str,
    data_type: &DataType,
    found: &mut Vec<(usize, String)>,
) {
    let distance = distance(&wanted.to_lowercase(), &name.to_lowercase());
    if distance <= MAX_DISTANCE.min(wanted.len() / 2) {
        found.push((distance, path.to_owned()));
    }
    if let DataType::Struct(fields) = data_type {
        for field in fields {
            let path = format!("{path}.{}", field.name());
            collect(wanted, field.name(), &path, field.data_type(), found);
        }
    }
}

/// Levenshtein's distance, in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (to, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let changed = diagonal + usize::from(from != *to);
            diagonal = *cell;
            *cell = changed.min(diagonal + 1).min(left + 1);
            left = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_levenshteins() {
        for (a, b, expected) in [
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("same", "same", 0),
            ("é", "e", 1),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn names_are_taken_from_datafusions_messages() {
        assert_eq!(
            missing_field("Error during planning: Field evenType not found in struct"),
            Some("evenType")
        );
        assert_eq!(
            missing_table("Error during planning: table 'hydrant.lake.event' not found"),
            Some("event")
        );
        assert_eq!(missing_table("something else"), None);
    }
}
