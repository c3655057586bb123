//! The API as a service of an endpoint.

use async_trait::async_trait;
use bytes::Bytes;
use hydrant_endpoint::{ApiError, Service, Terms};
use hyper::{Response, header::HeaderValue, http::request::Parts};
use serde_json::{Map, Value, json};

use super::Api;

/// What stands in front of an operation of the second API.
const V2: &str = "AWSEventsV2";

#[async_trait]
impl Service for Api {
    fn name(&self) -> &'static str {
        "EventBridge"
    }

    fn usage(&self) -> String {
        "AWS_ENDPOINT_URL_EVENTBRIDGE".to_owned()
    }

    fn target_prefix(&self) -> Option<&'static str> {
        Some("AWSEvents.")
    }

    async fn call(&self, operation: &str, body: Bytes) -> Result<Vec<u8>, ApiError> {
        Self::call(self, operation, &body).await
    }

    /// Calls of the second API: RPC v2 CBOR at a path of its own, or its target prefix.
    fn takes(&self, head: &Parts) -> Option<Terms> {
        let path = head.uri.path().starts_with(&format!("/service/{V2}"));
        let target = head.headers.get("x-amz-target");
        let target = target.and_then(|it| it.to_str().ok()).unwrap_or_default();
        (path || target.starts_with(V2)).then_some(Terms {
            largest_body: 8 << 20,
            signed: false,
        })
    }

    async fn answer(&self, _: &Parts, _: Bytes) -> Response<Bytes> {
        let error = ApiError::unknown_operation(
            "this endpoint speaks the API of EventBridge's classic event buses (service `events`, JSON 1.1), not \
             that of the newer ones (service `eventbridgev2`); use the client called `events` or `eventbridge`",
        );
        let mut response = Response::new(Bytes::from(error.body()));
        *response.status_mut() = hyper::StatusCode::BAD_REQUEST;
        let headers = response.headers_mut();
        headers.insert(
            "content-type",
            HeaderValue::from_static("application/x-amz-json-1.1"),
        );
        headers.insert(
            "x-amzn-errortype",
            HeaderValue::from_static("UnknownOperationException"),
        );
        response
    }

    async fn metrics(&self) -> String {
        self.buses.metrics().await
    }

    async fn health(&self) -> Map<String, Value> {
        let buses = self.buses.names().len();
        let waiting = self.buses.log_bytes().await;
        Map::from_iter([
            ("buses".to_owned(), json!(buses)),
            ("waitingEventBytes".to_owned(), json!(waiting)),
        ])
    }

    /// Streams get what the buses have for them before they are flushed.
    async fn flush(&self, stream: Option<&str>) -> bool {
        self.buses.delivered().await;
        stream.is_none()
    }
}
