//! Kinesis data streams through the AWS SDK: those of AWS, and of any endpoint that speaks its API
//! (`AWS_ENDPOINT_URL_KINESIS`).

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_sdk_kinesis::{
    Client,
    config::{retry::RetryConfig, timeout::TimeoutConfig},
    error::{ProvideErrorMetadata, SdkError},
    primitives::DateTime,
    types::ShardIteratorType,
};
use bytes::Bytes;
use jiff::Timestamp;

use super::{From, KinesisStream, Page, Shard, SourceError, SourceRecord, Sources};
use crate::aws;

/// Most records of one `GetRecords` (Kinesis API reference).
const PAGE_RECORDS: i32 = 10_000;

/// The sources of AWS, with Region, credentials and endpoint from the AWS chain.
#[derive(Debug, Clone, Copy, Default)]
pub struct AwsSources;

#[async_trait]
impl Sources for AwsSources {
    async fn kinesis(&self, stream_arn: &str) -> Arc<dyn KinesisStream> {
        let config = aws::config(stream_arn).await;
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(Duration::from_secs(30))
            .build();
        // The reader asks again by itself.
        let config = aws_sdk_kinesis::config::Builder::from(&config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .build();
        Arc::new(AwsKinesis {
            client: Client::from_conf(config),
            stream_arn: stream_arn.to_owned(),
        })
    }
}

#[derive(Debug)]
struct AwsKinesis {
    client: Client,
    stream_arn: String,
}

#[async_trait]
impl KinesisStream for AwsKinesis {
    async fn shards(&self) -> Result<Vec<Shard>, SourceError> {
        let mut shards = Vec::new();
        let mut token: Option<String> = None;
        loop {
            // With a token, the stream must not be named.
            let arn = token.is_none().then(|| self.stream_arn.clone());
            let request = self.client.list_shards().set_stream_arn(arn);
            let listed = request.set_next_token(token.take()).send().await;
            let listed = listed.map_err(|error| refused(&error))?;
            shards.extend(listed.shards().iter().map(|shard| {
                Shard {
                    id: shard.shard_id().to_owned(),
                    parents: [shard.parent_shard_id(), shard.adjacent_parent_shard_id()]
                        .into_iter()
                        .flatten()
                        .map(str::to_owned)
                        .collect(),
                }
            }));
            token = listed.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(shards);
            }
        }
    }

    async fn iterator(&self, shard_id: &str, from: &From) -> Result<String, SourceError> {
        let request = self
            .client
            .get_shard_iterator()
            .stream_arn(&self.stream_arn)
            .stream_name(name_in(&self.stream_arn))
            .shard_id(shard_id);
        let request = match from {
            From::Instant(instant) => request
                .shard_iterator_type(ShardIteratorType::AtTimestamp)
                .timestamp(DateTime::from_millis(instant.as_millisecond())),
            From::After(sequence_number) => request
                .shard_iterator_type(ShardIteratorType::AfterSequenceNumber)
                .starting_sequence_number(sequence_number),
        };
        let given = request.send().await.map_err(|error| refused(&error))?;
        given
            .shard_iterator
            .ok_or_else(|| SourceError::Other("Kinesis gave no shard iterator".to_owned()))
    }

    async fn records(&self, iterator: &str) -> Result<Page, SourceError> {
        let request = self
            .client
            .get_records()
            .stream_arn(&self.stream_arn)
            .shard_iterator(iterator)
            .limit(PAGE_RECORDS);
        let read = request.send().await.map_err(|error| refused(&error))?;
        let behind_ms = read.millis_behind_latest().unwrap_or(0);
        let records = read.records.into_iter().map(|record| SourceRecord {
            arrival: record
                .approximate_arrival_timestamp
                .and_then(|it| it.to_millis().ok())
                .and_then(|it| Timestamp::from_millisecond(it).ok())
                .unwrap_or(Timestamp::UNIX_EPOCH),
            partition_key: record.partition_key.unwrap_or_default(),
            sequence_number: record.sequence_number,
            data: Bytes::from(record.data.into_inner()),
        });
        Ok(Page {
            records: records.collect(),
            next: read.next_shard_iterator,
            behind_ms: u64::try_from(behind_ms).unwrap_or(0),
        })
    }
}

/// The stream's name, which some emulators want beside its ARN.
fn name_in(arn: &str) -> &str {
    arn.rsplit_once('/').map_or(arn, |(_, name)| name)
}

fn refused<E>(error: &SdkError<E>) -> SourceError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.code() {
        Some("ExpiredIteratorException") => SourceError::Expired,
        Some(
            "ProvisionedThroughputExceededException"
            | "LimitExceededException"
            | "ThrottlingException"
            | "KMSThrottlingException",
        ) => SourceError::Throttled(aws::said(error)),
        _ => SourceError::Other(aws::said(error)),
    }
}
