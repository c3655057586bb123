//! What `DescribeDeliveryStream` says of a stream: what was given, with AWS's defaults filled in.

use hydrant_records::{
    ExtendedS3Destination, Processor, ProcessorParameter, ProcessorType, limits,
};
use serde_json::{Map, Value, json};

use super::{Configuration, configuration::arn};
use crate::definition::converts;

/// The one destination of a stream.
pub(crate) const DESTINATION_ID: &str = "destinationId-000000000001";

impl Configuration {
    /// `DeliveryStreamDescription`.
    pub(crate) fn describe(&self, region: &str, account: &str) -> Value {
        let destination = self.destination();
        let mut description = json!({
            "DeliveryStreamName": self.name(),
            "DeliveryStreamARN": arn(region, account, self.name()),
            "DeliveryStreamStatus": "ACTIVE",
            "DeliveryStreamType": self.kind(),
            "VersionId": self.version.to_string(),
            "CreateTimestamp": seconds(self.created_ms),
            "DeliveryStreamEncryptionConfiguration": self.encryption(),
            "Destinations": [{
                "DestinationId": DESTINATION_ID,
                "S3DestinationDescription": plain(&destination),
                "ExtendedS3DestinationDescription": extended(&destination),
            }],
            "HasMoreDestinations": false,
        });
        if let Some(updated) = self.updated_ms {
            description["LastUpdateTimestamp"] = seconds(updated);
        }
        if let Some(source) = self.source() {
            description["Source"] = source;
        }
        description
    }

    /// Where records come from, where it was configured; reading begins with the stream.
    fn source(&self) -> Option<Value> {
        let given = |name: &str| self.input.other.get(name);
        if self.kind() == "KinesisStreamAsSource" {
            let mut source = given("KinesisStreamSourceConfiguration")?.clone();
            source["DeliveryStartTimestamp"] = seconds(self.created_ms);
            return Some(json!({ "KinesisStreamSourceDescription": source }));
        }
        let source = given("DirectPutSourceConfiguration")?;
        Some(json!({ "DirectPutSourceDescription": source }))
    }

    fn encryption(&self) -> Value {
        let Some(encryption) = &self.encryption else {
            return json!({ "Status": "DISABLED" });
        };
        let mut description = json!({ "KeyType": encryption.key_type, "Status": "ENABLED" });
        if let Some(arn) = &encryption.key_arn {
            description["KeyARN"] = arn.as_str().into();
        }
        description
    }
}

/// A time in the API: seconds since the epoch, with a fraction.
fn seconds(milliseconds: i64) -> Value {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds fit a double until the year 287396"
    )]
    let seconds = milliseconds as f64 / 1000.0;
    seconds.into()
}

/// `S3DestinationDescription`, which every S3 stream has beside the extended one.
fn plain(destination: &ExtendedS3Destination) -> Map<String, Value> {
    const MEMBERS: [&str; 8] = [
        "RoleARN",
        "BucketARN",
        "Prefix",
        "ErrorOutputPrefix",
        "BufferingHints",
        "CompressionFormat",
        "EncryptionConfiguration",
        "CloudWatchLoggingOptions",
    ];
    let mut plain = extended(destination);
    plain.retain(|name, _| MEMBERS.contains(&name.as_str()));
    plain
}

/// `ExtendedS3DestinationDescription`.
fn extended(destination: &ExtendedS3Destination) -> Map<String, Value> {
    let mut filled = destination.clone();
    let partitioned = destination
        .dynamic_partitioning_configuration
        .as_ref()
        .is_some_and(|it| it.enabled)
        || converts(destination);
    let hints = filled.buffering_hints.get_or_insert_default();
    hints.size_in_mbs.get_or_insert(if partitioned {
        limits::DEFAULT_PARTITIONED_BUFFER_SIZE_MBS
    } else {
        limits::DEFAULT_BUFFER_SIZE_MBS
    });
    hints
        .interval_in_seconds
        .get_or_insert(limits::DEFAULT_BUFFER_INTERVAL_SECONDS);
    filled
        .encryption_configuration
        .get_or_insert_with(|| json!({ "NoEncryptionConfig": "NoEncryption" }));
    filled
        .cloud_watch_logging_options
        .get_or_insert_with(|| json!({ "Enabled": false }));
    filled
        .s3_backup_mode
        .get_or_insert_with(|| "Disabled".to_owned());
    let processing = filled.processing_configuration.get_or_insert_default();
    for processor in &mut processing.processors {
        fill(processor, &filled.role_arn);
    }
    let backup = filled.s3_backup_configuration.take();
    // A struct of text, numbers and values: it is an object.
    let mut members = match serde_json::to_value(&filled) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    // It was read when the stream was made.
    if let Some(backup) = backup.and_then(|it| serde_json::from_value(it).ok()) {
        members.insert("S3BackupDescription".to_owned(), plain(&backup).into());
    }
    members
}

/// AWS says a Lambda processor's parameters in its own order, with those that were not given; and forgets
/// the delimiter of `AppendDelimiterToRecord`.
fn fill(processor: &mut Processor, role: &str) {
    match processor.kind {
        ProcessorType::AppendDelimiterToRecord => processor.parameters.clear(),
        ProcessorType::Lambda => {
            let retries = limits::DEFAULT_LAMBDA_RETRIES.to_string();
            let defaults = [
                ("LambdaArn", ""),
                ("NumberOfRetries", &retries),
                ("RoleArn", role),
                ("BufferSizeInMBs", "1"),
                ("BufferIntervalInSeconds", "60"),
            ];
            processor.parameters = defaults
                .map(|(name, default)| ProcessorParameter {
                    parameter_name: name.to_owned(),
                    parameter_value: processor.parameter(name).unwrap_or(default).to_owned(),
                })
                .into();
        }
        _ => {}
    }
}
