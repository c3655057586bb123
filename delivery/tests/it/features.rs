//! What a stream may do with records besides: encodings, conversion, source backup, CloudWatch Logs.

use std::{io::Cursor, io::Read as _, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use hydrant_delivery::{Account, Delivery, DeliveryStream, GlueTables, Service, ServiceOptions};
use hydrant_lake::Lake;
use hydrant_testing::{S3Server, files};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    client::batch,
    serving::{Running, call, lake, plain, until},
    support::{gunzip, settings},
};

/// A stream without function and partitions; `change` may extend its destination.
fn input(change: impl FnOnce(&mut Value)) -> Value {
    let mut input = plain("s");
    let destination = &mut input["ExtendedS3DestinationConfiguration"];
    destination["Prefix"] = "data/!{timestamp:yyyy}/".into();
    destination["ErrorOutputPrefix"] = "errors/!{firehose:error-output-type}/".into();
    change(destination);
    input
}

fn tables() -> GlueTables {
    let mut tables = GlueTables::default();
    let table = json!({
        "Name": "events", "DatabaseName": "db",
        "StorageDescriptor": { "Columns": [
            { "Name": "id", "Type": "string" }, { "Name": "n", "Type": "int" },
        ]},
    });
    tables.add(&table.to_string(), None).unwrap();
    tables
}

/// Turns on conversion to Parquet.
fn convert(destination: &mut Value) {
    destination["BufferingHints"] = json!({ "SizeInMBs": 64, "IntervalInSeconds": 60 });
    destination["DataFormatConversionConfiguration"] = json!({
        "SchemaConfiguration": {
            "RoleARN": "arn:aws:iam::123456789012:role/r", "DatabaseName": "db", "TableName": "events",
        },
        "InputFormatConfiguration": { "Deserializer": { "OpenXJsonSerDe": {} } },
        "OutputFormatConfiguration": { "Serializer": { "ParquetSerDe": {} } },
    });
}

fn processors(kinds: &[(&str, &[(&str, &str)])]) -> Value {
    let processors: Vec<Value> = kinds
        .iter()
        .map(|(kind, parameters)| {
            let parameters: Vec<Value> = parameters
                .iter()
                .map(|(name, value)| json!({ "ParameterName": name, "ParameterValue": value }))
                .collect();
            json!({ "Type": kind, "Parameters": parameters })
        })
        .collect();
    json!({ "Enabled": true, "Processors": processors })
}

/// Runs records through a stream into `place`.
async fn deliver(input: &Value, lake: &Lake, records: &[&[u8]]) -> Account {
    let input = serde_json::from_value(input.clone()).unwrap();
    let stream = DeliveryStream::with_tables(&input, &tables()).unwrap();
    let mut delivery = Delivery::new(stream, lake.clone(), None, settings(64 << 20)).unwrap();
    for record in records {
        delivery.put(Bytes::copy_from_slice(record)).await.unwrap();
    }
    delivery.finish().await.unwrap()
}

/// The objects of the lake in `place` below `folder`: the end of each key, and its bytes.
fn objects(place: &Path, folder: &str) -> Vec<(String, Vec<u8>)> {
    let found = files(&place.join("lake")).unwrap();
    found
        .into_iter()
        .filter(|(name, _)| name.starts_with(folder))
        .collect()
}

fn only(place: &Path, folder: &str) -> (String, Vec<u8>) {
    let mut found = objects(place, folder);
    assert_eq!(found.len(), 1, "{folder}: {found:?}");
    found.remove(0)
}

fn rows(file: Vec<u8>) -> usize {
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file)).unwrap();
    reader
        .metadata()
        .file_metadata()
        .num_rows()
        .try_into()
        .unwrap()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut member = Vec::new();
    flate2::read::GzEncoder::new(text, flate2::Compression::default())
        .read_to_end(&mut member)
        .unwrap();
    member
}

