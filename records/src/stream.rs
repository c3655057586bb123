//! The definition of a delivery stream, as `aws firehose create-delivery-stream --cli-input-json` takes it
//! (API reference, `CreateDeliveryStream`). Nobody learns a second format.
//!
//! The shapes hold what was written; what is refused, and in which words, is decided where a stream is made.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Map, Value};

/// The whole input of `CreateDeliveryStream`.
///
/// Members that AWS does not know are refused, as the AWS CLI refuses them. Destinations other than S3 are
/// kept as they came, so that they can be named when they are refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeliveryStreamInput {
    /// `[a-zA-Z0-9_.-]{1,64}`.
    pub delivery_stream_name: String,
    /// `DirectPut` where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_stream_type: Option<String>,
    /// The deprecated plain S3 destination; read as an extended one without processing.
    #[serde(
        rename = "S3DestinationConfiguration",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub s3_destination_configuration: Option<ExtendedS3Destination>,
    /// The S3 destination.
    #[serde(
        rename = "ExtendedS3DestinationConfiguration",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub extended_s3_destination_configuration: Option<ExtendedS3Destination>,
    /// The members that Hydrant carries but does not act on: sources, tags, encryption and the
    /// [other destinations](Self::other_destinations).
    #[serde(flatten, deserialize_with = "known_members")]
    pub other: Map<String, Value>,
}

impl DeliveryStreamInput {
    /// Names of the destinations given that are not S3.
    pub fn other_destinations(&self) -> impl Iterator<Item = &str> {
        self.other
            .keys()
            .map(String::as_str)
            .filter(|name| name.ends_with("DestinationConfiguration"))
    }
}

/// What else `CreateDeliveryStream` takes (API reference, request parameters).
const OTHER_MEMBERS: [&str; 14] = [
    "AmazonOpenSearchServerlessDestinationConfiguration",
    "AmazonopensearchserviceDestinationConfiguration",
    "DatabaseSourceConfiguration",
    "DeliveryStreamEncryptionConfigurationInput",
    "DirectPutSourceConfiguration",
    "ElasticsearchDestinationConfiguration",
    "HttpEndpointDestinationConfiguration",
    "IcebergDestinationConfiguration",
    "KinesisStreamSourceConfiguration",
    "MSKSourceConfiguration",
    "RedshiftDestinationConfiguration",
    "SnowflakeDestinationConfiguration",
    "SplunkDestinationConfiguration",
    "Tags",
];

fn known_members<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Map<String, Value>, D::Error> {
    let members = Map::deserialize(deserializer)?;
    match members
        .keys()
        .find(|name| !OTHER_MEMBERS.contains(&name.as_str()))
    {
        Some(unknown) => Err(D::Error::custom(format_args!(
            "`{unknown}` is no member of CreateDeliveryStream; names are spelled as in the API reference, \
             such as `ExtendedS3DestinationConfiguration`"
        ))),
        None => Ok(members),
    }
}

/// `ExtendedS3DestinationConfiguration`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ExtendedS3Destination {
    /// The role that Firehose takes on.
    #[serde(rename = "RoleARN")]
    pub role_arn: String,
    /// `arn:aws:s3:::bucket`.
    #[serde(rename = "BucketARN")]
    pub bucket_arn: String,
    /// The prefix expression of delivered objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The prefix expression of error objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_output_prefix: Option<String>,
    /// When a buffer is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffering_hints: Option<BufferingHints>,
    /// How objects are compressed.
    #[serde(default)]
    pub compression_format: CompressionFormat,
    /// Server-side encryption; the store's business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption_configuration: Option<Value>,
    /// Where AWS would log errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_watch_logging_options: Option<Value>,
    /// The processors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processing_configuration: Option<ProcessingConfiguration>,
    /// `Disabled` or `Enabled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3_backup_mode: Option<String>,
    /// Where untransformed records go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3_backup_configuration: Option<Value>,
    /// Conversion to Parquet or ORC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_format_conversion_configuration: Option<Value>,
    /// Dynamic partitioning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dynamic_partitioning_configuration: Option<DynamicPartitioningConfiguration>,
    /// Replaces the extension that the compression format gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_extension: Option<String>,
    /// The zone of the prefix's timestamps and of object names; UTC where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_time_zone: Option<String>,
}

/// `BufferingHints`: whichever condition is met first writes the buffer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BufferingHints {
    /// Mebibytes, before compression.
    #[serde(rename = "SizeInMBs", default, skip_serializing_if = "Option::is_none")]
    pub size_in_mbs: Option<u32>,
    /// Seconds.
    #[serde(
        rename = "IntervalInSeconds",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub interval_in_seconds: Option<u32>,
}

