//! The metrics of a service in Prometheus's text format, under CloudWatch's names (developer guide,
//! "Monitoring with CloudWatch metrics"): a dot becomes an underscore.

mod names;

use std::fmt::{self, Write as _};

use super::{Service, Stream};
use crate::{
    metrics::{Calls, DeliveryNumbers, StreamMetrics},
    quota::PerSecond,
};

/// One metric of each stream.
struct Metric {
    name: &'static str,
    kind: Kind,
    help: &'static str,
    number: fn(&Sample<'_>) -> Number,
}

/// What Prometheus makes of a number: it grows, or goes up and down.
#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        })
    }
}

/// A number of a metric.
enum Number {
    Whole(u64),
    Real(f64),
    /// So many of so many; all of nothing.
    Share(u64, u64),
}

impl fmt::Display for Number {
    #[expect(clippy::cast_precision_loss, reason = "a share has few digits")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Whole(number) => write!(f, "{number}"),
            Self::Real(number) => write!(f, "{number}"),
            Self::Share(_, 0) => f.write_str("1"),
            Self::Share(part, all) => write!(f, "{}", part as f64 / all as f64),
        }
    }
}

/// A stream's numbers at one instant.
struct Sample<'a> {
    name: String,
    stream: &'a Stream,
    delivery: DeliveryNumbers,
    /// What its Region lets it take in a second.
    quota: PerSecond,
    /// Partitions that may be active at once.
    partitions: usize,
    now_ms: i64,
}

impl Sample<'_> {
    fn metrics(&self) -> &StreamMetrics {
        self.stream.metrics()
    }

    /// Age of the oldest record that the log still has, in seconds.
    fn freshness(&self) -> u64 {
        let oldest = self.stream.log().oldest_ms();
        let age_ms = oldest.map_or(0, |oldest| self.now_ms - oldest);
        u64::try_from(age_ms / 1000).unwrap_or(0)
    }
}

struct Text(String);

impl Text {
    fn add(&mut self, metric: &Metric, samples: &[Sample<'_>]) {
        let Metric {
            name,
            kind,
            help,
            number,
        } = metric;
        self.head(&format!("firehose_{name}"), *kind, help);
        for sample in samples {
            let stream = &sample.name;
            let number = number(sample);
            self.line(format_args!(
                "firehose_{name}{{DeliveryStreamName=\"{stream}\"}} {number}"
            ));
        }
    }

    /// A metric of the service as a whole.
    fn single(&mut self, name: &str, kind: Kind, help: &str, number: u64) {
        self.head(name, kind, help);
        self.line(format_args!("{name} {number}"));
    }

    fn head(&mut self, name: &str, kind: Kind, help: &str) {
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    fn line(&mut self, line: fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        writeln!(self.0, "{line}").ok();
    }
}

impl Service {
    /// The metrics of all streams, in Prometheus's text format.
    pub async fn metrics(&self) -> String {
        let now_ms = self.clock().now().as_millisecond();
        let streams = self.all_streams();
        let samples: Vec<Sample<'_>> = streams
            .iter()
            .map(|stream| {
                let configuration = stream.configuration();
                Sample {
                    name: configuration.name().to_owned(),
                    delivery: stream.metrics().delivery(),
                    quota: self.per_second(&configuration),
                    partitions: self.options.active_partitions,
                    stream,
                    now_ms,
                }
            })
            .collect();
        let mut text = Text(String::new());
        for metric in names::METRICS {
            text.add(metric, &samples);
        }
        let Calls {
            requests,
            milliseconds,
            ..
        } = &self.lists;
        text.single(
            "firehose_ListDeliveryStreams_Requests",
            Kind::Counter,
            "ListDeliveryStreams requests.",
            requests.get(),
        );
        text.single(
            "firehose_ListDeliveryStreams_Latency",
            Kind::Counter,
            "Sum of their durations, in milliseconds.",
            milliseconds.get(),
        );
        text.single(
            "hydrant_log_bytes",
            Kind::Gauge,
            "Bytes that the records that wait for delivery take in the log.",
            self.log_bytes().await,
        );
        text.0
    }
}
