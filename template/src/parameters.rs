//! The parameters of a template and the values that they get.

use std::collections::BTreeMap;

use crate::{
    node::{Content, Node, Unknown},
    resolve::{Problem, ProblemKind},
    source::Span,
};

/// Values given by whoever reads the template: parameters by name, and pseudo parameters such as
/// `AWS::Region`.
pub type Overrides = BTreeMap<String, String>;

/// The pseudo parameters (CloudFormation user guide, "Pseudo parameters reference").
pub(crate) const PSEUDO: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NotificationARNs",
    "AWS::NoValue",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// A parameter as a template declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub span: Span,
    /// Such as `String`, `Number` or `CommaDelimitedList`.
    pub kind: String,
    /// The value that it has where none is given.
    pub default: Option<String>,
    /// The values that it may have; empty where any will do.
    pub allowed: Vec<String>,
    /// What it says of itself.
    pub description: String,
}

impl Parameter {
    fn read(name: &str, span: Span, declared: &Node) -> Self {
        let text = |member: &str| declared.get(member).and_then(Node::scalar);
        let allowed = declared
            .get("AllowedValues")
            .map_or(&[][..], Node::elements);
        Self {
            name: name.to_owned(),
            span,
            kind: text("Type").unwrap_or("String".into()).into_owned(),
            default: text("Default").map(std::borrow::Cow::into_owned),
            allowed: allowed
                .iter()
                .filter_map(|value| Some(value.scalar()?.into_owned()))
                .collect(),
            description: text("Description").unwrap_or_default().into_owned(),
        }
    }

    /// True for a type whose value is a list.
    fn is_list(&self) -> bool {
        self.kind == "CommaDelimitedList" || self.kind.starts_with("List<")
    }

    /// The value as the rest of the template sees it.
    pub(crate) fn value(&self, overrides: &Overrides) -> Node {
        let name = &self.name;
        let given = overrides.get(name).or(self.default.as_ref());
        let content = match given {
            // The value is the name of a parameter in Systems Manager, and not what it holds.
            Some(key) if self.kind.starts_with("AWS::SSM::Parameter::Value") => {
                Content::Unknown(Unknown::new(
                    name,
                    format!("the parameter {name} takes what Systems Manager holds under {key}"),
                ))
            }
            Some(value) if self.is_list() => {
                let element = |text: &str| Node::text_at(self.span, text.trim());
                Content::List(value.split(',').map(element).collect())
            }
            Some(value) => Content::Text(value.clone()),
            None => Content::Unknown(Unknown::new(
                name,
                format!("the parameter {name} has no default; give --parameter {name}=VALUE"),
            )),
        };
        Node::new(self.span, content)
    }
}

/// The parameters that `root` declares.
pub(crate) fn declared(root: &Node) -> Vec<Parameter> {
    let parameters = root.get("Parameters").map_or(&[][..], Node::members);
    parameters
        .iter()
        .map(|member| Parameter::read(&member.name, member.name_span, &member.value))
        .collect()
}

/// What is wrong with the values given.
pub(crate) fn check(parameters: &[Parameter], overrides: &Overrides) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, value) in overrides {
        let Some(parameter) = parameters.iter().find(|it| it.name == *name) else {
            if !PSEUDO.contains(&name.as_str()) {
                problems.push(Problem {
                    kind: ProblemKind::UnknownParameter,
                    span: Span::default(),
                    message: format!("the template has no parameter {name}"),
                });
            }
            continue;
        };
        if !parameter.allowed.is_empty() && !parameter.allowed.contains(value) {
            problems.push(Problem {
                kind: ProblemKind::ParameterValue,
                span: parameter.span,
                message: format!(
                    "{name} may be {}, and {value:?} was given",
                    parameter.allowed.join(", ")
                ),
            });
        }
    }
    problems
}
