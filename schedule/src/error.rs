//! Why an expression is refused.

use crate::schedule::Dialect;

/// An expression that AWS refuses too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the schedule `{expression}` is not valid: {reason}")]
#[non_exhaustive]
pub struct ScheduleError {
    /// The expression, as it was given.
    pub expression: String,
    /// Who was to take it.
    pub dialect: Dialect,
    /// What is wrong with it, and what would be right.
    pub reason: String,
}

impl ScheduleError {
    /// The message of the `ValidationException` that AWS answers with.
    pub fn aws_message(&self) -> String {
        match self.dialect {
            Dialect::Rules => "Parameter ScheduleExpression is not valid.".to_owned(),
            Dialect::Scheduler => format!("Invalid Schedule Expression {}.", self.expression),
        }
    }
}
