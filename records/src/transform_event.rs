//! What Firehose sends to a transform Lambda and what it takes back (developer guide, "Transform source
//! data"). Ours rather than `aws_lambda_events`': that crate types `result` as free text and cannot leave
//! `data` out.

use bytes::Bytes;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::base64;

/// The request: one batch of records.
///
/// Only `records` is needed to answer; what else an event may hold (Kinesis metadata in its several
/// spellings) is ignored, so that a record never fails for what surrounds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransformEvent {
    /// A UUID, new for every invocation.
    #[serde(default)]
    pub invocation_id: String,
    /// `arn:aws:firehose:<region>:<account>:deliverystream/<name>`.
    #[serde(default)]
    pub delivery_stream_arn: String,
    /// Present for a stream whose source is a Kinesis data stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_kinesis_stream_arn: Option<String>,
    /// The Region of the stream.
    #[serde(default)]
    pub region: String,
    /// The batch; never empty on AWS.
    pub records: Vec<TransformRecord>,
}

/// One record of the batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransformRecord {
    /// Opaque; the answer names each exactly once.
    pub record_id: String,
    /// Milliseconds since the epoch at which Firehose took the record.
    #[serde(default)]
    pub approximate_arrival_timestamp: i64,
    /// The record's bytes; base64 on the wire, possibly empty.
    #[serde(with = "base64")]
    pub data: Bytes,
    /// Where the record was read, for a stream whose source is a Kinesis data stream. Never read: emulators
    /// send it in several shapes.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub kinesis_record_metadata: Option<KinesisRecordMetadata>,
}

/// Where a record of a Kinesis data stream was read, as captures of real events show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KinesisRecordMetadata {
    /// A decimal number, as text.
    pub sequence_number: String,
    /// Which one it is of a record of the Kinesis Producer Library.
    pub subsequence_number: u64,
    /// The key that chose the shard.
    pub partition_key: String,
    /// Such as `shardId-000000000000`.
    pub shard_id: String,
    /// Milliseconds since the epoch at which Kinesis took the record.
    pub approximate_arrival_timestamp: i64,
}

/// The answer: one outcome for every record id of the request, in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransformAnswer {
    /// The outcomes.
    pub records: Vec<TransformedRecord>,
}

/// The outcome of one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransformedRecord {
    /// The id from the request.
    pub record_id: String,
    /// What became of the record.
    pub result: ProcessingResult,
    /// What to deliver; base64 on the wire. Needed with [`ProcessingResult::Ok`], left out otherwise.
    #[serde(
        default,
        with = "base64::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub data: Option<Bytes>,
    /// Partition keys, where the function computes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

/// What a function may say of a record besides its data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Key name to value, for `!{partitionKeyFromLambda:name}` in a prefix.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub partition_keys: IndexMap<String, String>,
}

/// The three results that Firehose accepts, spelled as it wants them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ProcessingResult {
    /// Transformed: deliver `data`.
    Ok,
    /// Left out on purpose: a success that delivers nothing and writes no error record.
    Dropped,
    /// Could not be transformed: the source bytes go to the error output.
    ProcessingFailed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_spelled_as_firehose_wants_it() {
        let answer = TransformAnswer {
            records: vec![
                TransformedRecord {
                    record_id: "1".into(),
                    result: ProcessingResult::Ok,
                    data: Some(Bytes::from_static(b"{}\n")),
                    metadata: Some(Metadata {
                        partition_keys: IndexMap::from([("day".to_owned(), "02".to_owned())]),
                    }),
                },
                TransformedRecord {
                    record_id: "2".into(),
                    result: ProcessingResult::Dropped,
                    data: None,
                    metadata: None,
                },
                TransformedRecord {
                    record_id: "3".into(),
                    result: ProcessingResult::ProcessingFailed,
                    data: None,
                    metadata: None,
                },
            ],
        };
        insta::assert_snapshot!(serde_json::to_string(&answer).unwrap(), @r#"{"records":[{"recordId":"1","result":"Ok","data":"e30K","metadata":{"partitionKeys":{"day":"02"}}},{"recordId":"2","result":"Dropped"},{"recordId":"3","result":"ProcessingFailed"}]}"#);
    }

    #[test]
    fn an_event_with_unknown_and_odd_metadata_is_read() {
        let event = r#"{"invocationId":"i","deliveryStreamArn":"a","region":"r","new":[],
            "records":[{"recordId":"1","approximateArrivalTimestamp":1,"data":"e30=",
                        "kinesisRecordMetadata":{"subsequenceNumber":"","approximateArrivalTimestamp":"2020"}}]}"#;
        let event: TransformEvent = serde_json::from_str(event).unwrap();
        assert_eq!(event.records[0].data, Bytes::from_static(b"{}"));
    }

    #[test]
    fn an_answer_may_spell_absent_data_as_null_or_leave_it_out() {
        for record in [
            r#"{"recordId":"1","result":"Dropped"}"#,
            r#"{"recordId":"1","result":"Dropped","data":null,"metadata":null}"#,
            r#"{"recordId":"1","result":"Dropped","data":null,"metadata":{}}"#,
        ] {
            let record: TransformedRecord = serde_json::from_str(record).unwrap();
            assert_eq!(record.data, None);
        }
    }

    #[test]
    fn a_result_in_another_case_is_refused() {
        let refused =
            serde_json::from_str::<TransformedRecord>(r#"{"recordId":"1","result":"ok"}"#);
        assert!(
            refused
                .unwrap_err()
                .to_string()
                .contains("unknown variant `ok`")
        );
    }
}
