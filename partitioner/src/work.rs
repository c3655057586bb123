//! What the partition-key function does to a record.

use hydrant_function::{Fault, Outcome, Output, Reason, Work};

use crate::keys::{KeyError, KeyMemo, KeyQuery};

/// Finds the keys of each record and leaves the record as it is.
#[derive(Debug)]
pub struct PartitionWork {
    keys: KeyMemo,
}

impl PartitionWork {
    /// Work that finds the keys of this query.
    pub fn new(query: KeyQuery) -> Self {
        Self {
            keys: KeyMemo::new(query),
        }
    }
}

impl Work for PartitionWork {
    type Refusal = Unplaced;
    type Counts = ();

    fn record(&mut self, record: &[u8]) -> Result<Outcome<()>, Unplaced> {
        self.keys.evaluate(record)?;
        Ok(Outcome::Ok(()))
    }

    fn output(&self) -> Output<'_> {
        Output::Untouched
    }

    fn keys(&self) -> Option<&str> {
        Some(self.keys.last())
    }
}

/// Why a record has no place. The text never holds any of the record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unplaced {
    /// A partition key has no usable value.
    #[error("{}", text(.0))]
    Key(#[from] KeyError),
    /// Something about the event or the answer.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Reason for Unplaced {
    fn reason(&self) -> &'static str {
        match self {
            Self::Fault(fault) => fault.reason(),
            Self::Key(KeyError::NotJson(_)) => "invalid-json",
            Self::Key(KeyError::NullOrEmpty { .. }) => "key-missing",
            Self::Key(KeyError::NotScalar { .. }) => "key-not-scalar",
            Self::Key(KeyError::Unconfined { .. }) => "key-unconfined",
            Self::Key(_) => "key-failed",
        }
    }
}

/// Two texts quote values of the record; every other one names the key alone.
fn text(error: &KeyError) -> String {
    match error {
        KeyError::Jq { .. } => "the expression of a partition key failed on it".to_owned(),
        KeyError::NotATime { key, .. } => format!("partition key {key:?}: its value is no time"),
        other => other.to_string(),
    }
}
