//! Passing over JSON without judging it: where a string, a value or the rest of an object ends.
//!
//! What is passed over is not checked, beyond what finding its end needs; what the survey and the columns
//! check is enough to know that a record is one. Offsets are into the text of a whole object, so that
//! sixteen bytes at a time can be looked at wherever a record ends.

use wide::u8x16;

/// Bytes looked at together.
const STEP: usize = 16;

/// The byte at `at`, or NUL behind the end: JSON has none outside its strings.
#[inline]
pub(crate) fn byte_at(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

/// The first offset at or after `at` that is not white space.
#[inline]
pub(crate) fn space_end(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = text.get(at) {
        at += 1;
    }
    at
}

/// Of the string whose text starts at `at`, behind its opening quote: the offset behind its closing quote,
/// and whether it has escapes. `None` when it does not end.
#[inline]
pub(crate) fn string_end(text: &[u8], mut at: usize) -> Option<(usize, bool)> {
    let mut escapes = false;
    loop {
        let step = text.get(at..).and_then(<[u8]>::first_chunk::<STEP>);
        let found = if let Some(bytes) = step {
            let bytes = u8x16::new(*bytes);
            let marks = bytes.simd_eq(u8x16::splat(b'"')) | bytes.simd_eq(u8x16::splat(b'\\'));
            let marks = marks.to_bitmask();
            if marks == 0 {
                at += STEP;
                continue;
            }
            at + marks.trailing_zeros() as usize
        } else {
            let rest = text.get(at..)?;
            at + rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?
        };
        if text.get(found) == Some(&b'"') {
            return Some((found + 1, escapes));
        }
        escapes = true;
        at = found + 2;
    }
}

/// The offset behind the value at `at`; `None` when it does not end, or when there is none.
#[inline]
pub(crate) fn value_end(text: &[u8], at: usize) -> Option<usize> {
    match byte_at(text, at) {
        b'"' => string_end(text, at + 1).map(|(end, _)| end),
        b'{' | b'[' => close_end(text, at + 1),
        _ => {
            let rest = text.get(at..)?;
            let ends =
                |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
            let length = rest.iter().position(ends).unwrap_or(rest.len());
            (length > 0).then_some(at + length)
        }
    }
}

/// The offset behind the bracket that closes what is open at `at`.
#[inline]
pub(crate) fn close_end(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 1_usize;
    loop {
        let step = text.get(at..).and_then(<[u8]>::first_chunk::<STEP>);
        let found = if let Some(bytes) = step {
            let bytes = u8x16::new(*bytes);
            // In ASCII the brackets are the braces without this bit.
            let folded = bytes | u8x16::splat(0x20);
            let marks = bytes.simd_eq(u8x16::splat(b'"'))
                | folded.simd_eq(u8x16::splat(b'{'))
                | folded.simd_eq(u8x16::splat(b'}'));
            let marks = marks.to_bitmask();
            if marks == 0 {
                at += STEP;
                continue;
            }
            at + marks.trailing_zeros() as usize
        } else {
            let rest = text.get(at..)?;
            let marks = |byte: &u8| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']');
            at + rest.iter().position(marks)?
        };
        at = found + 1;
        match byte_at(text, found) {
            b'"' => at = string_end(text, at)?.0,
            b'{' | b'[' => depth += 1,
            _ => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use hydrant_records::json::Scanner;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_json_value_ends_where_the_strict_scanner_says(
            text in r#"\{("[a-c\\"]{0,20}":(-?[0-9]{1,20}|true|null|"([a-z{}\[\] é]|\\["\\n]){0,40}"|\{\}|\[[0-9]{0,3}\]|\[\{"x":"]"\}\]),?){0,5}\}"#,
            after in "[,} \n]{0,20}",
        ) {
            let whole = text.clone() + &after;
            if let Ok(value) = Scanner::new(whole.as_bytes(), 0).skip_value() {
                prop_assert_eq!(value_end(whole.as_bytes(), 0), Some(value.end));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            value_end(&bytes, 0);
            close_end(&bytes, 0);
        }
    }
}
