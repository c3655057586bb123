//! The metrics of a service in Prometheus's text format, under CloudWatch's names (developer guide,
//! "Monitoring with CloudWatch metrics"): a dot becomes an underscore.

use std::fmt::{Display, Write as _};

use super::{Service, Stream};
use crate::metrics::{Calls, DeliveryNumbers};

/// One metric of each stream.
struct Metric {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
}

const fn gauge(name: &'static str, help: &'static str) -> Metric {
    Metric {
        name,
        kind: "gauge",
        help,
    }
}

const fn counter(name: &'static str, help: &'static str) -> Metric {
    Metric {
        name,
        kind: "counter",
        help,
    }
}

/// A stream's numbers at one instant.
struct Sample<'a> {
    name: String,
    stream: &'a Stream,
    delivery: DeliveryNumbers,
}

/// A number of an operation's calls.
type Number = fn(&Calls) -> u64;

struct Text(String);

impl Text {
    fn add<N: Display>(
        &mut self,
        metric: &Metric,
        samples: &[Sample<'_>],
        number: impl Fn(&Sample<'_>) -> N,
    ) {
        let Metric { name, kind, help } = metric;
        self.line(format_args!("# HELP firehose_{name} {help}"));
        self.line(format_args!("# TYPE firehose_{name} {kind}"));
        for sample in samples {
            let stream = &sample.name;
            let number = number(sample);
            self.line(format_args!(
                "firehose_{name}{{DeliveryStreamName=\"{stream}\"}} {number}"
            ));
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        writeln!(self.0, "{line}").ok();
    }
}

impl Service {
    /// The metrics of all streams, in Prometheus's text format.
    pub async fn metrics(&self) -> String {
        let now = self.clock().now().as_millisecond();
        let streams = self.all_streams();
        let samples: Vec<Sample<'_>> = streams
            .iter()
            .map(|stream| Sample {
                name: stream.configuration().name().to_owned(),
                delivery: stream.metrics().delivery(),
                stream,
            })
            .collect();
        let mut text = Text(String::new());
        deliveries(&mut text, &samples, now);
        ingestion(&mut text, &samples);
        sources_and_backups(&mut text, &samples);
        let log = self.log_bytes().await;
        text.line(format_args!(
            "# HELP hydrant_log_bytes Bytes of records that wait for delivery."
        ));
        text.line(format_args!("# TYPE hydrant_log_bytes gauge"));
        text.line(format_args!("hydrant_log_bytes {log}"));
        text.0
    }
}

fn deliveries(text: &mut Text, samples: &[Sample<'_>], now_ms: i64) {
    let freshness = gauge(
        "DeliveryToS3_DataFreshness",
        "Age of the oldest record that is not delivered, in seconds.",
    );
    text.add(&freshness, samples, |it| {
        let age_ms = it
            .stream
            .log()
            .oldest_ms()
            .map_or(0, |oldest| now_ms - oldest);
        age_ms.max(0) / 1000
    });
    let records = counter("DeliveryToS3_Records", "Records delivered.");
    text.add(&records, samples, |it| it.delivery.account.delivered);
    let bytes = counter("DeliveryToS3_Bytes", "Bytes delivered, before compression.");
    text.add(&bytes, samples, |it| it.delivery.account.delivered_bytes);
    let objects = counter("DeliveryToS3_ObjectCount", "Objects written.");
    text.add(&objects, samples, |it| it.delivery.account.objects);
    let aside = counter(
        "SetAside_Records",
        "Records in objects that the lake did not take for too long.",
    );
    text.add(&aside, samples, |it| it.delivery.account.set_aside);
    let partitions = gauge(
        "PartitionCount",
        "Partitions that have records in a buffer.",
    );
    text.add(&partitions, samples, |it| it.delivery.active_partitions);
    let exceeded = counter(
        "PartitionCountExceeded",
        "Records refused because their partition was one too many.",
    );
    text.add(&exceeded, samples, |it| {
        let refused = &it.delivery.account.refused;
        refused
            .get(crate::failure::ACTIVE_PARTITIONS_EXCEEDED)
            .copied()
            .unwrap_or(0)
    });
    let refused = counter(
        "ErrorOutput_Records",
        "Records that went to the error output.",
    );
    text.add(&refused, samples, |it| it.delivery.account.refused_total());
    let dropped = counter("Dropped_Records", "Records that the function dropped.");
    text.add(&dropped, samples, |it| it.delivery.account.dropped);
    let buffered = gauge("Buffered_Bytes", "Memory that buffers hold.");
    text.add(&buffered, samples, |it| it.delivery.buffered_bytes);
    let waiting = gauge("Undelivered_Records", "Records accepted and not delivered.");
    text.add(&waiting, samples, |it| it.stream.log().undelivered());
}

fn sources_and_backups(text: &mut Text, samples: &[Sample<'_>]) {
    let records = counter("BackupToS3_Records", "Records backed up as they came.");
    text.add(&records, samples, |it| it.delivery.account.backed_up);
    let bytes = counter("BackupToS3_Bytes", "Bytes of them, before compression.");
    text.add(&bytes, samples, |it| it.delivery.account.backed_up_bytes);
    let records = counter(
        "DataReadFromKinesisStream_Records",
        "Records read from the Kinesis data stream.",
    );
    text.add(&records, samples, |it| {
        it.stream.metrics().kinesis_records.get()
    });
    let bytes = counter(
        "DataReadFromKinesisStream_Bytes",
        "Bytes read from the Kinesis data stream.",
    );
    text.add(&bytes, samples, |it| {
        it.stream.metrics().kinesis_bytes.get()
    });
    let behind = gauge(
        "KinesisMillisBehindLatest",
        "How far the reader of the Kinesis data stream is behind.",
    );
    text.add(&behind, samples, |it| {
        it.stream.metrics().kinesis_behind_ms()
    });
}

fn ingestion(text: &mut Text, samples: &[Sample<'_>]) {
    let records = counter("IncomingRecords", "Records accepted.");
    text.add(&records, samples, |it| {
        it.stream.metrics().incoming_records.get()
    });
    let bytes = counter("IncomingBytes", "Bytes accepted.");
    text.add(&bytes, samples, |it| {
        it.stream.metrics().incoming_bytes.get()
    });
    let requests = counter(
        "IncomingPutRequests",
        "PutRecord and PutRecordBatch requests.",
    );
    text.add(&requests, samples, |it| {
        let metrics = it.stream.metrics();
        metrics.put_record.requests.get() + metrics.put_record_batch.requests.get()
    });
    let throttled = counter("ThrottledRecords", "Records refused with `Slow down.`");
    text.add(&throttled, samples, |it| {
        it.stream.metrics().throttled_records.get()
    });
    let numbers: [(&str, &str, Number); 4] = [
        ("Requests", "Requests.", |it| it.requests.get()),
        ("Bytes", "Bytes accepted.", |it| it.bytes.get()),
        ("Records", "Records accepted.", |it| it.records.get()),
        (
            "Latency",
            "Sum of the requests' durations, in milliseconds.",
            |it| it.milliseconds.get(),
        ),
    ];
    for (suffix, help, number) in numbers {
        for (operation, is_batch) in [("PutRecord", false), ("PutRecordBatch", true)] {
            let name = format!("{operation}_{suffix}");
            text.line(format_args!("# HELP firehose_{name} {operation}: {help}"));
            text.line(format_args!("# TYPE firehose_{name} counter"));
            for sample in samples {
                let metrics = sample.stream.metrics();
                let calls = if is_batch {
                    &metrics.put_record_batch
                } else {
                    &metrics.put_record
                };
                let (stream, number) = (&sample.name, number(calls));
                text.line(format_args!(
                    "firehose_{name}{{DeliveryStreamName=\"{stream}\"}} {number}"
                ));
            }
        }
    }
}
