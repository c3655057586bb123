//! One look over the whole text of an object, sixty-four bytes at a time: is it one record a line, and where
//! do the lines end?
//!
//! It sees strings and nesting, not values: a line passes when it begins with `{`, ends with `}`, closes
//! every string and every bracket that it opens, and holds one record. What does not pass is read by the
//! strict scanner, which also says what is wrong.

use wide::u8x32;

const BLOCK: usize = 64;

/// What a look over a text found; kept to be used again for the next.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Where the lines end: offsets of the line feeds, and the end of the text if that is none.
    pub(crate) ends: Vec<u32>,
    /// Lines that are not empty.
    pub(crate) records: usize,
}

/// The bytes of a block by their kind, one bit each.
struct Block {
    quotes: u64,
    backslashes: u64,
    opens: u64,
    closes: u64,
    feeds: u64,
    controls: u64,
    commas: u64,
    high: u64,
}

impl Block {
    #[inline]
    fn read(bytes: &[u8; BLOCK]) -> Self {
        let mut block = Self {
            quotes: 0,
            backslashes: 0,
            opens: 0,
            closes: 0,
            feeds: 0,
            controls: 0,
            commas: 0,
            high: 0,
        };
        let (halves, _) = bytes.as_chunks::<32>();
        for (half, shift) in halves.iter().zip([0, 32]) {
            let bytes = u8x32::new(*half);
            // In ASCII the brackets are the braces without this bit.
            let folded = bytes | u8x32::splat(0x20);
            let control = bytes.min(u8x32::splat(0x1f)).simd_eq(bytes);
            block.quotes |= find(bytes, b'"') << shift;
            block.backslashes |= find(bytes, b'\\') << shift;
            block.opens |= find(folded, b'{') << shift;
            block.closes |= find(folded, b'}') << shift;
            block.feeds |= find(bytes, b'\n') << shift;
            block.commas |= find(bytes, b',') << shift;
            block.controls |= u64::from(control.to_bitmask()) << shift;
            block.high |= u64::from(bytes.to_bitmask()) << shift;
        }
        block
    }
}

#[inline]
fn find(bytes: u8x32, byte: u8) -> u64 {
    u64::from(bytes.simd_eq(u8x32::splat(byte)).to_bitmask())
}

/// What one block hands to the next.
#[derive(Default)]
struct Carry {
    /// The block before ended inside a string: all ones, else zero.
    in_string: u64,
    /// It ended with a backslash that escapes the next byte.
    escapes: u64,
    /// It ended with a closing bracket outside a string, in its lowest bit.
    closed: u64,
    /// Brackets open.
    depth: i64,
    /// Bytes that are not ASCII were seen.
    high: u64,
    /// Something was seen that only the strict scanner can judge.
    odd: u64,
}

impl Carry {
    /// Takes a block in; gives its line feeds and, for each bracket, whether it counts.
    #[inline]
    fn take(&mut self, block: &Block) -> Marks {
        let escaped = if block.backslashes == 0 {
            std::mem::take(&mut self.escapes)
        } else {
            self.escaped(block.backslashes)
        };
        let quotes = block.quotes & !escaped;
        let in_string = prefix_xor(quotes) ^ self.in_string;
        self.in_string = if in_string >> 63 == 1 { u64::MAX } else { 0 };
        let opens = block.opens & !in_string;
        let closes = block.closes & !in_string;
        // Behind a value that ended stands neither a comma nor a closing bracket nor the end of the line:
        // records run together, or spaced out in a way that the strict scanner may judge.
        let after_close = closes << 1 | self.closed;
        self.closed = closes >> 63;
        self.odd |= after_close & !(closes | block.commas | block.feeds);
        // A line feed or a tab in a string.
        self.odd |= in_string & block.controls;
        self.high |= block.high;
        Marks { opens, closes }
    }

    /// The bytes that a backslash escapes.
    fn escaped(&mut self, backslashes: u64) -> u64 {
        // The carry of the addition runs through each run of backslashes; where it comes out tells whether
        // the run has an odd number of them.
        const EVEN: u64 = 0x5555_5555_5555_5555;
        let backslashes = backslashes & !self.escapes;
        let follows = backslashes << 1 | self.escapes;
        let odd_starts = backslashes & !EVEN & !follows;
        let (sums, carry) = odd_starts.overflowing_add(backslashes);
        self.escapes = u64::from(carry);
        (EVEN ^ (sums << 1)) & follows
    }
}

struct Marks {
    opens: u64,
    closes: u64,
}

/// Each bit the exclusive or of itself and all below it: between an opening quote and its closing one, all
/// bits are set.
#[inline]
fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

