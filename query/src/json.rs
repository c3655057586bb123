//! A cursor over JSON text: one strict pass that accepts or refuses a value, and fast walks over text that
//! the strict pass has accepted.
//!
//! The strict pass follows RFC 8259 and takes no shortcut for parts that a query does not name: whether a
//! record counts must not depend on the columns that someone asked for.

use std::borrow::Cow;

/// Deepest nesting of a record that is read; deeper text is refused, so that no input exhausts the stack.
pub(crate) const MAX_DEPTH: usize = 128;

/// Where and why text is no JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Offset of the first byte that does not fit.
    pub(crate) at: usize,
    /// What was expected there.
    pub(crate) reason: &'static str,
}

type Parsed = Result<usize, Fault>;

fn fault<T>(at: usize, reason: &'static str) -> Result<T, Fault> {
    Err(Fault { at, reason })
}

/// The first offset at or after `at` that holds no white space.
#[inline]
pub(crate) fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The end of the value that starts at `at`, having checked all of it.
///
/// # Errors
///
/// [`Fault`] at the first byte that is no part of a JSON value.
pub(crate) fn value_end(bytes: &[u8], at: usize, depth: usize) -> Parsed {
    match bytes.get(at) {
        Some(b'"') => string_end(bytes, at + 1).map(|quote| quote + 1),
        Some(b'{') => object_end(bytes, at, depth, |_, _, _| ()),
        Some(b'[') => array_end(bytes, at, depth),
        Some(b't') => literal_end(bytes, at, b"true"),
        Some(b'f') => literal_end(bytes, at, b"false"),
        Some(b'n') => literal_end(bytes, at, b"null"),
        Some(b'-' | b'0'..=b'9') => number_end(bytes, at),
        Some(_) => fault(at, "expected a JSON value"),
        None => fault(at, "the text ends inside a value"),
    }
}

/// The end of the object whose `{` is at `at`; `member` sees the raw key (between its quotes) and the start
/// and end of each value.
///
/// # Errors
///
/// [`Fault`]; `member` may have seen members before it.
#[inline]
pub(crate) fn object_end(
    bytes: &[u8],
    at: usize,
    depth: usize,
    mut member: impl FnMut(&[u8], usize, usize),
) -> Parsed {
    if depth >= MAX_DEPTH {
        return fault(at, "nested deeper than 128 levels");
    }
    let mut at = skip_space(bytes, at + 1);
    if bytes.get(at) == Some(&b'}') {
        return Ok(at + 1);
    }
    loop {
        if bytes.get(at) != Some(&b'"') {
            return fault(at, "expected a key in double quotes");
        }
        let key_end = string_end(bytes, at + 1)?;
        let key = bytes.get(at + 1..key_end).unwrap_or_default();
        at = skip_space(bytes, key_end + 1);
        if bytes.get(at) != Some(&b':') {
            return fault(at, "expected `:` after a key");
        }
        let start = skip_space(bytes, at + 1);
        let end = value_end(bytes, start, depth + 1)?;
        member(key, start, end);
        at = skip_space(bytes, end);
        match bytes.get(at) {
            Some(b',') => at = skip_space(bytes, at + 1),
            Some(b'}') => return Ok(at + 1),
            _ => return fault(at, "expected `,` or `}` in an object"),
        }
    }
}

fn array_end(bytes: &[u8], at: usize, depth: usize) -> Parsed {
    if depth >= MAX_DEPTH {
        return fault(at, "nested deeper than 128 levels");
    }
    let mut at = skip_space(bytes, at + 1);
    if bytes.get(at) == Some(&b']') {
        return Ok(at + 1);
    }
    loop {
        at = skip_space(bytes, value_end(bytes, at, depth + 1)?);
        match bytes.get(at) {
            Some(b',') => at = skip_space(bytes, at + 1),
            Some(b']') => return Ok(at + 1),
            _ => return fault(at, "expected `,` or `]` in an array"),
        }
    }
}

fn literal_end(bytes: &[u8], at: usize, literal: &'static [u8]) -> Parsed {
    if bytes
        .get(at..)
        .is_some_and(|rest| rest.starts_with(literal))
    {
        Ok(at + literal.len())
    } else {
        fault(at, "expected true, false or null")
    }
}

fn digits_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b'0'..=b'9') = bytes.get(at) {
        at += 1;
    }
    at
}

fn number_end(bytes: &[u8], start: usize) -> Parsed {
    let digits = if bytes.get(start) == Some(&b'-') {
        start + 1
    } else {
        start
    };
    let mut at = match bytes.get(digits) {
        Some(b'0') => digits + 1,
        Some(b'1'..=b'9') => digits_end(bytes, digits + 1),
        _ => return fault(digits, "expected a digit"),
    };
    if bytes.get(at) == Some(&b'.') {
        let fraction = at + 1;
        at = digits_end(bytes, fraction);
        if at == fraction {
            return fault(at, "expected a digit after the decimal point");
        }
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = at + 1 + sign;
        at = digits_end(bytes, exponent);
        if at == exponent {
            return fault(at, "expected a digit in the exponent");
        }
    }
    Ok(at)
}

/// Whether one of eight bytes is a quote, a backslash or a control character.
#[inline]
const fn has_special(word: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    // A byte that borrows from its neighbour can only raise a false alarm, which the byte loop settles.
    let hit = (quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash)
        | (word.wrapping_sub(ONES * 0x20) & !word);
    hit & HIGH != 0
}

