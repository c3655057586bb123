//! Untrusted text never picks the folder: a partition value stays below the literal part of the prefix
//! that the operator wrote.

use std::fmt;
use std::str::FromStr;

use crate::KeyError;

/// What to do with a value that would lead elsewhere.
///
/// A value is a sequence of folder names with `/` between them (AWS lets a value with a `/` make a deeper
/// path, and so do both policies). No folder may be empty, `.` or `..`, and no value may hold a backslash
/// or a control character: the same rule for a directory and for S3.
///
/// As text: `fail` or `encode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConfinementPolicy {
    /// The record goes to the error output.
    #[default]
    Fail,
    /// The offending bytes are percent-encoded, and so is a `%` that would read as an encoded byte: two
    /// values never become one.
    Encode,
}

/// Text that is no [`ConfinementPolicy`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not what can be done with a value that is no folder; write fail or encode")]
pub struct ConfinementPolicyError {
    /// The text as given.
    pub text: String,
}

impl FromStr for ConfinementPolicy {
    type Err = ConfinementPolicyError;

    fn from_str(text: &str) -> Result<Self, ConfinementPolicyError> {
        match text {
            "fail" => Ok(Self::Fail),
            "encode" => Ok(Self::Encode),
            _ => Err(ConfinementPolicyError {
                text: text.to_owned(),
            }),
        }
    }
}

impl fmt::Display for ConfinementPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fail => "fail",
            Self::Encode => "encode",
        })
    }
}

/// Appends a checked value.
pub(crate) fn confine(
    key: &str,
    value: &str,
    policy: ConfinementPolicy,
    out: &mut String,
) -> Result<(), KeyError> {
    match (offence(value), policy) {
        (Some(reason), ConfinementPolicy::Fail) => Err(KeyError::Unconfined {
            key: key.to_owned(),
            reason,
        }),
        (Some(_), ConfinementPolicy::Encode) => {
            encode(value, out);
            Ok(())
        }
        (None, ConfinementPolicy::Encode) if value.contains('%') => {
            encode(value, out);
            Ok(())
        }
        (None, _) => {
            out.push_str(value);
            Ok(())
        }
    }
}

/// Whether a value is one of the many that need no closer look: letters, digits, hyphens, underscores and
/// spaces.
pub(crate) fn is_plain(value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() | matches!(byte, b'-' | b'_' | b' ');
    // All of it, which takes fewer steps than to stop at the first that is not.
    !value.is_empty() && value.bytes().fold(true, |all, byte| all & plain(byte))
}

/// What is wrong with a value.
pub(crate) fn offence(value: &str) -> Option<&'static str> {
    if is_plain(value) {
        return None;
    }
    if value.chars().any(char::is_control) {
        return Some("it holds a control character");
    }
    if value.contains('\\') {
        return Some("it holds a backslash");
    }
    if value.starts_with('/') {
        return Some("it starts with '/'");
    }
    value.split('/').find_map(|folder| match folder {
        "" => Some("it holds an empty folder name"),
        "." | ".." => Some("it holds the folder '.' or '..'"),
        _ => None,
    })
}

fn encode(value: &str, out: &mut String) {
    let mut previous = None;
    for folder in value.split('/') {
        if let Some(previous) = previous {
            // A slash next to nothing would make an empty folder.
            let beside_nothing = folder.is_empty() || str::is_empty(previous);
            out.push_str(if beside_nothing { "%2F" } else { "/" });
        }
        encode_folder(folder, out);
        previous = Some(folder);
    }
}

fn encode_folder(folder: &str, out: &mut String) {
    let dots = matches!(folder, "." | "..");
    for (at, c) in folder.char_indices() {
        let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
        let bytes = folder.as_bytes();
        let escape = c == '%' && is_hex(bytes.get(at + 1)) && is_hex(bytes.get(at + 2));
        if escape || c.is_control() || c == '\\' || (dots && c == '.') {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        } else {
            out.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn confined(value: &str, policy: ConfinementPolicy) -> Result<String, KeyError> {
        let mut out = String::new();
        confine("k", value, policy, &mut out).map(|()| out)
    }

    fn decode(text: &str) -> String {
        let mut out = Vec::new();
        let mut bytes = text.as_bytes();
        while let [first, rest @ ..] = bytes {
            let hex = rest
                .get(..2)
                .filter(|hex| hex.iter().all(u8::is_ascii_hexdigit));
            if let (b'%', Some(hex)) = (first, hex) {
                out.push(u8::from_str_radix(str::from_utf8(hex).unwrap(), 16).unwrap());
                bytes = &rest[2..];
            } else {
                out.push(*first);
                bytes = rest;
            }
        }
        String::from_utf8(out).unwrap()
    }

    fn is_confined(text: &str) -> bool {
        text.split('/')
            .all(|folder| !matches!(folder, "" | "." | ".."))
            && !text.contains(|c: char| c.is_control() || c == '\\')
    }

    #[test]
    fn ordinary_values_pass_and_escapes_are_refused_or_encoded() {
        for value in [
            "searching",
            "Zürich 8001",
            "a/b",
            "..a",
            "a.b",
            "100%",
            "k=v",
            "😀",
        ] {
            assert_eq!(
                confined(value, ConfinementPolicy::Fail).as_deref(),
                Ok(value)
            );
            assert_eq!(
                confined(value, ConfinementPolicy::Encode).as_deref(),
                Ok(value)
            );
        }
        for (value, encoded) in [
            ("..", "%2E%2E"),
            ("a/../b", "a/%2E%2E/b"),
            ("/etc", "%2Fetc"),
            ("a//b", "a%2F%2Fb"),
            ("a/", "a%2F"),
            ("a\nb", "a%0Ab"),
            ("a\\b", "a%5Cb"),
            ("\u{7f}", "%7F"),
            ("a\u{85}", "a%C2%85"),
        ] {
            let error = confined(value, ConfinementPolicy::Fail).unwrap_err();
            assert!(matches!(error, KeyError::Unconfined { .. }), "{value}");
            assert_eq!(
                confined(value, ConfinementPolicy::Encode).as_deref(),
                Ok(encoded)
            );
        }
        assert_eq!(
            confined("%2E", ConfinementPolicy::Encode).as_deref(),
            Ok("%252E")
        );
    }

    proptest! {
        #[test]
        fn nothing_gets_out_and_encoding_can_be_undone(value in "[a./%2Ec\\\\\n\u{0}\u{9f}é]{1,8}") {
            if let Ok(text) = confined(&value, ConfinementPolicy::Fail) {
                prop_assert!(is_confined(&text));
                prop_assert_eq!(&text, &value);
            }
            let encoded = confined(&value, ConfinementPolicy::Encode).unwrap();
            prop_assert!(is_confined(&encoded), "{}", encoded);
            prop_assert_eq!(decode(&encoded), value);
        }
    }
}
