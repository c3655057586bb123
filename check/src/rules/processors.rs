//! Processors and their parameters.

use hydrant_partitioner::{KeyQuery, QueryError};
use hydrant_records::schema::PROCESSORS;
use hydrant_records::{decode_base64, limits};
use hydrant_template::Node;

use super::Rules;
use crate::{
    code::Code,
    definition::{Definition, Processor, flag, processors},
    diagnostic::Diagnostic,
};

/// The parameters that each processor has (Firehose API reference, `ProcessorParameter`, and observed on AWS).
const PARAMETERS: [(&str, &[&str]); 6] = [
    (
        "Lambda",
        &[
            "LambdaArn",
            "NumberOfRetries",
            "RoleArn",
            "BufferSizeInMBs",
            "BufferIntervalInSeconds",
        ],
    ),
    (
        "MetadataExtraction",
        &["MetadataExtractionQuery", "JsonParsingEngine"],
    ),
    ("RecordDeAggregation", &["SubRecordType", "Delimiter"]),
    ("AppendDelimiterToRecord", &["Delimiter"]),
    ("Decompression", &["CompressionFormat"]),
    ("CloudWatchLogProcessing", &["DataMessageExtraction"]),
];

pub(super) fn rules(rules: &mut Rules<'_>, definition: &Definition<'_>) {
    let path = definition.path("ProcessingConfiguration");
    if let Some(processing) = definition.get("ProcessingConfiguration") {
        together(rules, definition, processing, &path);
    }
    for processor in &definition.processors {
        if PROCESSORS.contains(&processor.kind) {
            one(
                rules,
                definition,
                *processor,
                &format!("{path}.Processors.{}", processor.kind),
            );
        }
    }
}

/// Rules about all processors.
fn together(rules: &mut Rules<'_>, definition: &Definition<'_>, processing: &Node, path: &str) {
    let Some(enabled) = flag(processing.get("Enabled"), false) else {
        return;
    };
    if !enabled {
        if !processors(Some(processing)).is_empty() {
            rules.report(
                Diagnostic::new(
                    Code::ProcessingOff,
                    processing.span,
                    "processors are configured and processing is off",
                )
                .member(format!("{path}.Enabled"))
                .why("Enabled is false where it is left out; records pass by every processor")
                .help("set Enabled to true, or remove the processors"),
            );
        }
        return;
    }
    let list = processing.get("Processors");
    let count = list.map_or(0, |list| list.elements().len());
    let is_known = list.is_none_or(|list| list.unknown().is_none());
    if is_known && !(1..=limits::MAX_PROCESSORS).contains(&count) {
        rules.report(
            Diagnostic::new(
                Code::ProcessorCount,
                list.map_or(processing.span, |list| list.span),
                format!("processing is on with {count} processors"),
            )
            .member(format!("{path}.Processors"))
            .aws("A maximum of 5 and a minimum of 1 processor needs to be supplied when processing is enabled.")
            .help(if count == 0 { "set Enabled to false, or add a processor" } else { "keep five" }),
        );
    }
    let functions: Vec<&Processor<'_>> = definition
        .processors
        .iter()
        .filter(|it| it.kind == "Lambda")
        .collect();
    if let [first, second, ..] = functions.as_slice() {
        rules.report(
            Diagnostic::new(
                Code::TwoFunctions,
                second.node.span,
                "a second Lambda processor",
            )
            .member(format!("{path}.Processors"))
            .aws("Cannot have more than 1 Lambda processor.")
            .why("a record passes one function")
            .help("let one function do both")
            .related(first.node.span, "the first one"),
        );
    }
    let log = definition.processor("CloudWatchLogProcessing");
    if let (Some(log), None) = (log, definition.processor("Decompression")) {
        rules.report(
            Diagnostic::new(
                Code::LogProcessing,
                log.node.span,
                "log events are extracted from what is still compressed",
            )
            .member(format!("{path}.Processors.CloudWatchLogProcessing"))
            .aws("CloudWatchLogProcessingProcessor can only be enabled with DecompressionProcessor")
            .why("CloudWatch Logs sends gzip")
            .help("add a Decompression processor with CompressionFormat GZIP"),
        );
    }
}

