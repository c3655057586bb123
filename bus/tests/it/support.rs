//! A bus in a folder of its own, targets that take notes, and an HTTP server that answers as it is told.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use hydrant_bus::{
    Api, Buses, Failure, FileQueues, Functions, Lines, Notice, Observer, Options, Reach, Streams,
    Surroundings,
};
use hydrant_endpoint::{ApiError, Clock, LogOptions, SystemClock};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

pub(crate) const STREAM: &str = "arn:aws:firehose:us-east-1:123456789012:deliverystream/s";
pub(crate) const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:dead";

/// What targets got, and whether they take anything.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) records: Mutex<Vec<(String, String)>>,
    pub(crate) notices: Mutex<Vec<String>>,
    /// The target that takes nothing, or all where it has no name, and why.
    pub(crate) failing: Mutex<Option<(String, Failure)>>,
}

impl Recorder {
    fn take(&self, target: &str, data: &[u8]) -> Result<(), Failure> {
        let failing = self.failing.lock().unwrap().clone();
        if let Some((of, failure)) = failing
            && (of.is_empty() || of == target)
        {
            return Err(failure);
        }
        let text = String::from_utf8(data.to_vec()).unwrap();
        self.records.lock().unwrap().push((target.to_owned(), text));
        Ok(())
    }

    pub(crate) fn of(&self, target: &str) -> Vec<String> {
        let records = self.records.lock().unwrap();
        let mine = records.iter().filter(|(it, _)| it == target);
        mine.map(|(_, text)| text.clone()).collect()
    }

    pub(crate) fn noticed(&self, text: &str) -> bool {
        self.notices
            .lock()
            .unwrap()
            .iter()
            .any(|it| it.contains(text))
    }
}

#[async_trait]
impl Streams for Recorder {
    async fn put(&self, stream: &str, records: &[Bytes]) -> Result<(), Failure> {
        records
            .iter()
            .try_for_each(|record| self.take(stream, record))
    }
}

#[async_trait]
impl Functions for Recorder {
    async fn invoke(&self, arn: &str, payload: Bytes) -> Result<(), Failure> {
        self.take(arn, &payload)
    }
}

impl Lines for Recorder {
    fn write(&self, group: &str, line: &[u8]) -> std::io::Result<()> {
        self.take(group, line).map_err(std::io::Error::other)
    }
}

impl Observer for Recorder {
    fn observe(&self, notice: &Notice<'_>) {
        self.notices.lock().unwrap().push(format!("{notice:?}"));
    }
}

/// A bus, its API and what its targets got.
pub(crate) struct World {
    pub(crate) buses: Arc<Buses>,
    pub(crate) api: Api,
    pub(crate) recorder: Arc<Recorder>,
}

pub(crate) fn options(place: &Path) -> Options {
    let log = LogOptions {
        path: place.join("events.redb"),
        capacity: 64 << 20,
        memory: 1 << 20,
    };
    Options::new(log, place.join("archive.redb"), 1)
}

impl World {
    pub(crate) async fn new(place: &Path) -> Self {
        Self::with(place, options(place), Arc::new(SystemClock)).await
    }

    pub(crate) async fn with(place: &Path, options: Options, clock: Arc<dyn Clock>) -> Self {
        Self::failing(place, options, clock, None).await
    }

    /// The same; a target takes nothing from the beginning.
    pub(crate) async fn failing(
        place: &Path,
        options: Options,
        clock: Arc<dyn Clock>,
        failing: Option<(String, Failure)>,
    ) -> Self {
        let recorder = Arc::new(Recorder {
            failing: Mutex::new(failing),
            ..Recorder::default()
        });
        let surroundings = Surroundings {
            clock,
            reach: Reach {
                streams: recorder.clone(),
                functions: recorder.clone(),
                queues: Arc::new(FileQueues {
                    folder: place.join("queues"),
                }),
                lines: recorder.clone(),
            },
            observer: recorder.clone(),
        };
        let buses = Buses::start(options, surroundings).await.unwrap();
        Self {
            api: Api::new(Arc::clone(&buses)),
            buses,
            recorder,
        }
    }

    pub(crate) async fn try_call(&self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        let answer = self
            .api
            .call(operation, input.to_string().as_bytes())
            .await?;
        Ok(serde_json::from_slice(&answer).unwrap())
    }

