use proptest::prelude::*;

use super::*;
use crate::{Options, Transformer};

/// What the quick way makes of a record, after checking that the scanner's way makes the same.
fn quick(record: &[u8]) -> Option<Vec<u8>> {
    quick_after(&[], record)
}

/// The same when it has seen these records before, on every kind of processor that there is here.
fn quick_after(earlier: &[&[u8]], record: &[u8]) -> Option<Vec<u8>> {
    let best = quick_on(Level::new(), earlier, record);
    assert_eq!(best, quick_on(Level::baseline(), earlier, record));
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = Level::new().as_avx2() {
        assert_eq!(best, quick_on(Level::Avx2(avx2), earlier, record));
    }
    best
}

fn quick_on(level: Level, earlier: &[&[u8]], record: &[u8]) -> Option<Vec<u8>> {
    let mut quick = Quick::on(level);
    for earlier in earlier {
        quick.transform(earlier, true, &mut Vec::new());
    }
    let mut out = b"before".to_vec();
    if !quick.transform(record, true, &mut out) {
        assert_eq!(out, b"before");
        return None;
    }
    let mut expected = b"before".to_vec();
    let done = Transformer::new(Options::default()).transform(record, &mut expected);
    assert!(
        done.is_ok(),
        "{:?}: {:?}",
        String::from_utf8_lossy(record),
        done
    );
    assert_eq!(
        String::from_utf8_lossy(&out),
        String::from_utf8_lossy(&expected)
    );
    Some(out.split_off(6))
}

