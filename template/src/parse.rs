//! Texts to trees.

mod json;
mod yaml;

use std::collections::HashMap;

pub(crate) use json::parse as json;
pub(crate) use yaml::parse as yaml;

use crate::{document::Duplicate, node::Member, source::Span};

/// Notes the names that stand twice.
fn duplicates(members: &[Member], found: &mut Vec<Duplicate>) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for member in members {
        if let Some(first) = seen.insert(&member.name, member.name_span) {
            found.push(Duplicate {
                name: member.name.clone(),
                first,
                again: member.name_span,
            });
        }
    }
}
