//! S3 through `object_store`, with Region, endpoint and credentials from the standard AWS chain.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::{
    ProvideCredentials, SharedCredentialsProvider, error::CredentialsError,
};
use aws_smithy_http_client::{Builder, tls};
use object_store::{
    ClientOptions, CredentialProvider,
    aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, AwsCredential, resolve_bucket_region},
};

use crate::LakeError;

/// Set to `true` for a public bucket: requests are not signed, and no credentials are looked for.
const NO_SIGN_REQUEST: &str = "AWS_NO_SIGN_REQUEST";

/// Set to `requester` for a bucket whose readers pay (Amazon S3 user guide, Using Requester Pays buckets).
const REQUEST_PAYER: &str = "AWS_REQUEST_PAYER";

/// How long S3 may take to say where a bucket is.
const RESOLVING: Duration = Duration::from_secs(5);

/// The bucket, with requests signed by whatever the chain finds.
pub(crate) async fn open_bucket(bucket: &str) -> Result<AmazonS3, LakeError> {
    let config = load_config().await;
    let mut builder = AmazonS3Builder::new().with_bucket_name(bucket);
    if let Some(endpoint) = endpoint(&config) {
        // us-east-1 is what S3's global endpoint signs with; a custom endpoint seldom cares.
        let region = config.region().map_or("us-east-1", AsRef::as_ref);
        builder = builder
            .with_region(region)
            .with_endpoint(&endpoint)
            .with_allow_http(endpoint.starts_with("http://"));
    } else {
        builder = builder.with_region(region(bucket, &config).await);
    }
    if is_set(REQUEST_PAYER, &["requester", "true", "1"]) {
        builder = builder.with_config(AmazonS3ConfigKey::RequestPayer, "true");
    }
    if is_set(NO_SIGN_REQUEST, &["true", "1", "yes"]) {
        builder = builder.with_skip_signature(true);
    } else {
        let provider = config
            .credentials_provider()
            .ok_or_else(|| LakeError::Aws {
                bucket: bucket.to_owned(),
                reason: format!(
                    "no AWS credentials provider is configured; for a public bucket set {NO_SIGN_REQUEST}=true"
                ),
            })?;
        builder = builder.with_credentials(Arc::new(Chain(provider)));
    }
    builder.build().map_err(|source| LakeError::Store {
        location: format!("s3://{bucket}"),
        source,
    })
}

/// The Region where the bucket is, which S3 tells anybody; the configured one when it cannot be asked.
async fn region(bucket: &str, config: &SdkConfig) -> String {
    let configured = config.region().map_or("us-east-1", AsRef::as_ref);
    let options = ClientOptions::new()
        .with_timeout(RESOLVING)
        .with_connect_timeout(RESOLVING);
    resolve_bucket_region(bucket, &options)
        .await
        .unwrap_or_else(|_| configured.to_owned())
}

/// Whether a variable has one of these values, in any case.
fn is_set(variable: &str, values: &[&str]) -> bool {
    std::env::var(variable)
        .is_ok_and(|value| values.iter().any(|it| value.eq_ignore_ascii_case(it)))
}

/// The AWS configuration of this process, over a TLS that needs only a C compiler to build.
async fn load_config() -> SdkConfig {
    let http = Builder::new()
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::Ring,
        ))
        .build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .load()
        .await
}

/// `AWS_ENDPOINT_URL_S3` before `AWS_ENDPOINT_URL`, as the SDKs read them; the latter is in the
/// configuration, where a profile may have set it too.
fn endpoint(config: &SdkConfig) -> Option<String> {
    std::env::var("AWS_ENDPOINT_URL_S3")
        .ok()
        .filter(|url| !url.is_empty())
        .or_else(|| config.endpoint_url().map(str::to_owned))
}

/// The SDK's credentials chain as `object_store` asks for it.
#[derive(Debug)]
struct Chain(SharedCredentialsProvider);

#[async_trait]
impl CredentialProvider for Chain {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let credentials = self.0.provide_credentials().await;
        let credentials = credentials.map_err(|source| object_store::Error::Generic {
            store: "S3",
            source: Box::new(NoCredentials { source }),
        })?;
        Ok(Arc::new(AwsCredential {
            key_id: credentials.access_key_id().to_owned(),
            secret_key: credentials.secret_access_key().to_owned(),
            token: credentials.session_token().map(str::to_owned),
        }))
    }
}

/// No provider of the chain gave credentials.
#[derive(Debug, thiserror::Error)]
#[error(
    "there are no AWS credentials: asked were the environment (AWS_ACCESS_KEY_ID), the profile `{}` of ~/.aws (with its \
     role, SSO or process), a web identity token, the container and the instance; set up one of them, or \
     {NO_SIGN_REQUEST}=true for a public bucket",
    profile()
)]
struct NoCredentials {
    source: CredentialsError,
}

/// The profile that the chain reads (AWS SDKs and Tools reference guide, `AWS_PROFILE`).
fn profile() -> String {
    std::env::var("AWS_PROFILE").unwrap_or_else(|_| "default".to_owned())
}
