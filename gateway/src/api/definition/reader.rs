//! Reads a document, and gathers what cannot be read.

use std::collections::HashSet;

use serde_json::Value;

use super::Style;

/// A reader of one document.
pub(in super::super) struct Reader<'d> {
    document: &'d Value,
    pub style: Style,
    /// Whether models count items.
    pub counts: bool,
    pub problems: Vec<String>,
    /// Where the reader is.
    place: Vec<String>,
    /// Authorizers that were complained about, so that their users need not be.
    refused: HashSet<String>,
}

impl<'d> Reader<'d> {
    pub(super) fn new(document: &'d Value, style: Style, counts: bool) -> Self {
        Self {
            document,
            style,
            counts,
            problems: Vec::new(),
            place: Vec::new(),
            refused: HashSet::new(),
        }
    }

    pub(super) fn problem(&mut self, text: impl AsRef<str>) {
        let mut whole = self.place.join(": ");
        if !whole.is_empty() {
            whole.push_str(": ");
        }
        self.problems.push(whole + text.as_ref());
    }

    pub(super) fn inside(&mut self, place: &str, read: impl FnOnce(&mut Self)) {
        self.place.push(place.to_owned());
        read(self);
        self.place.pop();
    }

    pub(super) fn refuse(&mut self, authorizer: &str, why: impl AsRef<str>) {
        self.refused.insert(authorizer.to_owned());
        self.problem(format!("authorizer {authorizer}: {}", why.as_ref()));
    }

    pub(super) fn is_refused(&self, authorizer: &str) -> bool {
        self.refused.contains(authorizer)
    }

    #[expect(clippy::unused_self, reason = "reads as the other readings do")]
    pub(super) fn text(&self, value: &Value, path: &[&str]) -> Option<String> {
        let found = path.iter().try_fold(value, |value, name| value.get(name))?;
        found.as_str().map(str::to_owned)
    }

    /// A value, or what its `$ref` names in the document.
    pub(super) fn referred(&mut self, document: &Value, value: &Value) -> Option<Value> {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
            return Some(value.clone());
        };
        let found = reference
            .strip_prefix('#')
            .and_then(|pointer| document.pointer(pointer));
        if found.is_none() {
            self.problem(format!("there is nothing at {reference}"));
        }
        found.cloned()
    }

    pub(super) fn document(&self) -> &'d Value {
        self.document
    }
}
