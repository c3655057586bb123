use hydrant_function::{Fault, Reason};
use hydrant_partitioner::KeyError;
use hydrant_records::json::JsonError;

/// Why a record cannot be transformed, and where. The text never holds any of the record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Nothing, or nothing but white space.
    #[error("the record is empty")]
    Empty,
    /// Not JSON by RFC 8259.
    #[error("invalid JSON: {0}")]
    InvalidJson(JsonError),
    /// JSON, but an array, a string, a number or a literal.
    #[error("a record holds JSON objects, and something else starts at byte {offset}")]
    NotAnObject {
        /// Where that value starts.
        offset: usize,
    },
    /// A member of the envelope that decides whose event it is occurs twice, so that readers which take the
    /// first and readers which take the last would disagree.
    #[error("the envelope has a second {name:?} at byte {offset}; send one")]
    DuplicateMember {
        /// The member.
        name: &'static str,
        /// Where the second one's key starts.
        offset: usize,
    },
    /// The place of the client's id holds something that is neither a string nor null.
    #[error("the client id at byte {offset} is not a string")]
    ClientIdNotAString {
        /// Where the value starts.
        offset: usize,
    },
    /// No client id, where one is required.
    #[error("the envelope of the object at byte {offset} has no client id, and one is required")]
    MissingClientId {
        /// Where the object starts.
        offset: usize,
    },
    /// There is a client id to move, and `detail` is missing or no object.
    #[error("the object at byte {offset} has no detail object to take the client id")]
    DetailNotAnObject {
        /// Where the object starts.
        offset: usize,
    },
    /// A partition key has no usable value.
    #[error("the object at byte {offset}: {}", key_text(.error))]
    PartitionKey {
        /// Where the object starts in the record.
        offset: usize,
        /// What is wrong with which key. Its own text may quote the record.
        error: KeyError,
    },
    /// Something about the event or the answer, whatever the record's content.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The filter failed, so that nobody knows whether the record is wanted.
    #[error("{condition} failed on the object at byte {offset} of the output")]
    Condition {
        /// `DROP_WHEN` or `KEEP_WHEN`.
        condition: &'static str,
        /// Where the object starts in what the record became.
        offset: usize,
    },
    /// Objects of one record whose partition keys differ: a record has one place.
    #[error(
        "the object at byte {offset} has other partition keys than the first; send it as a record of its own"
    )]
    KeysDiffer {
        /// Where the first object starts whose keys differ.
        offset: usize,
    },
}

impl Refusal {
    /// A short name of the reason that stays what it is from release to release, to count by.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::InvalidJson(_) => "invalid-json",
            Self::NotAnObject { .. } => "not-an-object",
            Self::DuplicateMember { .. } => "duplicate-member",
            Self::ClientIdNotAString { .. } => "client-id-not-a-string",
            Self::MissingClientId { .. } => "missing-client-id",
            Self::DetailNotAnObject { .. } => "detail-not-an-object",
            Self::PartitionKey { .. } => "partition-key",
            Self::KeysDiffer { .. } => "keys-differ",
            Self::Fault(fault) => fault.reason(),
            Self::Condition { .. } => "condition-failed",
        }
    }
}

impl Reason for Refusal {
    fn reason(&self) -> &'static str {
        self.reason()
    }
}

/// Two texts quote values of the record; every other one names the key alone.
fn key_text(error: &KeyError) -> String {
    match error {
        KeyError::Jq { .. } => "the expression of a partition key failed on it".to_owned(),
        KeyError::NotATime { key, .. } => format!("partition key {key:?}: its value is no time"),
        other => other.to_string(),
    }
}
