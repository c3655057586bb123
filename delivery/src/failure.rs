//! A record that cannot be delivered, and the line that says so in the error output.

use std::borrow::Cow;

use hydrant_partitioner::PARTITIONING_ERROR_OUTPUT_TYPE;
use hydrant_records::ErrorRecord;
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    conversion::{CatalogTable, Refusal},
    definition::DeliveryStream,
    processing::Item,
};

/// The `!{firehose:error-output-type}` of a record that a Lambda could not transform (developer guide, custom
/// prefixes).
pub(crate) const PROCESSING_FAILED: &str = "processing-failed";

/// The same of a record that did not become rows (developer guide, custom prefixes).
pub(crate) const FORMAT_CONVERSION_FAILED: &str = "format-conversion-failed";

/// The same of a record that was not compressed (developer guide, "Troubleshoot decompression").
pub(crate) const DECOMPRESSION_FAILED: &str = "decompression-failed";

/// The code of a record that was not compressed. AWS publishes none; this one is ours.
const NOT_DECOMPRESSED: &str = "Decompression.Failed";

/// The code of a record without log events. AWS publishes none; this one is ours.
const NOT_EXTRACTED: &str = "CloudWatchLogProcessing.Failed";

/// The code of a record whose partition is one too many. AWS's developer guide writes `activePartitionExceeded`,
/// people who saw one wrote this; neither was observed by us.
pub(crate) const ACTIVE_PARTITIONS_EXCEEDED: &str =
    "DynamicPartitioning.ActivePartitionsLimitExceeded";

/// Why a record goes to the error output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: Cow<'static, str>,
    pub(crate) output_type: &'static str,
    attempts: u32,
    by_lambda: bool,
}

impl Failure {
    /// A failure of the Lambda processor after `attempts` invocations.
    pub(crate) fn of_lambda(
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
        attempts: u32,
    ) -> Self {
        Self {
            attempts,
            by_lambda: true,
            ..Self::once(PROCESSING_FAILED, code, message)
        }
    }

    /// A failure to compute partition keys.
    pub(crate) fn of_partitioning(code: &'static str, message: String) -> Self {
        Self::once(PARTITIONING_ERROR_OUTPUT_TYPE, code, message)
    }

    /// A record of a partition that is one too many.
    pub(crate) fn of_too_many_partitions() -> Self {
        Self::of_partitioning(
            ACTIVE_PARTITIONS_EXCEEDED,
            "the stream has as many active partitions as it may".to_owned(),
        )
    }

    /// A record that is not compressed, or not as it should be.
    pub(crate) fn of_decompression(why: &'static str) -> Self {
        Self::once(DECOMPRESSION_FAILED, NOT_DECOMPRESSED, why)
    }

    /// A record that holds no log events.
    pub(crate) fn of_extraction(why: &str) -> Self {
        let message = format!("the record is no document of CloudWatch Logs: {why}");
        Self::once(PROCESSING_FAILED, NOT_EXTRACTED, message)
    }

    /// A record that does not become rows.
    pub(crate) fn of_conversion(refusal: Refusal) -> Self {
        Self::once(FORMAT_CONVERSION_FAILED, refusal.code, refusal.message)
    }

    fn once(
        output_type: &'static str,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            output_type,
            attempts: 1,
            by_lambda: false,
        }
    }

    /// The line for the error output, without its newline.
    pub(crate) fn line(self, stream: &DeliveryStream, item: &Item, ended: Timestamp) -> Vec<u8> {
        let line = match (&stream.conversion, self.output_type) {
            (Some(conversion), FORMAT_CONVERSION_FAILED) => {
                serde_json::to_vec(&self.conversion_record(&conversion.table, stream, item, ended))
            }
            _ => serde_json::to_vec(&self.error_record(stream, item, ended)),
        };
        // Strings and numbers always serialise.
        line.unwrap_or_default()
    }

    fn error_record(&self, stream: &DeliveryStream, item: &Item, ended: Timestamp) -> ErrorRecord {
        let arn = stream.lambda.as_ref().map(|lambda| lambda.arn.clone());
        ErrorRecord {
            raw_data: item.source().clone(),
            error_code: self.code.clone().into_owned(),
            error_message: self.message.clone().into_owned(),
            attempts_made: i64::from(self.attempts),
            arrival_timestamp: item.arrival.as_millisecond(),
            attempt_ending_timestamp: ended.as_millisecond(),
            lambda_arn: arn.filter(|_| self.by_lambda),
        }
    }

    fn conversion_record<'a>(
        &'a self,
        table: &CatalogTable,
        stream: &DeliveryStream,
        item: &Item,
        ended: Timestamp,
    ) -> ConversionRecord<'a> {
        let mut table = table.clone();
        // Both are those of the stream where nothing else is said.
        let mut place = stream.arn.split(':').skip(3);
        for said in [&mut table.region, &mut table.catalog_id] {
            let own = place.next().unwrap_or_default();
            if said.is_empty() {
                own.clone_into(said);
            }
        }
        ConversionRecord {
            attempts_made: self.attempts,
            arrival_timestamp: item.arrival.as_millisecond(),
            last_error_code: &self.code,
            last_error_message: &self.message,
            attempt_ending_timestamp: ended.as_millisecond(),
            raw_data: base64_simd::STANDARD.encode_to_string(item.source()),
            sequence_number: item.sequence_number(),
            sub_sequence_number: item.id.part.unwrap_or(0),
            data_catalog_table: table,
        }
    }
}

