use std::collections::{BTreeMap, BTreeSet, HashSet};

use hydrant_generator::{EventType, Generator, Kind};
use proptest::prelude::*;
use serde_json::Value;

use crate::{file, options, reader::keys, records};

const ENVELOPE: [&str; 9] = [
    "version",
    "id",
    "detail-type",
    "source",
    "account",
    "time",
    "region",
    "resources",
    "detail",
];

fn valid(events: u64, seed: u64) -> Vec<(String, Value)> {
    let mut generator = Generator::new(&options(events, seed, "0")).unwrap();
    records(&mut generator)
        .into_iter()
        .map(|(kind, text)| {
            assert_eq!(kind, Kind::Valid);
            let value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
            (text, value)
        })
        .collect()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("{pointer} in {value}"))
}

fn cents(value: &Value) -> i64 {
    let euros = value
        .as_f64()
        .unwrap_or_else(|| panic!("an amount, not {value}"));
    #[expect(clippy::cast_possible_truncation, reason = "amounts are small")]
    let cents = (euros * 100.0).round() as i64;
    cents
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[test]
fn the_same_seed_gives_the_same_bytes_today_as_when_this_was_written() {
    let bytes = file(&options(10_000, 1, "5"));
    assert_eq!(
        format!("{} bytes, {:016x}", bytes.len(), hash(&bytes)),
        "7106922 bytes, 40e73bd91429fc4a"
    );
}

#[test]
fn another_seed_gives_other_events() {
    let ids = |seed| -> HashSet<String> {
        valid(500, seed)
            .iter()
            .map(|(_, event)| text(event, "/id").to_owned())
            .collect()
    };
    assert_eq!(ids(1).len(), 500);
    assert!(ids(1).is_disjoint(&ids(2)));
}

#[test]
fn every_valid_record_is_an_envelope_with_its_keys_in_order() {
    for (record, event) in valid(3_000, 2) {
        assert_eq!(keys(&record), ENVELOPE, "{record}");
        assert!(!record.contains('\n'), "one line: {record}");
        assert_eq!(text(&event, "/version"), "0");
        assert_eq!(text(&event, "/detail-type"), "prod");
        assert_eq!(text(&event, "/source"), "clientevents");
        for id in [text(&event, "/id"), text(&event, "/resources/0")] {
            assert!(
                id.len() == 36 && id.as_bytes()[14] == b'4',
                "a version 4 UUID: {id}"
            );
        }
        let time = text(&event, "/time");
        assert!(time.len() == 20 && time.ends_with('Z'), "{time}");
        assert!(event.get("clientId").is_none() && event["detail"].get("clientId").is_none());
    }
}

#[test]
fn records_come_in_time_order_and_fill_the_span() {
    let times: Vec<String> = valid(8_000, 3)
        .iter()
        .map(|(_, event)| text(event, "/time").to_owned())
        .collect();
    assert!(times.is_sorted());
    assert!(times[0].as_str() < "2026-11-02T00:30", "{}", times[0]);
    assert!(
        times[times.len() - 1].as_str() > "2026-11-08T23:30",
        "{}",
        times[times.len() - 1]
    );
    assert!(times[times.len() - 1].as_str() < "2026-11-09T00:00");
}

#[test]
fn evenings_are_busier_than_nights_and_sessions_interleave() {
    let events = valid(8_000, 4);
    let at = |hour: &str| {
        events
            .iter()
            .filter(|(_, e)| text(e, "/time").get(11..13) == Some(hour))
            .count()
    };
    assert!(
        at("20") > 5 * at("03"),
        "{} at eight in the evening, {} at three",
        at("20"),
        at("03")
    );
    let session = |event: &Value| text(event, "/detail/data/session/id").to_owned();
    let switches = events
        .windows(2)
        .filter(|pair| session(&pair[0].1) != session(&pair[1].1));
    assert!(switches.count() > 1_000);
}

#[test]
fn a_few_clients_come_often_and_many_seldom() {
    let mut visits: BTreeMap<String, usize> = BTreeMap::new();
    for (_, event) in valid(10_000, 5) {
        *visits
            .entry(text(&event, "/resources/0").to_owned())
            .or_default() += 1;
    }
    let mut counts: Vec<usize> = visits.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let top: usize = counts[..counts.len() / 10].iter().sum();
    assert!(counts.len() > 150, "{} clients", counts.len());
    assert!(
        (3_000..8_000).contains(&top),
        "a tenth of the clients sent {top} of 10,000 events"
    );
}

#[test]
fn types_versions_and_fields_are_those_of_the_sample() {
    let sample = [
        ("shopping", "1", &["/data/itemSku"][..]),
        ("searching", "1", &["/data/searchTerm"]),
        ("paging", "2", &["/data/searchTerm", "/data/page"]),
        ("purchase", "2", &["/data/itemSku"]),
        (
            "loyaltypurchase",
            "2",
            &[
                "/data/itemSku",
                "/ticket/ticket/subject",
                "/ticket/ticket/comment/body",
            ],
        ),
    ];
    let events = valid(5_000, 6);
    for (event_type, version, fields) in sample {
        let mut of_type = events
            .iter()
            .map(|(_, event)| &event["detail"])
            .filter(|detail| {
                detail["eventType"] == event_type && detail["schemaVersion"] == version
            });
        let detail = of_type
            .next()
            .unwrap_or_else(|| panic!("no {event_type} {version}"));
        for field in fields {
            assert!(detail.pointer(field).is_some(), "{field} in {detail}");
        }
    }
}

#[test]
fn each_type_and_version_looks_like_this() {
    let mut first: BTreeMap<(String, String), String> = BTreeMap::new();
    for (record, event) in valid(5_000, 7) {
        let detail = &event["detail"];
        let key = (
            text(detail, "/eventType").to_owned(),
            text(detail, "/schemaVersion").to_owned(),
        );
        first.entry(key).or_insert(record);
    }
    let records: Vec<String> = first.into_values().collect();
    insta::assert_snapshot!(records.join("\n"));
}

#[test]
fn every_type_comes_and_some_in_two_versions() {
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, event) in valid(5_000, 8) {
        let detail = &event["detail"];
        let versions = seen
            .entry(text(detail, "/eventType").to_owned())
            .or_default();
        versions.insert(text(detail, "/schemaVersion").to_owned());
    }
    let types: Vec<&str> = seen.keys().map(String::as_str).collect();
    let mut expected = EventType::ALL.map(EventType::as_str);
    expected.sort_unstable();
    assert_eq!(types, expected);
    assert_eq!(
        seen.values().filter(|versions| versions.len() == 2).count(),
        4
    );
}

