//! What the strings of a record say.

use std::borrow::Cow;

use hydrant_records::json::unescape;

/// What a JSON string says, given how it is spelled between its quotes.
///
/// Half of a surrogate pair, which no text can hold, becomes U+FFFD. `None` when the bytes are not UTF-8.
pub(crate) fn text(spelled: &[u8]) -> Option<Cow<'_, str>> {
    let spelled = simdutf8::basic::from_utf8(spelled).ok()?;
    if memchr::memchr(b'\\', spelled.as_bytes()).is_none() {
        return Some(Cow::Borrowed(spelled));
    }
    let mut text = String::with_capacity(spelled.len());
    unescape(spelled, &mut text);
    Some(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_become_the_characters_they_name() {
        let said = |spelled: &str| text(spelled.as_bytes()).unwrap().into_owned();
        assert_eq!(said(r#"a\"\\\/\b\f\n\r\té"#), "a\"\\/\u{8}\u{c}\n\r\té");
        assert_eq!(said(r"\ud83d\ude00!"), "😀!");
        assert_eq!(said(r"\ud83d!\ude00"), "\u{fffd}!\u{fffd}");
        assert_eq!(text(b"\xff"), None);
    }

    proptest! {
        #[test]
        fn strings_come_back_as_they_were(sent: String) {
            let written = serde_json::to_string(&sent).unwrap();
            let spelled = &written.as_bytes()[1..written.len() - 1];
            prop_assert_eq!(text(spelled).unwrap(), sent);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            prop_assert!(text(&bytes).is_none_or(|text| text.len() <= bytes.len()));
        }
    }
}
