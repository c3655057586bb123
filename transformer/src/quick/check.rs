//! Whether a text is one compact JSON object, and where the members are that decide whose event it is.

use super::block::{BLOCK, Block, Seen};

/// Levels that are followed, a bit for each; what is deeper is left to the scanner.
const DEPTH: u32 = 60;
const NOWHERE: usize = usize::MAX;

/// Where things are in a common record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Places {
    /// The value of `resources`.
    pub(super) resources: usize,
    /// Behind the closing brace of `detail`.
    pub(super) detail_end: usize,
}

/// What one block passes on to the next: the last bit of each kind, as the first.
#[derive(Debug, Clone, Copy, Default)]
struct Carry {
    /// All ones inside a string.
    in_string: u64,
    /// A key goes on.
    key: bool,
    braces: u64,
    /// What a value may follow.
    before_value: u64,
    opens: u64,
    /// What ends a value.
    ends: u64,
    commas: u64,
    scalars: u64,
    key_ends: u64,
}

struct Checker<'r> {
    record: &'r [u8],
    /// Open objects and arrays.
    depth: u32,
    /// The innermost is the lowest bit: 1 for an object.
    objects: u64,
    /// Numbers and literals are checked up to here.
    checked: usize,
    in_detail: bool,
    resources: usize,
    detail: usize,
    detail_end: usize,
}

/// What is looked at from bracket to bracket, because it depends on what encloses it.
#[derive(Debug, Clone, Copy)]
struct Enclosed {
    opens: u64,
    closes: u64,
    braces: u64,
    keys: u64,
    /// Wrong in an object.
    wrong_in_object: u64,
    /// Wrong in an array.
    wrong_in_array: u64,
}

/// The places of a common record.
pub(super) fn check(record: &[u8]) -> Option<Places> {
    if record.first() != Some(&b'{') {
        return None;
    }
    let mut checker = Checker {
        record,
        depth: 0,
        objects: 0,
        checked: 0,
        in_detail: false,
        resources: NOWHERE,
        detail: NOWHERE,
        detail_end: NOWHERE,
    };
    let mut seen = Seen::nothing();
    let mut carry = Carry {
        // The text is a value.
        before_value: 1,
        ..Carry::default()
    };
    let (blocks, rest) = record.as_chunks::<BLOCK>();
    let mut base = 0;
    for bytes in blocks {
        let block = Block::read(bytes, &mut seen);
        checker.block(&block, u64::MAX, base, &mut carry)?;
        base += BLOCK;
    }
    if !rest.is_empty() {
        let mut bytes = [b' '; BLOCK];
        bytes.get_mut(..rest.len())?.copy_from_slice(rest);
        let block = Block::read(&bytes, &mut seen);
        checker.block(&block, below(rest.len()), base, &mut carry)?;
    }
    let whole = checker.depth == 0 && carry.in_string == 0 && !seen.odd();
    if !whole || (seen.beyond_ascii() && simdutf8::basic::from_utf8(record).is_err()) {
        return None;
    }
    if checker.resources == NOWHERE || checker.detail_end == NOWHERE {
        return None;
    }
    Some(Places {
        resources: checker.resources,
        detail_end: checker.detail_end,
    })
}

/// The bits below `bit`, which is below 64.
#[inline]
fn below(bit: usize) -> u64 {
    (1 << bit) - 1
}

/// Every bit the xor of itself and all below: between two quotes, ones.
#[inline]
fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

