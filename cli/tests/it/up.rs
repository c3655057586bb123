//! `hydrant up`: starts, says where it is, delivers, stops, and goes on where it stopped.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

use crate::support::{Place, example};

/// A running service; it is killed with this value.
struct Up {
    child: Child,
    address: String,
    _stdout: BufReader<ChildStdout>,
}

impl Up {
    fn start(directory: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hydrant"))
            .args(["up", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .current_dir(directory)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line
            .trim()
            .strip_prefix("http://")
            .unwrap_or_default()
            .to_owned();
        if address.is_empty() {
            let mut said = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut said)
                .unwrap();
            panic!("{said}");
        }
        Self {
            child,
            address,
            _stdout: stdout,
        }
    }

    fn request(&self, line: &str, target: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-amz-target: {target}\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    fn call(&self, operation: &str, input: &Value) -> Value {
        let target = format!("Firehose_20150804.{operation}");
        let (status, body) = self.request("POST /", &target, &input.to_string());
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Asks it to stop; its status, and what it said.
    fn stop(mut self) -> (i32, String) {
        let kill = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        assert!(kill.unwrap().success());
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code().unwrap_or(-1), said)
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn events_that_are_sent_are_rows_after_a_flush_and_the_stop_delivers_the_rest() {
    let place = Place::new();
    let stream = example("stream.json");
    let up = Up::start(place.path(), &["--stream", &stream]);
    let name = up.call("ListDeliveryStreams", &json!({}))["DeliveryStreamNames"][0].clone();
    let events = place
        .run(&["generate", "--events", "300", "--seed", "3"])
        .ok();
    place.file("events.ndjson", &events);
    let sender = Place::new()
        .with(
            "AWS_ENDPOINT_URL_FIREHOSE",
            &format!("http://{}", up.address),
        )
        .with("AWS_ACCESS_KEY_ID", "any")
        .with("AWS_SECRET_ACCESS_KEY", "any")
        .with("AWS_REGION", "us-east-1");
    let sent = sender.pipe(&["send", "--stream", name.as_str().unwrap()], &events);
    assert!(
        sent.stderr.contains("sent      300 records to "),
        "{}",
        sent.stderr
    );
    sent.ok();
    let (status, _) = up.request("POST /_hydrant/flush", "", "");
    assert_eq!(status, 200);
    let count = [
        "sql",
        "--lake",
        "lake",
        "--format",
        "csv",
        "-c",
        "select count(*) as n from events",
    ];
    assert_eq!(place.run(&count).ok(), "n\n300\n");

    let again = sender.pipe(&["send", "--stream", name.as_str().unwrap()], &events);
    again.ok();
    let (status, said) = up.stop();
    assert_eq!(status, 0, "{said}");
    assert!(
        said.ends_with("stopped: everything accepted is delivered\n"),
        "{said}"
    );
    assert_eq!(place.run(&count).ok(), "n\n600\n");
}

#[test]
fn a_service_that_is_killed_delivers_what_it_had_when_it_starts_again() {
    let place = Place::new();
    let stream = example("stream.json");
    let up = Up::start(place.path(), &["--stream", &stream]);
    let name = up.call("ListDeliveryStreams", &json!({}))["DeliveryStreamNames"][0].clone();
    up.call(
        "PutRecord",
        &json!({ "DeliveryStreamName": name, "Record": { "Data": "bm90IEpTT04=" } }),
    );
    drop(up);
    let up = Up::start(place.path(), &[]);
    let (status, said) = up.stop();
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("1 record, refused"), "{said}");
}

#[test]
fn what_keeps_it_from_starting_is_said() {
    let place = Place::new();
    let up = Up::start(place.path(), &[]);
    let same_state = place.run(&["up", "--listen", "127.0.0.1:0"]);
    assert_eq!(same_state.status, 1);
    assert!(
        same_state
            .stderr
            .contains("is another `hydrant up` running there?"),
        "{}",
        same_state.stderr
    );
    let same_port = place.run(&["up", "--lake", "other", "--listen", &up.address]);
    assert_eq!(same_port.status, 1);
    assert!(
        same_port.stderr.contains("something else listens there"),
        "{}",
        same_port.stderr
    );
    place.file("bad.json", "{\"DeliveryStreamName\":\"s\"}");
    let bad = place.run(&[
        "up",
        "--lake",
        "third",
        "--stream",
        "bad.json",
        "--listen",
        "127.0.0.1:0",
    ]);
    assert_eq!(bad.status, 1);
    assert!(
        bad.stderr.contains("Exactly one destination configuration"),
        "{}",
        bad.stderr
    );
    let open = place.run(&["up", "--lake", "fourth", "--listen", "0.0.0.0:0"]);
    assert!(open.stderr.contains("no key was given"), "{}", open.stderr);
}

#[test]
fn what_cannot_be_sent_is_kept_and_told() {
    let place = Place::new();
    let up = Up::start(place.path(), &[]);
    let sender = Place::new()
        .with("AWS_ENDPOINT_URL", &format!("http://{}", up.address))
        .with("AWS_ACCESS_KEY_ID", "any")
        .with("AWS_SECRET_ACCESS_KEY", "any")
        .with("AWS_REGION", "us-east-1");
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

#[test]
fn what_was_refused_goes_through_the_stream_again_once() {
    let place = Place::new();
    let stream = example("stream.json");
    let up = Up::start(place.path(), &["--stream", &stream]);
    let name = up.call("ListDeliveryStreams", &json!({}))["DeliveryStreamNames"][0].clone();
    let name = name.as_str().unwrap();
    let records: Vec<Value> = ["bm90IEpTT04=", "bm8gSlNPTg=="]
        .map(|data| json!({ "Data": data }))
        .into();
    up.call(
        "PutRecordBatch",
        &json!({ "DeliveryStreamName": name, "Records": records }),
    );
    let flush = || assert_eq!(up.request("POST /_hydrant/flush", "", "").0, 200);
    flush();
    let lake = place.path().join("lake");
    let redrive = |more: &[&str]| {
        let place = Place::new()
            .with(
                "AWS_ENDPOINT_URL_FIREHOSE",
                &format!("http://{}", up.address),
            )
            .with("AWS_ACCESS_KEY_ID", "any")
            .with("AWS_SECRET_ACCESS_KEY", "any")
            .with("AWS_REGION", "us-east-1");
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
    flush();
    let third = redrive(&[]);
    assert!(
        third.contains("2 records sent") && third.contains("2 went in an earlier run"),
        "{third}"
    );
}
