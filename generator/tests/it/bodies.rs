use hydrant_generator::{Bodies, Fault, Kind, MAX_ENTRIES};
use serde_json::Value;

use crate::options;

/// Every body with the number of entries that was announced for it.
fn bodies(bodies: &mut Bodies) -> Vec<(usize, Value)> {
    let (mut all, mut bytes) = (Vec::new(), Vec::new());
    while let Some(entries) = bodies.next_body(&mut bytes) {
        assert!(!bytes.contains(&b'\n'), "one line");
        all.push((
            entries,
            serde_json::from_slice(&bytes).expect("a body is JSON"),
        ));
        bytes.clear();
    }
    all
}

fn entries(body: &Value) -> impl Iterator<Item = &str> {
    assert_eq!(body.as_object().unwrap().len(), 1);
    body["entries"].as_array().unwrap().iter().map(|entry| {
        assert_eq!(entry.as_object().unwrap().len(), 1);
        entry["entry"].as_str().unwrap()
    })
}

#[test]
fn bodies_hold_exactly_the_events_as_details_without_a_client_id() {
    let mut generator = Bodies::new(&options(5_000, 1, "0")).unwrap();
    let mut events = 0;
    for (announced, body) in bodies(&mut generator) {
        let details: Vec<Value> = entries(&body)
            .map(|e| serde_json::from_str(e).unwrap())
            .collect();
        assert_eq!(details.len(), announced);
        assert!((1..=MAX_ENTRIES as usize).contains(&announced));
        for detail in &details {
            assert!(
                detail["eventType"].is_string() && detail["data"].is_object(),
                "{detail}"
            );
            assert!(detail.get("clientId").is_none() && detail.get("resources").is_none());
            assert_eq!(
                detail["data"]["session"]["id"],
                details[0]["data"]["session"]["id"]
            );
        }
        events += details.len() as u64;
    }
    assert_eq!(events, 5_000);
    assert_eq!(generator.ledger().records(Kind::Valid), 5_000);
    assert_eq!(generator.ledger().events(|_| true), 5_000);
}

#[test]
fn malformed_entries_have_the_faults_that_a_client_can_make() {
    let mut generator = Bodies::new(&options(6_000, 2, "100")).unwrap();
    let (mut braces, mut types, mut pretty) = (0, 0, 0);
    for (_, body) in bodies(&mut generator) {
        for entry in entries(&body) {
            match serde_json::from_str::<Value>(entry) {
                Err(_) => {
                    let mended = entry.strip_suffix('}').unwrap();
                    assert!(serde_json::from_str::<Value>(mended).is_ok(), "{entry}");
                    braces += 1;
                }
                Ok(detail) if detail.get("analyticType").is_some() => types += 1,
                Ok(detail) => {
                    assert!(
                        entry.contains('\n') && detail["eventType"].is_string(),
                        "{entry}"
                    );
                    pretty += 1;
                }
            }
        }
    }
    let ledger = generator.ledger();
    assert_eq!(ledger.records(Kind::Malformed(Fault::ExtraBrace)), braces);
    assert_eq!(ledger.records(Kind::Malformed(Fault::AnalyticType)), types);
    assert_eq!(
        ledger.records(Kind::Malformed(Fault::PrettyPrinted)),
        pretty
    );
    assert_eq!(braces + types + pretty, 6_000);
    assert!(
        [braces, types, pretty]
            .iter()
            .all(|&count| (1_800..2_200).contains(&count))
    );
}

#[test]
fn the_same_seed_gives_the_same_bodies() {
    let all = |seed| bodies(&mut Bodies::new(&options(300, seed, "5")).unwrap());
    assert_eq!(all(1), all(1));
    assert_ne!(all(1), all(2));
}