#[tokio::test]
async fn every_encoding_has_its_extension_and_its_headers_and_decodes_to_the_records() {
    let encodings: [(&str, &str, Option<&str>); 5] = [
        ("UNCOMPRESSED", "", None),
        ("GZIP", ".gz", Some("gzip")),
        ("ZIP", ".zip", Some("zip")),
        ("Snappy", ".snappy", Some("snappy-java")),
        ("HADOOP_SNAPPY", ".snappy", Some("hadoop-snappy")),
    ];
    let long = vec![0xff; 70_000];
    for (format, extension, encoding) in encodings {
        let server = S3Server::start("bucket").await.unwrap();
        let lake = server.lake("bucket", "lake").unwrap();
        let input = input(|it| it["CompressionFormat"] = format.into());
        let account = deliver(&input, &lake, &[b"abc", b"def", &long]).await;
        assert_eq!((account.delivered, account.delivered_bytes), (3, 70_006));
        let listed = lake.store().list(None);
        let listed: Vec<_> = futures::TryStreamExt::try_collect(listed).await.unwrap();
        let [object]: [object_store::ObjectMeta; 1] = listed.try_into().unwrap();
        let name = object.location.filename().unwrap();
        let named = name.strip_suffix(extension).unwrap();
        let uuid = named.strip_prefix("s-1-2026-11-22-10-20-30-").unwrap();
        assert_eq!(uuid.len(), 36, "{name}");
        let got = object_store::ObjectStoreExt::get(lake.store(), &object.location)
            .await
            .unwrap();
        let attribute = |it| got.attributes.get(&it).map(|it| it.to_string());
        assert_eq!(
            attribute(object_store::Attribute::ContentType).as_deref(),
            Some("application/octet-stream")
        );
        assert_eq!(
            attribute(object_store::Attribute::ContentEncoding).as_deref(),
            encoding
        );
        let body = got.bytes().await.unwrap().to_vec();
        let decoded = match format {
            "GZIP" => gunzip(&body),
            "ZIP" => {
                let mut text = Vec::new();
                let mut archive = zip::ZipArchive::new(Cursor::new(body)).unwrap();
                archive.by_index(0).unwrap().read_to_end(&mut text).unwrap();
                text
            }
            "UNCOMPRESSED" => body,
            // The framings are held against other implementations in tests/clients.
            _ => continue,
        };
        assert_eq!(decoded, [&b"abcdef"[..], &long].concat(), "{format}");
    }
}

#[tokio::test]
async fn records_become_rows_and_what_does_not_fit_goes_to_the_error_output() {
    let place = TempDir::new().unwrap();
    let lake = lake(place.path()).await;
    let records: [&[u8]; 5] = [
        br#"{"id":"a","n":1}"#,
        br#"{"id":"b","n":"2"}{"id":"c"}"#,
        br#"{"id":"d","n":"oops"}"#,
        b"not json",
        br#"{"ID":"e","unknown":true}"#,
    ];
    let account = deliver(&input(convert), &lake, &records).await;
    assert_eq!(
        (account.delivered, account.refused_total(), account.lines),
        (3, 2, 0)
    );
    let (key, file) = only(place.path(), "data/2026/");
    assert!(key.ends_with(".parquet"), "{key}");
    assert_eq!(rows(file), 4);
    let (key, lines) = only(place.path(), "errors/format-conversion-failed/");
    assert!(!key.rsplit('/').next().unwrap().contains('.'), "{key}");
    let lines = String::from_utf8(lines).unwrap();
    let codes: Vec<(String, String)> = lines
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let raw = base64_simd::STANDARD.decode_to_vec(line["rawData"].as_str().unwrap());
            let code = line["lastErrorCode"].as_str().unwrap().to_owned();
            (code, String::from_utf8(raw.unwrap()).unwrap())
        })
        .collect();
    assert_eq!(codes[0].0, "DataFormatConversion.MalformedData");
    assert_eq!(codes[0].1, r#"{"id":"d","n":"oops"}"#);
    assert_eq!(codes[1].0, "DataFormatConversion.ParseError");
}

