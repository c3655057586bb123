//! What can go wrong with a query, named for what its author must do.

use std::sync::Arc;

use arrow::error::ArrowError;
use datafusion::{error::DataFusionError, sql::sqlparser::parser::ParserError};
use hydrant_lake::LakeError;
use url::Url;

use crate::{compaction::CompactionError, problems::Problem};

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
    #[error("reading {lake}{key} failed{}", said_of(.signed.as_deref()))]
    Store {
        /// The lake.
        lake: Box<Url>,
        /// The key, or the folder that was listed.
        key: String,
        /// The credentials that were refused, if that is what happened.
        signed: Option<String>,
        /// The store's own account.
        source: Arc<object_store::Error>,
    },
    /// A value does not fit the schema that a sample of the lake gave. Only a plan that is run by hand meets it:
    /// [`crate::Engine::run`] begins anew with what it learned.
    #[error(
        "{object} line {line}: a value does not fit the schema that a sample of the lake gave; run the query \
         through Engine::run, which learns and begins anew, or pin the schema"
    )]
    Drift {
        /// The object's key.
        object: String,
        /// The line, from 1.
        line: u64,
    },
    /// The schema that was to be pinned is none.
    #[error("line {line} of the schema: {reason}")]
    Schema {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it, and what it should be.
        reason: String,
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
    #[error("this is no SQL: {reason}{}", place(*.line, *.column))]
    Syntax {
        /// What the parser expected and found.
        reason: String,
        /// The line of the mistake, from 1; 0 when it is nowhere in particular.
        line: u64,
        /// The character in that line, from 1; 0 when it is nowhere in particular.
        column: u64,
    },
    /// A bucket that a statement names cannot be opened.
    #[error("{bucket} cannot be opened")]
    Bucket {
        /// The bucket's URL.
        bucket: String,
        /// Why.
        source: Box<LakeError>,
    },
    /// A function is called with arguments that it does not take.
    #[error("{0}")]
    Call(String),
    /// What the query may hold in memory does not do for it.
    #[error(
        "the query needs more memory than --memory-limit lets it have: {reason}; raise the limit, or lower --threads, \
         among which it is divided"
    )]
    Memory {
        /// What needed more.
        reason: String,
    },
    /// The SQL is wrong, or running it failed.
    #[error(transparent)]
    Sql(Box<DataFusionError>),
    /// The compacted part of the lake cannot be read.
    #[error(transparent)]
    Compacted(Arc<CompactionError>),
    /// The result could not be written.
    #[error("writing the result failed")]
    Output(#[from] std::io::Error),
}

fn said_of(signed: Option<&str>) -> String {
    signed.map_or_else(String::new, |signed| {
        format!("; the request was signed with {signed}")
    })
}

fn did_you_mean(near: &[String]) -> String {
    if near.is_empty() {
        return "; `describe events` lists what there is".to_owned();
    }
    format!("; did you mean {}?", near.join(", "))
}

/// What a function says of its arguments, without the frames that planning puts around it.
fn wrong_call(error: &DataFusionError) -> Option<String> {
    let message = error.find_root().strip_backtrace();
    let (_, reason) = message.split_once("user-defined coercion failed with: ")?;
    let reason = reason
        .strip_prefix("Error during planning: ")
        .unwrap_or(reason);
    let reason = reason
        .split_once(" No function matches")
        .map_or(reason, |(reason, _)| reason);
    Some(reason.trim_end_matches('.').to_owned())
}

/// The first line of what a memory pool says: behind it are all that hold something.
fn out_of_memory(reason: &str) -> QueryError {
    let first = reason.lines().next().unwrap_or_default();
    let first = first.split_once(" with top memory consumers");
    let reason = first
        .map_or(reason, |(first, _)| first)
        .trim_end_matches('.');
    QueryError::Memory {
        reason: reason.to_owned(),
    }
}

fn place(line: u64, column: u64) -> String {
    if line == 0 {
        return String::new();
    }
    format!(", at line {line}, column {column}")
}

/// The parser's message, whose end says where: `… at Line: 1, Column: 8`.
fn syntax(text: String) -> QueryError {
    let place = |text: &str| {
        let (reason, place) = text.rsplit_once(" at Line: ")?;
        let (line, column) = place.split_once(", Column: ")?;
        let reason = reason.trim_end().to_owned();
        Some((
            reason,
            line.trim().parse().ok()?,
            column.trim().parse().ok()?,
        ))
    };
    let (reason, line, column) = place(&text).unwrap_or((text, 0, 0));
    QueryError::Syntax {
        reason,
        line,
        column,
    }
}

impl QueryError {
    /// The name in the statement that is wrong, where it is a name.
    pub(crate) fn wrong_name(&self) -> Option<String> {
        match self {
            Self::UnknownField { field, .. } => field
                .rsplit('.')
                .next()
                .map(|name| name.trim_matches('"').to_owned()),
            Self::UnknownTable { table, .. } => Some(table.clone()),
            Self::Sql(error) => {
                let message = error.find_root().strip_backtrace();
                let (_, rest) = message.split_once("Invalid function '")?;
                rest.split_once('\'').map(|(name, _)| name.to_owned())
            }
            _ => None,
        }
    }

    /// The error as one that travels through a query plan; [`From`] brings it back.
    pub(crate) fn into_datafusion(self) -> DataFusionError {
        match self {
            Self::Sql(error) => *error,
            other => DataFusionError::External(Box::new(other)),
        }
    }

    /// A copy of the error of ours that is inside an error which others hold too.
    fn again(error: &DataFusionError) -> Option<Self> {
        let source = match error.find_root() {
            DataFusionError::External(source) => source,
            DataFusionError::ResourcesExhausted(reason) => return Some(out_of_memory(reason)),
            _ => return None,
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
            Self::Drift { object, line } => Some(Self::Drift {
                object: object.clone(),
                line: *line,
            }),
            Self::Store {
                lake,
                key,
                signed,
                source,
            } => Some(Self::Store {
                lake: lake.clone(),
                key: key.clone(),
                signed: signed.clone(),
                source: Arc::clone(source),
            }),
            Self::Memory { reason } => Some(Self::Memory {
                reason: reason.clone(),
            }),
            Self::Compacted(error) => Some(Self::Compacted(Arc::clone(error))),
            _ => None,
        }
    }
}

impl From<CompactionError> for QueryError {
    fn from(error: CompactionError) -> Self {
        match error {
            CompactionError::Read(error) => error,
            error => Self::Compacted(Arc::new(error)),
        }
    }
}

impl From<DataFusionError> for QueryError {
    /// Unwraps an error of ours that travelled through a query plan.
    fn from(error: DataFusionError) -> Self {
        if let Some(reason) = wrong_call(&error) {
            return Self::Call(reason);
        }
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
            DataFusionError::SQL(error, _) => syntax(match *error {
                ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
                other @ ParserError::RecursionLimitExceeded => other.to_string(),
            }),
            DataFusionError::ResourcesExhausted(reason) => out_of_memory(&reason),
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
