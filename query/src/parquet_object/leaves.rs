//! The leaves of a file's schema that a query reads.

use parquet::{arrow::ProjectionMask, schema::types::SchemaDescriptor};

use crate::{
    constants::OBJECT,
    decode::TableColumns,
    paths::{Projection, Wanted},
};

/// The leaves that hold what `projection` names of the records; with the keys of the objects that the rows came
/// from, for a file that `has_keys`.
pub(super) fn mask(
    schema: &SchemaDescriptor,
    table: &TableColumns,
    projection: &Projection,
    has_keys: bool,
) -> ProjectionMask {
    let named = |at: &usize| {
        let field = table
            .schema
            .fields()
            .get(*at)
            .filter(|_| *at < table.fields)?;
        let paths = projection.paths.as_deref();
        let wanted = paths.map_or(&Wanted::Whole, |paths| paths.of(field.name()));
        Some((field.name().as_str(), wanted))
    };
    let named: Vec<_> = projection.columns.iter().filter_map(named).collect();
    let leaves = schema.columns().iter().enumerate().filter(|(_, leaf)| {
        let Some((root, path)) = leaf.path().parts().split_first() else {
            return false;
        };
        let mut named = named.iter();
        named.any(|(name, wanted)| name == root && is_wanted(wanted, path))
            || (has_keys && root == OBJECT && path.is_empty())
    });
    ProjectionMask::leaves(schema, leaves.map(|(at, _)| at))
}

fn is_wanted(wanted: &Wanted, path: &[String]) -> bool {
    match (wanted, path.split_first()) {
        (Wanted::Fields(fields), Some((first, rest))) => {
            fields.get(first).is_some_and(|it| is_wanted(it, rest))
        }
        (Wanted::Whole, _) | (_, None) => true,
    }
}

/// The leaf at a path of structs.
pub(super) fn leaf(schema: &SchemaDescriptor, path: &[String]) -> Option<usize> {
    let mut columns = schema.columns().iter();
    columns.position(|leaf| leaf.path().parts() == path)
}