/// `CompressionFormat`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CompressionFormat {
    /// Raw bytes.
    #[default]
    #[serde(rename = "UNCOMPRESSED")]
    Uncompressed,
    /// One gzip member.
    #[serde(rename = "GZIP")]
    Gzip,
    /// A zip archive with one entry.
    #[serde(rename = "ZIP")]
    Zip,
    /// The stream format of snappy-java.
    Snappy,
    /// Hadoop's block stream.
    #[serde(rename = "HADOOP_SNAPPY")]
    HadoopSnappy,
}

impl CompressionFormat {
    /// The spelling of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Uncompressed => "UNCOMPRESSED",
            Self::Gzip => "GZIP",
            Self::Zip => "ZIP",
            Self::Snappy => "Snappy",
            Self::HadoopSnappy => "HADOOP_SNAPPY",
        }
    }
}

/// `ProcessingConfiguration`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ProcessingConfiguration {
    /// Off where it is left out.
    #[serde(default)]
    pub enabled: bool,
    /// In any order: the order of processing is Firehose's.
    #[serde(default)]
    pub processors: Vec<Processor>,
}

/// One processor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Processor {
    /// What it does.
    #[serde(rename = "Type")]
    pub kind: ProcessorType,
    /// Its settings.
    #[serde(default)]
    pub parameters: Vec<ProcessorParameter>,
}

impl Processor {
    /// The value of the parameter called `name`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|parameter| parameter.parameter_name == name)
            .map(|parameter| parameter.parameter_value.as_str())
    }
}

/// `ProcessorType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "each is the processor of the same name in the API reference"
)]
pub enum ProcessorType {
    RecordDeAggregation,
    Decompression,
    CloudWatchLogProcessing,
    Lambda,
    MetadataExtraction,
    AppendDelimiterToRecord,
}

/// One setting of a processor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ProcessorParameter {
    /// Such as `LambdaArn`.
    pub parameter_name: String,
    /// Always text, numbers too.
    pub parameter_value: String,
}

/// `DynamicPartitioningConfiguration`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DynamicPartitioningConfiguration {
    /// Whether records are partitioned by keys.
    #[serde(default)]
    pub enabled: bool,
    /// `DurationInSeconds`: how long a prefix that cannot be written is retried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_options: Option<Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_member_is_refused_by_name_at_every_level() {
        let top = r#"{"DeliveryStreamName":"s","ExtendedS3Destination":{}}"#;
        let nested = r#"{"DeliveryStreamName":"s","ExtendedS3DestinationConfiguration":
            {"RoleARN":"r","BucketARN":"b","prefix":"p/"}}"#;
        for (input, named) in [(top, "`ExtendedS3Destination`"), (nested, "`prefix`")] {
            let refused = serde_json::from_str::<DeliveryStreamInput>(input).unwrap_err();
            assert!(refused.to_string().contains(named), "{refused}");
        }
    }

    #[test]
    fn a_definition_survives_a_round_trip() {
        let input = r#"{"DeliveryStreamName":"s","DeliveryStreamType":"DirectPut","Tags":[{"Key":"k"}],
            "ExtendedS3DestinationConfiguration":{"RoleARN":"r","BucketARN":"arn:aws:s3:::b",
            "BufferingHints":{"SizeInMBs":64,"IntervalInSeconds":60},"CompressionFormat":"GZIP",
            "ProcessingConfiguration":{"Enabled":true,"Processors":[{"Type":"Lambda",
            "Parameters":[{"ParameterName":"LambdaArn","ParameterValue":"a"}]}]}}}"#;
        let parsed: DeliveryStreamInput = serde_json::from_str(input).unwrap();
        let again = serde_json::to_string(&parsed).unwrap();
        assert_eq!(
            serde_json::from_str::<DeliveryStreamInput>(&again).unwrap(),
            parsed
        );
        let destination = parsed.extended_s3_destination_configuration.unwrap();
        let processing = destination.processing_configuration.unwrap();
        assert_eq!(processing.processors[0].parameter("LambdaArn"), Some("a"));
    }

    #[test]
    fn other_destinations_are_named() {
        let input = r#"{"DeliveryStreamName":"s","SplunkDestinationConfiguration":{}}"#;
        let parsed: DeliveryStreamInput = serde_json::from_str(input).unwrap();
        assert_eq!(
            parsed.other_destinations().collect::<Vec<_>>(),
            ["SplunkDestinationConfiguration"]
        );
    }
}
