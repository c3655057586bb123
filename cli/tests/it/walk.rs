//! The whole system by the template that is deployed: a client's token, the front door, the bus, the stream, the lake,
//! the service desk, and a replay of the archive.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    serving::Up,
    support::{Place, example},
};

/// A request that the service desk got: its head in small letters, and its body.
type Ticket = (String, Value);

/// An HTTP server in the place of a service desk.
struct Desk {
    url: String,
    tickets: Arc<Mutex<Vec<Ticket>>>,
}

impl Desk {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!(
            "http://{}/api/v2/tickets.json",
            listener.local_addr().unwrap()
        );
        let tickets = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&tickets);
        thread::spawn(move || {
            for socket in listener.incoming() {
                let kept = Arc::clone(&kept);
                thread::spawn(move || take(socket.unwrap(), &kept));
            }
        });
        Self { url, tickets }
    }

    /// How many different tickets there are.
    fn distinct(&self) -> u64 {
        let tickets = self.tickets.lock().unwrap();
        let bodies: BTreeSet<String> = tickets.iter().map(|(_, body)| body.to_string()).collect();
        bodies.len() as u64
    }
}

fn take(socket: TcpStream, tickets: &Mutex<Vec<Ticket>>) {
    let mut reader = BufReader::new(socket);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap() == 0 {
            return;
        }
    }
    let lower = head.to_lowercase();
    let length = lower
        .split("content-length: ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    tickets
        .lock()
        .unwrap()
        .push((lower, serde_json::from_slice(&body).unwrap()));
    reader
        .get_mut()
        .write_all(b"HTTP/1.1 201 x\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        .unwrap();
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_mins(1), "{what}");
        thread::sleep(Duration::from_millis(50));
    }
}

fn events(up: &Up, operation: &str, input: &Value) -> Value {
    let target = format!("AWSEvents.{operation}");
    let (status, body) = up.request("POST /", &target, &input.to_string());
    assert_eq!(status, 200, "{operation} {body}");
    serde_json::from_str(&body).unwrap()
}

