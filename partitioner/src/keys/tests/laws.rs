//! What holds for every query and every record.

use super::*;
use proptest::prelude::*;

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("a".to_owned()),
        Just("b".to_owned()),
        Just("ä-1".to_owned()),
        Just("\"\\\n".to_owned())
    ]
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::{Number, Value};
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|n| Value::Number(n.into())),
        any::<f64>().prop_filter_map("finite", |n| Number::from_f64(n).map(Value::Number)),
        "[a-z/é😀\\\\\"\\n]{0,6}".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((name(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A path as written, and with the two things added in which jaq differs from jq 1.6.
fn path() -> impl Strategy<Value = (String, String)> {
    let step = prop_oneof![
        3 => name().prop_map(|name| format!("[{}]", serde_json::to_string(&name).unwrap())),
        1 => (0..3_usize).prop_map(|index| format!("[{index}]")),
    ];
    let slice = prop::option::of(prop_oneof![
        (-4..6_i64, -4..6_i64).prop_map(|(i, j)| format!("[{i}:{j}]")),
        (-4..6_i64).prop_map(|i| format!("[{i}:]")),
        (-4..6_i64).prop_map(|j| format!("[:{j}]")),
    ]);
    (prop::collection::vec(step, 1..4), slice).prop_map(|(steps, slice)| {
        let plain = format!(
            ".{}{}",
            steps.concat(),
            slice.as_deref().unwrap_or_default()
        );
        let step = |step: &String| {
            if step.starts_with("[\"") {
                format!(".{step}")
            } else {
                format!("if type == \"object\" then error(0) else .{step} end")
            }
        };
        let mut guarded: Vec<_> = steps.iter().map(step).collect();
        guarded.extend(slice.map(|slice| format!("if . == null then null else .{slice} end")));
        (plain, format!("({})", guarded.join(" | ")))
    })
}

fn expression() -> impl Strategy<Value = (String, String)> {
    let default = prop::option::of(prop_oneof![Just("\"d\""), Just("\"\"")]);
    (prop::collection::vec(path(), 1..3), default).prop_map(|(paths, default)| {
        let (mut plain, mut guarded): (Vec<_>, Vec<_>) = paths.into_iter().unzip();
        plain.extend(default.map(str::to_owned));
        guarded.extend(default.map(str::to_owned));
        (plain.join(" // "), guarded.join(" // "))
    })
}

/// Expressions whose keys are remembered by a beginning, by all of a text, or not at all.
fn remembered() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        ".t",
        ".t[0:4]",
        ".t[2:13]",
        ".t[:-3]",
        ".t[20:]",
        ".t | utc(\"yyyy\")",
        ".t | utc(\"HH\")",
        ".t | utc(\"HH:mm\")",
        ".t | utc(\"yyyy-MM-dd'T'HH\")",
        ".u",
        ".u[0:2] // .t",
        ".u // \"d\"",
        ".d.v",
        ".d.w // .d.v[1:3]",
        ".u | ascii_downcase",
    ])
}

