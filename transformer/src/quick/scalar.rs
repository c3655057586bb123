//! Numbers and literals, byte by byte.

/// Bytes of the literal that `text` starts with, 0 where it starts with none. It does not branch on which it
/// is, which no processor could foresee.
#[inline]
pub(super) fn literal(text: &[u8]) -> usize {
    let Some(word) = text.first_chunk::<8>() else {
        let literals: [&[u8]; 3] = [b"true", b"false", b"null"];
        let found = literals.iter().find(|literal| text.starts_with(literal));
        return found.map_or(0, |literal| literal.len());
    };
    let word = u64::from_le_bytes(*word);
    let four = word & 0xffff_ffff;
    let of_four = four == u64::from_le_bytes(*b"true\0\0\0\0")
        || four == u64::from_le_bytes(*b"null\0\0\0\0");
    let of_five = word & 0xff_ffff_ffff == u64::from_le_bytes(*b"false\0\0\0");
    usize::from(of_four) * 4 + usize::from(of_five) * 5
}

#[inline]
fn digits(text: &[u8]) -> usize {
    text.iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len())
}

/// Bytes of the number that `text` starts with, by the grammar of RFC 8259.
pub(super) fn number(text: &[u8]) -> Option<usize> {
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
