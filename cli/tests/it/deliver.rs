//! `hydrant deliver`.

use std::{collections::BTreeMap, io::Read};

use hydrant_generator::{Fault, Generator, Kind, Options};
use serde_json::Value;

use crate::support::{Place, REPEATABLE, example};

fn deliver(place: &Place, stream: &str, more: &[&str], events: &str) -> crate::support::Ran {
    let stream = example(stream);
    let mut arguments = vec!["deliver", "--stream", &stream, "--to", "lake"];
    arguments.extend_from_slice(&REPEATABLE);
    arguments.extend_from_slice(more);
    place.pipe(&arguments, events)
}

#[test]
fn the_account_is_a_screen_and_the_lake_a_tree_of_named_objects() {
    let place = Place::new();
    let events = place
        .run(&[
            "generate",
            "--events",
            "400",
            "--malformed",
            "10",
            "--span",
            "2h",
        ])
        .ok();
    insta::assert_snapshot!(
        "account",
        deliver(&place, "stream.json", &[], &events).screen()
    );
    let keys: Vec<String> = hydrant_testing::files(&place.path().join("lake"))
        .unwrap()
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    insta::assert_snapshot!("keys", keys.join("\n"));
}

/// As many as are asked for, so that the same law can be tried at any size.
fn events() -> u64 {
    std::env::var("HYDRANT_TEST_EVENTS")
        .ok()
        .and_then(|it| it.parse().ok())
        .unwrap_or(20_000)
}