    pub(crate) async fn call(&self, operation: &str, input: Value) -> Value {
        let answer = self.try_call(operation, &input).await;
        answer.unwrap_or_else(|error| panic!("{operation} {input}: {error}"))
    }

    /// The type and the text that an operation is refused with.
    pub(crate) async fn refused(&self, operation: &str, input: Value) -> (String, String) {
        let error = self.try_call(operation, &input).await.unwrap_err();
        (error.name.to_string(), error.message)
    }

    /// A rule on the default bus that matches events of source `shop`, with these targets.
    pub(crate) async fn rule(&self, name: &str, targets: Value) {
        let pattern = r#"{"source":["shop"]}"#;
        self.call("PutRule", json!({"Name": name, "EventPattern": pattern}))
            .await;
        self.call("PutTargets", json!({"Rule": name, "Targets": targets}))
            .await;
    }

    /// Puts events of source `shop` with these details.
    pub(crate) async fn put(&self, details: &[Value]) {
        for details in details.chunks(10) {
            let entries = details.iter().map(|detail| {
                json!({"Source": "shop", "DetailType": "order", "Detail": detail.to_string()})
            });
            let entries: Vec<Value> = entries.collect();
            let answer = self.call("PutEvents", json!({ "Entries": entries })).await;
            assert_eq!(answer["FailedEntryCount"], 0, "{answer}");
        }
    }

    /// Waits until `done`.
    pub(crate) async fn until(&self, done: impl Fn(&Recorder) -> bool) {
        for _ in 0..2000 {
            if done(&self.recorder) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it never came: {:?}", self.recorder);
    }

    pub(crate) async fn stop(self) {
        self.buses.stop(Duration::from_secs(5)).await;
    }
}

/// The messages of a queue in `place`.
pub(crate) fn queue(place: &Path, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(place.join("queues").join(format!("{name}.ndjson")));
    let text = text.unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A request that a [`Web`] got.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    /// Method and path.
    pub(crate) line: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    pub(crate) at: std::time::Instant,
}

/// An HTTP server that gives its answers in turn, and the last for ever.
#[derive(Debug, Clone)]
pub(crate) struct Web {
    pub(crate) address: String,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Web {
    /// `answers`: status, headers and how long to wait.
    pub(crate) async fn new(answers: Vec<(u16, String, Duration)>) -> Self {
        Self::answering(move |number, _| answers[number.min(answers.len() - 1)].clone()).await
    }

    pub(crate) async fn answering(
        answer: impl Fn(usize, &Got) -> (u16, String, Duration) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let web = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            got: Arc::default(),
        };
        let (got, answer) = (Arc::clone(&web.got), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let (got, answer) = (Arc::clone(&got), Arc::clone(&answer));
                tokio::spawn(async move {
                    let request = read(&mut socket).await;
                    let (status, rest, wait) = {
                        let mut all = got.lock().unwrap();
                        all.push(request.clone());
                        answer(all.len() - 1, &request)
                    };
                    tokio::time::sleep(wait).await;
                    let (headers, body) = rest.split_once("\n\n").unwrap_or((&rest, ""));
                    let headers = headers.replace('\n', "\r\n");
                    let end = if headers.is_empty() { "" } else { "\r\n" };
                    let text = format!(
                        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}{end}\r\n{body}",
                        body.len()
                    );
                    socket.write_all(text.as_bytes()).await.ok();
                });
            }
        });
        web
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

async fn read(socket: &mut tokio::net::TcpStream) -> Got {
    let mut bytes = Vec::new();
    let head = loop {
        let mut part = [0; 4096];
        let length = socket.read(&mut part).await.unwrap_or(0);
        bytes.extend_from_slice(&part[..length]);
        if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            break end;
        }
        assert!(length > 0, "the request ends in its head");
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let mut lines = text.lines();
    let line = lines
        .next()
        .unwrap_or_default()
        .trim_end_matches(" HTTP/1.1")
        .to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers
        .get("content-length")
        .map_or(0, |it| it.parse().unwrap());
    let mut body = bytes[head + 4..].to_vec();
    while body.len() < length {
        let mut part = [0; 4096];
        let read = socket.read(&mut part).await.unwrap_or(0);
        assert!(read > 0, "the request ends in its body");
        body.extend_from_slice(&part[..read]);
    }
    Got {
        line,
        headers,
        body: String::from_utf8(body).unwrap(),
        at: std::time::Instant::now(),
    }
}
