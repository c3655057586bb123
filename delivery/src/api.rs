//! The Firehose API, version 2015-08-04, as AWS JSON 1.1: an operation's name and a body in, a body or an
//! error out (API reference). HTTP is around it in [`crate::Server`].

mod control;
mod encryption;
mod endpoint;
mod error;
mod put;
mod tags;
mod validation;

use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use error::{ApiError, ErrorKind};

use crate::service::{Service, Stream};

/// The API of a service.
#[derive(Debug, Clone)]
pub struct Api {
    service: Arc<Service>,
}

impl Api {
    /// The API of `service`.
    pub fn new(service: Arc<Service>) -> Self {
        Self { service }
    }

    /// The service behind it.
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Runs the operation called `name`, such as `PutRecord`, with the JSON of its input; the JSON of its
    /// answer.
    ///
    /// # Errors
    ///
    /// [`ApiError`] with AWS's type and, where it is known, AWS's text.
    pub async fn call(&self, name: &str, body: &[u8]) -> Result<Vec<u8>, ApiError> {
        // The two that carry data have readers of their own.
        match name {
            "PutRecord" => return self.put_record(body).await,
            "PutRecordBatch" => return self.put_record_batch(body).await,
            _ => {}
        }
        let input: Value = read(body)?;
        if !input.is_object() {
            return Err(ApiError::serialization("the body is no JSON object"));
        }
        let started = self.service.clock().now();
        let stream = input["DeliveryStreamName"].as_str().map(str::to_owned);
        let answer = match name {
            "CreateDeliveryStream" => self.create(input).await,
            "DescribeDeliveryStream" => self.describe(&input),
            "ListDeliveryStreams" => self.list(&input),
            "DeleteDeliveryStream" => self.delete(&input).await,
            "UpdateDestination" => self.update(&input).await,
            "TagDeliveryStream" => self.tag(&input).await,
            "UntagDeliveryStream" => self.untag(&input).await,
            "ListTagsForDeliveryStream" => self.list_tags(&input),
            "StartDeliveryStreamEncryption" => self.start_encryption(&input).await,
            "StopDeliveryStreamEncryption" => self.stop_encryption(&input).await,
            _ => Err(ApiError::new(
                ErrorKind::UnknownOperation,
                format!("Firehose has no operation called {name}"),
            )),
        };
        self.count_call(name, stream.as_deref(), started);
        let answer = answer?;
        // A value always serialises.
        Ok(serde_json::to_vec(&answer).unwrap_or_default())
    }

    /// Counts the calls that CloudWatch counts. Those of a stream that there is not belong to none.
    fn count_call(&self, name: &str, stream: Option<&str>, started: Timestamp) {
        let now = self.service.clock().now();
        if name == "ListDeliveryStreams" {
            self.service.lists.took(started, now);
            return;
        }
        let Some(stream) = stream.and_then(|stream| self.service.stream(stream)) else {
            return;
        };
        let metrics = stream.metrics();
        match name {
            "DescribeDeliveryStream" => metrics.describe.took(started, now),
            "UpdateDestination" => metrics.update.took(started, now),
            _ => {}
        }
    }

    /// The stream that `input` names.
    fn named(&self, input: &Value) -> Result<Arc<Stream>, ApiError> {
        let name = validation::stream_name(input)?;
        self.service
            .stream(name)
            .ok_or_else(|| self.not_found(name))
    }

    fn not_found(&self, name: &str) -> ApiError {
        let account = &self.service.options().account;
        ApiError::new(
            ErrorKind::ResourceNotFound,
            format!("Firehose {name} not found under account {account}."),
        )
    }
}

/// Reads a body; an empty one is an empty object.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| ApiError::serialization(error.to_string()))
}