/// Rules about one processor.
fn one(rules: &mut Rules<'_>, definition: &Definition<'_>, processor: Processor<'_>, path: &str) {
    names(rules, processor, path);
    match processor.kind {
        "Lambda" => lambda(rules, processor, path),
        "MetadataExtraction" => {
            partitioning_only(
                rules,
                definition,
                processor,
                path,
                "MetadataExtractionProcessor",
            );
            extraction(rules, processor, path);
        }
        "RecordDeAggregation" => {
            partitioning_only(
                rules,
                definition,
                processor,
                path,
                "RecordDeAggregationProcessor",
            );
            split(rules, processor, path);
        }
        _ => {}
    }
}

fn names(rules: &mut Rules<'_>, processor: Processor<'_>, path: &str) {
    let known = PARAMETERS.iter().find(|(kind, _)| *kind == processor.kind);
    let known = known.map_or(&[][..], |(_, names)| names);
    for (name, _) in processor.parameters() {
        let Some(text) = name.as_text() else {
            continue;
        };
        // A name that no processor has is said by the shape of the API.
        let elsewhere = PARAMETERS.iter().any(|(_, names)| names.contains(&text));
        if elsewhere && !known.contains(&text) {
            rules.report(
                Diagnostic::new(
                    Code::ProcessorParameter,
                    name.span,
                    format!("{} has no parameter {text}", processor.kind),
                )
                .member(path)
                .why("it belongs to another processor")
                .help(format!("it has {}", known.join(", "))),
            );
        }
    }
}

fn partitioning_only(
    rules: &mut Rules<'_>,
    definition: &Definition<'_>,
    processor: Processor<'_>,
    path: &str,
    class: &str,
) {
    if definition.is_partitioned() != Some(false) {
        return;
    }
    rules.report(
        Diagnostic::new(
            Code::ProcessorWithoutPartitioning,
            processor.node.span,
            format!("{} without dynamic partitioning", processor.kind),
        )
        .member(path)
        .aws(format!(
            "class com.amazonaws.services.firehose.internal.model.{class} can only be present when Dynamic \
             Partitioning is enabled."
        ))
        .why("AWS has it for dynamic partitioning only, which can be turned on only when a stream is created")
        .help("set DynamicPartitioningConfiguration.Enabled, or remove the processor"),
    );
}

fn lambda(rules: &mut Rules<'_>, processor: Processor<'_>, path: &str) {
    if processor.parameter("LambdaArn").is_none() {
        rules.report(
            Diagnostic::new(Code::FunctionArn, processor.node.span, "the processor names no function")
                .member(path)
                .aws("LambdaArn is required when Lambda processor is used.")
                .help("give LambdaArn, such as arn:aws:lambda:eu-west-1:123456789012:function:transformer:$LATEST"),
        );
    }
    let mut number = |name: &str, (least, most): (f64, f64), code, text: &str| {
        let Some(node) = processor.parameter(name) else {
            return;
        };
        let Some(value) = node.scalar() else {
            return;
        };
        if value
            .parse::<f64>()
            .is_ok_and(|it| (least..=most).contains(&it))
        {
            return;
        }
        rules.report(
            Diagnostic::new(
                code,
                node.span,
                format!("{name} is {value}; it may be {least} to {most}"),
            )
            .member(path)
            .aws(text)
            .help(format!("give {least} to {most}")),
        );
    };
    number(
        "NumberOfRetries",
        (0.0, 300.0),
        Code::FunctionRetries,
        "Number of retries for lambda must be between 0 and 300.",
    );
    number(
        "BufferSizeInMBs",
        (0.2, 3.0),
        Code::FunctionBuffer,
        "BufferSizeInMBs for lambda processor must be between 0.2 and 3.",
    );
    number(
        "BufferIntervalInSeconds",
        (0.0, 900.0),
        Code::FunctionBuffer,
        "BufferIntervalInSeconds for lambda processor must be between 0 and 900.",
    );
    let size = processor.parameter("BufferSizeInMBs");
    let interval = processor.parameter("BufferIntervalInSeconds");
    let (given, missing) = match (size, interval) {
        (Some(size), None) => (size, "BufferIntervalInSeconds"),
        (None, Some(interval)) => (interval, "BufferSizeInMBs"),
        _ => return,
    };
    rules.report(
        Diagnostic::new(Code::FunctionBuffer, given.span, format!("{missing} is missing"))
            .member(path)
            .aws("Both BufferSizeInMBs and BufferIntervalInSeconds are required to configure buffering for lambda processor.")
            .help(format!("give {missing} too, or neither")),
    );
}

