//! `hydrant generate`.

use serde_json::Value;

use crate::support::Place;

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let place = Place::new();
    let generate = |seed: &str| {
        place.run(&[
            "generate",
            "--events",
            "500",
            "--seed",
            seed,
            "--malformed",
            "5",
        ])
    };
    let first = generate("1").ok();
    assert_eq!(first, generate("1").ok());
    assert_ne!(first, generate("2").ok());
}

#[test]
fn events_are_envelopes_and_entries_are_bodies() {
    let place = Place::new();
    let events = place.run(&["generate", "--events", "3"]).ok();
    insta::assert_snapshot!(events);
    let entries = place
        .run(&["generate", "--events", "25", "--as", "entries"])
        .ok();
    let counts = entries.lines().map(|body| {
        let body: Value = serde_json::from_str(body).unwrap();
        let entries = body["entries"].as_array().unwrap();
        for entry in entries {
            let detail: Value = serde_json::from_str(entry["entry"].as_str().unwrap()).unwrap();
            assert!(detail["eventType"].is_string());
        }
        entries.len()
    });
    assert_eq!(counts.sum::<usize>(), 25);
}

#[test]
fn a_file_holds_what_standard_output_would() {
    let place = Place::new();
    let printed = place.run(&["generate", "--events", "200"]).ok();
    place
        .run(&["generate", "--events", "200", "-o", "events.ndjson"])
        .ok();
    assert_eq!(place.read("events.ndjson"), printed);
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let ran = Place::new().run(&["generate", "-o", "no/such/folder/events"]);
    insta::assert_snapshot!(ran.screen(), @r"
    status 1
    --- stdout

    --- stderr
    error: cannot write no/such/folder/events
      because: No such file or directory (os error 2)
    ");
}
