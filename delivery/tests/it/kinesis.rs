//! Streams that read from a Kinesis data stream: everything once, in order, through restarts and resharding.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use hydrant_delivery::{
    Clock, From, KinesisStream, Page, Service, ServiceOptions, Shard, SourceError, SourceRecord,
    Sources, SystemClock,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::serving::{ManualClock, call, lake, lines, options, plain, surroundings};

/// A Kinesis data stream in memory.
#[derive(Debug, Default)]
struct Fake(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    shards: BTreeMap<String, FakeShard>,
    next: u64,
    /// Requests that fail from now on.
    failing: usize,
    expired: bool,
    missing: bool,
}

#[derive(Debug, Default)]
struct FakeShard {
    parents: Vec<String>,
    records: Vec<SourceRecord>,
    closed: bool,
}

impl Fake {
    fn new() -> Arc<Self> {
        let fake = Self::default();
        fake.add("shardId-000000000000", &[]);
        Arc::new(fake)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn add(&self, id: &str, parents: &[&str]) {
        let mut state = self.lock();
        for parent in parents {
            state.shards.get_mut(*parent).unwrap().closed = true;
        }
        let shard = FakeShard {
            parents: parents.iter().map(|it| (*it).to_owned()).collect(),
            ..FakeShard::default()
        };
        state.shards.insert(id.to_owned(), shard);
    }

    fn put(&self, shard: &str, at: &str, data: impl Into<bytes::Bytes>) {
        let mut state = self.lock();
        state.next += 1;
        let sequence_number = format!("{:056}", state.next);
        state
            .shards
            .get_mut(shard)
            .unwrap()
            .records
            .push(SourceRecord {
                sequence_number,
                partition_key: "key".to_owned(),
                arrival: at.parse().unwrap(),
                data: data.into(),
            });
    }

    fn failing(&self) -> Result<(), SourceError> {
        let mut state = self.lock();
        if state.missing {
            return Err(SourceError::Other(
                "ResourceNotFoundException: no stream".to_owned(),
            ));
        }
        if state.failing > 0 {
            state.failing -= 1;
            return Err(SourceError::Throttled("asked to".to_owned()));
        }
        Ok(())
    }
}

#[async_trait]
impl KinesisStream for Fake {
    async fn shards(&self) -> Result<Vec<Shard>, SourceError> {
        self.failing()?;
        let state = self.lock();
        let shard = |(id, shard): (&String, &FakeShard)| Shard {
            id: id.clone(),
            parents: shard.parents.clone(),
        };
        Ok(state.shards.iter().map(shard).collect())
    }

    async fn iterator(&self, shard_id: &str, from: &From) -> Result<String, SourceError> {
        self.failing()?;
        let state = self.lock();
        let records = &state.shards[shard_id].records;
        let place = match from {
            From::Instant(instant) => records.iter().position(|it| it.arrival >= *instant),
            From::After(number) => records.iter().position(|it| it.sequence_number > *number),
        };
        Ok(format!("{shard_id}@{}", place.unwrap_or(records.len())))
    }

