//! `hydrant send`: what goes, what does not, and what it says of it.

use serde_json::json;

use crate::{
    serving::Up,
    support::{Place, example},
};

#[test]
fn what_cannot_be_sent_is_kept_and_told() {
    let place = Place::new();
    let up = Up::start(place.path(), &[]);
    let sender = up.client();
    let nowhere = sender.pipe(&["send", "--stream", "nowhere"], "{\"n\":1}\n");
    assert_eq!(nowhere.status, 1);
    assert!(
        nowhere
            .stderr
            .contains("ResourceNotFoundException: Firehose nowhere"),
        "{}",
        nowhere.stderr
    );
    drop(up);
    let gone = sender.pipe(
        &[
            "send",
            "--stream",
            "s",
            "--attempts",
            "2",
            "--failed",
            "failed.ndjson",
        ],
        "{\"n\":1}\n{\"n\":2}\n",
    );
    assert_eq!(gone.status, 1);
    assert!(
        gone.stderr.contains("2 records did not go"),
        "{}",
        gone.stderr
    );
    assert_eq!(sender.read("failed.ndjson"), "{\"n\":1}\n{\"n\":2}\n");
}

/// A service that waits with what it was given until its log is full, and then lets it go.
#[test]
fn what_is_throttled_is_sent_again_until_it_goes() {
    let place = Place::new();
    let up = Up::start(
        place.path(),
        &[
            "--stream",
            &example("stream.json"),
            "--log-size",
            "1",
            "--flush",
            "300ms",
            "--active-partitions",
            "10000",
        ],
    );
    let events = Place::new()
        .run(&["generate", "--events", "12000", "--seed", "5"])
        .ok();
    let sender = up.client();
    let sent = sender.pipe(&["send", "--stream", &up.stream()], &events);
    assert!(
        sent.stderr.contains("sent      12,000 records to "),
        "{}",
        sent.stderr
    );
    assert!(
        sent.stderr.contains("had to be sent more than once"),
        "{}",
        sent.stderr
    );
    assert_eq!(sent.status, 0);
    up.flush();
    let count = [
        "sql",
        "--lake",
        "lake",
        "--format",
        "csv",
        "-c",
        "select count(*) as n from events",
    ];
    assert_eq!(place.run(&count).ok(), "n\n12000\n");
}

#[test]
fn what_no_stream_takes_is_named_and_the_rest_goes() {
    let place = Place::new();
    let up = Up::start(place.path(), &[]);
    up.call(
        "CreateDeliveryStream",
        &json!({ "DeliveryStreamName": "s", "ExtendedS3DestinationConfiguration": {
            "RoleARN": "arn:aws:iam::123456789012:role/r", "BucketARN": "arn:aws:s3:::b",
        }}),
    );
    let large = "x".repeat(1_024_001);
    let input = format!("one\n{large}\nthree\n");
    let sent = up.client().pipe(&["send", "--stream", "s"], &input);
    assert_eq!(sent.status, 1);
    assert!(
        sent.stderr.contains("a record of 1024001 bytes"),
        "{}",
        sent.stderr
    );
    assert!(
        sent.stderr.contains("sent      2 records to s"),
        "{}",
        sent.stderr
    );
    let empty = up.client().pipe(&["send", "--stream", "s"], "");
    assert_eq!(empty.status, 0, "{}", empty.stderr);
}
