//! `hydrant transform --compare`: other people's functions beside ours.

use std::process::Command;

use serde_json::Value;

use crate::support::Place;

/// The transformer of the AWS sample, as one rewrites it from its description: another name for the id, no
/// newline, and what fails is left out of the answer.
const SAMPLE: &str = r#"
import base64
import json

def lambda_handler(event, context):
    assert event["deliveryStreamArn"].startswith("arn:aws:firehose:")
    assert context.get_remaining_time_in_millis() > 0
    answer = []
    for record in event["records"]:
        try:
            envelope = json.loads(base64.b64decode(record["data"]))
            envelope["detail"]["accountNumber"] = envelope["resources"][0]
            envelope["resources"] = []
            data = base64.b64encode(json.dumps(envelope).encode())
            answer.append({"recordId": record["recordId"], "result": "Ok", "data": data})
        except Exception as error:
            print("skipped", error)
    return {"records": answer}
"#;

/// What ours does, in Python: the same documents, spelled as Python spells them.
const SAME: &str = r#"
import base64
import json

def transform(event, context):
    return {"records": [one(record) for record in event["records"]]}

def one(record):
    try:
        envelope = json.loads(base64.b64decode(record["data"]))
        envelope["detail"]["clientId"] = envelope["resources"].pop()
        line = json.dumps(envelope, separators=(",", ":")) + "\n"
    except Exception:
        return {"recordId": record["recordId"], "result": "ProcessingFailed"}
    return {"recordId": record["recordId"], "result": "Ok", "data": base64.b64encode(line.encode()).decode()}
"#;

/// The same in Node, behind a callback.
const NODE: &str = r#"
export const handler = (event, context, callback) => {
  const records = event.records.map(({ recordId, data }) => {
    try {
      const envelope = JSON.parse(Buffer.from(data, "base64").toString());
      envelope.detail.clientId = envelope.resources.pop();
      const line = JSON.stringify(envelope) + "\n";
      return { recordId, result: "Ok", data: Buffer.from(line).toString("base64") };
    } catch {
      return { recordId, result: "ProcessingFailed" };
    }
  });
  callback(null, { records });
};
"#;

const EVENTS: &str = r#"{"id":"1","resources":["client-a"],"detail":{"eventType":"searching"}}
{"id":"2","resources":["client-b"],"detail":{"searchTerm":"caf\u00e9","price":1.50}}
{"id":"3","resources":["client-c"],"detail":{}}}
"#;

/// A place with the functions and the events in it; `None`, and a word about it, where the interpreter is absent.
#[expect(clippy::print_stderr, reason = "a test that did not run says so")]
fn place(interpreter: &str) -> Option<Place> {
    if Command::new(interpreter).arg("--version").output().is_err() {
        eprintln!("skipped: there is no {interpreter} here to run the other function");
        return None;
    }
    let of = |name| std::env::var(name).unwrap_or_default();
    let place = Place::new()
        .with("PATH", &of("PATH"))
        .with("HOME", &of("HOME"));
    place.file("sample.py", SAMPLE);
    place.file("same.py", SAME);
    place.file("index.mjs", NODE);
    place.file("events.ndjson", EVENTS);
    Some(place)
}

