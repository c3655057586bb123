//! What was found, for people and for programs.

use hydrant_template::Span;
use serde_json::{Value, json};

use crate::{check::Report, code::Severity, diagnostic::Diagnostic};

/// Widest excerpt, in characters: a line of minified JSON is shown around the place.
const WIDEST: usize = 110;

impl Report {
    /// The findings as a compiler would print them, each with its excerpt; empty where there are none.
    pub fn text(&self) -> String {
        let findings: Vec<String> = self.diagnostics.iter().map(|it| self.finding(it)).collect();
        findings.join("\n")
    }

    /// `1 error, 2 warnings`.
    pub fn summary(&self) -> String {
        let counts = [Severity::Error, Severity::Warning, Severity::Note].map(|severity| {
            let count = self.count(severity);
            let plural = if count == 1 { "" } else { "s" };
            (count, format!("{count} {}{plural}", severity.as_str()))
        });
        let said: Vec<String> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(_, text)| text)
            .collect();
        if said.is_empty() {
            "nothing found".to_owned()
        } else {
            said.join(", ")
        }
    }

    /// The findings for programs. The shape is documented in `docs/check.md` and only grows.
    pub fn json(&self) -> Value {
        let findings: Vec<Value> = self
            .diagnostics
            .iter()
            .map(|it| self.finding_json(it))
            .collect();
        json!({
            "version": 1,
            "file": self.source.name(),
            "errors": self.count(Severity::Error),
            "warnings": self.count(Severity::Warning),
            "notes": self.count(Severity::Note),
            "diagnostics": findings,
        })
    }

    fn place(&self, span: Span) -> String {
        let position = self.source.position(span.start);
        format!(
            "{}:{}:{}",
            self.source.name(),
            position.line,
            position.column
        )
    }

    fn finding(&self, it: &Diagnostic) -> String {
        let mut out = format!(
            "{}: {}[{}]: {}\n",
            self.place(it.span),
            it.severity.as_str(),
            it.code.name(),
            it.message
        );
        out += &self.excerpt(it.span);
        let mut row = |label: &str, text: &str| {
            if !text.is_empty() {
                out += &wrapped(label, text);
            }
        };
        row("AWS", it.aws.as_deref().unwrap_or_default());
        row("why", &it.why);
        row("mend", &it.help);
        for related in &it.related {
            row(
                "see",
                &format!("{}: {}", self.place(related.span), related.message),
            );
        }
        out
    }

    /// The line with carets below the span.
    fn excerpt(&self, span: Span) -> String {
        let position = self.source.position(span.start);
        let line = self.source.line(position.line);
        let number = position.line.to_string();
        let pad = " ".repeat(number.len());
        let column = position.column - 1;
        let marked = self.source.slice(span).lines().next().unwrap_or_default();
        let width = marked.chars().count().max(1);
        // Around the place, where the line is long.
        let skip = if line.chars().count() > WIDEST {
            column.saturating_sub(WIDEST / 3)
        } else {
            0
        };
        let shown: String = line
            .chars()
            .skip(skip)
            .take(WIDEST)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let room = shown.chars().count().saturating_sub(column - skip).max(1);
        let carets = "^".repeat(width.min(room));
        let (before, after) = (
            if skip > 0 { "…" } else { "" },
            if line.chars().count() > skip + WIDEST {
                "…"
            } else {
                ""
            },
        );
        let indent = " ".repeat(column - skip + before.chars().count());
        format!("{pad} |\n{number} | {before}{shown}{after}\n{pad} | {indent}{carets}\n")
    }

    fn finding_json(&self, it: &Diagnostic) -> Value {
        let place = |span: Span| {
            let (start, end) = (
                self.source.position(span.start),
                self.source.position(span.end),
            );
            json!({
                "line": start.line, "column": start.column,
                "endLine": end.line, "endColumn": end.column,
            })
        };
        let related: Vec<Value> = it
            .related
            .iter()
            .map(|it| json!({ "place": place(it.span), "message": it.message }))
            .collect();
        json!({
            "code": it.code.name(),
            "severity": it.severity.as_str(),
            "message": it.message,
            "member": it.member,
            "place": place(it.span),
            "aws": it.aws,
            "why": it.why,
            "help": it.help,
            "related": related,
        })
    }
}

/// `  = why: text`, its further lines below its first.
fn wrapped(label: &str, text: &str) -> String {
    let mut out = String::new();
    let indent = format!("   {label:>4}: ");
    let mut line = indent.clone();
    for word in text.split_whitespace() {
        let is_full = line.chars().count() + 1 + word.chars().count() > WIDEST;
        if is_full && line.trim_end().len() > indent.trim_end().len() {
            out += line.trim_end();
            out.push('\n');
            line = " ".repeat(indent.len());
        }
        line += word;
        line.push(' ');
    }
    out += line.trim_end();
    out.push('\n');
    out
}
