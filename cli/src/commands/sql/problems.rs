//! What answers leave out.

use hydrant_query::Problem;

use crate::{output, text};

/// Problems that are shown in full; the rest is counted.
const SHOWN: usize = 5;

/// Says what the answer leaves out, worst first.
pub(crate) fn say_problems(problems: &[Problem]) {
    say_left_out("the answer leaves out", problems);
}

/// Says what was left out, worst first; `what` begins the sentence.
pub(crate) fn say_left_out(what: &str, problems: &[Problem]) {
    if problems.is_empty() {
        return;
    }
    let objects = problems
        .iter()
        .filter(|problem| problem.kind.costs_the_object())
        .count() as u64;
    let others: u64 = problems
        .iter()
        .filter(|problem| !problem.kind.costs_the_object())
        .map(|it| it.count)
        .sum();
    let mut left_out = Vec::new();
    if objects > 0 {
        left_out.push(text::plural(objects, "object"));
    }
    if others > 0 {
        left_out.push(format!("{} records or values", text::count(others)));
    }
    output::say(&format!("warning: {what} {}:", left_out.join(" and ")));
    problems
        .iter()
        .take(SHOWN)
        .for_each(|problem| output::say(&format!("  {problem}")));
    if let Some(more) = problems.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        output::say(&format!(
            "  and {}",
            text::plural(more as u64, "more such object")
        ));
    }
}
