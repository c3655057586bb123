//! JSON written straight into a byte buffer.

/// Appends the pieces of a JSON text.
pub(crate) trait Text {
    /// The text as it stands.
    fn text(&mut self, text: &str) -> &mut Self;
    /// The bytes as they stand.
    fn raw(&mut self, bytes: &[u8]) -> &mut Self;
    /// A whole number.
    fn number(&mut self, number: impl Into<u64>) -> &mut Self;
    /// An amount in cents as a number with two decimals.
    fn money(&mut self, cents: u64) -> &mut Self;
    /// `true` or `false`.
    fn flag(&mut self, flag: bool) -> &mut Self;
}

impl Text for Vec<u8> {
    fn text(&mut self, text: &str) -> &mut Self {
        self.extend_from_slice(text.as_bytes());
        self
    }

    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.extend_from_slice(bytes);
        self
    }

    fn number(&mut self, number: impl Into<u64>) -> &mut Self {
        self.text(itoa::Buffer::new().format(number.into()))
    }

    fn money(&mut self, cents: u64) -> &mut Self {
        let rest = cents % 100;
        self.number(cents / 100)
            .text(if rest < 10 { ".0" } else { "." })
            .number(rest)
    }

    fn flag(&mut self, flag: bool) -> &mut Self {
        self.text(if flag { "true" } else { "false" })
    }
}

/// How a string spells what lies beyond ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// As UTF-8.
    Utf8,
    /// As `\uXXXX`, in surrogate pairs where needed, as Python's `json.dumps` does.
    Escaped,
}

/// `text` as a JSON string, quotes included.
pub(crate) fn quoted(text: &str, spelling: Spelling) -> Box<[u8]> {
    let mut out = vec![b'"'];
    let mut units = [0; 2];
    for character in text.chars() {
        if character.is_ascii() || spelling == Spelling::Utf8 {
            escape(character.encode_utf8(&mut [0; 4]).as_bytes(), &mut out);
        } else {
            for unit in character.encode_utf16(&mut units) {
                out.text(&format!("\\u{unit:04x}"));
            }
        }
    }
    out.push(b'"');
    out.into_boxed_slice()
}

/// Appends UTF-8 as the inside of a JSON string.
pub(crate) fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    let mut copied = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[copied..at]);
        copied = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            control => {
                out.text(&format!("\\u{control:04x}"));
            }
        }
    }
    out.extend_from_slice(&bytes[copied..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_quoted_text_reads_back(text: String) {
            for spelling in [Spelling::Utf8, Spelling::Escaped] {
                let json = quoted(&text, spelling);
                prop_assert_eq!(&serde_json::from_slice::<String>(&json).unwrap(), &text);
                prop_assert!(spelling == Spelling::Utf8 || json.is_ascii());
            }
        }

        #[test]
        fn money_has_two_decimals(cents in 0u64..=u64::MAX) {
            let mut out = Vec::new();
            out.money(cents);
            let expected = format!("{}.{:02}", cents / 100, cents % 100);
            prop_assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
