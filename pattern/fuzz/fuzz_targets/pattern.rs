//! Whatever a pattern and an event say: compiling and matching never panic and end soon, blanks in an event
//! change nothing, and what matches an event beside another pattern matches it alone.

#![no_main]

use hydrant_pattern::{Pattern, PatternSet, Scratch};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    // Two patterns and an event, a line each.
    let mut lines = text.splitn(3, '\n');
    let patterns: Vec<Pattern> = lines
        .by_ref()
        .take(2)
        .filter_map(|line| Pattern::new(line).ok())
        .collect();
    let event = lines.next().unwrap_or_default();
    let set = PatternSet::new(patterns.iter().cloned().zip(0..));
    let mut scratch = Scratch::default();
    let mut together = Vec::new();
    set.matches(event, &mut scratch, |item| together.push(*item));
    together.sort_unstable();
    let alone: Vec<usize> = (0..patterns.len())
        .filter(|item| patterns[*item].matches(event))
        .collect();
    // A walk that has more to look for gets further into what is no JSON, and finds out.
    if serde_json::from_str::<Value>(event).is_ok() {
        assert_eq!(together, alone);
        let spread = event.replace(['\t', '\r'], " ");
        let spread = format!(" {spread} ");
        for (number, pattern) in patterns.iter().enumerate() {
            assert_eq!(pattern.matches(&spread), alone.contains(&number));
        }
    }
});
