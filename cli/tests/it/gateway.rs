//! The front door: `hydrant up` with a template's APIs, `hydrant token`, `hydrant send --api`.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

use crate::{
    serving::Up,
    support::{Place, example},
};

/// A bus that keeps the entries it gets, and takes them as EventBridge does.
struct Bus {
    url: String,
    entries: Arc<Mutex<Vec<Value>>>,
}

impl Bus {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let entries = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&entries);
        thread::spawn(move || {
            for socket in listener.incoming() {
                let kept = Arc::clone(&kept);
                thread::spawn(move || serve(socket.unwrap(), &kept));
            }
        });
        Self { url, entries }
    }

    fn taken(&self) -> Vec<Value> {
        std::mem::take(&mut self.entries.lock().unwrap())
    }
}

fn serve(socket: TcpStream, entries: &Mutex<Vec<Value>>) {
    let mut reader = BufReader::new(socket);
    while let Some((head, body)) = read(&mut reader) {
        assert!(head.contains("x-amz-target: AWSEvents.PutEvents"), "{head}");
        let (status, answer) = answer(&body, entries);
        let length = answer.len();
        let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n\r\n{answer}");
        reader.get_mut().write_all(answer.as_bytes()).unwrap();
    }
}

/// The head and the body of a message.
fn read(reader: &mut BufReader<TcpStream>) -> Option<(String, String)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let lower = head.to_lowercase();
    let length = lower.split("content-length: ").nth(1)?.lines().next()?;
    let mut body = vec![0; length.trim().parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8(body).unwrap()))
}

fn answer(body: &str, kept: &Mutex<Vec<Value>>) -> (u16, String) {
    let Ok(read) = serde_json::from_str::<Value>(body) else {
        let kind = "com.amazon.coral.service#SerializationException";
        return (400, json!({ "__type": kind }).to_string());
    };
    let entries = read["Entries"].as_array().unwrap();
    if !(1..=10).contains(&entries.len()) {
        let error =
            json!({"__type": "ValidationException", "message": "1 validation error detected"});
        return (400, error.to_string());
    }
    let answers: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let detail = serde_json::from_str::<Value>(entry["Detail"].as_str().unwrap());
            if detail.is_ok_and(|detail| detail.is_object()) {
                kept.lock().unwrap().push(entry.clone());
                json!({"EventId": "id"})
            } else {
                json!({"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."})
            }
        })
        .collect();
    let failed = answers
        .iter()
        .filter(|answer| answer.get("ErrorCode").is_some())
        .count();
    (
        200,
        json!({"Entries": answers, "FailedEntryCount": failed}).to_string(),
    )
}

/// The front door of the template that is deployed, and a bus behind it.
struct Door {
    up: Up,
    bus: Bus,
    place: Place,
}

impl Door {
    fn open() -> Self {
        let (place, bus) = (Place::new(), Bus::start());
        let template = example("../deploy/sam/front.yaml");
        let up = Up::start(
            place.path(),
            &["-t", &template, "--events-endpoint", &bus.url],
        );
        Self { up, bus, place }
    }

    fn token(&self, client: &str) -> String {
        let token = self.place.run(&["token", "--client", client]).ok();
        token.trim().to_owned()
    }

    /// The status, and the body as JSON.
    fn post(&self, path: &str, token: &str, body: &str) -> (u16, Value) {
        let mut socket = BufReader::new(TcpStream::connect(&self.up.address).unwrap());
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: {token}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        socket.get_mut().write_all(request.as_bytes()).unwrap();
        let (head, body) = read(&mut socket).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(&body).unwrap())
    }
}

#[test]
fn every_body_comes_through_the_deployed_template_or_is_refused_by_it() {
    let door = Door::open();
    let token = door.token("shop-7");
    let cases = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../gateway/tests/mapping.json"),
    );
    let cases: Value = serde_json::from_str(&cases.unwrap()).unwrap();
    for case in cases["cases"].as_array().unwrap() {
        let (status, answer) = door.post("/prod/event", &token, &case["body"].to_string());
        let arrived = door.bus.taken();
        let Some(details) = case["details"].as_array() else {
            assert_eq!(status, 400, "{case} {answer}");
            assert_eq!(answer["message"], "Invalid request body");
            assert!(arrived.is_empty());
            continue;
        };
        if details.is_empty() || details.len() > 10 {
            // EventBridge takes one to ten, and a client is told so: not with 200, as in the AWS sample.
            assert_eq!((status, arrived.len()), (400, 0), "{case} {answer}");
            assert_eq!(answer["reason"], "1 validation error detected");
            continue;
        }
        let good = details
            .iter()
            .filter(|it| serde_json::from_str::<Value>(it.as_str().unwrap()).is_ok());
        let good: Vec<_> = good.cloned().collect();
        let wanted = if good.len() == details.len() {
            200
        } else {
            207
        };
        assert_eq!(status, wanted, "{case} {answer}");
        assert_eq!(
            arrived
                .iter()
                .map(|it| it["Detail"].clone())
                .collect::<Vec<_>>(),
            good
        );
        for entry in arrived {
            assert_eq!(entry["Resources"], json!(["shop-7"]));
            assert_eq!(entry["EventBusName"], "client-events");
            assert_eq!(
                (&entry["Source"], &entry["DetailType"]),
                (&json!("clientevents"), &json!("prod"))
            );
        }
    }
}