    async fn records(&self, iterator: &str) -> Result<Page, SourceError> {
        self.failing()?;
        let mut state = self.lock();
        if std::mem::take(&mut state.expired) {
            return Err(SourceError::Expired);
        }
        let (id, place) = iterator.split_once('@').unwrap();
        let place: usize = place.parse().unwrap();
        let shard = &state.shards[id];
        // Two a page, so that there are pages.
        let records: Vec<SourceRecord> =
            shard.records.iter().skip(place).take(2).cloned().collect();
        let place = place + records.len();
        let is_end = place == shard.records.len();
        Ok(Page {
            records,
            next: (!(is_end && shard.closed)).then(|| format!("{id}@{place}")),
            behind_ms: u64::from(!is_end),
        })
    }
}

#[derive(Debug)]
struct One(Arc<Fake>);

#[async_trait]
impl Sources for One {
    async fn kinesis(&self, _: &str) -> Arc<dyn KinesisStream> {
        Arc::clone(&self.0) as _
    }
}

const SHARD: &str = "shardId-000000000000";
const NOW: &str = "2026-11-22T10:20:30Z";

fn stream() -> Value {
    let mut input = plain("s");
    input["DeliveryStreamType"] = "KinesisStreamAsSource".into();
    input["KinesisStreamSourceConfiguration"] = json!({
        "KinesisStreamARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/events",
        "RoleARN": "arn:aws:iam::123456789012:role/r",
    });
    input["ExtendedS3DestinationConfiguration"]["ProcessingConfiguration"] =
        json!({ "Enabled": true, "Processors": [{ "Type": "AppendDelimiterToRecord" }] });
    input
}

async fn start(
    options: ServiceOptions,
    place: &Path,
    clock: &Arc<ManualClock>,
    fake: &Arc<Fake>,
) -> Arc<Service> {
    let mut surroundings = surroundings(lake(place).await, clock.clone());
    surroundings.sources = Arc::new(One(Arc::clone(fake)));
    Arc::new(Service::start(options, surroundings).await.unwrap())
}

/// Lets time pass until the stream has read this many records.
async fn until_read(service: &Arc<Service>, clock: &Arc<ManualClock>, records: usize) {
    let name = "firehose_DataReadFromKinesisStream_Records{DeliveryStreamName=\"s\"} ";
    for _ in 0..2_000 {
        let metrics = service.metrics().await;
        let (_, rest) = metrics.split_once(name).unwrap();
        let read: usize = rest.lines().next().unwrap().parse().unwrap();
        if read >= records {
            // Until what was read is in the log, and the place behind it is kept.
            for _ in 0..10 {
                settle(clock).await;
            }
            return;
        }
        settle(clock).await;
    }
    panic!("{}", service.metrics().await);
}

async fn settle(clock: &Arc<ManualClock>) {
    for _ in 0..3 {
        clock.advance(Duration::from_secs(1)).await;
        SystemClock.sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_after_the_stream_was_made_is_delivered_in_order() {
    let place = TempDir::new().unwrap();
    let (clock, fake) = (ManualClock::new(), Fake::new());
    fake.put(SHARD, "2026-11-22T10:20:29Z", "before");
    let service = start(options(place.path()), place.path(), &clock, &fake).await;
    call(&service, "CreateDeliveryStream", &stream())
        .await
        .unwrap();
    for n in 0..7 {
        fake.put(SHARD, NOW, format!("r{n}"));
    }
    until_read(&service, &clock, 7).await;
    service.flush(None).await;
    let expected: Vec<String> = (0..7).map(|n| format!("r{n}")).collect();
    assert_eq!(lines(place.path(), "s/"), expected);
    let one = json!({ "DeliveryStreamName": "s", "Record": { "Data": "" } });
    let refused = call(&service, "PutRecord", &one).await.unwrap_err();
    assert_eq!(refused.kind.name(), "InvalidArgumentException");
    assert_eq!(
        refused.message,
        "This operation is not permitted on KinesisStreamAsSource delivery stream type."
    );
    let described = call(
        &service,
        "DescribeDeliveryStream",
        &json!({ "DeliveryStreamName": "s" }),
    )
    .await
    .unwrap();
    let described = &described["DeliveryStreamDescription"];
    assert_eq!(described["DeliveryStreamType"], "KinesisStreamAsSource");
    insta::assert_snapshot!(described["Source"], @r#"{"KinesisStreamSourceDescription":{"DeliveryStartTimestamp":1795342830.0,"KinesisStreamARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/events","RoleARN":"arn:aws:iam::123456789012:role/r"}}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_where_reading_stopped() {
    let place = TempDir::new().unwrap();
    let (clock, fake) = (ManualClock::new(), Fake::new());
    let first = start(options(place.path()), place.path(), &clock, &fake).await;
    call(&first, "CreateDeliveryStream", &stream())
        .await
        .unwrap();
    for n in 0..5 {
        fake.put(SHARD, NOW, format!("r{n}"));
    }
    until_read(&first, &clock, 5).await;
    // Some of it is delivered, the rest waits in the log.
    first.stop(Duration::ZERO).await;
    drop(first);
    for n in 5..8 {
        fake.put(SHARD, NOW, format!("r{n}"));
    }
    let second = start(options(place.path()), place.path(), &clock, &fake).await;
    until_read(&second, &clock, 3).await;
    second.flush(None).await;
    let read = "firehose_DataReadFromKinesisStream_Records{DeliveryStreamName=\"s\"} 3\n";
    let metrics = second.metrics().await;
    assert!(metrics.contains(read), "no record is read again: {metrics}");
    let mut found = lines(place.path(), "s/");
    found.sort();
    // What was in an object when the first stopped, before the log had noted it, comes twice.
    found.dedup();
    let expected: Vec<String> = (0..8).map(|n| format!("r{n}")).collect();
    assert_eq!(found, expected);
    // A stream of the same name begins anew: its places went with it.
    call(
        &second,
        "DeleteDeliveryStream",
        &json!({ "DeliveryStreamName": "s" }),
    )
    .await
    .unwrap();
    assert!(second.stream_names().is_empty());
    second.stop(Duration::ZERO).await;
    let third = start(options(place.path()), place.path(), &clock, &fake).await;
    assert!(third.stream_names().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shards_of_a_split_and_of_a_merge_are_read_after_their_parents() {
    let place = TempDir::new().unwrap();
    let (clock, fake) = (ManualClock::new(), Fake::new());
    let service = start(options(place.path()), place.path(), &clock, &fake).await;
    call(&service, "CreateDeliveryStream", &stream())
        .await
        .unwrap();
    for n in 0..5 {
        fake.put(SHARD, NOW, format!("1 parent {n}"));
    }
    fake.add("left", &[SHARD]);
    fake.add("right", &[SHARD]);
    fake.put("left", NOW, "2 left");
    fake.put("right", NOW, "2 right");
    fake.add("merged", &["left", "right"]);
    fake.put("merged", NOW, "3 merged");
    until_read(&service, &clock, 8).await;
    service.flush(None).await;
    let found = lines(place.path(), "s/");
    let generations: Vec<char> = found.iter().map(|it| it.chars().next().unwrap()).collect();
    assert_eq!(
        generations,
        ['1', '1', '1', '1', '1', '2', '2', '3'],
        "{found:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_costs_time_and_nothing_else() {
    let place = TempDir::new().unwrap();
    let (clock, fake) = (ManualClock::new(), Fake::new());
    let mut small = options(place.path());
    // No more than a few records at once: the reader waits until they are delivered.
    small.log.capacity = 900;
    small.pace.longest = Some(Duration::from_secs(1));
    let service = start(small, place.path(), &clock, &fake).await;
    call(&service, "CreateDeliveryStream", &stream())
        .await
        .unwrap();
    fake.lock().failing = 5;
    for n in 0..12 {
        fake.put(SHARD, NOW, format!("r{n:02} {}", "x".repeat(60)));
    }
    until_read(&service, &clock, 4).await;
    fake.lock().expired = true;
    until_read(&service, &clock, 12).await;
    service.flush(None).await;
    let mut found: Vec<String> = lines(place.path(), "s/")
        .iter()
        .map(|it| it.split(' ').next().unwrap().to_owned())
        .collect();
    found.sort();
    let expected: Vec<String> = (0..12).map(|n| format!("r{n:02}")).collect();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_over_a_source_that_is_not_there_is_refused() {
    let place = TempDir::new().unwrap();
    let (clock, fake) = (ManualClock::new(), Fake::new());
    fake.lock().missing = true;
    let service = start(options(place.path()), place.path(), &clock, &fake).await;
    let refused = call(&service, "CreateDeliveryStream", &stream())
        .await
        .unwrap_err();
    insta::assert_snapshot!(refused.message, @"the stream s reads from arn:aws:kinesis:eu-west-1:123456789012:stream/events, which cannot be read: ResourceNotFoundException: no stream");
    assert!(service.stream_names().is_empty());
}
