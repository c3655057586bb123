//! The Lambda processor's settings.

use std::time::Duration;

use hydrant_records::{Processor, limits};

use super::Refusals;

/// A checked Lambda processor.
#[derive(Debug, Clone, PartialEq)]
pub struct LambdaProcessor {
    /// The function's ARN as it was written, version or alias included.
    pub arn: String,
    /// Invocations after the first.
    pub retries: u32,
    /// Source bytes in a batch.
    pub buffer_bytes: usize,
    /// Longest wait for a batch to fill.
    pub buffer_interval: Duration,
}

const MEMBER: &str = "ProcessingConfiguration.Processors[Lambda]";

pub(super) fn check(processor: &Processor, refused: &mut Refusals) -> Option<LambdaProcessor> {
    let arn = processor.parameter("LambdaArn").unwrap_or_default();
    refused.check(
        !arn.is_empty(),
        MEMBER,
        "LambdaArn is required when Lambda processor is used.",
        "such as arn:aws:lambda:eu-west-1:123456789012:function:transformer:$LATEST",
    );
    let (megabytes, seconds) = (
        processor.parameter("BufferSizeInMBs"),
        processor.parameter("BufferIntervalInSeconds"),
    );
    refused.check(
        megabytes.is_some() == seconds.is_some(),
        MEMBER,
        "Both BufferSizeInMBs and BufferIntervalInSeconds are required to configure buffering for lambda \
         processor.",
        "give both or neither",
    );
    let megabytes = number(
        megabytes,
        limits::DEFAULT_LAMBDA_BUFFER_MBS,
        &limits::LAMBDA_BUFFER_MBS,
    );
    if megabytes.is_none() {
        refused.add(
            MEMBER,
            "BufferSizeInMBs for lambda processor must be between 0.2 and 3.",
            "",
        );
    }
    let seconds = number(seconds, 60, &limits::BUFFER_INTERVAL_SECONDS);
    if seconds.is_none() {
        refused.add(
            MEMBER,
            "BufferIntervalInSeconds for lambda processor must be between 0 and 900.",
            "",
        );
    }
    let retries = number(
        processor.parameter("NumberOfRetries"),
        limits::DEFAULT_LAMBDA_RETRIES,
        &limits::LAMBDA_RETRIES,
    );
    if retries.is_none() {
        refused.add(
            MEMBER,
            "Number of retries for lambda must be between 0 and 300.",
            "",
        );
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "between 0.2 and 3 MiB"
    )]
    Some(LambdaProcessor {
        arn: arn.to_owned(),
        retries: retries?,
        buffer_bytes: (megabytes? * limits::MIB as f64) as usize,
        buffer_interval: Duration::from_secs(seconds?.into()),
    })
}

fn number<T: std::str::FromStr + PartialOrd>(
    text: Option<&str>,
    absent: T,
    range: &std::ops::RangeInclusive<T>,
) -> Option<T> {
    match text {
        None => Some(absent),
        Some(text) => text.parse().ok().filter(|number| range.contains(number)),
    }
}
