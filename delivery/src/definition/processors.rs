//! The other processors' settings, and the rules about processors together.

use hydrant_partitioner::KeyQuery;
use hydrant_records::{ExtendedS3Destination, Processor, ProcessorType, limits};

use super::{Refusals, delimiter};
use crate::{deaggregation::DeAggregation, logs::CloudWatchLogs};

const MEMBER: &str = "ProcessingConfiguration";

/// The processors that run; none where processing is off.
pub(super) fn of<'a>(
    destination: &'a ExtendedS3Destination,
    refused: &mut Refusals,
) -> Vec<&'a Processor> {
    let Some(processing) = destination
        .processing_configuration
        .as_ref()
        .filter(|processing| processing.enabled)
    else {
        return Vec::new();
    };
    let processors: Vec<&Processor> = processing.processors.iter().collect();
    refused.check(
        (1..=limits::MAX_PROCESSORS).contains(&processors.len()),
        MEMBER,
        "A maximum of 5 and a minimum of 1 processor needs to be supplied when processing is enabled.",
        "set Enabled to false where there is nothing to process",
    );
    let count = |kind| {
        processors
            .iter()
            .filter(|processor| processor.kind == kind)
            .count()
    };
    refused.check(
        count(ProcessorType::Lambda) <= 1,
        MEMBER,
        "Cannot have more than 1 Lambda processor.",
        "let one function do both",
    );
    refused.check(
        count(ProcessorType::CloudWatchLogProcessing) == 0
            || count(ProcessorType::Decompression) > 0,
        MEMBER,
        "CloudWatchLogProcessingProcessor can only be enabled with DecompressionProcessor",
        "add a Decompression processor",
    );
    processors
}

/// The processor of that kind; where AWS takes several, the first.
pub(super) fn only<'a>(processors: &[&'a Processor], kind: ProcessorType) -> Option<&'a Processor> {
    processors
        .iter()
        .copied()
        .find(|processor| processor.kind == kind)
}

fn needs_dynamic_partitioning(enabled: bool, class: &str, refused: &mut Refusals) {
    refused.check(
        enabled,
        MEMBER,
        &format!(
            "class com.amazonaws.services.firehose.internal.model.{class} can only be present when Dynamic \
             Partitioning is enabled."
        ),
        "set DynamicPartitioningConfiguration.Enabled, or remove the processor",
    );
}

/// `MetadataExtraction`: the jq query that gives partition keys.
pub(super) fn key_query(
    processor: &Processor,
    dynamic_partitioning: bool,
    refused: &mut Refusals,
) -> Option<KeyQuery> {
    let member = "ProcessingConfiguration.Processors[MetadataExtraction]";
    needs_dynamic_partitioning(dynamic_partitioning, "MetadataExtractionProcessor", refused);
    refused.check(
        processor.parameter("JsonParsingEngine") == Some("JQ-1.6"),
        member,
        "MetaDataExtraction JSON Parsing Engine has to be one of JQ-1.6",
        "give JsonParsingEngine JQ-1.6",
    );
    match KeyQuery::metadata_extraction(
        processor
            .parameter("MetadataExtractionQuery")
            .unwrap_or_default(),
    ) {
        Ok(query) => Some(query),
        Err(error) => {
            refused.add(
                member,
                error.to_string(),
                "a query is one jq object, such as {eventType:.detail.eventType}",
            );
            None
        }
    }
}

/// `RecordDeAggregation`: how records are split.
pub(super) fn deaggregation(
    processor: &Processor,
    dynamic_partitioning: bool,
    refused: &mut Refusals,
) -> Option<DeAggregation> {
    let member = "ProcessingConfiguration.Processors[RecordDeAggregation]";
    needs_dynamic_partitioning(
        dynamic_partitioning,
        "RecordDeAggregationProcessor",
        refused,
    );
    match (
        processor.parameter("SubRecordType"),
        processor.parameter("Delimiter"),
    ) {
        (Some("JSON"), _) => Some(DeAggregation::Json),
        (Some("DELIMITED"), Some(text)) => {
            let bytes = delimiter(text);
            if bytes.is_none() {
                refused.add(
                    member,
                    "Delimiter is not base64 text",
                    "#### is written IyMjIw==",
                );
            }
            bytes.map(DeAggregation::Delimited)
        }
        (Some("DELIMITED"), None) => {
            refused.add(
                member,
                "Delimiter should be present for DELIMITED",
                "give it as base64: #### is IyMjIw==",
            );
            None
        }
        _ => {
            refused.add(member, "SubRecordType has to be one of JSON, DELIMITED", "");
            None
        }
    }
}

/// `Decompression` and `CloudWatchLogProcessing`: what becomes of records that CloudWatch Logs put.
pub(super) fn logs(processors: &[&Processor], refused: &mut Refusals) -> Option<CloudWatchLogs> {
    let decompression = only(processors, ProcessorType::Decompression)?;
    refused.check(
        decompression
            .parameter("CompressionFormat")
            .is_none_or(|format| format == "GZIP"),
        "ProcessingConfiguration.Processors[Decompression]",
        "CompressionFormat has to be one of GZIP",
        "CloudWatch Logs compresses with GZIP",
    );
    let processing = only(processors, ProcessorType::CloudWatchLogProcessing);
    let extraction = processing.map(|it| it.parameter("DataMessageExtraction"));
    refused.check(
        extraction.is_none_or(|it| matches!(it, Some("true" | "false"))),
        "ProcessingConfiguration.Processors[CloudWatchLogProcessing]",
        "DataMessageExtraction has to be one of true, false",
        "give it as true, to deliver the messages alone",
    );
    Some(CloudWatchLogs {
        extract_messages: extraction == Some(Some("true")),
    })
}
