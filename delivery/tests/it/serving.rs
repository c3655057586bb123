//! Services to test: over a directory, with a clock that can be moved.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use hydrant_delivery::{
    Api, AwsSources, Clock, DeliveryStream, Functions, GlueTables, Ids, LambdaProcessor,
    LogOptions, Pace, Server, Service, ServiceOptions, Surroundings, SystemClock, Transform,
    Unobserved,
};
use hydrant_lake::Lake;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle};

use crate::{client::batch, support::Scripted};

/// Finds the scripted function for every stream.
#[derive(Debug)]
pub(crate) struct ScriptedFunctions;

impl Functions for ScriptedFunctions {
    fn find(&self, _: &DeliveryStream, _: &LambdaProcessor) -> Result<Arc<dyn Transform>, String> {
        Ok(Arc::new(Scripted))
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub(crate) struct ManualClock(watch::Sender<Timestamp>);

impl ManualClock {
    pub(crate) fn new() -> Arc<Self> {
        let start: Timestamp = "2026-11-22T10:20:30Z".parse().unwrap();
        Arc::new(Self(watch::channel(start).0))
    }

    /// Moves the clock, and lets everybody who waited go on.
    pub(crate) async fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now += by);
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.now() + duration;
        let mut time = self.0.subscribe();
        // The sender lives in the clock.
        drop(time.wait_for(|now| *now >= until).await);
    }
}

/// Options over the state in `directory`.
pub(crate) fn options(directory: &Path) -> ServiceOptions {
    ServiceOptions {
        region: "eu-west-1".into(),
        account: "123456789012".into(),
        log: LogOptions {
            path: directory.join("state/log.redb"),
            capacity: 1 << 30,
            memory: 1 << 20,
        },
        pace: Pace::default(),
        buffer_memory: 64 << 20,
        parallelism: 2,
        retry_for: Duration::from_hours(24),
        set_aside: directory.join("set-aside"),
        active_partitions: 500,
        tables: GlueTables::default(),
        quotas: false,
        seed: 1,
    }
}

/// The lake in `directory`.
pub(crate) async fn lake(directory: &Path) -> Lake {
    let lake = directory.join("lake");
    Lake::open(lake.to_str().unwrap(), true).await.unwrap()
}

/// What a service over `lake` at `clock` works with.
pub(crate) fn surroundings(lake: Lake, clock: Arc<dyn Clock>) -> Surroundings {
    Surroundings {
        lake,
        clock,
        functions: Arc::new(ScriptedFunctions),
        sources: Arc::new(AwsSources),
        observer: Arc::new(Unobserved),
    }
}

/// A service over `lake` at `clock`.
pub(crate) async fn service(
    options: ServiceOptions,
    lake: Lake,
    clock: Arc<dyn Clock>,
) -> Arc<Service> {
    let surroundings = surroundings(lake, clock);
    Arc::new(Service::start(options, surroundings).await.unwrap())
}

/// A service behind HTTP, for as long as this value lives.
pub(crate) struct Serving {
    pub(crate) service: Arc<Service>,
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Serving {
    pub(crate) async fn new(service: Arc<Service>) -> Self {
        let api = Arc::new(Api::new(Arc::clone(&service)));
        let clock = Arc::clone(service.clock());
        let server = Server::bind("127.0.0.1:0".parse().unwrap(), vec![api], None, clock)
            .await
            .unwrap();
        Self {
            address: server.address().unwrap(),
            task: tokio::spawn(server.serve(Ids::from_seed(1), std::future::pending())),
            service,
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A stream that delivers what it gets: no function, no partitions, small buffers.
pub(crate) fn plain(name: &str) -> Value {
    json!({
        "DeliveryStreamName": name,
        "ExtendedS3DestinationConfiguration": {
            "RoleARN": "arn:aws:iam::123456789012:role/r",
            "BucketARN": "arn:aws:s3:::b",
            "Prefix": format!("{name}/"),
            "BufferingHints": { "SizeInMBs": 1, "IntervalInSeconds": 60 },
        },
    })
}

/// Calls an operation without HTTP; the JSON of its answer, or its error.
pub(crate) async fn call(
    service: &Arc<Service>,
    operation: &str,
    input: &Value,
) -> Result<Value, hydrant_delivery::ApiError> {
    let answer = Api::new(Arc::clone(service))
        .call(operation, input.to_string().as_bytes())
        .await?;
    Ok(serde_json::from_slice(&answer).unwrap())
}

/// The lines of all objects below `folder` of the lake in `directory`.
pub(crate) fn lines(directory: &Path, folder: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, bytes) in hydrant_testing::files(&directory.join("lake")).unwrap() {
        // A staging file is of a write that was cut off.
        if name.starts_with(folder) && !name.contains('#') {
            let text = String::from_utf8(bytes).unwrap();
            lines.extend(text.lines().map(str::to_owned));
        }
    }
    lines
}

/// Records that count.
pub(crate) fn records(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| format!("{{\"n\":{n}}}\n")).collect()
}

/// The lines in order.
pub(crate) fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

/// Puts a batch into the stream `s`.
pub(crate) async fn put(service: &Arc<Service>, records: &[String]) -> Value {
    call(service, "PutRecordBatch", &batch("s", records))
        .await
        .unwrap()
}

/// Waits until `done` says so.
pub(crate) async fn until(what: &str, done: impl AsyncFn() -> bool) {
    for _ in 0..2_000 {
        if done().await {
            return;
        }
        SystemClock.sleep(Duration::from_millis(5)).await;
    }
    panic!("it did not come to this: {what}");
}

/// Waits for `future` while time passes.
pub(crate) async fn drive(clock: &ManualClock, future: impl Future<Output = ()>) {
    let time = async {
        loop {
            SystemClock.sleep(Duration::from_millis(10)).await;
            clock.advance(Duration::from_mins(1)).await;
        }
    };
    tokio::select! {
        () = future => {}
        () = time => {}
    }
}
