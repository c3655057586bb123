//! Whether a record ends with a newline once it lies in an object.
//!
//! Firehose concatenates records as they are. A newline may come from the producer (or a bus rule's input
//! template), be stripped by de-aggregation, and be added by the function or by `AppendDelimiterToRecord`.

use hydrant_template::Node;

use super::{Feed, Rules, Transformer};
use crate::{code::Code, definition::Definition, diagnostic::Diagnostic};

pub(super) fn rules(rules: &mut Rules<'_>, definition: &Definition<'_>) {
    events_without_detail(rules);
    if definition.is_converted() != Some(false) {
        return;
    }
    let appends = definition.processor("AppendDelimiterToRecord");
    let function = definition.processor("Lambda");
    let split = definition.processor("RecordDeAggregation");
    let unpacks = definition.processor("Decompression").is_some();
    match (appends, split, function) {
        (Some(appends), None, None) => {
            if let Some(feed) = rules.feeds.iter().find(|feed| feed.ends_with_newline()) {
                let diagnostic = Diagnostic::new(
                    Code::BlankLines,
                    appends.node.span,
                    "the processor adds a newline behind the one that the rule adds",
                )
                .member(
                    definition.path("ProcessingConfiguration.Processors.AppendDelimiterToRecord"),
                )
                .why("every other line of the objects is blank")
                .help("end the input template without a newline")
                .related(
                    feed.span(),
                    format!("the rule {} ends each event with one", feed.id),
                );
                rules.report(diagnostic);
            }
        }
        (None, Some(split), function) => {
            stripped(rules, definition, split.node, function.is_some());
        }
        (None, None, Some(function)) => {
            if rules.transformer() == Transformer::Foreign {
                rules.report(
                    Diagnostic::new(
                        Code::NewlineByFunction,
                        function.node.span,
                        "only the function can end records with a newline",
                    )
                    .member(definition.path("ProcessingConfiguration.Processors.Lambda"))
                    .why("Firehose writes what the function returns as it is, one record behind the other")
                    .help("make sure that it returns a newline, or add AppendDelimiterToRecord"),
                );
            }
        }
        (None, None, None) if !unpacks => nowhere(rules, definition),
        // What it appends, or what is in the log events, decides.
        (Some(_), ..) | (None, None, None) => {}
    }
}

impl Feed<'_> {
    fn ends_with_newline(&self) -> bool {
        let template = self.template.and_then(Node::as_text);
        template.is_some_and(|text| text.ends_with('\n') || text.ends_with("\\n"))
    }

    fn span(&self) -> hydrant_template::Span {
        self.template.unwrap_or(self.target).span
    }
}

/// De-aggregation without anything behind it that is known to add a newline.
fn stripped(rules: &mut Rules<'_>, definition: &Definition<'_>, split: &Node, has_function: bool) {
    let transformer = rules.transformer();
    if has_function && transformer == Transformer::Ours {
        return;
    }
    let why = if has_function {
        "sub-records lose what lies between them, and nothing but the function can put a newline back; where \
         it does not, objects hold {…}{…} and readers of lines see one line"
    } else {
        "sub-records lose what lies between them, and nothing puts a newline back: objects hold {…}{…} and \
         readers of lines see one line"
    };
    let mut diagnostic = Diagnostic::new(
        Code::NewlineStripped,
        split.span,
        "de-aggregation strips newlines",
    )
    .member(definition.path("ProcessingConfiguration.Processors.RecordDeAggregation"))
    .why(why)
    .help("add an AppendDelimiterToRecord processor, or end each record with a newline in the function");
    if has_function && transformer == Transformer::Assumed {
        diagnostic = diagnostic.into_note();
    }
    for feed in rules.feeds.iter().filter(|feed| feed.ends_with_newline()) {
        let text = format!("the newline that the rule {} adds is among those", feed.id);
        diagnostic = diagnostic.related(feed.span(), text);
    }
    rules.report(diagnostic);
}

/// No processor that could add a newline.
fn nowhere(rules: &mut Rules<'_>, definition: &Definition<'_>) {
    let feeds = &rules.feeds;
    if !feeds.is_empty() && feeds.iter().all(Feed::ends_with_newline) {
        return;
    }
    let mut diagnostic = Diagnostic::new(
        Code::NoNewline,
        definition.span,
        "nothing ends a record with a newline",
    )
    .member(definition.path("ProcessingConfiguration"))
    .why(
        "Firehose writes one record behind the other as they are: unless every producer ends its records with \
         a newline, objects hold {…}{…} and readers of lines see one line",
    )
    .help("add an AppendDelimiterToRecord processor");
    for feed in feeds.iter().filter(|feed| !feed.ends_with_newline()) {
        let text = format!("the rule {} puts events without one", feed.id);
        diagnostic = diagnostic.related(feed.span(), text);
    }
    rules.report(diagnostic);
}

/// `<aws.events.event>` had `detail` once, and has not today (EventBridge user guide, input transformation).
fn events_without_detail(rules: &mut Rules<'_>) {
    let mut found = Vec::new();
    for feed in &rules.feeds {
        let Some(node) = feed.template else {
            continue;
        };
        if node
            .as_text()
            .is_some_and(|text| text.contains("<aws.events.event>"))
        {
            found.push(
                Diagnostic::new(
                    Code::EventWithoutDetail,
                    rules.source.find(node.span, "<aws.events.event>"),
                    format!("the rule {} passes the event on without its detail", feed.id),
                )
                .member(format!("{}.InputTransformer.InputTemplate", feed.id))
                .why("<aws.events.event> is the envelope alone today; what reads .detail finds nothing")
                .help("write <aws.events.event.json>, which is the whole event"),
            );
        }
    }
    rules.found.extend(found);
}
