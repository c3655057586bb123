//! `$util`: the functions that API Gateway gives templates (API Gateway developer guide, "API Gateway mapping
//! template and access logging variable reference").

use super::Settings;

/// Escapes text as Java's commons-lang does for JavaScript: with `\'`, which is no JSON, and which is why AWS
/// says to undo it with `.replaceAll("\\'","'")`.
pub(super) fn escape_java_script(text: &str, settings: Settings) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' => out.push_str("\\/"),
            '\'' if settings.escape_apostrophe => out.push_str("\\'"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(character),
            other => {
                let mut units = [0; 2];
                for unit in other.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04X}"));
                }
            }
        }
    }
    out
}

/// Encodes text as a form does: `+` for a blank.
pub(super) fn url_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// The other way round; `None` where a `%` is not followed by two digits.
pub(crate) fn url_decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || {
                    bytes
                        .next()
                        .and_then(|digit| char::from(digit).to_digit(16))
                };
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn java_script_is_escaped_as_commons_lang_does() {
        let faithful = Settings::default();
        let escaped = escape_java_script("it's \"/\\\n\u{1}é𝄞~", faithful);
        assert_eq!(escaped, r#"it\'s \"\/\\\n\u0001\u00E9\uD834\uDD1E~"#);
        let plain = Settings {
            escape_apostrophe: false,
        };
        assert_eq!(escape_java_script("it's", plain), "it's");
    }

    #[test]
    fn what_is_encoded_for_a_url_is_decoded_again() {
        let text = "a b&c=d/é%+*~";
        assert_eq!(url_encode(text), "a+b%26c%3Dd%2F%C3%A9%25%2B*%7E");
        assert_eq!(url_decode(&url_encode(text)).as_deref(), Some(text));
        assert_eq!(url_decode("%4"), None);
    }
}