#[test]
fn a_total_is_the_sum_of_its_items_to_the_cent() {
    let mut totals = 0;
    for (record, event) in valid(8_000, 9) {
        let data = &event["detail"]["data"];
        let Some(items) = data.get("items").and_then(Value::as_array) else {
            continue;
        };
        let sum: i64 = items
            .iter()
            .map(|item| cents(&item["price"]) * item["quantity"].as_i64().unwrap())
            .sum();
        assert_eq!(cents(&data["total"]), sum, "{record}");
        assert!(sum > 0 && !items.is_empty());
        let (_, total) = record.split_once("\"total\":").unwrap();
        let digits = total.split([',', '}']).next().unwrap();
        assert_eq!(
            digits,
            format!("{}.{:02}", sum / 100, sum % 100),
            "two decimals"
        );
        totals += 1;
    }
    assert!(totals > 200, "{totals} totals checked");
}

#[test]
fn text_beyond_ascii_comes_both_as_utf_8_and_escaped() {
    let events = valid(5_000, 10);
    let terms: HashSet<&str> = events
        .iter()
        .filter_map(|(_, e)| e.pointer("/detail/data/searchTerm")?.as_str())
        .collect();
    assert!(terms.iter().filter(|term| !term.is_ascii()).count() > 15);
    assert!(terms.len() > 200, "{} terms", terms.len());
    assert!(events.iter().any(|(record, _)| record.contains("\\u")));
    assert!(events.iter().any(|(record, _)| !record.is_ascii()));
}

#[test]
fn a_record_has_the_size_of_a_real_client_event() {
    let bytes = file(&options(20_000, 11, "0")).len() / 20_000;
    assert!((650..=720).contains(&bytes), "{bytes} bytes on average");
}

#[test]
fn a_session_is_one_client_and_its_events_are_in_sequence() {
    let mut sessions: BTreeMap<String, (String, u64)> = BTreeMap::new();
    for (record, event) in valid(5_000, 12) {
        let session = &event["detail"]["data"]["session"];
        let client = text(&event, "/resources/0").to_owned();
        let id = text(session, "/id").to_owned();
        let (known, last) = sessions.entry(id).or_insert((client.clone(), 0));
        assert_eq!(*known, client, "{record}");
        assert_eq!(session["sequence"].as_u64(), Some(*last + 1), "{record}");
        *last += 1;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn exactly_as_many_events_come_as_were_asked_for(events in 0u64..400, seed: u64, percent in 0u32..=100) {
        let options = options(events, seed, &percent.to_string());
        let mut generator = Generator::new(&options).unwrap();
        let count = records(&mut generator).len() as u64;
        prop_assert_eq!(generator.ledger().total_records(), count);
        prop_assert_eq!(generator.ledger().events(|_| true), events);
        prop_assert_eq!(file(&options), file(&options));
        prop_assert!(generator.next_record(&mut Vec::new()).is_none(), "the end stays the end");
    }
}
