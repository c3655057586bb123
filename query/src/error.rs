//! What can go wrong with a query, named for what its author must do.

use std::sync::Arc;

use arrow::error::ArrowError;
use datafusion::{error::DataFusionError, sql::sqlparser::parser::ParserError};
use url::Url;

use crate::problems::Problem;

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// No object holds delivered records.
    #[error(
        "no events: there are no objects under {lake}{looked}{other}; check the lake's URL, or name the stream's \
         Prefix with --prefix or --stream"
    )]
    NoObjects {
        /// The lake.
        lake: Box<Url>,
        /// The folder that was listed; empty for the whole lake.
        looked: String,
        /// What was there instead, as the end of a sentence; may be empty.
        other: String,
    },
    /// The Prefix or ErrorOutputPrefix expression is not one that Firehose takes.
    #[error("the {field} expression `{expression}` cannot be used: {reason}")]
    Prefix {
        /// `Prefix` or `ErrorOutputPrefix`.
        field: &'static str,
        /// The expression as it was given.
        expression: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An object or a record in it could not be read, and problems are not to be skipped.
    #[error("{0}; --on-error skip leaves it out and counts it")]
    Problem(Box<Problem>),
    /// The store answered with an error.
    #[error("reading {lake}{key} failed")]
    Store {
        /// The lake.
        lake: Box<Url>,
        /// The key, or the folder that was listed.
        key: String,
        /// The store's own account.
        source: Arc<object_store::Error>,
    },
    /// The SQL names a column or a field that is not there.
    #[error("there is no field `{field}`{}", did_you_mean(.near))]
    UnknownField {
        /// The name as it was written.
        field: String,
        /// Paths of fields with names like it, nearest first.
        near: Vec<String>,
    },
    /// The SQL names a table that is not there.
    #[error("there is no table `{table}`; there are {}", .tables.join(", "))]
    UnknownTable {
        /// The name as it was written.
        table: String,
        /// The tables that are there.
        tables: Vec<String>,
    },
    /// The text is no SQL.
    #[error("this is no SQL: {0}")]
    Syntax(String),
    /// The SQL is wrong, or running it failed.
    #[error(transparent)]
    Sql(Box<DataFusionError>),
    /// The result could not be written.
    #[error("writing the result failed")]
    Output(#[from] std::io::Error),
}

fn did_you_mean(near: &[String]) -> String {
    if near.is_empty() {
        return "; `describe events` lists what there is".to_owned();
    }
    format!("; did you mean {}?", near.join(", "))
}

impl QueryError {
    /// The error as one that travels through a query plan; [`From`] brings it back.
    pub(crate) fn into_datafusion(self) -> DataFusionError {
        match self {
            Self::Sql(error) => *error,
            other => DataFusionError::External(Box::new(other)),
        }
    }

    /// A copy of the error of ours that is inside an error which others hold too.
    fn again(error: &DataFusionError) -> Option<Self> {
        let DataFusionError::External(source) = error.find_root() else {
            return None;
        };
        match source.downcast_ref::<Self>()? {
            Self::NoObjects {
                lake,
                looked,
                other,
            } => Some(Self::NoObjects {
                lake: lake.clone(),
                looked: looked.clone(),
                other: other.clone(),
            }),
            Self::Problem(problem) => Some(Self::Problem(problem.clone())),
            Self::Store { lake, key, source } => Some(Self::Store {
                lake: lake.clone(),
                key: key.clone(),
                source: Arc::clone(source),
            }),
            _ => None,
        }
    }
}

impl From<DataFusionError> for QueryError {
    /// Unwraps an error of ours that travelled through a query plan.
    fn from(error: DataFusionError) -> Self {
        match error {
            DataFusionError::External(source) => match source.downcast::<Self>() {
                Ok(ours) => *ours,
                Err(source) => Self::Sql(Box::new(DataFusionError::External(source))),
            },
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => {
                Self::from(*inner)
            }
            DataFusionError::ArrowError(inner, trace) => match *inner {
                ArrowError::ExternalError(source) => Self::from(DataFusionError::External(source)),
                other => Self::Sql(Box::new(DataFusionError::ArrowError(
                    Box::new(other),
                    trace,
                ))),
            },
            DataFusionError::SQL(error, _) => Self::Syntax(match *error {
                ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
                other @ ParserError::RecursionLimitExceeded => other.to_string(),
            }),
            // Several partitions hold the error; what is ours in it can be said again.
            DataFusionError::Shared(shared) => match Self::again(&shared) {
                Some(ours) => ours,
                None => Self::Sql(Box::new(DataFusionError::Shared(shared))),
            },
            other => Self::Sql(Box::new(other)),
        }
    }
}

impl From<ArrowError> for QueryError {
    fn from(error: ArrowError) -> Self {
        Self::from(DataFusionError::from(error))
    }
}
