//! Event text in, answer text out.

use std::collections::BTreeMap;

use aws_lambda_events::event::firehose::{KinesisFirehoseEvent, KinesisFirehoseResponse};
use hydrant_function::{ANSWER_LIMIT, Original, Overflow, Source};
use hydrant_partitioner::{Condition, KeyQuery};
use hydrant_records::{TransformAnswer, TransformEvent};
use hydrant_transformer::{EventError, Filter, Options, Responder, Transformer, responder};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The event that the developer guide and the console show for a stream with a Kinesis source: times as
/// text, an empty text for a number.
const DOCUMENTED: &str = r#"{
  "invocationId": "invoked123",
  "deliveryStreamArn": "aws:lambda:events",
  "region": "us-west-2",
  "records": [
    {
      "data": "SGVsbG8gV29ybGQ=",
      "recordId": "record1",
      "approximateArrivalTimestamp": 1507217624302,
      "kinesisRecordMetadata": {
        "shardId": "shardId-000000000000",
        "partitionKey": "4d1ad2b9-24f8-4b9d-a088-76e9947c317a",
        "approximateArrivalTimestamp": "2012-04-23T18:25:43.511Z",
        "sequenceNumber": "49546986683135544286507457936321625675700192471156785154",
        "subsequenceNumber": ""
      }
    },
    {
      "data": "eyJyZXNvdXJjZXMiOlsiYyJdLCJkZXRhaWwiOnsiYSI6MX19",
      "recordId": "record2",
      "approximateArrivalTimestamp": 1507217624302
    }
  ]
}"#;

fn base64(bytes: impl AsRef<[u8]>) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

pub(crate) fn record(id: impl Into<Value>, data: impl AsRef<[u8]>) -> Value {
    json!({"recordId": id.into(), "approximateArrivalTimestamp": 1_793_607_330_000_i64, "data": base64(data)})
}

pub(crate) fn event(records: impl Into<Value>) -> String {
    let arn = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/clientevents";
    json!({"invocationId": "i", "deliveryStreamArn": arn, "region": "eu-west-1", "records": records.into()})
        .to_string()
}

