//! What streams do with records besides, seen through the command: encodings that `sql` reads back, Parquet, the
//! source backup, and what is said when something is not as it should be.

use serde_json::{Value, json};

use crate::{
    serving::Up,
    support::{Place, example},
};

/// A stream without a function, in a file.
fn stream(place: &Place, change: impl FnOnce(&mut Value)) -> String {
    let mut input = json!({
        "DeliveryStreamName": "s",
        "ExtendedS3DestinationConfiguration": {
            "RoleARN": "arn:aws:iam::123456789012:role/r",
            "BucketARN": "arn:aws:s3:::b",
            "Prefix": "events/!{timestamp:yyyy}/",
            "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
            "ProcessingConfiguration": { "Enabled": true, "Processors": [{ "Type": "AppendDelimiterToRecord" }] },
        },
    });
    change(&mut input["ExtendedS3DestinationConfiguration"]);
    place.file("stream.json", input.to_string());
    "stream.json".to_owned()
}

fn sql(place: &Place, query: &str) -> String {
    place
        .run(&["sql", "--lake", "lake", "--format", "csv", "-c", query])
        .ok()
}

#[test]
fn what_is_written_in_any_encoding_is_read_back_whole() {
    let events = Place::new()
        .run(&["generate", "--events", "400", "--seed", "5"])
        .ok();
    let mut answers = Vec::new();
    for format in ["UNCOMPRESSED", "GZIP", "ZIP", "Snappy", "HADOOP_SNAPPY"] {
        let place = Place::new();
        let stream = stream(&place, |it| it["CompressionFormat"] = format.into());
        let deliver = ["deliver", "--stream", &stream, "--to", "lake", "-"];
        place.pipe(&deliver, &events).ok();
        let query = "select detail.eventType as kind, count(*) as n, min(id) as id from events group by 1 order by 1";
        answers.push(sql(&place, query));
    }
    assert!(answers[0].lines().count() > 4, "{}", answers[0]);
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
    }
}

#[test]
fn records_become_rows_beside_their_backup_and_are_counted_once() {
    let place = Place::new();
    let events = place
        .run(&["generate", "--events", "200", "--seed", "5"])
        .ok();
    let (stream, tables) = (example("parquet-stream.json"), example("tables"));
    let deliver = [
        "deliver",
        "--stream",
        &stream,
        "--glue-table",
        &tables,
        "--to",
        "lake",
        "--json",
        "-",
    ];
    let account: Value = serde_json::from_str(&place.pipe(&deliver, &events).ok()).unwrap();
    assert_eq!(
        (&account["delivered"], &account["backedUp"]),
        (&json!(200), &json!(200))
    );
    assert_eq!(sql(&place, "select count(*) as n from events"), "n\n200\n");
    let files = hydrant_testing::files(&place.path().join("lake")).unwrap();
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert!(
        names
            .iter()
            .any(|it| it.starts_with("events/year=") && it.ends_with(".parquet")),
        "{names:?}"
    );
    assert!(
        names
            .iter()
            .any(|it| it.starts_with("_backup/client-events-backup/")),
        "{names:?}"
    );
}

#[test]
fn a_table_that_is_not_to_be_had_is_said_with_what_to_give() {
    let place = Place::new();
    place.file("events.ndjson", "{\"id\":\"a\"}\n");
    place.file("no.json", "{}");
    place.file(
        "folder/t.json",
        r#"{"Name":"t","StorageDescriptor":{"Columns":[{"Name":"a","Type":"text"}]}}"#,
    );
    let stream = example("parquet-stream.json");
    let tables = example("tables/client_events.json");
    let other = format!("other.t={tables}");
    let mut seen = String::new();
    for table in ["", "none.json", "no.json", "folder", "a.b=folder", &other] {
        let mut arguments = vec!["deliver", "--stream", &stream, "--to", "lake"];
        if !table.is_empty() {
            arguments.extend(["--glue-table", table]);
        }
        arguments.push("events.ndjson");
        let ran = place.run(&arguments);
        assert_eq!(ran.status, 1, "{table}");
        seen += &format!("--glue-table {table}\n{}\n", ran.stderr);
    }
    let seen = seen.replace(&stream, "STREAM").replace(&tables, "TABLE");
    insta::assert_snapshot!(seen);
}

#[test]
fn the_tables_of_a_template_are_those_that_its_streams_convert_to() {
    let place = Place::new();
    place.file(
        "template.yaml",
        r"
Resources:
  Database:
    Type: AWS::Glue::Database
    Properties: { CatalogId: !Ref AWS::AccountId, DatabaseInput: { Name: lake } }
  Table:
    Type: AWS::Glue::Table
    Properties:
      CatalogId: !Ref AWS::AccountId
      DatabaseName: !Ref Database
      TableInput:
        Name: events
        StorageDescriptor:
          Columns: [{ Name: id, Type: string }, { Name: n, Type: int }]
  Stream:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties:
      DeliveryStreamName: s
      ExtendedS3DestinationConfiguration:
        RoleARN: arn:aws:iam::123456789012:role/r
        BucketARN: arn:aws:s3:::b
        Prefix: events/!{timestamp:yyyy}/
        ErrorOutputPrefix: errors/!{firehose:error-output-type}/
        BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 60 }
        CloudWatchLoggingOptions: { Enabled: true, LogGroupName: g, LogStreamName: s }
        DataFormatConversionConfiguration:
          SchemaConfiguration:
            RoleARN: arn:aws:iam::123456789012:role/r
            DatabaseName: !Ref Database
            TableName: !Ref Table
            Region: !Ref AWS::Region
          InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {} } }
          OutputFormatConfiguration: { Serializer: { ParquetSerDe: {} } }
",
    );
    let up = Up::start(place.path(), &["-t", "template.yaml"]);
    // {"id":"a","n":7}
    up.call(
        "PutRecord",
        &json!({ "DeliveryStreamName": "s", "Record": { "Data": "eyJpZCI6ImEiLCJuIjo3fQ==" } }),
    );
    assert_eq!(up.request("POST /_hydrant/flush", "", "").0, 200);
    assert_eq!(sql(&place, "select id, n from events"), "id,n\na,7\n");
}

#[test]
fn a_function_elsewhere_needs_a_name() {
    let ran = Place::new().run(&["up", "--listen", "127.0.0.1:0", "--function", "f=lambda:"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!(ran.stderr.trim_end(), @"error: --function f=lambda:: write lambda: and a function's name or ARN");
}
