//! The table `errors`.

use hydrant_query::Options;

use crate::lake::{TestLake, ask, problems};

#[tokio::test]
async fn every_spelling_of_an_error_record_is_read() {
    let lake = TestLake::new();
    lake.put("events/a", "{}");
    lake.put_gz(
        "errors/processing-failed/2026/11/02/s-1-a.gz",
        r#"{"rawData":"eyJhIjoxfQ==","errorCode":"Lambda.ProcessingFailedStatus","errorMessage":"ProcessingFailed status set for record","attemptsMade":1,"arrivalTimestamp":1793607330123,"attemptEndingTimestamp":1793607331000,"lambdaARN":"arn:new"}
{"attemptsMade":"4","arrivalTimestamp":"1793607330123","errorCode":"Lambda.FunctionError","errorMessage":"x","attemptEndingTimestamp":"1793607331000","rawData":"//8=","lambdaArn":"arn:old"}
"#,
    );
    lake.put(
        "errors/format-conversion-failed/s-1-b",
        r#"{"attemptsMade":1,"arrivalTimestamp":1793607330123,"lastErrorCode":"DataFormatConversion.ParseError","lastErrorMessage":"y","attemptEndingTimestamp":1793607331000,"rawData":"!","sequenceNumber":"1"}"#,
    );
    let engine = lake.engine(Options::default()).await;
    insta::assert_snapshot!(ask(&engine, "select errorOutputType as type, rawData, errorCode, errorMessage, attemptsMade as n, lambdaArn from errors order by errorCode").await, @r#"
    +--------------------------+-------------+---------------------------------+----------------------------------------+---+-----------+
    | type                     | rawData     | errorCode                       | errorMessage                           | n | lambdaArn |
    +--------------------------+-------------+---------------------------------+----------------------------------------+---+-----------+
    | format-conversion-failed | !           | DataFormatConversion.ParseError | y                                      | 1 |           |
    | processing-failed        | base64://8= | Lambda.FunctionError            | x                                      | 4 | arn:old   |
    | processing-failed        | {"a":1}     | Lambda.ProcessingFailedStatus   | ProcessingFailed status set for record | 1 | arn:new   |
    +--------------------------+-------------+---------------------------------+----------------------------------------+---+-----------+
    "#);
    insta::assert_snapshot!(ask(&engine, "select distinct arrivalTimestamp, attemptEndingTimestamp from errors").await, @"
    +--------------------------+------------------------+
    | arrivalTimestamp         | attemptEndingTimestamp |
    +--------------------------+------------------------+
    | 2026-11-02T08:15:30.123Z | 2026-11-02T08:15:31Z   |
    +--------------------------+------------------------+
    ");
    insta::assert_snapshot!(problems(&engine), @"errors/format-conversion-failed/s-1-b line 1: the value of `rawData` does not fit the column's type");
}

#[tokio::test]
async fn a_lake_without_errors_has_an_empty_table_with_all_columns() {
    let lake = TestLake::new();
    lake.put("events/a", "{}");
    insta::assert_snapshot!(lake.ask("select * from errors").await, @"
    +---------+-----------+--------------+--------------+------------------+------------------------+-----------+-----------------+---------+
    | rawData | errorCode | errorMessage | attemptsMade | arrivalTimestamp | attemptEndingTimestamp | lambdaArn | errorOutputType | _object |
    +---------+-----------+--------------+--------------+------------------+------------------------+-----------+-----------------+---------+
    +---------+-----------+--------------+--------------+------------------+------------------------+-----------+-----------------+---------+
    ");
    insta::assert_snapshot!(lake.ask("describe errors").await, @"
    +------------------------+--------------------+
    | column                 | type               |
    +------------------------+--------------------+
    | rawData                | Utf8               |
    | errorCode              | Utf8               |
    | errorMessage           | Utf8               |
    | attemptsMade           | Int64              |
    | arrivalTimestamp       | Timestamp(ms, UTC) |
    | attemptEndingTimestamp | Timestamp(ms, UTC) |
    | lambdaArn              | Utf8               |
    | errorOutputType        | Utf8               |
    | _object                | Utf8               |
    +------------------------+--------------------+
    ");
}
