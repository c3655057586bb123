//! How records lie in a file: one on each line, unless a JSON value spans lines.
//!
//! Firehose itself has no files of records; this is the rule by which Hydrant's commands read one. A record
//! is a line. A line that begins a JSON value and does not end it goes on until the value does, so that
//! pretty-printed records are one record each. A line that can be no beginning of a JSON value is a record
//! all the same, and whoever processes it says what is wrong with it.

use std::ops::Range;

use crate::{
    json::{self, JsonErrorKind},
    limits::MAX_RECORD_BYTES,
};

/// What [`next_record`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Framed {
    /// A record without its line end, and where the text after it begins.
    Record {
        /// The record's bytes.
        record: Range<usize>,
        /// The first byte behind it and its line end.
        next: usize,
    },
    /// The text ends before the record does: come back with more, or with `is_end`.
    More,
    /// No record is left.
    End,
}

/// Finds the record that begins at or after `start`; blank lines are passed over.
///
/// `is_end` says that nothing follows `text`, so a last line needs no line end.
pub fn next_record(text: &[u8], start: usize, is_end: bool) -> Framed {
    let start = json::skip_whitespace(text, start);
    if start == text.len() {
        return if is_end { Framed::End } else { Framed::More };
    }
    let line_end = match line_end(text, start) {
        Some(end) => end,
        None if is_end => text.len(),
        None => return Framed::More,
    };
    if looks_whole(&text[start..line_end]) {
        return record(text, start, line_end);
    }
    match json::value_end(text, start) {
        // The value spans lines: the record goes on to the end of the line on which it ends.
        Ok(end) if end > line_end => match self::line_end(text, end) {
            Some(end) => record(text, start, end),
            None if is_end => record(text, start, text.len()),
            None => Framed::More,
        },
        Err(error)
            if error.kind == JsonErrorKind::UnexpectedEnd
                && !is_end
                && text.len() - start <= MAX_RECORD_BYTES =>
        {
            Framed::More
        }
        _ => record(text, start, line_end),
    }
}

/// A record from `start` to `end`, without white space at its end.
fn record(text: &[u8], start: usize, end: usize) -> Framed {
    let trimmed = text[start..end].trim_ascii_end().len();
    Framed::Record {
        record: start..start + trimmed,
        next: (end + 1).min(text.len()),
    }
}

fn line_end(text: &[u8], start: usize) -> Option<usize> {
    memchr::memchr(b'\n', &text[start..]).map(|at| start + at)
}

/// Whether a line ends where it began, by its braces alone: true for every line that is whole JSON objects
/// with balanced braces in their strings, and far cheaper than reading them. A line that is told wrong here
/// is read twice or refused, never lost.
fn looks_whole(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    if line.first() != Some(&b'{') || line.last() != Some(&b'}') {
        return false;
    }
    count(line, b'{') == count(line, b'}')
}

fn count(line: &[u8], wanted: u8) -> usize {
    // Sums of bytes over chunks that cannot overflow one, so that the compiler makes vector code of it.
    let in_chunk = |chunk: &[u8]| {
        chunk
            .iter()
            .map(|&byte| u8::from(byte == wanted))
            .sum::<u8>()
    };
    line.chunks(255)
        .map(|chunk| usize::from(in_chunk(chunk)))
        .sum()
}

#[cfg(test)]
#[expect(
    clippy::string_slice,
    reason = "the ranges are those that the scanner found"
)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn records(text: &str) -> Vec<&str> {
        let (mut at, mut found) = (0, Vec::new());
        loop {
            match next_record(text.as_bytes(), at, true) {
                Framed::Record { record, next } => {
                    found.push(&text[record]);
                    at = next;
                }
                Framed::End => return found,
                Framed::More => panic!("asked for more at the end"),
            }
        }
    }

    #[test]
    fn a_line_is_a_record_and_blank_lines_are_none() {
        assert_eq!(
            records("{\"a\":1}\n\n  \r\n{\"a\":2}\r\n"),
            ["{\"a\":1}", "{\"a\":2}"]
        );
        assert_eq!(
            records("{\"a\":1}{\"a\":2}\n{}"),
            ["{\"a\":1}{\"a\":2}", "{}"]
        );
        assert_eq!(records("not json\n[1,\n2]\n"), ["not json", "[1,\n2]"]);
    }

    #[test]
    fn a_value_that_spans_lines_is_one_record() {
        let pretty = "{\n  \"a\": {\n    \"b\": \"}\"\n  }\n}";
        assert_eq!(
            records(&format!("{pretty}\n{{}}\n{pretty}")),
            [pretty, "{}", pretty]
        );
        assert_eq!(records("{\"a\": {}\n}\n{}"), ["{\"a\": {}\n}", "{}"]);
    }

    #[test]
    fn a_broken_line_costs_only_itself() {
        for broken in ["{\"a\":1", "{\"a\":\"x", "{\"a\":1}}", "{\"a\":", "{"] {
            let text = format!("{broken}\n{{\"b\":2}}\n{{\"c\":3}}\n");
            let found = records(&text);
            assert_eq!(found.last(), Some(&"{\"c\":3}"), "{broken}");
            assert_eq!(found.first(), Some(&broken), "{broken}");
        }
    }

    proptest! {
        #[test]
        fn no_byte_is_lost_and_the_place_of_a_cut_does_not_matter(
            lines in prop::collection::vec(
                prop_oneof![
                    Just("{\"a\":1}"), Just("{\n \"a\": [1,\n 2]\n}"), Just("{\"a\":"), Just("x"),
                    Just(""), Just("{\"s\":\"{{\"}"), Just("{}{}"), Just("}"),
                ],
                0..12,
            ),
            cut in 0_usize..200,
        ) {
            let text = lines.join("\n");
            let bytes = text.as_bytes();
            let whole = records(&text);
            prop_assert_eq!(whole.concat().replace([' ', '\n'], ""), text.replace([' ', '\n'], ""));
            let (mut at, mut have, mut found) = (0, cut.min(bytes.len()), Vec::new());
            loop {
                match next_record(&bytes[..have], at, have == bytes.len()) {
                    Framed::Record { record, next } => {
                        found.push(&text[record]);
                        at = next;
                    }
                    Framed::More => have = bytes.len(),
                    Framed::End => break,
                }
            }
            prop_assert_eq!(found, whole);
        }
    }
}
