//! One request: its body, its signature, who answers it.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::{Body, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
    http::request::Parts,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{BODY_MEMORY_KIB, Shared};
use crate::{
    error::ApiError,
    service::{Service, Terms},
};

/// The largest body of an operation: 4 MiB of records as base64 in JSON, and room for 500 entries around
/// them.
const OPERATION: Terms = Terms {
    largest_body: 8 << 20,
    signed: true,
};

/// How long a request may take to arrive.
const BODY_TIME: Duration = Duration::from_mins(1);

const AWS_JSON: &str = "application/x-amz-json-1.1";
const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

impl Shared {
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        id: Uuid,
    ) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        if (&parts.method, parts.uri.path()) == (&Method::GET, "/health") {
            return self.health().await;
        }
        let taken = self
            .services
            .iter()
            .find_map(|service| service.takes(&parts).map(|terms| (service, terms)));
        let terms = taken.as_ref().map_or(OPERATION, |(_, terms)| *terms);
        let answer = async {
            // Held until the answer is there. The semaphore is never closed.
            let _memory = self.memory.acquire_many(kib(&body, terms)).await;
            let body = match self.body(body, terms).await {
                Ok(body) => body,
                Err(error) => {
                    let said = taken.and_then(|(service, _)| service.refused(&parts, &error));
                    return said.map(|said| said.map(Full::new)).ok_or(error);
                }
            };
            if let (true, Some(verifier)) = (terms.signed, &self.verifier) {
                verifier.verify(&parts, &body, self.clock.now())?;
            }
            match taken {
                Some((service, _)) => Ok(service.answer(&parts, body).await.map(Full::new)),
                None => self.route(&parts, body).await,
            }
        };
        let mut response = answer.await.unwrap_or_else(|error| refuse(&error));
        // A UUID is a header's value.
        if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
            response
                .headers_mut()
                .entry("x-amzn-requestid")
                .or_insert(id);
        }
        response
    }

    async fn body(&self, body: Incoming, terms: Terms) -> Result<Bytes, ApiError> {
        tokio::select! {
            body = collect(body, terms.largest_body) => body,
            () = self.clock.sleep(BODY_TIME) => Err(ApiError::new(
                "RequestTimeoutException",
                format!("the request was not there after {} s", BODY_TIME.as_secs()),
            )
            .with_status(408)),
        }
    }

    async fn route(&self, parts: &Parts, body: Bytes) -> Result<Response<Full<Bytes>>, ApiError> {
        match (&parts.method, parts.uri.path()) {
            (&Method::POST, "/") => {
                let (service, operation) = self.operation(&parts.headers)?;
                let answer = service.call(operation, body).await?;
                Ok(respond(200, AWS_JSON, answer))
            }
            (&Method::GET, "/metrics") => {
                let mut metrics = String::new();
                for service in &self.services {
                    metrics += &service.metrics().await;
                }
                Ok(respond(200, "text/plain; version=0.0.4", metrics))
            }
            (&Method::POST, "/_hydrant/flush") => {
                let query = parts.uri.query().unwrap_or_default();
                Ok(self.flush(query.strip_prefix("stream=")).await)
            }
            (&Method::GET, "/") => Ok(respond(200, TEXT, self.welcome())),
            (_, "/" | "/metrics" | "/_hydrant/flush") => {
                Ok(respond(405, TEXT, "no such method here\n"))
            }
            _ => Ok(respond(404, TEXT, self.welcome())),
        }
    }

    /// The service and the operation that `X-Amz-Target` names.
    fn operation<'a>(&self, headers: &'a HeaderMap) -> Result<(&dyn Service, &'a str), ApiError> {
        let target = headers
            .get("x-amz-target")
            .and_then(|value| value.to_str().ok())
            .ok_or_else(|| {
                ApiError::unknown_operation(
                    "the request has no X-Amz-Target; this endpoint speaks AWS JSON 1.1",
                )
            })?;
        let prefixes = || {
            let services = self.services.iter();
            services.filter_map(|service| Some((&**service, service.target_prefix()?)))
        };
        prefixes()
            .find_map(|(service, prefix)| Some((service, target.strip_prefix(prefix)?)))
            .ok_or_else(|| {
                let known: Vec<String> = prefixes()
                    .map(|(service, prefix)| {
                        format!("those of {} begin with {prefix}", service.name())
                    })
                    .collect();
                ApiError::unknown_operation(format!(
                    "{target} is no operation of this endpoint: {}",
                    known.join(", ")
                ))
            })
    }

    async fn flush(&self, stream: Option<&str>) -> Response<Full<Bytes>> {
        let mut known = false;
        for service in &self.services {
            known |= service.flush(stream).await;
        }
        match stream {
            Some(name) if !known => {
                respond(404, TEXT, format!("there is no stream called {name}\n"))
            }
            _ => respond(200, JSON, "{}"),
        }
    }

    async fn health(&self) -> Response<Full<Bytes>> {
        let mut health = Map::from_iter([("status".to_owned(), json!("ok"))]);
        for service in &self.services {
            health.extend(service.health().await);
        }
        respond(200, JSON, Value::Object(health).to_string())
    }

    /// What someone sees who opens the address in a browser.
    fn welcome(&self) -> String {
        let mut text = "Point AWS clients at this address.\n".to_owned();
        for service in &self.services {
            text += &format!("{}: {}\n", service.name(), service.usage());
        }
        text + "GET /metrics, GET /health, POST /_hydrant/flush[?stream=NAME]\n"
    }
}

/// Memory that a body is given before it is read, in KiB.
fn kib(body: &Incoming, terms: Terms) -> u32 {
    let most = terms.largest_body as u64;
    let size = body.size_hint().upper().unwrap_or(most).min(most);
    u32::try_from(size / 1024 + 1).map_or(BODY_MEMORY_KIB, |kib| kib.min(BODY_MEMORY_KIB))
}

async fn collect(body: Incoming, largest: usize) -> Result<Bytes, ApiError> {
    let too_large = || {
        ApiError::new(
            "RequestEntityTooLargeException",
            format!("the request is larger than {largest} bytes"),
        )
        .with_status(413)
    };
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if expected > largest {
        return Err(too_large());
    }
    let mut body = body;
    let mut collected = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|error| ApiError::serialization(format!("the request broke off: {error}")))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if collected.is_empty() {
            if expected > 0 && data.len() == expected {
                // All of it came at once: it is not copied.
                return Ok(data);
            }
            collected.reserve(expected);
        }
        if collected.len() + data.len() > largest {
            return Err(too_large());
        }
        collected.extend_from_slice(&data);
    }
    Ok(collected.freeze())
}

fn refuse(error: &ApiError) -> Response<Full<Bytes>> {
    let mut response = respond(error.status, AWS_JSON, error.body());
    if let Ok(name) = HeaderValue::from_str(&error.name) {
        response.headers_mut().insert("x-amzn-errortype", name);
    }
    response
}

fn respond(status: u16, kind: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
