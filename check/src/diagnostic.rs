//! One finding, as a compiler would report it.

use hydrant_template::Span;

use crate::code::{Code, Severity};

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What it is about.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// Where.
    pub span: Span,
    /// The member, such as `ExtendedS3DestinationConfiguration.Prefix`; empty where it is none.
    pub member: String,
    /// What is wrong.
    pub message: String,
    /// AWS's own text, where AWS refuses and its text is known.
    pub aws: Option<String>,
    /// Why it is wrong, or what will come of it.
    pub why: String,
    /// How to mend it.
    pub help: String,
    /// Other places that have to do with it.
    pub related: Vec<Related>,
}

/// Another place that has to do with a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub span: Span,
    /// What is there.
    pub message: String,
}

impl Diagnostic {
    /// A finding at a place.
    pub(crate) fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            span,
            member: String::new(),
            message: message.into(),
            aws: None,
            why: String::new(),
            help: String::new(),
            related: Vec::new(),
        }
    }

    pub(crate) fn member(mut self, member: impl Into<String>) -> Self {
        self.member = member.into();
        self
    }

    pub(crate) fn aws(mut self, text: impl Into<String>) -> Self {
        self.aws = Some(text.into());
        self
    }

    pub(crate) fn why(mut self, text: impl Into<String>) -> Self {
        self.why = text.into();
        self
    }

    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help = text.into();
        self
    }

    pub(crate) fn into_note(mut self) -> Self {
        self.severity = Severity::Note;
        self
    }

    pub(crate) fn related(mut self, span: Span, message: impl Into<String>) -> Self {
        self.related.push(Related {
            span,
            message: message.into(),
        });
        self
    }
}
