//! What holds for every record.

use hydrant_partitioner::{KeyQuery, PartitionKeys};
use hydrant_records::json::{key_equals, members, values};
use hydrant_transformer::{ClientId, ClientIdFrom, Options, Refusal, Transformer};
use proptest::prelude::*;

/// White space; breaks lines now and then.
fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![6 => Just(""), 2 => Just(" "), 1 => Just("\n"), 1 => Just("\r\n  ")]
}

/// A string as it is spelled, at times half a surrogate pair.
fn string() -> impl Strategy<Value = String> {
    r#""([a-zé😀 ]|\\["\\/nr]|\\u00[0-7][0-9a-f]|\\ud83d|\{|\}|:|,){0,6}""#
}

/// Any value, as text.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        string(),
        r"-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,2})?([eE][+-]?[0-9]{1,2})?",
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just(r#"{"clientId":"nested"}"#.to_owned()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let array = prop::collection::vec((space(), inner.clone()), 0..3).prop_map(|items| {
            let items: Vec<_> = items
                .iter()
                .map(|(space, item)| format!("{space}{item}"))
                .collect();
            format!("[{}]", items.join(","))
        });
        prop_oneof![
            array,
            object(prop::collection::vec((string(), inner), 0..3))
        ]
    })
}

/// An object of the members that `members` gives, keys spelled as given, spaced at will.
fn object(members: impl Strategy<Value = Vec<(String, String)>>) -> impl Strategy<Value = String> {
    (members, prop::collection::vec(space(), 4)).prop_map(|(members, space)| {
        let members: Vec<_> = members
            .iter()
            .map(|(key, value)| format!("{}{key}{}:{}{value}", space[0], space[1], space[2]))
            .collect();
        format!("{{{}{}}}", members.join(","), space[3])
    })
}