/// The line of a record that did not become rows: it has a shape of its own (developer guide, "Handling errors
/// for data format conversion"; the names of code and message are those that were observed).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConversionRecord<'a> {
    attempts_made: u32,
    arrival_timestamp: i64,
    last_error_code: &'a str,
    last_error_message: &'a str,
    attempt_ending_timestamp: i64,
    raw_data: String,
    sequence_number: String,
    sub_sequence_number: u32,
    data_catalog_table: CatalogTable,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::{GlueTables, processing::RecordId, sources::KinesisOrigin};

    fn stream() -> DeliveryStream {
        let mut tables = GlueTables::default();
        let columns = json!([{ "Name": "id", "Type": "string" }]);
        let table = json!({
            "Name": "events", "DatabaseName": "db", "StorageDescriptor": { "Columns": columns },
        });
        tables.add(&table.to_string(), None).unwrap();
        let lambda = json!({ "Type": "Lambda", "Parameters": [{
            "ParameterName": "LambdaArn",
            "ParameterValue": "arn:aws:lambda:eu-west-1:123456789012:function:f",
        }]});
        let input = json!({
            "DeliveryStreamName": "s",
            "ExtendedS3DestinationConfiguration": {
                "RoleARN": "r", "BucketARN": "b",
                "ProcessingConfiguration": { "Enabled": true, "Processors": [lambda] },
                "DataFormatConversionConfiguration": {
                    "SchemaConfiguration": { "RoleARN": "r", "DatabaseName": "db", "TableName": "events" },
                    "InputFormatConfiguration": { "Deserializer": { "OpenXJsonSerDe": {} } },
                    "OutputFormatConfiguration": { "Serializer": { "ParquetSerDe": {} } },
                },
            },
        });
        DeliveryStream::with_tables(&serde_json::from_value(input).unwrap(), &tables).unwrap()
    }

    fn item() -> Item {
        Item {
            id: RecordId {
                sequence: 7,
                part: Some(1),
            },
            arrival: Timestamp::from_millisecond(1_782_901_234_567).unwrap(),
            data: Bytes::from_static(b"x"),
            source: None,
            origin: None,
            receipt: None,
        }
    }

    fn line(failure: Failure, item: &Item) -> String {
        let line = failure.line(
            &stream(),
            item,
            Timestamp::from_millisecond(1_782_901_294_000).unwrap(),
        );
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn an_error_record_counts_the_attempts_and_names_the_function_that_failed() {
        let failed = Failure::of_lambda("Lambda.FunctionTimedOut", "it timed out", 4);
        insta::assert_snapshot!(line(failed, &item()), @r#"{"rawData":"eA==","errorCode":"Lambda.FunctionTimedOut","errorMessage":"it timed out","attemptsMade":4,"arrivalTimestamp":1782901234567,"attemptEndingTimestamp":1782901294000,"lambdaARN":"arn:aws:lambda:eu-west-1:123456789012:function:f"}"#);
        let misplaced = Failure::of_too_many_partitions();
        assert!(!line(misplaced, &item()).contains("lambdaARN"));
    }

    #[test]
    fn a_record_that_was_not_converted_names_the_table_and_its_number() {
        let refusal = || Refusal {
            code: "DataFormatConversion.MalformedData",
            message: "Data does not match the schema.".to_owned(),
        };
        insta::assert_snapshot!(line(Failure::of_conversion(refusal()), &item()), @r#"{"attemptsMade":1,"arrivalTimestamp":1782901234567,"lastErrorCode":"DataFormatConversion.MalformedData","lastErrorMessage":"Data does not match the schema.","attemptEndingTimestamp":1782901294000,"rawData":"eA==","sequenceNumber":"00000000000000000000000000000000000000000000000000000007","subSequenceNumber":1,"dataCatalogTable":{"catalogId":"123456789012","databaseName":"db","tableName":"events","region":"eu-west-1","versionId":"LATEST"}}"#);
        let read = Item {
            origin: Some(Arc::new(KinesisOrigin {
                shard_id: "shardId-000000000000".to_owned(),
                sequence_number: "49590338".to_owned(),
                partition_key: "k".to_owned(),
                arrival: Timestamp::UNIX_EPOCH,
            })),
            ..item()
        };
        assert!(
            line(Failure::of_conversion(refusal()), &read)
                .contains(r#""sequenceNumber":"49590338","subSequenceNumber":1,"#)
        );
    }

    #[test]
    fn what_was_compressed_is_repeated_as_it_was_put() {
        let unpacked = Item {
            source: Some(Bytes::from_static(b"compressed")),
            ..item()
        };
        let line = line(Failure::of_too_many_partitions(), &unpacked);
        let raw = base64_simd::STANDARD.encode_to_string("compressed");
        assert!(line.contains(&raw), "{line}");
    }
}