fn respond_with(responder: &mut Responder, event: &str) -> String {
    let mut out = b"what an earlier event left".to_vec();
    responder.respond(event.as_bytes(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn respond(event: &str) -> String {
    respond_with(&mut responder(Options::default(), Filter::default()), event)
}

/// What each record became, in one line each.
fn told(answer: &str) -> String {
    let answer: Value = serde_json::from_str(answer).unwrap();
    let line = |record: &Value| {
        let data = record["data"].as_str().map(|data| {
            let data = base64_simd::STANDARD.decode_to_vec(data).unwrap();
            format!(" {:?}", String::from_utf8(data).unwrap())
        });
        let keys = record
            .get("metadata")
            .map(|metadata| format!(" {metadata}"));
        format!(
            "{} {}{}{}",
            record["recordId"],
            record["result"].as_str().unwrap(),
            data.unwrap_or_default(),
            keys.unwrap_or_default()
        )
    };
    let records = answer["records"].as_array().unwrap();
    records.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn keyed() -> Options {
    Options {
        partition_keys: Some(KeyQuery::partition_keys("type=.detail.eventType").unwrap()),
        ..Options::default()
    }
}

fn filter(drop_when: Option<&str>, keep_when: Option<&str>) -> Filter {
    let condition = |text| Condition::new(text).unwrap();
    Filter {
        drop_when: drop_when.map(condition),
        keep_when: keep_when.map(condition),
    }
}

#[test]
fn the_answer_is_spelled_as_firehose_wants_it() {
    insta::assert_snapshot!(respond(DOCUMENTED), @r#"{"records":[{"recordId":"record1","result":"ProcessingFailed"},{"recordId":"record2","result":"Ok","data":"eyJyZXNvdXJjZXMiOltdLCJkZXRhaWwiOnsiYSI6MSwiY2xpZW50SWQiOiJjIn19Cg=="}]}"#);
    insta::assert_snapshot!(respond(&event(json!([]))), @r#"{"records":[]}"#);
}

#[test]
fn odd_events_are_answered_record_by_record() {
    // In the order of a map, without ids, ids that are numbers or escaped, data that is escaped, missing,
    // null, a number, empty, or not base64.
    let event = r#"
{"records":[
  {"data":"e30=","extra":{"deep":[[[]]]}},
  {"recordId":7,"data":"e30="},
  {"recordId":"a\/\u0062\"","data":"e30="},
  {"recordId":"slashes","data":"eyJhIjoiPz8\/In0="},
  {"recordId":"none"},
  {"recordId":"null","data":null},
  {"recordId":"number","data":12},
  {"recordId":"empty","data":""},
  {"recordId":"short","data":"e30"},
  {"recordId":"url","data":"eyJhIjoiPz8_In0="},
  {"recordId":"quote","data":"e3\"0="},
  {"recordId":"control","data":"e3
0="},
  {"recordId":null,"data":"e30="}
],"odd":true}
"#;
    let mut responder = responder(Options::default(), Filter::default());
    let mut out = Vec::new();
    let summary = responder.respond(event.as_bytes(), &mut out).unwrap();
    let reasons: Vec<_> = summary
        .refusals
        .iter()
        .map(|refused| format!("{} {}", refused.record_id, refused.refusal.reason()))
        .collect();
    insta::assert_snapshot!(told(str::from_utf8(&out).unwrap()), @r#"
    null Ok "{}\n"
    7 Ok "{}\n"
    "a/b\"" Ok "{}\n"
    "slashes" Ok "{\"a\":\"???\"}\n"
    "none" ProcessingFailed
    "null" ProcessingFailed
    "number" ProcessingFailed
    "empty" ProcessingFailed
    "short" ProcessingFailed
    "url" ProcessingFailed
    "quote" ProcessingFailed
    "control" ProcessingFailed
    null Ok "{}\n"
    "#);
    insta::assert_snapshot!(reasons.join("\n"), @"
    none no-data
    null no-data
    number no-data
    empty empty
    short not-base64
    url not-base64
    quote not-base64
    control not-base64
    ");
}

#[test]
fn an_id_that_comes_twice_is_answered_once_and_delivers_neither() {
    let first = json!([
        record("b", "{\"n\":1}"),
        record("a", "{\"n\":2}"),
        record("b", "{\"n\":3}"),
        record("c", "{\"n\":4}"),
    ]);
    insta::assert_snapshot!(told(&respond(&event(first))), @r#"
    "b" ProcessingFailed
    "a" Ok "{\"n\":2}\n"
    "c" Ok "{\"n\":4}\n"
    "#);
    // However it is spelled.
    let spelled =
        r#"{"records":[{"recordId":"a","data":"e30="},{"recordId":"\u0061","data":"e30="}]}"#;
    insta::assert_snapshot!(told(&respond(spelled)), @r#""a" ProcessingFailed"#);
}

#[test]
fn what_is_no_transform_event_is_told_so() {
    let mut responder = responder(Options::default(), Filter::default());
    let mut error = |event: &str| {
        let mut out = Vec::new();
        responder
            .respond(event.as_bytes(), &mut out)
            .unwrap_err()
            .to_string()
    };
    let errors = [
        "",
        "null",
        "[]",
        "{}",
        r#"{"Records":[{"s3":{}}]}"#,
        r#"{"records":{}}"#,
        r#"{"records":[1]}"#,
        r#"{"records":[{"recordId":"1","data":"e30="}]"#,
        r#"{"records":[{"recordId":"1","data":"e30="#,
    ]
    .map(&mut error);
    insta::assert_snapshot!(errors.join("\n"), @r#"
    this is no Firehose transform event: the text ends inside a value at byte 0
    this is no Firehose transform event: expected an object at byte 0
    this is no Firehose transform event: expected an object at byte 0
    this is no Firehose transform event: it has no array "records"; attach the function to a delivery stream as its Lambda processor
    this is no Firehose transform event: it has no array "records"; attach the function to a delivery stream as its Lambda processor
    this is no Firehose transform event: it has no array "records"; attach the function to a delivery stream as its Lambda processor
    this is no Firehose transform event: what starts at byte 12 in "records" is no object
    this is no Firehose transform event: the text ends inside a value at byte 43
    this is no Firehose transform event: the text ends inside a value at byte 40
    "#);
}

#[test]
fn keys_are_in_the_metadata_and_escaped() {
    let records = json!([
        record("1", r#"{"detail":{"eventType":"a\"\\/b\u0001é"}}"#),
        record("2", r#"{"detail":{}}"#)
    ]);
    let answer = respond_with(&mut responder(keyed(), Filter::default()), &event(records));
    insta::assert_snapshot!(told(&answer), @r#"
    "1" Ok "{\"detail\":{\"eventType\":\"a\\\"\\\\/b\\u0001é\"}}\n" {"partitionKeys":{"type":"a\"\\/b\u0001é"}}
    "2" ProcessingFailed
    "#);
}

#[test]
fn a_filter_leaves_out_records_before_they_need_keys() {
    let records = json!([
        record("1", r#"{"detail":{"eventType":"search"}}"#),
        record("2", r#"{"detail":{"heartbeat":true}}"#),
        record(
            "3",
            r#"{"detail":{"eventType":"paging"}}{"detail":{"heartbeat":true}}"#
        ),
        record(
            "4",
            r#"{"detail":{"eventType":"paging"}} {"detail":{"eventType":"search"}}"#
        ),
        record("5", r#"{"detail":"secret"}"#),
        record("6", r#"{"detail":{}}"#),
    ]);
    let records = event(records);
    let mut dropping = responder(keyed(), filter(Some(".detail.heartbeat"), None));
    insta::assert_snapshot!(told(&respond_with(&mut dropping, &records)), @r#"
    "1" Ok "{\"detail\":{\"eventType\":\"search\"}}\n" {"partitionKeys":{"type":"search"}}
    "2" Dropped
    "3" Ok "{\"detail\":{\"eventType\":\"paging\"}}\n" {"partitionKeys":{"type":"paging"}}
    "4" ProcessingFailed
    "5" ProcessingFailed
    "6" ProcessingFailed
    "#);
    let mut keeping = responder(
        keyed(),
        filter(
            Some(".detail.heartbeat?"),
            Some(".detail.eventType? == \"search\""),
        ),
    );
    insta::assert_snapshot!(told(&respond_with(&mut keeping, &records)), @r#"
    "1" Ok "{\"detail\":{\"eventType\":\"search\"}}\n" {"partitionKeys":{"type":"search"}}
    "2" Dropped
    "3" Dropped
    "4" Ok "{\"detail\":{\"eventType\":\"search\"}}\n" {"partitionKeys":{"type":"search"}}
    "5" Dropped
    "6" Dropped
    "#);
}

#[test]
fn without_a_newline_at_the_end_a_filter_leaves_none_either() {
    let options = Options {
        append_newline: false,
        ..Options::default()
    };
    let mut responder = responder(options, filter(Some(".drop"), None));
    let records = json!([
        record("1", r#"{"a":1}{"drop":1}"#),
        record("2", r#"{"drop":1}{"a":1}"#),
        record("3", r#"{"a":1}{"drop":1}{"b":1}"#),
    ]);
    insta::assert_snapshot!(told(&respond_with(&mut responder, &event(records))), @r#"
    "1" Ok "{\"a\":1}"
    "2" Ok "{\"a\":1}"
    "3" Ok "{\"a\":1}\n{\"b\":1}"
    "#);
}

/// Six records of about 400 bytes in base64, for an answer of `limit` bytes.
fn crowded(limit: usize) -> (Responder, String) {
    let large = |number: u32| {
        let data = json!({"n": number, "pad": "x".repeat(280)}).to_string();
        let mut record = record(format!("r{number}"), data);
        record["kinesisRecordMetadata"] = json!({"partitionKey": format!("p{number}\"")});
        record
    };
    let records: Vec<_> = (1..=6).map(large).collect();
    let responder = responder(Options::default(), Filter::default()).with_limit(limit);
    (responder, event(records))
}

#[test]
fn what_does_not_fit_is_failed_and_the_answer_stays_below_its_limit() {
    let mut fewer = 6;
    for limit in (300..3_000).rev() {
        let (mut responder, event) = crowded(limit);
        let mut out = Vec::new();
        let Ok(summary) = responder.respond(event.as_bytes(), &mut out) else {
            let error = responder.respond(event.as_bytes(), &mut out).unwrap_err();
            assert_eq!(error, EventError::TooManyRecords { records: 6, limit });
            continue;
        };
        assert!(out.len() <= limit);
        assert!(summary.ok <= fewer);
        fewer = summary.ok;
        let answer: TransformAnswer = serde_json::from_slice(&out).unwrap();
        assert_eq!(answer.records.len(), 6);
        assert_eq!(summary.ok + summary.refusals.len(), 6);
        let reason = if summary.ok == 0 {
            "too-large"
        } else {
            "answer-full"
        };
        assert!(
            summary
                .reasons()
                .keys()
                .all(|&told| told == reason || summary.ok == 0)
        );
    }
    assert_eq!(fewer, 0);
    const { assert!(ANSWER_LIMIT < 6_291_456) };
}

#[test]
fn what_overflows_is_handed_over_as_it_came_and_answered_by_what_became_of_it() {
    let (mut responder, event) = crowded(1_300);
    let mut out = Vec::new();
    let unfinished = responder.begin(event.as_bytes(), &mut out).unwrap();
    let originals: Vec<Original> = unfinished.originals().collect();
    assert_eq!(originals.len(), unfinished.overflowing());
    assert_eq!(originals[0].partition_key.as_deref(), Some("p3\""));
    assert_eq!(
        originals[0].data,
        json!({"n": 3, "pad": "x".repeat(280)})
            .to_string()
            .into_bytes()
    );
    let arn = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/clientevents".to_owned();
    assert_eq!(unfinished.source(), Some(Source::DeliveryStream(arn)));
    let summary = unfinished.finish(|position| match position {
        0 => Overflow::NotReingested,
        _ => Overflow::Reingested,
    });
    assert_eq!((summary.ok, summary.reingested), (2, 3));
    assert_eq!(summary.reasons(), BTreeMap::from([("not-reingested", 1)]));
    let answer: Value = serde_json::from_slice(&out).unwrap();
    let results: Vec<_> = answer["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| {
            format!(
                "{} {}",
                record["recordId"].as_str().unwrap(),
                record["result"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        results,
        [
            "r1 Ok",
            "r2 Ok",
            "r3 ProcessingFailed",
            "r4 Dropped",
            "r5 Dropped",
            "r6 Dropped"
        ]
    );
    let kinesis = event.replacen(
        "\"region\"",
        "\"sourceKinesisStreamArn\":\"arn:k\",\"region\"",
        1,
    );
    let unfinished = responder.begin(kinesis.as_bytes(), &mut out).unwrap();
    assert_eq!(
        unfinished.source(),
        Some(Source::KinesisStream("arn:k".to_owned()))
    );
}

#[test]
fn aws_lambda_events_reads_the_same_events_and_the_answers() {
    let records = json!([
        record("1", r#"{"detail":{"eventType":"a"},"resources":["c"]}"#),
        record("2", "{"),
        record("3", r#"{"detail":{"eventType":"b"}}"#),
        record("4", r#"{"detail":{"eventType":"drop"}}"#),
    ]);
    let text = event(records);
    let theirs: KinesisFirehoseEvent = serde_json::from_str(&text).unwrap();
    let ours: TransformEvent = serde_json::from_str(&text).unwrap();
    assert_eq!(theirs.records.len(), ours.records.len());
    for (theirs, ours) in theirs.records.iter().zip(&ours.records) {
        assert_eq!(theirs.record_id.as_deref(), Some(ours.record_id.as_str()));
        assert_eq!(theirs.data.0, ours.data);
    }
    let drop = filter(Some(r#".detail.eventType == "drop""#), None);
    let answer = respond_with(&mut responder(keyed(), drop), &text);
    // That crate cannot leave `data` and `metadata` out, as AWS may; put them in.
    let mut filled: Value = serde_json::from_str(&answer).unwrap();
    for record in filled["records"].as_array_mut().unwrap() {
        let record = record.as_object_mut().unwrap();
        record.entry("data").or_insert_with(|| json!(""));
        record.entry("metadata").or_insert_with(|| json!({}));
    }
    let parsed: KinesisFirehoseResponse = serde_json::from_value(filled).unwrap();
    let results: Vec<_> = parsed
        .records
        .iter()
        .map(|record| record.result.as_deref().unwrap())
        .collect();
    assert_eq!(results, ["Ok", "ProcessingFailed", "Ok", "Dropped"]);
    assert_eq!(parsed.records[0].metadata.partition_keys["type"], "a");
    assert_eq!(
        parsed.records[0].data.0,
        b"{\"detail\":{\"eventType\":\"a\",\"clientId\":\"c\"},\"resources\":[]}\n"
    );
}

/// Records as clients send them, and records of any bytes at all.
fn any_record() -> impl Strategy<Value = Vec<u8>> {
    let id = prop_oneof![Just("[]"), Just(r#"["c"]"#), Just("7"), Just(r#"[""]"#)];
    let detail = prop_oneof![
        Just(r#"{"a":1.0,"b":"\u00e9"}"#),
        Just(r#"{"clientId":"x","big":12345678901234567890}"#),
        Just("{}"),
        Just("null"),
    ];
    let valid = (id, detail).prop_map(|(id, detail)| {
        format!("{{\"resources\":{id},\n \"detail\":{detail}}}").into_bytes()
    });
    let twice = valid.clone().prop_map(|one| [one.clone(), one].concat());
    let cut = (valid.clone(), any::<prop::sample::Index>()).prop_map(|(mut one, at)| {
        one.truncate(at.index(one.len()));
        one
    });
    prop_oneof![
        4 => valid,
        1 => twice,
        1 => cut,
        2 => prop::collection::vec(any::<u8>(), 0..60),
    ]
}

proptest! {
    #[test]
    fn the_fast_way_agrees_with_the_typed_one(records in prop::collection::vec(any_record(), 0..12)) {
        let records: Vec<_> = records
            .iter()
            .enumerate()
            .map(|(number, data)| record(format!("{number:03}"), data))
            .collect();
        let text = event(records);
        let mut out = Vec::new();
        let mut responder = responder(Options::default(), Filter::default());
        let summary = responder.respond(text.as_bytes(), &mut out).unwrap();
        let ours: TransformAnswer = serde_json::from_slice(&out).unwrap();
        let (typed, typed_summary) =
            Transformer::default().transform_batch(serde_json::from_str(&text).unwrap());
        prop_assert_eq!(ours, typed);
        prop_assert_eq!(summary, typed_summary);
    }

    #[test]
    fn no_record_changes_another_ones_outcome(
        records in prop::collection::vec(any_record(), 1..8),
        other in any_record(),
        place in any::<prop::sample::Index>(),
    ) {
        let mut responder = responder(keyed(), filter(Some(".detail.a?"), None));
        let mut answer = |records: &[Vec<u8>]| -> Vec<Value> {
            let records: Vec<_> = records
                .iter()
                .enumerate()
                .map(|(number, data)| record(format!("{number:03}"), data))
                .collect();
            let mut out = Vec::new();
            responder.respond(event(records).as_bytes(), &mut out).unwrap();
            let mut answer: Value = serde_json::from_slice(&out).unwrap();
            serde_json::from_value(answer["records"].take()).unwrap()
        };
        let place = place.index(records.len());
        let mut changed = records.clone();
        changed[place] = other;
        let (before, after) = (answer(&records), answer(&changed));
        prop_assert_eq!(before.len(), records.len());
        prop_assert_eq!(after.len(), records.len());
        for (at, (before, after)) in before.iter().zip(&after).enumerate() {
            prop_assert!(at == place || before == after);
        }
    }

    #[test]
    fn any_text_is_answered_or_told_to_be_no_event(
        mut text in prop::collection::vec(any::<u8>(), 0..200),
        records in prop::collection::vec(any_record(), 0..4),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut responder = responder(Options::default(), Filter::default());
        let mut out = Vec::new();
        let answered = responder.respond(&text, &mut out).is_ok();
        prop_assert!(!answered || serde_json::from_slice::<Value>(&out).is_ok());
        // An event with one byte changed.
        let records: Vec<_> = records.iter().map(|data| record("id", data)).collect();
        text = event(records).into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        if responder.respond(&text, &mut out).is_ok() {
            prop_assert!(serde_json::from_slice::<Value>(&out).is_ok());
        }
    }

    #[test]
    fn what_was_answered_is_answered_the_same_again(record_bytes in any_record()) {
        let once = respond(&event(json!([record("1", &record_bytes)])));
        let answer: TransformAnswer = serde_json::from_str(&once).unwrap();
        if let Some(data) = &answer.records[0].data {
            let twice = respond(&event(json!([record("1", data)])));
            prop_assert_eq!(once, twice);
        }
    }
}