const CLIENT_ID: &[&str] = &[r#""clientId""#, r#""client\u0049d""#, r#""\u0063lientId""#];

fn client_id() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(r#""c-1""#.to_owned()),
        1 => Just(r#""""#.to_owned()),
        1 => Just("null".to_owned()),
        1 => value(),
    ]
}

/// Envelopes of every kind: with and without an id, in either place or both, with forged ones in `detail`.
fn envelope() -> impl Strategy<Value = String> {
    let forged = (
        prop::sample::select(CLIENT_ID).prop_map(str::to_owned),
        client_id(),
    );
    let detail_member = prop_oneof![3 => (string(), value()), 2 => forged];
    let detail = prop_oneof![
        9 => object(prop::collection::vec(detail_member, 0..5)),
        1 => value(),
    ];
    let resources = prop_oneof![
        2 => Just("[]".to_owned()),
        6 => (client_id(), prop::option::of(value()), space()).prop_map(|(id, more, space)| match more {
            Some(more) => format!("[{space}{id},{more}]"),
            None => format!("[{id}{space}]"),
        }),
        1 => value(),
    ];
    let member = prop_oneof![
        3 => (string(), value()),
        2 => (prop::sample::select(CLIENT_ID).prop_map(str::to_owned), client_id()),
        3 => (Just(r#""resources""#.to_owned()), resources),
        4 => (Just(r#""detail""#.to_owned()), detail),
    ];
    object(prop::collection::vec(member, 0..6))
}

fn record() -> impl Strategy<Value = String> {
    let object = (space(), envelope());
    (prop::collection::vec(object, 1..4), space()).prop_map(|(objects, end)| {
        let mut text: String = objects
            .iter()
            .flat_map(|(space, object)| [*space, object.as_str()])
            .collect();
        text.push_str(end);
        text
    })
}

fn options() -> impl Strategy<Value = (ClientIdFrom, bool, bool)> {
    let from = prop::sample::select(vec![
        ClientIdFrom::ClientIdOrResources,
        ClientIdFrom::ClientId,
        ClientIdFrom::Resources,
    ]);
    (from, any::<bool>(), any::<bool>())
}

fn transformer(
    (client_id_from, require_client_id, append_newline): (ClientIdFrom, bool, bool),
) -> Transformer {
    Transformer::new(Options {
        client_id_from,
        require_client_id,
        append_newline,
        ..Options::default()
    })
}

/// Keys and values of an object as they are spelled, white space outside strings gone, members named `name`
/// left out.
fn members_but(text: &str, start: usize, name: &[&str]) -> Vec<(String, String)> {
    members(text.as_bytes(), start)
        .unwrap()
        .map(Result::unwrap)
        .filter(|member| {
            !name
                .iter()
                .any(|name| key_equals(&text.as_bytes()[member.key.clone()], name))
        })
        .map(|member| (text[member.key].to_owned(), squeezed(&text[member.value])))
        .collect()
}

fn member(text: &str, start: usize, name: &str) -> Option<std::ops::Range<usize>> {
    members(text.as_bytes(), start)
        .unwrap()
        .map(Result::unwrap)
        .filter(|member| key_equals(&text.as_bytes()[member.key.clone()], name))
        .map(|member| member.value)
        .last()
}

/// White space outside strings taken out, by other means than the transformer's: a string is whole between
/// two quotes that no odd number of backslashes precedes.
fn squeezed(text: &str) -> String {
    let mut squeezed = String::new();
    let mut rest = text;
    while let Some(quote) = rest.find('"') {
        squeezed.extend(rest[..quote].split_ascii_whitespace());
        let end = hydrant_records::json::value_end(rest.as_bytes(), quote).unwrap();
        squeezed.push_str(&rest[quote..end]);
        rest = &rest[end..];
    }
    squeezed.extend(rest.split_ascii_whitespace());
    squeezed
}

/// Paths that lead through, to and past every place that a move changes.
const PATHS: &[&str] = &[
    ".",
    ".a",
    ".[\"\"]",
    ".a.a",
    ".a[0]",
    ".clientId",
    ".clientId[1:]",
    ".clientId.clientId",
    ".resources",
    ".resources[0]",
    ".resources[1]",
    ".resources[0].a",
    ".detail",
    ".detail[0]",
    ".detail.a",
    ".detail.a[0]",
    ".detail.clientId",
    ".detail.clientId[0:3]",
    ".detail.clientId.clientId",
    "(.detail.clientId | tostring)",
    "(.resources | tojson)",
];

/// Up to a dozen keys, some with alternatives.
fn query() -> impl Strategy<Value = String> {
    let expression = prop::collection::vec(prop::sample::select(PATHS), 1..3)
        .prop_map(|paths| format!("({})", paths.join(" // ")));
    prop::collection::vec(expression, 1..12).prop_map(|expressions| {
        let members = expressions.iter().enumerate();
        let members: Vec<_> = members.map(|(key, e)| format!("k{key}: {e}")).collect();
        format!("{{{}}}", members.join(","))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn the_partition_keys_are_those_of_the_line_that_goes_out(
        record in envelope(),
        query in query(),
        (client_id_from, require_client_id, append_newline) in options(),
        trust_moved: bool,
    ) {
        let query = KeyQuery::metadata_extraction(&query).unwrap();
        let transformer = |partition_keys| Transformer::new(Options {
            client_id_from,
            require_client_id,
            trust_moved,
            append_newline,
            partition_keys,
        });
        let mut line = Vec::new();
        let plain = transformer(None).transform(record.as_bytes(), &mut line);
        let mut wanted = PartitionKeys::new();
        let wanted = plain.and_then(|_| {
            let evaluated = query.evaluate(&line, &mut wanted);
            evaluated.map_err(|error| Refusal::PartitionKey {
                offset: record.find('{').unwrap_or_default(),
                error,
            })?;
            Ok(wanted)
        });
        let (mut out, mut keys) = (Vec::new(), PartitionKeys::new());
        let keyed = transformer(Some(query))
            .transform_with_keys(record.as_bytes(), &mut out, &mut keys)
            .map(|_| keys);
        if keyed.is_ok() {
            prop_assert_eq!(out, line);
        }
        prop_assert_eq!(keyed, wanted);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered_and_a_refusal_leaves_no_output(bytes: Vec<u8>, options in options()) {
        let mut out = b"before".to_vec();
        if transformer(options).transform(&bytes, &mut out).is_err() {
            prop_assert_eq!(out, b"before");
        }
    }

    #[test]
    fn a_damaged_record_is_answered_and_a_refusal_leaves_no_output(
        record in record(),
        at: prop::sample::Index,
        byte: u8,
        options in options(),
    ) {
        let mut record = record.into_bytes();
        let at = at.index(record.len());
        record[at] = byte;
        let mut out = b"before".to_vec();
        if transformer(options).transform(&record, &mut out).is_ok() {
            prop_assert!(values(&out[6..]).all(|value| value.is_ok()));
        } else {
            prop_assert_eq!(out, b"before");
        }
    }

    #[test]
    fn transforming_twice_is_transforming_once(record in record(), options in options()) {
        let transformer = transformer(options);
        let (mut once, mut twice) = (Vec::new(), Vec::new());
        if let Ok(first) = transformer.transform(record.as_bytes(), &mut once) {
            let second = transformer.transform(&once, &mut twice).unwrap();
            prop_assert_eq!(String::from_utf8(twice), String::from_utf8(once));
            prop_assert_eq!(second.objects, first.objects);
            prop_assert_eq!(second.client_id == ClientId::Missing, first.client_id == ClientId::Missing);
        }
    }

    #[test]
    fn every_object_is_one_line(record in record(), options in options()) {
        let mut out = Vec::new();
        if let Ok(done) = transformer(options).transform(record.as_bytes(), &mut out) {
            let text = String::from_utf8(out).unwrap();
            let lines = if options.2 { text.strip_suffix('\n').unwrap() } else { &text };
            prop_assert_eq!(lines.split('\n').count(), done.objects);
            for line in lines.split('\n') {
                prop_assert_eq!(values(line.as_bytes()).collect::<Vec<_>>(), [Ok(0..line.len())]);
                prop_assert!(!line.contains('\r'));
            }
        }
    }

    #[test]
    fn nothing_changes_but_the_client_id(record in envelope(), options in options()) {
        let mut out = Vec::new();
        if transformer(options).transform(record.as_bytes(), &mut out).is_ok() {
            let line = String::from_utf8(out).unwrap();
            let envelope = ["clientId", "resources", "detail"];
            prop_assert_eq!(members_but(&record, 0, &envelope), members_but(&line, 0, &envelope));
            match (member(&record, 0, "detail"), member(&line, 0, "detail")) {
                (Some(before), Some(after)) if record[before.clone()].starts_with('{') => prop_assert_eq!(
                    members_but(&record, before.start, &["clientId"]),
                    members_but(&line, after.start, &["clientId"])
                ),
                (before, after) => prop_assert_eq!(
                    before.map(|range| squeezed(&record[range])),
                    after.map(|range| squeezed(&line[range]))
                ),
            }
            // On one line, the order of the members and the white space stay too.
            if !record.contains(['\n', '\r']) && !record.contains("\"resources\"") && !record.contains("ient") {
                prop_assert_eq!(line.trim_end_matches('\n'), record.trim_matches([' ', '\t']));
            }
        }
    }

    #[test]
    fn the_envelopes_word_wins_over_whatever_is_in_detail(
        forged in prop::collection::vec((prop::sample::select(CLIENT_ID), client_id()), 0..3),
        others in prop::collection::vec((r#""[abd-z]{1,3}""#, value()), 0..3),
        top_level: bool,
        blank in prop::option::of(prop::sample::select(vec!["\"\"", "null"])),
        detail_first: bool,
        shuffle in prop::collection::vec(any::<u32>(), 6),
    ) {
        let forged = forged.iter().map(|(key, value)| format!("{key}:{value}"));
        let others = others.iter().map(|(key, value)| format!("{key}:{value}"));
        let mut detail: Vec<_> = forged.chain(others).zip(shuffle).collect();
        detail.sort_by_key(|(_, order)| *order);
        let detail: Vec<_> = detail.into_iter().map(|(member, _)| member).collect();
        let detail = format!("\"detail\":{{{}}}", detail.join(","));
        let id = blank.unwrap_or("\"authorizer's\"");
        let id = if top_level { format!("\"clientId\":{id}") } else { format!("\"resources\":[{id}]") };
        let record =
            if detail_first { format!("{{{detail},{id}}}") } else { format!("{{{id},{detail}}}") };
        let mut out = Vec::new();
        let done = Transformer::default().transform(record.as_bytes(), &mut out).unwrap();
        let line = String::from_utf8(out).unwrap();
        let detail = member(&line, 0, "detail").unwrap();
        let ids: Vec<_> = members(line.as_bytes(), detail.start)
            .unwrap()
            .map(Result::unwrap)
            .filter(|member| key_equals(&line.as_bytes()[member.key.clone()], "clientId"))
            .map(|member| &line[member.value])
            .collect();
        if blank.is_some() {
            prop_assert_eq!(ids, Vec::<&str>::new());
            prop_assert_eq!(done.client_id, ClientId::Missing);
        } else {
            prop_assert_eq!(ids, ["\"authorizer's\""]);
            prop_assert_eq!(done.client_id, ClientId::Found);
        }
    }
}
