//! Java's regular expressions, as far as they can be matched in linear time: neither look-around nor references
//! to groups in the expression.

use regex::{Regex, RegexBuilder};

use super::error::RenderError;

/// The most memory that a compiled expression may take.
const MOST_MEMORY: usize = 1 << 20;

/// Compiles an expression.
pub(super) fn compile(pattern: &str) -> Result<Regex, RenderError> {
    RegexBuilder::new(pattern)
        .size_limit(MOST_MEMORY)
        .build()
        .map_err(|error| {
            // The last line says it; those before draw the place.
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default();
            RenderError::Pattern {
                pattern: pattern.to_owned(),
                reason: reason.trim().to_owned(),
            }
        })
}

/// Java's replacement, in which `\` takes the meaning from what follows, as the crate spells it.
pub(super) fn replacement(java: &str) -> String {
    let mut out = String::with_capacity(java.len());
    let mut characters = java.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('$') => out.push_str("$$"),
                Some(other) => out.push(other),
                None => {}
            },
            '$' => {
                let mut group = String::new();
                while let Some(digit) = characters.peek().filter(|next| next.is_ascii_digit()) {
                    group.push(*digit);
                    characters.next();
                }
                if group.is_empty() {
                    out.push('$');
                } else {
                    out.push_str(&format!("${{{group}}}"));
                }
            }
            other => out.push(other),
        }
    }
    out
}

/// Java's `split`: without the empty strings at the end.
pub(super) fn split(pattern: &Regex, text: &str) -> Vec<String> {
    let mut parts: Vec<String> = pattern.split(text).map(str::to_owned).collect();
    while parts.len() > 1 && parts.last().is_some_and(String::is_empty) {
        parts.pop();
    }
    // Where the expression matches nothing at the very beginning, Java has no empty string there.
    if parts.len() > 1
        && parts.first().is_some_and(String::is_empty)
        && pattern.find(text).is_some_and(|found| found.is_empty())
    {
        parts.remove(0);
    }
    parts
}
