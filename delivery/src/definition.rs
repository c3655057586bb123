//! A delivery stream as it is defined, checked the way `CreateDeliveryStream` checks it.

mod backup;
mod buffering;
mod conversion;
mod lambda;
mod processors;
mod source;
mod violation;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use hydrant_partitioner::{CustomTimeZone, ErrorOutputPrefix, KeyQuery, Prefix, object_extension};
use hydrant_records::{
    CompressionFormat, DeliveryStreamInput, ExtendedS3Destination, ProcessorType, limits,
};

use crate::{
    conversion::{Conversion, GlueTables},
    deaggregation::DeAggregation,
    logs::CloudWatchLogs,
};

pub(crate) use backup::Backup;
pub(crate) use conversion::{is_on as converts, table_named};
pub use lambda::LambdaProcessor;
pub(crate) use source::Source;
use violation::Refusals;
pub use violation::{DefinitionError, Violation};

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
    pub(crate) source: Source,
    pub(crate) backup: Option<Backup>,
    pub(crate) logs: Option<CloudWatchLogs>,
    pub(crate) deaggregation: Option<DeAggregation>,
    pub(crate) lambda: Option<LambdaProcessor>,
    pub(crate) key_query: Option<KeyQuery>,
    pub(crate) append_delimiter: bool,
    /// Whether its records are converted.
    pub(crate) converts: bool,
    /// How, unless that was left out.
    pub(crate) conversion: Option<Arc<Conversion>>,
}

impl DeliveryStream {
    /// Reads the JSON that `aws firehose create-delivery-stream --cli-input-json` takes.
    ///
    /// A format conversion is left out, which needs tables: this is for whoever asks what a stream does with
    /// its records until then. See [`Self::with_tables`].
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
        Self::check(input, None)
    }

    /// The same, with the Glue tables that its format conversion may name: a stream that can run.
    ///
    /// # Errors
    ///
    /// As [`Self::from_json`].
    pub fn with_tables(
        input: &DeliveryStreamInput,
        tables: &GlueTables,
    ) -> Result<Self, DefinitionError> {
        Self::check(input, Some(tables))
    }

    fn check(
        input: &DeliveryStreamInput,
        tables: Option<&GlueTables>,
    ) -> Result<Self, DefinitionError> {
        let mut refused = Refusals::default();
        let destination = destination(input, &mut refused)?;
        refused.check(
            valid_name(&input.delivery_stream_name),
            "DeliveryStreamName",
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
            "1 to 64 letters, digits, `_`, `.` or `-`",
        );
        let source = Source::check(input, &mut refused)?;
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
        let logs = processors::logs(&processors, &mut refused);
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
        let needs = buffering::Needs {
            dynamic_partitioning,
            conversion: converts(destination),
        };
        conversion::check_compression(destination, &mut refused);
        let hints = destination.buffering_hints;
        let (buffer_bytes, buffer_interval) =
            buffering::check(hints, "BufferingHints", needs, &mut refused);
        let zone = zone(destination, &mut refused);
        let extension = extension(destination, &mut refused);
        let backup = backup::check(destination, &mut refused);
        let conversion = match tables {
            Some(tables) => conversion::check(destination, tables, &mut refused)?,
            None => None,
        };
        refused.done()?;

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
            source,
            backup,
            logs,
            deaggregation,
            lambda,
            key_query,
            append_delimiter,
            converts: converts(destination),
            conversion,
        })
    }

    /// Whether what is put is what is delivered, record behind record, and nothing depends on what is in them.
    pub(crate) fn delivers_untouched(&self) -> bool {
        self.source.kinesis_stream_arn().is_none()
            && self.backup.is_none()
            && self.logs.is_none()
            && self.deaggregation.is_none()
            && self.lambda.is_none()
            && self.key_query.is_none()
            && !self.append_delimiter
            && !self.converts
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

fn extension(destination: &ExtendedS3Destination, refused: &mut Refusals) -> String {
    let format = destination.compression_format.as_str();
    match object_extension(format, destination.file_extension.as_deref()) {
        // What is converted has the extension of its format, unless another is given.
        Ok("") if converts(destination) => ".parquet".to_owned(),
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

/// Base64 text of a `Delimiter` parameter.
fn delimiter(text: &str) -> Option<Bytes> {
    hydrant_records::decode_base64(text).filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests;
