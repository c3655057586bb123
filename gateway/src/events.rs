//! Where the front door puts events: a bus, in this process or anywhere.

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use hydrant_endpoint::Service;
use serde_json::json;

use crate::authorizer::causes;

/// An answer to `PutEvents`, good or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventsAnswer {
    /// The status: 200, even where single entries failed.
    pub status: u16,
    /// The JSON.
    pub body: Bytes,
}

impl EventsAnswer {
    /// An error of EventBridge's.
    pub fn error(status: u16, kind: &str, message: Option<&str>) -> Self {
        let mut body = json!({"__type": kind});
        if let Some(message) = message {
            body["message"] = json!(message);
        }
        Self {
            status,
            body: body.to_string().into(),
        }
    }
}

/// A bus that does not answer at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("EventBridge does not answer: {0}")]
pub struct Unreachable(pub String);

/// Takes the requests of `PutEvents` (EventBridge API reference).
#[async_trait]
pub trait Events: Debug + Send + Sync {
    /// Puts the events of a request's body.
    ///
    /// # Errors
    ///
    /// [`Unreachable`] when there is no answer; an answer that says no is an answer.
    async fn put(&self, body: Bytes) -> Result<EventsAnswer, Unreachable>;
}

/// A bus in this process.
#[derive(Debug)]
pub struct InProcess(pub Arc<dyn Service>);

#[async_trait]
impl Events for InProcess {
    async fn put(&self, body: Bytes) -> Result<EventsAnswer, Unreachable> {
        Ok(match self.0.call("PutEvents", body).await {
            Ok(body) => EventsAnswer {
                status: 200,
                body: body.into(),
            },
            Err(error) => EventsAnswer {
                status: error.status,
                body: error.body().into(),
            },
        })
    }
}

/// A bus at an address that asks for no signature, such as a local one's.
#[derive(Debug)]
pub struct Remote {
    url: String,
    client: reqwest::Client,
}

impl Remote {
    /// A bus at this URL.
    ///
    /// # Errors
    ///
    /// When there can be no HTTP client.
    pub fn new(url: impl Into<String>) -> Result<Self, Unreachable> {
        let client = reqwest::Client::builder().build();
        Ok(Self {
            url: url.into(),
            client: client.map_err(|error| Unreachable(causes(&error)))?,
        })
    }
}

#[async_trait]
impl Events for Remote {
    async fn put(&self, body: Bytes) -> Result<EventsAnswer, Unreachable> {
        let request = self
            .client
            .post(&self.url)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", "AWSEvents.PutEvents")
            .body(body);
        let unreachable = |error: reqwest::Error| Unreachable(causes(&error));
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status().as_u16();
        let body = answer.bytes().await.map_err(unreachable)?;
        Ok(EventsAnswer { status, body })
    }
}
