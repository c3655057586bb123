use super::*;
use proptest::prelude::*;

fn accepts(document: &[u8]) -> bool {
    let mut scanner = Scanner::new(document);
    scanner.skip().and_then(|()| scanner.finish()).is_ok()
}

proptest! {
    #[test]
    fn any_bytes_are_judged_as_serde_json_judges_them(
        text in r#"[\[\]{}",:\\ntu0-9eE.+ \-a-f]{0,24}"#
    ) {
        let strict = serde_json::from_str::<serde_json::Value>(&text);
        // Numbers too large for a double and second halves of surrogate pairs pass here.
        let lenient = strict.as_ref().is_err_and(|error| {
            let error = error.to_string();
            error.contains("out of range") || error.contains("surrogate")
        });
        prop_assert!(accepts(text.as_bytes()) == strict.is_ok() || lenient, "{text}");
    }

    #[test]
    fn strings_decode_to_what_was_encoded(text in ".*") {
        let document = serde_json::to_string(&text).unwrap();
        let Ok(Scalar::String(raw)) = Scanner::new(document.as_bytes()).scalar() else {
            panic!("{document} is a string");
        };
        let mut decoded = String::new();
        prop_assert!(raw.decode(&mut decoded));
        prop_assert_eq!(&decoded, &text);
        prop_assert!(raw.is(&text));
    }

    #[test]
    fn a_plain_run_ends_where_a_byte_by_byte_search_says(
        bytes in prop::collection::vec(any::<u8>(), 0..40)
    ) {
        let expected = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
        prop_assert_eq!(plain_length(&bytes), expected.unwrap_or(bytes.len()));
    }
}

#[test]
fn surrogates_are_joined_and_a_first_half_alone_is_refused() {
    let Ok(Scalar::String(raw)) = Scanner::new(br#""\ud83d\ude00!""#).scalar() else {
        panic!("a string");
    };
    let mut decoded = String::new();
    assert!(raw.decode(&mut decoded));
    assert_eq!(decoded, "😀!");
    for lone in [
        r#""\ud83d""#,
        r#""\ud83dx""#,
        r#""\ud83d\u0041""#,
        r#""\ud83d\n\ude00""#,
    ] {
        assert!(!accepts(lone.as_bytes()), "{lone}");
    }
}

#[test]
fn nesting_stops_where_jq_stops() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(accepts(nested(MAX_DOCUMENT_DEPTH).as_bytes()));
    assert!(!accepts(nested(MAX_DOCUMENT_DEPTH + 1).as_bytes()));
    assert!(!accepts(&b"[".repeat(1_000_000)));
}