#[test]
fn an_event_goes_from_a_client_to_the_answer_of_a_query() {
    let (place, desk) = (Place::new(), Desk::start());
    place.file(
        "secrets.json",
        r#"{"service-desk":{"user":"agent/token","apiKey":"s3cret"}}"#,
    );
    let template = example("../deploy/sam/template.yaml");
    let url = format!("ServiceDeskUrl={}", desk.url);
    let arguments = [
        "-t",
        &template,
        "--parameter",
        &url,
        "--secrets",
        "secrets.json",
        "--flush",
        "1s",
    ];
    let up = Up::start(place.path(), &arguments);

    let token = place.run(&["token", "--client", "shop-7"]).ok();
    place.file("token", token);
    let api = format!("http://{}/prod/event", up.address);
    let send = [
        "send",
        "--api",
        &api,
        "--token-file",
        "token",
        "--loyalty",
        "--events",
        "300",
    ];
    let posted = place.run(&send);
    assert!(
        posted.stderr.contains("accepted  300 entries"),
        "{}",
        posted.stderr
    );
    posted.ok();
    // A megabyte and one byte is more than the bus takes of a request, and the client is told.
    let big = json!({"entries": [{"entry": json!({"a": "x".repeat(1 << 20)}).to_string()}]});
    place.file("big", big.to_string());
    let refused = place.run(&[
        "send",
        "--api",
        &api,
        "--token-file",
        "token",
        "--as",
        "entries",
        "big",
    ]);
    assert!(
        refused.stderr.contains("refused   1 entry: 400 "),
        "{}",
        refused.stderr
    );
    up.flush();
    let count = |query: &str| {
        let answer = place
            .run(&["sql", "--lake", "lake", "--format", "json", "-c", query])
            .ok();
        let rows: Value = serde_json::from_str(&answer).unwrap();
        rows[0]["n"].as_u64().unwrap()
    };
    let of_client = "select count(*) as n from events where detail.clientId = 'shop-7'";
    assert_eq!(count(of_client), 300);
    let loyal =
        count("select count(*) as n from events where detail.eventType = 'loyaltypurchase'");
    assert!(loyal > 0);

    // Each loyalty purchase has become a ticket, with what EventBridge sends along.
    // At least once: on a busy machine one may come twice.
    until("every ticket is at the service desk", || {
        desk.distinct() >= loyal
    });
    let (head, body) = desk.tickets.lock().unwrap()[0].clone();
    assert_eq!(body["ticket"]["subject"], "Loyalty customer purchase");
    let basic = "authorization: basic ywdlbnqvdg9rzw46cznjcmv0";
    for line in [
        basic,
        "content-type: application/json",
        "user-agent: amazon/eventbridge/apidestinations",
        "range: bytes=0-1048575",
    ] {
        assert!(head.contains(line), "{line}: {head}");
    }

    // A replay brings every event again; its id tells.
    let archive = "arn:aws:events:us-east-1:000000000000:archive/client-events-archive";
    let bus = "arn:aws:events:us-east-1:000000000000:event-bus/client-events";
    let rule = "arn:aws:events:us-east-1:000000000000:rule/client-events/client-events-to-stream";
    let replay = json!({
        "ReplayName": "again", "EventSourceArn": archive,
        "EventStartTime": 1, "EventEndTime": 4_000_000_000_u32,
        "Destination": {"Arn": bus, "FilterArns": [rule]},
    });
    events(&up, "StartReplay", &replay);
    until("the replay is done", || {
        events(&up, "DescribeReplay", &json!({"ReplayName": "again"}))["State"] == "COMPLETED"
    });
    up.flush();
    assert_eq!(count("select count(*) as n from events"), 600);
    assert_eq!(count("select count(distinct id) as n from events"), 300);
    assert_eq!(desk.distinct(), loyal);

    // What is defined and archived is there after a restart.
    let (status, said) = up.stop();
    assert_eq!(status, 0, "{said}");
    assert!(!said.contains("s3cret"), "a secret is not said");
    // A ticket comes twice where its answer came too late, on a busy machine; and then that is said.
    let came = desk.tickets.lock().unwrap().len() as u64;
    assert!(
        came == loyal || said.contains("did not take an event (attempt 1): TIMEOUT"),
        "{came} requests for {loyal} tickets: {said}"
    );
    let up = Up::start(place.path(), &arguments);
    let described = events(
        &up,
        "DescribeArchive",
        &json!({"ArchiveName": "client-events-archive"}),
    );
    assert_eq!(described["EventCount"], 300);
    place
        .run(&[
            "send",
            "--api",
            &format!("http://{}/prod/event", up.address),
            "--token-file",
            "token",
            "--events",
            "10",
        ])
        .ok();
    up.flush();
    assert_eq!(count("select count(distinct id) as n from events"), 310);
}

#[test]
fn a_secret_that_is_not_there_is_asked_for_before_anything_runs() {
    let place = Place::new();
    let template = example("../deploy/sam/template.yaml");
    let up = [
        "up",
        "-t",
        &template,
        "--parameter",
        "ServiceDeskUrl=http://127.0.0.1:1/",
        "--listen",
        "127.0.0.1:0",
    ];
    let ran = place.run(&up);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr
            .contains("the secret service-desk is needed, and nothing says where secrets are; give --secrets FILE"),
        "{}",
        ran.stderr
    );
    place.file("secrets.json", "{}");
    let ran = place.run(&[&up[..], &["--secrets", "secrets.json"]].concat());
    assert!(
        ran.stderr
            .contains("there is no secret service-desk with the key apiKey"),
        "{}",
        ran.stderr
    );
}

