//! Delivery streams of a template, as `CreateDeliveryStream` takes them.

use serde_json::{Map, Value};

use crate::{
    node::{Content, Node, Unknown},
    source::Span,
    template::Resource,
};

pub(crate) const DELIVERY_STREAM: &str = "AWS::KinesisFirehose::DeliveryStream";

/// A delivery stream of a template. Its properties have the names of the members of `CreateDeliveryStream`.
#[derive(Debug, Clone, Copy)]
pub struct StreamInput<'s> {
    /// The resource.
    pub resource: &'s Resource,
}

/// A value that stands in for one that only a deployment knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    /// The member, such as `ExtendedS3DestinationConfiguration.RoleARN`.
    pub member: String,
    /// Where it stands.
    pub span: Span,
    /// What is not known.
    pub unknown: Unknown,
    /// What stands in for it.
    pub value: String,
}

/// Members that a template may spell as text, and that the API takes as numbers.
const NUMBERS: [&str; 4] = [
    "SizeInMBs",
    "IntervalInSeconds",
    "DurationInSeconds",
    "ThroughputHintInMBs",
];
/// Members that a template may spell as text, and that the API takes as booleans.
const BOOLEANS: [&str; 1] = ["Enabled"];

impl<'s> StreamInput<'s> {
    pub(crate) fn new(resource: &'s Resource) -> Self {
        Self { resource }
    }

    /// `DeliveryStreamName`, or the logical id, which the name that CloudFormation makes has in it.
    pub fn name(self) -> &'s str {
        let name = self.resource.properties.get("DeliveryStreamName");
        name.and_then(Node::as_text).unwrap_or(&self.resource.id)
    }

    /// The input of `CreateDeliveryStream` as JSON. Names and ARNs that only a deployment knows are stood in
    /// for, and the stand-ins are listed: nothing that decides about a record is among them.
    ///
    /// # Errors
    ///
    /// Everything else that is not known.
    pub fn to_json(self) -> Result<(Value, Vec<StandIn>), Vec<StandIn>> {
        let mut writer = Writer {
            stand_ins: Vec::new(),
            missing: Vec::new(),
        };
        let mut json = writer.node("", "", &self.resource.properties);
        if let Value::Object(members) = &mut json {
            members
                .entry("DeliveryStreamName")
                .or_insert_with(|| self.name().into());
        }
        if writer.missing.is_empty() {
            Ok((json, writer.stand_ins))
        } else {
            Err(writer.missing)
        }
    }
}

struct Writer {
    stand_ins: Vec<StandIn>,
    missing: Vec<StandIn>,
}

impl Writer {
    fn node(&mut self, path: &str, name: &str, node: &Node) -> Value {
        match &node.content {
            Content::Null => Value::Null,
            Content::Boolean(value) => Value::Bool(*value),
            Content::Number(text) if name == "ParameterValue" => Value::String(text.clone()),
            Content::Number(text) => number(text),
            Content::Text(text) if NUMBERS.contains(&name) => number(text),
            Content::Text(text) if BOOLEANS.contains(&name) => node
                .as_bool()
                .map_or_else(|| text.clone().into(), Value::Bool),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(elements) => {
                let elements = elements.iter().enumerate();
                let element = |(at, node)| self.node(&format!("{path}[{at}]"), name, node);
                Value::Array(elements.map(element).collect())
            }
            Content::Map(members) => {
                let mut object = Map::new();
                // The value of a processor's parameter is an ARN where the parameter's name says so.
                let parameter = node.get("ParameterName").and_then(Node::as_text);
                for member in members {
                    let path = match path {
                        "" => member.name.clone(),
                        _ => format!("{path}.{}", member.name),
                    };
                    let name = match (member.name.as_str(), parameter) {
                        ("ParameterValue", Some(parameter)) if member.value.unknown().is_some() => {
                            parameter
                        }
                        (name, _) => name,
                    };
                    object.insert(member.name.clone(), self.node(&path, name, &member.value));
                }
                Value::Object(object)
            }
            Content::Unknown(unknown) => {
                let value = stand_in(name, unknown);
                let list = match value {
                    Some(_) => &mut self.stand_ins,
                    None => &mut self.missing,
                };
                let value = value.unwrap_or_default();
                list.push(StandIn {
                    member: path.to_owned(),
                    span: node.span,
                    unknown: unknown.clone(),
                    value: value.clone(),
                });
                Value::String(value)
            }
        }
    }
}

fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// What a role, a bucket or a function could be called.
fn stand_in(name: &str, unknown: &Unknown) -> Option<String> {
    let called = unknown.resources.first().map_or_else(
        || {
            let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
            let text: String = unknown.shown.chars().map(plain).collect();
            text.trim_matches('-').to_owned()
        },
        Clone::clone,
    );
    match name {
        "RoleARN" | "RoleArn" => Some(format!("arn:aws:iam::000000000000:role/{called}")),
        "BucketARN" => Some(format!("arn:aws:s3:::{}", called.to_lowercase())),
        "LambdaArn" => Some(format!(
            "arn:aws:lambda:us-east-1:000000000000:function:{called}"
        )),
        "KinesisStreamARN" => Some(format!(
            "arn:aws:kinesis:us-east-1:000000000000:stream/{called}"
        )),
        // Tags decide nothing, as names do. A table is found by its names, and one without has its logical id.
        "DeliveryStreamName" | "LogGroupName" | "LogStreamName" | "Key" | "Value"
        | "DatabaseName" | "TableName" => Some(called),
        "AWSKMSKeyARN" | "KeyARN" => {
            Some(format!("arn:aws:kms:us-east-1:000000000000:key/{called}"))
        }
        _ => None,
    }
}
