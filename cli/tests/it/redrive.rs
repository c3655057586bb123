//! `hydrant redrive`: the error output through the stream again, each record once.

use serde_json::{Value, json};

use crate::{
    serving::Up,
    support::{Place, example},
};

#[test]
fn what_was_refused_goes_through_the_stream_again_once() {
    let place = Place::new();
    let stream = example("stream.json");
    let up = Up::start(place.path(), &["--stream", &stream]);
    let name = &*up.stream();
    let records: Vec<Value> = ["bm90IEpTT04=", "bm8gSlNPTg=="]
        .map(|data| json!({ "Data": data }))
        .into();
    up.call(
        "PutRecordBatch",
        &json!({ "DeliveryStreamName": name, "Records": records }),
    );
    up.flush();
    let lake = place.path().join("lake");
    let redrive = |more: &[&str]| {
        let place = up.client();
        let lake = lake.to_str().unwrap();
        let mut arguments = vec!["redrive", "--lake", lake, "--stream", name];
        arguments.extend_from_slice(more);
        let ran = place.run(&arguments);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran.stderr
    };
    let other = redrive(&["--code", "Lambda.FunctionError"]);
    assert!(other.contains("0 records sent"), "{other}");
    let dry = redrive(&["--dry-run"]);
    assert!(dry.contains("2 records would be sent"), "{dry}");
    let first = redrive(&[]);
    assert!(first.contains("2 records sent"), "{first}");
    let second = redrive(&[]);
    assert!(
        second.contains("0 records sent") && second.contains("2 went in an earlier run"),
        "{second}"
    );
    // They are as bad as before: the stream refuses them again, into an object of its own.
    up.flush();
    let third = redrive(&[]);
    assert!(
        third.contains("2 records sent") && third.contains("2 went in an earlier run"),
        "{third}"
    );
}

#[test]
fn records_are_chosen_by_sql_over_the_table_of_errors() {
    let place = Place::new();
    let up = Up::start(place.path(), &["--stream", &example("stream.json")]);
    let name = &*up.stream();
    // Not JSON, no text at all, and the first one again.
    let records: Vec<Value> = ["bm90IEpTT04=", "/wD/", "bm90IEpTT04="]
        .map(|data| json!({ "Data": data }))
        .into();
    up.call(
        "PutRecordBatch",
        &json!({ "DeliveryStreamName": name, "Records": records }),
    );
    up.flush();
    let lake = place.path().join("lake");
    let redrive = |more: &[&str]| {
        let mut arguments = vec![
            "redrive",
            "--lake",
            lake.to_str().unwrap(),
            "--stream",
            name,
        ];
        arguments.extend_from_slice(more);
        up.client().run(&arguments)
    };
    let said = |more: &[&str]| {
        let ran = redrive(more);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran.stderr
    };
    let text = [
        "--where",
        "rawData like 'not%' and attemptsMade = 1",
        "--dry-run",
    ];
    let dry = said(&text);
    assert!(
        dry.contains("2 records would be sent") && dry.contains("1 were not chosen"),
        "{dry}"
    );
    let bytes = said(&["--where", "rawData = 'base64:/wD/'"]);
    assert!(bytes.contains("1 record sent"), "{bytes}");
    let none = said(&["--where", "arrivalTimestamp < '2020-01-01T00:00:00Z'"]);
    assert!(
        none.contains("0 records sent") && none.contains("3 were not chosen"),
        "{none}"
    );
    let rest = said(&["--where", "errorCode like 'Lambda.%'"]);
    assert!(
        rest.contains("2 records sent") && rest.contains("1 went in an earlier run"),
        "{rest}"
    );
    let wrong = redrive(&["--where", "errorcodes = 'x'"]);
    assert_eq!(wrong.status, 1);
    assert!(
        wrong.stderr.contains("--where errorcodes = 'x'"),
        "{}",
        wrong.stderr
    );
    assert!(wrong.stderr.contains("errorCode"), "{}", wrong.stderr);
}
