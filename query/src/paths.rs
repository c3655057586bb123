//! The paths into structs that a query names, so that a scan builds only those.

use std::{collections::BTreeMap, sync::Arc};

/// What of a column is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of it.
    Whole,
    /// These fields of a struct.
    Fields(BTreeMap<String, Wanted>),
}

impl Wanted {
    /// Wants what lies at `path` too.
    pub(crate) fn add(&mut self, path: &[String]) {
        match (self, path) {
            (Self::Whole, _) => {}
            (this, []) => *this = Self::Whole,
            (Self::Fields(fields), [first, rest @ ..]) => {
                fields
                    .entry(first.clone())
                    .or_insert_with(|| Self::Fields(BTreeMap::new()))
                    .add(rest);
            }
        }
    }
}

/// What of each top-level column is wanted. A column that is not named here is wanted whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Paths(BTreeMap<String, Wanted>);

impl Paths {
    /// Wants what lies at `path` in a column.
    pub(crate) fn add(&mut self, column: &str, path: &[String]) {
        self.0
            .entry(column.to_owned())
            .or_insert_with(|| Wanted::Fields(BTreeMap::new()))
            .add(path);
    }

    /// What of `column` is wanted.
    pub(crate) fn of(&self, column: &str) -> &Wanted {
        self.0.get(column).unwrap_or(&Wanted::Whole)
    }
}

/// The columns that a scan gives, and what of them it builds.
#[derive(Debug, Clone)]
pub(crate) struct Projection {
    /// Positions in the table's columns.
    pub(crate) columns: Vec<usize>,
    /// The parts of structs; everything when it is not known.
    pub(crate) paths: Option<Arc<Paths>>,
}
