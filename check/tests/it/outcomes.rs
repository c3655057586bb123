//! A table of stream definitions with the outcome that AWS gives: `outcomes.json`.
//!
//! A case is a JSON merge patch (RFC 7386) on one of two streams that AWS takes: `plain`, or `partitioned` by
//! a jq query. `aws` is AWS's text where it is known, `errors` and `warnings` are our codes in the order of the
//! text. A case without errors is one that AWS takes.

use hydrant_check::{Report, Severity};
use hydrant_template::{Overrides, Source};
use serde_json::{Map, Value, json};

fn plain() -> Value {
    json!({
        "DeliveryStreamName": "s",
        "ExtendedS3DestinationConfiguration": {
            "RoleARN": "arn:aws:iam::123456789012:role/r",
            "BucketARN": "arn:aws:s3:::b",
            "ProcessingConfiguration": { "Enabled": true, "Processors": [
                { "Type": "AppendDelimiterToRecord", "Parameters": [] },
            ]},
        },
    })
}

fn partitioned() -> Value {
    json!({
        "DeliveryStreamName": "s",
        "ExtendedS3DestinationConfiguration": {
            "RoleARN": "arn:aws:iam::123456789012:role/r",
            "BucketARN": "arn:aws:s3:::b",
            "Prefix": "events/a=!{partitionKeyFromQuery:a}/",
            "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
            "BufferingHints": { "SizeInMBs": 64, "IntervalInSeconds": 60 },
            "DynamicPartitioningConfiguration": { "Enabled": true },
            "ProcessingConfiguration": { "Enabled": true, "Processors": [
                { "Type": "MetadataExtraction", "Parameters": [
                    { "ParameterName": "MetadataExtractionQuery", "ParameterValue": "{a:.a}" },
                    { "ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6" },
                ]},
                { "Type": "AppendDelimiterToRecord", "Parameters": [] },
            ]},
        },
    })
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let members = target.as_object_mut().unwrap();
    for (name, value) in patch {
        if value.is_null() {
            members.remove(name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// The definition of a case. `destination` patches what lies in the destination, `stream` the whole.
/// A parameter list may be written as an object.
fn definition(case: &Value) -> Value {
    let mut definition = match case["base"].as_str() {
        Some("partitioned") => partitioned(),
        _ => plain(),
    };
    if let Some(patch) = case.get("destination") {
        merge(&mut definition["ExtendedS3DestinationConfiguration"], patch);
    }
    if let Some(processors) = case.get("processors") {
        let processors: Vec<Value> = processors
            .as_array()
            .unwrap()
            .iter()
            .map(processor)
            .collect();
        definition["ExtendedS3DestinationConfiguration"]["ProcessingConfiguration"]["Processors"] =
            processors.into();
    }
    if let Some(patch) = case.get("stream") {
        merge(&mut definition, patch);
    }
    definition
}

/// `["Lambda", {"LambdaArn": "…"}]` as the API has it.
fn processor(short: &Value) -> Value {
    let parameters = short[1]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| json!({ "ParameterName": name, "ParameterValue": value }));
    json!({ "Type": short[0], "Parameters": parameters.collect::<Vec<_>>() })
}

fn texts(value: &Value) -> Vec<String> {
    let list = value.as_array().into_iter().flatten();
    list.map(|it| it.as_str().unwrap().to_owned()).collect()
}

fn codes(report: &Report, severity: Severity) -> Vec<String> {
    let of = report
        .diagnostics
        .iter()
        .filter(|it| it.severity == severity);
    of.map(|it| it.code.name().to_owned()).collect()
}

#[test]
fn every_definition_has_the_outcome_that_aws_gives() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("outcomes.json")).unwrap();
    assert!(cases.len() >= 60, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let name = case["name"].as_str().unwrap();
        let text = format!("{:#}", definition(case));
        let report = Report::of_definition(Source::new("s.json", text));
        let errors = codes(&report, Severity::Error);
        if errors != texts(&case["errors"]) {
            wrong.push(format!("{name}: errors {errors:?}\n{}", report.text()));
        }
        let warnings = codes(&report, Severity::Warning);
        if warnings != texts(&case["warnings"]) {
            wrong.push(format!("{name}: warnings {warnings:?}\n{}", report.text()));
        }
        if let Some(aws) = case["aws"].as_str() {
            let said = report.diagnostics.iter().filter_map(|it| it.aws.as_deref());
            if said.clone().all(|it| !it.contains(aws)) {
                wrong.push(format!("{name}: AWS would say {aws}\n{}", report.text()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong\n\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

/// What the service refuses when a stream is created, and says so in words that were observed. Of the rules that
/// only a running service can judge (a name that is taken, a role of another account) there is none here.
const REFUSALS: &[(&str, &str)] = &[
    (
        "partitioning needs a key in the prefix",
        "S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled",
    ),
    (
        "a key in the prefix needs partitioning",
        "Dynamic Partitioning Namespaces can only be part of a prefix expression when Dynamic Partitioning is enabled.",
    ),
    (
        "no key in the error prefix",
        "Dynamic Partitioning Namespaces can't be part of an error prefix expression",
    ),
    (
        "no key that the prefix does not use",
        "MetaDataExtraction JQ Query can't contain keys that are not present in the S3 Prefix expression",
    ),
    (
        "one engine",
        "MetaDataExtraction JSON Parsing Engine has to be one of JQ-1.6",
    ),
    (
        "extraction needs partitioning",
        "class com.amazonaws.services.firehose.internal.model.MetadataExtractionProcessor can only be present when Dynamic Partitioning is enabled.",
    ),
    (
        "de-aggregation needs partitioning",
        "class com.amazonaws.services.firehose.internal.model.RecordDeAggregationProcessor can only be present when Dynamic Partitioning is enabled.",
    ),
    (
        "64 MiB at least",
        "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled.",
    ),
    (
        "60 seconds at least",
        "BufferingHints.IntervalInSeconds must be at least 60 seconds when Dynamic Partitioning is enabled.",
    ),
    (
        "a delimiter for DELIMITED",
        "Delimiter should be present for DELIMITED",
    ),
    (
        "two kinds of splitting",
        "SubRecordType has to be one of JSON, DELIMITED",
    ),
    (
        "expressions are closed and have two sides",
        "Ths supplied prefix(es) do not satisfy the following constraint: Invalid expression usage",
    ),
    (
        "known namespaces",
        "Ths supplied prefix(es) do not satisfy the following constraint: Namespace to the left of colon (partitionKey) is an invalid keyword!",
    ),
    (
        "Java's date letters in the prefix",
        "Ths supplied prefix(es) do not satisfy the following constraint: Invalid conversion character used in the value of the expression in Prefix",
    ),
    (
        "Java's date letters in the error prefix",
        "Ths supplied prefix(es) do not satisfy the following constraint: Invalid conversion character used in the value of the expression in ErrorOutputPrefix",
    ),
    (
        "expressions need an error prefix",
        "Ths supplied prefix(es) do not satisfy the following constraint: ErrorOutputPrefix cannot be null or empty when Prefix contains expressions",
    ),
    (
        "an error prefix with expressions tells the kind",
        "Ths supplied prefix(es) do not satisfy the following constraint: ErrorOutputPrefix must contain at least one occurrence of !{firehose:error-output-type}",
    ),
    (
        "the prefix does not",
        "Ths supplied prefix(es) do not satisfy the following constraint: Prefix must not contain any occurrence of !{firehose:error-output-type}",
    ),
    (
        "512 characters of prefix",
        "Ths supplied prefix(es) do not satisfy the following constraint: Length of evaluated prefix cannot be greater than 512",
    ),
    (
        "512 characters of error prefix",
        "Ths supplied prefix(es) do not satisfy the following constraint: Length of evaluated ErrorOutputPrefix cannot be greater than 512",
    ),
    (
        "1,024 characters as written",
        "'extendedS3DestinationConfiguration.prefix' failed to satisfy constraint: Member must have length less than or equal to 1024",
    ),
    (
        "the same of the error prefix",
        "'extendedS3DestinationConfiguration.errorOutputPrefix' failed to satisfy constraint: Member must have length less than or equal to 1024",
    ),
    (
        "zones of AWS's list",
        "Provided custom time zone is not supported. Custom time zones are limited to UTC and non-3-letter IANA time zones.",
    ),
    (
        "an extension's form",
        "'extendedS3DestinationConfiguration.fileExtension' failed to satisfy constraint",
    ),
    (
        "one destination",
        "Exactly one destination configuration is supported for a Firehose",
    ),
    (
        "a Kinesis source is named",
        "KinesisSourceStreamConfig is mandatory for KinesisStreamAsSource stream type.",
    ),
    (
        "one to five processors",
        "A maximum of 5 and a minimum of 1 processor needs to be supplied when processing is enabled.",
    ),
    ("one function", "Cannot have more than 1 Lambda processor."),
    (
        "a function's ARN",
        "LambdaArn is required when Lambda processor is used.",
    ),
    (
        "a function's retries",
        "Number of retries for lambda must be between 0 and 300.",
    ),
    (
        "a function's buffer",
        "BufferSizeInMBs for lambda processor must be between 0.2 and 3.",
    ),
    (
        "a function's interval",
        "BufferIntervalInSeconds for lambda processor must be between 0 and 900.",
    ),
    (
        "both of a function's hints",
        "Both BufferSizeInMBs and BufferIntervalInSeconds are required to configure buffering for lambda processor.",
    ),
    (
        "logs are decompressed first",
        "CloudWatchLogProcessingProcessor can only be enabled with DecompressionProcessor",
    ),
    (
        "a log group",
        "CloudWatch Log Group Name is required if CloudWatch Logging is enabled",
    ),
    (
        "one kind of encryption",
        "Exactly one of NoEncryptionConfig or KMSEncryptionConfig must be specified",
    ),
];

#[test]
fn every_refusal_of_the_service_has_a_definition_that_meets_it_in_its_words() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("outcomes.json")).unwrap();
    let mut said = Vec::new();
    for case in &cases {
        let text = definition(case).to_string();
        let report = Report::of_definition(Source::new("s.json", text));
        said.extend(report.diagnostics.into_iter().filter_map(|it| it.aws));
    }
    for (rule, text) in REFUSALS {
        assert!(
            said.iter().any(|said| said.contains(text)),
            "{rule}: {text}"
        );
        let named = |case: &&Value| {
            case["aws"]
                .as_str()
                .is_some_and(|aws| text.contains(aws) || aws.contains(text))
        };
        assert!(cases.iter().any(|case| named(&case)), "{rule} has no case");
    }
}

/// A template's properties have the members of the API, so the same stream has the same findings there.
#[test]
fn a_template_has_the_findings_of_its_stream() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("outcomes.json")).unwrap();
    for case in &cases {
        // What the AWS CLI alone refuses, CloudFormation mends; and it names streams.
        if case["cliOnly"].as_bool() == Some(true) {
            continue;
        }
        let definition = definition(case);
        let template = json!({ "Resources": { "S": {
            "Type": "AWS::KinesisFirehose::DeliveryStream", "Properties": definition } } });
        let source = Source::new("t.json", template.to_string());
        let of_template = Report::of_template(source, &Overrides::new());
        let of_stream = Report::of_definition(Source::new("s.json", definition.to_string()));
        for severity in [Severity::Error, Severity::Warning, Severity::Note] {
            let (mut a, mut b) = (codes(&of_template, severity), codes(&of_stream, severity));
            a.sort();
            b.sort();
            assert_eq!(a, b, "{}", case["name"]);
        }
    }
}

#[test]
fn the_partitioners_delivery_takes_what_is_said_to_be_taken() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("outcomes.json")).unwrap();
    for case in &cases {
        let text = definition(case).to_string();
        let report = Report::of_definition(Source::new("s.json", text));
        let has_errors = report.count(Severity::Error) > 0;
        let is_s3 = report
            .diagnostics
            .iter()
            .all(|it| it.code.name() != "destination-not-checked");
        assert_eq!(
            report.streams[0].input.is_none(),
            has_errors,
            "{}",
            case["name"]
        );
        assert!(is_s3 || !has_errors);
    }
}