#[tokio::test]
async fn the_same_seed_gives_the_same_parquet_and_the_same_archive() {
    for change in [convert, |it: &mut Value| {
        it["CompressionFormat"] = "ZIP".into();
    }] {
        let mut runs = Vec::new();
        for _ in 0..2 {
            let place = TempDir::new().unwrap();
            let lake = lake(place.path()).await;
            deliver(&input(change), &lake, &[br#"{"id":"a"}"#]).await;
            runs.push(files(&place.path().join("lake")).unwrap());
        }
        assert_eq!(runs[0], runs[1]);
    }
}

#[tokio::test]
async fn a_backup_holds_every_record_as_it_came_whatever_became_of_it() {
    let place = TempDir::new().unwrap();
    let lake = lake(place.path()).await;
    let input = input(|it| {
        convert(it);
        it["S3BackupMode"] = "Enabled".into();
        it["S3BackupConfiguration"] = json!({
            "RoleARN": "arn:aws:iam::123456789012:role/r", "BucketARN": "arn:aws:s3:::b",
            "Prefix": "raw/", "CompressionFormat": "GZIP",
        });
    });
    let account = deliver(&input, &lake, &[br#"{"id":"a"}"#, b"not json"]).await;
    assert_eq!(
        (account.delivered, account.backed_up, account.backup_objects),
        (1, 2, 1)
    );
    let (key, backup) = only(place.path(), "raw/2026/11/22/10/s-1-");
    assert!(key.ends_with(".gz"), "{key}");
    assert_eq!(gunzip(&backup), br#"{"id":"a"}not json"#);
}

#[tokio::test]
async fn the_bucket_of_a_backup_is_a_folder_that_readers_pass_over() {
    let place = TempDir::new().unwrap();
    let lake = lake(place.path()).await;
    let input = input(|it| {
        it["S3BackupMode"] = "Enabled".into();
        it["S3BackupConfiguration"] = json!({
            "RoleARN": "arn:aws:iam::123456789012:role/r", "BucketARN": "arn:aws:s3:::other",
        });
    });
    deliver(&input, &lake, &[b"a"]).await;
    only(place.path(), "_backup/other/2026/11/22/10/s-1-");
}

#[tokio::test]
async fn cloudwatch_logs_are_unpacked_and_split_before_anything_else() {
    let place = TempDir::new().unwrap();
    let lake = lake(place.path()).await;
    let document = |kind: &str, messages: &[&str]| {
        let events: Vec<Value> = messages
            .iter()
            .map(|it| json!({ "id": "1", "timestamp": 1, "message": it }))
            .collect();
        gzip(
            json!({ "messageType": kind, "logEvents": events })
                .to_string()
                .as_bytes(),
        )
    };
    let input = input(|it| {
        it["Prefix"] = "data/k=!{partitionKeyFromQuery:k}/".into();
        it["BufferingHints"] = json!({ "SizeInMBs": 64, "IntervalInSeconds": 60 });
        it["DynamicPartitioningConfiguration"] = json!({ "Enabled": true });
        it["ProcessingConfiguration"] = processors(&[
            ("AppendDelimiterToRecord", &[]),
            (
                "MetadataExtraction",
                &[
                    ("MetadataExtractionQuery", "{k:.k}"),
                    ("JsonParsingEngine", "JQ-1.6"),
                ],
            ),
            ("RecordDeAggregation", &[("SubRecordType", "JSON")]),
            (
                "CloudWatchLogProcessing",
                &[("DataMessageExtraction", "true")],
            ),
            ("Decompression", &[("CompressionFormat", "GZIP")]),
        ]);
    });
    let good = document(
        "DATA_MESSAGE",
        &[r#"{"k":"a"}"#, r#"{"k":"b"}"#, r#"{"n":1}"#],
    );
    let control = document("CONTROL_MESSAGE", &["CWL CONTROL MESSAGE"]);
    let account = deliver(&input, &lake, &[&good, &control, b"plain"]).await;
    assert_eq!(
        (account.put, account.accepted, account.delivered),
        (3, 5, 2)
    );
    assert_eq!(only(place.path(), "data/k=a/").1, b"{\"k\":\"a\"}\n");
    let (_, refused) = only(place.path(), "errors/decompression-failed/");
    let refused: Value = serde_json::from_slice(&refused).unwrap();
    assert_eq!(
        refused["rawData"],
        base64_simd::STANDARD.encode_to_string("plain")
    );
    // What failed later is repeated as it was put: compressed.
    let others = objects(place.path(), "errors/");
    let text: String = others
        .iter()
        .filter(|(name, _)| !name.contains("decompression"))
        .map(|(_, bytes)| String::from_utf8(bytes.clone()).unwrap())
        .collect();
    assert!(
        text.contains(&base64_simd::STANDARD.encode_to_string(&good)),
        "{text}"
    );
    assert_eq!(text.lines().count(), 2);
}

async fn put(service: &Arc<Service>, records: &[String]) {
    let answer = call(service, "PutRecordBatch", &batch("s", records))
        .await
        .unwrap();
    assert_eq!(answer["FailedPutCount"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_stays_in_the_log_until_its_backup_is_written_too() {
    let mut stream = plain("s");
    let destination = &mut stream["ExtendedS3DestinationConfiguration"];
    destination["BufferingHints"] = json!({ "SizeInMBs": 1, "IntervalInSeconds": 60 });
    destination["S3BackupMode"] = "Enabled".into();
    destination["S3BackupConfiguration"] = json!({
        "RoleARN": "arn:aws:iam::123456789012:role/r", "BucketARN": "arn:aws:s3:::b", "Prefix": "raw/",
        // One record fills the stream's buffer, and leaves the backup's as it is.
        "BufferingHints": { "SizeInMBs": 5, "IntervalInSeconds": 900 },
    });
    let Running { place, service, .. } = Running::new(|_| {}, &stream).await;
    put(&service, &["x".repeat(700_000)]).await;
    put(&service, &["y".repeat(700_000)]).await;
    // The first object is written when the second record does not fit beside the first.
    until("an object is written", async || {
        !objects(place.path(), "s/").is_empty()
    })
    .await;
    assert_eq!(objects(place.path(), "s/").len(), 1);
    assert!(objects(place.path(), "raw/").is_empty());
    let waiting = "firehose_Undelivered_Records{DeliveryStreamName=\"s\"} 2\n";
    assert!(
        service.metrics().await.contains(waiting),
        "both wait for their backup"
    );
    service.flush(None).await;
    assert_eq!(objects(place.path(), "raw/").len(), 1);
    assert_eq!(service.stop(Duration::from_secs(5)).await.total(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_described_updated_member_by_member_and_never_switched_off() {
    let Running {
        place: _place,
        service,
        ..
    } = Running::new(|_| {}, &plain("s")).await;
    let mut version = 0;
    let mut update = async |update: Value| {
        version += 1;
        let input = json!({
            "DeliveryStreamName": "s", "DestinationId": "destinationId-000000000001",
            "CurrentDeliveryStreamVersionId": version.to_string(), "ExtendedS3DestinationUpdate": update,
        });
        let answered = call(&service, "UpdateDestination", &input).await;
        if answered.is_err() {
            version -= 1;
        }
        answered
    };
    let refused = update(json!({ "S3BackupMode": "Enabled" }))
        .await
        .unwrap_err();
    assert_eq!(
        refused.message,
        "S3 backup destination configuration is required when enabling S3 backup."
    );
    let backup = json!({ "RoleARN": "arn:aws:iam::123456789012:role/r", "BucketARN": "arn:aws:s3:::b", "Prefix": "raw/" });
    update(json!({ "S3BackupMode": "Enabled", "S3BackupUpdate": backup }))
        .await
        .unwrap();
    update(json!({ "S3BackupUpdate": { "CompressionFormat": "Snappy" } }))
        .await
        .unwrap();
    let refused = update(json!({ "S3BackupMode": "Disabled" }))
        .await
        .unwrap_err();
    assert_eq!(
        refused.message,
        "Disabling S3 backup is not currently supported."
    );
    let named = json!({ "DeliveryStreamName": "s" });
    let described = call(&service, "DescribeDeliveryStream", &named)
        .await
        .unwrap();
    let destination = &described["DeliveryStreamDescription"]["Destinations"][0]["ExtendedS3DestinationDescription"];
    insta::assert_snapshot!(destination["S3BackupDescription"], @r#"{"BucketARN":"arn:aws:s3:::b","BufferingHints":{"IntervalInSeconds":300,"SizeInMBs":5},"CloudWatchLoggingOptions":{"Enabled":false},"CompressionFormat":"Snappy","EncryptionConfiguration":{"NoEncryptionConfig":"NoEncryption"},"Prefix":"raw/","RoleARN":"arn:aws:iam::123456789012:role/r"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_converts_needs_its_table_and_says_so_as_aws_does() {
    let with_tables = |options: &mut ServiceOptions| options.tables = tables();
    let started = Running::new(with_tables, &plain("other")).await;
    let (first, place) = (&started.service, &started.place);
    let mut unknown = input(convert);
    let schema = &mut unknown["ExtendedS3DestinationConfiguration"]["DataFormatConversionConfiguration"]
        ["SchemaConfiguration"];
    schema["TableName"] = "others".into();
    let refused = call(first, "CreateDeliveryStream", &unknown)
        .await
        .unwrap_err();
    assert!(
        refused
            .message
            .starts_with("The specified table/database could not be found."),
        "{}",
        refused.message
    );
    call(first, "CreateDeliveryStream", &input(convert))
        .await
        .unwrap();
    put(first, &[r#"{"id":"a"}"#.to_owned()]).await;
    first.flush(None).await;
    assert_eq!(rows(only(place.path(), "data/").1), 1);
    put(first, &["not JSON".to_owned()]).await;
    first.flush(None).await;
    let metrics = first.metrics().await;
    for (name, number) in [
        ("SucceedConversion_Records", 1),
        ("SucceedConversion_Bytes", 10),
        ("FailedConversion_Records", 1),
        ("FailedConversion_Bytes", 8),
        ("DeliveryToS3_Success", 1),
    ] {
        let line = format!("firehose_{name}{{DeliveryStreamName=\"s\"}} {number}\n");
        assert!(metrics.contains(&line), "{line}{metrics}");
    }
    let named = json!({ "DeliveryStreamName": "s" });
    let described = call(first, "DescribeDeliveryStream", &named).await.unwrap();
    let destination = &described["DeliveryStreamDescription"]["Destinations"][0]["ExtendedS3DestinationDescription"];
    assert_eq!(
        destination["DataFormatConversionConfiguration"]["SchemaConfiguration"]["TableName"],
        "events"
    );
    // Members of the schema that are not given stay.
    let update = json!({
        "DeliveryStreamName": "s", "DestinationId": "destinationId-000000000001",
        "CurrentDeliveryStreamVersionId": "1",
        "ExtendedS3DestinationUpdate": { "DataFormatConversionConfiguration": { "SchemaConfiguration": { "TableName": "others" } } },
    });
    let refused = call(first, "UpdateDestination", &update).await.unwrap_err();
    assert!(refused.message.contains("db.others"), "{}", refused.message);
    first.stop(Duration::from_secs(5)).await;

    // Nobody gives the table once more.
    let second = started.again().await;
    put(&second, &[r#"{"id":"b"}"#.to_owned()]).await;
    second.flush(None).await;
    let files = objects(place.path(), "data/").into_iter();
    assert_eq!(files.map(|(_, file)| rows(file)).sum::<usize>(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_beyond_a_quota_is_slowed_down_record_by_record() {
    let limited = |options: &mut ServiceOptions| {
        options.quotas = true;
        options.region = "eu-north-1".into();
    };
    let Running {
        place,
        clock,
        service,
    } = Running::new(limited, &plain("s")).await;
    // A mebibyte a second: two of three fit.
    let records: Vec<String> = (0..3).map(|_| "x".repeat(400_000)).collect();
    let answer = call(&service, "PutRecordBatch", &batch("s", &records))
        .await
        .unwrap();
    assert_eq!(answer["FailedPutCount"], 1);
    let entries = answer["RequestResponses"].as_array().unwrap();
    assert!(entries[0]["RecordId"].is_string() && entries[1]["RecordId"].is_string());
    assert_eq!(
        entries[2],
        json!({ "ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down." })
    );
    let one = json!({ "DeliveryStreamName": "s", "Record": { "Data": base64_simd::STANDARD.encode_to_string(&records[0]) } });
    let refused = call(&service, "PutRecord", &one).await.unwrap_err();
    assert_eq!(
        (refused.kind.name(), refused.message.as_str()),
        ("ServiceUnavailableException", "Slow down.")
    );
    clock.advance(Duration::from_secs(1)).await;
    call(&service, "PutRecord", &one).await.unwrap();
    service.flush(None).await;
    assert_eq!(
        objects(place.path(), "s/")
            .iter()
            .map(|(_, it)| it.len())
            .sum::<usize>(),
        1_200_000
    );
}
