use serde_json::{Value, json};

use super::*;

/// A stream that AWS takes, to be spoiled.
fn good() -> Value {
    json!({
        "DeliveryStreamName": "s",
        "ExtendedS3DestinationConfiguration": {
            "RoleARN": "arn:aws:iam::1:role/r",
            "BucketARN": "arn:aws:s3:::b",
            "Prefix": "a=!{partitionKeyFromQuery:a}/",
            "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
            "DynamicPartitioningConfiguration": { "Enabled": true },
            "ProcessingConfiguration": { "Enabled": true, "Processors": [
                { "Type": "MetadataExtraction", "Parameters": [
                    { "ParameterName": "MetadataExtractionQuery", "ParameterValue": "{a:.a}" },
                    { "ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6" },
                ]},
            ]},
        },
    })
}

/// The good stream with the value at `path`, below the destination, replaced.
fn with(path: &str, value: Value) -> Result<DeliveryStream, DefinitionError> {
    let mut input = good();
    let destination = &mut input["ExtendedS3DestinationConfiguration"];
    if value.is_null() {
        destination.as_object_mut().unwrap().remove(path);
    } else {
        destination[path] = value;
    }
    DeliveryStream::from_json(&input.to_string())
}

fn lambda(parameters: &[(&str, &str)]) -> Value {
    let parameters: Vec<Value> = parameters
        .iter()
        .map(|(name, value)| json!({ "ParameterName": name, "ParameterValue": value }))
        .collect();
    let mut processing =
        good()["ExtendedS3DestinationConfiguration"]["ProcessingConfiguration"].take();
    let lambda = json!({ "Type": "Lambda", "Parameters": parameters });
    processing["Processors"]
        .as_array_mut()
        .unwrap()
        .push(lambda);
    processing
}

fn processor(kind: &str, parameters: &[(&str, &str)]) -> Value {
    let mut processing = lambda(parameters);
    processing["Processors"][1]["Type"] = kind.into();
    processing
}

#[test]
fn the_examples_are_streams() {
    for example in [
        include_str!("../../../examples/stream.json"),
        include_str!("../../../examples/aws-sample-stream.json"),
        include_str!("../../../examples/mixed-keys-stream.json"),
    ] {
        DeliveryStream::from_json(example).unwrap();
    }
}

#[test]
fn defaults_are_those_of_the_api() {
    let stream = with("BufferingHints", Value::Null).unwrap();
    assert_eq!(stream.buffer_bytes, 128 << 20);
    assert_eq!(stream.buffer_interval, Duration::from_mins(5));
    assert_eq!((stream.version, stream.extension.as_str()), (1, ""));

    let stream = with(
        "ProcessingConfiguration",
        lambda(&[("LambdaArn", "arn:aws:lambda:eu-west-1:2:function:f")]),
    );
    let stream = stream.unwrap();
    assert_eq!(stream.arn, "arn:aws:firehose:eu-west-1:2:deliverystream/s");
    let lambda = stream.lambda.unwrap();
    assert_eq!((lambda.retries, lambda.buffer_bytes), (3, 1 << 20));
    assert_eq!(lambda.buffer_interval, Duration::from_mins(1));
}

