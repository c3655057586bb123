//! The API's control plane: what it answers, what it refuses, in AWS's words.

use std::sync::Arc;

use hydrant_delivery::{ApiError, ErrorKind, Service};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::serving::{ManualClock, call, lake, options, plain, service};

async fn start() -> (TempDir, Arc<Service>) {
    let place = TempDir::new().unwrap();
    let lake = lake(place.path()).await;
    let service = service(options(place.path()), lake, ManualClock::new()).await;
    (place, service)
}

async fn refused(service: &Arc<Service>, operation: &str, input: Value) -> ApiError {
    call(service, operation, &input).await.unwrap_err()
}

async fn describe(service: &Arc<Service>, name: &str) -> Value {
    let input = json!({ "DeliveryStreamName": name });
    call(service, "DescribeDeliveryStream", &input)
        .await
        .unwrap()["DeliveryStreamDescription"]
        .take()
}

#[tokio::test]
async fn a_description_has_the_defaults_that_aws_fills_in() {
    let (_place, service) = start().await;
    let mut stream = plain("s");
    let destination = &mut stream["ExtendedS3DestinationConfiguration"];
    destination["ProcessingConfiguration"] = json!({ "Enabled": true, "Processors": [
        { "Type": "Lambda", "Parameters": [
            { "ParameterName": "RoleArn", "ParameterValue": "arn:aws:iam::123456789012:role/r" },
            { "ParameterName": "LambdaArn", "ParameterValue": "arn:aws:lambda:eu-west-1:123456789012:function:f" },
        ]},
        { "Type": "AppendDelimiterToRecord", "Parameters": [{ "ParameterName": "Delimiter", "ParameterValue": "\\n" }] },
    ]});
    stream["Tags"] = json!([{ "Key": "team", "Value": "events" }]);
    let created = call(&service, "CreateDeliveryStream", &stream)
        .await
        .unwrap();
    insta::assert_snapshot!(created, @r#"{"DeliveryStreamARN":"arn:aws:firehose:eu-west-1:123456789012:deliverystream/s"}"#);
    insta::assert_json_snapshot!(describe(&service, "s").await);
}

#[tokio::test]
async fn what_the_model_forbids_is_a_validation_exception() {
    let (_place, service) = start().await;
    let with = |path: &str, value: Value| {
        let mut stream = plain("s");
        *stream.pointer_mut(path).unwrap() = value;
        stream
    };
    let destination = "/ExtendedS3DestinationConfiguration";
    let mut seen = String::new();
    for (operation, input) in [
        ("CreateDeliveryStream", json!({})),
        (
            "CreateDeliveryStream",
            with("/DeliveryStreamName", "a b".into()),
        ),
        (
            "CreateDeliveryStream",
            with(&format!("{destination}/RoleARN"), "role".into()),
        ),
        (
            "CreateDeliveryStream",
            with(&format!("{destination}/BucketARN"), Value::Null),
        ),
        (
            "CreateDeliveryStream",
            with(
                &format!("{destination}/BufferingHints/SizeInMBs"),
                129.into(),
            ),
        ),
        ("CreateDeliveryStream", {
            let mut stream = plain("s");
            stream["ExtendedS3DestinationConfiguration"]["CompressionFormat"] = "gzip".into();
            stream["ExtendedS3DestinationConfiguration"]["FileExtension"] = "gz".into();
            stream
        }),
        ("ListDeliveryStreams", json!({ "Limit": 0 })),
        (
            "PutRecordBatch",
            json!({ "DeliveryStreamName": "s", "Records": [] }),
        ),
        (
            "PutRecordBatch",
            json!({ "DeliveryStreamName": "s", "Records": [{}] }),
        ),
        ("PutRecord", json!({ "DeliveryStreamName": "s" })),
        (
            "TagDeliveryStream",
            json!({ "DeliveryStreamName": "s", "Tags": [{ "Key": "aws:x" }] }),
        ),
        (
            "UntagDeliveryStream",
            json!({ "DeliveryStreamName": "s", "TagKeys": [] }),
        ),
        ("UpdateDestination", json!({ "DeliveryStreamName": "s" })),
    ] {
        let error = refused(&service, operation, input).await;
        assert_eq!(error.kind, ErrorKind::Validation, "{operation}: {error}");
        seen += &format!("{operation}: {}\n", error.message);
    }
    insta::assert_snapshot!(seen);
}

#[tokio::test]
async fn what_aws_refuses_later_has_its_type_and_its_text() {
    let (_place, service) = start().await;
    call(&service, "CreateDeliveryStream", &plain("s"))
        .await
        .unwrap();
    let with = |member: &str, value: Value| {
        let mut stream = plain("t");
        stream["ExtendedS3DestinationConfiguration"][member] = value;
        stream
    };
    let update = |version: &str, id: &str, update: Value| {
        json!({
            "DeliveryStreamName": "s", "CurrentDeliveryStreamVersionId": version, "DestinationId": id,
            "ExtendedS3DestinationUpdate": update,
        })
    };
    let id = "destinationId-000000000001";
    let mut seen = String::new();
    for (operation, input) in [
        ("CreateDeliveryStream", plain("s")),
        ("CreateDeliveryStream", json!({ "DeliveryStreamName": "t" })),
        (
            "CreateDeliveryStream",
            json!({ "DeliveryStreamName": "t", "SplunkDestinationConfiguration": {} }),
        ),
        ("CreateDeliveryStream", with("Prefix", "a/!{x:y}/".into())),
        (
            "CreateDeliveryStream",
            with("CloudWatchLoggingOptions", json!({ "Enabled": true })),
        ),
        (
            "CreateDeliveryStream",
            with("EncryptionConfiguration", json!({})),
        ),
        (
            "CreateDeliveryStream",
            with("S3BackupMode", "Enabled".into()),
        ),
        (
            "CreateDeliveryStream",
            with("DataFormatConversionConfiguration", json!({})),
        ),
        ("CreateDeliveryStream", {
            let mut stream = plain("t");
            stream["DeliveryStreamType"] = "KinesisStreamAsSource".into();
            stream
        }),
        (
            "DescribeDeliveryStream",
            json!({ "DeliveryStreamName": "u" }),
        ),
        ("DeleteDeliveryStream", json!({ "DeliveryStreamName": "u" })),
        (
            "PutRecord",
            json!({ "DeliveryStreamName": "u", "Record": { "Data": "" } }),
        ),
        (
            "PutRecord",
            json!({ "DeliveryStreamName": "s", "Record": { "Data": "*" } }),
        ),
        ("UpdateDestination", update("7", id, json!({}))),
        (
            "UpdateDestination",
            update("1", "destinationId-2", json!({})),
        ),
        (
            "UpdateDestination",
            update("1", id, json!({ "BufferingHints": { "SizeInMBs": 2 } })),
        ),
        (
            "StartDeliveryStreamEncryption",
            json!({ "DeliveryStreamName": "s",
            "DeliveryStreamEncryptionConfigurationInput": { "KeyType": "CUSTOMER_MANAGED_CMK" } }),
        ),
        ("MakeCoffee", json!({})),
    ] {
        seen += &format!(
            "{operation}: {}\n",
            refused(&service, operation, input).await
        );
    }
    insta::assert_snapshot!(seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_replaces_what_it_gives_and_counts_versions() {
    let (place, service) = start().await;
    call(&service, "CreateDeliveryStream", &plain("s"))
        .await
        .unwrap();
    let put = |text: &str| {
        let data = base64_simd::STANDARD.encode_to_string(text);
        json!({ "DeliveryStreamName": "s", "Record": { "Data": data } })
    };
    call(&service, "PutRecord", &put("old\n")).await.unwrap();
    for version in 1..3 {
        let update = json!({
            "DeliveryStreamName": "s", "CurrentDeliveryStreamVersionId": version.to_string(),
            "DestinationId": "destinationId-000000000001",
            "ExtendedS3DestinationUpdate": { "Prefix": format!("v{}/", version + 1) },
        });
        call(&service, "UpdateDestination", &update).await.unwrap();
    }
    call(&service, "PutRecord", &put("new\n")).await.unwrap();
    service.flush(Some("s")).await;
    let description = describe(&service, "s").await;
    assert_eq!(description["VersionId"], "3");
    let destination = &description["Destinations"][0];
    assert_eq!(destination["S3DestinationDescription"]["Prefix"], "v3/");
    assert_eq!(
        destination["ExtendedS3DestinationDescription"]["BufferingHints"]["IntervalInSeconds"],
        60
    );
    let files = hydrant_testing::files(&place.path().join("lake")).unwrap();
    let (name, bytes) = files
        .iter()
        .find(|(name, _)| name.starts_with("v3/"))
        .unwrap();
    assert!(name.contains("/s-3-2026-11-22-10-20-30-"), "{name}");
    assert!(bytes.ends_with(b"new\n"));
    // What was put before an update is delivered, before it or after.
    let all: Vec<u8> = files.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
    assert!(all.windows(4).any(|it| it == b"old\n"));
}

#[tokio::test]
async fn streams_and_tags_are_listed_by_page_in_order() {
    let (_place, service) = start().await;
    for name in ["c", "a", "b"] {
        call(&service, "CreateDeliveryStream", &plain(name))
            .await
            .unwrap();
    }
    let list = async |input: Value| call(&service, "ListDeliveryStreams", &input).await.unwrap();
    assert_eq!(
        list(json!({ "Limit": 2 })).await,
        json!({ "DeliveryStreamNames": ["a", "b"], "HasMoreDeliveryStreams": true })
    );
    assert_eq!(
        list(json!({ "ExclusiveStartDeliveryStreamName": "b" })).await,
        json!({ "DeliveryStreamNames": ["c"], "HasMoreDeliveryStreams": false })
    );
    assert_eq!(
        list(json!({ "DeliveryStreamType": "MSKAsSource" })).await["DeliveryStreamNames"],
        json!([])
    );
    let tags = json!([{ "Key": "x", "Value": "1" }, { "Key": "y" }, { "Key": "z", "Value": "" }]);
    call(
        &service,
        "TagDeliveryStream",
        &json!({ "DeliveryStreamName": "a", "Tags": tags }),
    )
    .await
    .unwrap();
    call(
        &service,
        "UntagDeliveryStream",
        &json!({ "DeliveryStreamName": "a", "TagKeys": ["y", "nowhere"] }),
    )
    .await
    .unwrap();
    let first = json!({ "DeliveryStreamName": "a", "Limit": 1 });
    let page = call(&service, "ListTagsForDeliveryStream", &first);
    assert_eq!(
        page.await.unwrap(),
        json!({ "Tags": [{ "Key": "x", "Value": "1" }], "HasMoreTags": true })
    );
    let many: Vec<Value> = (0..50).map(|n| json!({ "Key": format!("k{n}") })).collect();
    let error = refused(
        &service,
        "TagDeliveryStream",
        json!({ "DeliveryStreamName": "a", "Tags": many }),
    )
    .await;
    assert_eq!(error.kind, ErrorKind::LimitExceeded);

    call(
        &service,
        "DeleteDeliveryStream",
        &json!({ "DeliveryStreamName": "a" }),
    )
    .await
    .unwrap();
    assert_eq!(
        list(json!({})).await["DeliveryStreamNames"],
        json!(["b", "c"])
    );
}

#[tokio::test]
async fn encryption_is_said_to_be_on_and_may_be_switched_25_times_a_day() {
    let (_place, service) = start().await;
    call(&service, "CreateDeliveryStream", &plain("s"))
        .await
        .unwrap();
    let named = json!({ "DeliveryStreamName": "s" });
    call(&service, "StartDeliveryStreamEncryption", &named)
        .await
        .unwrap();
    let record = json!({ "DeliveryStreamName": "s", "Record": { "Data": "YQ==" } });
    assert_eq!(
        call(&service, "PutRecord", &record).await.unwrap()["Encrypted"],
        true
    );
    let encryption = &describe(&service, "s").await["DeliveryStreamEncryptionConfiguration"];
    assert_eq!(
        encryption,
        &json!({ "KeyType": "AWS_OWNED_CMK", "Status": "ENABLED" })
    );
    for _ in 1..25 {
        call(&service, "StopDeliveryStreamEncryption", &named)
            .await
            .unwrap();
    }
    assert_eq!(
        call(&service, "PutRecord", &record).await.unwrap()["Encrypted"],
        false
    );
    let error = refused(&service, "StopDeliveryStreamEncryption", named).await;
    assert_eq!(error.kind, ErrorKind::LimitExceeded);
}

#[tokio::test]
async fn puts_have_the_limits_of_the_api() {
    let (_place, service) = start().await;
    call(&service, "CreateDeliveryStream", &plain("s"))
        .await
        .unwrap();
    let data = |bytes: usize| base64_simd::STANDARD.encode_to_string(vec![b'x'; bytes]);
    let one = |bytes| json!({ "DeliveryStreamName": "s", "Record": { "Data": data(bytes) } });
    call(&service, "PutRecord", &one(0)).await.unwrap();
    call(&service, "PutRecord", &one(1_024_000)).await.unwrap();
    let error = refused(&service, "PutRecord", one(1_024_001)).await;
    assert_eq!(error.kind, ErrorKind::Validation);

    let many = |count: usize, bytes| {
        let records: Vec<Value> = (0..count).map(|_| json!({ "Data": data(bytes) })).collect();
        json!({ "DeliveryStreamName": "s", "Records": records })
    };
    let answer = call(&service, "PutRecordBatch", &many(500, 8_000))
        .await
        .unwrap();
    assert_eq!(answer["FailedPutCount"], 0);
    let ids: Vec<&str> = answer["RequestResponses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["RecordId"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 500);
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(
        refused(&service, "PutRecordBatch", many(501, 1)).await.kind,
        ErrorKind::Validation
    );
    insta::assert_snapshot!(
        refused(&service, "PutRecordBatch", many(5, 1_000_000)).await,
        @"InvalidArgumentException: The total size of the records exceeds the maximum allowed size of 4194304 bytes."
    );
}
