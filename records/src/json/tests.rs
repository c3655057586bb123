#![expect(clippy::string_slice, reason = "a panic here is a failed test")]

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;
use crate::limits::MAX_JSON_DEPTH;

/// Ends of the values that `serde_json` finds, and whether it stopped at an error.
fn by_serde(bytes: &[u8]) -> (Vec<usize>, bool) {
    let mut stream = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
    let mut ends = Vec::new();
    loop {
        match stream.next() {
            None => return (ends, false),
            Some(Ok(_)) => ends.push(stream.byte_offset()),
            Some(Err(_)) => return (ends, true),
        }
    }
}

fn by_us(bytes: &[u8]) -> (Vec<usize>, bool) {
    let mut ends = Vec::new();
    for value in values(bytes) {
        match value {
            Ok(value) => ends.push(value.end),
            Err(_) => return (ends, true),
        }
    }
    (ends, false)
}

/// Documents of every shape that JSON has, as text: compact, spaced or on several lines.
fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?",
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        r#""([a-zA-Zé😀 ]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}){0,12}""#,
    ];
    let space = prop_oneof![4 => Just(""), 1 => Just(" "), 1 => Just("\n"), 1 => Just("\r\n\t")];
    (leaf, space).prop_flat_map(|(leaf, space)| {
        Just(leaf).prop_recursive(5, 40, 5, move |inner| {
            let key = prop_oneof![
                Just("\"a\""),
                Just("\"\""),
                Just("\"\\u0061\""),
                Just("\"é\"")
            ];
            let array = prop::collection::vec(inner.clone(), 0..5).prop_map(move |items| {
                format!(
                    "[{space}{}{space}]",
                    items.join(&format!("{space},{space}"))
                )
            });
            let object = prop::collection::vec((key, inner), 0..5).prop_map(move |members| {
                let members: Vec<_> = members
                    .iter()
                    .map(|(key, value)| format!("{key}{space}:{space}{value}"))
                    .collect();
                format!(
                    "{{{space}{}{space}}}",
                    members.join(&format!("{space},{space}"))
                )
            });
            prop_oneof![array, object]
        })
    })
}

#[derive(Debug, Clone)]
enum Mutation {
    Replace(u8),
    Insert(u8),
    Remove,
    Truncate,
}

fn mutation() -> impl Strategy<Value = (prop::sample::Index, Mutation)> {
    let byte = prop_oneof![
        prop::sample::select(
            b"{}[]\",:\\ \n-+.0123456789eEutrfalsn\x00\x1f\x7f\x80\xc3\xa9".to_vec()
        ),
        any::<u8>(),
    ];
    let mutation = prop_oneof![
        byte.clone().prop_map(Mutation::Replace),
        byte.prop_map(Mutation::Insert),
        Just(Mutation::Remove),
        Just(Mutation::Truncate),
    ];
    (any::<prop::sample::Index>(), mutation)
}

