//! Parameters, conditions, mappings and intrinsic functions, put in (CloudFormation user guide, "Intrinsic
//! function reference").
//!
//! Each value is resolved once; what functions make is bounded. What cannot be resolved is an [`Unknown`], and
//! what is wrong is a [`Problem`].

mod conditions;
mod functions;
mod substitute;

use std::collections::{HashMap, HashSet};

use crate::{
    limits::{
        MAX_PROBLEMS, MAX_RESOLVE_DEPTH, MAX_RESOLVE_WORK, MAX_RESOLVED_BYTES, MAX_RESOURCES,
    },
    node::{Content, Member, Node, Unknown},
    parameters::{Overrides, PSEUDO, Parameter},
    source::Span,
    template::{Presence, Template},
};

/// What is wrong with a template, or with a parameter given for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its kind.
    pub kind: ProblemKind,
    /// Where; the beginning for what stands nowhere in the template.
    pub span: Span,
    /// What.
    pub message: String,
}

/// The kinds of [`Problem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// A reference to nothing in the template. CloudFormation refuses the template.
    UnresolvedReference,
    /// An intrinsic function with arguments that it does not take.
    MalformedFunction,
    /// An intrinsic function or a macro that is not resolved here; its value is [`Unknown`].
    UnsupportedFunction,
    /// A value was given for a parameter that the template does not declare.
    UnknownParameter,
    /// A value was given that the parameter does not allow.
    ParameterValue,
    /// More resources than a template may have; those beyond are left out.
    TooManyResources,
}

/// Properties by which a resource is called once it is there.
const NAMES: [(&str, &[&str]); 8] = [
    ("AWS::S3::Bucket", &["BucketName"]),
    ("AWS::Lambda::Function", &["FunctionName"]),
    ("AWS::Serverless::Function", &["FunctionName"]),
    (
        "AWS::KinesisFirehose::DeliveryStream",
        &["DeliveryStreamName"],
    ),
    ("AWS::Kinesis::Stream", &["Name"]),
    ("AWS::Logs::LogGroup", &["LogGroupName"]),
    ("AWS::Glue::Database", &["DatabaseInput", "Name"]),
    ("AWS::Glue::Table", &["TableInput", "Name"]),
];

const TOO_MUCH: &str = "the template's functions make more than any template needs";

/// Puts values in, for one template and one set of parameters.
pub(crate) struct Resolver<'t> {
    template: &'t Template,
    overrides: &'t Overrides,
    parameters: HashMap<&'t str, &'t Parameter>,
    /// The declared conditions, and those that are decided.
    declared: HashMap<&'t str, &'t Node>,
    conditions: HashMap<String, Option<bool>>,
    resources: HashMap<&'t str, &'t Node>,
    /// Ids of SAM's resources, whose names begin those of what SAM makes for them.
    serverless: Vec<&'t str>,
    has_macros: bool,
    names: HashMap<String, Option<String>>,
    /// Conditions and resource names that are being worked out: a circle has no value.
    busy: HashSet<String>,
    problems: Vec<Problem>,
    bytes: usize,
    work: usize,
    depth: usize,
}

impl<'t> Resolver<'t> {
    pub(crate) fn new(template: &'t Template, overrides: &'t Overrides) -> Self {
        Self {
            template,
            overrides,
            parameters: template
                .parameters()
                .iter()
                .map(|it| (it.name.as_str(), it))
                .collect(),
            declared: by_name(template.root.get("Conditions")),
            conditions: HashMap::new(),
            serverless: serverless(template.root.get("Resources")),
            resources: by_name(template.root.get("Resources")),
            has_macros: has_macros(template.root.get("Transform")),
            names: HashMap::new(),
            busy: HashSet::new(),
            problems: Vec::new(),
            bytes: 0,
            work: 0,
            depth: 0,
        }
    }

