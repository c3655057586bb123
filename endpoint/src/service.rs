//! What a server serves.

use std::net::SocketAddr;

use async_trait::async_trait;
use bytes::Bytes;
use hyper::{Response, http::request::Parts};
use serde_json::{Map, Value};

use crate::error::ApiError;

/// Who sent a request: among the extensions of its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// How a request to a path of a service's own is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The largest body, in bytes; what is larger is refused with 413.
    pub largest_body: usize,
    /// Whether it must be signed where operations must. A service that asks for something else, such as a
    /// token, says no.
    pub signed: bool,
}

/// A service behind a [`crate::Server`]: the API of one AWS service, or paths of its own, or both.
#[async_trait]
pub trait Service: std::fmt::Debug + Send + Sync {
    /// What people call it: `Firehose`.
    fn name(&self) -> &'static str;

    /// What someone does with it who opens the address in a browser, in one line.
    fn usage(&self) -> String;

    /// What stands in front of an operation's name in `X-Amz-Target`: `Firehose_20150804.`
    fn target_prefix(&self) -> Option<&'static str> {
        None
    }

    /// Runs an operation with the JSON of its input; the JSON of its answer.
    ///
    /// # Errors
    ///
    /// [`ApiError`] with AWS's type and, where it is known, AWS's text.
    async fn call(&self, operation: &str, _body: Bytes) -> Result<Vec<u8>, ApiError> {
        Err(ApiError::unknown_operation(format!(
            "{} has no operation called {operation}",
            self.name()
        )))
    }

    /// On what terms it takes a request that is no operation; `None` when the path is not its own. Asked
    /// before the body is read.
    fn takes(&self, _head: &Parts) -> Option<Terms> {
        None
    }

    /// Answers a request that it takes.
    async fn answer(&self, _head: &Parts, _body: Bytes) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = hyper::StatusCode::NOT_FOUND;
        response
    }

    /// How it says that a request of its was refused before its body was there: too large, too late. As operations
    /// are refused, where it says nothing.
    fn refused(&self, _head: &Parts, _error: &ApiError) -> Option<Response<Bytes>> {
        None
    }

    /// Its metrics in Prometheus's text format.
    async fn metrics(&self) -> String {
        String::new()
    }

    /// What it says of itself to `GET /health`.
    async fn health(&self) -> Map<String, Value> {
        Map::new()
    }

    /// Delivers what waits, in one delivery stream or in all; whether it knows that stream.
    async fn flush(&self, stream: Option<&str>) -> bool {
        stream.is_none()
    }
}
