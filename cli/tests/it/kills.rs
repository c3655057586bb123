//! Buses that are killed at any moment: what was accepted reaches every target, or its dead-letter queue.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{serving::Up, support::Place};

const ACCOUNT: &str = "000000000000";

/// A target over HTTP that counts the events it gets, by id.
struct Counter {
    url: String,
    got: Arc<Mutex<BTreeMap<String, u32>>>,
}

impl Counter {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let got: Arc<Mutex<BTreeMap<String, u32>>> = Arc::default();
        let kept = Arc::clone(&got);
        thread::spawn(move || {
            for socket in listener.incoming() {
                let kept = Arc::clone(&kept);
                // Whoever called may be killed by now.
                thread::spawn(move || take(socket.unwrap(), &kept).ok());
            }
        });
        Self { url, got }
    }
}

fn take(mut socket: TcpStream, got: &Mutex<BTreeMap<String, u32>>) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4096];
        let read = socket.read(&mut part)?;
        bytes.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        if let Ok(event) = serde_json::from_str::<Value>(body) {
            let id = event["id"].as_str().unwrap().to_owned();
            *got.lock().unwrap().entry(id).or_default() += 1;
            break;
        }
        if read == 0 {
            return Ok(());
        }
    }
    socket.write_all(b"HTTP/1.1 200 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

/// Puts events until the service is gone; the ids of those that it accepted.
fn put(address: &str) -> Vec<String> {
    let mut accepted = Vec::new();
    for n in 0.. {
        let entries: Vec<Value> = (0..5)
            .map(|m| {
                let detail = json!({"n": n * 5 + m}).to_string();
                json!({"Source": "shop", "DetailType": "order", "Detail": detail})
            })
            .collect();
        let Some(answer) = ask(address, "PutEvents", &json!({"Entries": entries})) else {
            return accepted;
        };
        let entries = answer["Entries"].as_array().unwrap();
        let ids = entries.iter().filter_map(|it| it["EventId"].as_str());
        accepted.extend(ids.map(str::to_owned));
    }
    accepted
}

/// An answer, if there is one.
fn ask(address: &str, operation: &str, input: &Value) -> Option<Value> {
    let body = input.to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-amz-target: AWSEvents.{operation}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut socket = TcpStream::connect(address).ok()?;
    socket.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let answer = serde_json::from_str(body).ok()?;
    assert!(
        head.starts_with("HTTP/1.1 200"),
        "{operation}: {head} {body}"
    );
    Some(answer)
}

/// A rule with four targets: a stream, a queue, an API destination that is there, and one that is not, whose
/// events go to a dead-letter queue.
fn define(address: &str, counter: &str) {
    let call = |operation: &str, input: Value| ask(address, operation, &input).unwrap();
    call(
        "PutRule",
        json!({"Name": "all", "EventPattern": r#"{"source":["shop"]}"#}),
    );
    let secret = json!({"BasicAuthParameters": {"Username": "u", "Password": "p"}});
    let connection = json!({"Name": "c", "AuthorizationType": "BASIC", "AuthParameters": secret});
    let connection = call("CreateConnection", connection)["ConnectionArn"].clone();
    let destination = |name: &str, url: &str| {
        let input = json!({"Name": name, "ConnectionArn": connection, "HttpMethod": "POST",
            "InvocationEndpoint": url, "InvocationRateLimitPerSecond": 100_000});
        call("CreateApiDestination", input)["ApiDestinationArn"].clone()
    };
    let queue = |name: &str| format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{name}");
    let targets = json!([
        {"Id": "stream", "Arn": format!("arn:aws:firehose:us-east-1:{ACCOUNT}:deliverystream/s"),
         "InputTransformer": {"InputTemplate": "<aws.events.event.json>\n"}},
        {"Id": "queue", "Arn": queue("q")},
        {"Id": "there", "Arn": destination("there", counter)},
        {"Id": "gone", "Arn": destination("gone", "http://127.0.0.1:1/"),
         "RetryPolicy": {"MaximumRetryAttempts": 1}, "DeadLetterConfig": {"Arn": queue("dead")}},
    ]);
    call("PutTargets", json!({"Rule": "all", "Targets": targets}));
}

/// How often each id is in the lines of a queue.
fn in_queue(place: &Path, name: &str) -> BTreeMap<String, u32> {
    let text = std::fs::read_to_string(place.join("lake.hydrant/queues").join(name));
    let mut counts = BTreeMap::new();
    for line in text.unwrap_or_default().lines() {
        // A line that was being written when the process was killed is written again.
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let event: Value = serde_json::from_str(message["body"].as_str().unwrap()).unwrap();
        *counts
            .entry(event["id"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    counts
}

fn in_lake(place: &Path) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for (_, bytes) in hydrant_testing::files(&place.join("lake")).unwrap() {
        for line in String::from_utf8(bytes).unwrap().lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            *counts
                .entry(event["id"].as_str().unwrap().to_owned())
                .or_default() += 1;
        }
    }
    counts
}

/// `EVENT_KILLS` says how often; a few times if it is not set.
#[test]
fn what_was_accepted_reaches_each_target_or_its_queue_however_often_the_process_is_killed() {
    let kills: u64 = std::env::var("EVENT_KILLS").map_or(3, |kills| kills.parse().unwrap());
    let (place, counter) = (Place::new(), Counter::start());
    let stream = json!({"DeliveryStreamName": "s", "ExtendedS3DestinationConfiguration": {
        "RoleARN": "arn:aws:iam::123456789012:role/r", "BucketARN": "arn:aws:s3:::b", "Prefix": "events/"}});
    place.file("s.json", stream.to_string());
    let arguments = [
        "--stream",
        "s.json",
        "--flush",
        "200ms",
        "--time-scale",
        "100",
    ];
    let first = Up::start(place.path(), &arguments);
    define(&first.address, &counter.url);
    drop(first);

    let mut accepted = BTreeSet::new();
    for kill in 0..kills {
        let up = Up::start(place.path(), &arguments);
        let address = up.address.clone();
        let putting: Vec<_> = (0..3)
            .map(|_| {
                let address = address.clone();
                thread::spawn(move || put(&address))
            })
            .collect();
        // Not the same moment twice.
        thread::sleep(Duration::from_millis(20 + kill * 37 % 400));
        drop(up);
        for ids in putting {
            accepted.extend(ids.join().unwrap());
        }
    }
    let up = Up::start(place.path(), &arguments);
    let began = Instant::now();
    let missing = |counts: &BTreeMap<String, u32>| {
        accepted
            .iter()
            .filter(|id| !counts.contains_key(*id))
            .count()
    };
    let counts = loop {
        up.flush();
        let counts = [
            ("the stream", in_lake(place.path())),
            ("the queue", in_queue(place.path(), "q.ndjson")),
            ("the API destination", counter.got.lock().unwrap().clone()),
            (
                "the dead-letter queue",
                in_queue(place.path(), "dead.ndjson"),
            ),
        ];
        if counts.iter().all(|(_, counts)| missing(counts) == 0) {
            break counts;
        }
        let late: Vec<_> = counts
            .iter()
            .map(|(name, it)| (name, missing(it)))
            .collect();
        assert!(
            began.elapsed() < Duration::from_mins(3),
            "{late:?} of {}",
            accepted.len()
        );
        thread::sleep(Duration::from_millis(100));
    };
    assert!(!accepted.is_empty());
    let mut said = format!("{kills} kills, {} events accepted", accepted.len());
    for (name, counts) in counts {
        let twice = counts.values().filter(|count| **count > 1).count();
        said += &format!(
            "; {name} has {}, {twice} of them more than once",
            counts.len()
        );
    }
    eprintln!("{said}");
}
