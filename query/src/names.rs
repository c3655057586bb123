//! The names of an answer's columns, as a person would give them.
//!
//! `DataFusion` names a column that has no alias after its expression: `events.detail[eventType]`,
//! `max(events.detail[data][price])`. A field is better called by its own name, and by its path inside an
//! expression: `eventType`, `max(detail.data.price)`.

use std::{collections::HashMap, sync::Arc};

use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};

/// The schema with shorter names. Names that would then be the same keep more of their path.
pub(crate) fn readable(schema: &SchemaRef, tables: &[String]) -> SchemaRef {
    let paths: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| dotted(field.name(), tables))
        .collect();
    let shorts: Vec<_> = schema
        .fields()
        .iter()
        .zip(&paths)
        // What is as it was may be an alias, and that is not ours to change.
        .map(|(field, path)| {
            if let Some(key) = key(path) {
                key
            } else if path == field.name() {
                path
            } else {
                last(path)
            }
        })
        .collect();
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for short in &shorts {
        *uses.entry(short).or_default() += 1;
    }
    let name = |at: usize| {
        let unique = shorts.get(at).filter(|short| uses.get(**short) == Some(&1));
        unique.map_or_else(|| paths[at].clone(), |short| (*short).to_owned())
    };
    let fields: Vec<FieldRef> = schema
        .fields()
        .iter()
        .enumerate()
        .map(|(at, field)| Arc::new(Field::clone(field).with_name(name(at))))
        .collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// The key that the last arrow of `detail->data->>page` takes.
fn key(path: &str) -> Option<&str> {
    let (_, behind) = path.rsplit_once("->")?;
    let key = behind.strip_prefix('>').unwrap_or(behind);
    let is_key = !key.is_empty() && key.chars().all(|c| is_word(c) || c == '-');
    is_key.then_some(key)
}

/// The last part of a path that ends in a name; of anything else, all of it.
fn last(path: &str) -> &str {
    let is_path = path.chars().all(|c| is_word(c) || matches!(c, '.' | '-'));
    match path.rsplit('.').next() {
        Some(name) if is_path && name.starts_with(|c: char| c.is_alphabetic() || c == '_') => name,
        _ => path,
    }
}

/// `events.detail[eventType]` → `detail.eventType`, wherever it stands in `name`.
fn dotted(name: &str, tables: &[String]) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let word_end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        if word_end == 0 {
            out.push(first);
            rest = rest.split_at(first.len_utf8()).1;
            continue;
        }
        let (word, after) = rest.split_at(word_end);
        if let Some(column) = after
            .strip_prefix('.')
            .filter(|_| tables.iter().any(|t| t == word))
        {
            rest = column;
            continue;
        }
        out.push_str(word);
        rest = after;
        while let Some((field, after)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
            if field.is_empty() || !field.chars().all(|c| is_word(c) || c == '-') {
                break;
            }
            out.push('.');
            out.push_str(field);
            rest = after;
        }
    }
    out
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;

    use super::*;

    fn names(given: &[&str]) -> String {
        let field = |name: &&str| Field::new(*name, DataType::Utf8, true);
        let schema = Arc::new(Schema::new(given.iter().map(field).collect::<Vec<_>>()));
        let schema = readable(&schema, &["events".to_owned(), "e".to_owned()]);
        schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect::<Vec<_>>()
            .join(" | ")
    }

    #[test]
    fn a_field_is_called_by_its_name_and_an_expression_by_its_paths() {
        assert_eq!(
            names(&[
                "events.detail[eventType]",
                "count(*)",
                "max(e.detail[data][price])",
                "hour"
            ]),
            "eventType | count(*) | max(detail.data.price) | hour"
        );
        assert_eq!(
            names(&["e.a[id]", "e.b[id]", "an.alias"]),
            "a.id | b.id | an.alias"
        );
        assert_eq!(
            names(&["e.a[1]", "Utf8(\"x]y\")", "é[", "detail-type"]),
            "a.1 | Utf8(\"x]y\") | é[ | detail-type"
        );
        assert_eq!(
            names(&[
                "e.detail[data]->>page",
                "e.a->id",
                "e.b->>id",
                "max(e.a->>n)"
            ]),
            "page | a->id | b->>id | max(a->>n)"
        );
    }
}