#[test]
fn nobody_gets_in_without_a_good_token_nor_as_somebody_else() {
    let door = Door::open();
    let body = r#"{"entries":[{"entry":"{}","clientId":"other"}],"clientId":"other"}"#;
    let token = door.token("shop-7");
    let access = door
        .place
        .run(&["token", "--client", "shop-7", "--use", "access"])
        .ok();
    let stranger = Place::new().run(&["token", "--client", "shop-7"]).ok();
    for wrong in [
        "",
        "x",
        "a.b.c",
        access.trim(),
        stranger.trim(),
        token.get(..token.len() - 2).unwrap(),
    ] {
        let (status, answer) = door.post("/prod/event", wrong, body);
        assert_eq!(
            (status, &answer["message"]),
            (401, &json!("Unauthorized")),
            "{wrong}"
        );
        assert!(
            matches!(door.post("/uploads", wrong, "{}").0, 401 | 403),
            "{wrong}"
        );
    }
    assert!(door.bus.taken().is_empty());
    assert_eq!(door.post("/prod/event", &token, body).0, 200);
    assert_eq!(door.bus.taken()[0]["Resources"], json!(["shop-7"]));
    let (status, answer) = door.post("/prod/nothing", &token, body);
    assert_eq!(
        (status, &answer["message"]),
        (403, &json!("Missing Authentication Token"))
    );
}

