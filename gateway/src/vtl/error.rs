//! Why a mapping template cannot be read, or cannot be rendered.

use std::fmt;

/// A place in a template, both counted from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A template that is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct TemplateError {
    /// Where.
    pub place: Place,
    /// What is wrong there, and what would be right.
    pub reason: String,
}

/// Why a template was not rendered to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// A `#foreach` has more iterations than API Gateway allows.
    #[error("a #foreach over {items} items; API Gateway allows {most} iterations")]
    Iterations {
        /// How many there would have been.
        items: usize,
        /// How many there may be.
        most: usize,
    },
    /// The template does more than any mapping needs.
    #[error("the template was stopped after {steps} steps; it repeats itself")]
    Steps {
        /// How many.
        steps: usize,
    },
    /// What it makes is larger than a payload may be.
    #[error("what the template makes is larger than {most} bytes")]
    Size {
        /// How large it may be.
        most: usize,
    },
    /// A value that contains itself, or nearly so.
    #[error("a list or map is nested more than {most} deep")]
    Depth {
        /// How deep it may be.
        most: usize,
    },
    /// The body is asked for a member, and is no JSON.
    #[error("the body is not JSON: {reason}")]
    Body {
        /// What the JSON parser said.
        reason: String,
    },
    /// A path that is no `JSONPath` of the kind that is understood.
    #[error("{path:?} is no path that is understood here: {reason}")]
    Path {
        /// The path.
        path: String,
        /// What about it.
        reason: &'static str,
    },
    /// A regular expression that is none, or that needs Java.
    #[error("{pattern:?} is no regular expression that is understood here: {reason}")]
    Pattern {
        /// The expression.
        pattern: String,
        /// What about it.
        reason: String,
    },
    /// An argument that a function cannot take.
    #[error("{function} cannot take {argument:?}: {reason}")]
    Argument {
        /// The function, such as `$util.parseJson`.
        function: &'static str,
        /// The beginning of the argument.
        argument: String,
        /// Why.
        reason: String,
    },
}
