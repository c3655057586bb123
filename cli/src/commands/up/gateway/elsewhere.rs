//! A bus elsewhere, with requests that are signed: that of an AWS account, or one that asks for keys.

use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result};
use async_trait::async_trait;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use bytes::Bytes;
use hydrant_delivery::{Clock as _, SystemClock};
use hydrant_gateway::events::{Events, EventsAnswer, Unreachable};

/// Longer than any API waits for its integration.
const TIMEOUT: Duration = Duration::from_secs(35);

/// A bus behind an EventBridge endpoint that wants signatures.
#[derive(Debug)]
pub(super) struct Signed {
    url: String,
    region: String,
    credentials: SharedCredentialsProvider,
    client: reqwest::Client,
}

impl Signed {
    /// The bus at `url`, asked with the credentials of this process.
    pub(super) async fn connect(url: &str, region: &str) -> Result<Self> {
        let config = hydrant_aws::config().await;
        let credentials = config.credentials_provider();
        Ok(Self {
            url: url.to_owned(),
            region: region.to_owned(),
            credentials: credentials
                .context("no AWS credentials are configured for --events-endpoint")?,
            client: reqwest::Client::builder().timeout(TIMEOUT).build()?,
        })
    }

    /// A request with its signature.
    async fn request(&self, body: &Bytes) -> Result<reqwest::RequestBuilder> {
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "AWSEvents.PutEvents"),
        ];
        let credentials = self.credentials.provide_credentials().await?;
        let identity = credentials.into();
        let now = Duration::try_from(
            SystemClock
                .now()
                .duration_since(jiff::Timestamp::UNIX_EPOCH),
        );
        let signing = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("events")
            .time(UNIX_EPOCH + now.unwrap_or_default())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let body_bytes = SignableBody::Bytes(body);
        let signable = SignableRequest::new("POST", &self.url, headers.into_iter(), body_bytes)?;
        let (instructions, _) = sign(signable, &signing)?.into_parts();
        let mut request = self.client.post(&self.url).body(body.clone());
        for (name, value) in headers.into_iter().chain(instructions.headers()) {
            request = request.header(name, value);
        }
        Ok(request)
    }
}

#[async_trait]
impl Events for Signed {
    async fn put(&self, body: Bytes) -> Result<EventsAnswer, Unreachable> {
        let unreachable = |error: anyhow::Error| Unreachable(format!("{error:#}"));
        let request = self.request(&body).await.map_err(unreachable)?;
        let answer = async {
            let answer = request.send().await?;
            let status = answer.status().as_u16();
            let body = answer.bytes().await?;
            anyhow::Ok(EventsAnswer { status, body })
        };
        answer.await.map_err(unreachable)
    }
}
