//! The AWS SDK, where a stream reads from AWS or calls it: Region, credentials and endpoints come from the AWS
//! chain.

use aws_config::{Region, SdkConfig};
use aws_sdk_lambda::error::{DisplayErrorContext, ProvideErrorMetadata};

/// The configuration of clients; `arn` is of what they speak to, and names its Region.
pub(crate) async fn config(arn: &str) -> SdkConfig {
    let loader = hydrant_aws::loader();
    match region_of(arn) {
        Some(region) => loader.region(Region::new(region.to_owned())).load().await,
        None => loader.load().await,
    }
}

/// The Region in an ARN.
fn region_of(arn: &str) -> Option<&str> {
    let mut parts = arn.split(':');
    let is_arn = parts.next() == Some("arn");
    parts.nth(2).filter(|region| is_arn && !region.is_empty())
}

/// What an error of the SDK says: the service's words where it answered, else everything that is known.
pub(crate) fn said(error: &(impl ProvideErrorMetadata + std::error::Error)) -> String {
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => DisplayErrorContext(error).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_the_fourth_part_of_an_arn() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:f";
        assert_eq!(region_of(arn), Some("eu-west-1"));
        for other in ["f", "arn:aws:s3:::bucket", "a:b:c:d"] {
            assert_eq!(region_of(other), None, "{other}");
        }
    }
}