/// What the AWS sample's template makes of what its generator sends (its shopping event has a brace too many).
#[test]
fn the_aws_sample_runs_as_it_is_and_has_the_outcomes_that_it_has() {
    let has_python = std::process::Command::new("python3")
        .arg("--version")
        .output();
    if !has_python.is_ok_and(|ran| ran.status.success()) {
        eprintln!("skipped: there is no python3 for the sample's functions");
        return;
    }
    let (place, desk) = (Place::new(), Desk::start());
    place.file("template.yaml", include_str!("aws_sample/template.yaml"));
    place.file(
        "functions/authorizer.py",
        include_str!("aws_sample/authorizer.py"),
    );
    place.file(
        "functions/transformer.py",
        include_str!("aws_sample/transformer.py"),
    );
    let url = format!("DeskUrl={}", desk.url);
    let up = Up::start(
        place.path(),
        &["-t", "template.yaml", "--parameter", &url, "--flush", "1s"],
    );
    let token = place.run(&["token", "--client", "shop-7"]).ok();
    place.file("token", token);

    let event = |kind: &str, version: &str, data: &str| {
        format!("{{\"eventType\":\"{kind}\",\"schemaVersion\":\"{version}\",\"data\":{data}}}")
    };
    let ticket = r#"{"itemSku":"123"},"ticket":{"ticket":{"subject":"Loyalty customer purchase","comment":{"body":"b"}}}"#;
    let entries = [
        event("shopping", "1", r#"{"itemSku":"123"}"#) + "}",
        event("searching", "1", r#"{"searchTerm":"games"}"#),
        event("paging", "2", r#"{"searchTerm":"games","page":"3"}"#),
        event("purchase", "2", r#"{"itemSku":"123"}"#),
        event("loyaltypurchase", "2", ticket),
    ];
    let body: Vec<Value> = entries
        .iter()
        .map(|entry| json!({"entry": entry}))
        .collect();
    place.file("bodies", json!({"entries": body}).to_string());
    let api = format!("http://{}/prod/event", up.address);
    let send = |file: &str| {
        place.run(&[
            "send",
            "--api",
            &api,
            "--token-file",
            "token",
            "--as",
            "entries",
            file,
        ])
    };
    let posted = send("bodies");
    for line in [
        "accepted  4 entries",
        "refused   1 entry: MalformedDetail: Detail is malformed.",
    ] {
        assert!(posted.stderr.contains(line), "{}", posted.stderr);
    }
    // An apostrophe costs the whole request, with a status that says otherwise.
    place.file(
        "apostrophe",
        json!({"entries": [{"entry": "{\"a\":\"it's\"}"}]}).to_string(),
    );
    let posted = send("apostrophe");
    assert!(
        posted
            .stderr
            .contains("refused   1 entry: 200 SerializationException"),
        "{}",
        posted.stderr
    );

    until("the ticket is at the service desk", || {
        !desk.tickets.lock().unwrap().is_empty()
    });
    let (head, body) = desk.tickets.lock().unwrap()[0].clone();
    assert_eq!(body["ticket"]["comment"]["body"], "b");
    assert!(
        head.contains("authorization: basic ywdlbnqvdg9rzw46a2v5"),
        "{head}"
    );
    up.flush();
    let (status, said) = up.stop();
    assert_eq!(status, 0, "{said}");
    let folders = ["searching/1", "paging/2", "purchase/2", "loyaltypurchase/2"];
    for folder in folders {
        assert!(
            place.path().join("lake").join(folder).is_dir(),
            "{folder}: {said}"
        );
    }
    let of_client = "select count(*) as n from events where detail.accountNumber = 'shop-7'";
    let answer = place.run(&[
        "sql",
        "--lake",
        "lake",
        "--prefix",
        "!{partitionKeyFromQuery:eventType}/!{partitionKeyFromQuery:schemaVersion}/",
        "--format",
        "csv",
        "-c",
        of_client,
    ]);
    assert_eq!(answer.ok(), "n\n4\n");
}