impl Checker<'_> {
    /// Checks a block of which the bits of `valid` are text; `base` is its offset.
    #[inline]
    fn block(&mut self, block: &Block, valid: u64, base: usize, carry: &mut Carry) -> Option<()> {
        // From an opening quote to before the closing one.
        let strings = prefix_xor(block.quotes) ^ carry.in_string;
        let string_starts = block.quotes & strings;
        let string_ends = block.quotes & !strings;
        let outside = !(strings | string_ends) & valid;
        let opens = block.opens & outside;
        let braces = block.braces & outside;
        let closes = block.closes & outside;
        let commas = block.commas & outside;
        let colons = block.colons & outside;
        let scalars = outside & !(opens | closes | commas | colons);
        let before_value = (opens & !braces) | commas | colons;
        let ends = string_ends | closes | scalars;

        let after = |bits: u64, carried: u64| bits << 1 | carried;
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
            braces,
            keys: key_starts,
            // A comma has a key behind it, and a key a colon.
            wrong_in_object: (after(commas, carry.commas) & !string_starts)
                | (after(key_ends, carry.key_ends) & !colons),
            wrong_in_array: colons,
        };
        let others = (scalars & !block.digits) | (scalar_starts & block.zeros);
        *carry = Carry {
            in_string: if strings >> 63 == 0 { 0 } else { u64::MAX },
            key: over | again,
            braces: braces >> 63,
            before_value: before_value >> 63,
            opens: opens >> 63,
            ends: ends >> 63,
            commas: commas >> 63,
            scalars: scalars >> 63,
            key_ends: key_ends >> 63,
        };
        if others != 0 {
            self.scalars(others, base)?;
        }
        self.brackets(enclosed, valid, base)
    }

    /// Walks from bracket to bracket: up to the next one, everything is in one object or array.
    #[inline]
    fn brackets(&mut self, mut enclosed: Enclosed, valid: u64, base: usize) -> Option<()> {
        let mut brackets = enclosed.opens | enclosed.closes;
        let mut wrong = 0;
        while brackets != 0 {
            let bit = brackets & brackets.wrapping_neg();
            // A bracket that opens or ends something is what comes next in that which is around it.
            let here = bit | (bit - 1);
            wrong |= here & self.wrong(enclosed);
            if self.depth == 1 || self.in_detail {
                self.keys(enclosed.keys & here, base)?;
            }
            enclosed.wrong_in_object &= !here;
            enclosed.wrong_in_array &= !here;
            enclosed.keys &= !here;
            brackets &= brackets - 1;
            if enclosed.opens & bit == 0 {
                self.close(base + bit.trailing_zeros() as usize)?;
            } else {
                self.objects = self.objects << 1 | u64::from(enclosed.braces & bit != 0);
                self.depth += 1;
                if self.depth <= 3 {
                    self.in_detail =
                        self.depth == 2 && self.detail == base + bit.trailing_zeros() as usize;
                } else if self.depth > DEPTH {
                    return None;
                }
            }
        }
        wrong |= valid & self.wrong(enclosed);
        if enclosed.keys != 0 && (self.depth == 1 || self.in_detail) {
            self.keys(enclosed.keys, base)?;
        }
        (wrong == 0).then_some(())
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
    fn close(&mut self, at: usize) -> Option<()> {
        let object = self.record.get(at) == Some(&b'}');
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
                return (at + 1 == self.record.len()).then_some(());
            }
        }
        Some(())
    }

    /// Looks at keys of the envelope, or of `detail`, by their opening quotes.
    #[inline]
    fn keys(&mut self, mut keys: u64, base: usize) -> Option<()> {
        while keys != 0 {
            let at = base + keys.trailing_zeros() as usize + 1;
            keys &= keys - 1;
            let text = self.record.get(at..)?;
            let place = match text.first()? {
                b'c' if text.starts_with(b"clientId\"") => return None,
                _ if self.in_detail => continue,
                b'd' if text.starts_with(b"detail\":{") => (&mut self.detail, at + 8),
                b'r' if text.starts_with(b"resources\":[") => (&mut self.resources, at + 11),
                // With a value of another type.
                b'd' if text.starts_with(b"detail\"") => return None,
                b'r' if text.starts_with(b"resources\"") => return None,
                _ => continue,
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
    fn scalars(&mut self, mut others: u64, base: usize) -> Option<()> {
        while others != 0 {
            let mut at = base + others.trailing_zeros() as usize;
            others &= others - 1;
            if at < self.checked {
                continue;
            }
            while at
                .checked_sub(1)
                .and_then(|before| self.record.get(before))
                .is_some_and(u8::is_ascii_digit)
            {
                at -= 1;
            }
            let text = self.record.get(at..)?;
            let length = match text.first()? {
                b't' if text.starts_with(b"true") => 4,
                b'f' if text.starts_with(b"false") => 5,
                b'n' if text.starts_with(b"null") => 4,
                _ => number(text)?,
            };
            if !matches!(text.get(length), Some(b',' | b'}' | b']')) {
                return None;
            }
            self.checked = at + length;
        }
        Some(())
    }
}

#[inline]
fn digits(text: &[u8]) -> usize {
    text.iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len())
}

/// Bytes of the number that `text` starts with, by the grammar of RFC 8259.
fn number(text: &[u8]) -> Option<usize> {
    let some = |from: usize| {
        let count = digits(text.get(from..)?);
        (count > 0).then_some(from + count)
    };
    let mut at = usize::from(text.first() == Some(&b'-'));
    at = if text.get(at) == Some(&b'0') {
        at + 1
    } else {
        some(at)?
    };
    if text.get(at) == Some(&b'.') {
        at = some(at + 1)?;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        at += 1;
        at += usize::from(matches!(text.get(at), Some(b'+' | b'-')));
        at = some(at)?;
    }
    Some(at)
}
