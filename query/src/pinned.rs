//! A schema that the operator gives: one field a line, its path and its type.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields};

use crate::{error::QueryError, shape::TIME, shape::time_type};

/// A field and what is below it.
#[derive(Debug, Default)]
struct Node {
    children: Vec<(String, Node)>,
    leaf: Option<DataType>,
    /// How many lists it is inside of, its own name's included.
    lists: usize,
}

/// Reads a schema; see [`crate::Options::schema`].
///
/// # Errors
///
/// [`QueryError::Schema`] with the line that is wrong.
pub(crate) fn parse(text: &str) -> Result<Vec<FieldRef>, QueryError> {
    let mut root = Node::default();
    for (number, line) in text.lines().enumerate() {
        let fail = |reason: String| QueryError::Schema {
            line: number + 1,
            reason,
        };
        let line = without_comment(line).trim();
        if line.is_empty() {
            continue;
        }
        let (path, kind) = line
            .rsplit_once(char::is_whitespace)
            .ok_or_else(|| fail(format!("`{line}` has no type; write `path type`")))?;
        let names = names(path.trim()).map_err(fail)?;
        let is_time = matches!(names.as_slice(), [(name, 0)] if name == TIME);
        let (data_type, lists) = data_type(kind, is_time).map_err(fail)?;
        root.add(&names, data_type, lists).map_err(fail)?;
    }
    if root.children.is_empty() {
        return Err(QueryError::Schema {
            line: 1,
            reason: "it names no field; write `path type` on each line".to_owned(),
        });
    }
    Ok(root.fields().iter().cloned().collect())
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    let end = line.find(|c| {
        quoted ^= c == '"';
        c == '#' && !quoted
    });
    end.and_then(|end| line.get(..end)).unwrap_or(line)
}

/// The names of a path, each with the number of `[]` behind it.
fn names(path: &str) -> Result<Vec<(String, usize)>, String> {
    let mut names = Vec::new();
    let mut rest = path;
    loop {
        let name;
        if let Some(quoted) = rest.strip_prefix('"') {
            let (inner, after) = quoted
                .split_once('"')
                .ok_or_else(|| format!("`{path}` has a double quote that is not closed"))?;
            (name, rest) = (inner, after);
        } else {
            let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
            let end = rest.find(|c| !is_plain(c)).unwrap_or(rest.len());
            (name, rest) = rest.split_at(end);
        }
        if name.is_empty() {
            return Err(format!("`{path}` has an empty name"));
        }
        let mut lists = 0;
        while let Some(after) = rest.strip_prefix("[]") {
            lists += 1;
            rest = after;
        }
        names.push((name.to_owned(), lists));
        if rest.is_empty() {
            return Ok(names);
        }
        rest = rest.strip_prefix('.').ok_or_else(|| {
            format!("`{path}` is no path; put names with other characters in double quotes")
        })?;
    }
}

fn data_type(kind: &str, is_time: bool) -> Result<(DataType, usize), String> {
    let mut lists = 0;
    let mut base = kind;
    while let Some(inner) = base.strip_suffix("[]") {
        lists += 1;
        base = inner;
    }
    let data_type = match base.to_ascii_lowercase().as_str() {
        "boolean" => DataType::Boolean,
        "integer" => DataType::Int64,
        "number" => DataType::Float64,
        "text" => DataType::Utf8,
        "timestamp" if is_time && lists == 0 => time_type(),
        "timestamp" => return Err("only the field `time` is a timestamp; others are text".into()),
        _ => {
            return Err(format!(
                "there is no type `{kind}`; there are boolean, integer, number, text and timestamp, and lists of them \
                 such as text[]"
            ));
        }
    };
    Ok((data_type, lists))
}

/// The name of a type that [`parse`] takes; `None` for structs and what else it does not know.
pub(crate) fn name_of(data_type: &DataType) -> Option<String> {
    Some(match data_type {
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int64 => "integer".to_owned(),
        DataType::Float64 => "number".to_owned(),
        DataType::Utf8 => "text".to_owned(),
        DataType::Timestamp(_, _) => "timestamp".to_owned(),
        DataType::List(element) => name_of(element.data_type())? + "[]",
        _ => return None,
    })
}

impl Node {
    fn add(
        &mut self,
        names: &[(String, usize)],
        data_type: DataType,
        lists: usize,
    ) -> Result<(), String> {
        let Some(((name, own_lists), rest)) = names.split_first() else {
            return Ok(());
        };
        let at = self.children.iter().position(|(known, _)| known == name);
        let is_new = at.is_none();
        let at = at.unwrap_or_else(|| {
            self.children.push((name.clone(), Self::default()));
            self.children.len() - 1
        });
        let Some((_, child)) = self.children.get_mut(at) else {
            return Ok(());
        };
        if rest.is_empty() {
            if !is_new {
                return Err(format!("`{name}` is there twice"));
            }
            child.lists = own_lists + lists;
            child.leaf = Some(data_type);
            return Ok(());
        }
        if child.leaf.is_some() || (!is_new && child.lists != *own_lists) {
            return Err(format!("`{name}` was something else before"));
        }
        child.lists = *own_lists;
        child.add(rest, data_type, lists)
    }

    fn fields(&self) -> Fields {
        let field = |(name, node): &(String, Node)| {
            let data_type = node
                .leaf
                .clone()
                .unwrap_or_else(|| DataType::Struct(node.fields()));
            let data_type =
                (0..node.lists).fold(data_type, |inner, _| DataType::new_list(inner, true));
            Arc::new(Field::new(name, data_type, true))
        };
        self.children.iter().map(field).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_paths_and_types() {
        let text = "
            # the envelope
            time            timestamp
            \"detail type\"   text   # quoted
            detail.data.price number
            detail.data.tags[] text
            detail.items[].sku text
            detail.items[].n   integer[]
        ";
        let mut shown = String::new();
        for field in parse(text).unwrap() {
            shown += &format!("{}: {}\n", field.name(), field.data_type());
        }
        insta::assert_snapshot!(shown, @r#"
        time: Timestamp(µs, "UTC")
        detail type: Utf8
        detail: Struct("data": Struct("price": Float64, "tags": List(Utf8)), "items": List(Struct("sku": Utf8, "n": List(Int64))))
        "#);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let mut said = String::new();
        for text in [
            "",
            "a",
            "a text\nb date",
            "a..b text",
            "\"a text",
            "a b text",
            "a text\na.b text",
            "a text\na text",
            "when timestamp",
        ] {
            said += &format!("{}\n", parse(text).unwrap_err());
        }
        insta::assert_snapshot!(said, @"
        line 1 of the schema: it names no field; write `path type` on each line
        line 1 of the schema: `a` has no type; write `path type`
        line 2 of the schema: there is no type `date`; there are boolean, integer, number, text and timestamp, and lists of them such as text[]
        line 1 of the schema: `a..b` has an empty name
        line 1 of the schema: `\"a` has a double quote that is not closed
        line 1 of the schema: `a b` is no path; put names with other characters in double quotes
        line 2 of the schema: `a` was something else before
        line 2 of the schema: `a` is there twice
        line 1 of the schema: only the field `time` is a timestamp; others are text
        ");
    }
}
