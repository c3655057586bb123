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
    let mut orc = conversion();
    orc["OutputFormatConfiguration"] = json!({ "Serializer": { "OrcSerDe": {} } });
    let mut converted = good();
    converted["ExtendedS3DestinationConfiguration"]["DataFormatConversionConfiguration"] = orc;
    let mut msk = good();
    msk["DeliveryStreamType"] = "MSKAsSource".into();
    for (input, named) in [(converted, "OrcSerDe"), (msk, "MSKAsSource")] {
        let refused = with_tables(&input).unwrap_err();
        assert!(
            matches!(refused, DefinitionError::Unsupported(_)),
            "{refused}"
        );
        assert!(refused.to_string().contains(named), "{refused}");
    }
}

fn with_tables(input: &Value) -> Result<DeliveryStream, DefinitionError> {
    let mut tables = GlueTables::default();
    let table = json!({
        "Name": "events", "DatabaseName": "db",
        "StorageDescriptor": { "Columns": [{ "Name": "id", "Type": "string" }] },
    });
    tables.add(&table.to_string(), None).unwrap();
    let input = serde_json::from_value(input.clone()).unwrap();
    DeliveryStream::with_tables(&input, &tables)
}

fn conversion() -> Value {
    json!({
        "SchemaConfiguration": {
            "RoleARN": "arn:aws:iam::1:role/r", "DatabaseName": "db", "TableName": "events",
        },
        "InputFormatConfiguration": { "Deserializer": { "OpenXJsonSerDe": {} } },
        "OutputFormatConfiguration": { "Serializer": { "ParquetSerDe": {} } },
    })
}

#[test]
fn a_conversion_needs_its_three_parts_and_a_table_that_is_known() {
    let said = |change: fn(&mut Value)| {
        let mut input = good();
        let destination = &mut input["ExtendedS3DestinationConfiguration"];
        destination["DataFormatConversionConfiguration"] = conversion();
        change(destination);
        match with_tables(&input) {
            Ok(stream) => format!("{} {} bytes", stream.extension, stream.buffer_bytes),
            Err(error) => error.to_string(),
        }
    };
    let changes: [fn(&mut Value); 12] = [
        |_| {},
        |it| it["FileExtension"] = ".pq".into(),
        |it| it["CompressionFormat"] = "GZIP".into(),
        |it| it["DataFormatConversionConfiguration"] = json!({}),
        |it| it["DataFormatConversionConfiguration"] = json!({ "Enabled": false }),
        |it| it["DataFormatConversionConfiguration"]["Enable"] = true.into(),
        |it| {
            it["DataFormatConversionConfiguration"]["InputFormatConfiguration"]["Deserializer"]["HiveJsonSerDe"] =
                json!({});
        },
        |it| {
            it["DataFormatConversionConfiguration"]["OutputFormatConfiguration"]["Serializer"]["OrcSerDe"] =
                json!({});
        },
        |it| {
            it["DataFormatConversionConfiguration"]["InputFormatConfiguration"]["Deserializer"] =
                json!({ "HiveJsonSerDe": { "TimestampFormats": ["yyyy-ww"] } });
        },
        |it| {
            it["DataFormatConversionConfiguration"]["OutputFormatConfiguration"]["Serializer"]["ParquetSerDe"] =
                json!({ "BlockSizeBytes": 1, "Compression": "ZSTD" });
        },
        |it| {
            it["DataFormatConversionConfiguration"]["SchemaConfiguration"]["TableName"] =
                "Events".into();
        },
        |it| {
            it["DataFormatConversionConfiguration"]["SchemaConfiguration"]["DatabaseName"] =
                "".into();
        },
    ];
    let said: Vec<String> = changes.into_iter().map(said).collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_backup_is_a_destination_of_its_own() {
    let said = |mode: &str, configuration: Value| {
        let mut input = good();
        let destination = &mut input["ExtendedS3DestinationConfiguration"];
        destination["S3BackupMode"] = mode.into();
        destination["S3BackupConfiguration"] = configuration;
        match DeliveryStream::from_json(&input.to_string()) {
            Ok(stream) => stream.backup.map_or("none".to_owned(), |backup| {
                let Backup {
                    folder,
                    extension,
                    buffer_bytes,
                    buffer_interval,
                    ..
                } = backup;
                format!("{folder:?} {extension:?} {buffer_bytes} {buffer_interval:?}")
            }),
            Err(error) => error.to_string(),
        }
    };
    let bucket = good()["ExtendedS3DestinationConfiguration"]["BucketARN"].clone();
    let role = "arn:aws:iam::1:role/r";
    let same = json!({ "RoleARN": role, "BucketARN": bucket, "Prefix": "raw/" });
    let with = |member: &str, value: Value| {
        let mut changed = same.clone();
        changed[member] = value;
        changed
    };
    let said = [
        said("Disabled", same.clone()),
        said("Enabled", same.clone()),
        said("Enabled", with("BucketARN", "arn:aws:s3:::other".into())),
        said("Enabled", with("CompressionFormat", "GZIP".into())),
        said("Enabled", Value::Null),
        said("Enabled", with("FileExtension", ".raw".into())),
        said(
            "Enabled",
            with("Prefix", "!{partitionKeyFromQuery:k}/".into()),
        ),
        said(
            "Enabled",
            with(
                "BufferingHints",
                json!({ "SizeInMBs": 1, "IntervalInSeconds": 0 }),
            ),
        ),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_stream_that_reads_from_kinesis_names_the_stream_it_reads() {
    let said = |configuration: Value| {
        let mut input = good();
        input["DeliveryStreamType"] = "KinesisStreamAsSource".into();
        if !configuration.is_null() {
            input["KinesisStreamSourceConfiguration"] = configuration;
        }
        match DeliveryStream::from_json(&input.to_string()) {
            Ok(stream) => stream
                .source
                .kinesis_stream_arn()
                .unwrap_or_default()
                .to_owned(),
            Err(error) => error.to_string(),
        }
    };
    let said = [
        said(json!({ "KinesisStreamARN": "arn:aws:kinesis:eu-west-1:1:stream/s", "RoleARN": "r" })),
        said(json!({ "KinesisStreamARN": "s", "RoleARN": "r" })),
        said(Value::Null),
    ];
    insta::assert_snapshot!(said.join("\n"));
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
