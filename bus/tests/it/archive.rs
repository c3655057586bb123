//! Archives, replays and schedules.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use hydrant_endpoint::Clock;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{STREAM, World, options};

const BUS: &str = "arn:aws:events:us-east-1:123456789012:event-bus/default";
const ARCHIVE: &str = "arn:aws:events:us-east-1:123456789012:archive/a";

async fn replayed(world: &World, name: &str) -> Value {
    for _ in 0..2000 {
        let replay = world
            .call("DescribeReplay", json!({"ReplayName": name}))
            .await;
        if !["STARTING", "RUNNING"].contains(&replay["State"].as_str().unwrap()) {
            return replay;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the replay never ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_of_an_archive_is_replayed_to_the_rules_that_are_named_and_archived_no_more() {
    let place = TempDir::new().unwrap();
    let world = World::new(place.path()).await;
    let created = world
        .call(
            "CreateArchive",
            json!({"ArchiveName": "a", "EventSourceArn": BUS,
            "EventPattern": "{\"source\":[\"shop\"]}"}),
        )
        .await;
    assert_eq!(
        (&created["ArchiveArn"], &created["State"]),
        (&json!(ARCHIVE), &json!("ENABLED"))
    );
    for first in (0..1000).step_by(10) {
        let entries: Vec<Value> = (first..first + 10)
            .map(|n| {
                json!({"Source": "shop", "DetailType": "t", "Detail": json!({ "n": n }).to_string(),
                    "Time": 1_700_000_000 + n})
            })
            .collect();
        world.call("PutEvents", json!({ "Entries": entries })).await;
    }
    world.put(&[]).await;
    world.buses.delivered().await;
    let archive = world
        .call("DescribeArchive", json!({"ArchiveName": "a"}))
        .await;
    assert_eq!(archive["EventCount"], 1000);
    assert!(archive["SizeBytes"].as_u64().unwrap() > 100_000);

    // These rules come after the events.
    world
        .rule("mine", json!([{"Id": "t", "Arn": STREAM}]))
        .await;
    world
        .rule(
            "other",
            json!([{"Id": "t", "Arn": "arn:aws:logs:us-east-1:1:log-group:other"}]),
        )
        .await;
    let rule = "arn:aws:events:us-east-1:123456789012:rule/mine";
    let start = json!({"ReplayName": "again", "EventSourceArn": ARCHIVE,
        "EventStartTime": 1_700_000_100, "EventEndTime": 1_700_000_699,
        "Destination": {"Arn": BUS, "FilterArns": [rule]}});
    assert_eq!(
        world.call("StartReplay", start.clone()).await["State"],
        "STARTING"
    );
    let replay = replayed(&world, "again").await;
    assert_eq!(replay["State"], "COMPLETED", "{replay}");
    assert_eq!(replay["EventLastReplayedTime"], json!(1_700_000_699.0));
    world.buses.delivered().await;
    let got = world.recorder.of("s");
    assert_eq!(got.len(), 600);
    assert!(
        got.iter()
            .all(|it| it.contains(r#","replay-name":"again","resources""#))
    );
    assert!(
        got[0].contains(r#""time":"2023-11-14T22:15:00Z""#),
        "{}",
        got[0]
    );
    assert!(world.recorder.of("other").is_empty());
    let archive = world
        .call("DescribeArchive", json!({"ArchiveName": "a"}))
        .await;
    assert_eq!(archive["EventCount"], 1000);
    assert_eq!(
        world.refused("StartReplay", start).await,
        (
            "ResourceAlreadyExistsException".to_owned(),
            "Replay again already exists.".to_owned()
        )
    );
    let invalid = |input: Value| world.refused("StartReplay", input);
    let base = json!({"ReplayName": "x", "EventSourceArn": ARCHIVE, "EventStartTime": 2,
        "EventEndTime": 2, "Destination": {"Arn": BUS}});
    assert_eq!(
        invalid(base.clone()).await.1,
        "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime."
    );
    let mut other = base.clone();
    other["Destination"]["Arn"] = json!("arn:aws:events:us-east-1:123456789012:event-bus/other");
    assert_eq!(
        invalid(other).await.1,
        "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted."
    );
    let mut missing = base;
    missing["EventSourceArn"] = json!("arn:aws:events:us-east-1:123456789012:archive/none");
    assert_eq!(
        invalid(missing).await.1,
        "Parameter EventSourceArn is not valid. Reason: Archive none does not exist."
    );
    world.stop().await;
}

/// A clock that is moved by hand; nobody waits on it for longer than a moment.
#[derive(Debug)]
struct Moved(Mutex<Timestamp>);

#[async_trait]
impl Clock for Moved {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, _: Duration) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

impl Moved {
    fn pass(&self, seconds: i64) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_with_a_schedule_fires_when_its_time_comes_and_an_archive_keeps_as_long_as_it_says()
{
    let place = TempDir::new().unwrap();
    let clock = Arc::new(Moved(Mutex::new("2026-11-22T10:00:00Z".parse().unwrap())));
    let world = World::with(place.path(), options(place.path()), clock.clone()).await;
    world
        .call(
            "PutRule",
            json!({"Name": "tick", "ScheduleExpression": "rate(5 minutes)"}),
        )
        .await;
    world
        .call(
            "PutTargets",
            json!({"Rule": "tick", "Targets": [{"Id": "t", "Arn": STREAM}]}),
        )
        .await;
    world
        .call(
            "CreateArchive",
            json!({"ArchiveName": "a", "EventSourceArn": BUS, "RetentionDays": 1}),
        )
        .await;
    world.put(&[json!({})]).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(world.recorder.of("s").is_empty());
    clock.pass(300);
    world.until(|it| it.of("s").len() == 1).await;
    let event: Value = serde_json::from_str(&world.recorder.of("s")[0]).unwrap();
    assert_eq!(event["source"], "aws.events");
    assert_eq!(event["detail-type"], "Scheduled Event");
    assert_eq!(event["time"], "2026-11-22T10:05:00Z");
    assert_eq!(
        event["resources"],
        json!(["arn:aws:events:us-east-1:123456789012:rule/tick"])
    );
    assert_eq!(event["detail"], json!({}));
    // Back an hour: nothing fires twice.
    clock.pass(-3600);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(world.recorder.of("s").len(), 1);
    assert_eq!(
        world
            .call("DescribeArchive", json!({"ArchiveName": "a"}))
            .await["EventCount"],
        1
    );
    clock.pass(2 * 24 * 3600);
    for _ in 0..2000 {
        if world
            .call("DescribeArchive", json!({"ArchiveName": "a"}))
            .await["EventCount"]
            == 0
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(
        world
            .call("DescribeArchive", json!({"ArchiveName": "a"}))
            .await["EventCount"],
        0
    );
    world.stop().await;
}
