//! A small stream, a function that is scripted by its records, and readers of what comes out.

use std::{io::Read, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use hydrant_delivery::{
    Account, Delivery, DeliveryError, DeliveryStream, FixedClock, Ids, InvokeError, Settings,
    Transform,
};
use hydrant_lake::Lake;
use hydrant_records::{
    Metadata, ProcessingResult, TransformAnswer, TransformEvent, TransformedRecord,
};
use serde_json::{Value, json};

pub(crate) const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:scripted:$LATEST";

/// Both namespaces, GZIP; `change` may spoil or extend it.
pub(crate) fn stream(change: impl FnOnce(&mut Value)) -> DeliveryStream {
    let mut input = json!({
        "DeliveryStreamName": "s",
        "ExtendedS3DestinationConfiguration": {
            "RoleARN": "arn:aws:iam::123456789012:role/r",
            "BucketARN": "arn:aws:s3:::b",
            "Prefix": "data/kind=!{partitionKeyFromQuery:kind}/part=!{partitionKeyFromLambda:part}/",
            "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/",
            "CompressionFormat": "GZIP",
            "DynamicPartitioningConfiguration": { "Enabled": true },
            "ProcessingConfiguration": { "Enabled": true, "Processors": [
                { "Type": "Lambda", "Parameters": [
                    { "ParameterName": "LambdaArn", "ParameterValue": ARN },
                    { "ParameterName": "BufferSizeInMBs", "ParameterValue": "0.2" },
                    { "ParameterName": "BufferIntervalInSeconds", "ParameterValue": "60" },
                ]},
                { "Type": "MetadataExtraction", "Parameters": [
                    { "ParameterName": "MetadataExtractionQuery", "ParameterValue": "{kind:.kind}" },
                    { "ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6" },
                ]},
            ]},
        },
    });
    change(&mut input["ExtendedS3DestinationConfiguration"]);
    DeliveryStream::from_json(&input.to_string()).unwrap()
}

/// A function that does with each record what the record asks for: `do` is `drop`, `fail`, `lose` or
/// `crash`; anything else is passed on with a newline and the key `part`.
#[derive(Debug)]
pub(crate) struct Scripted;

#[async_trait]
impl Transform for Scripted {
    async fn invoke(&self, event: TransformEvent) -> Result<TransformAnswer, InvokeError> {
        let mut records = Vec::new();
        for record in event.records {
            let parsed: Value = serde_json::from_slice(&record.data).unwrap_or_default();
            let mut answer = TransformedRecord {
                record_id: record.record_id,
                result: ProcessingResult::Ok,
                data: None,
                metadata: None,
            };
            match parsed["do"].as_str() {
                Some("lose") => continue,
                Some("crash") => return Err(InvokeError::Function("asked to".to_owned())),
                Some("drop") => answer.result = ProcessingResult::Dropped,
                Some("fail") => answer.result = ProcessingResult::ProcessingFailed,
                _ => {
                    answer.data = Some([&record.data[..], b"\n"].concat().into());
                    let part = parsed["part"].as_u64().map(|part| part.to_string());
                    answer.metadata = Some(Metadata {
                        partition_keys: part
                            .map(|part| ("part".to_owned(), part))
                            .into_iter()
                            .collect(),
                    });
                }
            }
            records.push(answer);
        }
        Ok(TransformAnswer { records })
    }
}

pub(crate) fn settings(buffer_memory: usize) -> Settings {
    Settings {
        clock: Arc::new(FixedClock("2026-11-22T10:20:30Z".parse().unwrap())),
        ids: Ids::from_seed(1),
        buffer_memory,
        parallelism: 2,
    }
}

/// Puts all records and finishes.
pub(crate) async fn deliver(
    stream: DeliveryStream,
    lake: &Lake,
    records: &[String],
    buffer_memory: usize,
) -> Result<Account, DeliveryError> {
    let function: Option<Arc<dyn Transform>> = Some(Arc::new(Scripted));
    let mut delivery = Delivery::new(stream, lake.clone(), function, settings(buffer_memory))?;
    for record in records {
        delivery
            .put(Bytes::copy_from_slice(record.as_bytes()))
            .await?;
    }
    delivery.finish().await
}

/// Inflates an object with another implementation than the one that wrote it.
pub(crate) fn gunzip(object: &[u8]) -> Vec<u8> {
    let mut inflated = Vec::new();
    flate2::read::GzDecoder::new(object)
        .read_to_end(&mut inflated)
        .unwrap();
    inflated
}
