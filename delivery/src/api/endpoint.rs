//! The API as a service of an endpoint.

use async_trait::async_trait;
use bytes::Bytes;
use hydrant_endpoint::{ApiError, Service};
use serde_json::{Map, Value, json};

use super::Api;

#[async_trait]
impl Service for Api {
    fn name(&self) -> &'static str {
        "Firehose"
    }

    fn usage(&self) -> String {
        "AWS_ENDPOINT_URL_FIREHOSE".to_owned()
    }

    fn target_prefix(&self) -> Option<&'static str> {
        Some("Firehose_20150804.")
    }

    async fn call(&self, operation: &str, body: Bytes) -> Result<Vec<u8>, ApiError> {
        Ok(Self::call(self, operation, &body).await?)
    }

    async fn metrics(&self) -> String {
        self.service.metrics().await
    }

    async fn health(&self) -> Map<String, Value> {
        let streams = self.service.stream_names().len();
        let waiting = self.service.log_bytes().await;
        Map::from_iter([
            ("streams".to_owned(), json!(streams)),
            ("waitingBytes".to_owned(), json!(waiting)),
        ])
    }

    async fn flush(&self, stream: Option<&str>) -> bool {
        if stream.is_some_and(|name| self.service.stream(name).is_none()) {
            return false;
        }
        self.service.flush(stream).await;
        true
    }
}
