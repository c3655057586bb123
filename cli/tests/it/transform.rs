//! `hydrant transform`.

use crate::support::Place;

/// One of each: the client's id at either place, already moved, forged, absent; pretty-printed, two objects,
/// and the faults of the AWS sample.
const RECORDS: &str = r#"{"id":"1","resources":["client-a"],"detail":{"eventType":"searching","data":{"searchTerm":"caf\u00e9","price":1.0,"big":12345678901234567890}}}
{"id":"2","clientId":"client-b","resources":[],"detail":{}}
{"id":"3","resources":[],"detail":{"eventType":"paging","clientId":"client-c"}}
{"id":"4","resources":["client-d"],"detail":{"clientId":"forged","eventType":"shopping","client\u0049d":"forged"}}
{"id":"5","resources":[],"detail":{"eventType":"paging"}}
{
  "id": "6",
  "resources": [ "client-f" ],
  "detail": { "eventType": "a  b" }
}
{"id":"7","resources":["client-g"],"detail":{}}{"id":"8","resources":["client-h"],"detail":{}}

{"id":"9","resources":["client-i"],"detail":{"eventType":"shopping"}}}
{"id":"10","resources":["client-j"]}
[1,2]
{"id":"11","resources":["client-k"],"detail":{"eventType":"last"}}
"#;

#[test]
fn events_become_lines_and_refusals_say_where_and_why() {
    let place = Place::new();
    place.file("events.ndjson", RECORDS);
    let ran = place.run(&["transform", "events.ndjson", "--failed", "failed.ndjson"]);
    insta::assert_snapshot!(ran.screen());
    insta::assert_snapshot!(place.read("failed.ndjson"), @r#"
    {"id":"9","resources":["client-i"],"detail":{"eventType":"shopping"}}}
    {"id":"10","resources":["client-j"]}
    [1,2]
    "#);
}

#[test]
fn transforming_twice_changes_nothing() {
    let place = Place::new();
    let events = place
        .run(&["generate", "--events", "300", "--malformed", "30"])
        .ok();
    let once = place.pipe(&["transform", "-q"], &events).ok();
    let twice = place.pipe(&["transform", "-q"], &once).ok();
    assert_eq!(once, twice);
}

#[test]
fn strict_is_status_1_when_something_was_refused() {
    let place = Place::new();
    assert_eq!(
        place.pipe(&["transform", "-q", "--strict"], "{}\n").status,
        0
    );
    let ran = place.pipe(&["transform", "-q", "--strict"], "{\n{}\n");
    assert_eq!(
        ran.screen(),
        "status 1\n--- stdout\n{}\n--- stderr\nerror: 1 record refused"
    );
}

#[test]
fn an_id_can_be_required_and_keys_must_agree() {
    let place = Place::new()
        .with("REQUIRE_CLIENT_ID", "true")
        .with("PARTITION_KEYS", "id=.id");
    place.file("events.ndjson", RECORDS);
    insta::assert_snapshot!(
        place
            .run(&["transform", "events.ndjson", "-o", "lines.ndjson"])
            .screen()
    );
}

#[test]
fn request_bodies_of_the_front_door_are_taken() {
    let place = Place::new();
    let body = r#"{"entries":[{"entry":"{\"eventType\":\"searching\",\"schemaVersion\":1}"},{"entry":"{\"eventType\":\"shopping\"}}"}]}"#;
    place.file("bodies.ndjson", format!("{body}\n{{}}\n"));
    let ran = place.run(&[
        "transform",
        "--as",
        "entries",
        "--client-id",
        "me",
        "bodies.ndjson",
    ]);
    let screen = ran.screen();
    assert!(screen.contains(r#""resources":[],"detail":{"eventType":"searching","schemaVersion":1,"clientId":"me"}}"#), "{screen}");
    insta::assert_snapshot!(ran.stderr, @r#"
    bodies.ndjson:1: entry 2: MalformedDetail: Detail is malformed. something follows the object at byte 24
    bodies.ndjson:2: no request body of the form {"entries":[{"entry":"…"}]}: missing field `entries` at line 1 column 2
    read                    3  records
    transformed             1  into 1 line
    refused                 2
                            2  malformed-entry
    "#);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    insta::assert_snapshot!(Place::new().run(&["transform", "events.ndjson"]).screen(), @r"
    status 1
    --- stdout

    --- stderr
    error: cannot open events.ndjson
      because: No such file or directory (os error 2)
    ");
}
