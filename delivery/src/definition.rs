//! A delivery stream as it is defined, checked the way `CreateDeliveryStream` checks it.

use std::{fmt, time::Duration};

use bytes::Bytes;
use hydrant_partitioner::{CustomTimeZone, ErrorOutputPrefix, KeyQuery, Prefix, object_extension};
use hydrant_records::{
    CompressionFormat, DeliveryStreamInput, ExtendedS3Destination, Processor, ProcessorType, limits,
};

use crate::deaggregation::DeAggregation;

mod lambda;
mod processors;

pub use lambda::LambdaProcessor;

/// A delivery stream to S3, as it is defined: everything that decides what becomes of a record.
#[derive(Debug, Clone)]
pub struct DeliveryStream {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) region: String,
    pub(crate) version: u64,
    pub(crate) prefix: Prefix,
    pub(crate) error_output_prefix: ErrorOutputPrefix,
    pub(crate) zone: CustomTimeZone,
    pub(crate) compression: CompressionFormat,
    pub(crate) extension: String,
    pub(crate) buffer_bytes: usize,
    pub(crate) buffer_interval: Duration,
    pub(crate) deaggregation: Option<DeAggregation>,
    pub(crate) lambda: Option<LambdaProcessor>,
    pub(crate) key_query: Option<KeyQuery>,
    pub(crate) append_delimiter: bool,
}

impl DeliveryStream {
    /// Reads the JSON that `aws firehose create-delivery-stream --cli-input-json` takes.
    ///
    /// # Errors
    ///
    /// [`DefinitionError::Json`] for what is not such JSON, [`DefinitionError::Refused`] with everything that
    /// AWS would refuse, and [`DefinitionError::Unsupported`] for what AWS takes and this crate does not do.
    pub fn from_json(json: &str) -> Result<Self, DefinitionError> {
        let input: DeliveryStreamInput =
            serde_json::from_str(json).map_err(DefinitionError::Json)?;
        Self::new(&input)
    }

    /// Checks a definition; see [`Self::from_json`].
    ///
    /// # Errors
    ///
    /// As [`Self::from_json`].
    pub fn new(input: &DeliveryStreamInput) -> Result<Self, DefinitionError> {
        let mut refused = Refusals::default();
        let destination = destination(input, &mut refused)?;
        refused.check(
            valid_name(&input.delivery_stream_name),
            "DeliveryStreamName",
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
            "1 to 64 letters, digits, `_`, `.` or `-`",
        );
        let processors = processors::of(destination, &mut refused);
        let dynamic_partitioning = destination
            .dynamic_partitioning_configuration
            .as_ref()
            .is_some_and(|it| it.enabled);
        let lambda = processors::only(&processors, ProcessorType::Lambda)
            .and_then(|it| lambda::check(it, &mut refused));
        let key_query = processors::only(&processors, ProcessorType::MetadataExtraction)
            .and_then(|it| processors::key_query(it, dynamic_partitioning, &mut refused));
        let deaggregation = processors::only(&processors, ProcessorType::RecordDeAggregation)
            .and_then(|it| processors::deaggregation(it, dynamic_partitioning, &mut refused));
        let append_delimiter =
            processors::only(&processors, ProcessorType::AppendDelimiterToRecord).is_some();

        for violation in hydrant_partitioner::validate(
            destination.prefix.as_deref(),
            destination.error_output_prefix.as_deref(),
            dynamic_partitioning,
            key_query.as_ref(),
            lambda.is_some(),
        ) {
            refused.0.push(violation.into());
        }
        let (buffer_bytes, buffer_interval) =
            buffering(destination, dynamic_partitioning, &mut refused);
        let zone = zone(destination, &mut refused);
        let extension = extension(destination, &mut refused);
        refused.done()?;
        supported(destination, &processors)?;

        // Both prefixes were validated above, so these parse.
        let prefix = Prefix::parse(destination.prefix.as_deref().unwrap_or_default());
        let error_output_prefix = ErrorOutputPrefix::of_stream(
            destination.prefix.as_deref(),
            destination.error_output_prefix.as_deref(),
        );
        let (Ok(prefix), Ok(error_output_prefix), Some(zone)) = (prefix, error_output_prefix, zone)
        else {
            return Err(DefinitionError::Unsupported(
                "the prefix: it passed validation and does not parse; please report it".to_owned(),
            ));
        };
        let (region, account) = lambda.as_ref().map_or(("us-east-1", "000000000000"), |it| {
            let mut parts = it.arn.split(':').skip(3);
            (
                parts.next().unwrap_or_default(),
                parts.next().unwrap_or_default(),
            )
        });
        let name = input.delivery_stream_name.clone();
        Ok(Self {
            arn: format!("arn:aws:firehose:{region}:{account}:deliverystream/{name}"),
            region: region.to_owned(),
            name,
            version: 1,
            prefix,
            error_output_prefix,
            zone,
            compression: destination.compression_format,
            extension,
            buffer_bytes,
            buffer_interval,
            deaggregation,
            lambda,
            key_query,
            append_delimiter,
        })
    }

