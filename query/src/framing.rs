//! Where one record ends and the next begins.
//!
//! Firehose concatenates records as they come: one a line, with blank lines, pretty-printed over several
//! lines, or run together without anything between them. So a record ends where its JSON value ends, not at
//! a newline. After text that is no record, reading goes on at the next line that can start one.

use hydrant_records::json::{JsonError, JsonErrorKind, Scanner, skip_whitespace, value_end};
use memchr::{memchr, memchr_iter, memrchr};

/// Bytes of the longest token whose fault is told at its beginning: an escaped pair of surrogates.
const LONGEST_TOKEN: usize = 16;

/// The end of the record that starts at `start`, having checked all of it: whether a record counts must not
/// depend on the columns that someone asked for.
///
/// # Errors
///
/// [`JsonError`] when what starts there is no JSON object.
pub(crate) fn record_end(bytes: &[u8], start: usize) -> Result<usize, JsonError> {
    Scanner::new(bytes, start).enter_object()?;
    value_end(bytes, start)
}

/// A place in the text of one object.
#[derive(Debug, Default)]
pub(crate) struct Records {
    at: usize,
    counted: usize,
    line: u64,
}

impl Records {
    /// The beginning of `bytes`, behind a byte order mark if there is one.
    pub(crate) fn start(bytes: &[u8]) -> Self {
        let at = if bytes.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        };
        Self {
            at,
            counted: 0,
            line: 1,
        }
    }

    /// The beginning of `bytes`, which go on behind text of so many lines.
    pub(crate) fn behind(lines: u64) -> Self {
        Self {
            line: lines + 1,
            ..Self::default()
        }
    }

    /// How much of `bytes` was read, and how many lines that is. The indentation of the line that was not read
    /// belongs to it.
    pub(crate) fn done(&mut self, bytes: &[u8]) -> (usize, u64) {
        let lines = self.line(bytes) - 1;
        let read = bytes.get(..self.at).unwrap_or_default();
        let indent = read
            .iter()
            .rev()
            .take_while(|it| matches!(it, b' ' | b'\t'));
        (self.at - indent.count(), lines)
    }

    /// Goes on behind text that is no record, as [`Records::resync`] does, unless `bytes` go on in a way that may
    /// make it one, or may say where the next begins: then it stays where it is.
    pub(crate) fn resync_within(&mut self, bytes: &[u8], error: &JsonError) -> Option<usize> {
        let is_cut = error.kind == JsonErrorKind::UnexpectedEnd
            || error.offset.saturating_add(LONGEST_TOKEN) > bytes.len();
        let (at, line, counted) = (self.at, self.line, self.counted);
        let skipped = self.resync(bytes);
        if is_cut || self.at >= bytes.len() {
            *self = Self { at, counted, line };
            return None;
        }
        Some(skipped)
    }

    /// The offset at which the next record should start, or `None` at the end.
    #[inline]
    pub(crate) fn next(&mut self, bytes: &[u8]) -> Option<usize> {
        self.at = skip_whitespace(bytes, self.at);
        (self.at < bytes.len()).then_some(self.at)
    }

    /// Goes on behind a record that ended at `end`.
    #[inline]
    pub(crate) fn accept(&mut self, end: usize) {
        self.at = end;
    }

    /// The line, from 1, of the record that [`Records::next`] gave. Lines are counted only when asked for.
    pub(crate) fn line(&mut self, bytes: &[u8]) -> u64 {
        if let Some(passed) = bytes.get(self.counted..self.at) {
            self.line += memchr_iter(b'\n', passed).count() as u64;
            self.counted = self.at;
        }
        self.line
    }

    /// Goes on at the next line that can start a record, and says how many bytes were passed over.
    ///
    /// A line can start a record unless it is indented deeper than the refused one was, or begins with a
    /// closing bracket or a comma: those are the inner lines of pretty-printed text, and an object in there
    /// is no record.
    pub(crate) fn resync(&mut self, bytes: &[u8]) -> usize {
        let refused = self.at;
        let line_start = bytes
            .get(..refused)
            .and_then(|before| memrchr(b'\n', before))
            .map_or(0, |newline| newline + 1);
        let indent = bytes.get(line_start..refused).map_or(0, |before| {
            before
                .iter()
                .take_while(|byte| byte.is_ascii_whitespace())
                .count()
        });
        let mut at = refused;
        self.at = loop {
            let Some(newline) = bytes.get(at..).and_then(|rest| memchr(b'\n', rest)) else {
                break bytes.len();
            };
            let line = at + newline + 1;
            let text = skip_space_in_line(bytes, line);
            match bytes.get(text) {
                Some(b'}' | b']' | b',' | b'\n' | b'\r') => at = text,
                Some(_) if text - line > indent => at = text,
                _ => break text,
            }
        };
        self.at - refused
    }
}

fn skip_space_in_line(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> (Vec<&str>, Vec<u64>) {
        let bytes = text.as_bytes();
        let (mut records, mut good, mut bad) = (Records::start(bytes), Vec::new(), Vec::new());
        while let Some(start) = records.next(bytes) {
            if let Ok(end) = record_end(bytes, start) {
                good.push(text.get(start..end).unwrap());
                records.accept(end);
            } else {
                bad.push(records.line(bytes));
                assert!(records.resync(bytes) > 0, "stuck in {text:?}");
            }
        }
        (good, bad)
    }

    #[test]
    fn every_framing_gives_the_same_records() {
        for text in [
            "{\"a\":1}\n{\"a\":2}\n",
            "{\"a\":1}\r\n\r\n{\"a\":2}",
            "{\"a\":1}{\"a\":2}",
            "\u{feff}{\"a\":1} \n\n\n {\"a\":2}\n",
        ] {
            assert_eq!(
                read(text),
                (vec!["{\"a\":1}", "{\"a\":2}"], vec![]),
                "{text:?}"
            );
        }
        assert_eq!(
            read("{\n  \"a\": {\n  }\n}\n{}").0,
            ["{\n  \"a\": {\n  }\n}", "{}"]
        );
    }

    #[test]
    fn a_bad_line_costs_only_itself() {
        assert_eq!(
            read("{}\n{\"a\":\n{}\nnonsense\n\n{}"),
            (vec!["{}"; 3], vec![2, 4])
        );
        assert_eq!(read("{}}\n{}"), (vec!["{}"; 2], vec![1]));
        assert_eq!(read(" {}\n {]\n {}\n"), (vec!["{}"; 2], vec![2]));
    }

    #[test]
    fn inner_lines_of_a_broken_pretty_record_are_no_records() {
        let text = "{\n  \"a\": [\n    {\n      \"b\": 1\n    },\n    oops\n  ]\n}\n{}\n";
        assert_eq!(read(text), (vec!["{}"], vec![1]));
    }

    #[test]
    fn reading_hostile_text_takes_linear_time() {
        for line in [
            "{\"a\":[\n",
            "{\"a\":1,\n\"b\":2,\n",
            "{\n",
            "{\"a\":\"\n",
            "[[[[[[[\n",
            "{\"a\":[{},\n",
        ] {
            let text = line.repeat(100_000);
            read(&text);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in "([{}\\[\\]\",:a1 ]|\n|\\{\\}|\\{\"a\":1\\}\n){0,40}") {
            read(&text);
        }
    }
}
