//! Targets that are down, for an hour and for a day; clocks that are set; attempts that are counted.

use std::{sync::Arc, time::Duration};

use hydrant_bus::Failure;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    clock::Stepped,
    support::{QUEUE, STREAM, World, options, queue},
};

const UP: &str = "arn:aws:logs:us-east-1:123456789012:log-group:up";
const UP_GROUP: &str = "up";

async fn world(place: &TempDir) -> (World, Arc<Stepped>) {
    let clock = Arc::new(Stepped::new());
    let world = World::with(place.path(), options(place.path()), clock.clone()).await;
    (world, clock)
}

fn down() -> Failure {
    Failure::passing("THROTTLING", "Slow down.")
}

/// The numbers of the events that a target got, each once.
fn numbers(events: &[String]) -> Vec<i64> {
    let mut numbers: Vec<i64> = events
        .iter()
        .map(|event| serde_json::from_str::<Value>(event).unwrap()["detail"]["n"].as_i64())
        .map(Option::unwrap)
        .collect();
    numbers.sort_unstable();
    numbers
}

/// What the dead-letter queue says of its only letter: how often it was tried again, and why no more.
fn letter(place: &TempDir) -> Option<(String, String)> {
    let letters = queue(place.path(), "dead");
    assert!(letters.len() < 2, "{letters:?}");
    let attributes = &letters.first()?["messageAttributes"];
    let text = |name: &str| attributes[name]["stringValue"].as_str().unwrap().to_owned();
    Some((text("RETRY_ATTEMPTS"), text("EXHAUSTED_RETRY_CONDITION")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_down_for_an_hour_gets_what_came_meanwhile_and_costs_the_others_nothing() {
    let place = TempDir::new().unwrap();
    let (world, clock) = world(&place).await;
    world
        .rule(
            "r",
            json!([{"Id": "down", "Arn": STREAM}, {"Id": "up", "Arn": UP}]),
        )
        .await;
    *world.recorder.failing.lock().unwrap() = Some(("s".to_owned(), down()));
    let mut count = 0;
    while clock.passed() < Duration::from_hours(1) {
        if count < 40 {
            world
                .put(&[json!({"n": count}), json!({"n": count + 1})])
                .await;
            count += 2;
            world.buses.delivered().await;
            let up = world.recorder.of(UP_GROUP).len();
            assert_eq!(up, usize::try_from(count).unwrap());
        }
        clock.step().await;
    }
    assert!(world.recorder.of("s").is_empty());
    *world.recorder.failing.lock().unwrap() = None;
    let all: Vec<i64> = (0..count).collect();
    clock
        .step_until(|| world.recorder.of("s").len() == all.len())
        .await;
    assert_eq!(numbers(&world.recorder.of("s")), all);
    assert!(!world.recorder.noticed("Lost"), "{:?}", world.recorder);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_tried_again_185_times_within_a_day_or_as_its_target_says_and_then_goes_to_the_queue()
 {
    for (policy, wanted) in [
        (Value::Null, ("185", "MaximumRetryAttempts")),
        (
            json!({"MaximumRetryAttempts": 7}),
            ("7", "MaximumRetryAttempts"),
        ),
        (
            json!({"MaximumRetryAttempts": 0}),
            ("0", "MaximumRetryAttempts"),
        ),
        (
            json!({"MaximumEventAgeInSeconds": 3600}),
            ("", "MaximumEventAgeInSeconds"),
        ),
    ] {
        let place = TempDir::new().unwrap();
        let (world, clock) = world(&place).await;
        let mut target = json!({"Id": "t", "Arn": STREAM, "DeadLetterConfig": {"Arn": QUEUE}});
        if !policy.is_null() {
            target["RetryPolicy"] = policy.clone();
        }
        world.rule("r", json!([target])).await;
        *world.recorder.failing.lock().unwrap() = Some(("s".to_owned(), down()));
        world.put(&[json!({"n": 1})]).await;
        if wanted.0 != "0" {
            clock.step_until(|| letter(&place).is_some()).await;
        }
        world.until(|it| it.noticed("DeadLetter")).await;
        let (tries, condition) = letter(&place).unwrap();
        assert_eq!(condition, wanted.1, "{policy}");
        if wanted.0.is_empty() {
            // Once more after the hour, and no later than the longest pause.
            assert!(
                clock.passed() >= Duration::from_hours(1),
                "{:?}",
                clock.passed()
            );
            assert!(
                clock.passed() <= Duration::from_mins(70),
                "{:?}",
                clock.passed()
            );
        } else {
            assert_eq!(tries, wanted.0, "{policy}");
            assert!(
                clock.passed() < Duration::from_hours(24),
                "{:?}",
                clock.passed()
            );
        }
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_counted_on_after_a_restart() {
    let place = TempDir::new().unwrap();
    let (world, clock) = world(&place).await;
    let policy = json!({"MaximumRetryAttempts": 5});
    world
        .rule("r", json!([{"Id": "t", "Arn": STREAM, "RetryPolicy": policy, "DeadLetterConfig": {"Arn": QUEUE}}]))
        .await;
    *world.recorder.failing.lock().unwrap() = Some(("s".to_owned(), down()));
    world.put(&[json!({"n": 1})]).await;
    clock.step().await;
    clock.step().await;
    world.until(|it| it.noticed("attempts: 3")).await;
    assert_eq!(world.buses.stop(Duration::ZERO).await.total(), 1);
    drop(world);

    let clock = Arc::new(Stepped::new());
    let failing = Some(("s".to_owned(), down()));
    let options = options(place.path());
    let world = World::failing(place.path(), options, clock.clone(), failing).await;
    clock.step_until(|| letter(&place).is_some()).await;
    assert!(world.recorder.noticed("attempts: 4") || world.recorder.noticed("attempts: 5"));
    assert!(
        !world.recorder.noticed("attempts: 1,"),
        "{:?}",
        world.recorder
    );
    assert_eq!(letter(&place).unwrap().0, "5");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_costs_no_event() {
    let place = TempDir::new().unwrap();
    let (world, clock) = world(&place).await;
    world
        .rule("r", json!([
            {"Id": "t", "Arn": STREAM, "DeadLetterConfig": {"Arn": QUEUE}}, {"Id": "up", "Arn": UP},
        ]))
        .await;
    *world.recorder.failing.lock().unwrap() = Some(("s".to_owned(), down()));
    world.put(&[json!({"n": 0})]).await;
    clock.step().await;
    // Back two hours, and an event that is older than now.
    clock.set_by(SignedDuration::from_hours(-2));
    world.put(&[json!({"n": 1})]).await;
    clock.step().await;
    *world.recorder.failing.lock().unwrap() = None;
    clock.step_until(|| world.recorder.of("s").len() == 2).await;
    assert_eq!(numbers(&world.recorder.of("s")), [0, 1]);
    assert!(letter(&place).is_none());
    // Ahead three days: what waited is older than a day, and in the queue.
    *world.recorder.failing.lock().unwrap() = Some(("s".to_owned(), down()));
    world.put(&[json!({"n": 2})]).await;
    world.until(|it| it.of(UP_GROUP).len() == 3).await;
    clock.set_by(SignedDuration::from_hours(72));
    clock.step_until(|| letter(&place).is_some()).await;
    assert_eq!(letter(&place).unwrap().1, "MaximumEventAgeInSeconds");
    assert_eq!(numbers(&world.recorder.of(UP_GROUP)), [0, 1, 2]);
    world.stop().await;
}