    /// The stream's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The Lambda processor, if there is one.
    pub fn lambda(&self) -> Option<&LambdaProcessor> {
        self.lambda.as_ref()
    }

    /// Where delivered objects lie.
    pub fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// Where error objects lie.
    pub fn error_output_prefix(&self) -> &ErrorOutputPrefix {
        &self.error_output_prefix
    }

    /// The zone in which prefixes and object names are written.
    pub fn custom_time_zone(&self) -> &CustomTimeZone {
        &self.zone
    }

    /// The query of the `MetadataExtraction` processor, if there is one.
    pub fn key_query(&self) -> Option<&KeyQuery> {
        self.key_query.as_ref()
    }

    /// How the `RecordDeAggregation` processor splits a record, if there is one.
    pub fn deaggregation(&self) -> Option<&DeAggregation> {
        self.deaggregation.as_ref()
    }
}

/// Why a definition makes no stream.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DefinitionError {
    /// Not the JSON of `CreateDeliveryStream`.
    #[error("not a create-delivery-stream input")]
    Json(#[source] serde_json::Error),
    /// AWS would refuse it.
    #[error("AWS would refuse this stream:{}", list(.0))]
    Refused(Vec<Violation>),
    /// AWS takes it, and Hydrant cannot run it.
    #[error("this stream cannot be run here: {0}")]
    Unsupported(String),
}

fn list(violations: &[Violation]) -> String {
    violations
        .iter()
        .flat_map(|it| ["\n  ".to_owned(), it.to_string()])
        .collect()
}

/// One thing that AWS would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The member of `ExtendedS3DestinationConfiguration`, or of the whole input.
    pub member: String,
    /// AWS's text.
    pub text: String,
    /// How to mend it.
    pub help: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.member, self.text)?;
        if self.help.is_empty() {
            Ok(())
        } else {
            write!(f, "\n    {}", self.help)
        }
    }
}

impl From<hydrant_partitioner::Violation> for Violation {
    fn from(violation: hydrant_partitioner::Violation) -> Self {
        Self {
            member: match violation.offset {
                Some(offset) => format!("{} at byte {offset}", violation.field),
                None => violation.field.to_string(),
            },
            text: violation
                .aws_message()
                .unwrap_or_else(|| violation.explanation()),
            help: violation.fix(),
        }
    }
}

/// What AWS would refuse, as it is found.
#[derive(Debug, Default)]
struct Refusals(Vec<Violation>);

impl Refusals {
    fn add(&mut self, member: &str, text: impl Into<String>, help: impl Into<String>) {
        self.0.push(Violation {
            member: member.to_owned(),
            text: text.into(),
            help: help.into(),
        });
    }

    fn check(&mut self, holds: bool, member: &str, text: &str, help: &str) {
        if !holds {
            self.add(member, text, help);
        }
    }

    fn done(self) -> Result<(), DefinitionError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(DefinitionError::Refused(self.0))
        }
    }
}

fn valid_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=limits::MAX_STREAM_NAME_CHARS).contains(&name.len()) && name.bytes().all(allowed)
}

fn destination<'a>(
    input: &'a DeliveryStreamInput,
    refused: &mut Refusals,
) -> Result<&'a ExtendedS3Destination, DefinitionError> {
    let others: Vec<&str> = input.other_destinations().collect();
    let s3 = [
        &input.extended_s3_destination_configuration,
        &input.s3_destination_configuration,
    ];
    let mut s3 = s3.into_iter().flatten();
    match (s3.next(), s3.next(), others.as_slice()) {
        (Some(destination), None, []) => Ok(destination),
        (None, None, [only]) => Err(DefinitionError::Unsupported(format!(
            "{only}: only S3 destinations are; give ExtendedS3DestinationConfiguration"
        ))),
        _ => {
            refused.add(
                "DeliveryStream",
                "Exactly one destination configuration is supported for a Firehose",
                "give ExtendedS3DestinationConfiguration alone",
            );
            Err(DefinitionError::Refused(std::mem::take(&mut refused.0)))
        }
    }
}

