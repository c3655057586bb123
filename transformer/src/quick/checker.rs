//! The grammar of a record, a block at a time, and what is looked for in it.

use super::block::{BLOCK, Block, prefix_xor};
use super::carry::Carry;
use super::check::Places;
use super::scalar::{literal, number};
use super::wanted::{Spots, Wanted};

/// Levels that are followed, a bit for each; what is deeper is left to the scanner.
const DEPTH: u32 = 60;
const NOWHERE: usize = usize::MAX;

/// What is checked, and what is looked for in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) record: &'a [u8],
    pub(super) wanted: &'a Wanted,
}

/// Where a check of a text stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Checker {
    /// Open objects and arrays.
    depth: u32,
    /// The innermost is the lowest bit: 1 for an object.
    objects: u64,
    /// Numbers and literals are checked up to here.
    checked: usize,
    in_detail: bool,
    /// The value of `resources`.
    resources: usize,
    /// The value of `detail`.
    detail: usize,
    /// Behind the closing brace of `detail`.
    detail_end: usize,
    /// The values of the members that are wanted.
    spots: Spots,
}

/// What is looked at from bracket to bracket, because it depends on what encloses it.
#[derive(Debug, Clone, Copy)]
struct Enclosed {
    opens: u64,
    closes: u64,
    /// Of the brackets, those that are `{` or `}`.
    curly: u64,
    keys: u64,
    /// Wrong in an object.
    wrong_in_object: u64,
    /// Wrong in an array.
    wrong_in_array: u64,
}

impl Checker {
    /// Before the first byte.
    pub(super) fn start() -> Self {
        Self {
            depth: 0,
            objects: 0,
            checked: 0,
            in_detail: false,
            resources: NOWHERE,
            detail: NOWHERE,
            detail_end: NOWHERE,
            spots: Spots::NONE,
        }
    }

    /// Where things are, after the last byte of what turned out to be a whole record.
    pub(super) fn places(&self, carry: &Carry) -> Option<Places> {
        let whole = self.depth == 0 && carry.in_string() == 0;
        let found = self.resources != NOWHERE && self.detail_end != NOWHERE;
        (whole && found).then_some(Places {
            resources: self.resources,
            detail_end: self.detail_end,
            spots: self.spots,
        })
    }

    /// Whether nothing that was looked at so far reaches into the next block: no key, nor what follows it, and
    /// no number or literal; nor is the record over, after which nothing may follow.
    pub(super) fn is_between(&self, carry: &Carry) -> bool {
        let reaching = (carry.key_ends | carry.scalars | carry.colons) >> 63;
        self.depth > 0 && !carry.key && reaching == 0
    }

    /// Checks the block at `base`, of which the bits of `valid` are text. Gives the bits of what could be
    /// anything else, save a quote, and the block would pass all the same: what is in strings that are no keys.
    #[expect(clippy::inline_always, reason = "as above")]
    #[inline(always)]
    pub(super) fn block(
        &mut self,
        text: Text<'_>,
        block: &Block,
        valid: u64,
        base: usize,
        carry: &mut Carry,
    ) -> Option<u64> {
        // From an opening quote to before the closing one.
        let strings = prefix_xor(block.quotes) ^ carry.in_string();
        let string_starts = block.quotes & strings;
        let string_ends = block.quotes & !strings;
        let outside = !(strings | string_ends) & valid;
        let opens = block.opens & outside;
        let braces = opens & block.curly;
        let closes = block.closes & outside;
        let commas = block.commas & outside;
        let colons = block.colons & outside;
        let scalars = outside & !(opens | closes | commas | colons);
        let before_value = (opens & !braces) | commas | colons;
        let ends = string_ends | closes | scalars;

        let after = |bits: u64, before: u64| bits << 1 | before >> 63;
        let after_brace = after(braces, carry.braces);
        let after_before_value = after(before_value, carry.before_value);
        let after_end = after(ends, carry.ends);
        let key_starts = string_starts & (after_brace | after(commas, carry.commas));
        // A one added to the first bit of a string runs through it and comes out at its closing quote.
        let (sum, over) = strings.overflowing_add(key_starts);
        let (sum, again) = sum.overflowing_add(u64::from(carry.key));
        let key_ends = sum & string_ends;
        let scalar_starts = scalars & !after(scalars, carry.scalars);

        let wrong = (string_starts & !(after_brace | after_before_value))
            | ((opens | scalar_starts) & !after_before_value)
            | (closes & !(after_end | after(opens, carry.opens)))
            | (commas & !after_end)
            | (colons & !after(key_ends, carry.key_ends));
        if wrong != 0 {
            return None;
        }
        let enclosed = Enclosed {
            opens,
            closes,
            curly: block.curly,
            keys: key_starts,
            // A comma has a key behind it, and a key a colon.
            wrong_in_object: (after(commas, carry.commas) & !string_starts)
                | (after(key_ends, carry.key_ends) & !colons),
            wrong_in_array: colons,
        };
        let others = (scalars & !block.digits) | (scalar_starts & block.zeros);
        let keys = strings ^ sum;
        *carry = Carry {
            strings,
            key: over | again,
            braces,
            before_value,
            opens,
            ends,
            commas,
            scalars,
            key_ends,
            colons,
        };
        if others != 0 {
            self.scalars(text.record, others, base)?;
        }
        if (opens | closes) == 0 {
            self.flat(text, enclosed, valid, base)?;
        } else if !self.deep_objects(enclosed, valid)
            && !self.last_of_detail(text.record, enclosed, valid, base)
        {
            self.brackets(text, enclosed, valid, base)?;
        }
        (self.depth <= DEPTH).then_some(strings & !keys & !string_starts)
    }

