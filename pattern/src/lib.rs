//! Event patterns (EventBridge user guide, "Amazon EventBridge event patterns" and "Content filtering").
//!
//! A [`Pattern`] is checked with the words that AWS has for what is wrong with it. A [`PatternSet`] matches an
//! event against many: it walks through the event once, past everything that no pattern names, and looks
//! closely only at patterns that a value of the event calls for. Nothing in it goes back over a text: a
//! wildcard takes time in proportion to the value.

mod address;
mod compile;
mod consistency;
mod expression;
mod fold;
mod glob;
mod hash;
mod index;
mod json;
mod matcher;
mod number;
mod scan;
mod set;

#[cfg(test)]
mod tests;

pub use compile::PatternOptions;
pub use set::{PatternSet, Scratch};

use compile::{Branch, compile};

/// An event pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    branches: Vec<Branch>,
}

/// Why a text is no event pattern: AWS's message of an `InvalidEventPatternException`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Event pattern is not valid. Reason: {reason}{place}")]
pub struct PatternError {
    reason: String,
    place: String,
}

impl PatternError {
    fn new(text: &str, reason: &str, at: Option<usize>) -> Self {
        let place = at.map(|at| {
            let before = text.get(..at).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|it| *it != '\n').count() + 1;
            format!("\n at [Source: (String)\"{text}\"; line: {line}, column: {column}]")
        });
        Self {
            reason: reason.to_owned(),
            place: place.unwrap_or_default(),
        }
    }

    /// The reason alone.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// [`PatternError`].
    pub fn new(text: &str) -> Result<Self, PatternError> {
        Self::with_options(text, PatternOptions::default())
    }

    /// Reads a pattern; `options` decide what AWS has not published.
    ///
    /// # Errors
    ///
    /// [`PatternError`].
    pub fn with_options(text: &str, options: PatternOptions) -> Result<Self, PatternError> {
        Ok(Self {
            branches: compile(text, options)?,
        })
    }

    /// The same, for events that are not replayed: what an archive of it keeps.
    #[must_use]
    pub fn and_not_replayed(mut self) -> Self {
        for branch in &mut self.branches {
            branch.insert(
                vec!["replay-name".to_owned()],
                expression::Alternatives {
                    absent: true,
                    ..Default::default()
                },
            );
        }
        self
    }

    /// What every event matches.
    pub fn everything() -> Self {
        Self {
            branches: vec![Branch::new()],
        }
    }

    /// Whether `event`, the text of a JSON object, matches. For many events, or many patterns, make a
    /// [`PatternSet`].
    pub fn matches(&self, event: &str) -> bool {
        let mut matched = false;
        PatternSet::new([(self.clone(), ())]).matches(event, &mut Scratch::default(), |()| {
            matched = true;
        });
        matched
    }

    fn into_branches(self) -> Vec<Branch> {
        self.branches
    }
}
