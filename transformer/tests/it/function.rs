//! The binary, started and spoken to as Lambda does.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use hydrant_delivery::{Function, Ids, InvokeError, RuntimeApi, SystemClock, Transform};
use hydrant_records::{ProcessingResult, TransformEvent};
use serde_json::{Value, json};

use crate::respond::{event, record};

/// The function with these variables, and what it writes.
fn start(variables: &[(&str, &str)]) -> (RuntimeApi, Arc<Mutex<Vec<String>>>) {
    let lines = Arc::<Mutex<Vec<String>>>::default();
    let mut function = Function::new("transformer", env!("CARGO_BIN_EXE_transformer"));
    function.timeout = Duration::from_secs(20);
    for (name, value) in variables {
        function = function.with_variable(name, value);
    }
    let written = Arc::clone(&lines);
    function.output = Arc::new(move |line| written.lock().unwrap().push(line.to_owned()));
    let clock = Arc::new(SystemClock);
    let api = RuntimeApi::new(function, clock, Ids::from_seed(1));
    (api, lines)
}

/// The function's output comes by another way than its answers, perhaps later.
async fn wait_for(lines: &Mutex<Vec<String>>, count: usize) -> Vec<String> {
    for _ in 0..1_000 {
        let written = lines.lock().unwrap().clone();
        if written.len() >= count {
            return written;
        }
        #[expect(clippy::disallowed_methods, reason = "a test waits for a process")]
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("only {:?}", lines.lock().unwrap());
}

#[tokio::test]
async fn the_binary_answers_event_after_event() {
    let (api, lines) = start(&[("PARTITION_KEYS", "type=.detail.eventType")]);
    for round in 0..3 {
        let records = json!([
            record(
                "1",
                r#"{"resources":["c"],"detail":{"eventType":"search"}}"#
            ),
            record("2", format!("secret {round}")),
        ]);
        let event: TransformEvent = serde_json::from_str(&event(records)).unwrap();
        let answer = api.invoke(event).await.unwrap();
        assert_eq!(answer.records[0].result, ProcessingResult::Ok);
        assert_eq!(
            answer.records[0].data.as_deref(),
            Some(
                &b"{\"resources\":[],\"detail\":{\"eventType\":\"search\",\"clientId\":\"c\"}}\n"[..]
            )
        );
        assert_eq!(answer.records[1].result, ProcessingResult::ProcessingFailed);
    }
    let lines = wait_for(&lines, 3).await;
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(!lines.concat().contains("secret"));
    let line: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(line["coldStart"], true);
    insta::assert_json_snapshot!(line, {
        "._aws.Timestamp" => "[ms]",
        ".requestId" => "[id]",
        ".Duration" => "[ms]",
        ".startToFirstEventMilliseconds" => "[ms]",
    });
}

#[tokio::test]
async fn a_large_event_is_answered_whole() {
    let (api, _) = start(&[]);
    let pad = "x".repeat(60_000);
    let records: Vec<_> = (0..70)
        .map(|number| record(format!("{number:03}"), json!({"pad": pad}).to_string()))
        .collect();
    let text = event(records);
    assert!(text.len() > 5_600_000);
    for _ in 0..2 {
        let answer = api.call(Bytes::from(text.clone())).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let records = answer["records"].as_array().unwrap();
        assert_eq!(records.len(), 70);
        assert!(records.iter().all(|record| record["result"] == "Ok"));
    }
}

#[tokio::test]
async fn a_wrong_setting_keeps_it_from_starting_and_says_which() {
    let (api, _) = start(&[("DROP_WHEN", ".a ==")]);
    let error = api.call(Bytes::from(event(json!([])))).await.unwrap_err();
    insta::assert_snapshot!(error.to_string());
}

#[tokio::test]
async fn an_event_of_another_kind_is_an_error_and_the_next_one_is_answered() {
    let (api, lines) = start(&[]);
    let other = Bytes::from_static(br#"{"Records":[{"eventSource":"aws:s3"}]}"#);
    let error = api.call(other).await.unwrap_err();
    insta::assert_snapshot!(error.to_string());
    let records = json!([record("1", "{}")]);
    assert!(api.call(Bytes::from(event(records))).await.is_ok());
    let lines = wait_for(&lines, 2).await;
    assert!(lines[0].contains("EventErrors"), "{lines:?}");
}

#[tokio::test]
async fn content_is_logged_only_where_that_is_asked_for() {
    let (api, lines) = start(&[("LOG_CONTENT", "true"), ("LOG_REFUSALS", "1")]);
    let records = json!([record("1", "one secret"), record("2", "another secret")]);
    api.call(Bytes::from(event(records))).await.unwrap();
    let lines = wait_for(&lines, 1).await;
    let line: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(line["refusals"][0]["content"], "one secret");
    assert_eq!(line["refusals"].as_array().unwrap().len(), 1);
    assert_eq!(line["ProcessingFailed.invalid-json"], 2);
}

#[tokio::test]
async fn as_many_processes_run_as_events_at_once() {
    let mut function = Function::new("transformer", env!("CARGO_BIN_EXE_transformer"));
    function.concurrency = NonZeroUsize::new(3).unwrap();
    let api = RuntimeApi::new(function, Arc::new(SystemClock), Ids::from_seed(1));
    let one = || api.call(Bytes::from(event(json!([record("1", "{}")]))));
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    for answer in [a, b, c, d] {
        assert_ne!(answer, Err(InvokeError::TimedOut));
        assert!(answer.is_ok());
    }
}
