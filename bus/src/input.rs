//! What of an event a target is given: all of it, a constant, a part, or a text made from parts (EventBridge
//! user guide, "Amazon EventBridge input transformation").

mod path;
mod template;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

pub(crate) use path::JsonPath;
pub use template::EventPlaceholder;

use template::{Template, TemplateError};

/// What a target is given.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    /// The event.
    Whole,
    Constant(Bytes),
    Path(JsonPath),
    Template(Arc<Template>),
}

/// An event on its way to a target, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matched<'a> {
    /// The envelope.
    pub(crate) event: &'a Bytes,
    pub(crate) rule_arn: &'a str,
    pub(crate) rule_name: &'a str,
    /// When the bus took it.
    pub(crate) arrival: Timestamp,
    pub(crate) placeholder: EventPlaceholder,
}

/// Why a target gets nothing of an event: AWS says it in a metric alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// `InputPath` leads nowhere.
    #[error("the InputPath {path} selects nothing of the event")]
    Nothing {
        /// The path.
        path: String,
    },
    /// A JSON template gave no JSON: an object inside quotes, or a quote inside a value, most likely.
    #[error("the InputTemplate gives no valid JSON ({reason}): {text}")]
    NoJson {
        /// What the parser found.
        reason: String,
        /// The beginning of what it gave.
        text: String,
    },
}

impl Input {
    /// What `target`, as `PutTargets` takes it, asks for.
    ///
    /// # Errors
    ///
    /// AWS's text.
    pub(crate) fn of(target: &Value) -> Result<Self, String> {
        let id = target["Id"].as_str().unwrap_or_default();
        let given = ["Input", "InputPath", "InputTransformer"]
            .iter()
            .filter(|name| !target[**name].is_null());
        if given.count() > 1 {
            return Err(format!(
                "Only one of Input, InputPath, or InputTransformer must be provided for target {id}."
            ));
        }
        if let Some(constant) = target["Input"].as_str() {
            serde_json::from_str::<serde::de::IgnoredAny>(constant)
                .map_err(|_| format!("JSON syntax error in input for target {id}"))?;
            return Ok(Self::Constant(Bytes::copy_from_slice(constant.as_bytes())));
        }
        if let Some(path) = target["InputPath"].as_str().filter(|path| !path.is_empty()) {
            return JsonPath::parse(path)
                .map(Self::Path)
                .ok_or_else(|| format!("Invalid InputPath for target {id}."));
        }
        let transformer = &target["InputTransformer"];
        if transformer.is_null() {
            return Ok(Self::Whole);
        }
        Template::new(transformer)
            .map(|template| Self::Template(Arc::new(template)))
            .map_err(|error| match error {
                TemplateError::Placeholder(name) => {
                    format!("InputTemplate for target {id} contains invalid placeholder {name}.")
                }
                TemplateError::Path(name) => {
                    format!("Invalid InputPath for key {name} in InputPathsMap of target {id}.")
                }
                TemplateError::Reserved(name) => {
                    format!("InputPathsMap for target {id} contains reserved key {name}.")
                }
            })
    }

    /// What the target is given of `matched`.
    pub(crate) fn render(&self, matched: &Matched<'_>) -> Result<Bytes, RenderError> {
        match self {
            Self::Whole => Ok(matched.event.clone()),
            Self::Constant(constant) => Ok(constant.clone()),
            Self::Path(path) => {
                path.select(matched.event)
                    .map(Bytes::from)
                    .ok_or_else(|| RenderError::Nothing {
                        path: path.to_string(),
                    })
            }
            Self::Template(template) => template.render(matched).map(Bytes::from),
        }
    }
}