#[test]
fn what_aws_refuses_is_refused_in_its_words() {
    let hints =
        |size: u32, interval: u32| json!({ "SizeInMBs": size, "IntervalInSeconds": interval });
    let buffer = "BufferSizeInMBs";
    let arn = ("LambdaArn", "arn:aws:lambda:eu-west-1:1:function:f");
    let cases = [
        (
            "BufferingHints",
            hints(63, 60),
            "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled.",
        ),
        (
            "BufferingHints",
            hints(64, 59),
            "BufferingHints.IntervalInSeconds must be at least 60 seconds when Dynamic Partitioning is enabled.",
        ),
        (
            "BufferingHints",
            json!({ "SizeInMBs": 64 }),
            "must be given together",
        ),
        (
            "ErrorOutputPrefix",
            Value::Null,
            "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions",
        ),
        (
            "ErrorOutputPrefix",
            json!("e/!{timestamp:yyyy}/"),
            "ErrorOutputPrefix must contain at least one occurrence of !{firehose:error-output-type}",
        ),
        (
            "Prefix",
            json!("plain/"),
            "S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled",
        ),
        (
            "CustomTimeZone",
            json!("Mars/Olympus"),
            "Provided custom time zone is not supported.",
        ),
        ("FileExtension", json!("gz"), "failed to satisfy constraint"),
        (
            "DynamicPartitioningConfiguration",
            Value::Null,
            "class com.amazonaws.services.firehose.internal.model.MetadataExtractionProcessor can only be present when Dynamic Partitioning is enabled.",
        ),
        (
            "ProcessingConfiguration",
            json!({ "Enabled": true, "Processors": [] }),
            "A maximum of 5 and a minimum of 1 processor needs to be supplied when processing is enabled.",
        ),
        (
            "ProcessingConfiguration",
            lambda(&[]),
            "LambdaArn is required when Lambda processor is used.",
        ),
        (
            "ProcessingConfiguration",
            lambda(&[arn, ("NumberOfRetries", "301")]),
            "Number of retries for lambda must be between 0 and 300.",
        ),
        (
            "ProcessingConfiguration",
            lambda(&[arn, (buffer, "1")]),
            "Both BufferSizeInMBs and BufferIntervalInSeconds are required to configure buffering for lambda processor.",
        ),
        (
            "ProcessingConfiguration",
            lambda(&[arn, (buffer, "3.1"), ("BufferIntervalInSeconds", "60")]),
            "BufferSizeInMBs for lambda processor must be between 0.2 and 3.",
        ),
        (
            "ProcessingConfiguration",
            lambda(&[arn, (buffer, "1"), ("BufferIntervalInSeconds", "901")]),
            "BufferIntervalInSeconds for lambda processor must be between 0 and 900.",
        ),
        (
            "ProcessingConfiguration",
            processor("RecordDeAggregation", &[("SubRecordType", "XML")]),
            "SubRecordType has to be one of JSON, DELIMITED",
        ),
        (
            "ProcessingConfiguration",
            processor("RecordDeAggregation", &[("SubRecordType", "DELIMITED")]),
            "Delimiter should be present for DELIMITED",
        ),
        (
            "ProcessingConfiguration",
            processor("CloudWatchLogProcessing", &[]),
            "CloudWatchLogProcessingProcessor can only be enabled with DecompressionProcessor",
        ),
    ];
    for (path, value, text) in cases {
        let refused = with(path, value).unwrap_err();
        assert!(
            matches!(refused, DefinitionError::Refused(_)),
            "{path}: {refused}"
        );
        assert!(
            refused.to_string().contains(text),
            "{path}: {refused}\nexpected: {text}"
        );
    }
}

#[test]
fn what_aws_takes_and_we_do_not_is_said_to_be_that() {
    for (path, value) in [
        ("CompressionFormat", json!("HADOOP_SNAPPY")),
        ("S3BackupMode", json!("Enabled")),
        ("DataFormatConversionConfiguration", json!({})),
        (
            "ProcessingConfiguration",
            processor("Decompression", &[("CompressionFormat", "GZIP")]),
        ),
    ] {
        let refused = with(path, value).unwrap_err();
        assert!(
            matches!(refused, DefinitionError::Unsupported(_)),
            "{path}: {refused}"
        );
    }
}

#[test]
fn every_refusal_of_a_stream_is_said_at_once() {
    let mut input = good();
    input["DeliveryStreamName"] = "with space".into();
    input["ExtendedS3DestinationConfiguration"]["Prefix"] = "x=!{nowhere:x}/!{".into();
    input["ExtendedS3DestinationConfiguration"]["ErrorOutputPrefix"] = "e/!{timestamp:T}/".into();
    insta::assert_snapshot!(DeliveryStream::from_json(&input.to_string()).unwrap_err());
}

#[test]
fn a_destination_that_is_not_s3_is_named() {
    let input = json!({ "DeliveryStreamName": "s", "SplunkDestinationConfiguration": {} });
    let refused = DeliveryStream::from_json(&input.to_string())
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("SplunkDestinationConfiguration: only S3 destinations are"),
        "{refused}"
    );
}
