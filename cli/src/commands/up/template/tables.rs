//! The Glue tables of a template: what its streams convert their records to.

use hydrant_template::{Presence, Resource, Stack};
use serde_json::{Value, json};

use super::apis::value_of;

const TABLE: &str = "AWS::Glue::Table";

/// Whether a resource is a table, or the database of one.
pub(super) fn is_one(resource: &Resource) -> bool {
    [TABLE, "AWS::Glue::Database"].contains(&resource.kind.as_str())
}

/// The tables of a template, as the inputs of Glue's `CreateTable`. One without a name has its logical id, which
/// the name that CloudFormation makes has in it.
pub(super) fn of(stack: &Stack) -> Vec<Value> {
    let there = stack.of_type(TABLE);
    let there = there.filter(|it| it.presence != Presence::Absent);
    let input = |resource: &Resource| {
        let mut input = value_of(&resource.properties);
        let table = input.get_mut("TableInput").and_then(Value::as_object_mut);
        if let Some(table) = table {
            let name = table.entry("Name").or_insert(Value::Null);
            if name.is_null() {
                *name = json!(resource.id);
            }
        }
        input
    };
    there.map(input).collect()
}
