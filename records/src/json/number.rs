use super::error::JsonErrorKind;
use super::scanner::byte_at;

/// The offset after the number that starts at `at`, where there is a digit or a minus sign.
///
/// # Errors
/// What is wrong, and at which offset.
#[inline]
pub(super) fn number_end(bytes: &[u8], at: usize) -> Result<usize, (JsonErrorKind, usize)> {
    let at = at + usize::from(byte_at(bytes, at) == b'-');
    let mut at = match byte_at(bytes, at) {
        b'0' if byte_at(bytes, at + 1).is_ascii_digit() => {
            return Err((JsonErrorKind::Number, at));
        }
        b'0' => at + 1,
        _ => digits_end(bytes, at)?,
    };
    if byte_at(bytes, at) == b'.' {
        at = digits_end(bytes, at + 1)?;
    }
    if matches!(byte_at(bytes, at), b'e' | b'E') {
        at += 1;
        at += usize::from(matches!(byte_at(bytes, at), b'+' | b'-'));
        at = digits_end(bytes, at)?;
    }
    Ok(at)
}

/// The offset after one or more digits.
#[inline]
fn digits_end(bytes: &[u8], start: usize) -> Result<usize, (JsonErrorKind, usize)> {
    let mut at = start;
    while byte_at(bytes, at).is_ascii_digit() {
        at += 1;
    }
    if at == start {
        Err((JsonErrorKind::Number, at))
    } else {
        Ok(at)
    }
}
