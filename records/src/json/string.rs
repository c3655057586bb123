use super::error::JsonErrorKind;
use super::scanner::byte_at;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = ONES << 7;
const QUOTES: u64 = ONES * 0x22;
const BACKSLASHES: u64 = ONES * 0x5c;
const SPACES: u64 = ONES * 0x20;

/// The high bit of every byte of `word` that a string cannot simply contain: a quote, a backslash, a
/// control character. Only the lowest one is exact, since a borrow may run on from it.
#[inline]
fn special(word: u64) -> u64 {
    let quote = (word ^ QUOTES).wrapping_sub(ONES);
    let backslash = (word ^ BACKSLASHES).wrapping_sub(ONES);
    let control = word.wrapping_sub(SPACES);
    (quote | backslash | control) & !word & HIGH_BITS
}

/// The first offset at or after `at` of a byte that a string cannot simply contain, or the length of the
/// text. `seen` collects all bytes that were looked at, to know afterwards whether any was not ASCII.
#[inline]
fn plain_end(bytes: &[u8], mut at: usize, seen: &mut u64) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        *seen |= word;
        let special = special(word);
        if special != 0 {
            return at + (special.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        *seen |= u64::from(byte);
        if matches!(byte, b'"' | b'\\' | 0..=0x1f) {
            break;
        }
        at += 1;
    }
    at
}

/// The offset after the closing quote of the string whose text starts at `at`, behind the opening one.
///
/// # Errors
/// What is wrong, and at which offset.
#[inline]
pub(super) fn string_end(
    bytes: &[u8],
    mut at: usize,
    seen: &mut u64,
) -> Result<usize, (JsonErrorKind, usize)> {
    loop {
        at = plain_end(bytes, at, seen);
        match bytes.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at = escape_end(bytes, at)?,
            Some(_) => return Err((JsonErrorKind::ControlCharacter, at)),
            None => return Err((JsonErrorKind::UnexpectedEnd, at)),
        }
    }
}

/// The offset after the escape whose backslash is at `at`.
fn escape_end(bytes: &[u8], at: usize) -> Result<usize, (JsonErrorKind, usize)> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match (2..6).find(|digit| !byte_at(bytes, at + digit).is_ascii_hexdigit()) {
            Some(digit) => Err((JsonErrorKind::UnicodeEscape, at + digit)),
            None => Ok(at + 6),
        },
        _ => Err((JsonErrorKind::Escape, at + 1)),
    }
}

/// Whether a key, as it is spelled between its quotes, names `name`: `client\u0049d` names `clientId`.
///
/// A key that is not the text of a JSON string, or that spells half of a surrogate pair, names nothing.
#[inline]
pub fn key_equals(key: &[u8], name: &str) -> bool {
    let name = name.as_bytes();
    let differ = key
        .iter()
        .zip(name)
        .position(|(byte, wanted)| byte != wanted || *byte == b'\\');
    let same = differ.unwrap_or_else(|| key.len().min(name.len()));
    match key.get(same) {
        None => key.len() == name.len(),
        Some(b'\\') => {
            let (key, name) = (key.get(same..), name.get(same..));
            escaped_key_equals(key.unwrap_or_default(), name.unwrap_or_default())
        }
        Some(_) => false,
    }
}

#[cold]
fn escaped_key_equals(mut key: &[u8], mut name: &[u8]) -> bool {
    while let Some((&byte, rest)) = key.split_first() {
        if byte != b'\\' {
            let Some(after) = name.strip_prefix(&[byte]) else {
                return false;
            };
            (key, name) = (rest, after);
            continue;
        }
        let Some((character, rest)) = unescape(rest) else {
            return false;
        };
        let mut buffer = [0; 4];
        let spelled = character.encode_utf8(&mut buffer).as_bytes();
        let Some(after) = name.strip_prefix(spelled) else {
            return false;
        };
        (key, name) = (rest, after);
    }
    name.is_empty()
}

/// The character that an escape means, given what follows its backslash, and the rest of the text.
fn unescape(text: &[u8]) -> Option<(char, &[u8])> {
    let (&kind, rest) = text.split_first()?;
    let character = match kind {
        b'"' | b'\\' | b'/' => char::from(kind),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unescape_unicode(rest),
        _ => return None,
    };
    Some((character, rest))
}

/// The character that `\u` means, given its digits and, for a surrogate pair, the second escape.
fn unescape_unicode(text: &[u8]) -> Option<(char, &[u8])> {
    let (first, rest) = hex4(text)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some((char::from_u32(first)?, rest));
    }
    let (second, rest) = hex4(rest.strip_prefix(b"\\u")?)?;
    let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    Some((
        char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + low)?,
        rest,
    ))
}

fn hex4(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_first_chunk::<4>()?;
    let mut value = 0;
    for digit in digits {
        value = value * 16 + char::from(*digit).to_digit(16)?;
    }
    Some((value, rest))
}
