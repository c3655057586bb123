use proptest::prelude::*;

use hydrant_partitioner::{KeyMemo, KeyQuery, PartitionKeys};

use super::*;
use crate::{Options, Refusal, Transformer};

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
    let mut quick = Quick::on(level, None);
    for earlier in earlier {
        quick.transform(earlier, true, &mut Vec::new());
    }
    let mut out = b"before".to_vec();
    if quick.transform(record, true, &mut out).is_none() {
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

/// Queries whose keys lie in all places that the quick way knows, and elsewhere.
const QUERIES: [&str; 9] = [
    "one=.detail.one,other=.other",
    "a=.detail.one.a,b=.other.b // .other[0],c=.detail.more",
    "client=.detail.clientId,more=.detail.more",
    "from=.resources[0] // \"moved\",more=.detail.more",
    "all=.detail // .other",
    "record=.",
    "one=.detail.one | tostring,more=.detail.more",
    "cut=.other[0:3],one=.detail.one[1:] // \"none\"",
    "a=.a,b=.b,c=.c,d=.detail.a,e=.detail.b,f=.detail.c,g=.detail.more",
];

/// The keys of records, found by the quick way where it takes them; after checking that the scanner's way
/// finds the same. Gives how many it took.
fn quick_keys(query: &str, records: &[&[u8]]) -> usize {
    let query = || KeyQuery::partition_keys(query).unwrap();
    let Some(places) = QuickKeys::new(&query()) else {
        return 0;
    };
    let slow = Transformer::new(Options {
        partition_keys: Some(query()),
        ..Options::default()
    });
    let mut memo = KeyMemo::new(query());
    let mut quick = Quick::on(Level::new(), Some(&places));
    let mut taken = 0;
    for record in records {
        let mut line = Vec::new();
        let Some(found) = quick.transform(record, true, &mut line) else {
            continue;
        };
        taken += 1;
        let found = places.find(&found, &line, &mut memo);
        let mut keys = PartitionKeys::new();
        let expected = match slow.transform_with_keys(record, &mut Vec::new(), &mut keys) {
            Ok(_) => {
                let mut text = String::new();
                keys.push_json(&mut text);
                Ok(text)
            }
            Err(Refusal::PartitionKey { error, .. }) => Err(error),
            Err(other) => panic!("{other}"),
        };
        let found = found.map(|()| memo.last().to_owned());
        assert_eq!(found, expected, "{}", String::from_utf8_lossy(record));
    }
    taken
}

#[test]
fn keys_are_found_wherever_the_record_has_them() {
    let records: Vec<&[u8]> = vec![
        br#"{"other":"x","resources":["c"],"detail":{"one":"first","one":"second","more":1}}"#,
        br#"{"other":"x","other":"y","resources":["c"],"detail":{"one":{"a":"deep"},"more":2},"a":"1"}"#,
        br#"{"detail":{"more":"m","one":["l"]},"other":{"b":true},"resources":["c-2"]}"#,
        br#"{"detail":{"more":"","one":null},"other":["l","m"],"resources":["c-2"]}"#,
        r#"{"detail":{"more":1.50,"one":"café"},"other":"café","resources":["c-2"]}"#.as_bytes(),
        br#"{"resources":["c-2"],"detail":{}}"#,
    ];
    for query in &QUERIES[..8] {
        assert_eq!(quick_keys(query, &records), records.len(), "{query}");
    }
    // More members than are noted.
    assert_eq!(quick_keys(QUERIES[8], &records), 0);
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

    #[test]
    fn keys_are_those_of_the_scanner(
        records in prop::collection::vec(record(), 1..4),
        changes in changes(),
        query in prop::sample::select(&QUERIES[..]),
    ) {
        let changed: Vec<_> = records.iter().map(|record| changed(record.as_bytes(), &changes)).collect();
        let records: Vec<&[u8]> = records.iter().map(String::as_bytes).chain(changed.iter().map(Vec::as_slice)).collect();
        quick_keys(query, &records);
        // What is remembered of them is met again.
        quick_keys(query, &[&records[..], &records[..]].concat());
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
