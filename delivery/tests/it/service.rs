//! A service keeps what it acknowledged: through restarts, outages and back-pressure.

use std::{collections::BTreeSet, time::Duration};

use hydrant_testing::S3Server;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use tempfile::TempDir;

use crate::serving::{
    ManualClock, Running, call, drive, lines, options, plain, put, records, service, sorted, until,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_delivered_once_after_a_restart_that_nobody_prepared() {
    let first = Running::new(|_| {}, &plain("s")).await;
    let place = &first.place;
    let put_first =
        async |records: &[String]| put(&first.service, records).await["FailedPutCount"].take();
    assert_eq!(put_first(&records(0..10)).await, 0);
    first.service.flush(None).await;
    assert_eq!(put_first(&records(10..20)).await, 0);
    // Nothing is told to stop: the log is closed with what is in it.
    let left = first.service.stop(Duration::ZERO).await;
    assert!(left.total() <= 10, "{left:?}");

    let second = first.again().await;
    assert_eq!(second.stream_names(), ["s"], "definitions survive");
    assert_eq!(put(&second, &records(20..30)).await["FailedPutCount"], 0);
    second.flush(None).await;
    let expected: Vec<String> = records(0..30)
        .iter()
        .map(|it| it.trim().to_owned())
        .collect();
    assert_eq!(sorted(lines(place.path(), "s/")), sorted(expected));
    until("the log is empty", async || second.log_bytes().await == 0).await;
    assert_eq!(second.stop(Duration::from_secs(5)).await.total(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buffer_is_written_when_its_interval_has_passed_and_not_before() {
    let Running {
        place,
        clock,
        service,
    } = Running::new(|_| {}, &plain("s")).await;
    put(&service, &records(0..3)).await;
    until("buffered", async || {
        service
            .metrics()
            .await
            .contains("firehose_PartitionCount{DeliveryStreamName=\"s\"} 1")
    })
    .await;
    clock.advance(Duration::from_secs(59)).await;
    assert!(lines(place.path(), "s/").is_empty());
    clock.advance(Duration::from_secs(1)).await;
    until("written", async || lines(place.path(), "s/").len() == 3).await;
    let metrics = service.metrics().await;
    for line in ["firehose_DeliveryToS3_Records", "firehose_IncomingRecords"] {
        let expected = format!("{line}{{DeliveryStreamName=\"s\"}} 3");
        until(&expected, async || {
            service.metrics().await.contains(&expected)
        })
        .await;
    }
    assert!(
        metrics.contains("# TYPE firehose_DeliveryToS3_DataFreshness gauge"),
        "{metrics}"
    );
}

/// A stream that does nothing with its records takes those of a request together.
#[tokio::test(flavor = "multi_thread")]
async fn no_object_outgrows_its_hint_however_long_the_records_are() {
    let Running { place, service, .. } = Running::new(|_| {}, &plain("s")).await;
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut all = Vec::new();
    for _ in 0..6 {
        let records: Vec<String> = (0..random.random_range(1..12))
            .map(|n| {
                format!(
                    "{}.{n}{}\n",
                    all.len(),
                    " ".repeat(random.random_range(0..400_000))
                )
            })
            .collect();
        assert_eq!(put(&service, &records).await["FailedPutCount"], 0);
        all.extend(records);
    }
    service.flush(None).await;
    let objects = hydrant_testing::files(&place.path().join("lake")).unwrap();
    assert!(objects.len() > 3);
    assert!(objects.iter().all(|(_, object)| object.len() <= 1 << 20));
    let expected = all.iter().map(|it| it.trim_end_matches('\n').to_owned());
    assert_eq!(
        sorted(lines(place.path(), "s/")),
        sorted(expected.collect())
    );
    until("the log is empty", async || service.log_bytes().await == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn time_scale_and_flush_shorten_intervals() {
    for (scale, longest) in [(60.0, None), (1.0, Some(Duration::from_secs(1)))] {
        let pace = hydrant_delivery::Pace { scale, longest };
        let Running {
            place,
            clock,
            service,
        } = Running::new(|options| options.pace = pace, &plain("s")).await;
        put(&service, &records(0..1)).await;
        until("buffered", async || {
            service
                .metrics()
                .await
                .contains("firehose_PartitionCount{DeliveryStreamName=\"s\"} 1")
        })
        .await;
        clock.advance(Duration::from_secs(1)).await;
        until("written", async || lines(place.path(), "s/").len() == 1).await;
        let named = json!({ "DeliveryStreamName": "s" });
        let described = call(&service, "DescribeDeliveryStream", &named)
            .await
            .unwrap();
        let destination = &described["DeliveryStreamDescription"]["Destinations"][0];
        let hints = &destination["ExtendedS3DestinationDescription"]["BufferingHints"];
        assert_eq!(
            hints["IntervalInSeconds"], 60,
            "the definition stays as it is"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_beyond_the_limit_go_to_the_error_output() {
    let mut stream = plain("s");
    let destination = &mut stream["ExtendedS3DestinationConfiguration"];
    destination["Prefix"] = "s/k=!{partitionKeyFromQuery:k}/".into();
    destination["ErrorOutputPrefix"] = "errors/!{firehose:error-output-type}/".into();
    destination["BufferingHints"] = json!({ "SizeInMBs": 64, "IntervalInSeconds": 60 });
    destination["DynamicPartitioningConfiguration"] = json!({ "Enabled": true });
    destination["ProcessingConfiguration"] = json!({ "Enabled": true, "Processors": [
        { "Type": "MetadataExtraction", "Parameters": [
            { "ParameterName": "MetadataExtractionQuery", "ParameterValue": "{k:.k}" },
            { "ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6" },
        ]},
        { "Type": "AppendDelimiterToRecord" },
    ]});
    let Running { place, service, .. } =
        Running::new(|options| options.active_partitions = 2, &stream).await;
    let records: Vec<String> = (0..8)
        .map(|n| format!("{{\"k\":\"k{}\"}}", n % 4))
        .collect();
    put(&service, &records).await;
    service.flush(None).await;
    assert_eq!(lines(place.path(), "s/").len(), 4);
    let metrics = service.metrics().await;
    let counted = "firehose_ErrorOutput_Records{DeliveryStreamName=\"s\"} 4\n";
    assert!(metrics.contains(counted), "{metrics}");
    let refused = lines(place.path(), "errors/");
    assert_eq!(refused.len(), 4);
    assert!(
        refused
            .iter()
            .all(|it| it.contains("DynamicPartitioning.ActivePartitionsLimitExceeded")),
        "{refused:?}"
    );
}

/// CloudWatch's names for a stream that goes to S3 (developer guide, "Monitoring with CloudWatch metrics").
const CLOUDWATCH: &str = "IncomingBytes IncomingRecords IncomingPutRequests ThrottledRecords BytesPerSecondLimit \
    RecordsPerSecondLimit PutRequestsPerSecondLimit PutRecord.Bytes PutRecord.Latency PutRecord.Requests \
    PutRecordBatch.Bytes PutRecordBatch.Latency PutRecordBatch.Records PutRecordBatch.Requests \
    DescribeDeliveryStream.Latency DescribeDeliveryStream.Requests UpdateDeliveryStream.Latency \
    UpdateDeliveryStream.Requests DeliveryToS3.Bytes DeliveryToS3.Records DeliveryToS3.Success \
    DeliveryToS3.DataFreshness DeliveryToS3.ObjectCount BackupToS3.Bytes BackupToS3.Records BackupToS3.Success \
    BackupToS3.DataFreshness ExecuteProcessing.Duration ExecuteProcessing.Success SucceedProcessing.Records \
    SucceedProcessing.Bytes PartitionCount PartitionCountExceeded JQProcessing.Duration PerPartitionThroughput \
    ActivePartitionsLimit SucceedConversion.Records SucceedConversion.Bytes FailedConversion.Records \
    FailedConversion.Bytes DataReadFromKinesisStream.Records DataReadFromKinesisStream.Bytes \
    KinesisMillisBehindLatest ThrottledGetRecords ThrottledGetShardIterator ThrottledDescribeStream \
    KMSKeyAccessDenied KMSKeyDisabled KMSKeyInvalidState KMSKeyNotFound";

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_of_cloudwatch_is_there_under_its_name() {
    let Running {
        place: _place,
        service,
        ..
    } = Running::new(|_| {}, &plain("s")).await;
    let named = json!({ "DeliveryStreamName": "s" });
    call(&service, "DescribeDeliveryStream", &named)
        .await
        .unwrap();
    call(&service, "ListDeliveryStreams", &json!({}))
        .await
        .unwrap();
    let metrics = service.metrics().await;
    for name in CLOUDWATCH.split_whitespace() {
        let name = format!("firehose_{}", name.replace('.', "_"));
        let line = format!("\n{name}{{DeliveryStreamName=\"s\"}} ");
        assert!(metrics.contains(&line), "{name}");
        assert!(metrics.contains(&format!("# TYPE {name} ")), "{name}");
    }
    for line in [
        "firehose_ListDeliveryStreams_Requests 1\n",
        "firehose_DescribeDeliveryStream_Requests{DeliveryStreamName=\"s\"} 1\n",
        "firehose_BytesPerSecondLimit{DeliveryStreamName=\"s\"} 5242880\n",
        "firehose_ActivePartitionsLimit{DeliveryStreamName=\"s\"} 500\n",
    ] {
        assert!(metrics.contains(line), "{line}{metrics}");
    }
}

/// What a person or the world may do to a service.
#[derive(Debug, Clone)]
enum Step {
    Put(u8),
    Tick,
    Flush,
    Outage(bool),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_u8..40).prop_map(Step::Put),
        2 => Just(Step::Tick),
        1 => Just(Step::Flush),
        1 => any::<bool>().prop_map(Step::Outage),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// The plain model is a set: what was acknowledged is in the lake in the end, and nothing else is. Without
    /// a crash between an object and the log, nothing is there twice.
    #[test]
    fn whatever_happens_the_lake_holds_what_was_acknowledged(steps in prop::collection::vec(step(), 1..16)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(run(steps));
    }
}

async fn run(steps: Vec<Step>) {
    let place = TempDir::new().unwrap();
    let clock = ManualClock::new();
    let server = S3Server::start("bucket").await.unwrap();
    let open = async || {
        service(
            options(place.path()),
            server.lake("bucket", "lake").unwrap(),
            clock.clone(),
        )
        .await
    };
    let mut current = open().await;
    call(&current, "CreateDeliveryStream", &plain("s"))
        .await
        .unwrap();
    let mut acknowledged = BTreeSet::new();
    let mut outage = false;
    for (number, step) in steps.into_iter().enumerate() {
        match step {
            Step::Put(count) => {
                let records: Vec<String> = (0..count).map(|n| format!("{number}.{n}\n")).collect();
                assert_eq!(put(&current, &records).await["FailedPutCount"], 0);
                acknowledged.extend(records.iter().map(|it| it.trim().to_owned()));
            }
            Step::Tick => clock.advance(Duration::from_secs(61)).await,
            Step::Flush if !outage => drive(&clock, current.flush(None)).await,
            Step::Flush => {}
            Step::Outage(begins) => {
                outage = begins;
                server.refuse(if begins { usize::MAX } else { 0 }, 403);
            }
            Step::Restart => {
                current.stop(Duration::ZERO).await;
                current = open().await;
            }
        }
    }
    server.refuse(0, 403);
    drive(&clock, current.flush(None)).await;
    let files = hydrant_testing::files(&server.directory("bucket")).unwrap();
    let mut found = BTreeSet::new();
    for (name, bytes) in files.iter().filter(|(name, _)| name.starts_with("lake/s/")) {
        for line in std::str::from_utf8(bytes).unwrap().lines() {
            found.insert(line.to_owned());
            assert!(
                acknowledged.contains(line),
                "{name} holds {line}, which nobody put"
            );
        }
    }
    assert_eq!(found, acknowledged);
    current.stop(Duration::ZERO).await;
}