impl Survey {
    /// Looks over `text`; false when it is not plainly one record a line. Then nothing was found.
    ///
    /// Where it is true, the whole text is UTF-8, except that the inside of the records was not compared
    /// with JSON's grammar.
    pub(crate) fn look(&mut self, text: &[u8]) -> bool {
        self.ends.clear();
        self.records = 0;
        let mut carry = Carry::default();
        let mut line = 0;
        let (blocks, rest) = text.as_chunks::<BLOCK>();
        let mut tail = [b'\n'; BLOCK];
        let has_tail = !rest.is_empty();
        if let Some(space) = tail.get_mut(..rest.len()) {
            space.copy_from_slice(rest);
        }
        let tail = has_tail.then_some(&tail);
        for (n, bytes) in blocks.iter().chain(tail).enumerate() {
            let block = Block::read(bytes);
            let marks = carry.take(&block);
            if block.feeds == 0 {
                carry.depth += balance(&marks, u64::MAX);
                continue;
            }
            if carry.odd != 0 {
                return false;
            }
            if !self.end_lines(text, n * BLOCK, block.feeds, &marks, &mut carry, &mut line) {
                return false;
            }
        }
        if carry.odd != 0 || carry.in_string != 0 || carry.depth != 0 {
            return false;
        }
        if line < text.len() && !self.end_line(text, line, text.len()) {
            return false;
        }
        carry.high == 0 || simdutf8::basic::from_utf8(text).is_ok()
    }

    /// Ends the lines whose line feeds are in a block that starts at `base`.
    #[inline]
    fn end_lines(
        &mut self,
        text: &[u8],
        base: usize,
        mut feeds: u64,
        marks: &Marks,
        carry: &mut Carry,
        line: &mut usize,
    ) -> bool {
        let mut done = 0;
        while feeds != 0 {
            let bit = feeds.trailing_zeros();
            feeds &= feeds - 1;
            let end = base + bit as usize;
            if end >= text.len() {
                // The filling behind the text.
                break;
            }
            let below = (1_u64 << bit).wrapping_sub(1) & !done;
            carry.depth += balance(marks, below);
            done |= below;
            if carry.depth != 0 || !self.end_line(text, *line, end) {
                return false;
            }
            *line = end + 1;
        }
        carry.depth += balance(marks, !done);
        true
    }

    #[inline]
    fn end_line(&mut self, text: &[u8], start: usize, end: usize) -> bool {
        let line = text.get(start..end).unwrap_or_default();
        if !line.is_empty() {
            if line.first() != Some(&b'{') || line.last() != Some(&b'}') {
                return false;
            }
            self.records += 1;
        }
        let Ok(end) = u32::try_from(end) else {
            return false;
        };
        self.ends.push(end);
        true
    }
}

/// Brackets opened, less brackets closed, among the bits of `within`.
#[inline]
fn balance(marks: &Marks, within: u64) -> i64 {
    i64::from((marks.opens & within).count_ones()) - i64::from((marks.closes & within).count_ones())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::framing::{Records, record_end};

    fn lines(text: &str) -> Option<usize> {
        let mut survey = Survey::default();
        survey.look(text.as_bytes()).then_some(survey.records)
    }

    #[test]
    fn one_record_a_line_passes() {
        assert_eq!(lines(""), Some(0));
        assert_eq!(lines("{}"), Some(1));
        assert_eq!(lines("{}\n\n{\"a\":[1,{}]}\n"), Some(2));
        let long = format!("{{\"a\":\"{}\\\\\"}}\n", "x\\\"y}{ ".repeat(50));
        assert_eq!(lines(&long.repeat(7)), Some(7));
    }

    #[test]
    fn everything_else_does_not() {
        for text in [
            "{}{}",
            "{}x{}",
            "{} {}\n",
            "{\"a\":1",
            "{\"a\":\"x}\n",
            "{\n}",
            "x\n{}",
            " {}",
            "{}]\n[{}",
            "{\"a\":\"\t\"}",
            "{\"a\":{}\n}\n",
            "[]\n",
        ] {
            assert_eq!(lines(text), None, "{text}");
        }
        assert!(!Survey::default().look(b"{\"a\":\"\xff\"}"));
    }

    proptest! {
        /// What passes has as many records as the strict scanner finds, or records that are broken inside.
        #[test]
        fn what_passes_is_framed_as_the_strict_scanner_frames_it(
            text in r#"(\{\}|\{"a":1\}|\n|\{"b":"[ab\\"{}\[\] \n\t]{0,70}"\}|[{}"\\\[\] \n])*"#,
        ) {
            let bytes = text.as_bytes();
            let mut survey = Survey::default();
            if survey.look(bytes) {
                let (mut records, mut good, mut bad) = (Records::start(bytes), 0, 0);
                while let Some(start) = records.next(bytes) {
                    if let Ok(end) = record_end(bytes, start) {
                        good += 1;
                        records.accept(end);
                        prop_assert!(matches!(bytes.get(end), None | Some(b'\n')), "{text}");
                    } else {
                        bad += 1;
                        records.resync(bytes);
                    }
                }
                prop_assert!(good <= survey.records && good + bad >= survey.records, "{text}");
            }
        }
    }
}
