//! What a commit changes.

use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;

/// What a commit changes; everything in it happens at once or not at all.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Files whose rows come into the table.
    pub add: Vec<NewFile>,
    /// Files whose rows leave it. They stay where they are, for whoever reads an older version.
    pub remove: Vec<TableFile>,
    /// An application's name and a number of its own, which [`crate::delta::DeltaTable::transaction`] gives
    /// back, however old the commit is (Delta transaction log protocol, Transaction Identifiers).
    pub transactions: Vec<(String, i64)>,
    /// New columns for the table, if they change.
    pub schema: Option<SchemaRef>,
    /// Whether the rows are the same before and after, only in other files.
    pub same_rows: bool,
    /// What the history shows of the commit, beside what Delta says itself.
    pub note: BTreeMap<String, String>,
}

/// A data file that was written and is in no table yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// The path, from the table's folder.
    pub path: String,
    /// Its bytes.
    pub size: u64,
    /// Its rows.
    pub rows: u64,
    /// The value of each partition column, as text; `None` for null.
    pub partition: BTreeMap<String, Option<String>>,
    /// Statistics as Delta's log has them (Delta transaction log protocol, Per-file Statistics).
    pub statistics: String,
}

/// A data file of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFile {
    /// The path, from the table's folder.
    pub path: String,
    /// Its bytes.
    pub size: u64,
    /// Its rows, if the log says so.
    pub rows: Option<u64>,
    /// The value of each partition column, as text; `None` for null.
    pub partition: BTreeMap<String, Option<String>>,
    /// Statistics as Delta's log has them, if it has any.
    pub statistics: Option<String>,
}
