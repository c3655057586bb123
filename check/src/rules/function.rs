//! The function behind the Lambda processor.

use hydrant_template::Node;

use super::{Rules, Transformer};
use crate::{code::Code, definition::Definition, diagnostic::Diagnostic};

/// Runtimes that AWS has deprecated (Lambda developer guide, "Lambda runtimes").
const DEPRECATED: [&str; 22] = [
    "dotnet6",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "go1.x",
    "java8",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "nodejs16.x",
    "nodejs18.x",
    "nodejs4.3",
    "nodejs6.10",
    "nodejs8.10",
    "provided",
    "python2.7",
    "python3.6",
    "python3.7",
    "python3.8",
    "python3.9",
    "ruby2.5",
    "ruby2.7",
    "dotnet5.0",
];

/// Seconds for which Firehose waits for an invocation (developer guide, data transformation).
const LONGEST_RUN: f64 = 300.0;

pub(super) fn rules(rules: &mut Rules<'_>, definition: &Definition<'_>) {
    let Some(processor) = definition.processor("Lambda") else {
        return;
    };
    batch(rules, definition, processor.parameter("BufferSizeInMBs"));
    let Some(function) = rules.function else {
        return;
    };
    let id = function.resource.id.clone();
    if let Some(node) = function.timeout()
        && let Some(seconds) = node.scalar().and_then(|text| text.parse::<f64>().ok())
        && seconds > LONGEST_RUN
    {
        rules.report(
            Diagnostic::new(
                Code::FunctionTimeout,
                node.span,
                format!("{id} may run {seconds} s; Firehose waits {LONGEST_RUN} s"),
            )
            .member(format!("{id}.Timeout"))
            .why("Firehose gives up and invokes it again while it still runs and is still paid for")
            .help("set Timeout to 300 or less"),
        );
    }
    if let Some(node) = function.runtime()
        && let Some(runtime) = node.as_text()
        && DEPRECATED.contains(&runtime)
    {
        rules.report(
            Diagnostic::new(
                Code::FunctionRuntime,
                node.span,
                format!("{id} runs on {runtime}, which is deprecated"),
            )
            .member(format!("{id}.Runtime"))
            .why("it gets no security patches, and AWS stops creating and then updating functions on it")
            .help("use a runtime that is kept, such as provided.al2023 or python3.13"),
        );
    }
}

/// Batches whose answers may outgrow what Lambda returns.
fn batch(rules: &mut Rules<'_>, definition: &Definition<'_>, size: Option<&Node>) {
    let Some(node) = size else {
        return;
    };
    let Some(megabytes) = node.scalar().and_then(|text| text.parse::<f64>().ok()) else {
        return;
    };
    let transformer = rules.transformer();
    if !(megabytes > 1.0 && megabytes <= 3.0) || transformer == Transformer::Ours {
        return;
    }
    let grows = 6.0 / (megabytes * 4.0 / 3.0);
    let mut diagnostic = Diagnostic::new(
        Code::FunctionBatch,
        node.span,
        format!("batches of {megabytes} MB"),
    )
    .member(definition.path("ProcessingConfiguration.Processors.Lambda"))
    .why(format!(
        "a batch travels as base64, a third larger, and an answer may have 6 MB: records that grow \
         {grows:.1}-fold make the whole batch fail, four times, and go to the error output"
    ))
    .help(
        "give BufferSizeInMBs 1 or less, or let the function split its answer, as Hydrant's transformer does",
    );
    if transformer == Transformer::Assumed {
        diagnostic = diagnostic.into_note();
    }
    rules.report(diagnostic);
}