/// Records whose values are alike, and differ where it may count.
fn timed_record() -> impl Strategy<Value = String> {
    let time = (
        "2026-11-0[12]",
        "[T t]",
        "0[89]",
        ":1[56]",
        ":[03]0",
        "(Z|Z|Z|z|\\+02:00|\\.5Z|)",
    );
    let time = time.prop_map(|(day, t, h, m, s, z)| format!("\"{day}{t}{h}{m}{s}{z}\""));
    let text = prop_oneof![
        4 => time,
        3 => "[abé\\\\]{0,4}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        1 => "[a-c]{14,40}".prop_map(|text| format!("\"{text}\"")),
        1 => prop::sample::select(vec![
            "null", "true", "false", "1", "1.0", "1793607330", "1793607331000", "\"1\"", "[]", "{}",
            r#""2026-11-0\u0031T08:15:30Z""#, "\"\"",
        ]).prop_map(str::to_owned),
    ];
    (text.clone(), text.clone(), text.clone(), text)
        .prop_map(|(t, u, v, w)| format!(r#"{{"t":{t},"u":{u},"d":{{"v":{v},"w":{w}}}}}"#))
}

proptest! {
    #[test]
    fn the_fast_path_and_jq_give_the_same_keys(
        document in json(),
        expressions in prop::collection::vec(expression(), 1..4),
    ) {
        let query = |side: fn(&(String, String)) -> &String| {
            let members = expressions.iter().map(side).enumerate();
            let members: Vec<_> = members.map(|(key, e)| format!("k{key}: ({e})")).collect();
            format!("{{{}}}", members.join(", "))
        };
        let fast = KeyQuery::metadata_extraction(&query(|pair| &pair.0)).unwrap();
        prop_assert!(fast.is_fast());
        let jq = KeyQuery::through_jq(&query(|pair| &pair.1)).unwrap();
        let document = document.to_string();
        let (mut from_fast, mut from_jq) = (PartitionKeys::new(), PartitionKeys::new());
        let fast = fast.evaluate(document.as_bytes(), &mut from_fast).map(|()| from_fast);
        let jq = jq.evaluate(document.as_bytes(), &mut from_jq).map(|()| from_jq);
        // jq stops at the first error of any key, so only success and values compare.
        prop_assert_eq!(fast.ok(), jq.ok(), "{} on {}", query(|pair| &pair.0), document);
    }

    #[test]
    fn a_time_is_written_the_same_with_and_without_jq(
        values in prop::array::uniform2(prop_oneof![
            4 => (-62_135_596_800_i64..253_402_207_200, -1439..1440_i32).prop_map(|(seconds, minutes)| {
                let offset = jiff::tz::Offset::from_seconds(minutes * 60).unwrap();
                let instant = jiff::Timestamp::from_second(seconds).unwrap();
                serde_json::Value::String(instant.display_with_offset(offset).to_string())
            }),
            1 => "[0-9T:.+Z -]{0,25}".prop_map(serde_json::Value::String),
            2 => any::<i64>().prop_map(|n| serde_json::Value::Number((n >> (n & 31)).into())),
            2 => json(),
        ]),
        expression in prop::sample::select(vec![
            r#".a | utc("yyyy-MM-dd'T'HH:mm:ss")"#,
            r#".a | utc("EEEE D w SSS") // "d""#,
            r#"(.a | utc("HH")) // (.b | utc("yy")) // .b"#,
            r#".b | .a | utc("MM")"#,
        ]),
    ) {
        let [a, b] = values;
        let document = serde_json::json!({"a": a, "b": b}).to_string();
        let fast = KeyQuery::partition_keys(&format!("k={expression}")).unwrap();
        prop_assert!(fast.is_fast());
        // jaq has no slice or field of null where jq 1.6 has; `.a` of a scalar fails in both.
        let jq = KeyQuery::through_jq(&format!("{{k: ({expression})}}")).unwrap();
        let (mut from_fast, mut from_jq) = (PartitionKeys::new(), PartitionKeys::new());
        let fast = fast.evaluate(document.as_bytes(), &mut from_fast).map(|()| from_fast);
        let jq = jq.evaluate(document.as_bytes(), &mut from_jq).map(|()| from_jq);
        prop_assert_eq!(fast.ok(), jq.ok(), "{} on {}", expression, document);
    }

    #[test]
    fn keys_that_are_remembered_are_those_that_are_found(
        records in prop::collection::vec(timed_record(), 1..12),
        expressions in prop::collection::vec(remembered(), 1..5),
        on_missing in any::<bool>(),
    ) {
        let keys: Vec<_> = expressions.iter().enumerate().map(|(key, e)| format!("k{key}={e}")).collect();
        let mut query = KeyQuery::partition_keys(&keys.join(",")).unwrap();
        if on_missing {
            query = query.on_missing("none".parse().unwrap()).unwrap();
        }
        let mut memo = KeyMemo::new(query.clone());
        // Twice, so that what the first pass remembers is met again.
        for record in records.iter().chain(&records) {
            let mut found = PartitionKeys::new();
            let found = query.evaluate(record.as_bytes(), &mut found).map(|()| {
                let mut text = String::new();
                found.push_json(&mut text);
                text
            });
            let remembered = memo.evaluate(record.as_bytes()).map(|()| memo.last().to_owned());
            prop_assert_eq!(remembered, found, "{} of {}", keys.join(","), record);
        }
    }

    #[test]
    fn a_scan_of_the_callers_own_finds_the_same_keys(
        members in prop::collection::vec((prop::sample::select(vec!["a", "b", r"\u0061", "c"]), json()), 0..6),
        expressions in prop::collection::vec(expression(), 1..12),
    ) {
        let keys: Vec<_> = expressions.iter().enumerate().map(|(key, e)| format!("k{key}: ({})", e.0)).collect();
        let query = KeyQuery::metadata_extraction(&format!("{{{}}}", keys.join(", "))).unwrap();
        let members: Vec<_> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        let record = format!("{{{}}}", members.join(","));
        let mut evaluated = PartitionKeys::new();
        let evaluated = query.evaluate(record.as_bytes(), &mut evaluated).map(|()| evaluated);
        let mut reader = query.reader();
        let mut scanner = Scanner::new(record.as_bytes(), 0);
        scanner.enter_object().unwrap();
        reader.enter_object(KeyPlace::RECORD);
        while let Some(key) = scanner.next_member().unwrap() {
            let place = reader.member(KeyPlace::RECORD, scanner.text(key));
            reader.value(place, &mut scanner).unwrap();
        }
        let mut read = PartitionKeys::new();
        let read = reader.finish(record.as_bytes(), &mut read).map(|()| read);
        prop_assert_eq!(read, evaluated);
    }

    #[test]
    fn no_query_and_no_record_makes_it_panic(query in ".{0,40}", record in ".{0,60}") {
        let mut keys = PartitionKeys::new();
        let compiled = [KeyQuery::metadata_extraction(&query), KeyQuery::partition_keys(&query)];
        for compiled in compiled.into_iter().flatten() {
            drop(compiled.evaluate(record.as_bytes(), &mut keys));
        }
        let query = KeyQuery::well_known(["eventType", "year"]).unwrap();
        drop(query.evaluate(record.as_bytes(), &mut keys));
    }

    #[test]
    fn no_text_that_looks_like_jq_makes_it_panic(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "(", ")", "[", "]", ".", "..", "a", ".a", ":", ",", "|", "//", "\"", "\\(", "1", "-", "?", "$x", "as", "if", "then", "end", "def", ";", "@base64", "reduce", "=", "#", "\n",
        ]), 0..16),
    ) {
        let text = tokens.concat();
        drop(KeyQuery::metadata_extraction(&text));
        drop(KeyQuery::metadata_extraction(&format!("{{a: {text}}}")));
        drop(KeyQuery::partition_keys(&format!("a={text}")));
    }
}
