//! A record that cannot be delivered, and the line that says so in the error output.

use std::borrow::Cow;

use bytes::Bytes;
use hydrant_partitioner::PARTITIONING_ERROR_OUTPUT_TYPE;
use hydrant_records::ErrorRecord;
use jiff::Timestamp;

/// The `!{firehose:error-output-type}` of a record that a Lambda could not transform (developer guide, custom
/// prefixes).
pub(crate) const PROCESSING_FAILED: &str = "processing-failed";

/// The code of a record whose partition is one too many. AWS's developer guide writes `activePartitionExceeded`,
/// people who saw one wrote this; neither was observed by us.
pub(crate) const ACTIVE_PARTITIONS_EXCEEDED: &str =
    "DynamicPartitioning.ActivePartitionsLimitExceeded";

/// Why a record goes to the error output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: Cow<'static, str>,
    pub(crate) output_type: &'static str,
    attempts: u32,
    by_lambda: bool,
}

impl Failure {
    /// A failure of the Lambda processor after `attempts` invocations.
    pub(crate) fn of_lambda(
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
        attempts: u32,
    ) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            output_type: PROCESSING_FAILED,
            attempts,
            by_lambda: true,
        }
    }

    /// A failure to compute partition keys.
    pub(crate) fn of_partitioning(code: &'static str, message: String) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            output_type: PARTITIONING_ERROR_OUTPUT_TYPE,
            attempts: 1,
            by_lambda: false,
        }
    }

    /// A record of a partition that is one too many.
    pub(crate) fn of_too_many_partitions() -> Self {
        Self::of_partitioning(
            ACTIVE_PARTITIONS_EXCEEDED,
            "the stream has as many active partitions as it may".to_owned(),
        )
    }

    /// The line for the error output.
    pub(crate) fn error_record(
        self,
        raw_data: Bytes,
        arrival: Timestamp,
        ended: Timestamp,
        lambda_arn: Option<&str>,
    ) -> ErrorRecord {
        ErrorRecord {
            raw_data,
            error_code: self.code.into_owned(),
            error_message: self.message.into_owned(),
            attempts_made: i64::from(self.attempts),
            arrival_timestamp: arrival.as_millisecond(),
            attempt_ending_timestamp: ended.as_millisecond(),
            lambda_arn: lambda_arn.filter(|_| self.by_lambda).map(str::to_owned),
        }
    }
}
