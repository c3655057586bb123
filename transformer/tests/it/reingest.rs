//! The binary with more to answer than an answer holds, before a Firehose that is not well.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use hydrant_delivery::{Function, Ids, RuntimeApi, SystemClock};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::respond::{event, record};

/// What a Firehose was asked, and what it took.
#[derive(Default)]
struct Firehose {
    calls: usize,
    stream: String,
    authorized: bool,
    taken: HashMap<String, usize>,
}

impl Firehose {
    /// The first call fails as a whole, the second takes every other record, the others all.
    fn answer(&mut self, head: &str, body: &[u8]) -> (u16, Value) {
        let put: Value = serde_json::from_slice(body).unwrap();
        let records = put["Records"].as_array().unwrap();
        assert!(head.contains("Firehose_20150804.PutRecordBatch"), "{head}");
        assert!(records.len() <= 500 && body.len() < 6 << 20);
        self.calls += 1;
        self.authorized = head.contains("Credential=AKIDTEST/");
        put["DeliveryStreamName"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.stream);
        if self.calls == 1 {
            return (
                500,
                json!({"__type": "ServiceUnavailableException", "message": "Slow down."}),
            );
        }
        let mut failed = 0;
        let mut responses = Vec::new();
        for (number, record) in records.iter().enumerate() {
            if self.calls == 2 && number % 2 == 0 {
                failed += 1;
                responses.push(json!({"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}));
                continue;
            }
            let data = record["Data"].as_str().unwrap().to_owned();
            *self.taken.entry(data).or_default() += 1;
            responses.push(json!({"RecordId": number.to_string()}));
        }
        (
            200,
            json!({"FailedPutCount": failed, "Encrypted": false, "RequestResponses": responses}),
        )
    }
}

async fn serve(listener: TcpListener, firehose: Arc<Mutex<Firehose>>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(converse(stream, Arc::clone(&firehose)));
    }
}

/// Answers the requests of one connection, as far as HTTP/1.1 with a length goes.
async fn converse(mut stream: TcpStream, firehose: Arc<Mutex<Firehose>>) {
    let mut read = Vec::new();
    loop {
        let head_end = loop {
            if let Some(at) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let head = String::from_utf8_lossy(&read[..head_end]).into_owned();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>().unwrap())
        });
        let end = head_end + length.unwrap();
        while read.len() < end {
            assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0);
        }
        let (status, answer) = firehose.lock().unwrap().answer(&head, &read[head_end..end]);
        read.drain(..end);
        let answer = answer.to_string();
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        stream.write_all((head + &answer).as_bytes()).await.unwrap();
    }
}

/// An event of `count` records whose partition keys make the answer much larger than the event.
fn crowded(count: usize) -> String {
    let key = "k".repeat(400);
    let records: Vec<_> = (0..count)
        .map(|number| {
            record(
                format!("{number:06}"),
                json!({"k": key, "n": number}).to_string(),
            )
        })
        .collect();
    event(records)
}

fn function(endpoint: &str, reingest: &str) -> Function {
    let keys: Vec<_> = (0..10).map(|number| format!("k{number}=.k")).collect();
    let mut function = Function::new("transformer", env!("CARGO_BIN_EXE_transformer"))
        .with_variable("PARTITION_KEYS", keys.join(","))
        .with_variable("REINGEST", reingest)
        .with_variable("AWS_REGION", "eu-west-1")
        .with_variable("AWS_ACCESS_KEY_ID", "AKIDTEST")
        .with_variable("AWS_SECRET_ACCESS_KEY", "secret")
        .with_variable("AWS_ENDPOINT_URL_FIREHOSE", endpoint);
    function.timeout = Duration::from_secs(30);
    function.output = Arc::new(|_| {});
    function
}

/// How many records have each result.
async fn results(function: Function, event: String) -> HashMap<String, usize> {
    let api = RuntimeApi::new(function, Arc::new(SystemClock), Ids::from_seed(1));
    let answer = api.call(Bytes::from(event)).await.unwrap();
    assert!(answer.len() <= 6_291_456);
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    let mut results = HashMap::new();
    for record in answer["records"].as_array().unwrap() {
        let result = record["result"].as_str().unwrap().to_owned();
        *results.entry(result).or_default() += 1;
    }
    results
}

#[tokio::test]
async fn what_does_not_fit_goes_into_the_stream_again_once() {
    const COUNT: usize = 3_000;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let firehose = Arc::<Mutex<Firehose>>::default();
    let server = tokio::spawn(serve(listener, Arc::clone(&firehose)));
    let event = crowded(COUNT);
    let results = results(function(&endpoint, "true"), event.clone()).await;
    server.abort();
    let firehose = firehose.lock().unwrap();
    assert_eq!(results["Ok"] + results["Dropped"], COUNT, "{results:?}");
    assert_eq!(firehose.stream, "clientevents");
    assert!(firehose.authorized && firehose.calls > 3);
    // Each dropped record was taken once, with the bytes that the event had.
    assert_eq!(firehose.taken.len(), results["Dropped"]);
    assert!(firehose.taken.values().all(|times| *times == 1));
    assert!(firehose.taken.keys().all(|data| event.contains(data)));
}

#[tokio::test]
async fn what_does_not_fit_is_failed_where_nothing_is_put_again() {
    // Nobody listens there, and nobody is asked.
    let results = results(function("http://127.0.0.1:1", "false"), crowded(3_000)).await;
    assert_eq!(results["Ok"] + results["ProcessingFailed"], 3_000);
    assert!(results["ProcessingFailed"] > 1_000);
}