#[test]
fn the_common_record_is_taken() {
    for detail in [
        "{}",
        r#"{"eventType":"searching","n":[1,-2.5e+3,0,{}],"b":[true,false,null,[]],"s":["a","b"]}"#,
        r#"{"a":{"b":{"c":{"clientId":"deeper is not ours"}}}}"#,
        r#"{"caf\u00e9":1}"#,
    ] {
        for record in [
            format!(r#"{{"version":"0","resources":["c-1"],"detail":{detail}}}"#),
            format!(r#"{{"detail":{detail},"resources":["c-1"],"café":"☕"}}"#),
        ] {
            // An escape is for the scanner.
            let common = !detail.contains('\\');
            assert_eq!(quick(record.as_bytes()).is_some(), common, "{record}");
            assert_eq!(quick((record + "\r\n").as_bytes()).is_some(), common);
        }
    }
}

#[test]
fn what_is_not_common_or_not_json_is_left() {
    let wrong = [
        r#"{"resources":["c"],"detail":{"a":1}}}"#,
        r#"{"resources":["c"],"detail":{"a":1}"#,
        r#"{"resources":["c"],"detail":{"a":1,}}"#,
        r#"{"resources":["c"],"detail":{,"a":1}}"#,
        r#"{"resources":["c"],"detail":{"a"}}"#,
        r#"{"resources":["c"],"detail":{"a":1,"b"}}"#,
        r#"{"resources":["c"],"detail":{"a","b":1}}"#,
        r#"{"resources":["c"],"detail":{"a":1,2}}"#,
        r#"{"resources":["c"],"detail":{"a":1:2}}"#,
        r#"{"resources":["c"],"detail":{"a":"b":"c"}}"#,
        r#"{"resources":["c"],"detail":{1:2}}"#,
        r#"{"resources":["c"],"detail":{"a":[1,"b":2]}}"#,
        r#"{"resources":["c"],"detail":{"a":["b":2]}}"#,
        r#"{"resources":["c"],"detail":{"a":[1}]}"#,
        r#"{"resources":["c"],"detail":{"a":[1 2]}}"#,
        r#"{"resources":["c"],"detail":{"a":01}}"#,
        r#"{"resources":["c"],"detail":{"a":1.}}"#,
        r#"{"resources":["c"],"detail":{"a":trues}}"#,
        r#"{"resources":["c"],"detail":{"a":"b"c}}"#,
        r#"{"resources":["c"],"detail":{"a":"b""c"}}"#,
        r#"{"resources":["c"],"detail":{"a":{}{}}}"#,
        r#"{"resources":["c"],"detail":{}}{"resources":["c"],"detail":{}}"#,
        r#"{"resources":["c"], "detail":{}}"#,
        r#"{"resources":["c","d"],"detail":{}}"#,
        r#"{"resources":[""],"detail":{}}"#,
        r#"{"resources":[],"detail":{}}"#,
        r#"{"resources":["c"],"resources":["c"],"detail":{}}"#,
        r#"{"resources":["c"],"detail":{},"detail":{}}"#,
        r#"{"resources":["c"],"detail":{"clientId":"x"}}"#,
        r#"{"resources":["c"],"detail":{"a":1},"clientId":"x"}"#,
        r#"{"resources":["c"],"detail":[]}"#,
        r#"{"resources":"c","detail":{}}"#,
        "{\"resources\":[\"c\"],\"detail\":{\"a\":\"\n\"}}",
        "[]",
        "",
        " \n",
    ];
    for record in wrong {
        assert_eq!(quick(record.as_bytes()), None, "{record}");
    }
    assert_eq!(
        quick(b"{\"resources\":[\"c\"],\"detail\":{\"a\":\"\xff\"}}"),
        None
    );
}

#[test]
fn what_follows_a_record_that_ended_with_its_block_is_seen() {
    for blocks in [1, 2, 3] {
        let record = format!(
            r#"{{"resources":["c"],"detail":{{"a":{{"b":1}}}},"pad":"{}"}}"#,
            "x".repeat(blocks * 64 - 51)
        );
        let nested = format!(
            r#"{{"pad":"{}","resources":["c"],"detail":{{"a":{{"b":1}}}}}}"#,
            "x".repeat(blocks * 64 - 51)
        );
        for record in [record, nested] {
            assert_eq!(record.len(), blocks * 64);
            assert!(quick(record.as_bytes()).is_some());
            for more in [",\"a\"", "{}", ",1", ",", "}", "x", "]", ",\"a\":1", "\"\""] {
                let longer = format!("{record}{more}");
                assert_eq!(quick_after(&[record.as_bytes()], longer.as_bytes()), None);
            }
        }
    }
}

#[test]
fn numbers_literals_and_keys_that_reach_into_the_next_block_are_read_again() {
    // The pad puts each of them across the end of the first block.
    for (known, other) in [
        (r#"0,"b":1"#, "01"),
        (r#"1.5,"b":1"#, "1.x"),
        ("true", "truf"),
        ("12345", "1234x"),
        (r#"1,"detail":{}"#, r#"1,"detour":{}"#),
        (r#"1,"detail":{}"#, r#"1,"detail":[]"#),
        (r#"1,"detour":1"#, r#"1,"clientId":1"#),
    ] {
        for pad in 20..64 {
            let pad = "x".repeat(pad);
            let record = |value: &str| {
                format!(r#"{{"pad":"{pad}","a":{value},"resources":["c"],"detail":{{"z":{{}}}}}}"#)
            };
            let (known, other) = (record(known), record(other));
            let alone = quick(other.as_bytes());
            assert_eq!(quick_after(&[known.as_bytes()], other.as_bytes()), alone);
        }
    }
}

/// JSON of every shape, compact.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i32>().prop_map(|number| number.to_string()),
        any::<f32>().prop_map(|number| serde_json::json!(number).to_string()),
        "[a-z{}\\[\\],: é]{0,70}".prop_map(|text| format!("\"{text}\"")),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5)
                .prop_map(|values| format!("[{}]", values.join(","))),
            prop::collection::vec(("[a-c:,]{0,3}", inner), 0..5).prop_map(|members| {
                let members = members
                    .iter()
                    .map(|(key, value)| format!("\"{key}\":{value}"));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

fn record() -> impl Strategy<Value = String> {
    ("[a-z]{0,70}", json(), json(), any::<bool>()).prop_map(|(id, one, other, first)| {
        let detail = format!(r#""detail":{{"one":{one},"more":1}}"#);
        let resources = format!(r#""resources":["x{id}"]"#);
        if first {
            format!(r#"{{{resources},"other":{other},{detail}}}"#)
        } else {
            format!(r#"{{{detail},"other":{other},{resources}}}"#)
        }
    })
}

type Change = (prop::sample::Index, u8, u8);

/// A few bytes that are replaced, put in between, or taken out.
fn changes() -> impl Strategy<Value = Vec<Change>> {
    let byte = prop::sample::select(&b"{}[],:\"\\ 0a-.e\n\xc3"[..]);
    prop::collection::vec((any::<prop::sample::Index>(), byte, 0..3_u8), 1..4)
}

fn changed(record: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut record = record.to_vec();
    for (at, byte, how) in changes {
        let at = at.index(record.len());
        match how {
            0 => record[at] = *byte,
            1 => record.insert(at, *byte),
            _ => {
                record.remove(at);
            }
        }
    }
    record
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn compact_records_are_taken_and_agree_with_the_scanner(record in record()) {
        prop_assert!(quick(record.as_bytes()).is_some());
    }

    #[test]
    fn a_changed_record_is_left_or_agrees_with_the_scanner(record in record(), changes in changes()) {
        quick(&changed(record.as_bytes(), &changes));
    }

    // What is remembered of one record must not be believed of another that differs where it counts.
    #[test]
    fn a_record_is_taken_or_left_whatever_came_before(
        first in record(),
        other in record(),
        changes in changes(),
        later in changes(),
    ) {
        let first = first.as_bytes();
        let second = changed(first, &changes);
        let third = changed(&second, &later);
        for record in [first, &second, &third, other.as_bytes()] {
            let alone = quick(record);
            prop_assert_eq!(&alone, &quick_after(&[first, &second], record));
            prop_assert_eq!(&alone, &quick_after(&[&third, other.as_bytes(), first], record));
        }
    }
}