    /// Passes a block at once in which all that opens, closes or encloses is an object, below `detail` and
    /// what else interests here. `false`, and nothing done, where that is not certain.
    #[expect(clippy::inline_always, reason = "as above")]
    #[inline(always)]
    fn deep_objects(&mut self, enclosed: Enclosed, valid: u64) -> bool {
        let brackets = enclosed.opens | enclosed.closes;
        let closes = enclosed.closes.count_ones();
        if ((brackets & !enclosed.curly) | (enclosed.wrong_in_object & valid)) != 0
            || self.depth < closes + 3
        {
            return false;
        }
        // What closes, and what encloses that; depth is below 64.
        let concerned = (2 << closes) - 1;
        if self.objects & concerned != concerned {
            return false;
        }
        let opens = enclosed.opens.count_ones();
        self.depth = self.depth + opens - closes;
        match opens.checked_sub(closes) {
            // Deeper than 60 is an error of the caller's.
            Some(more) => self.objects = !(!self.objects << more),
            None => self.objects >>= closes - opens,
        }
        true
    }

    /// The same for the last block of an event as the bus spells it, where `detail` comes last and ends in an
    /// object: the last three bytes end that, `detail` and the event.
    #[expect(clippy::inline_always, reason = "as above")]
    #[inline(always)]
    fn last_of_detail(
        &mut self,
        record: &[u8],
        enclosed: Enclosed,
        valid: u64,
        base: usize,
    ) -> bool {
        let (opens, closes) = (enclosed.opens.count_ones(), enclosed.closes.count_ones());
        let brackets = enclosed.opens | enclosed.closes;
        let end = record.len().wrapping_sub(base);
        if !(3..=BLOCK).contains(&end) || self.depth > DEPTH {
            return false;
        }
        let last = 0b111 << (end - 3);
        let all = (1 << self.depth) - 1;
        let ends = enclosed.closes & last == last && self.depth + opens == closes;
        let objects = (brackets & !enclosed.curly) | (enclosed.wrong_in_object & valid) == 0
            && self.objects & all == all;
        let in_detail = self.detail != NOWHERE && self.detail_end == NOWHERE;
        if !(ends && objects && in_detail) {
            return false;
        }
        // Not even in between is this `detail` itself, whose keys are looked at.
        let mut depth = self.depth;
        let mut before = brackets & !last;
        while before != 0 && depth >= 3 {
            let bit = before & before.wrapping_neg();
            before ^= bit;
            depth = if enclosed.opens & bit == 0 {
                depth - 1
            } else {
                depth + 1
            };
        }
        if depth < 3 {
            return false;
        }
        self.depth = 0;
        self.objects = 0;
        self.detail_end = record.len() - 1;
        true
    }

