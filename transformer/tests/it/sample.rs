//! The events of the AWS sample's generator and of its `events/event.json`, faults included, in the
//! envelope in which they reach Firehose.

use hydrant_partitioner::{KeyQuery, PartitionKeys};
use hydrant_transformer::{Options, Transformer};

use crate::{outcome, transform};

const KEYS: &str = "{eventType:.detail.eventType,schemaVersion:.detail.schemaVersion}";

fn envelope(detail: &str) -> String {
    format!(
        r#"{{"version":"0","id":"6a7e8feb-b491-4cf7-a9f1-bf3703467718","detail-type":"prod","source":"clientevents","account":"123456789012","time":"2026-11-02T08:15:30Z","region":"eu-west-1","resources":["b1f0c0de"],"detail":{detail}}}"#
    )
}

#[test]
fn every_event_of_the_sample_keeps_its_bytes_but_for_the_client_id() {
    for detail in [
        r#"{"eventType":"shopping","schemaVersion":"1","data":{"itemSku":"123"}}"#,
        r#"{"eventType":"searching","schemaVersion":"1","data":{"searchTerm":" games"}}"#,
        r#"{"eventType":"paging","schemaVersion":"2","data":{"searchTerm":"tv","page":"3"}}"#,
        r#"{"eventType":"purchase","schemaVersion":"2","data":{"itemSku":"123"}}"#,
        r#"{"eventType":"loyaltypurchase","schemaVersion":"2","data":{"itemSku":"123"},"ticket":{"ticket":{"subject":"Loyalty customer purchase","comment":{"body":"it's \"new\""}}}}"#,
    ] {
        // As the sample's rule sends it, with a newline; and as a rule without a template does.
        for end in ["", "\n", "\r\n"] {
            let moved = detail.strip_suffix('}').unwrap().to_owned() + r#","clientId":"b1f0c0de"}"#;
            let wanted = envelope(&moved).replace(r#"["b1f0c0de"]"#, "[]") + "\n";
            assert_eq!(
                transform(Options::default(), &(envelope(detail) + end)),
                Ok(wanted)
            );
        }
    }
}

#[test]
fn a_brace_too_many_is_refused_with_its_place() {
    let record =
        envelope(r#"{"eventType":"shopping","schemaVersion":"1","data":{"itemSku":"123"}}}"#);
    insta::assert_snapshot!(outcome(&record), @"[invalid-json] invalid JSON: unexpected text after a complete value at byte 284");
}

#[test]
fn an_event_without_its_type_is_refused_by_its_key() {
    let record = envelope(r#"{"analyticType":"searching","schemaVersion":"1","data":{}}"#);
    let query = KeyQuery::metadata_extraction(KEYS).unwrap();
    let options = Options {
        partition_keys: Some(query),
        ..Options::default()
    };
    let refusal = transform(options, &record).unwrap_err();
    insta::assert_snapshot!(format!("[{}] {refusal}", refusal.reason()), @r#"[partition-key] the object at byte 0: partition key "eventType" is null, missing or empty"#);
    // Without keys there is nothing wrong with it.
    assert!(transform(Options::default(), &record).is_ok());
}

#[test]
fn a_key_that_fails_is_told_without_the_value_it_failed_on() {
    let query = KeyQuery::metadata_extraction("{price:(.detail.price|tonumber)}").unwrap();
    let options = Options {
        partition_keys: Some(query),
        ..Options::default()
    };
    let refusal = transform(options, &envelope(r#"{"price":"secret"}"#)).unwrap_err();
    insta::assert_snapshot!(format!("[{}] {refusal}", refusal.reason()), @"[partition-key] the object at byte 0: the expression of a partition key failed on it");
}

#[test]
fn a_missing_client_id_is_passed_on_or_refused_as_configured() {
    let record = envelope("{}").replace(r#"["b1f0c0de"]"#, "[]");
    assert_eq!(
        transform(Options::default(), &record),
        Ok(record.clone() + "\n")
    );
    let required = Options {
        require_client_id: true,
        ..Options::default()
    };
    let refusal = transform(required, &record).unwrap_err();
    insta::assert_snapshot!(format!("[{}] {refusal}", refusal.reason()), @"[missing-client-id] the envelope of the object at byte 0 has no client id, and one is required");
}

#[test]
fn pretty_printed_json_becomes_one_line() {
    let compact = envelope(r#"{"eventType":"searching","data":{"searchTerm":"a \n b : c"}}"#);
    let value: serde_json::Value = serde_json::from_str(&compact).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    for pretty in [
        pretty.replace('\n', "\r\n"),
        pretty.replace('\n', "\r"),
        pretty,
    ] {
        // serde_json's map sorts the keys, in both the same way.
        let sorted = serde_json::to_string(&value).unwrap();
        assert_eq!(outcome(&pretty), outcome(&sorted));
    }
}

#[test]
fn two_objects_become_two_lines_or_are_refused_when_their_keys_differ() {
    let search = envelope(r#"{"eventType":"searching","schemaVersion":"1"}"#);
    let paging = envelope(r#"{"eventType":"paging","schemaVersion":"2"}"#);
    let options = || {
        let query = KeyQuery::metadata_extraction(KEYS).unwrap();
        Options {
            partition_keys: Some(query),
            ..Options::default()
        }
    };
    let line = transform(options(), &search).unwrap();
    for between in ["", "\n", " \r\n\t"] {
        let twice = format!("{search}{between}{search}");
        assert_eq!(transform(options(), &twice), Ok(line.repeat(2)));
        let mixed = format!("{search}{between}{paging}");
        assert!(transform(Options::default(), &mixed).is_ok());
        let refusal = transform(options(), &mixed).unwrap_err();
        assert_eq!(refusal.reason(), "keys-differ");
    }
    let refusal = transform(options(), &(search + &paging)).unwrap_err();
    insta::assert_snapshot!(refusal, @"the object at byte 260 has other partition keys than the first; send it as a record of its own");
}

#[test]
fn keys_are_those_of_the_record_and_none_are_left_over_from_the_last() {
    let query = KeyQuery::metadata_extraction(KEYS).unwrap();
    let options = Options {
        partition_keys: Some(query),
        ..Options::default()
    };
    let transformer = Transformer::new(options);
    let (mut out, mut keys) = (Vec::new(), PartitionKeys::new());
    let record = envelope(r#"{"eventType":"paging","schemaVersion":"2"}"#);
    transformer
        .transform_with_keys(record.as_bytes(), &mut out, &mut keys)
        .unwrap();
    let found: Vec<_> = keys.iter().collect();
    assert_eq!(found, [("eventType", "paging"), ("schemaVersion", "2")]);
    transformer
        .transform_with_keys(b"{", &mut out, &mut keys)
        .unwrap_err();
    assert_eq!(keys.iter().count(), 0);
}

#[test]
fn without_a_newline_at_the_end_lines_are_still_parted() {
    let options = || Options {
        append_newline: false,
        ..Options::default()
    };
    assert_eq!(
        transform(options(), "{\"a\":1}\n"),
        Ok("{\"a\":1}".to_owned())
    );
    assert_eq!(
        transform(options(), "{\"a\":1}{\"b\":2}\n"),
        Ok("{\"a\":1}\n{\"b\":2}".to_owned())
    );
}

#[test]
fn what_is_no_json_object_is_refused_with_its_place_and_none_of_its_text() {
    let records = [
        "",
        " \r\n",
        "hello, secret",
        "[{\"secret\":1}]",
        " \"secret\"",
        "12",
        "null",
        "{} []",
        "{}, {}",
        "{\"secret\":01}",
        "{\"secret\":1,}",
        "{\"secret\":\"\u{1}\"}",
        "{\"secret\":\"",
        "\u{feff}{}",
    ];
    let told: Vec<_> = records.iter().map(|record| outcome(record)).collect();
    let told = told.join("\n");
    assert!(!told.contains("secret"));
    insta::assert_snapshot!(told, @r#"
    [empty] the record is empty
    [empty] the record is empty
    [invalid-json] invalid JSON: expected a value at byte 0
    [not-an-object] a record holds JSON objects, and something else starts at byte 0
    [not-an-object] a record holds JSON objects, and something else starts at byte 1
    [not-an-object] a record holds JSON objects, and something else starts at byte 0
    [not-an-object] a record holds JSON objects, and something else starts at byte 0
    [not-an-object] a record holds JSON objects, and something else starts at byte 3
    [invalid-json] invalid JSON: unexpected text after a complete value at byte 2
    [invalid-json] invalid JSON: malformed number at byte 10
    [invalid-json] invalid JSON: expected a key in double quotes at byte 12
    [invalid-json] invalid JSON: unescaped control character in a string at byte 11
    [invalid-json] invalid JSON: the text ends inside a value at byte 11
    [invalid-json] invalid JSON: expected a value at byte 0
    "#);
    let mut out = Vec::new();
    let refusal = Transformer::default()
        .transform(b"{\"a\":\"\xff\"}", &mut out)
        .unwrap_err();
    insta::assert_snapshot!(refusal, @"invalid JSON: bytes that are not UTF-8 at byte 6");
}

#[test]
fn numbers_escapes_key_order_and_spaces_on_one_line_are_not_respelled() {
    let record = r#"{ "b" :1.0,"a": 12345678901234567890123, "e":"\u00e9\/","x":1E+2 , "detail":{ "a" : 1 } ,"resources": [ "c" ] }"#;
    insta::assert_snapshot!(outcome(record), @r#"{ "b" :1.0,"a": 12345678901234567890123, "e":"\u00e9\/","x":1E+2 , "detail":{ "a" : 1,"clientId":"c" } ,"resources": [] }"#);
}
