//! From `PutEvents` to targets.

use std::sync::Arc;

use hydrant_bus::{Failure, Trailing};
use hydrant_endpoint::SystemClock;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{QUEUE, STREAM, World, options, queue};

#[tokio::test(flavor = "multi_thread")]
async fn an_event_reaches_the_targets_of_each_rule_that_matches_as_each_wants_it() {
    let place = TempDir::new().unwrap();
    let world = World::new(place.path()).await;
    world
        .rule(
            "all",
            json!([
                {"Id": "stream", "Arn": STREAM, "InputTransformer": {"InputTemplate": "<aws.events.event.json>\n"}},
                {"Id": "function", "Arn": "arn:aws:lambda:us-east-1:123456789012:function:f", "InputPath": "$.detail"},
                {"Id": "lines", "Arn": "arn:aws:logs:us-east-1:123456789012:log-group:/aws/events/x", "Input": "\"seen\""},
            ]),
        )
        .await;
    world
        .call(
            "PutRule",
            json!({"Name": "none", "EventPattern": "{\"source\":[\"other\"]}"}),
        )
        .await;
    world.put(&[json!({"n": 1})]).await;
    world.buses.delivered().await;
    let stream = world.recorder.of("s");
    assert_eq!(stream.len(), 1);
    assert!(stream[0].ends_with("\"detail\":{\"n\":1}}\n"), "{stream:?}");
    let function = world
        .recorder
        .of("arn:aws:lambda:us-east-1:123456789012:function:f");
    assert_eq!(function, ["{\"n\":1}"]);
    assert_eq!(world.recorder.of("/aws/events/x"), ["\"seen\""]);
    let metrics = world.buses.metrics().await;
    for line in [
        "events_MatchedEvents{EventBusName=\"default\"} 1\n",
        "events_TriggeredRules{EventBusName=\"default\",RuleName=\"all\"} 1\n",
        "events_Delivered{EventBusName=\"default\",RuleName=\"all\",Target=\"stream\"} 1\n",
        "events_Waiting{EventBusName=\"default\",RuleName=\"all\",Target=\"stream\"} 0\n",
    ] {
        assert!(metrics.contains(line), "{line}{metrics}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_does_in_silence_is_counted_and_said() {
    let place = TempDir::new().unwrap();
    let world = World::new(place.path()).await;
    let entry = |bus: &str, source: &str| json!({"Source": source, "DetailType": "t", "Detail": "{\"a\":\"\\\"\"}", "EventBusName": bus});
    let broken = json!([{"Id": "t", "Arn": STREAM, "InputTransformer": {
        "InputPathsMap": {"a": "$.detail.a"}, "InputTemplate": "{\"a\":\"<a>\"}"}}]);
    world.rule("broken", broken).await;
    let entries = [
        entry("nowhere", "shop"),
        entry("default", "unheard"),
        entry("default", "shop"),
    ];
    let answer = world.call("PutEvents", json!({ "Entries": entries })).await;
    assert_eq!(answer["FailedEntryCount"], 0);
    assert!(
        answer["Entries"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["EventId"].is_string())
    );
    world.buses.delivered().await;
    for notice in [
        "UnknownBus { bus: \"nowhere\"",
        "Unmatched { bus: \"default\"",
        "gives no valid JSON",
    ] {
        assert!(
            world.recorder.noticed(notice),
            "{:?}",
            world.recorder.notices
        );
    }
    let metrics = world.buses.metrics().await;
    for line in [
        "events_UnknownBusEvents 1\n",
        "events_UnmatchedEvents{EventBusName=\"default\"} 1\n",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
    assert!(world.recorder.of("s").is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_target_outlives_the_bus_and_reaches_it_later() {
    let place = TempDir::new().unwrap();
    let world = World::new(place.path()).await;
    world.call("CreateEventBus", json!({"Name": "b"})).await;
    world.rule("r", json!([{"Id": "t", "Arn": STREAM}])).await;
    *world.recorder.failing.lock().unwrap() =
        Some((String::new(), Failure::passing("THROTTLING", "Slow down.")));
    let details: Vec<Value> = (0..50).map(|n| json!({ "n": n })).collect();
    world.put(&details).await;
    world.until(|it| it.noticed("Retried")).await;
    let waiting = world.buses.stop(std::time::Duration::ZERO).await;
    assert_eq!(waiting.total(), 50);
    drop(world);

    let world = World::new(place.path()).await;
    world.until(|it| it.of("s").len() >= 50).await;
    let mut numbers: Vec<i64> = world
        .recorder
        .of("s")
        .iter()
        .map(|event| {
            serde_json::from_str::<Value>(event).unwrap()["detail"]["n"]
                .as_i64()
                .unwrap()
        })
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers, (0..50).collect::<Vec<_>>());
    // What was defined is there too.
    let buses = world.call("ListEventBuses", json!({})).await;
    assert_eq!(buses["EventBuses"].as_array().unwrap().len(), 2);
    assert_eq!(
        world.call("DescribeRule", json!({"Name": "r"})).await["State"],
        "ENABLED"
    );
    assert_eq!(
        world
            .buses
            .stop(std::time::Duration::from_secs(5))
            .await
            .total(),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_stays_down_costs_its_rule_185_retries_and_other_targets_nothing() {
    let place = TempDir::new().unwrap();
    let mut options = options(place.path());
    // A day in less than a second.
    options.time_scale = 200_000.0;
    let world = World::with(place.path(), options, Arc::new(SystemClock)).await;
    world
        .rule("r", json!([
            {"Id": "down", "Arn": "arn:aws:events:us-east-1:123456789012:api-destination/none/1",
             "DeadLetterConfig": {"Arn": QUEUE}},
            {"Id": "up", "Arn": "arn:aws:logs:us-east-1:123456789012:log-group:up"},
        ]))
        .await;
    world.put(&[json!({})]).await;
    world.buses.delivered().await;
    // A destination that there is not is not tried again.
    let letters = queue(place.path(), "dead");
    assert_eq!(letters.len(), 1);
    let attribute = |name: &str| letters[0]["messageAttributes"][name]["stringValue"].clone();
    assert_eq!(attribute("ERROR_CODE"), "NO_RESOURCE");
    assert_eq!(attribute("RETRY_ATTEMPTS"), "0");
    assert_eq!(attribute("EXHAUSTED_RETRY_CONDITION"), Value::Null);
    assert_eq!(
        attribute("RULE_ARN"),
        "arn:aws:events:us-east-1:123456789012:rule/r"
    );
    assert!(
        letters[0]["body"]
            .as_str()
            .unwrap()
            .contains("\"detail\":{}")
    );
    assert_eq!(world.recorder.of("up").len(), 1);

    *world.recorder.failing.lock().unwrap() =
        Some((String::new(), Failure::passing("THROTTLING", "Slow down.")));
    let short = json!({"MaximumRetryAttempts": 3});
    world
        .rule("r", json!([{"Id": "down", "Arn": STREAM, "RetryPolicy": short, "DeadLetterConfig": {"Arn": QUEUE}}]))
        .await;
    world
        .call("RemoveTargets", json!({"Rule": "r", "Ids": ["up"]}))
        .await;
    world.put(&[json!({"n": 2})]).await;
    for _ in 0..2000 {
        if queue(place.path(), "dead").len() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let letters = queue(place.path(), "dead");
    let attribute = |name: &str| letters[1]["messageAttributes"][name]["stringValue"].clone();
    assert_eq!(attribute("ERROR_CODE"), "THROTTLING");
    assert_eq!(attribute("RETRY_ATTEMPTS"), "3");
    assert_eq!(
        attribute("EXHAUSTED_RETRY_CONDITION"),
        "MaximumRetryAttempts"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_no_target_takes_for_a_day_is_given_up() {
    let place = TempDir::new().unwrap();
    let mut options = options(place.path());
    options.time_scale = 400_000.0;
    let world = World::with(place.path(), options, Arc::new(SystemClock)).await;
    *world.recorder.failing.lock().unwrap() =
        Some((String::new(), Failure::passing("THROTTLING", "Slow down.")));
    world.rule("r", json!([{"Id": "t", "Arn": STREAM}])).await;
    world.put(&[json!({})]).await;
    world.until(|it| it.noticed("Lost")).await;
    assert!(world.recorder.noticed("no dead-letter queue"));
    let metrics = world.buses.metrics().await;
    assert!(
        metrics.contains(
            "events_FailedInvocations{EventBusName=\"default\",RuleName=\"r\",Target=\"t\"} 1\n"
        ),
        "{metrics}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_hands_events_to_another_and_that_one_to_none() {
    let place = TempDir::new().unwrap();
    let world = World::new(place.path()).await;
    let bus = |name: &str| format!("arn:aws:events:us-east-1:123456789012:event-bus/{name}");
    for name in ["two", "three"] {
        world.call("CreateEventBus", json!({ "Name": name })).await;
    }
    world
        .rule("on", json!([{"Id": "t", "Arn": bus("two")}]))
        .await;
    let pattern = r#"{"source":["shop"]}"#;
    for (of, target) in [
        ("two", bus("three")),
        ("two", STREAM.to_owned()),
        ("three", STREAM.to_owned()),
    ] {
        let name = if target == STREAM { "stream" } else { "bus" };
        world
            .call(
                "PutRule",
                json!({"Name": name, "EventBusName": of, "EventPattern": pattern}),
            )
            .await;
        let targets = json!([{"Id": "t", "Arn": target}]);
        world
            .call(
                "PutTargets",
                json!({"Rule": name, "EventBusName": of, "Targets": targets}),
            )
            .await;
    }
    world.put(&[json!({})]).await;
    world.until(|it| !it.of("s").is_empty()).await;
    world.buses.delivered().await;
    assert_eq!(world.recorder.of("s").len(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_brace_too_many_is_refused_for_its_entry_alone_unless_the_setting_says_otherwise() {
    let place = TempDir::new().unwrap();
    let entries = json!([
        {"Source": "shop", "DetailType": "t", "Detail": "{\"a\":1}}"},
        {"Source": "shop", "DetailType": "t", "Detail": "{\"a\":2}"},
    ]);
    let world = World::new(place.path()).await;
    let answer = world.call("PutEvents", json!({ "Entries": entries })).await;
    assert_eq!(answer["FailedEntryCount"], 1);
    assert_eq!(
        answer["Entries"][0],
        json!({"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."})
    );
    world.stop().await;
    let place = TempDir::new().unwrap();
    let mut options = options(place.path());
    options.trailing = Trailing::Ignored;
    let world = World::with(place.path(), options, Arc::new(SystemClock)).await;
    let answer = world.call("PutEvents", json!({ "Entries": entries })).await;
    assert_eq!(answer["FailedEntryCount"], 0);
    world.stop().await;
}
