//! What stands between the quotes: where it ends, and what it says.

/// What stands between the quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::keys) struct RawString<'a> {
    pub(in crate::keys) bytes: &'a [u8],
    /// True when there is a backslash in it.
    pub(in crate::keys) escaped: bool,
}

/// Bytes before the first quote, backslash or control character, eight at a time.
#[inline]
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let mut length = 0;
    while let Some(chunk) = bytes.get(length..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let special = zero(word ^ (ONES * u64::from(b'"')))
            | zero(word ^ (ONES * u64::from(b'\\')))
            | control;
        if special != 0 {
            // The lowest marked byte is exact: borrows only run upwards.
            return length + special.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    let rest = bytes.get(length..).unwrap_or_default();
    let plain = |byte: &u8| !matches!(byte, b'"' | b'\\' | 0..0x20);
    length
        + rest
            .iter()
            .position(|byte| !plain(byte))
            .unwrap_or(rest.len())
}

impl RawString<'_> {
    /// Appends the decoded string; false, and nothing appended, when it is not UTF-8. The
    /// second half of a surrogate pair without the first becomes U+FFFD, as in jq 1.6; the scanner has
    /// refused the first without the second.
    pub(in crate::keys) fn decode(&self, out: &mut String) -> bool {
        let Ok(mut rest) = std::str::from_utf8(self.bytes) else {
            return false;
        };
        if !self.escaped {
            out.push_str(rest);
            return true;
        }
        while let Some((plain, escape)) = rest.split_once('\\') {
            out.push_str(plain);
            rest = decode_escape(escape, out);
        }
        out.push_str(rest);
        true
    }

    /// True when the decoded string is `text`.
    pub(in crate::keys) fn is(&self, text: &str) -> bool {
        if !self.escaped {
            return self.bytes == text.as_bytes();
        }
        let mut decoded = String::with_capacity(self.bytes.len());
        self.decode(&mut decoded) && decoded == text
    }
}

/// Decodes one escape sequence, from after its backslash, and gives what follows it.
fn decode_escape<'s>(escape: &'s str, out: &mut String) -> &'s str {
    let mut chars = escape.chars();
    out.push(match chars.next() {
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('u') => return decode_unicode(chars.as_str(), out),
        Some(other) => other,
        None => return "",
    });
    chars.as_str()
}

fn decode_unicode<'s>(text: &'s str, out: &mut String) -> &'s str {
    let Some((unit, rest)) = code_unit(text) else {
        return text;
    };
    if let Some(high) = unit.checked_sub(0xD800).filter(|high| *high < 0x400)
        && let Some((low, rest)) = rest.strip_prefix("\\u").and_then(code_unit)
        && let Some(low) = low.checked_sub(0xDC00).filter(|low| *low < 0x400)
    {
        out.push(
            char::from_u32(0x1_0000 + high * 0x400 + low).unwrap_or(char::REPLACEMENT_CHARACTER),
        );
        return rest;
    }
    out.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
    rest
}

fn code_unit(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}
