//! Mapping templates: the part of the Velocity Template Language, and the variables, that Amazon API Gateway's
//! REST APIs have (API Gateway developer guide, "Mapping template transformations for REST APIs").
//!
//! [`Template::parse`] reads a template once, [`Template::render`] fills it in for one request. Blanks are
//! swallowed where Velocity 1.x swallows them, and what is not there is written as nothing, as API Gateway does.
//! Every rendering is bounded: in steps, in iterations, in memory and in depth. No I/O, no clock, no macros,
//! no files.

mod ast;
mod error;
mod evaluate;
mod methods;
mod number;
mod parse;
mod path;
mod pattern;
mod util;
mod value;

#[cfg(test)]
mod tests;

use indexmap::IndexMap;

pub use error::{Place, RenderError, TemplateError};
pub(crate) use util::url_decode;

/// The longest template that API Gateway takes, in bytes.
pub const MOST_TEMPLATE_BYTES: usize = 300 << 10;

/// The most iterations of one `#foreach` (API Gateway developer guide, "Quotas for configuring and running a
/// REST API").
pub const MOST_ITERATIONS: usize = 1000;

/// The largest payload, and so the most that a template may make, in bytes.
pub const MOST_OUTPUT_BYTES: usize = 10 << 20;

/// Where a rendering can be had in one of two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Whether `$util.escapeJavaScript` escapes an apostrophe, as AWS does. `\'` is no JSON: a template that
    /// does not undo it with `.replaceAll("\\'","'")` makes what the integration refuses.
    pub escape_apostrophe: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            escape_apostrophe: true,
        }
    }
}

/// Names and their values, in order.
pub type Names = IndexMap<String, String>;

/// The parameters of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    /// What the path's `{names}` stand for.
    pub path: Names,
    /// The query string.
    pub query: Names,
    /// The headers.
    pub header: Names,
}

/// What a template is filled in from.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// `$input.body`
    pub body: &'a str,
    /// `$input.params(…)`
    pub parameters: &'a Parameters,
    /// `$context`, an object.
    pub context: &'a serde_json::Value,
    /// `$stageVariables`
    pub stage_variables: &'a Names,
}

/// What came of a template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// What it set in `$context.requestOverride`.
    pub request: Parameters,
    /// The headers that it set in `$context.responseOverride.header`.
    pub response_headers: Names,
    /// What it set `$context.responseOverride.status` to, if that is a status.
    pub response_status: Option<u16>,
}

/// A mapping template.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    nodes: Vec<ast::Node>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// The first place at which it is none.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.len() > MOST_TEMPLATE_BYTES {
            return Err(TemplateError {
                place: Place { line: 1, column: 1 },
                reason: format!(
                    "the template has {} bytes; API Gateway takes {MOST_TEMPLATE_BYTES}",
                    text.len()
                ),
            });
        }
        parse::parse(text).map(|nodes| Self { nodes })
    }

    /// Fills it in.
    ///
    /// # Errors
    ///
    /// When it cannot be filled in from this, or not within the bounds.
    pub fn render(&self, input: Input<'_>, settings: Settings) -> Result<Rendered, RenderError> {
        evaluate::Evaluation::new(input, settings)?.render(&self.nodes)
    }
}
