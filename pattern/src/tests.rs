mod laws;
mod matching;
mod refusals;

use serde_json::{Value, json};

use super::*;

/// Whether the value of `x` in an event of one field matches the alternatives of a pattern.
fn leaf(alternatives: &Value, value: &Value) -> bool {
    let pattern = Pattern::new(&json!({ "x": alternatives }).to_string()).unwrap();
    pattern.matches(&json!({ "x": value }).to_string())
}

fn matches(pattern: &Value, event: &Value) -> bool {
    Pattern::new(&pattern.to_string())
        .unwrap()
        .matches(&event.to_string())
}

/// The first line of why a pattern is refused.
fn reason(pattern: &str) -> String {
    let error = Pattern::new(pattern).unwrap_err().to_string();
    error.lines().next().unwrap_or_default().to_owned()
}