fn extraction(rules: &mut Rules<'_>, processor: Processor<'_>, path: &str) {
    let engine = processor.parameter("JsonParsingEngine");
    if engine.is_none_or(|node| node.as_text().is_some_and(|text| text != "JQ-1.6")) {
        rules.report(
            Diagnostic::new(
                Code::ExtractionEngine,
                engine.map_or(processor.node.span, |node| node.span),
                "the engine is not JQ-1.6",
            )
            .member(path)
            .aws("MetaDataExtraction JSON Parsing Engine has to be one of JQ-1.6")
            .help("give JsonParsingEngine JQ-1.6"),
        );
    }
    let Some(query) = processor.parameter("MetadataExtractionQuery") else {
        rules.report(
            Diagnostic::new(
                Code::ProcessorParameter,
                processor.node.span,
                "MetadataExtraction without a query",
            )
            .member(path)
            .why("the query is what gives the partition keys")
            .help("give MetadataExtractionQuery, such as {eventType:.detail.eventType}"),
        );
        return;
    };
    rules.not_checked(query, &format!("{path}.MetadataExtractionQuery"));
    let Some(Err(error)) = query.as_text().map(KeyQuery::metadata_extraction) else {
        return;
    };
    let near = match &error {
        QueryError::Syntax { near, .. } => near.as_str(),
        QueryError::Undefined { name, .. } => name.as_str(),
        _ => "",
    };
    rules.report(
        Diagnostic::new(
            Code::ExtractionQuery,
            rules.source.find(query.span, near),
            error.to_string(),
        )
        .member(path)
        .why("AWS takes one jq object whose names are the partition keys, at most 50 of them")
        .help("write such as {eventType:.detail.eventType}; other steps go into the values, in parentheses"),
    );
}

fn split(rules: &mut Rules<'_>, processor: Processor<'_>, path: &str) {
    let kind = processor.parameter("SubRecordType");
    let delimiter = processor.parameter("Delimiter");
    let at = |node: Option<&Node>| node.map_or(processor.node.span, |node| node.span);
    match kind.map(Node::as_text) {
        Some(Some("JSON")) => {}
        Some(None) if kind.is_some_and(|node| node.unknown().is_some()) => {}
        Some(Some("DELIMITED")) => match delimiter.map(|node| (node.as_text(), node.unknown())) {
            None => rules.report(
                Diagnostic::new(
                    Code::SplitDelimiter,
                    at(kind),
                    "DELIMITED without a delimiter",
                )
                .member(path)
                .aws("Delimiter should be present for DELIMITED")
                .help("give Delimiter as base64: #### is IyMjIw=="),
            ),
            Some((Some(text), _)) if decode_base64(text).is_none_or(|bytes| bytes.is_empty()) => {
                rules.report(
                    Diagnostic::new(
                        Code::SplitDelimiter,
                        at(delimiter),
                        format!("{text:?} is not base64"),
                    )
                    .member(path)
                    .why("the delimiter is given as the base64 of its bytes")
                    .help("#### is written IyMjIw=="),
                );
            }
            Some(_) => {}
        },
        _ => rules.report(
            Diagnostic::new(
                Code::SplitType,
                at(kind),
                "SubRecordType is neither JSON nor DELIMITED",
            )
            .member(path)
            .aws("SubRecordType has to be one of JSON, DELIMITED")
            .help("give JSON, or DELIMITED with a Delimiter"),
        ),
    }
}
