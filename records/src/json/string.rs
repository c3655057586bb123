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
    // An escape is longer than what it stands for, and so is a key that has one.
    if key.len() <= name.len() {
        // Most keys differ in their first byte, which costs less to see than to compare the rest.
        return key.first() == name.first() && key == name && !key.contains(&b'\\');
    }
    let same = key
        .iter()
        .zip(name)
        .position(|(byte, wanted)| byte != wanted || *byte == b'\\')
        .unwrap_or(name.len());
    key.get(same) == Some(&b'\\') && {
        let (key, name) = (key.get(same..), name.get(same..));
        escaped_key_equals(key.unwrap_or_default(), name.unwrap_or_default())
    }
}

#[cold]
fn escaped_key_equals(mut key: &[u8], mut name: &[u8]) -> bool {
    while let Some((&byte, rest)) = key.split_first() {
        let mut buffer = [byte, 0, 0, 0];
        let (spelled, rest) = if byte == b'\\' {
            let Some((Some(character), length)) = escape(rest) else {
                return false;
            };
            let character = character.encode_utf8(&mut buffer);
            (character.as_bytes(), rest.get(length..))
        } else {
            (&buffer[..1], Some(rest))
        };
        let (Some(rest), Some(after)) = (rest, name.strip_prefix(spelled)) else {
            return false;
        };
        (key, name) = (rest, after);
    }
    name.is_empty()
}

/// Appends what a string says, given how it is spelled between its quotes.
///
/// Half of a surrogate pair, which no text can hold, becomes U+FFFD. A backslash that begins no escape,
/// which no JSON string has, stays as it is.
#[inline]
pub fn unescape(spelled: &str, out: &mut String) {
    if spelled.as_bytes().contains(&b'\\') {
        unescape_slow(spelled, out);
    } else {
        out.push_str(spelled);
    }
}

#[cold]
fn unescape_slow(spelled: &str, out: &mut String) {
    let mut rest = spelled;
    while let Some((plain, after)) = rest.split_once('\\') {
        out.push_str(plain);
        let (character, length) = escape(after.as_bytes()).unwrap_or((Some('\\'), 0));
        out.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
        // Escapes are ASCII.
        rest = after.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
}

/// Appends a text as a JSON string, quotes included. What needs no escape gets none.
pub fn push_string(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    out.push('"');
    if text.bytes().all(plain) {
        out.push_str(text);
    } else {
        for character in text.chars() {
            match character {
                '"' | '\\' => out.extend(['\\', character]),
                '\0'..='\u{1f}' => {
                    let code = character as usize;
                    let low = char::from(HEX[code & 15]);
                    out.extend(['\\', 'u', '0', '0', if code < 16 { '0' } else { '1' }, low]);
                }
                _ => out.push(character),
            }
        }
    }
    out.push('"');
}

/// The character that an escape means, given what follows its backslash, and the length of the escape
/// without it. No character for half of a surrogate pair.
fn escape(text: &[u8]) -> Option<(Option<char>, usize)> {
    let character = match text.first()? {
        kind @ (b'"' | b'\\' | b'/') => char::from(*kind),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let unit = hex4(text, 1)?;
            return Some(match surrogate_pair(unit, text) {
                Some(character) => (Some(character), 11),
                None => (char::from_u32(unit), 5),
            });
        }
        _ => return None,
    };
    Some((Some(character), 1))
}

/// The character that `first` means together with the escape after it.
fn surrogate_pair(first: u32, text: &[u8]) -> Option<char> {
    let high = first.checked_sub(0xd800).filter(|high| *high < 0x400)?;
    if text.get(5..7) != Some(b"\\u") {
        return None;
    }
    let low = hex4(text, 7)?.checked_sub(0xdc00);
    char::from_u32(0x1_0000 + (high << 10) + low.filter(|low| *low < 0x400)?)
}

/// The four hexadecimal digits at `at`.
fn hex4(text: &[u8], at: usize) -> Option<u32> {
    text.get(at..at + 4)?.iter().try_fold(0, |value, digit| {
        Some(value * 16 + char::from(*digit).to_digit(16)?)
    })
}
