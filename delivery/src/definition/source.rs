//! Where a stream's records come from.

use hydrant_records::DeliveryStreamInput;

use super::{DefinitionError, Refusals};

/// `DeliveryStreamType`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// Clients put records.
    DirectPut,
    /// Records are read from a Kinesis data stream.
    Kinesis {
        /// `KinesisStreamARN`.
        stream_arn: String,
    },
}

impl Source {
    pub(super) fn check(
        input: &DeliveryStreamInput,
        refused: &mut Refusals,
    ) -> Result<Self, DefinitionError> {
        match input.delivery_stream_type.as_deref() {
            None | Some("DirectPut") => Ok(Self::DirectPut),
            Some("KinesisStreamAsSource") => {
                let member = "KinesisStreamSourceConfiguration";
                let given = input.other.get(member);
                let text =
                    "KinesisSourceStreamConfig is mandatory for KinesisStreamAsSource stream type.";
                refused.check(
                    given.is_some_and(serde_json::Value::is_object),
                    member,
                    text,
                    "give KinesisStreamSourceConfiguration with KinesisStreamARN and RoleARN",
                );
                let arn = given
                    .and_then(|it| it["KinesisStreamARN"].as_str())
                    .unwrap_or_default();
                if given.is_some() {
                    refused.check(
                        is_stream_arn(arn),
                        "KinesisStreamSourceConfiguration.KinesisStreamARN",
                        "1 validation error detected: Value at \
                         'kinesisStreamSourceConfiguration.kinesisStreamARN' failed to satisfy constraint: \
                         Member must satisfy regular expression pattern: arn:.*",
                        "such as arn:aws:kinesis:eu-west-1:123456789012:stream/NAME",
                    );
                }
                Ok(Self::Kinesis {
                    stream_arn: arn.to_owned(),
                })
            }
            Some(kind) => Err(DefinitionError::Unsupported(format!(
                "DeliveryStreamType {kind}: there are DirectPut and KinesisStreamAsSource"
            ))),
        }
    }

    /// The ARN of the Kinesis data stream, where there is one.
    pub(crate) fn kinesis_stream_arn(&self) -> Option<&str> {
        match self {
            Self::DirectPut => None,
            Self::Kinesis { stream_arn } => Some(stream_arn),
        }
    }
}

fn is_stream_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", _, "kinesis", _, _, stream]
        if stream.strip_prefix("stream/").is_some_and(|name| !name.is_empty()))
}