#[test]
fn an_upload_is_one_event_of_its_client() {
    let door = Door::open();
    let token = door.token("shop-7");
    let (status, answer) = door.post("/uploads", &token, r#"{"file":"it's"}"#);
    assert_eq!((status, &answer["FailedEntryCount"]), (200, &json!(0)));
    let expected = json!({
        "Source": "clientevents", "DetailType": "upload", "EventBusName": "client-events",
        "Resources": ["shop-7"], "Detail": r#"{"file":"it's"}"#,
    });
    assert_eq!(door.bus.taken(), [expected]);
    assert_eq!(
        door.post("/nothing", &token, "{}").1,
        json!({"message": "Not Found"})
    );
}

#[test]
fn what_is_sent_is_counted_by_what_became_of_it() {
    let door = Door::open();
    let url = format!("http://{}/prod/event", door.up.address);
    door.place.file("token", door.token("shop-7"));
    let to_api = ["send", "--api", &url, "--token-file", "token"];
    let with = |more: &[&str]| door.place.run(&[&to_api, more].concat());

    let sent = with(&["--events", "25"]);
    assert!(
        sent.stderr.contains("accepted  25 entries by http://"),
        "{}",
        sent.stderr
    );
    sent.ok();
    let taken = door.bus.taken();
    assert_eq!(taken.len(), 25);
    let is_loyal = |it: &Value| {
        it["Detail"]
            .as_str()
            .unwrap()
            .contains("\"loyaltypurchase\"")
    };
    assert!(!taken.iter().any(is_loyal));
    with(&["--events", "400", "--loyalty"]).ok();
    assert!(door.bus.taken().iter().any(is_loyal));

    // A malformed entry costs its neighbours nothing, and can be sent again when it is mended.
    door.place.file(
        "bodies",
        "{\"entries\":[{\"entry\":\"{}\"},{\"entry\":\"{}}\"},{\"entry\":\"{}\"}]}\n",
    );
    let sent = with(&["--as", "entries", "bodies", "--failed", "failed"]);
    assert_eq!(sent.status, 1);
    for line in [
        "accepted  2 entries by ",
        "refused   1 entry: MalformedDetail: Detail is malformed.",
    ] {
        assert!(sent.stderr.contains(line), "{}", sent.stderr);
    }
    let failed: Value = serde_json::from_str(&door.place.read("failed")).unwrap();
    assert_eq!(failed, json!({"entries": [{"entry": "{}}"}]}));

    // Events are sent as they are spelled.
    door.place
        .file("events", "{\"detail\":{\"a\":1.50},\"id\":\"x\"}\n");
    door.bus.taken();
    with(&["events"]).ok();
    assert_eq!(door.bus.taken()[0]["Detail"], r#"{"a":1.50}"#);

    let began = std::time::Instant::now();
    with(&["--events", "4", "--rate", "4"]).ok();
    with(&["--for", "1s", "--rate", "20"]).ok();
    assert!(began.elapsed().as_millis() >= 1000);
    let count = door.bus.taken().len();
    assert!((20..=44).contains(&count), "{count}");

    let refused = door
        .place
        .run(&["send", "--api", &url, "--token", "a.b.c", "--events", "3"]);
    assert!(
        refused
            .stderr
            .contains("refused   3 entries: 401 Unauthorized"),
        "{}",
        refused.stderr
    );
    assert_eq!(refused.status, 1);
}

#[test]
fn wrong_usage_of_tokens_and_front_doors_is_said() {
    let place = Place::new();
    for (arguments, text) in [
        (&["token"][..], "--client"),
        (&["token", "--client", "a b"], "an id has 1 to 128 letters"),
        (
            &["token", "--client", "a", "--expires", "99999h"],
            "at most 30 days",
        ),
        (&["send", "--api", "ftp://x"], "neither http nor https"),
        (
            &["send", "--api", "http://127.0.0.1:1/x", "--stream", "s"],
            "cannot be used with",
        ),
        (
            &["send", "--rate", "5", "--stream", "s"],
            "cannot be used with",
        ),
        (&["send"], "--stream"),
        (&["up", "--issuer", "https://example.com"], "--app-client"),
    ] {
        let ran = place.run(arguments);
        assert_eq!(ran.status, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(text), "{arguments:?}: {}", ran.stderr);
    }
    let none = place.run(&[
        "send",
        "--api",
        "http://127.0.0.1:1/x",
        "--events",
        "1",
        "--attempts",
        "1",
    ]);
    assert_eq!(none.status, 1);
    assert!(
        none.stderr.contains("Connection refused"),
        "{}",
        none.stderr
    );
    place.file("lake.hydrant/identity.json", "{}");
    let broken = place.run(&["token", "--client", "a"]);
    assert!(
        broken.stderr.contains("remove it, and a new one is made"),
        "{}",
        broken.stderr
    );
}

#[test]
fn a_template_that_cannot_be_served_is_refused_before_anything_runs() {
    let place = Place::new();
    let front = std::fs::read_to_string(example("../deploy/sam/front.yaml")).unwrap();
    place.file(
        "front.yaml",
        front.replace("#foreach($element", "#foreach($element of"),
    );
    let ran = place.run(&[
        "up",
        "-t",
        "front.yaml",
        "--events-endpoint",
        "http://127.0.0.1:1",
        "--listen",
        "127.0.0.1:0",
    ]);
    assert_eq!(ran.status, 1);
    for text in [
        "the API EventsApi",
        "POST /event",
        "line 5",
        "#foreach goes as",
    ] {
        assert!(ran.stderr.contains(text), "{text}: {}", ran.stderr);
    }
}

#[test]
fn a_key_is_the_owners_alone_and_an_old_one_stays_good_for_a_while() {
    let place = Place::new();
    let old = place.run(&["token", "--client", "a"]).ok();
    let file = place.path().join("lake.hydrant/identity.json");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let new = place.run(&["token", "--client", "a", "--new-key"]).ok();
    let bus = Bus::start();
    let template = example("../deploy/sam/front.yaml");
    let up = Up::start(
        place.path(),
        &["-t", &template, "--events-endpoint", &bus.url],
    );
    let (status, keys) = up.request("GET /.well-known/jwks.json", "", "");
    let keys: Value = serde_json::from_str(&keys).unwrap();
    assert_eq!((status, keys["keys"].as_array().unwrap().len()), (200, 2));
    assert!(!keys.to_string().contains("PRIVATE"));
    let door = Door { up, bus, place };
    let body = r#"{"entries":[{"entry":"{}"}]}"#;
    for token in [old, new] {
        assert_eq!(door.post("/prod/event", token.trim(), body).0, 200);
    }
}

#[test]
fn large_and_half_requests_are_bounded_and_keep_nobody_waiting() {
    let door = Door::open();
    let token = door.token("shop-7");
    let half: Vec<TcpStream> = (0..40)
        .map(|number| {
            let mut socket = TcpStream::connect(&door.up.address).unwrap();
            let head =
                "POST /prod/event HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n";
            // Some stop in their head, some in their body, some at once.
            let text = match number % 3 {
                0 => format!("{head}\r\n{{\"entries\""),
                1 => head.to_owned(),
                _ => String::new(),
            };
            socket.write_all(text.as_bytes()).unwrap();
            socket
        })
        .collect();
    // Nine hundred thousand bytes in one entry go through; they are the client's business.
    let long = "x".repeat(900_000);
    let entry = json!({ "a": long }).to_string();
    let body = json!({"entries": [{"entry": entry}]}).to_string();
    assert_eq!(door.post("/prod/event", &token, &body).0, 200);
    assert_eq!(door.bus.taken()[0]["Detail"].as_str(), Some(entry.as_str()));
    drop(half);
    // Beyond ten megabytes API Gateway takes nothing, and neither does this, before it is sent.
    let mut socket = BufReader::new(TcpStream::connect(&door.up.address).unwrap());
    let head = format!(
        "POST /prod/event HTTP/1.1\r\nhost: localhost\r\nauthorization: {token}\r\ncontent-length: 11000000\r\n\r\n"
    );
    socket.get_mut().write_all(head.as_bytes()).unwrap();
    let (head, body) = read(&mut socket).unwrap();
    assert!(head.starts_with("HTTP/1.1 413"), "{head}");
    assert_eq!(body, "HTTP content length exceeded 10485760 bytes.");
}
