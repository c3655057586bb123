//! One line an invocation, in CloudWatch's Embedded Metric Format: a log line that CloudWatch turns into
//! metrics (CloudWatch user guide, "Specification: Embedded metric format").

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::batch::BatchSummary;
use crate::event::EventError;
use crate::work::{Counts, Reason};

/// What is logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Quote records that were refused.
    pub content: bool,
    /// How many refusals of an invocation are listed.
    pub refusals: usize,
    /// The metrics' namespace.
    pub namespace: String,
}

impl Log {
    /// Refusals that are listed unless a setting says otherwise.
    pub const REFUSALS: usize = 10;
}

/// Most characters of a record that are quoted.
const MOST_CONTENT: usize = 1_000;

/// One invocation, to be told of.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Lambda's id of it.
    pub request_id: &'a str,
    /// The delivery stream or Kinesis stream; empty where the event names none.
    pub stream: &'a str,
    /// When it began, since the Unix epoch.
    pub at: Duration,
    /// How long it took.
    pub took: Duration,
    /// The answer's bytes.
    pub answer: usize,
}

/// Writes the lines.
#[derive(Debug)]
pub struct Telemetry {
    log: Log,
    started: Option<Duration>,
}

impl Telemetry {
    /// `started` is when the function was, since the epoch.
    pub fn new(log: Log, started: Duration) -> Self {
        Self {
            log,
            started: Some(started),
        }
    }

    /// The line of an invocation that was answered; `content` gives the bytes of a refused record.
    pub fn answered<R: Reason, C: Counts>(
        &mut self,
        invocation: &Told<'_>,
        summary: &BatchSummary<R, C>,
        content: impl Fn(usize) -> Option<Vec<u8>>,
    ) -> String {
        let mut line = Line::default();
        line.metric("Records", "Count", json!(summary.records));
        line.metric("Ok", "Count", json!(summary.ok));
        line.metric("Dropped", "Count", json!(summary.dropped));
        line.metric("Reingested", "Count", json!(summary.reingested));
        line.metric("ProcessingFailed", "Count", json!(summary.refusals.len()));
        for (reason, records) in summary.reasons() {
            let name = format!("ProcessingFailed.{reason}");
            line.metric(&name, "Count", json!(records));
        }
        for (name, records) in summary.counts.metrics() {
            line.metric(name, "Count", json!(records));
        }
        line.metric("BytesIn", "Bytes", json!(summary.bytes_in));
        line.metric("BytesOut", "Bytes", json!(summary.bytes_out));
        line.metric("AnswerBytes", "Bytes", json!(invocation.answer));
        line.metric("Duration", "Milliseconds", milliseconds(invocation.took));
        if let Some(started) = self.started.take() {
            line.property("coldStart", json!(true));
            let waited = invocation.at.saturating_sub(started);
            line.property("startToFirstEventMilliseconds", milliseconds(waited));
        }
        let refusals: Vec<_> = (0..)
            .zip(&summary.refusals)
            .take(self.log.refusals)
            .map(|(position, refused)| {
                let mut told = json!({
                    "recordId": refused.record_id,
                    "reason": refused.refusal.reason(),
                    "detail": refused.refusal.to_string(),
                });
                if self.log.content
                    && let Some(content) = content(position)
                {
                    let text = String::from_utf8_lossy(&content);
                    let text: String = text.chars().take(MOST_CONTENT).collect();
                    told["content"] = Value::String(text);
                }
                told
            })
            .collect();
        if !refusals.is_empty() {
            line.property("refusals", Value::Array(refusals));
        }
        line.finish(&self.log.namespace, invocation)
    }

    /// The line of an invocation whose event could not be answered.
    pub fn failed(&mut self, invocation: &Told<'_>, error: &EventError) -> String {
        let mut line = Line::default();
        line.metric("EventErrors", "Count", json!(1));
        line.property("error", json!(error.to_string()));
        line.finish(&self.log.namespace, invocation)
    }
}

#[expect(clippy::cast_precision_loss, reason = "hours in nanoseconds are exact")]
fn milliseconds(duration: Duration) -> Value {
    json!((duration.as_micros() as f64) / 1000.0)
}

/// A line in the making.
#[derive(Default)]
struct Line {
    definitions: Vec<Value>,
    values: Map<String, Value>,
}

impl Line {
    fn metric(&mut self, name: &str, unit: &str, value: Value) {
        self.definitions.push(json!({"Name": name, "Unit": unit}));
        self.property(name, value);
    }

    fn property(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), value);
    }

    fn finish(mut self, namespace: &str, invocation: &Told<'_>) -> String {
        self.property("requestId", json!(invocation.request_id));
        // The name alone: an ARN's last part.
        let stream = invocation.stream.rsplit('/').next().unwrap_or_default();
        let dimensions = if stream.is_empty() {
            json!([[]])
        } else {
            self.property("DeliveryStream", json!(stream));
            json!([["DeliveryStream"]])
        };
        let timestamp = u64::try_from(invocation.at.as_millis()).unwrap_or(u64::MAX);
        let metadata = json!({
            "Timestamp": timestamp,
            "CloudWatchMetrics": [{
                "Namespace": namespace,
                "Dimensions": dimensions,
                "Metrics": self.definitions,
            }],
        });
        self.property("_aws", metadata);
        Value::Object(self.values).to_string()
    }
}
