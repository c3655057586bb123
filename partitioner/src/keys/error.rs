//! Why a query is refused, and why a record has no keys.

use hydrant_records::json::JsonError;

use crate::limits::{MAX_FOLDER_BYTES, MAX_KEYS, MAX_QUERY_CHARS};

/// A query that gives no keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The text is not jq.
    #[error("{text:?} is not a jq expression at {near:?}: {expected} expected")]
    Syntax {
        /// The expression.
        text: String,
        /// What stands where the parser stopped; empty at the end of the text.
        near: String,
        /// What the parser wanted there.
        expected: String,
    },
    /// A filter, variable or module that there is not. Filters that read the clock, the environment or
    /// the local time zone are among them: a key depends on the record alone.
    #[error("{kind} {name} is not defined ({})", undefined_hint(.name))]
    Undefined {
        /// "filter", "variable", "label" or "module".
        kind: &'static str,
        /// The name as written.
        name: String,
    },
    /// The query is jq, but not one object constructor.
    #[error(
        "a MetadataExtractionQuery is one jq object constructor such as {{eventType: .detail.eventType}}; put other steps into the values, in parentheses"
    )]
    NotAnObject,
    /// The name of a key is computed, so it cannot be compared with the prefix.
    #[error("the name of key number {position} is computed; write it out, as in {{eventType: …}}")]
    ComputedName {
        /// Place in the query, from 1.
        position: usize,
    },
    /// No key at all.
    #[error("the query gives no key")]
    Empty,
    /// More than [`MAX_KEYS`].
    #[error("the query gives {count} keys; AWS allows {MAX_KEYS}")]
    TooManyKeys {
        /// Keys found.
        count: usize,
    },
    /// More than [`MAX_QUERY_CHARS`], or brackets nested deeper than any query needs.
    #[error("the query is longer than {MAX_QUERY_CHARS} characters or nested too deeply")]
    TooLarge,
    /// jq 1.6, which AWS runs, does not have it.
    #[error("jq 1.6, which AWS runs, does not have {missing}; write it in other words")]
    NotInJq16 {
        /// The filter or the syntax.
        missing: String,
    },
    /// jq 1.6 reads only paths, calls and pipes as the value of a key.
    #[error(
        "jq 1.6, which AWS runs, stops at {operator:?} in the value of the key {key:?}; put the value into parentheses, as in {{{key}: (…)}}"
    )]
    NoParentheses {
        /// The key.
        key: String,
        /// What it stops at.
        operator: String,
    },
    /// The pattern of a `utc("…")` is not one that can be written.
    #[error("utc({pattern:?}): {reason}")]
    DatePattern {
        /// The pattern as written.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An entry of `PARTITION_KEYS` is not `name=expression`.
    #[error("{entry:?} is not name=expression; names are letters, digits, '_', '-' and '.'")]
    NotAnEntry {
        /// The entry as written.
        entry: String,
    },
}

fn undefined_hint(name: &str) -> &'static str {
    match name {
        super::UTC => {
            "it is Hydrant's own and stands in PARTITION_KEYS alone; in a MetadataExtractionQuery, cut the text as in .time[0:4], or use jq's strptime and strftime"
        }
        "$ENV" => LEFT_OUT_HINT,
        name if super::jq::LEFT_OUT.contains(&name) => LEFT_OUT_HINT,
        "@csv" | "@tsv" | "leaf_paths" | "input" | "inputs" | "$__loc__" => {
            "jq has it, and it is not here"
        }
        _ => "jq has nothing of that name",
    }
}

const LEFT_OUT_HINT: &str =
    "filters that read the clock, the environment or the local time zone are left out on purpose";

/// A name that [`KeyQuery::well_known`](crate::KeyQuery::well_known) has no expression for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no expression is known for the partition key {name:?}; give one, as in {name}=.detail.{name}"
)]
pub struct UnknownKey {
    /// The name asked for.
    pub name: String,
}

