//! One batch on its way, until all of it went or is given up.

use std::time::Duration;

use anyhow::{Result, anyhow};
use aws_sdk_firehose::{
    Client,
    config::retry::RetryConfig,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::Record,
};
use bytes::Bytes;
use rand::RngExt;

/// Puts batches into one stream.
#[derive(Debug)]
pub(crate) struct Sender {
    client: Client,
    stream: String,
    attempts: usize,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    /// Records that went, but not at first.
    pub(crate) again: u64,
    pub(crate) failed: Vec<Bytes>,
    /// Why the failed ones were given up.
    pub(crate) reason: Option<String>,
}

/// Errors of the API that sending again does not mend.
const LASTING: [&str; 11] = [
    "ResourceNotFoundException",
    "InvalidArgumentException",
    "InvalidKMSResourceException",
    "InvalidSourceException",
    "ValidationException",
    "SerializationException",
    "AccessDeniedException",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "ExpiredTokenException",
];

impl Sender {
    /// Takes credentials, Region and endpoint from the AWS chain.
    pub(crate) async fn new(stream: &str, attempts: usize) -> Self {
        let config = hydrant_aws::loader()
            // Calls are repeated here, and only with what did not go.
            .retry_config(RetryConfig::disabled())
            .load()
            .await;
        Self {
            client: Client::new(&config),
            stream: stream.to_owned(),
            attempts,
        }
    }

    /// Sends a batch. An error is one that every other batch would meet too.
    pub(crate) async fn send(&self, batch: Vec<Bytes>) -> Result<Sent> {
        let mut sent = Sent::default();
        let mut left = batch;
        for attempt in 0..self.attempts {
            if attempt > 0 {
                tokio::time::sleep(pause(attempt)).await;
            }
            let before = left.len();
            let (rest, reason) = self.put(left).await?;
            left = rest.0;
            let went = (before - left.len()) as u64;
            sent.records += went;
            sent.bytes += rest.1;
            if attempt > 0 {
                sent.again += went;
            }
            sent.reason = reason;
            if left.is_empty() {
                return Ok(sent);
            }
        }
        sent.failed = left;
        Ok(sent)
    }

    /// Puts a batch once: what did not go, the bytes of what did, and why.
    async fn put(&self, batch: Vec<Bytes>) -> Result<((Vec<Bytes>, u64), Option<String>)> {
        // The blob of a record takes a vector of its own.
        let records = batch
            .iter()
            .map(|record| Record::builder().data(Blob::new(record.to_vec())).build())
            .collect::<Result<Vec<_>, _>>()?;
        let put = self
            .client
            .put_record_batch()
            .delivery_stream_name(&self.stream)
            .set_records(Some(records))
            .send()
            .await;
        let answer = match put {
            Ok(answer) => answer,
            Err(error) => {
                let text = match (error.code(), error.message()) {
                    (Some(code), Some(message)) => format!("{code}: {message}"),
                    _ => DisplayErrorContext(&error).to_string(),
                };
                let lasts = error.code().is_some_and(|code| LASTING.contains(&code))
                    || matches!(error, SdkError::ConstructionFailure(_));
                if lasts {
                    return Err(anyhow!(text));
                }
                return Ok(((batch, 0), Some(text)));
            }
        };
        let responses = answer.request_responses();
        if responses.len() != batch.len() {
            return Err(anyhow!(
                "the answer to {} records speaks of {}",
                batch.len(),
                responses.len()
            ));
        }
        let (mut rest, mut bytes, mut reason) = (Vec::new(), 0, None);
        for (record, response) in batch.into_iter().zip(responses) {
            match response.error_code() {
                None => bytes += record.len() as u64,
                Some(code) => {
                    let message = response.error_message().unwrap_or_default();
                    reason = Some(format!("{code}: {message}"));
                    rest.push(record);
                }
            }
        }
        Ok(((rest, bytes), reason))
    }
}

/// Longer after each attempt, and never the same for two senders.
fn pause(attempt: usize) -> Duration {
    let most = 100_u64 << attempt.min(7);
    Duration::from_millis(rand::rng().random_range(most / 2..=most))
}
