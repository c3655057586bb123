//! The buses of a template: buses and their policies, connections, API destinations, archives, and rules with their
//! targets.

mod events;

use std::collections::BTreeMap;

use hydrant_template::{Presence, Resource};
use serde_json::{Value, json};

use super::{Resolved, apis::value_of};

/// A part of a bus, as the input of the API that makes it.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// Its logical id.
    pub(crate) id: String,
    pub(crate) kind: PartKind,
    /// References to other parts are spelled `${Id.Arn}`, those to secrets `{{resolve:…}}`.
    pub(crate) input: Value,
}

/// Which kind, in the order in which they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PartKind {
    Bus,
    Policy,
    Connection,
    Destination,
    Archive,
    Rule,
}

/// Members that are numbers, and that a template may have as text.
const NUMBERS: [&str; 4] = [
    "RetentionDays",
    "InvocationRateLimitPerSecond",
    "MaximumRetryAttempts",
    "MaximumEventAgeInSeconds",
];

fn kind(resource: &Resource) -> Option<PartKind> {
    Some(match resource.kind.as_str() {
        "AWS::Events::EventBus" => PartKind::Bus,
        "AWS::Events::EventBusPolicy" => PartKind::Policy,
        "AWS::Events::Connection" => PartKind::Connection,
        "AWS::Events::ApiDestination" => PartKind::Destination,
        "AWS::Events::Archive" => PartKind::Archive,
        "AWS::Events::Rule" => PartKind::Rule,
        _ => return None,
    })
}

/// The parts of a template, in the order in which they are made.
pub(super) fn of(resolved: &Resolved<'_>) -> Vec<Part> {
    let resources = || {
        let all = resolved.stack.resources.values();
        all.filter(|it| it.presence != Presence::Absent)
    };
    let references: BTreeMap<String, String> = resources()
        .flat_map(|resource| references(resource, resolved.region, resolved.account))
        .collect();
    let functions = resolved.stack.functions();
    let mut parts: Vec<Part> = functions
        .flat_map(|function| events::of(function, resolved.region, resolved.account))
        .collect();
    for part in &mut parts {
        put_in(&mut part.input, &references);
    }
    for resource in resources() {
        let Some(kind) = kind(resource) else {
            continue;
        };
        let mut input = value_of(&resource.properties);
        put_in(&mut input, &references);
        let name = if kind == PartKind::Archive {
            "ArchiveName"
        } else {
            "Name"
        };
        if kind != PartKind::Policy && input.get(name).is_none() {
            input[name] = json!(resource.id);
        }
        parts.push(Part {
            id: resource.id.clone(),
            kind,
            input,
        });
    }
    parts.sort_by_key(|part| part.kind);
    parts
}

/// What `Ref` and `Arn` of a resource are, as far as rules and targets name them.
fn references(resource: &Resource, region: &str, account: &str) -> Vec<(String, String)> {
    let id = &resource.id;
    let named = |property: &str| {
        let name = resource
            .properties
            .get(property)
            .and_then(|name| name.as_text());
        name.unwrap_or(id).to_owned()
    };
    let (service, name, path) = match resource.kind.as_str() {
        "AWS::SQS::Queue" => ("sqs", named("QueueName"), ""),
        "AWS::KinesisFirehose::DeliveryStream" => {
            ("firehose", named("DeliveryStreamName"), "deliverystream/")
        }
        "AWS::Lambda::Function" | "AWS::Serverless::Function" => {
            ("lambda", named("FunctionName"), "function:")
        }
        "AWS::IAM::Role" => ("iam", named("RoleName"), "role/"),
        // Its ARN is what the bus says; its name is known.
        "AWS::Events::EventBus" | "AWS::Events::Connection" => {
            return vec![(format!("${{{id}}}"), named("Name"))];
        }
        _ => return Vec::new(),
    };
    let region = if service == "iam" { "" } else { region };
    let arn = format!("arn:aws:{service}:{region}:{account}:{path}{name}");
    vec![
        (format!("${{{id}.Arn}}"), arn),
        (format!("${{{id}}}"), name),
    ]
}

/// Carries out references, and writes patterns as the text that the API takes.
fn put_in(value: &mut Value, references: &BTreeMap<String, String>) {
    match value {
        Value::String(text) => {
            for (reference, known) in references {
                *text = text.replace(reference, known);
            }
        }
        Value::Array(items) => {
            for item in items {
                put_in(item, references);
            }
        }
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                put_in(member, references);
                if name == "EventPattern" && member.is_object() {
                    *member = json!(member.to_string());
                }
                let number = member.as_str().and_then(|text| text.parse::<u64>().ok());
                if let Some(number) = number.filter(|_| NUMBERS.contains(&name.as_str())) {
                    *member = json!(number);
                }
            }
        }
        _ => {}
    }
}
