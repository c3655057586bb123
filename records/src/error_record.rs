//! The error output: what Firehose writes of a record that it could not deliver.

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::base64;

/// One line of an object under the error output prefix.
///
/// Written in the key order and spelling that AWS used in 2024–26 (`lambdaARN`, numbers for times); read in
/// the older ones too (`lambdaArn`, numbers as text).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorRecord {
    /// The source bytes, as the Lambda received them; base64 on the wire.
    #[serde(with = "base64")]
    pub raw_data: Bytes,
    /// One of [`error_code`]'s, or another that AWS uses.
    #[serde(alias = "lastErrorCode")]
    pub error_code: String,
    /// The reason, in AWS's words where AWS has words for it.
    #[serde(alias = "lastErrorMessage")]
    pub error_message: String,
    /// Invocations made.
    #[serde(deserialize_with = "number_or_text")]
    pub attempts_made: i64,
    /// Milliseconds since the epoch at which the record arrived.
    #[serde(deserialize_with = "number_or_text")]
    pub arrival_timestamp: i64,
    /// Milliseconds since the epoch at which the last attempt ended.
    #[serde(deserialize_with = "number_or_text")]
    pub attempt_ending_timestamp: i64,
    /// The ARN of the function as it was configured; absent where none was involved.
    #[serde(
        rename = "lambdaARN",
        alias = "lambdaArn",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub lambda_arn: Option<String>,
}

/// The codes that Firehose writes for a failed transform or a failed partition key.
pub mod error_code {
    /// The function answered `ProcessingFailed`.
    pub const PROCESSING_FAILED_STATUS: &str = "Lambda.ProcessingFailedStatus";
    /// The function did not answer for the record.
    pub const MISSING_RECORD_ID: &str = "Lambda.MissingRecordId";
    /// The function answered twice for the record.
    pub const DUPLICATED_RECORD_ID: &str = "Lambda.DuplicatedRecordId";
    /// The function answered `Ok` without data.
    pub const INVALID_RETURN_FORMAT: &str = "Lambda.InvalidReturnFormat";
    /// The function failed, or its answer was not in the format.
    pub const FUNCTION_ERROR: &str = "Lambda.FunctionError";
    /// The function took too long.
    pub const FUNCTION_TIMED_OUT: &str = "Lambda.FunctionTimedOut";
    /// A partition key was null, empty or could not be computed.
    pub const METADATA_EXTRACTION_FAILED: &str = "DynamicPartitioning.MetadataExtractionFailed";
}

fn number_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum NumberOrText {
        Number(i64),
        Text(String),
    }
    match NumberOrText::deserialize(deserializer)? {
        NumberOrText::Number(number) => Ok(number),
        NumberOrText::Text(text) => text.parse().map_err(D::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> ErrorRecord {
        ErrorRecord {
            raw_data: Bytes::from_static(b"{\"a\":1}"),
            error_code: error_code::PROCESSING_FAILED_STATUS.to_owned(),
            error_message: "ProcessingFailed status set for record".to_owned(),
            attempts_made: 1,
            arrival_timestamp: 1_782_901_234_567,
            attempt_ending_timestamp: 1_782_901_294_000,
            lambda_arn: Some("arn:aws:lambda:eu-west-1:123456789012:function:t:$LATEST".to_owned()),
        }
    }

    #[test]
    fn an_error_record_is_written_in_awss_key_order() {
        insta::assert_snapshot!(serde_json::to_string(&record()).unwrap(), @r#"{"rawData":"eyJhIjoxfQ==","errorCode":"Lambda.ProcessingFailedStatus","errorMessage":"ProcessingFailed status set for record","attemptsMade":1,"arrivalTimestamp":1782901234567,"attemptEndingTimestamp":1782901294000,"lambdaARN":"arn:aws:lambda:eu-west-1:123456789012:function:t:$LATEST"}"#);
    }

    #[test]
    fn both_spellings_and_numbers_as_text_are_read() {
        let old = r#"{"attemptsMade":"1","arrivalTimestamp":"1782901234567","errorCode":"Lambda.ProcessingFailedStatus",
            "errorMessage":"ProcessingFailed status set for record","attemptEndingTimestamp":1782901294000,
            "rawData":"eyJhIjoxfQ==","lambdaArn":"arn:aws:lambda:eu-west-1:123456789012:function:t:$LATEST"}"#;
        assert_eq!(serde_json::from_str::<ErrorRecord>(old).unwrap(), record());
    }
}