    /// Walks from bracket to bracket: up to the next one, everything is in one object or array.
    #[inline]
    fn brackets(
        &mut self,
        text: Text<'_>,
        mut enclosed: Enclosed,
        valid: u64,
        base: usize,
    ) -> Option<()> {
        let mut brackets = enclosed.opens | enclosed.closes;
        let mut wrong = 0;
        while brackets != 0 {
            let bit = brackets & brackets.wrapping_neg();
            // A bracket that opens or ends something is what comes next in that which is around it.
            let here = bit | (bit - 1);
            wrong |= here & self.wrong(enclosed);
            if self.depth == 1 || self.in_detail {
                self.keys(text, enclosed.keys & here, base)?;
            }
            enclosed.wrong_in_object &= !here;
            enclosed.wrong_in_array &= !here;
            enclosed.keys &= !here;
            brackets &= brackets - 1;
            if enclosed.opens & bit == 0 {
                self.close(
                    text.record,
                    base + bit.trailing_zeros() as usize,
                    enclosed.curly & bit != 0,
                )?;
            } else {
                self.objects = self.objects << 1 | u64::from(enclosed.curly & bit != 0);
                self.depth += 1;
                if self.depth <= 3 {
                    self.in_detail =
                        self.depth == 2 && self.detail == base + bit.trailing_zeros() as usize;
                } else if self.depth > DEPTH {
                    return None;
                }
            }
        }
        if wrong != 0 {
            return None;
        }
        self.flat(text, enclosed, valid, base)
    }

    /// Looks at what is in the innermost object or array, where no bracket follows.
    #[inline]
    fn flat(&mut self, text: Text<'_>, enclosed: Enclosed, valid: u64, base: usize) -> Option<()> {
        if enclosed.keys != 0 && (self.depth == 1 || self.in_detail) {
            self.keys(text, enclosed.keys, base)?;
        }
        (valid & self.wrong(enclosed) == 0).then_some(())
    }

    /// What is wrong where the checker stands.
    #[inline]
    fn wrong(&self, enclosed: Enclosed) -> u64 {
        if self.objects & 1 == 0 {
            enclosed.wrong_in_array
        } else {
            enclosed.wrong_in_object
        }
    }

    #[inline]
    fn close(&mut self, record: &[u8], at: usize, object: bool) -> Option<()> {
        if self.depth == 0 || object != (self.objects & 1 == 1) {
            return None;
        }
        self.depth -= 1;
        self.objects >>= 1;
        if self.depth <= 2 {
            if self.in_detail {
                self.in_detail = false;
                self.detail_end = at + 1;
            } else if self.depth == 2 {
                // Back in `detail`, if it is not over yet.
                self.in_detail = self.detail != NOWHERE && self.detail_end == NOWHERE;
            } else if self.depth == 0 {
                // Nothing after the object.
                return (at + 1 == record.len()).then_some(());
            }
        }
        Some(())
    }

    /// Looks at keys of the envelope, or of `detail`, by their opening quotes.
    #[inline]
    fn keys(&mut self, text: Text<'_>, mut keys: u64, base: usize) -> Option<()> {
        let Text { record, wanted } = text;
        while keys != 0 {
            let at = base + keys.trailing_zeros() as usize + 1;
            keys &= keys - 1;
            let text = record.get(at..)?;
            let first = *text.first()?;
            if first == b'c' && text.starts_with(b"clientId\"") {
                return None;
            }
            if self.in_detail {
                wanted.in_detail.note(first, text, at, &mut self.spots);
                continue;
            }
            let place = match first {
                b'd' if text.starts_with(b"detail\":{") => (&mut self.detail, at + 8),
                b'r' if text.starts_with(b"resources\":[") => (&mut self.resources, at + 11),
                // With a value of another type.
                b'd' if text.starts_with(b"detail\"") => return None,
                b'r' if text.starts_with(b"resources\"") => return None,
                _ => {
                    wanted.in_envelope.note(first, text, at, &mut self.spots);
                    continue;
                }
            };
            let (place, value) = place;
            if *place != NOWHERE {
                return None;
            }
            *place = value;
        }
        Some(())
    }

    /// Checks the numbers and literals that these bits belong to: all but integers without a sign.
    fn scalars(&mut self, record: &[u8], mut others: u64, base: usize) -> Option<()> {
        // One of a number or literal is enough, and the first comes first.
        others &= !(others << 1);
        while others != 0 {
            let mut at = base + others.trailing_zeros() as usize;
            others &= others - 1;
            if at < self.checked {
                continue;
            }
            while at
                .checked_sub(1)
                .and_then(|before| record.get(before))
                .is_some_and(u8::is_ascii_digit)
            {
                at -= 1;
            }
            let text = record.get(at..)?;
            let length = match literal(text) {
                0 => number(text)?,
                length => length,
            };
            if !matches!(text.get(length), Some(b',' | b'}' | b']')) {
                return None;
            }
            self.checked = at + length;
        }
        Some(())
    }
}
