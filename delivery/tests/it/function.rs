//! The Lambda Runtime API host: every way in which a function may go wrong, and what the records then say.
//! The function is this test binary again, as another process.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    num::NonZeroUsize,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use hydrant_delivery::{
    Clock, Delivery, DeliveryStream, Function, Ids, InvokeError, RuntimeApi, Settings, SystemClock,
};
use hydrant_lake::Lake;
use hydrant_records::ErrorRecord;
use serde_json::{Value, json};

/// Tells the function that it is one, and what it does.
const BEHAVIOUR: &str = "HYDRANT_TEST_FUNCTION";

/// One request on a connection of its own: its headers in lower case, and its body.
fn request(line: &str, body: &[u8]) -> (BTreeMap<String, String>, Vec<u8>) {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    let mut stream = TcpStream::connect(&api).unwrap();
    let head = format!(
        "{line} HTTP/1.1\r\nhost: {api}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // An answer that is too large is refused before all of it is read.
    stream.write_all(body).ok();
    let mut stream = BufReader::new(stream);
    let mut headers = BTreeMap::new();
    let mut line = String::new();
    stream.read_line(&mut line).ok();
    loop {
        line.clear();
        if stream.read_line(&mut line).unwrap_or(0) == 0 {
            break;
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
            None => break,
        };
    }
    let mut body = Vec::new();
    stream.read_to_end(&mut body).ok();
    (headers, body)
}

/// The function. As a test of its own it does nothing.
#[test]
fn the_process_of_the_function() {
    let Ok(behaviour) = std::env::var(BEHAVIOUR) else {
        return;
    };
    if behaviour == "no start" {
        request(
            "POST /2018-06-01/runtime/init/error",
            br#"{"errorType":"Broken","errorMessage":"no start"}"#,
        );
        end(1);
    }
    for number in 0.. {
        let (headers, event) = request("GET /2018-06-01/runtime/invocation/next", b"");
        let id = &headers["lambda-runtime-aws-request-id"];
        let deadline: i64 = headers["lambda-runtime-deadline-ms"].parse().unwrap();
        assert!(deadline > 0);
        let event: Value = serde_json::from_slice(&event).unwrap();
        let answer = answer(&behaviour, number, &event);
        match answer {
            Ok(body) => request(
                &format!("POST /2018-06-01/runtime/invocation/{id}/response"),
                &body,
            ),
            Err(body) => request(
                &format!("POST /2018-06-01/runtime/invocation/{id}/error"),
                &body,
            ),
        };
    }
}

/// What the function answers to its event with this number: `Err` is an error report.
fn answer(behaviour: &str, number: usize, event: &Value) -> Result<Vec<u8>, Vec<u8>> {
    let records = event["records"].as_array().unwrap();
    let told = |result: &str, change: &dyn Fn(&mut Value)| {
        let records: Vec<Value> = records
            .iter()
            .map(|record| {
                let mut told = json!({ "recordId": record["recordId"], "result": result, "data": record["data"] });
                change(&mut told);
                told
            })
            .collect();
        json!({ "records": records }).to_string().into_bytes()
    };
    let nothing = |_: &mut Value| {};
    Ok(match behaviour {
        "throws" => return Err(br#"{"errorType":"Oops","errorMessage":"no"}"#.to_vec()),
        "hangs" => loop {
            std::thread::park();
        },
        "crashes once" if number == 0 && first_run() => end(3),
        "crashes" => end(3),
        "not JSON" => b"<html>".to_vec(),
        "no records" => b"{}".to_vec(),
        "too large" => vec![b' '; 6_291_457],
        "wrong ids" => told("Ok", &|told| told["recordId"] = "other".into()),
        "wrong result" => told("Done", &nothing),
        "bad base64" => told("Ok", &|told| told["data"] = "***".into()),
        "no data" => told("Ok", &|told| told["data"] = Value::Null),
        "twice" => {
            let once: Value = serde_json::from_slice(&told("Ok", &nothing)).unwrap();
            let mut twice = once["records"].as_array().unwrap().clone();
            twice.extend(once["records"].as_array().unwrap().clone());
            json!({ "records": twice }).to_string().into_bytes()
        }
        _ => told("Ok", &nothing),
    })
}

#[expect(clippy::exit, reason = "this is a function that crashes")]
fn end(status: i32) -> ! {
    std::process::exit(status)
}

/// Whether no process of this test has come here before; a file remembers it.
fn first_run() -> bool {
    std::fs::File::create_new(std::env::var("HYDRANT_TEST_ONCE").unwrap()).is_ok()
}

fn function(behaviour: &str) -> Function {
    let mut function = Function::new("f", std::env::current_exe().unwrap());
    function.arguments = [
        "--exact",
        "function::the_process_of_the_function",
        "--nocapture",
    ]
    .map(Into::into)
    .into();
    function.timeout = Duration::from_secs(20);
    function.with_variable(BEHAVIOUR, behaviour)
}

fn host(function: Function) -> RuntimeApi {
    RuntimeApi::new(function, Arc::new(SystemClock), Ids::from_seed(1))
}

/// What becomes of three records: code, attempts, message of each error record, and how many were delivered.
async fn deliver(function: Function, retries: u32) -> (Vec<(String, i64)>, u64) {
    let place = tempfile::tempdir().unwrap();
    let lake = Lake::open(place.path().to_str().unwrap(), true)
        .await
        .unwrap();
    let retries = retries.to_string();
    let stream = json!({
        "DeliveryStreamName": "s",
        "ExtendedS3DestinationConfiguration": {
            "RoleARN": "arn:aws:iam::123456789012:role/r", "BucketARN": "arn:aws:s3:::b", "Prefix": "data/",
            "ErrorOutputPrefix": "errors/",
            "ProcessingConfiguration": { "Enabled": true, "Processors": [{ "Type": "Lambda", "Parameters": [
                { "ParameterName": "LambdaArn", "ParameterValue": "arn:aws:lambda:eu-west-1:123456789012:function:f" },
                { "ParameterName": "NumberOfRetries", "ParameterValue": retries },
            ]}]},
        },
    });
    let settings = Settings {
        clock: Arc::new(SystemClock),
        ids: Ids::from_seed(1),
        buffer_memory: 1 << 20,
        parallelism: 1,
    };
    let stream = DeliveryStream::from_json(&stream.to_string()).unwrap();
    let mut delivery =
        Delivery::new(stream, lake, Some(Arc::new(host(function))), settings).unwrap();
    for n in 0..3 {
        delivery
            .put(Bytes::from(format!("{{\"n\":{n}}}")))
            .await
            .unwrap();
    }
    let account = delivery.finish().await.unwrap();
    assert_eq!(account.in_flight(), 0);
    let mut refused = Vec::new();
    for (name, object) in hydrant_testing::files(place.path()).unwrap() {
        for line in object
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            if name.starts_with("errors/") {
                let error: ErrorRecord = serde_json::from_slice(line).unwrap();
                assert!(error.raw_data.starts_with(b"{\"n\":"), "the source bytes");
                refused.push((error.error_code, error.attempts_made));
            }
        }
    }
    (refused, account.delivered)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_function_does_wrong_is_in_the_error_record() {
    for (behaviour, code, attempts) in [
        ("throws", "Lambda.FunctionError", 2),
        ("crashes", "Lambda.FunctionError", 2),
        ("no start", "Lambda.FunctionError", 2),
        ("too large", "Lambda.FunctionError", 2),
        ("not JSON", "Lambda.JsonProcessingException", 1),
        ("no records", "Lambda.MissingRecordId", 1),
        ("wrong ids", "Lambda.MissingRecordId", 1),
        ("twice", "Lambda.DuplicatedRecordId", 1),
        ("wrong result", "Lambda.FunctionError", 1),
        ("bad base64", "Lambda.FunctionError", 1),
        ("no data", "Lambda.InvalidReturnFormat", 1),
    ] {
        let (refused, delivered) = deliver(function(behaviour), 1).await;
        assert_eq!(refused, vec![(code.to_owned(), attempts); 3], "{behaviour}");
        assert_eq!(delivered, 0, "{behaviour}");
    }
    assert_eq!(deliver(function("works"), 1).await, (vec![], 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_hangs_is_stopped_when_its_time_is_over() {
    let mut hanging = function("hangs");
    hanging.timeout = Duration::from_millis(200);
    let timed_out = ("Lambda.FunctionTimedOut".to_owned(), 1);
    assert_eq!(deliver(hanging, 0).await, (vec![timed_out; 3], 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_another_process_takes_the_retry() {
    let place = tempfile::tempdir().unwrap();
    let once = place.path().join("once");
    let crashing = function("crashes once").with_variable("HYDRANT_TEST_ONCE", once);
    assert_eq!(deliver(crashing, 1).await, (vec![], 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_not_there_is_named() {
    let error = host(Function::new("f", "/nowhere/bootstrap"))
        .call(Bytes::from_static(b"{\"records\":[]}"))
        .await
        .unwrap_err();
    let InvokeError::Function(text) = &error else {
        panic!("{error}")
    };
    assert!(
        text.starts_with("cannot start f (/nowhere/bootstrap): "),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn events_run_beside_each_other_up_to_the_concurrency_and_no_further() {
    let mut two = function("hangs");
    two.concurrency = NonZeroUsize::new(2).unwrap();
    two.timeout = Duration::from_secs(2);
    let host = host(two);
    let began = SystemClock.now();
    let event = || Bytes::from_static(b"{\"records\":[]}");
    let (a, b, c) = tokio::join!(host.call(event()), host.call(event()), host.call(event()));
    for answer in [a, b, c] {
        assert_eq!(answer.unwrap_err(), InvokeError::TimedOut);
    }
    let took = SystemClock.now().duration_since(began);
    // Three at once would take two seconds, one after the other six.
    assert!((3900..5900).contains(&took.as_millis()), "{took}");
}
