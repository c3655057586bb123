//! Every metric of a stream: name, meaning, and where its number is.

use super::{
    Kind::{Counter, Gauge},
    Metric, Number, Sample,
};
use crate::metrics::Tries;

/// In the order in which they are told: those of CloudWatch, then ours.
pub(super) const METRICS: &[Metric] = &[
    metric("IncomingRecords", Counter, "Records accepted.", |it| {
        Number::Whole(it.metrics().incoming.records.get())
    }),
    metric("IncomingBytes", Counter, "Bytes accepted.", |it| {
        Number::Whole(it.metrics().incoming.bytes.get())
    }),
    metric(
        "IncomingPutRequests",
        Counter,
        "PutRecord and PutRecordBatch requests.",
        |it| {
            Number::Whole(
                it.metrics().put_record.requests.get()
                    + it.metrics().put_record_batch.requests.get(),
            )
        },
    ),
    metric(
        "ThrottledRecords",
        Counter,
        "Records refused with `Slow down.`",
        |it| Number::Whole(it.metrics().throttled_records.get()),
    ),
    metric(
        "RecordsPerSecondLimit",
        Gauge,
        "AWS's quota of records a second; held to with --quotas.",
        |it| Number::Real(it.quota.records()),
    ),
    metric(
        "BytesPerSecondLimit",
        Gauge,
        "AWS's quota of bytes a second; held to with --quotas.",
        |it| Number::Real(it.quota.bytes()),
    ),
    metric(
        "PutRequestsPerSecondLimit",
        Gauge,
        "AWS's quota of requests a second; held to with --quotas.",
        |it| Number::Real(it.quota.requests()),
    ),
    metric("PutRecord_Requests", Counter, "PutRecord requests.", |it| {
        Number::Whole(it.metrics().put_record.requests.get())
    }),
    metric("PutRecord_Bytes", Counter, "Bytes that they put.", |it| {
        Number::Whole(it.metrics().put_record.bytes.get())
    }),
    metric(
        "PutRecord_Latency",
        Counter,
        "Sum of their durations, in milliseconds.",
        |it| Number::Whole(it.metrics().put_record.milliseconds.get()),
    ),
    metric(
        "PutRecordBatch_Requests",
        Counter,
        "PutRecordBatch requests.",
        |it| Number::Whole(it.metrics().put_record_batch.requests.get()),
    ),
    metric(
        "PutRecordBatch_Bytes",
        Counter,
        "Bytes that they put.",
        |it| Number::Whole(it.metrics().put_record_batch.bytes.get()),
    ),
    metric(
        "PutRecordBatch_Records",
        Counter,
        "Records that they put.",
        |it| Number::Whole(it.metrics().put_record_batch.records.get()),
    ),
    metric(
        "PutRecordBatch_Latency",
        Counter,
        "Sum of their durations, in milliseconds.",
        |it| Number::Whole(it.metrics().put_record_batch.milliseconds.get()),
    ),
    metric(
        "DescribeDeliveryStream_Requests",
        Counter,
        "DescribeDeliveryStream requests.",
        |it| Number::Whole(it.metrics().describe.requests.get()),
    ),
    metric(
        "DescribeDeliveryStream_Latency",
        Counter,
        "Sum of their durations, in milliseconds.",
        |it| Number::Whole(it.metrics().describe.milliseconds.get()),
    ),
    metric(
        "UpdateDeliveryStream_Requests",
        Counter,
        "UpdateDestination requests.",
        |it| Number::Whole(it.metrics().update.requests.get()),
    ),
    metric(
        "UpdateDeliveryStream_Latency",
        Counter,
        "Sum of their durations, in milliseconds.",
        |it| Number::Whole(it.metrics().update.milliseconds.get()),
    ),
    metric(
        "DeliveryToS3_DataFreshness",
        Gauge,
        "Age of the oldest record that is not delivered, in seconds.",
        |it| Number::Whole(it.freshness()),
    ),
    metric(
        "DeliveryToS3_Records",
        Counter,
        "Records delivered.",
        |it| Number::Whole(it.delivery.account.delivered),
    ),
    metric(
        "DeliveryToS3_Bytes",
        Counter,
        "Bytes delivered, before compression.",
        |it| Number::Whole(it.delivery.account.delivered_bytes),
    ),
    metric(
        "DeliveryToS3_ObjectCount",
        Counter,
        "Objects written.",
        |it| Number::Whole(it.delivery.account.objects),
    ),
    metric(
        "DeliveryToS3_Success",
        Gauge,
        "Share of the puts of objects that the store took.",
        |it| share(&it.metrics().deliveries),
    ),
    metric(
        "BackupToS3_DataFreshness",
        Gauge,
        "Age of the oldest record that is not delivered and backed up, in seconds.",
        |it| Number::Whole(it.freshness()),
    ),
    metric(
        "BackupToS3_Records",
        Counter,
        "Records backed up as they came.",
        |it| Number::Whole(it.delivery.account.backed_up),
    ),
    metric(
        "BackupToS3_Bytes",
        Counter,
        "Bytes of them, before compression.",
        |it| Number::Whole(it.delivery.account.backed_up_bytes),
    ),
    metric(
        "BackupToS3_Success",
        Gauge,
        "Share of the puts of backups that the store took.",
        |it| share(&it.metrics().backups),
    ),
    metric(
        "ExecuteProcessing_Duration",
        Counter,
        "Sum of the durations of the function's invocations, in milliseconds.",
        |it| Number::Whole(it.metrics().invocation_milliseconds.get()),
    ),
    metric(
        "ExecuteProcessing_Success",
        Gauge,
        "Share of the invocations that gave an answer.",
        |it| share(&it.metrics().invocations),
    ),
    metric(
        "SucceedProcessing_Records",
        Counter,
        "Records that the function processed.",
        |it| Number::Whole(it.metrics().processed.records.get()),
    ),
    metric(
        "SucceedProcessing_Bytes",
        Counter,
        "Bytes of them, as the function got them.",
        |it| Number::Whole(it.metrics().processed.bytes.get()),
    ),
    metric(
        "PartitionCount",
        Gauge,
        "Partitions that have records in a buffer.",
        |it| Number::Whole(it.delivery.active_partitions as u64),
    ),
    metric(
        "PartitionCountExceeded",
        Gauge,
        "1 while there are as many as there may be, and records were refused.",
        |it| Number::Whole(it.delivery.partitions_exceeded.into()),
    ),
    metric(
        "ActivePartitionsLimit",
        Gauge,
        "Partitions that may be active at once.",
        |it| Number::Whole(it.partitions as u64),
    ),
    metric(
        "PerPartitionThroughput",
        Gauge,
        "Bytes a second that a partition gets, on average.",
        |it| Number::Whole(it.delivery.partition_throughput),
    ),
    metric(
        "JQProcessing_Duration",
        Counter,
        "Time that the query for partition keys took, in milliseconds.",
        |it| milliseconds(it.metrics().query_microseconds.get()),
    ),
    metric(
        "SucceedConversion_Records",
        Counter,
        "Records that became rows.",
        |it| Number::Whole(it.metrics().converted.records.get()),
    ),
    metric(
        "SucceedConversion_Bytes",
        Counter,
        "Bytes of them, before.",
        |it| Number::Whole(it.metrics().converted.bytes.get()),
    ),
    metric(
        "FailedConversion_Records",
        Counter,
        "Records that did not become rows.",
        |it| Number::Whole(it.metrics().not_converted.records.get()),
    ),
    metric("FailedConversion_Bytes", Counter, "Bytes of them.", |it| {
        Number::Whole(it.metrics().not_converted.bytes.get())
    }),
    metric(
        "DataReadFromKinesisStream_Records",
        Counter,
        "Records read from the Kinesis data stream.",
        |it| Number::Whole(it.metrics().kinesis.records.get()),
    ),
    metric(
        "DataReadFromKinesisStream_Bytes",
        Counter,
        "Bytes read from the Kinesis data stream.",
        |it| Number::Whole(it.metrics().kinesis.bytes.get()),
    ),
    metric(
        "KinesisMillisBehindLatest",
        Gauge,
        "How far the reader of the Kinesis data stream is behind.",
        |it| Number::Whole(it.metrics().kinesis_behind_ms()),
    ),
    metric(
        "ThrottledGetRecords",
        Counter,
        "GetRecords calls that Kinesis refused as too many.",
        |it| Number::Whole(it.metrics().throttled_get_records.get()),
    ),
    metric(
        "ThrottledGetShardIterator",
        Counter,
        "GetShardIterator calls that Kinesis refused as too many.",
        |it| Number::Whole(it.metrics().throttled_get_shard_iterator.get()),
    ),
    metric(
        "ThrottledDescribeStream",
        Counter,
        "Listings of shards that Kinesis refused as too many.",
        |it| Number::Whole(it.metrics().throttled_describe_stream.get()),
    ),
    metric(
        "KMSKeyAccessDenied",
        Counter,
        "0: no key is used here, encryption is only said to be on.",
        |_| Number::Whole(0),
    ),
    metric(
        "KMSKeyDisabled",
        Counter,
        "0: no key is used here, encryption is only said to be on.",
        |_| Number::Whole(0),
    ),
    metric(
        "KMSKeyInvalidState",
        Counter,
        "0: no key is used here, encryption is only said to be on.",
        |_| Number::Whole(0),
    ),
    metric(
        "KMSKeyNotFound",
        Counter,
        "0: no key is used here, encryption is only said to be on.",
        |_| Number::Whole(0),
    ),
    // CloudWatch has none of these.
    metric(
        "ErrorOutput_Records",
        Counter,
        "Records that went to the error output.",
        |it| Number::Whole(it.delivery.account.refused_total()),
    ),
    metric(
        "Dropped_Records",
        Counter,
        "Records that the function dropped.",
        |it| Number::Whole(it.delivery.account.dropped),
    ),
    metric(
        "SetAside_Records",
        Counter,
        "Records in objects that the lake did not take for too long.",
        |it| Number::Whole(it.delivery.account.set_aside),
    ),
    metric("Buffered_Bytes", Gauge, "Memory that buffers hold.", |it| {
        Number::Whole(it.delivery.buffered_bytes as u64)
    }),
    metric(
        "Undelivered_Records",
        Gauge,
        "Records accepted and not delivered.",
        |it| Number::Whole(it.stream.log().undelivered()),
    ),
];

const fn metric(
    name: &'static str,
    kind: super::Kind,
    help: &'static str,
    number: fn(&Sample<'_>) -> Number,
) -> Metric {
    Metric {
        name,
        kind,
        help,
        number,
    }
}

fn share(tries: &Tries) -> Number {
    let good = tries.good.get();
    Number::Share(good, good + tries.bad.get())
}

#[expect(clippy::cast_precision_loss, reason = "a time, in thousandths")]
fn milliseconds(microseconds: u64) -> Number {
    Number::Real(microseconds as f64 / 1000.0)
}
