//! The cursor against `serde_json`, and against anything at all.

use proptest::prelude::*;

use super::*;

fn accepts(text: &[u8]) -> bool {
    value_end(text, 0, 0).is_ok_and(|end| end == text.len())
}

#[test]
fn what_the_standard_refuses_is_refused() {
    for text in [
        "",
        "{",
        "}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "[1,]",
        "[1 2]",
        "01",
        "-",
        "1.",
        "1e",
        "+1",
        ".5",
        "tru",
        "nul",
        "\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"a\nb\"",
        "{a:1}",
        "'a'",
    ] {
        assert!(!accepts(text.as_bytes()), "{text}");
    }
}

#[test]
fn nesting_is_bounded() {
    let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert!(accepts(deep(MAX_DEPTH).as_bytes()));
    assert!(!accepts(deep(MAX_DEPTH + 1).as_bytes()));
    assert!(!accepts("[".repeat(1_000_000).as_bytes()));
}

#[test]
fn escapes_become_the_characters_they_name() {
    let text = |raw: &str| unescape(raw.as_bytes()).unwrap().into_owned();
    assert_eq!(text(r#"a\"\\\/\b\f\n\r\té"#), "a\"\\/\u{8}\u{c}\n\r\té");
    assert_eq!(text(r"\ud83d\ude00!"), "😀!");
    assert_eq!(text(r"\ud83d!\ude00"), "\u{fffd}!\u{fffd}");
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_document_is_accepted_to_its_end(value in any_json(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let followed = format!("{text}{{");
        prop_assert_eq!(value_end(followed.as_bytes(), 0, 0).ok(), Some(text.len()));
        prop_assert_eq!(accepted_end(followed.as_bytes(), 0), text.len());
    }

    #[test]
    fn serde_and_the_cursor_agree_on_any_text(text in "[ \\[\\]{}\",:0-9truefalsn\\\\eE.+-]{0,24}") {
        let serde = serde_json::from_str::<serde::de::IgnoredAny>(text.trim()).is_ok();
        prop_assert_eq!(accepts(text.trim().as_bytes()), serde);
    }

    #[test]
    fn strings_come_back_as_they_were(text: String) {
        let written = serde_json::to_string(&text).unwrap();
        let raw = &written.as_bytes()[1..written.len() - 1];
        prop_assert_eq!(unescape(raw).unwrap(), text);
    }

    #[test]
    fn no_bytes_make_the_walks_panic(bytes: Vec<u8>) {
        let end = value_end(&bytes, 0, 0).unwrap_or_default().max(accepted_end(&bytes, 0));
        prop_assert!(end <= bytes.len());
        each_member(&bytes, |_, _, _| ());
        each_element(&bytes, |_| ());
        prop_assert!(unescape(&bytes).is_none_or(|text| text.len() <= bytes.len()));
    }
}
