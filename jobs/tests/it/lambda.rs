//! The Lambda function: events of EventBridge Scheduler in, answers out, over the Runtime API.

#![expect(clippy::disallowed_methods, reason = "Lambda has a clock of its own")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{Sender, channel},
    },
    time::Duration,
    vec::IntoIter,
};

use crate::support::{DAILY, Place};

/// What a function may take, in milliseconds.
const MINUTE: i64 = 60_000;

/// Hands out events, and what is left of their time; passes on what is posted: the path's end, and the body.
fn runtime_api(events: Vec<(String, i64)>, posted: Sender<(String, String)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let events = Arc::new(Mutex::new(events.into_iter()));
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let (connection, events, posted) =
                (connection.unwrap(), Arc::clone(&events), posted.clone());
            std::thread::spawn(move || serve(&connection, &events, &posted));
        }
    });
    address
}

fn serve(
    connection: &TcpStream,
    events: &Mutex<IntoIter<(String, i64)>>,
    posted: &Sender<(String, String)>,
) {
    let mut reader = BufReader::new(connection);
    loop {
        let (mut request, mut length) = (String::new(), 0);
        if reader.read_line(&mut request).unwrap_or(0) == 0 {
            return;
        }
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let line = line.trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let path = request.split(' ').nth(1).unwrap();
        let (head, answer) = if path.ends_with("/next") {
            let next = events.lock().unwrap().next();
            let Some((event, left)) = next else {
                // Nothing more comes; the test ends the function.
                std::thread::sleep(Duration::from_mins(10));
                return;
            };
            let deadline = std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap();
            let deadline = i64::try_from(deadline.as_millis()).unwrap() + left;
            let head = format!(
                "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
                 Lambda-Runtime-Deadline-Ms: {deadline}\r\nLambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:x\r\n"
            );
            (head, event)
        } else {
            let end = path.rsplit('/').next().unwrap().to_owned();
            posted
                .send((end, String::from_utf8(body).unwrap()))
                .unwrap();
            ("HTTP/1.1 202 Accepted\r\n".to_owned(), String::new())
        };
        let answer = format!(
            "{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        );
        (&*connection).write_all(answer.as_bytes()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_the_scheduler_are_answered_within_their_time() {
    let place = Place::new().await;
    for n in 1..=9 {
        place.object(n, "a", &[("buy", f64::from(n))]);
    }
    // Long over, by the machine's own clock.
    let from_start = DAILY.replace("-- output", "-- start = \"2026-11-01\"\n-- output");
    place.file(
        "daily.sql",
        &from_start.replace("cron(0 6 * * ? *)", "at(2026-11-10T00:00:00)"),
    );
    let (posted, answers) = channel();
    let event = |event: &str, left| (event.to_owned(), left);
    let events = vec![
        // Time for nothing, then for all of it, and again.
        event("\"due\"", 5_000),
        event("{\"due\": true}", MINUTE),
        event("{\"job\": \"daily\"}", MINUTE),
        event("{\"job\": \"daily\", \"at\": \"2026-11-03\"}", MINUTE),
        event("{\"job\": \"nightly\"}", MINUTE),
        event("{\"records\": []}", MINUTE),
    ];
    let count = events.len();
    let mut function = Command::new(env!("CARGO_BIN_EXE_jobs"))
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api(events, posted))
        .env("AWS_LAMBDA_FUNCTION_NAME", "jobs")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "2048")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("LAKE", place.path("lake"))
        .env("JOBS", place.path("jobs"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    for _ in 0..count {
        let (end, body) = answers.recv_timeout(Duration::from_mins(1)).unwrap();
        said += &format!("{end} {body}\n");
    }
    function.kill().unwrap();
    let mut log = String::new();
    function
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
    function.wait().unwrap();
    insta::assert_snapshot!(said, @r#"
    response {"byOthers":0,"done":0,"failed":0,"held":0,"left":9,"rejected":0}
    response {"byOthers":0,"done":9,"failed":0,"held":0,"left":0,"rejected":0}
    response {"byOthers":0,"done":0,"failed":0,"held":0,"left":0,"rejected":0}
    response {"byOthers":0,"done":1,"failed":0,"held":0,"left":0,"rejected":0}
    error {"errorMessage":"there is no job `nightly`; there are daily","errorType":"Hydrant.Jobs","stackTrace":[]}
    error {"errorMessage":"the event is none of \"due\", \"NAME\", {\"job\": \"NAME\"} and {\"job\": \"NAME\", \"at\": \"2026-11-21\"}: set the Input of the schedule to one of them","errorType":"Hydrant.NotAJobsEvent","stackTrace":[]}
    "#);
    assert_eq!(log.matches("\"what\":\"run\"").count(), 10, "{log}");
    assert!(log.contains("\"Namespace\":\"Hydrant/Jobs\""), "{log}");
    assert_eq!(log.matches("\"what\":\"error\"").count(), 2, "{log}");
    assert_eq!(place.ask("select sum(n) as n from daily").await, "n\n9\n");
}