    /// What was found to be wrong, each thing once, as far as it is told.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        let mut seen = HashSet::new();
        let is_new = |it: &Problem| seen.insert((it.kind, it.span, it.message.clone()));
        self.problems.into_iter().filter(is_new).collect()
    }

    /// Whether a resource will be there.
    pub(crate) fn presence(&mut self, resource: &Node) -> Presence {
        let Some(name) = resource.get("Condition") else {
            return Presence::Present;
        };
        let holds = match name.as_text() {
            Some(text) => self.condition(text, name.span),
            None => None,
        };
        match holds {
            Some(true) => Presence::Present,
            Some(false) => Presence::Absent,
            None => Presence::Unknown,
        }
    }

    /// A value with everything put in; `None` for `AWS::NoValue`, which takes its member away.
    pub(crate) fn node(&mut self, node: &Node) -> Option<Node> {
        if !self.enter() {
            return Some(Self::unknown(node.span, "…", TOO_MUCH));
        }
        let resolved = self.resolve(node);
        self.depth -= 1;
        resolved
    }

    /// Goes a level deeper, unless that is too deep or too much was done before.
    fn enter(&mut self) -> bool {
        let goes_on = self.depth < MAX_RESOLVE_DEPTH && self.work < MAX_RESOLVE_WORK;
        if goes_on {
            self.depth += 1;
            self.work += 1;
        }
        goes_on
    }

    fn resolve(&mut self, node: &Node) -> Option<Node> {
        let content = match &node.content {
            Content::Map(members) => {
                if let [Member { name, value, .. }] = members.as_slice()
                    && (name == "Ref" || name.starts_with("Fn::"))
                {
                    return self.call(name, value, node.span);
                }
                let resolved = members.iter().filter_map(|member| {
                    Some(Member {
                        name: member.name.clone(),
                        name_span: member.name_span,
                        value: self.node(&member.value)?,
                    })
                });
                Content::Map(resolved.collect())
            }
            Content::List(elements) => {
                Content::List(elements.iter().filter_map(|it| self.node(it)).collect())
            }
            Content::Text(text) if text.contains("{{resolve:") => Content::Unknown(Unknown::new(
                text,
                "a dynamic reference is looked up at deployment",
            )),
            other => other.clone(),
        };
        Some(Node::new(node.span, content))
    }

    pub(crate) fn problem(&mut self, kind: ProblemKind, span: Span, message: impl Into<String>) {
        if self.problems.len() >= MAX_PROBLEMS {
            return;
        }
        self.problems.push(Problem {
            kind,
            span,
            message: message.into(),
        });
    }

    fn malformed(&mut self, function: &str, span: Span, wants: &str) -> Node {
        self.problem(
            ProblemKind::MalformedFunction,
            span,
            format!("{function} takes {wants}"),
        );
        Self::unknown(span, function, format!("{function} is malformed"))
    }

    fn unknown(span: Span, what: &str, reason: impl Into<String>) -> Node {
        Node::new(span, Content::Unknown(Unknown::new(what, reason)))
    }

    /// Text that a function made, within what all functions may make.
    fn made(&mut self, span: Span, text: String) -> Node {
        self.bytes = self.bytes.saturating_add(text.len());
        if self.bytes > MAX_RESOLVED_BYTES {
            return Self::unknown(span, "…", TOO_MUCH);
        }
        Node::text_at(span, text)
    }

    /// What `Ref` gives: a parameter's value, or a resource's name.
    fn reference(&mut self, name: &str, span: Span) -> Option<Node> {
        if let Some(parameter) = self.parameters.get(name) {
            let mut node = parameter.value(self.overrides);
            node.span = span;
            self.work += node.elements().len();
            return Some(node);
        }
        if name == "AWS::NoValue" {
            return None;
        }
        if PSEUDO.contains(&name) {
            if let Some(value) = self.overrides.get(name) {
                return Some(Node::text_at(span, value.clone()));
            }
            let reason = format!("{name} is known at deployment; give --parameter {name}=VALUE");
            return Some(Self::unknown(span, name, reason));
        }
        if let Some(text) = self.physical_name(name) {
            return Some(self.made(span, text));
        }
        Some(self.of_resource(name, name, span))
    }

    /// The name that a resource has once it is there, where the template gives it.
    fn physical_name(&mut self, id: &str) -> Option<String> {
        if let Some(known) = self.names.get(id) {
            return known.clone();
        }
        let resource = *self.resources.get(id)?;
        let kind = resource.get("Type")?.as_text()?;
        let (_, property) = NAMES.iter().find(|(known, _)| *known == kind)?;
        let name = resource.get("Properties")?.at(property)?;
        let key = format!("the name of {id}");
        if !self.busy.insert(key.clone()) {
            return None;
        }
        let name = self
            .node(name)
            .and_then(|name| Some(name.scalar()?.into_owned()));
        self.busy.remove(&key);
        self.names.insert(id.to_owned(), name.clone());
        name
    }

    /// A name or an attribute of a resource, which deployment gives.
    fn of_resource(&mut self, id: &str, shown: &str, span: Span) -> Node {
        if !self.is_resource(id) {
            self.problem(
                ProblemKind::UnresolvedReference,
                span,
                format!("the template has no parameter and no resource {id}"),
            );
            return Self::unknown(span, shown, format!("there is no {id}"));
        }
        let mut unknown = Unknown::new(shown, format!("deployment gives {shown}"));
        unknown.resources.push(id.to_owned());
        Node::new(span, Content::Unknown(unknown))
    }

    /// Whether there is such a resource, or a macro may make it: SAM names what it makes for a resource after
    /// it, such as `TransformerRole`.
    fn is_resource(&self, id: &str) -> bool {
        self.has_macros
            || self.resources.contains_key(id)
            || self
                .serverless
                .iter()
                .any(|made_for| id.starts_with(made_for))
    }
}

/// The members of a map by name; the last of a name counts.
fn by_name(map: Option<&Node>) -> HashMap<&str, &Node> {
    let members = map.map_or(&[][..], Node::members);
    members
        .iter()
        .map(|it| (it.name.as_str(), &it.value))
        .collect()
}

fn serverless(resources: Option<&Node>) -> Vec<&str> {
    let members = resources
        .map_or(&[][..], Node::members)
        .iter()
        .take(MAX_RESOURCES);
    let is_sam = |it: &&Member| {
        let kind = it.value.get("Type").and_then(Node::as_text);
        kind.is_some_and(|kind| kind.starts_with("AWS::Serverless::"))
    };
    members.filter(is_sam).map(|it| it.name.as_str()).collect()
}

/// Whether a macro other than SAM may make resources.
fn has_macros(transform: Option<&Node>) -> bool {
    let other = |it: &Node| {
        it.as_text()
            .is_none_or(|name| !name.starts_with("AWS::Serverless"))
    };
    match transform {
        None => false,
        Some(list) if !list.elements().is_empty() => list.elements().iter().any(other),
        Some(one) => other(one),
    }
}
