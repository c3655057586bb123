//! What can go wrong with a Delta table.

use deltalake::DeltaTableError;
use parquet::errors::ParquetError;

/// Why a Delta table cannot be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeltaError {
    /// The folder is no path.
    #[error("`{folder}` cannot be a table's folder")]
    Folder {
        /// The folder.
        folder: String,
        /// Why.
        #[source]
        source: object_store::path::Error,
    },
    /// The columns are none that Delta has.
    #[error("the Delta table {table} cannot have these columns: {reason}")]
    Columns {
        /// The table.
        table: String,
        /// Which, and why.
        reason: String,
    },
    /// Delta, or the store below it, refused.
    #[error("the Delta table {table} could not be {}", participle(.what))]
    Delta {
        /// The table.
        table: String,
        /// What was tried: `read`, `make`, `change`, `write to`, `clean`.
        what: &'static str,
        /// Why not.
        #[source]
        source: Box<DeltaTableError>,
    },
    /// The table was removed while it was used.
    #[error("the Delta table {table} is gone; somebody removed it")]
    Gone {
        /// The table.
        table: String,
    },
    /// Another program has marked rows as deleted.
    #[error(
        "rows of {file} in the Delta table {table} are marked as deleted, which is not read here; purge them with the \
         program that deleted them (REORG TABLE … APPLY (PURGE))"
    )]
    DeletedRows {
        /// The table.
        table: String,
        /// The file.
        file: String,
    },
    /// Rows could not be turned into Parquet.
    #[error("{file} could not be encoded")]
    Encode {
        /// The data file.
        file: String,
        /// Why.
        #[source]
        source: ParquetError,
    },
}

impl DeltaError {
    /// The same error, with table and file called by other names.
    pub(crate) fn named(mut self, name: impl Fn(&str) -> String) -> Self {
        let (one, other) = match &mut self {
            Self::Folder { folder, .. } => (folder, None),
            Self::Columns { table, .. } | Self::Delta { table, .. } | Self::Gone { table } => {
                (table, None)
            }
            Self::DeletedRows { table, file } => (table, Some(file)),
            Self::Encode { file, .. } => (file, None),
        };
        for named in [Some(one), other].into_iter().flatten() {
            *named = name(named);
        }
        self
    }
}

fn participle(what: &str) -> &'static str {
    match what {
        "make" => "made",
        "change" => "changed",
        "clean" => "cleaned up",
        "write to" => "written",
        _ => "read",
    }
}
