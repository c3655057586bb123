//! How a lake is to be read.

use std::{num::NonZeroUsize, path::PathBuf};

/// What to do about an object or a record that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// Leave it out, count it and name it; see [`crate::Engine::problems`].
    #[default]
    Skip,
    /// End the query with [`crate::QueryError::Problem`].
    Fail,
}

/// Whether what was learned of objects is kept for the next engine. It never changes an answer, only how
/// soon it comes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SchemaCache {
    /// Kept as long as the engine.
    #[default]
    Off,
    /// Kept in a file of this directory too, one for each lake; never in the lake.
    Directory(PathBuf),
}

/// How a lake is to be read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The stream's `Prefix` expression. Without it the layout is found: `k=v` folders, or
    /// `YYYY/MM/dd/HH/`, below `events/` if there is such a folder.
    pub prefix: Option<String>,
    /// The stream's `ErrorOutputPrefix` expression. Without it the error output is what lies under
    /// `errors/`, `error/`, or a folder named after an error output type such as `processing-failed`.
    pub error_prefix: Option<String>,
    /// What to do about an object or a record that cannot be read.
    pub on_error: OnError,
    /// Threads that a query may use; as many as there are processors if not given.
    pub threads: Option<NonZeroUsize>,
    /// Bytes that a query may hold in memory for sorting, grouping and joining; beyond them it spills to
    /// temporary files. Without it there is no bound.
    pub memory_limit: Option<usize>,
    /// The fields of `events`, pinned: one a line, its path and its type, as in
    ///
    /// ```text
    /// time                 timestamp
    /// detail.eventType     text
    /// detail.data.price    number
    /// detail.data.tags     text[]
    /// detail.data.items[].sku  text
    /// ```
    ///
    /// with the types `boolean`, `integer`, `number`, `text` and `timestamp` (of the field `time`). Names with other
    /// characters than letters, digits, `_`, `-` stand in double quotes; `#` begins a comment. A value that
    /// does not fit is null and is counted; a field that is not named is not there.
    pub schema: Option<String>,
    /// Whether what was learned of objects is kept for the next engine.
    pub cache: SchemaCache,
}