/// A record that has no place, because a key has no usable value.
///
/// [`code`](Self::code) and [`message`](Self::message) are what the error record carries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The value is null, missing or the empty string.
    #[error("partition key {key:?} is null, missing or empty")]
    NullOrEmpty {
        /// Name of the key.
        key: String,
    },
    /// The value is an array or an object.
    #[error("partition key {key:?} is an {kind}; a key is a string, a number or a boolean")]
    NotScalar {
        /// Name of the key.
        key: String,
        /// "array" or "object".
        kind: &'static str,
    },
    /// The expression does not apply to the record, such as a field of a string.
    #[error("partition key {key:?}: its expression does not apply to the types in this record")]
    NotApplicable {
        /// Name of the key.
        key: String,
    },
    /// A value that `utc` was to write as a date is no time.
    #[error(
        "partition key {key:?}: {text:?} is no time such as 2026-11-02T08:15:30Z or 2026-11-02T08:15:30+02:00"
    )]
    NotATime {
        /// Name of the key.
        key: String,
        /// The value, cut short.
        text: String,
    },
    /// The value is not UTF-8.
    #[error("partition key {key:?} is not valid UTF-8")]
    NotUtf8 {
        /// Name of the key.
        key: String,
    },
    /// The record is not one JSON document.
    #[error("the record is not one JSON document: {0}")]
    NotJson(JsonError),
    /// The record holds nothing.
    #[error("the record is empty")]
    EmptyRecord,
    /// The record is several JSON documents, and they have different places to go.
    #[error("the record holds several JSON objects whose partition keys differ")]
    Differ,
    /// jq raised an error.
    #[error("jq: {reason}")]
    Jq {
        /// jq's own text.
        reason: String,
    },
    /// jq gave no result, or several.
    #[error("the query gives {results} for this record; it must give one object")]
    NotOneResult {
        /// "no result" or "several results".
        results: &'static str,
    },
    /// The prefix names a key that the record does not have.
    #[error("the prefix needs {namespace}:{key}, and the record has no such key")]
    Missing {
        /// Name of the key.
        key: String,
        /// `partitionKeyFromQuery` or `partitionKeyFromLambda`.
        namespace: &'static str,
    },
    /// The value would lead outside the folder that the prefix gives it.
    #[error("partition key {key:?} cannot be a folder: {reason}")]
    Unconfined {
        /// Name of the key.
        key: String,
        /// What is wrong with the value.
        reason: &'static str,
    },
    /// The values make a folder whose name is longer than
    /// [`MAX_FOLDER_BYTES`](crate::limits::MAX_FOLDER_BYTES).
    #[error(
        "the partition keys make the name of a folder {bytes} bytes long; file systems take {MAX_FOLDER_BYTES}"
    )]
    FolderTooLong {
        /// Bytes of the name.
        bytes: usize,
    },
    /// The values make the prefix longer than AWS allows.
    #[error("Length of evaluated prefix cannot be greater than 512")]
    TooLong,
}

impl KeyError {
    /// `errorCode` of the error record: one code for every way in which keys can fail.
    pub fn code(&self) -> &'static str {
        "DynamicPartitioning.MetadataExtractionFailed"
    }

    /// `errorMessage` of the error record: AWS's text where it is known, ours elsewhere.
    pub fn message(&self) -> String {
        match self {
            Self::NullOrEmpty { .. } | Self::Missing { .. } => {
                "partitionKeys values must not be null or empty".to_owned()
            }
            other => other.to_string(),
        }
    }

    /// The key that failed, where one key did.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::NullOrEmpty { key }
            | Self::NotScalar { key, .. }
            | Self::NotApplicable { key }
            | Self::NotATime { key, .. }
            | Self::NotUtf8 { key }
            | Self::Missing { key, .. }
            | Self::Unconfined { key, .. } => Some(key),
            Self::NotJson(_)
            | Self::EmptyRecord
            | Self::Differ
            | Self::Jq { .. }
            | Self::NotOneResult { .. }
            | Self::FolderTooLong { .. }
            | Self::TooLong => None,
        }
    }
}
