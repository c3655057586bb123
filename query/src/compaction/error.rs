//! Why a lake was not compacted.

use std::sync::Arc;

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;

use crate::{delta::DeltaError, error::QueryError};

/// Why a lake was not compacted. What was committed before it stays, and the next run goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompactionError {
    /// Listing or reading the raw objects failed.
    #[error(transparent)]
    Read(#[from] QueryError),
    /// The Delta table could not be read or changed.
    #[error(transparent)]
    Delta(#[from] DeltaError),
    /// The folder holds a Delta table that somebody else made.
    #[error(
        "{table} is a Delta table that was not made by compaction; move it away, or compact into another lake with \
         --to parquet:URL"
    )]
    Foreign {
        /// The table.
        table: String,
    },
    /// The place is none for Parquet files.
    #[error("{target} {reason}")]
    Target {
        /// The place.
        target: String,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// The record of what the table has taken is missing or damaged.
    #[error(
        "{file}, which says what the compacted table has taken, {reason}; without it nothing can be taken without \
         counting it twice. Restore it from a copy, or remove the table's folder to compact everything anew from the \
         raw objects that are still there"
    )]
    State {
        /// The object's key.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A field has a name that the table needs for itself.
    #[error(
        "records have a field `{field}`, which is the name of a column of the compacted table; rename it in the \
         stream's transformation"
    )]
    Reserved {
        /// The field.
        field: String,
    },
    /// Two fields in one place differ in case only.
    #[error(
        "records have fields `{one}` and `{other}` in the same place; the columns of a Delta table have no case, so \
         one of them must be renamed in the stream's transformation"
    )]
    Alike {
        /// One of them.
        one: String,
        /// The other.
        other: String,
    },
    /// Objects change while they are read.
    #[error("{object}, or an object beside it, changes while it is read")]
    Changing {
        /// The first object that was read.
        object: String,
    },
    /// Rows could not be sorted or converted, which is a defect of ours.
    #[error("rows could not be rearranged")]
    Rows(#[from] ArrowError),
    /// A task of ours ended without an answer.
    #[error("compaction was cut short")]
    Worker(#[source] tokio::task::JoinError),
    /// The store refused.
    #[error("{key} could not be {what}")]
    Store {
        /// The object's key.
        key: String,
        /// `read`, `written` or `removed`.
        what: &'static str,
        /// Why.
        #[source]
        source: Arc<object_store::Error>,
    },
    /// Files that were put together do not have the rows that they had; the table was left as it was.
    #[error(
        "files with {before} rows became files with {after}, so the table was left as it was; another program may have \
         changed its files"
    )]
    Merged {
        /// The rows of the files.
        before: u64,
        /// The rows of the files that were made of them.
        after: u64,
    },
    /// Other runs keep committing.
    #[error(
        "other runs committed {0} times in a row while this one tried; run it again when they are done"
    )]
    Contended(usize),
}

impl From<DataFusionError> for CompactionError {
    fn from(error: DataFusionError) -> Self {
        Self::Read(QueryError::from(error))
    }
}

impl CompactionError {
    /// The same error, with what it names called by another name.
    pub(crate) fn named(self, name: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Foreign { table } => Self::Foreign {
                table: name(&table),
            },
            Self::State { file, reason } => Self::State {
                file: name(&file),
                reason,
            },
            Self::Store { key, what, source } => Self::Store {
                key: name(&key),
                what,
                source,
            },
            Self::Delta(error) => Self::Delta(error.named(name)),
            other => other,
        }
    }

    pub(crate) fn store(key: &str, what: &'static str, source: object_store::Error) -> Self {
        Self::Store {
            key: key.to_owned(),
            what,
            source: Arc::new(source),
        }
    }
}
