//! A template, and the stack that it makes.

use indexmap::IndexMap;

use crate::{
    document::{Document, Duplicate, SyntaxError},
    function::{self, Function},
    limits::MAX_RESOURCES,
    node::{Content, Node, Unknown},
    parameters::{self, Overrides, Parameter},
    resolve::{Problem, ProblemKind, Resolver},
    source::Span,
    stream::{self, StreamInput},
};

/// A template as it is written.
#[derive(Debug, Clone)]
pub struct Template {
    pub(crate) root: Node,
    parameters: Vec<Parameter>,
    duplicates: Vec<Duplicate>,
}

/// Whether a resource will be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// No condition, or one that holds.
    Present,
    /// Its condition does not hold.
    Absent,
    /// Its condition depends on what only a deployment knows.
    Unknown,
}

/// A resource with its properties resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Its logical id.
    pub id: String,
    /// Where the id stands.
    pub span: Span,
    /// Such as `AWS::KinesisFirehose::DeliveryStream`.
    pub kind: String,
    /// Whether it will be there.
    pub presence: Presence,
    /// Its properties, SAM's globals put in.
    pub properties: Node,
    /// Its metadata, such as SAM's `BuildMethod`.
    pub metadata: Node,
}

/// What a template makes, given its parameters.
#[derive(Debug, Clone)]
pub struct Stack {
    /// The resources in the order of the template, those whose condition does not hold too.
    pub resources: IndexMap<String, Resource>,
    /// What is wrong with the template, or with the parameters given.
    pub problems: Vec<Problem>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// What is neither JSON nor YAML; see [`Document::parse`].
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let Document { root, duplicates } = Document::parse(text)?;
        Ok(Self {
            parameters: parameters::declared(&root),
            root,
            duplicates,
        })
    }

    /// Whether the text looks like a template: it has `Resources`.
    pub fn has_resources(&self) -> bool {
        self.root.get("Resources").is_some()
    }

    /// Where its `Resources` begin.
    pub fn resources_span(&self) -> Span {
        self.root
            .member("Resources")
            .map_or(Span::default(), |member| member.name_span)
    }

    /// Its parameters, in order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Names that stand twice in a map.
    pub fn duplicates(&self) -> &[Duplicate] {
        &self.duplicates
    }

    /// Puts in parameters, conditions, mappings and intrinsic functions. What only a deployment knows stays
    /// an [`Unknown`].
    pub fn resolve(&self, overrides: &Overrides) -> Stack {
        let mut resolver = Resolver::new(self, overrides);
        let mut resources = IndexMap::new();
        let members = self.root.get("Resources").map_or(&[][..], Node::members);
        if let Some(beyond) = members.get(MAX_RESOURCES) {
            let message = format!(
                "{} resources; CloudFormation takes {MAX_RESOURCES}",
                members.len()
            );
            resolver.problem(ProblemKind::TooManyResources, beyond.name_span, message);
        }
        for member in members.iter().take(MAX_RESOURCES) {
            let written = &member.value;
            let Some(kind) = written.get("Type").and_then(Node::as_text) else {
                continue;
            };
            let presence = resolver.presence(written);
            let mut part = |name: &str| {
                let node = written.get(name)?;
                resolver.node(node)
            };
            let empty = || Node::new(member.value.span, Content::Map(Vec::new()));
            let mut properties = part("Properties").unwrap_or_else(empty);
            let metadata = part("Metadata").unwrap_or_else(empty);
            if kind == function::SERVERLESS
                && let Some(globals) = self.root.at(&["Globals", "Function"])
                && let Some(globals) = resolver.node(globals)
            {
                function::put_in_globals(&mut properties, &globals);
            }
            let resource = Resource {
                id: member.name.clone(),
                span: member.name_span,
                kind: kind.to_owned(),
                presence,
                properties,
                metadata,
            };
            resources.insert(member.name.clone(), resource);
        }
        let mut problems = parameters::check(&self.parameters, overrides);
        problems.extend(resolver.into_problems());
        Stack {
            resources,
            problems,
        }
    }
}

impl Stack {
    /// The resources of a type that are there, or may be.
    pub fn of_type<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Resource> {
        self.resources
            .values()
            .filter(move |it| it.kind == kind && it.presence != Presence::Absent)
    }

    /// The delivery streams, in the members of `CreateDeliveryStream`.
    pub fn streams(&self) -> impl Iterator<Item = StreamInput<'_>> {
        self.of_type(stream::DELIVERY_STREAM).map(StreamInput::new)
    }

    /// The Lambda functions, SAM's and CloudFormation's.
    pub fn functions(&self) -> impl Iterator<Item = Function<'_>> {
        let functions = self.resources.values();
        functions
            .filter(|it| it.presence != Presence::Absent)
            .filter_map(Function::new)
    }

    /// The function that a value names: by its reference, or by its name in an ARN.
    pub fn function_of(&self, arn: &Node) -> Option<Function<'_>> {
        if let Some(Unknown { resources, .. }) = arn.unknown() {
            let is = |it: &Function<'_>| resources.contains(&it.resource.id);
            // SAM names what it makes for a function after it: `TransformerAliaslive`.
            let makes =
                |it: &Function<'_>| resources.iter().any(|id| id.starts_with(&it.resource.id));
            return self
                .functions()
                .find(is)
                .or_else(|| self.functions().find(makes));
        }
        let name = arn.as_text()?.split(':').nth(6)?;
        self.functions()
            .find(|it| it.name().is_some_and(|known| known == name))
    }
}
