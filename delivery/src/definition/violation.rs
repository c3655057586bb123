//! What is wrong with a definition.

use std::fmt;

/// Why a definition makes no stream.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DefinitionError {
    /// Not the JSON of `CreateDeliveryStream`.
    #[error("not a create-delivery-stream input")]
    Json(#[source] serde_json::Error),
    /// AWS would refuse it.
    #[error("AWS would refuse this stream:{}", list(.0))]
    Refused(Vec<Violation>),
    /// AWS takes it, and Hydrant cannot run it.
    #[error("this stream cannot be run here: {0}")]
    Unsupported(String),
}

fn list(violations: &[Violation]) -> String {
    violations
        .iter()
        .flat_map(|it| ["\n  ".to_owned(), it.to_string()])
        .collect()
}

/// One thing that AWS would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The member of `ExtendedS3DestinationConfiguration`, or of the whole input.
    pub member: String,
    /// AWS's text.
    pub text: String,
    /// How to mend it.
    pub help: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.member, self.text)?;
        if self.help.is_empty() {
            Ok(())
        } else {
            write!(f, "\n    {}", self.help)
        }
    }
}

impl From<hydrant_partitioner::Violation> for Violation {
    fn from(violation: hydrant_partitioner::Violation) -> Self {
        Self {
            member: match violation.offset {
                Some(offset) => format!("{} at byte {offset}", violation.field),
                None => violation.field.to_string(),
            },
            text: violation
                .aws_message()
                .unwrap_or_else(|| violation.explanation()),
            help: violation.fix(),
        }
    }
}

/// What AWS would refuse, as it is found.
#[derive(Debug, Default)]
pub(super) struct Refusals(pub(super) Vec<Violation>);

impl Refusals {
    pub(super) fn add(&mut self, member: &str, text: impl Into<String>, help: impl Into<String>) {
        self.0.push(Violation {
            member: member.to_owned(),
            text: text.into(),
            help: help.into(),
        });
    }

    pub(super) fn check(&mut self, holds: bool, member: &str, text: &str, help: &str) {
        if !holds {
            self.add(member, text, help);
        }
    }

    pub(super) fn done(self) -> Result<(), DefinitionError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(DefinitionError::Refused(self.0))
        }
    }
}
