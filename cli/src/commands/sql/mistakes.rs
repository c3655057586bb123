//! Mistakes in SQL, shown where they are.

use anyhow::{Error, anyhow};
use hydrant_query::{QueryError, Statement, excerpt, locate};

/// The error, and below it the line of the script with a caret under the mistake, where that is known.
pub(super) fn shown(
    error: QueryError,
    name: &str,
    script: &str,
    statement: &Statement<'_>,
) -> Error {
    let Some(at) = locate(statement.text, &error).map(|at| statement.in_script(at)) else {
        return error.into();
    };
    let Some(excerpt) = excerpt(script, at) else {
        return error.into();
    };
    let (line, column) = at;
    let place = match name {
        "" => String::new(),
        name => format!("\n  at {name}:{line}:{column}"),
    };
    let error = match error {
        QueryError::Syntax { reason, .. } => QueryError::Syntax {
            reason,
            line,
            column,
        },
        other => other,
    };
    anyhow!("{error}{place}\n{excerpt}")
}
