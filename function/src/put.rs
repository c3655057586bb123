//! Puts records through the APIs of Firehose and Kinesis: two calls, signed here, over a client that is made
//! when a record first needs it, so that it costs the start nothing.
//!
//! The SDK's clients would do the same in more than twice the binary. What a function has less of without
//! them: credentials come from the environment alone, where Lambda puts them.

mod call;

use std::sync::OnceLock;
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;

use crate::batch::Original;
use crate::clock::SystemClock;
use crate::event::Source;
use crate::reingest::{Put, PutError};
use call::Call;

/// The longest that a call may take.
const TIMEOUT: Duration = Duration::from_secs(10);

type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// `PutRecordBatch` of Firehose and `PutRecords` of Kinesis.
#[derive(Debug, Default)]
pub struct Aws {
    client: OnceLock<HttpClient>,
}

#[async_trait]
impl Put for Aws {
    async fn put(&self, target: &Source, batch: &[&Original]) -> Result<Vec<bool>, PutError> {
        let call = Call::new(target, batch);
        let request = request(&call, variable)?;
        let client = self.client()?;
        let answer = async {
            let response = client.request(request).await.map_err(|e| causes(&e))?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(|e| causes(&e))?.to_bytes();
            Ok::<_, String>((head, body))
        };
        let answered = tokio::time::timeout(TIMEOUT, answer).await;
        let name = call.name();
        let (head, body) = match answered {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(passing(name, &error)),
            Err(_) => return Err(passing(name, "no answer within 10 s")),
        };
        if head.status.is_success() {
            return call
                .taken(&body)
                .ok_or_else(|| passing(name, "the answer is not what the API says"));
        }
        let kind = head.headers.get("x-amzn-errortype");
        let kind = kind.and_then(|kind| kind.to_str().ok());
        Err(call.refused(head.status, kind, &body))
    }
}

impl Aws {
    fn client(&self) -> Result<&HttpClient, PutError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let ring = rustls::crypto::ring::default_provider();
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(ring)
            .map_err(|error| PutError::Lasting(format!("no certificate authorities: {error}")))?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(self.client.get_or_init(|| client))
    }
}

/// The signed request of a call; `variable` gives the environment.
fn request(
    call: &Call,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Request<Full<Bytes>>, PutError> {
    let name = call.name();
    let lasting = |error: &dyn std::fmt::Display| PutError::Lasting(format!("{name}: {error}"));
    let missing = |variable| lasting(&format_args!("{variable} is not set"));
    let required = |name: &'static str| variable(name).ok_or_else(|| missing(name));
    let credentials = Credentials::new(
        required("AWS_ACCESS_KEY_ID")?,
        required("AWS_SECRET_ACCESS_KEY")?,
        variable("AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    // A function and its stream are in one region.
    let region = variable("AWS_REGION")
        .or_else(|| variable("AWS_DEFAULT_REGION"))
        .or_else(|| call.region().map(str::to_owned))
        .ok_or_else(|| missing("AWS_REGION"))?;
    let endpoint = variable(call.endpoint_variable())
        .or_else(|| variable("AWS_ENDPOINT_URL"))
        .unwrap_or_else(|| call.endpoint(&region));
    let uri = format!("{}/", endpoint.trim_end_matches('/'));
    let identity = credentials.into();
    let signing = v4::SigningParams::builder()
        .identity(&identity)
        .region(&region)
        .name(call.service())
        .time(UNIX_EPOCH + SystemClock::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| lasting(&error))?
        .into();
    let mut request = Request::post(uri.as_str())
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", call.target())
        .body(Full::new(call.body().clone()))
        .map_err(|error| lasting(&format_args!("{endpoint:?} is no endpoint: {error}")))?;
    let headers = request
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let body = SignableBody::Bytes(call.body());
    let signable = SignableRequest::new("POST", uri.as_str(), headers, body);
    let signed = signable.and_then(|signable| sign(signable, &signing));
    let (instructions, _) = signed.map_err(|error| lasting(&error))?.into_parts();
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}

/// A variable of this process that is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn passing(name: &str, error: &str) -> PutError {
    PutError::Passing(format!("{name}: {error}"))
}

/// An error with all that is behind it: the client's own text is "client error (Connect)".
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests;
