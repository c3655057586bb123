//! A text checked.

use std::collections::BTreeMap;

use hydrant_records::DeliveryStreamInput;
use hydrant_records::schema::CREATE_DELIVERY_STREAM;
use hydrant_template::{
    Content, Document, Duplicate, Function, Node, Overrides, Source, Span, Stack, StandIn, Template,
};

use crate::{
    code::{Code, Severity},
    diagnostic::Diagnostic,
    rules::{self, Rules},
    schema,
};

/// How a definition is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The JSON of `aws firehose create-delivery-stream --cli-input-json`, or the YAML of `--cli-input-yaml`.
    CliInput,
    /// The properties of `AWS::KinesisFirehose::DeliveryStream`.
    CloudFormation,
}

/// A text, what was found in it, and its streams.
#[derive(Debug)]
pub struct Report {
    /// The text.
    pub source: Source,
    /// What was found, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// The delivery streams.
    pub streams: Vec<CheckedStream>,
}

/// A delivery stream of a text.
#[derive(Debug, Clone)]
pub struct CheckedStream {
    /// Its name, or its logical id where the template leaves the name to CloudFormation.
    pub name: String,
    /// Its definition, unless it has errors or is not known well enough.
    pub input: Option<DeliveryStreamInput>,
    /// What stands in for what only a deployment knows.
    pub stand_ins: Vec<StandIn>,
    /// The function of its Lambda processor, where the template has it.
    pub function: Option<FunctionFacts>,
}

/// What a template says of a function, as far as a forecast needs it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FunctionFacts {
    /// Its logical id.
    pub id: String,
    /// `MemorySize`, where it is known.
    pub memory_mb: Option<u32>,
    /// Whether it runs on Graviton.
    pub is_arm64: bool,
    /// Environment variables whose values are known, such as `PARTITION_KEYS` of Hydrant's functions.
    pub environment: BTreeMap<String, String>,
}

impl FunctionFacts {
    fn new(function: Function<'_>) -> Self {
        let variables = function.environment().iter();
        let known =
            variables.filter_map(|it| Some((it.name.clone(), it.value.scalar()?.into_owned())));
        Self {
            id: function.resource.id.clone(),
            memory_mb: function.memory_mb(),
            is_arm64: function.is_arm64(),
            environment: known.collect(),
        }
    }
}

impl Report {
    /// Checks the input of `CreateDeliveryStream`.
    pub fn of_definition(source: Source) -> Self {
        let document = match Document::parse(source.text()) {
            Ok(document) => document,
            Err(error) => return Self::of_syntax_error(source, &error),
        };
        if document.root.get("Resources").is_some() {
            let mut report = Self::new(source);
            report.diagnostics.push(
                Diagnostic::new(Code::WrongType, Span::default(), "this is a template")
                    .why("a stream's definition is what create-delivery-stream takes")
                    .help("give it with -t"),
            );
            return report;
        }
        let mut report = Self::new(source);
        if !matches!(document.root.content, Content::Map(_)) {
            let what = format!("the text is {}", document.root.kind());
            report.diagnostics.push(
                Diagnostic::new(Code::WrongType, document.root.span, what)
                    .why("a stream's definition is what create-delivery-stream takes, an object")
                    .help("write {\"DeliveryStreamName\": …}"),
            );
            return report;
        }
        report.duplicates(&document.duplicates);
        report.stream(&document.root, Dialect::CliInput, None);
        report.finish();
        report
    }

    /// Checks a SAM or CloudFormation template, and every delivery stream in it.
    pub fn of_template(source: Source, overrides: &Overrides) -> Self {
        let template = match Template::parse(source.text()) {
            Ok(template) => template,
            Err(error) => return Self::of_syntax_error(source, &error),
        };
        let mut report = Self::new(source);
        report.duplicates(template.duplicates());
        let stack = template.resolve(overrides);
        report
            .diagnostics
            .extend(rules::of_stack(&template, &stack));
        for stream in stack.streams() {
            let properties = &stream.resource.properties;
            report.stream(properties, Dialect::CloudFormation, Some((&stack, stream)));
        }
        report.finish();
        report
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            diagnostics: Vec::new(),
            streams: Vec::new(),
        }
    }

    fn of_syntax_error(source: Source, error: &hydrant_template::SyntaxError) -> Self {
        let mut report = Self::new(source);
        let span = Span::new(error.offset(), error.offset());
        report.diagnostics.push(
            Diagnostic::new(Code::Syntax, span, error.to_string())
                .why("nothing else can be said about a text that cannot be read"),
        );
        report
    }

    fn duplicates(&mut self, duplicates: &[Duplicate]) {
        for Duplicate { name, first, again } in duplicates {
            self.diagnostics.push(
                Diagnostic::new(Code::DuplicateMember, *again, format!("{name} stands twice"))
                    .why("here the last one counts; another reader may refuse the text or take the first")
                    .help("remove one")
                    .related(*first, "the first one"),
            );
        }
    }

    /// Checks one stream.
    fn stream(
        &mut self,
        root: &Node,
        dialect: Dialect,
        of_stack: Option<(&Stack, hydrant_template::StreamInput<'_>)>,
    ) {
        let function = of_stack.and_then(|(stack, _)| function_of(stack, root));
        let feeds = of_stack.map(|(stack, stream)| rules::feeds(stack, &stream.resource.id));
        let mut rules = Rules {
            source: &self.source,
            function,
            feeds: feeds.unwrap_or_default(),
            found: schema::walk(root, CREATE_DELIVERY_STREAM, dialect),
        };
        rules::of_stream(&mut rules, root);
        let found = rules.found;
        let has_errors = found.iter().any(|it| it.severity == Severity::Error);
        let written = match of_stack {
            Some((_, stream)) => stream.to_json().ok(),
            None => serde_json::from_str(self.source.text())
                .ok()
                .map(|it| (it, Vec::new())),
        };
        let (json, stand_ins) = written.unwrap_or_default();
        let name = match of_stack {
            Some((_, stream)) => stream.name(),
            None => root
                .get("DeliveryStreamName")
                .and_then(Node::as_text)
                .unwrap_or_default(),
        };
        let name = name.to_owned();
        let input = if has_errors {
            None
        } else {
            serde_json::from_value(json).ok()
        };
        self.diagnostics.extend(found);
        self.streams.push(CheckedStream {
            name,
            input,
            stand_ins,
            function: function.map(FunctionFacts::new),
        });
    }

    /// Puts the findings in the order of the text; at one place, the worst first.
    fn finish(&mut self) {
        for found in &mut self.diagnostics {
            // What is missing is marked at the first byte of what it is missing in, which may be half a character.
            found.span.end = self.source.text().ceil_char_boundary(found.span.end);
        }
        self.diagnostics
            .sort_by_key(|it| (it.span.start, it.severity));
    }

    /// How many findings are as bad as `severity`.
    pub fn count(&self, severity: Severity) -> usize {
        self.diagnostics
            .iter()
            .filter(|it| it.severity == severity)
            .count()
    }
}

/// The function that a stream's Lambda processor names.
fn function_of<'s>(stack: &'s Stack, root: &Node) -> Option<Function<'s>> {
    let definition = crate::definition::Definition::new(root)?;
    let arn = definition.processor("Lambda")?.parameter("LambdaArn")?;
    stack.function_of(arn)
}