/// The offset of the quote that closes the string whose text starts at `at`.
#[inline]
pub(crate) fn string_end(bytes: &[u8], mut at: usize) -> Parsed {
    loop {
        while let Some(word) = bytes
            .get(at..at + 8)
            .and_then(|eight| eight.try_into().ok())
        {
            if has_special(u64::from_le_bytes(word)) {
                break;
            }
            at += 8;
        }
        // At most eight bytes until the next special one, or the end.
        loop {
            match bytes.get(at) {
                Some(b'"') => return Ok(at),
                Some(b'\\') => {
                    at = escape_end(bytes, at)?;
                    break;
                }
                Some(0..=0x1f) => return fault(at, "a control character inside a string"),
                Some(_) => at += 1,
                None => return fault(at, "the text ends inside a string"),
            }
        }
    }
}

fn escape_end(bytes: &[u8], at: usize) -> Parsed {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match bytes.get(at + 2..at + 6) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(at + 6),
            _ => fault(at, "expected four hexadecimal digits after \\u"),
        },
        _ => fault(at, "an unknown escape in a string"),
    }
}

/// The end of the value at `at` in text that [`value_end`] has accepted.
#[inline]
pub(crate) fn accepted_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    loop {
        match bytes.get(at) {
            Some(b'"') => {
                at = string_end(bytes, at + 1).unwrap_or(bytes.len()) + 1;
            }
            Some(b'{' | b'[') => {
                depth += 1;
                at += 1;
                continue;
            }
            Some(b'}' | b']') => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            Some(b',' | b':' | b' ' | b'\n' | b'\r' | b'\t') => {
                at += 1;
                continue;
            }
            Some(_) => {
                at += 1;
                while let Some(b'0'..=b'9' | b'a'..=b'z' | b'.' | b'+' | b'-' | b'E') =
                    bytes.get(at)
                {
                    at += 1;
                }
            }
            None => return bytes.len(),
        }
        if depth == 0 {
            return at.min(bytes.len());
        }
    }
}

/// Shows each member of an accepted object: raw key, start and end of the value.
#[inline]
pub(crate) fn each_member(object: &[u8], mut member: impl FnMut(&[u8], usize, usize)) {
    walk_members(object, 0, |key, start| {
        let end = accepted_end(object, start);
        member(key, start, end);
        end
    });
}

/// Walks the accepted object whose `{` is at `at`: `member` gets the raw key and the start of the value, and
/// gives its end. The answer is the object's end.
#[inline]
pub(crate) fn walk_members(
    bytes: &[u8],
    at: usize,
    mut member: impl FnMut(&[u8], usize) -> usize,
) -> usize {
    let mut at = skip_space(bytes, at + 1);
    while bytes.get(at) == Some(&b'"') {
        let Ok(key_end) = string_end(bytes, at + 1) else {
            return bytes.len();
        };
        let colon = skip_space(bytes, key_end + 1);
        let start = skip_space(bytes, colon + 1);
        let key = bytes.get(at + 1..key_end).unwrap_or_default();
        // Whatever the text, each turn goes forward.
        at = skip_space(bytes, member(key, start).max(start));
        if bytes.get(at) == Some(&b',') {
            at = skip_space(bytes, at + 1);
        }
    }
    at + 1
}

/// Shows each element of an accepted array.
#[inline]
pub(crate) fn each_element<'a>(array: &'a [u8], mut element: impl FnMut(&'a [u8])) {
    walk_elements(array, 0, |start| {
        let end = accepted_end(array, start);
        element(array.get(start..end).unwrap_or_default());
        end
    });
}

/// Walks the accepted array whose `[` is at `at`, as [`walk_members`] does.
#[inline]
pub(crate) fn walk_elements(
    bytes: &[u8],
    at: usize,
    mut element: impl FnMut(usize) -> usize,
) -> usize {
    let mut at = skip_space(bytes, at + 1);
    while !matches!(bytes.get(at), None | Some(b']')) {
        // Whatever the text, each turn goes forward.
        at = skip_space(bytes, element(at).max(at + 1));
        if bytes.get(at) == Some(&b',') {
            at = skip_space(bytes, at + 1);
        }
    }
    at + 1
}

/// The text of an accepted string, given what is between its quotes.
///
/// Half a surrogate pair, which no text can hold, becomes U+FFFD. `None` when the bytes are not UTF-8.
pub(crate) fn unescape(raw: &[u8]) -> Option<Cow<'_, str>> {
    let text = simdutf8::basic::from_utf8(raw).ok()?;
    if memchr::memchr(b'\\', raw).is_none() {
        return Some(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut chars = escape.chars();
        match chars.next()? {
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => {
                let (unit, after) = hex_unit(chars.as_str())?;
                let (character, after) = code_point(unit, after);
                out.push(character);
                rest = after;
                continue;
            }
            other => out.push(other),
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    Some(Cow::Owned(out))
}

fn hex_unit(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

/// The character that a UTF-16 unit begins, with the second half of its pair if there is one.
fn code_point(unit: u32, rest: &str) -> (char, &str) {
    if (0xd800..0xdc00).contains(&unit)
        && let Some((low, after)) = rest.strip_prefix("\\u").and_then(hex_unit)
        && (0xdc00..0xe000).contains(&low)
    {
        let scalar = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        return (
            char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER),
            after,
        );
    }
    (
        char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER),
        rest,
    )
}

#[cfg(test)]
mod tests;
