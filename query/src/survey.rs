//! One look over the whole text of an object, sixty-four bytes at a time: is it one record a line, where do
//! the lines end, and where are the quotes and the brackets?
//!
//! It sees strings and nesting, not values: a line passes when it begins with `{`, ends with the `}` that
//! closes it, and closes every string and every bracket that it opens. What does not pass is read by the
//! strict scanner, which also says what is wrong.

use fearless_simd::{Level, dispatch, prelude::*, u8x64};

use crate::skim::{BLOCK, Marked, Marks};

/// What a look over a text found; kept to be used again for the next.
#[derive(Debug)]
pub(crate) struct Survey {
    /// What this processor can do.
    level: Level,
    /// Where the lines end: offsets of the line feeds, and the end of the text if that is none.
    pub(crate) ends: Vec<u32>,
    /// Lines that are not empty.
    pub(crate) records: usize,
    marks: Vec<Marks>,
    has_backslashes: bool,
}

impl Default for Survey {
    fn default() -> Self {
        Self {
            level: Level::new(),
            ends: Vec::new(),
            records: 0,
            marks: Vec::new(),
            has_backslashes: false,
        }
    }
}

impl Survey {
    /// Looks over `text`; false when it is not plainly one record a line. Then nothing was found.
    ///
    /// Where it is true, the whole text is UTF-8, except that the inside of the records was not compared
    /// with JSON's grammar.
    pub(crate) fn look(&mut self, text: &[u8]) -> bool {
        dispatch!(self.level, simd => look::<_, true>(simd, self, text))
    }

    /// Looks over `text` as [`Survey::look`] does, to count its records only.
    pub(crate) fn count(&mut self, text: &[u8]) -> bool {
        dispatch!(self.level, simd => look::<_, false>(simd, self, text))
    }

    /// Finds the marks of one record, whose strings are known to end.
    pub(crate) fn mark<'a>(&'a mut self, record: &'a [u8]) -> Marked<'a> {
        dispatch!(self.level, simd => mark(simd, self, record));
        self.marked(record)
    }

    /// The text that was looked over last, with its marks.
    pub(crate) fn marked<'a>(&'a self, text: &'a [u8]) -> Marked<'a> {
        Marked::new(text, &self.marks, self.has_backslashes)
    }

    /// Bytes of memory that are held.
    pub(crate) fn size(&self) -> usize {
        self.marks.capacity() * size_of::<Marks>() + self.ends.capacity() * size_of::<u32>()
    }

    fn clear(&mut self) {
        self.ends.clear();
        self.marks.clear();
        self.records = 0;
        self.has_backslashes = false;
    }
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
}

impl Block {
    #[expect(
        clippy::inline_always,
        reason = "what is inlined is compiled for the processor that runs it"
    )]
    #[inline(always)]
    fn read<S: Simd>(simd: S, bytes: &[u8; BLOCK], seen: &mut u8x64<S>) -> Self {
        let bytes = u8x64::from_slice(simd, bytes);
        *seen |= bytes;
        // In ASCII the brackets are the braces without this bit.
        let folded = bytes | 0x20;
        Self {
            quotes: bytes.simd_eq(b'"').to_bitmask(),
            backslashes: bytes.simd_eq(b'\\').to_bitmask(),
            opens: folded.simd_eq(b'{').to_bitmask(),
            closes: folded.simd_eq(b'}').to_bitmask(),
            feeds: bytes.simd_eq(b'\n').to_bitmask(),
            controls: bytes.simd_le(0x1f).to_bitmask(),
            commas: bytes.simd_eq(b',').to_bitmask(),
        }
    }
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
    /// Backslashes were seen.
    backslashes: u64,
    /// Something was seen that only the strict scanner can judge.
    odd: u64,
}

