//! `hydrant partition`.

use crate::support::{Place, example};

/// Two records of one kind, one of another, and the ways in which keys fail.
const RECORDS: &str = r#"{"id":"1","time":"2026-11-02T08:15:30Z","resources":["client-a"],"detail":{"eventType":"searching","schemaVersion":1}}
{"id":"2","time":"2026-11-02T10:15:30+02:00","resources":["client-b"],"detail":{"eventType":"searching","schemaVersion":1}}
{"id":"3","time":"2026-11-02T23:59:60Z","resources":["client-c"],"detail":{"eventType":"shopping","schemaVersion":"2"}}
{"id":"4","time":"2026-11-02T08:15:30Z","resources":[],"detail":{"analyticType":"paging","schemaVersion":2}}
{"id":"5","time":"soon","resources":[],"detail":{"eventType":"","schemaVersion":null}}
{"id":"6","time":"2026-11-02T08:15:30Z","detail":{"eventType":"../..","schemaVersion":[1]}}
{"id":"7","time":
"2026-11-02T08:15:30Z","detail":{"eventType":"a/b","schemaVersion":true}}
{"id":"8"}}
"#;

const AT: [&str; 2] = ["--at", "2026-11-22T10:20:30Z"];

fn place() -> Place {
    let place = Place::new();
    place.file("events.ndjson", RECORDS);
    place
}

fn partition(place: &Place, arguments: &[&str]) -> String {
    let arguments = [&["partition"][..], arguments, &AT].concat();
    place.run(&arguments).screen()
}

#[test]
fn each_record_has_its_keys_and_its_prefix_or_the_reason() {
    let stream = example("aws-sample-stream.json");
    insta::assert_snapshot!(partition(&place(), &["--stream", &stream, "events.ndjson"]));
}

#[test]
fn keys_from_the_function_come_from_the_events_own_time() {
    let stream = example("stream.json");
    insta::assert_snapshot!(partition(&place(), &["--stream", &stream, "events.ndjson"]));
}

#[test]
fn a_default_stands_for_what_is_missing_and_encoding_for_what_leads_elsewhere() {
    let keys = r#"type=.detail.eventType,hour=.time|utc("yyyy-MM-dd HH")"#;
    let prefix = "type=!{partitionKeyFromLambda:type}/!{partitionKeyFromQuery:hour}/!{firehose:random-string}/!{timestamp:yyyy}/";
    insta::assert_snapshot!(partition(
        &place(),
        &[
            "--keys",
            keys,
            "--prefix",
            prefix,
            "--on-missing",
            "type=unknown",
            "--confinement",
            "encode",
            "events.ndjson"
        ]
    ));
}

#[test]
fn programs_get_the_same_answer() {
    let stream = example("aws-sample-stream.json");
    for format in ["json", "ndjson", "csv"] {
        let answer = partition(
            &place(),
            &[
                "--stream",
                &stream,
                "--format",
                format,
                "-q",
                "events.ndjson",
            ],
        );
        insta::assert_snapshot!(format!("partition_{format}"), answer);
    }
}

#[test]
fn a_summary_counts_the_records_of_each_partition() {
    let stream = example("aws-sample-stream.json");
    for format in ["table", "json", "ndjson", "csv"] {
        let arguments = [
            "--stream",
            &stream,
            "--summary",
            "--format",
            format,
            "events.ndjson",
        ];
        insta::assert_snapshot!(
            format!("partition_summary_{format}"),
            partition(&place(), &arguments)
        );
    }
}

#[test]
fn what_is_predicted_is_what_is_delivered() {
    let place = Place::new();
    let events = place
        .run(&["generate", "--events", "2000", "--malformed", "10"])
        .ok();
    place.file("events.ndjson", events);
    for stream in [
        "stream.json",
        "aws-sample-stream.json",
        "mixed-keys-stream.json",
    ] {
        let stream = example(stream);
        let arguments = [
            "partition",
            "--stream",
            &stream,
            "--format",
            "json",
            "--summary",
            "-q",
            "events.ndjson",
        ];
        let predicted = place.run(&[&arguments[..], &AT].concat()).ok();
        let predicted: serde_json::Value = serde_json::from_str(&predicted).unwrap();
        let arguments = [
            "deliver",
            "--stream",
            &stream,
            "--to",
            "lake",
            "--json",
            "-q",
            "events.ndjson",
        ];
        let delivered = place.run(&[&arguments[..], &AT].concat()).ok();
        let delivered: serde_json::Value = serde_json::from_str(&delivered).unwrap();
        assert_eq!(predicted["refused"], delivered["refused"], "{stream}");
        assert_eq!(predicted["records"], delivered["accepted"], "{stream}");
        let mut records = 0;
        for partition in predicted["partitions"].as_array().unwrap() {
            let folder = place
                .path()
                .join("lake")
                .join(partition["prefix"].as_str().unwrap());
            assert!(folder.is_dir(), "{} is not there", folder.display());
            records += partition["records"].as_u64().unwrap();
        }
        assert_eq!(delivered["delivered"], records);
        assert_eq!(
            predicted["partitions"].as_array().unwrap().len() as u64,
            delivered["objects"].as_u64().unwrap(),
            "one object a partition: {stream}"
        );
        std::fs::remove_dir_all(place.path().join("lake")).unwrap();
    }
}

#[test]
fn strict_is_status_1_when_something_was_refused() {
    let place = place();
    let strict = |keys| {
        place.run(&[
            "partition",
            "--keys",
            keys,
            "--strict",
            "-q",
            "--summary",
            "events.ndjson",
        ])
    };
    assert_eq!(strict(r#"k="x""#).status, 1, "the last record is not JSON");
    place.file("events.ndjson", "{\"k\":1}\n");
    assert_eq!(strict("k=.k").status, 0);
    assert_eq!(strict("k=.l").status, 1);
}

#[test]
fn what_cannot_be_meant_is_refused_with_the_reason() {
    let (aws, place) = (example("aws-sample-stream.json"), place());
    let screens = [
        vec!["events.ndjson"],
        vec!["--keys", "type", "events.ndjson"],
        vec!["--keys", "day=.time|utc(\"DDDD\")", "events.ndjson"],
        vec![
            "--keys",
            "a=.a",
            "--prefix",
            "!{partitionKeyFromQuery:b}/",
            "events.ndjson",
        ],
        vec![
            "--keys",
            "a=.a",
            "--prefix",
            "!{partitionKey:a}/",
            "events.ndjson",
        ],
        vec!["--keys", "a=.a", "--on-missing", "b=1", "events.ndjson"],
        vec!["--keys", "a=.a", "--on-missing", "..", "events.ndjson"],
        vec!["--keys", "a=.a", "--confinement", "drop", "events.ndjson"],
        vec!["--stream", &aws, "--on-missing", "none", "events.ndjson"],
        vec!["--stream", &aws, "--prefix", "x/", "events.ndjson"],
    ]
    .map(|arguments| partition(&place, &arguments));
    let folder = std::path::Path::new(&aws)
        .parent()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    insta::assert_snapshot!(screens.join("\n\n").replace(&folder, "examples"));
}
