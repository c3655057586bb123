//! Why a service does not do what it was asked.

use crate::{definition::DefinitionError, log::LogError};

/// Why a service does not start, or a stream is not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The definition is refused.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// A definition in the log is not readable.
    #[error("a definition in the log is damaged: {0}")]
    Damaged(String),
    /// The stream's function is not to be had.
    #[error("the stream {stream} names a function that cannot be run: {reason}")]
    NoFunction {
        /// The stream.
        stream: String,
        /// Why.
        reason: String,
    },
    /// The stream's source is not to be read.
    #[error("the stream {stream} reads from {source_arn}, which cannot be read: {reason}")]
    NoSource {
        /// The stream.
        stream: String,
        /// The ARN of its source.
        source_arn: String,
        /// Why.
        reason: String,
    },
    /// There is such a stream already.
    #[error("there is a stream called {name} already")]
    Exists {
        /// Its name.
        name: String,
    },
}