#[test]
fn the_account_the_objects_the_generator_and_sql_agree() {
    let place = Place::new();
    let options = Options {
        events: events(),
        seed: 1,
        malformed: "1".parse().unwrap(),
        span: std::time::Duration::from_hours(7 * 24),
        start: "2026-11-02T00:00:00Z".parse().unwrap(),
    };
    let mut generator = Generator::new(&options).unwrap();
    let mut file = Vec::new();
    while generator.next_record(&mut file).is_some() {
        file.push(b'\n');
    }
    place.file("events.ndjson", &file);
    let stream = example("stream.json");
    let account = place
        .run(&[
            "deliver",
            "--stream",
            &stream,
            "--to",
            "lake",
            "--json",
            "events.ndjson",
        ])
        .ok();
    let account: Value = serde_json::from_str(&account).unwrap();
    let number = |name: &str| account[name].as_u64().unwrap();

    // What the generator knows of the faults that it put in.
    let ledger = generator.ledger();
    let same_keys = Kind::Malformed(Fault::TwoObjects { same_keys: true });
    let other_keys = Kind::Malformed(Fault::TwoObjects { same_keys: false });
    let refused = [
        Kind::Malformed(Fault::ExtraBrace),
        Kind::Malformed(Fault::AnalyticType),
        other_keys,
    ];
    let delivered = |kind: Kind| !refused.contains(&kind);
    assert_eq!(number("accepted"), ledger.total_records());
    assert_eq!(
        number("refused"),
        refused
            .iter()
            .map(|kind| ledger.records(*kind))
            .sum::<u64>()
    );
    assert_eq!(number("dropped"), 0);
    assert_eq!(
        number("accepted"),
        number("delivered") + number("dropped") + number("refused")
    );
    assert_eq!(
        number("lines"),
        number("delivered") + ledger.records(same_keys)
    );
    assert_eq!(
        number("withoutClientId"),
        ledger.records(Kind::Malformed(Fault::MissingClientId))
    );
    assert_eq!(
        account["refusedByReason"]["invalid-json"]
            .as_u64()
            .unwrap_or(0),
        ledger.records(refused[0])
    );
    assert_eq!(
        account["refusedByReason"]["keys-differ"]
            .as_u64()
            .unwrap_or(0),
        ledger.records(other_keys)
    );

    // What any gzip and any JSON parser find in the objects.
    let mut by_day_and_type: BTreeMap<(String, String), u64> = BTreeMap::new();
    for (key, object) in hydrant_testing::files(&place.path().join("lake")).unwrap() {
        if !key.starts_with("events/") {
            continue;
        }
        let mut text = String::new();
        flate2::read::GzDecoder::new(&object[..])
            .read_to_string(&mut text)
            .unwrap();
        assert!(text.ends_with('\n'), "{key}");
        for line in text.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            let day = event["time"]
                .as_str()
                .unwrap()
                .split('T')
                .next()
                .unwrap()
                .to_owned();
            let event_type = event["detail"]["eventType"].as_str().unwrap().to_owned();
            assert!(key.contains(&format!("eventType={event_type}/")), "{key}");
            *by_day_and_type.entry((day, event_type)).or_default() += 1;
        }
    }
    let expected: BTreeMap<(String, String), u64> = ledger
        .events_by_day_and_type(delivered)
        .into_iter()
        .map(|((day, event_type), events)| ((day.to_string(), event_type.to_string()), events))
        .collect();
    assert_eq!(by_day_and_type, expected);

    // And what SQL says.
    let sql = "select cast(cast(time as date) as varchar) as day, detail.eventType as type, count(*) as events, \
               round(sum(case when detail.eventType like '%purchase' then detail.data.total end), 2) as revenue \
               from events group by 1, 2";
    let rows = place
        .run(&["sql", "--lake", "lake", "--format", "ndjson", "-c", sql])
        .ok();
    let rows: Vec<Value> = rows
        .lines()
        .map(|row| serde_json::from_str(row).unwrap())
        .collect();
    let counted: BTreeMap<(String, String), u64> = rows
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            ((text("day"), text("type")), row["events"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(counted, expected);
    let cents: u64 = ledger.revenue_by_hour(delivered).values().sum();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53 cents")]
    let expected = cents as f64 / 100.0;
    let revenue: f64 = rows.iter().filter_map(|row| row["revenue"].as_f64()).sum();
    assert!(
        (revenue - expected).abs() < 0.5,
        "{revenue} is not {expected}"
    );
}

#[test]
fn both_key_namespaces_lead_to_one_folder() {
    let place = Place::new();
    let events = place
        .run(&["generate", "--events", "200", "--span", "1d"])
        .ok();
    deliver(&place, "mixed-keys-stream.json", &[], &events).ok();
    for (key, object) in hydrant_testing::files(&place.path().join("lake")).unwrap() {
        let first: Value =
            serde_json::from_slice(object.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
        let event_type = first["detail"]["eventType"].as_str().unwrap();
        let folder = format!(
            "events/eventType={event_type}/date=2026-11-02/mixed-keys-1-2026-11-22-10-20-30-"
        );
        assert!(key.starts_with(&folder), "{key}");
        assert_eq!(
            key.strip_suffix(".ndjson").map(str::len),
            Some(folder.len() + 36),
            "{key}"
        );
    }
}

#[test]
fn keys_that_nobody_knows_must_be_given() {
    let place = Place::new();
    let definition = std::fs::read_to_string(example("stream.json")).unwrap();
    place.file(
        "s.json",
        definition.replace("partitionKeyFromLambda:hour", "partitionKeyFromLambda:shop"),
    );
    let arguments = [
        "deliver",
        "--stream",
        "s.json",
        "--to",
        "lake",
        "--partition-keys",
    ];
    insta::assert_snapshot!(place.run(&arguments[..5]).screen(), @r#"
    status 1
    --- stdout

    --- stderr
    error: the prefix names a partition key that --partition-keys must give
      because: no expression is known for the partition key "shop"; give one, as in shop=.detail.shop
    "#);
    let incomplete = [&arguments[..], &["shop=.detail.shop"]].concat();
    insta::assert_snapshot!(place.run(&incomplete).screen(), @r"
    status 1
    --- stdout

    --- stderr
    error: the stream's Prefix takes the key eventType from its Lambda, and --partition-keys does not give it; add eventType=.path
    ");
}

#[test]
fn what_is_wrong_with_a_stream_is_said_before_anything_is_read() {
    let place = Place::new();
    place.file("broken.json", "{\"DeliveryStreamName\": ");
    place.file(
        "unknown.json",
        "{\"DeliveryStreamName\": \"s\", \"ExtendedS3Destination\": {}}",
    );
    let definition = std::fs::read_to_string(example("stream.json")).unwrap();
    place.file(
        "refused.json",
        definition.replace("\"SizeInMBs\": 128", "\"SizeInMBs\": 5"),
    );
    let converting = std::fs::read_to_string(example("parquet-stream.json")).unwrap();
    place.file(
        "unsupported.json",
        converting.replace("ParquetSerDe", "OrcSerDe"),
    );
    let screens: Vec<String> = ["absent", "broken", "unknown", "refused", "unsupported"]
        .map(|name| {
            place
                .run(&[
                    "deliver",
                    "--stream",
                    &format!("{name}.json"),
                    "--to",
                    "lake",
                ])
                .screen()
        })
        .into();
    insta::assert_snapshot!(screens.join("\n\n"));
    assert!(!place.path().join("lake").exists());
}

#[test]
fn a_record_that_is_too_large_is_named_and_the_rest_is_delivered() {
    let place = Place::new();
    let event = place.run(&["generate", "--events", "1"]).ok();
    let large = format!("{{\"x\":\"{}\"}}\n", "x".repeat(1_024_000));
    let ran = deliver(
        &place,
        "stream.json",
        &[],
        &format!("{event}{large}{event}"),
    );
    insta::assert_snapshot!(ran.screen(), @r"
    status 1
    --- stdout

    --- stderr
    standard input:2: a record of 1024008 bytes: PutRecord takes at most 1024000
    accepted                2  records, 1.3 kB
    delivered               2  one line each, in 1 object, 481 B
    dropped                 0
    refused                 0
    the account adds up: accepted = delivered + dropped + refused
    error: 1 record could not be put; all others were
    ");
}

#[test]
fn request_bodies_are_delivered_as_the_bus_would_have_passed_them_on() {
    let place = Place::new();
    let bodies = place
        .run(&[
            "generate",
            "--events",
            "100",
            "--as",
            "entries",
            "--malformed",
            "20",
        ])
        .ok();
    let ran = deliver(
        &place,
        "stream.json",
        &["--as", "entries", "--client-id", "me"],
        &bodies,
    );
    assert_eq!(ran.status, 1, "some entries are malformed");
    assert!(
        ran.stderr.contains("MalformedDetail: Detail is malformed."),
        "{}",
        ran.stderr
    );
    let sql = "select count(*) as events, count(distinct detail.clientId) as clients, min(detail.clientId) as client from events";
    let rows = place
        .run(&["sql", "--lake", "lake", "--format", "json", "-c", sql])
        .ok();
    let rows: Value = serde_json::from_str(&rows).unwrap();
    assert!(rows[0]["events"].as_u64().unwrap() > 70, "{rows}");
    assert_eq!(
        (rows[0]["clients"].as_u64(), rows[0]["client"].as_str()),
        (Some(1), Some("me"))
    );
}

#[test]
fn a_file_that_breaks_off_ends_the_input_and_not_the_delivery() {
    let place = Place::new();
    let events = place.run(&["generate", "--events", "300"]).ok();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, events.as_bytes()).unwrap();
    let whole = gzip.finish().unwrap();
    place.file("whole.ndjson", &events);
    place.file("broken.gz", &whole[..whole.len() / 2]);
    let stream = example("stream.json");
    let files = [
        "deliver",
        "--stream",
        &stream,
        "--to",
        "lake",
        "whole.ndjson",
    ];

    let missing = place.run(&[&files[..], &["missing.ndjson"]].concat());
    assert_eq!(
        (missing.status, place.path().join("lake").exists()),
        (1, false)
    );
    let ran = place.run(&[&files[..], &["broken.gz"]].concat());
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("the account adds up"), "{}", ran.stderr);
    assert!(ran.stderr.contains("error: broken.gz:"), "{}", ran.stderr);
    let count = [
        "sql",
        "--lake",
        "lake",
        "--format",
        "csv",
        "-c",
        "select count(*) >= 300 as n from events",
    ];
    assert_eq!(place.run(&count).ok(), "n\ntrue\n");
}
