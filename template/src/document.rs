//! A text as a tree.

use crate::{
    limits::{MAX_DEPTH, MAX_NODES, MAX_TEMPLATE_BYTES},
    node::Node,
    parse,
    source::Span,
};

/// A text that is one JSON or YAML document.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The value.
    pub root: Node,
    /// Names that stand twice in a map; the last counts.
    pub duplicates: Vec<Duplicate>,
}

/// A name that stands twice in one map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The name.
    pub name: String,
    /// Where it stands first.
    pub first: Span,
    /// Where it stands again.
    pub again: Span,
}

/// Why a text is no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxError {
    /// Not JSON.
    #[error("not JSON: {reason}")]
    Json {
        /// What is wrong.
        reason: String,
        /// The byte where it is.
        offset: usize,
    },
    /// Not YAML.
    #[error("not YAML: {reason}")]
    Yaml {
        /// What is wrong.
        reason: String,
        /// The byte where it is.
        offset: usize,
    },
    /// A key of a YAML mapping that is no text.
    #[error("the name of a member must be text")]
    KeyNotText {
        /// Where it begins.
        offset: usize,
    },
    /// A `*name` without its `&name`.
    #[error("an alias to a value that has not ended here: a value cannot hold itself")]
    Alias {
        /// Where it stands.
        offset: usize,
    },
    /// Nothing at all.
    #[error("the text is empty")]
    Empty,
    /// More than one YAML document.
    #[error("a second document begins here; give each a file of its own")]
    SecondDocument {
        /// Where it begins.
        offset: usize,
    },
    /// Nested too deeply.
    #[error("more than {MAX_DEPTH} levels of nesting")]
    TooDeep {
        /// Where the level begins that is one too many.
        offset: usize,
    },
    /// Too many values.
    #[error("more than {MAX_NODES} values, aliases written out")]
    TooManyValues {
        /// Where the first begins that is one too many.
        offset: usize,
    },
    /// Larger than a template may be.
    #[error("{bytes} bytes; CloudFormation takes at most {MAX_TEMPLATE_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
}

impl SyntaxError {
    /// The byte where it is.
    pub fn offset(&self) -> usize {
        match self {
            Self::Json { offset, .. }
            | Self::Yaml { offset, .. }
            | Self::KeyNotText { offset }
            | Self::Alias { offset }
            | Self::SecondDocument { offset }
            | Self::TooDeep { offset }
            | Self::TooManyValues { offset } => *offset,
            Self::Empty | Self::TooLarge { .. } => 0,
        }
    }
}

impl Document {
    /// Reads JSON, where the text begins with a brace, or YAML. A short form such as `!Sub text` is read as
    /// its long form, `{"Fn::Sub": "text"}`.
    ///
    /// # Errors
    ///
    /// What is neither, and what goes beyond the [limits](crate::limits).
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        if text.len() > MAX_TEMPLATE_BYTES {
            return Err(SyntaxError::TooLarge { bytes: text.len() });
        }
        match text.trim_ascii_start().bytes().next() {
            None => Err(SyntaxError::Empty),
            Some(b'{') => parse::json(text),
            Some(_) => parse::yaml(text),
        }
    }
}
