//! The delivery streams of a template.

use anyhow::{Result, bail};
use hydrant_check::CheckedStream;
use hydrant_records::{DeliveryStreamInput, ProcessorType};
use hydrant_template::{StandIn, StreamInput};

use super::{Declared, Resolved};

/// A stream of a template.
pub(super) struct Stream {
    /// Its logical id.
    pub(super) id: String,
    pub(super) input: DeliveryStreamInput,
    /// What its Lambda processor names, where the template has it.
    pub(super) function: Option<Declared>,
}

/// The streams of a template, in order.
pub(super) fn of(resolved: &Resolved<'_>) -> Result<Vec<Stream>> {
    // The report has a stream for each one of the stack.
    let streams = resolved.stack.streams().zip(&resolved.report.streams);
    streams
        .map(|(stream, checked)| one(resolved, stream, checked))
        .collect()
}

fn one(
    resolved: &Resolved<'_>,
    stream: StreamInput<'_>,
    checked: &CheckedStream,
) -> Result<Stream> {
    let Some(input) = &checked.input else {
        return unknown(resolved, stream);
    };
    let mut input = input.clone();
    let function = checked.function.as_ref().and_then(|facts| {
        let mut functions = resolved.stack.functions();
        functions.find(|it| it.resource.id == facts.id)
    });
    let function = function.map(|function| Declared::new(function, resolved.path));
    if let (Some(function), Some(stand_in)) = (&function, arn_stand_in(checked)) {
        // `${Transformer.Arn}:$LATEST` keeps its qualifier.
        let shown = &stand_in.unknown.shown;
        let qualifier = shown.rsplit_once('}').map_or("", |(_, rest)| rest);
        let arn = format!(
            "arn:aws:lambda:{}:{}:function:{}{qualifier}",
            resolved.region, resolved.account, function.name
        );
        set_function(&mut input, &arn);
    }
    Ok(Stream {
        id: stream.resource.id.clone(),
        input,
        function,
    })
}

/// What stands in for the ARN of the stream's function.
fn arn_stand_in(checked: &CheckedStream) -> Option<&StandIn> {
    let is_arn = |it: &&StandIn| it.value.starts_with("arn:aws:lambda:");
    checked.stand_ins.iter().find(is_arn)
}

fn set_function(input: &mut DeliveryStreamInput, arn: &str) {
    let processing = input
        .extended_s3_destination_configuration
        .as_mut()
        .and_then(|destination| destination.processing_configuration.as_mut());
    let processors = processing.into_iter().flat_map(|it| &mut it.processors);
    for processor in processors.filter(|it| it.kind == ProcessorType::Lambda) {
        for parameter in &mut processor.parameters {
            if parameter.parameter_name == "LambdaArn" {
                arn.clone_into(&mut parameter.parameter_value);
            }
        }
    }
}

/// Says what would have to be known of a stream.
fn unknown<T>(resolved: &Resolved<'_>, stream: StreamInput<'_>) -> Result<T> {
    let source = &resolved.report.source;
    let missing = stream.to_json().err().unwrap_or_default();
    let lines = missing.iter().map(|it| {
        let line = source.position(it.span.start).line;
        let reasons = it.unknown.reasons.join("; ");
        format!("\n  {}:{line}: {}: {reasons}", source.name(), it.member)
    });
    bail!(
        "the stream {} depends on what only a deployment knows{}",
        stream.name(),
        lines.collect::<String>()
    )
}
