//! Puts through the AWS SDK. Its clients are made when a record first needs one, so that they cost the start
//! nothing.

use async_trait::async_trait;
use aws_config::{
    BehaviorVersion, Region, SdkConfig, ecs::EcsCredentialsProvider,
    environment::EnvironmentVariableCredentialsProvider,
    meta::credentials::CredentialsProviderChain, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_sdk_firehose::{
    config::SharedCredentialsProvider,
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
};
use aws_smithy_http_client::{Builder, tls};
use hydrant_transformer::{Original, Source};
use std::time::Duration;
use tokio::sync::OnceCell;

use super::reingest::{Put, PutError};

/// The two services, through clients that are made on first use.
#[derive(Debug, Default)]
pub(crate) struct Aws {
    firehose: OnceCell<aws_sdk_firehose::Client>,
    kinesis: OnceCell<aws_sdk_kinesis::Client>,
}

#[async_trait]
impl Put for Aws {
    async fn put(&self, target: &Source, batch: &[&Original]) -> Result<Vec<bool>, PutError> {
        match target {
            Source::DeliveryStream(arn) => self.put_record_batch(arn, batch).await,
            Source::KinesisStream(arn) => self.put_records(arn, batch).await,
        }
    }
}

impl Aws {
    async fn put_record_batch(
        &self,
        arn: &str,
        batch: &[&Original],
    ) -> Result<Vec<bool>, PutError> {
        let client = async || {
            let config = config("AWS_ENDPOINT_URL_FIREHOSE");
            aws_sdk_firehose::Client::new(&config)
        };
        let client = self.firehose.get_or_init(client).await;
        let mut records = Vec::with_capacity(batch.len());
        for original in batch {
            let record = aws_sdk_firehose::types::Record::builder();
            let record = record.data(Blob::new(original.data.clone())).build();
            records.push(record.map_err(|error| PutError::Lasting(error.to_string()))?);
        }
        // The ARN of a delivery stream ends in `deliverystream/<name>`.
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let put = client.put_record_batch().delivery_stream_name(name);
        let answer = put.set_records(Some(records)).send().await;
        let answer = answer.map_err(|error| put_error("PutRecordBatch", &error))?;
        let entries = answer.request_responses();
        Ok(entries
            .iter()
            .map(|entry| entry.error_code().is_none())
            .collect())
    }

    async fn put_records(&self, arn: &str, batch: &[&Original]) -> Result<Vec<bool>, PutError> {
        let client = async || {
            let config = config("AWS_ENDPOINT_URL_KINESIS");
            aws_sdk_kinesis::Client::new(&config)
        };
        let client = self.kinesis.get_or_init(client).await;
        let mut records = Vec::with_capacity(batch.len());
        for (position, original) in batch.iter().enumerate() {
            // Firehose always tells the key; without one, records spread over the shards.
            let key = original.partition_key.clone();
            let entry = aws_sdk_kinesis::types::PutRecordsRequestEntry::builder()
                .data(Blob::new(original.data.clone()))
                .partition_key(key.unwrap_or_else(|| position.to_string()))
                .build();
            records.push(entry.map_err(|error| PutError::Lasting(error.to_string()))?);
        }
        let put = client.put_records().stream_arn(arn);
        let answer = put.set_records(Some(records)).send().await;
        let answer = answer.map_err(|error| put_error("PutRecords", &error))?;
        let entries = answer.records();
        Ok(entries
            .iter()
            .map(|entry| entry.error_code().is_none())
            .collect())
    }
}

/// What a call that failed as a whole means for the next one.
fn put_error<E: ProvideErrorMetadata, R>(call: &str, error: &SdkError<E, R>) -> PutError {
    let text = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{call}: {code}: {message}"),
        (Some(code), None) => format!("{call}: {code}"),
        // Time-outs, broken connections, missing credentials: their own text says which.
        _ => format!("{call}: {error}"),
    };
    match (error, error.code()) {
        (
            SdkError::ServiceError(_),
            Some(
                "AccessDeniedException"
                | "ResourceNotFoundException"
                | "InvalidArgumentException"
                | "ValidationException"
                | "UnrecognizedClientException"
                | "InvalidKMSResourceException"
                | "InvalidSourceException",
            ),
        )
        | (SdkError::ConstructionFailure(_), _) => PutError::Lasting(text),
        _ => PutError::Passing(text),
    }
}

/// What Lambda puts into a function's environment, and nothing else: no profiles, no instance metadata.
/// `endpoint` is the service's own variable for another endpoint.
fn config(endpoint: &str) -> SdkConfig {
    let http = Builder::new()
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::Ring,
        ))
        .build_https();
    let credentials = CredentialsProviderChain::first_try(
        "Environment",
        EnvironmentVariableCredentialsProvider::new(),
    )
    .or_else("Container", EcsCredentialsProvider::builder().build());
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        // Retries are the caller's, who knows which records are left.
        .retry_config(RetryConfig::disabled())
        .timeout_config(
            TimeoutConfig::builder()
                .operation_timeout(Duration::from_secs(10))
                .build(),
        );
    config.set_region(region.map(Region::new));
    config.set_endpoint_url(variable(endpoint).or_else(|| variable("AWS_ENDPOINT_URL")));
    config.build()
}