#[test]
fn another_function_is_compared_record_by_record() {
    let Some(place) = place("python3") else {
        return;
    };
    let ran = place.run(&["transform", "events.ndjson", "--compare", "sample.py"]);
    insta::assert_snapshot!(ran.screen(), @r#"
    status 1
    --- stdout
    compared                3  records
    same                    0  to the byte
    other                   2  document
    other                   1  result

    events.ndjson:1: other document
      detail.clientId: ours "client-a", theirs none
      detail.accountNumber: ours none, theirs "client-a"

    events.ndjson:2: other document
      detail.clientId: ours "client-b", theirs none
      detail.accountNumber: ours none, theirs "client-b"

    events.ndjson:3: other result
      ours: ProcessingFailed: invalid JSON: unexpected text after a complete value at byte 47
      theirs: not returned (Lambda.MissingRecordId)
      either way the record goes to the error output
    --- stderr
    error: 3 records are different
    "#);
}

#[test]
fn a_function_that_does_the_same_is_the_same_and_spelling_can_be_left_aside() {
    let Some(place) = place("python3") else {
        return;
    };
    let compare = [
        "transform",
        "events.ndjson",
        "--compare",
        "same.py:transform",
    ];
    let ran = place.run(&compare);
    insta::assert_snapshot!(ran.screen(), @r#"
    status 1
    --- stdout
    compared                3  records
    same                    2  to the byte
    other                   1  bytes, for the same document

    events.ndjson:2: other bytes
      from byte 71: ours "0,\"clientId\":\"cl", theirs ",\"clientId\":\"cli"
    --- stderr
    error: 1 record is different
    "#);
    let ran = place.run(&[&compare[..], &["--same-document"]].concat());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
}

#[test]
fn programs_read_the_comparison_as_json() {
    let Some(place) = place("python3") else {
        return;
    };
    let ran = place.run(&[
        "transform",
        "events.ndjson",
        "--compare",
        "sample.py",
        "--format",
        "json",
        "--show",
        "1",
    ]);
    assert_eq!(ran.status, 1);
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let counts = ["records", "same", "document", "result", "different"]
        .map(|name| report[name].as_u64().unwrap());
    assert_eq!(counts, [3, 0, 2, 1, 3]);
    let differences = report["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 2, "{differences:?}");
    assert_eq!(differences[0]["record"], "events.ndjson:1");
    assert_eq!(differences[0]["differs"], "document");
    assert_eq!(differences[1]["theirs"]["result"], "ProcessingFailed");
}

#[test]
fn a_node_handler_is_compared_over_many_batches() {
    let Some(place) = place("node") else {
        return;
    };
    place
        .run(&[
            "generate",
            "--events",
            "4000",
            "--seed",
            "3",
            "-o",
            "many.ndjson",
        ])
        .ok();
    let compare = ["transform", "many.ndjson", "--compare", "index.mjs"];
    let ran = place.run(&[&compare[..], &["--format", "json"]].concat());
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(report["records"], 4000, "{}", ran.stderr);
    assert_eq!(report["keys"], 0);
}

#[test]
fn a_command_that_speaks_the_runtime_api_is_compared() {
    let Some(place) = place("python3") else {
        return;
    };
    // Any runtime will do; this one is at hand.
    let runtime = concat!(env!("CARGO_MANIFEST_DIR"), "/src/function/bootstrap.py");
    let command = format!("python3 '{runtime}' same.py transform");
    let ran = place.run(&[
        "transform",
        "events.ndjson",
        "--same-document",
        "--compare",
        &command,
    ]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let report = String::from_utf8(ran.stdout).unwrap();
    assert!(
        report.starts_with("compared                3  records"),
        "{report}"
    );
}

#[test]
fn events_from_a_log_are_asked_as_they_are() {
    let Some(place) = place("python3") else {
        return;
    };
    let event = r#"{"invocationId":"i","deliveryStreamArn":"arn:aws:firehose:x:1:deliverystream/s","region":"x","records":[{"recordId":"49","approximateArrivalTimestamp":1,"data":"eyJyZXNvdXJjZXMiOlsiYyJdLCJkZXRhaWwiOnt9fQ=="}]}"#;
    place.file("log.ndjson", event);
    let ran = place.run(&["transform", "log.ndjson", "--compare", "same.py:transform"]);
    insta::assert_snapshot!(ran.screen(), @r"
    status 0
    --- stdout
    compared                1  records
    same                    1  to the byte
    --- stderr
    ");
}

#[test]
fn a_function_that_does_not_start_says_why() {
    let Some(place) = place("python3") else {
        return;
    };
    place.file("broken.py", "import nothing_of_that_name\n");
    let ran = place.run(&["transform", "events.ndjson", "--compare", "broken.py"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stdout.is_empty());
    let said = "error: broken.py: the function failed: ModuleNotFoundError: No module named 'nothing_of_that_name'";
    assert!(ran.stderr.starts_with(said), "{}", ran.stderr);

    let ran = place.run(&["transform", "events.ndjson", "--compare", "absent.py"]);
    assert!(
        ran.stderr.starts_with("error: cannot open absent.py"),
        "{}",
        ran.stderr
    );
    let ran = place.run(&["transform", "events.ndjson", "--compare", "./absent --flag"]);
    assert!(ran.stderr.contains("./absent"), "{}", ran.stderr);
    let ran = place.run(&["transform", "events.ndjson", "--format", "json"]);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
}
