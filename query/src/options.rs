//! How a lake is to be read.

use std::num::NonZeroUsize;

/// What to do about an object or a record that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// Leave it out, count it and name it; see [`crate::Engine::problems`].
    #[default]
    Skip,
    /// End the query with [`crate::QueryError::Problem`].
    Fail,
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
}