fn mutate(bytes: &mut Vec<u8>, mutations: &[(prop::sample::Index, Mutation)]) {
    for (index, mutation) in mutations {
        if bytes.is_empty() {
            return;
        }
        let at = index.index(bytes.len());
        match mutation {
            Mutation::Replace(byte) => bytes[at] = *byte,
            Mutation::Insert(byte) => bytes.insert(at, *byte),
            Mutation::Remove => drop(bytes.remove(at)),
            Mutation::Truncate => bytes.truncate(at),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// The two differ in one thing, the depth, which these texts do not reach.
    #[test]
    fn any_bytes_are_framed_as_serde_json_frames_them(bytes: Vec<u8>) {
        prop_assert_eq!(by_us(&bytes), by_serde(&bytes));
    }

    #[test]
    fn bytes_that_look_like_json_are_framed_as_serde_json_frames_them(
        text in r#"[\[\]{}",:\\ \n0-9.eE+\-utrfalsné]{0,40}"#
    ) {
        prop_assert_eq!(by_us(text.as_bytes()), by_serde(text.as_bytes()));
    }

    #[test]
    fn mutated_documents_are_framed_as_serde_json_frames_them(
        documents in prop::collection::vec((document(), prop::sample::select(vec!["", " ", "\n"])), 0..4),
        mutations in prop::collection::vec(mutation(), 0..4),
    ) {
        let text: String = documents.iter().flat_map(|(text, gap)| [text.as_str(), gap]).collect();
        let mut bytes = text.into_bytes();
        mutate(&mut bytes, &mutations);
        prop_assert_eq!(by_us(&bytes), by_serde(&bytes));
    }

    #[test]
    fn every_document_is_one_value_that_ends_where_it_ends(text in document(), gap in "[ \n]{0,3}") {
        prop_assert_eq!(value_end(text.as_bytes(), 0), Ok(text.len()));
        let shifted = format!("{gap}{text}{gap}]");
        prop_assert_eq!(skip_whitespace(shifted.as_bytes(), 0), gap.len());
        prop_assert_eq!(value_end(shifted.as_bytes(), gap.len()), Ok(gap.len() + text.len()));
    }

    #[test]
    fn the_members_of_an_object_are_those_that_serde_json_reads(
        wanted in prop::collection::vec((any::<String>(), document()), 0..6)
    ) {
        let spelled: Vec<_> = wanted
            .iter()
            .map(|(key, value)| format!("{} : {value}", serde_json::to_string(key).unwrap()))
            .collect();
        let text = format!("{{ {} }}]", spelled.join(" ,\n"));
        let mut found = members(text.as_bytes(), 0).unwrap();
        for (key, value) in &wanted {
            let member = found.next().unwrap().unwrap();
            prop_assert!(key_equals(&text.as_bytes()[member.key], key));
            prop_assert_eq!(&text[member.value], value);
        }
        prop_assert_eq!(found.next(), None);
        prop_assert_eq!(found.offset(), text.len() - 1);
    }

    #[test]
    fn a_string_says_what_serde_json_decodes(
        text in r#"([abé😀]|\\["\\/bfnrt]|\\u(0061|00e9|d83d\\ude00|D83D\\uDE00|ffff)){0,12}"#,
        encoded: String,
    ) {
        for document in [format!("\"{text}\""), serde_json::to_string(&encoded).unwrap()] {
            let mut said = String::new();
            unescape(&document[1..document.len() - 1], &mut said);
            prop_assert_eq!(said, serde_json::from_str::<String>(&document).unwrap());
        }
    }

    #[test]
    fn what_is_no_json_string_is_unescaped_without_a_panic(text in r#"([aé😀"u0-9]|\\){0,12}"#) {
        unescape(&text, &mut String::new());
    }

    #[test]
    fn a_key_equals_a_name_exactly_when_serde_json_decodes_it_so(
        key in r#"([abé😀"\\/]|\\["\\/bfnrtx]|\\u(0061|00e9|d83d|de00|DE00|002)){0,4}"#,
        name in "[abé😀\"\\\\/\n]{0,3}",
    ) {
        // A bare quote ends the key; serde_json then sees trailing text, as it should.
        let decoded = serde_json::from_str::<String>(&format!("\"{key}\"")).ok();
        if !key.contains('"') || decoded.is_some() {
            prop_assert_eq!(key_equals(key.as_bytes(), &name), decoded.as_deref() == Some(&*name));
            if let Some(decoded) = decoded {
                prop_assert!(key_equals(key.as_bytes(), &decoded));
            }
        }
    }
}

#[test]
fn a_string_says_what_it_spells_whatever_stands_around_it() {
    let mut said = String::from("before ");
    unescape(
        r#"\"\\\/\b\f\n\r\t\u00e9é\ud83d\ude00\uD83D\uDE00"#,
        &mut said,
    );
    assert_eq!(said, "before \"\\/\u{8}\u{c}\n\r\téé😀😀");
    for (halves, expected) in [
        (r"\ud83d", "\u{fffd}"),
        (r"\ude00", "\u{fffd}"),
        (r"\ud83dx", "\u{fffd}x"),
        (r"\ud83d\u0041", "\u{fffd}A"),
        (r"\ud83d\n\ude00", "\u{fffd}\n\u{fffd}"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
        (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
    ] {
        let mut said = String::new();
        unescape(halves, &mut said);
        assert_eq!(said, expected, "{halves}");
    }
}

#[test]
fn a_fault_is_told_with_its_place() {
    let faults = [
        "",
        "{\"eventType\" 1}",
        "{\"a\":1,}",
        "{\"a\":1 \"b\":2}",
        "{'a':1}",
        "[1,]",
        "[1 2]",
        "[1}",
        "01",
        "1.",
        "-",
        "1e+",
        "+1",
        "nul",
        "tree",
        "\"a\u{1}\"",
        "\"a\nb\"",
        r#""\x""#,
        r#""\u12g4""#,
        "\"abc",
        "{\"a\"",
        "{\"a\":{}}}",
        "{} x",
        "1true",
        "\u{feff}{}",
    ];
    let told: Vec<_> = faults
        .iter()
        .map(|text| match values(text.as_bytes()).find_map(Result::err) {
            Some(error) => format!("{text:?}: {error}"),
            None => format!("{text:?}: no error"),
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    "": no error
    "{\"eventType\" 1}": expected ':' after a key at byte 13
    "{\"a\":1,}": expected a key in double quotes at byte 7
    "{\"a\":1 \"b\":2}": expected ',' or '}' after a member at byte 7
    "{'a':1}": expected a key in double quotes at byte 1
    "[1,]": expected a value at byte 3
    "[1 2]": expected ',' or ']' after an element at byte 3
    "[1}": expected ',' or ']' after an element at byte 2
    "01": malformed number at byte 0
    "1.": the text ends inside a value at byte 2
    "-": the text ends inside a value at byte 1
    "1e+": the text ends inside a value at byte 3
    "+1": expected a value at byte 0
    "nul": the text ends inside a value at byte 3
    "tree": expected true, false or null at byte 2
    "\"a\u{1}\"": unescaped control character in a string at byte 2
    "\"a\nb\"": unescaped control character in a string at byte 2
    "\"\\x\"": unknown escape in a string at byte 2
    "\"\\u12g4\"": \u without four hexadecimal digits at byte 5
    "\"abc": the text ends inside a value at byte 4
    "{\"a\"": the text ends inside a value at byte 4
    "{\"a\":{}}}": unexpected text after a complete value at byte 8
    "{} x": unexpected text after a complete value at byte 3
    "1true": unexpected text after a complete value at byte 1
    "\u{feff}{}": expected a value at byte 0
    "#);
}

#[test]
fn bytes_that_are_not_utf8_are_told_with_their_place_and_cost_earlier_values_nothing() {
    let text = b"{\"a\":\"caf\xc3\xa9\"} {\"b\":\"\xc3\"}";
    let mut found = values(text);
    assert_eq!(found.next(), Some(Ok(0..13)));
    let error = JsonError {
        kind: JsonErrorKind::Utf8,
        offset: 20,
    };
    assert_eq!(found.next(), Some(Err(error)));
    assert_eq!(found.next(), None);
    assert_eq!(value_end(text, 14), Err(error));
}

#[test]
fn every_byte_counts_the_same_wherever_it_stands_in_a_string() {
    // Strings are read in words; what surrounds a byte must not matter, nor where in a word it falls.
    for filler in ["a", "\u{7f}", " ", "!", "é"] {
        for length in 0..20 {
            for byte in 0..=u8::MAX {
                let filler = filler.repeat(length);
                let text = [b"\"", filler.as_bytes(), &[byte], filler.as_bytes(), b"\""].concat();
                assert_eq!(
                    by_us(&text),
                    by_serde(&text),
                    "{byte:#x} between {length} of {filler:?}"
                );
            }
        }
    }
}

#[test]
fn nesting_is_bounded_wherever_it_begins() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(value_end(nested(MAX_JSON_DEPTH).as_bytes(), 0).is_ok());
    let error = value_end(nested(MAX_JSON_DEPTH + 1).as_bytes(), 0).unwrap_err();
    assert_eq!(
        error,
        JsonError {
            kind: JsonErrorKind::TooDeep,
            offset: MAX_JSON_DEPTH
        }
    );
    assert_eq!(
        error.to_string(),
        "more than 128 levels of nesting at byte 128"
    );
    // One level is the object's own.
    let inside = |levels: usize| format!("{{\"a\":{}}}", nested(levels));
    assert!(
        members(inside(MAX_JSON_DEPTH - 1).as_bytes(), 0)
            .unwrap()
            .all(|member| member.is_ok())
    );
    assert!(
        members(inside(MAX_JSON_DEPTH).as_bytes(), 0)
            .unwrap()
            .any(|member| member.is_err())
    );
    // Deep text does not use the stack, however deep it is.
    assert!(value_end("[{\"a\":".repeat(1_000_000).as_bytes(), 0).is_err());
}

#[test]
fn half_a_surrogate_pair_is_text_but_names_nothing() {
    let text = br#"{"a":"games \ud83d"}"#;
    assert_eq!(value_end(text, 0), Ok(text.len()));
    assert!(!key_equals(br"\ud83d", "\u{fffd}"));
}

#[test]
fn an_escaped_key_is_the_key() {
    assert!(key_equals(br"client\u0049d", "clientId"));
    assert!(key_equals(br"\u0063\u006C\u0069entId", "clientId"));
    assert!(!key_equals(br"client\u0069d", "clientId"));
    assert!(!key_equals(b"clientID", "clientId"));
    assert!(!key_equals(br"clientId\", "clientId"));
}

#[test]
fn the_scanner_walks_into_objects_and_arrays_and_sees_line_breaks() {
    let text = "{\"a\":[1, {\"b\":\"\\n\"}],\r\n \"c\":null} ";
    let mut scanner = Scanner::new(text.as_bytes(), 0);
    scanner.enter_object().unwrap();
    assert_eq!(
        scanner.next_member().unwrap().map(|key| &text[key]),
        Some("a")
    );
    scanner.enter_array().unwrap();
    assert_eq!(scanner.next_element(), Ok(true));
    assert_eq!(scanner.skip_value().map(|value| &text[value]), Ok("1"));
    assert_eq!(scanner.next_element(), Ok(true));
    assert_eq!(
        scanner.skip_value().map(|value| &text[value]),
        Ok("{\"b\":\"\\n\"}")
    );
    assert_eq!(scanner.next_element(), Ok(false));
    assert!(!scanner.saw_line_break());
    assert_eq!(
        scanner.next_member().unwrap().map(|key| &text[key]),
        Some("c")
    );
    assert!(scanner.saw_line_break());
    assert_eq!(scanner.skip_value().map(|value| &text[value]), Ok("null"));
    assert_eq!(scanner.next_member(), Ok(None));
    assert_eq!(scanner.offset(), text.len() - 1);
}

#[test]
fn calls_that_do_not_follow_the_text_are_answered_with_errors() {
    let mut scanner = Scanner::new(b"[1]", 7);
    assert!(scanner.skip_value().is_err());
    assert!(scanner.next_member().is_err());
    assert_eq!(scanner.peek(), None);
    assert_eq!(
        members(b"[]", 0).unwrap_err().kind,
        JsonErrorKind::ExpectedObject
    );
    assert_eq!(skip_whitespace(b"  ", 9), 9);
}