impl Carry {
    /// Takes a block in; gives the quotes and the brackets that count.
    #[inline]
    fn take(&mut self, block: &Block) -> Marks {
        let escaped = if block.backslashes == 0 {
            std::mem::take(&mut self.escapes)
        } else {
            self.backslashes |= block.backslashes;
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
        Marks {
            quotes,
            opens,
            closes,
        }
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

/// Each bit the exclusive or of itself and all below it: between an opening quote and its closing one, all
/// bits are set.
#[inline]
fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

/// The line that is looked at.
#[derive(Default)]
struct Line {
    /// Where it starts.
    start: usize,
    /// Brackets open.
    depth: i64,
    /// The offset behind the bracket that closed what the line began with; zero before that.
    closed: usize,
}

impl Line {
    /// Follows the brackets among the bits of `within`, in a block that starts at `base`.
    #[inline]
    fn follow(&mut self, base: usize, marks: &Marks, within: u64) {
        let (opens, closes) = (marks.opens & within, marks.closes & within);
        let count = i64::from(closes.count_ones());
        if closes != 0 && count >= self.depth && self.closed == 0 {
            self.closed = self.closing(base, opens, closes);
        }
        self.depth += i64::from(opens.count_ones()) - count;
    }

    /// The offset behind the bracket that closes all that is open, zero when none of these does.
    fn closing(&self, base: usize, opens: u64, closes: u64) -> usize {
        let (mut depth, mut rest) = (self.depth, closes);
        while rest != 0 {
            let bit = rest.trailing_zeros();
            depth -= 1;
            if depth + i64::from((opens & ((1 << bit) - 1)).count_ones()) == 0 {
                return base + bit as usize + 1;
            }
            rest &= rest - 1;
        }
        0
    }

    /// Ends the line; whether it is plainly one record, or `None` when it is empty.
    #[inline]
    fn end(&mut self, text: &[u8], end: usize) -> Option<bool> {
        let start = std::mem::replace(&mut self.start, end + 1);
        let closed = std::mem::take(&mut self.closed);
        let line = text.get(start..end).unwrap_or_default();
        let (first, last) = (line.first()?, line.last()?);
        Some(*first == b'{' && *last == b'}' && closed == end && self.depth == 0)
    }
}

/// See [`Survey::look`]; to `KEEP` what was found beside the number of records.
#[expect(clippy::inline_always, reason = "as above")]
#[inline(always)]
fn look<S: Simd, const KEEP: bool>(simd: S, survey: &mut Survey, text: &[u8]) -> bool {
    survey.clear();
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    let mut tail = [b'\n'; BLOCK];
    if let Some(space) = tail.get_mut(..rest.len()) {
        space.copy_from_slice(rest);
    }
    if KEEP {
        survey.marks.reserve(blocks.len() + 1);
    }
    let mut seen = u8x64::splat(simd, 0);
    let (mut carry, mut line) = (Carry::default(), Line::default());
    for (n, bytes) in blocks.iter().enumerate() {
        let block = Block::read(simd, bytes, &mut seen);
        let marks = carry.take(&block);
        if KEEP {
            survey.marks.push(marks);
        }
        if block.feeds == 0 {
            line.follow(n * BLOCK, &marks, u64::MAX);
        } else if carry.odd != 0
            || !end_lines::<KEEP>(survey, text, n * BLOCK, block.feeds, &marks, &mut line)
        {
            return false;
        }
    }
    let base = blocks.len() * BLOCK;
    let block = Block::read(simd, &tail, &mut seen);
    let marks = carry.take(&block);
    if KEEP {
        survey.marks.push(marks);
    }
    if !end_lines::<KEEP>(survey, text, base, block.feeds, &marks, &mut line)
        || carry.odd != 0
        || carry.in_string != 0
        || !(line.start >= text.len() || end_line::<KEEP>(survey, text, text.len(), &mut line))
        || line.depth != 0
    {
        return false;
    }
    survey.has_backslashes = carry.backslashes != 0;
    seen.simd_ge(0x80).to_bitmask() == 0 || simdutf8::basic::from_utf8(text).is_ok()
}

/// Ends the lines whose line feeds are in a block that starts at `base`.
#[inline]
fn end_lines<const KEEP: bool>(
    survey: &mut Survey,
    text: &[u8],
    base: usize,
    mut feeds: u64,
    marks: &Marks,
    line: &mut Line,
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
        line.follow(base, marks, below);
        done |= below;
        if !end_line::<KEEP>(survey, text, end, line) {
            return false;
        }
    }
    line.follow(base, marks, !done);
    true
}

#[inline]
fn end_line<const KEEP: bool>(
    survey: &mut Survey,
    text: &[u8],
    end: usize,
    line: &mut Line,
) -> bool {
    match line.end(text, end) {
        Some(true) => survey.records += 1,
        Some(false) => return false,
        None => {}
    }
    if KEEP {
        let Ok(end) = u32::try_from(end) else {
            return false;
        };
        survey.ends.push(end);
    }
    true
}

/// See [`Survey::mark`].
#[expect(clippy::inline_always, reason = "as above")]
#[inline(always)]
fn mark<S: Simd>(simd: S, survey: &mut Survey, record: &[u8]) {
    survey.clear();
    let (blocks, rest) = record.as_chunks::<BLOCK>();
    let mut tail = [b' '; BLOCK];
    if let Some(space) = tail.get_mut(..rest.len()) {
        space.copy_from_slice(rest);
    }
    let (mut seen, mut carry) = (u8x64::splat(simd, 0), Carry::default());
    for bytes in blocks.iter().chain([&tail]) {
        let marks = carry.take(&Block::read(simd, bytes, &mut seen));
        survey.marks.push(marks);
    }
    survey.has_backslashes = carry.backslashes != 0;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::framing::{Records, record_end};

    fn lines(text: &str) -> Option<usize> {
        let mut survey = Survey::default();
        let looks = survey.look(text.as_bytes()).then_some(survey.records);
        let counts = survey.count(text.as_bytes()).then_some(survey.records);
        assert_eq!(looks, counts);
        looks
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
            "{\"a\":1},{\"a\":2}\n",
            "{},{}",
            "{},\"}\"}",
            "{}}",
            "{]",
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
