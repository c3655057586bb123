//! S3 through `object_store`, with Region, endpoint and credentials from the standard AWS chain.

mod credentials;

use std::{sync::Arc, time::Duration};

use aws_config::SdkConfig;
use object_store::{
    ClientOptions,
    aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, resolve_bucket_region},
};

use crate::LakeError;
use credentials::Chain;
pub use credentials::Signer;

/// Set to `true` for a public bucket: requests are not signed, and no credentials are looked for.
const NO_SIGN_REQUEST: &str = "AWS_NO_SIGN_REQUEST";

/// Set to `requester` for a bucket whose readers pay (Amazon S3 user guide, Using Requester Pays buckets).
const REQUEST_PAYER: &str = "AWS_REQUEST_PAYER";

/// How long S3 may take to say where a bucket is.
const RESOLVING: Duration = Duration::from_secs(5);

/// The bucket, with requests signed by whatever the chain finds.
pub(crate) async fn open_bucket(bucket: &str) -> Result<(AmazonS3, Signer), LakeError> {
    let signer = Signer::default();
    let config = hydrant_aws::config().await;
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
        builder = builder.with_credentials(Arc::new(Chain::new(provider, signer.clone())));
    }
    let store = builder.build().map_err(|source| LakeError::Store {
        location: format!("s3://{bucket}"),
        source,
    })?;
    Ok((store, signer))
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

/// `AWS_ENDPOINT_URL_S3` before `AWS_ENDPOINT_URL`, as the SDKs read them; the latter is in the
/// configuration, where a profile may have set it too.
fn endpoint(config: &SdkConfig) -> Option<String> {
    std::env::var("AWS_ENDPOINT_URL_S3")
        .ok()
        .filter(|url| !url.is_empty())
        .or_else(|| config.endpoint_url().map(str::to_owned))
}