fn buffering(
    destination: &ExtendedS3Destination,
    dynamic_partitioning: bool,
    refused: &mut Refusals,
) -> (usize, Duration) {
    let hints = destination.buffering_hints.unwrap_or_default();
    let (default_size, default_interval) = if dynamic_partitioning {
        (
            limits::DEFAULT_PARTITIONED_BUFFER_SIZE_MBS,
            limits::DEFAULT_BUFFER_INTERVAL_SECONDS,
        )
    } else {
        (
            limits::DEFAULT_BUFFER_SIZE_MBS,
            limits::DEFAULT_BUFFER_INTERVAL_SECONDS,
        )
    };
    let size = hints.size_in_mbs.unwrap_or(default_size);
    let interval = hints.interval_in_seconds.unwrap_or(default_interval);
    let member = "BufferingHints";
    refused.check(
        limits::BUFFER_SIZE_MBS.contains(&size),
        member,
        "SizeInMBs must be between 1 and 128.",
        "",
    );
    refused.check(
        limits::BUFFER_INTERVAL_SECONDS.contains(&interval),
        member,
        "IntervalInSeconds must be between 0 and 900.",
        "",
    );
    refused.check(
        hints.size_in_mbs.is_some() == hints.interval_in_seconds.is_some(),
        member,
        "SizeInMBs and IntervalInSeconds must be given together.",
        "give both or neither",
    );
    if dynamic_partitioning {
        refused.check(
            size >= limits::MIN_PARTITIONED_BUFFER_SIZE_MBS,
            member,
            "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled.",
            "give 64 to 128",
        );
        refused.check(
            interval >= limits::MIN_PARTITIONED_BUFFER_INTERVAL_SECONDS,
            member,
            "BufferingHints.IntervalInSeconds must be at least 60 seconds when Dynamic Partitioning is \
             enabled.",
            "give 60 to 900",
        );
    }
    (
        size as usize * limits::MIB,
        Duration::from_secs(interval.into()),
    )
}

fn extension(destination: &ExtendedS3Destination, refused: &mut Refusals) -> String {
    let format = destination.compression_format.as_str();
    match object_extension(format, destination.file_extension.as_deref()) {
        Ok(extension) => extension.to_owned(),
        Err(error) => {
            refused.add(
                "FileExtension",
                error.to_string(),
                "such as .ndjson or .json.gz",
            );
            String::new()
        }
    }
}

fn zone(destination: &ExtendedS3Destination, refused: &mut Refusals) -> Option<CustomTimeZone> {
    match CustomTimeZone::parse(destination.custom_time_zone.as_deref().unwrap_or_default()) {
        Ok(zone) => Some(zone),
        Err(error) => {
            refused.add("CustomTimeZone", error.aws_message(), error.to_string());
            None
        }
    }
}

/// Refuses what AWS would run and this crate would have to leave out: silence would be a wrong answer.
fn supported(
    destination: &ExtendedS3Destination,
    processors: &[&Processor],
) -> Result<(), DefinitionError> {
    let unsupported = |what: &str| Err(DefinitionError::Unsupported(what.to_owned()));
    let enabled = |value: &Option<serde_json::Value>, absent: bool| {
        value
            .as_ref()
            .is_some_and(|value| value["Enabled"].as_bool().unwrap_or(absent))
    };
    if !matches!(
        destination.compression_format,
        CompressionFormat::Uncompressed | CompressionFormat::Gzip
    ) {
        return unsupported(&format!(
            "CompressionFormat {}: give GZIP or UNCOMPRESSED",
            destination.compression_format.as_str()
        ));
    }
    // AWS takes `Enabled` for true where the block is there and does not say.
    if enabled(&destination.data_format_conversion_configuration, true) {
        return unsupported("DataFormatConversionConfiguration: leave it out, or disable it");
    }
    if destination.s3_backup_mode.as_deref() == Some("Enabled") {
        return unsupported("S3BackupMode: the source backup is not written; set it to Disabled");
    }
    let cloudwatch = [
        ProcessorType::Decompression,
        ProcessorType::CloudWatchLogProcessing,
    ];
    match processors
        .iter()
        .find(|processor| cloudwatch.contains(&processor.kind))
    {
        Some(processor) => {
            unsupported(&format!("the {:?} processor: leave it out", processor.kind))
        }
        None => Ok(()),
    }
}

/// Base64 text of a `Delimiter` parameter.
fn delimiter(text: &str) -> Option<Bytes> {
    hydrant_records::decode_base64(text).filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests;
