//! A text and its lines.

/// Bytes `start..end` of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// `start..end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// Where a person finds a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

/// A text with a name.
#[derive(Debug, Clone)]
pub struct Source {
    name: String,
    text: String,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl Source {
    /// A text, and the name that messages call it by. A byte order mark is no part of it.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        if text.starts_with('\u{feff}') {
            text.remove(0);
        }
        let newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(newlines).collect();
        Self {
            name: name.into(),
            text,
            lines,
        }
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The place of a byte; the end of the text for one behind it.
    pub fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..offset).unwrap_or_default();
        Position {
            line,
            column: before.chars().count() + 1,
        }
    }

    /// A line without its end, from 1; empty where there is none.
    pub fn line(&self, number: usize) -> &str {
        let at = |index: usize| self.lines.get(index).copied().unwrap_or(self.text.len());
        let line = self
            .text
            .get(at(number.saturating_sub(1))..at(number))
            .unwrap_or_default();
        line.trim_end_matches(['\n', '\r'])
    }

    /// The text of a span; empty where it is none of this text.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// The part of `span` that reads `wanted`, or all of it where it is spelled otherwise there.
    pub fn find(&self, span: Span, wanted: &str) -> Span {
        match self.slice(span).find(wanted) {
            Some(at) if !wanted.is_empty() => {
                Span::new(span.start + at, span.start + at + wanted.len())
            }
            _ => span,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_has_a_line_and_a_column_in_characters() {
        let source = Source::new("s", "a\nzüri: 1\n\nend");
        for (offset, line, column) in [(0, 1, 1), (2, 2, 1), (6, 2, 4), (11, 3, 1), (99, 4, 4)] {
            assert_eq!(
                source.position(offset),
                Position { line, column },
                "{offset}"
            );
        }
        assert_eq!(
            (source.line(2), source.line(3), source.line(9)),
            ("züri: 1", "", "")
        );
        assert_eq!(
            Source::new("s", "").position(0),
            Position { line: 1, column: 1 }
        );
        assert_eq!(Source::new("s", "\u{feff}a").text(), "a");
    }

    #[test]
    fn what_is_spelled_otherwise_is_found_as_a_whole() {
        let source = Source::new("s", "x: a-b");
        let span = Span::new(3, 6);
        assert_eq!(source.slice(source.find(span, "b")), "b");
        assert_eq!(source.find(span, "c"), span);
    }
}
