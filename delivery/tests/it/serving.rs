//! Services to test: over a directory, with a clock that can be moved.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use hydrant_delivery::{
    Api, AwsSources, Clock, DeliveryStream, Functions, GlueTables, Ids, LambdaProcessor, Listener,
    LogOptions, Pace, Server, Service, ServiceOptions, Surroundings, SystemClock, Transform,
    Unobserved,
};
use hydrant_lake::Lake;
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
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

/// A service in a directory of its own, at a clock that stands still until it is moved.
pub(crate) struct Running {
    pub(crate) place: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) service: Arc<Service>,
}

impl Running {
    /// One with a stream, over a directory; `change` may change how it runs.
    pub(crate) async fn new(change: impl FnOnce(&mut ServiceOptions), stream: &Value) -> Self {
        let place = TempDir::new().unwrap();
        let lake = lake(place.path()).await;
        Self::start(place, lake, change, stream).await
    }

    /// One over another lake.
    pub(crate) async fn over(
        lake: Lake,
        change: impl FnOnce(&mut ServiceOptions),
        stream: &Value,
    ) -> Self {
        Self::start(TempDir::new().unwrap(), lake, change, stream).await
    }

    async fn start(
        place: TempDir,
        lake: Lake,
        change: impl FnOnce(&mut ServiceOptions),
        stream: &Value,
    ) -> Self {
        let clock = ManualClock::new();
        let mut options = options(place.path());
        change(&mut options);
        let service = service(options, lake, clock.clone()).await;
        call(&service, "CreateDeliveryStream", stream)
            .await
            .unwrap();
        Self {
            place,
            clock,
            service,
        }
    }

    /// Another service over the same directory, once this one has stopped.
    pub(crate) async fn again(&self) -> Arc<Service> {
        let path = self.place.path();
        service(options(path), lake(path).await, self.clock.clone()).await
    }
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
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), None)
            .await
            .unwrap();
        let address = listener.address().unwrap();
        let server = Server::new(listener, vec![api], clock);
        Self {
            address,
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

/// Waits until `done` says so: long, because the machine may have other things to do.
pub(crate) async fn until(what: &str, done: impl AsyncFn() -> bool) {
    for _ in 0..24_000 {
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
