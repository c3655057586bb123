//! The APIs of a template: REST APIs and HTTP APIs, described by an `OpenAPI` document or by single resources.

mod resources;

use hydrant_gateway::vtl::Names;
use hydrant_template::{Content, Node, Presence, Resource, Stack};
use serde_json::{Map, Number, Value};

/// An API as a template has it.
#[derive(Debug, Clone)]
pub(crate) struct DeclaredApi {
    /// Its logical id.
    pub(crate) id: String,
    pub(crate) style: Style,
    /// Its `OpenAPI` document; what only a deployment knows is spelled `${…}`.
    pub(crate) document: Value,
    pub(crate) stage: String,
    pub(crate) variables: Names,
}

impl DeclaredApi {
    /// Whether its document refers to a resource.
    pub(super) fn names(&self, id: &str) -> bool {
        let text = self.document.to_string();
        [format!("${{{id}.Arn}}"), format!("${{{id}}}")]
            .iter()
            .any(|reference| text.contains(reference))
    }
}

/// Which kind of API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Rest,
    Http,
}

/// Resources that make up an API, or stand for nothing here.
const PARTS: [&str; 15] = [
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::Authorizer",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Model",
    "AWS::ApiGateway::RequestValidator",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGatewayV2::Authorizer",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    "AWS::ApiGatewayV2::Deployment",
    "AWS::Lambda::Permission",
];

/// The APIs of a stack, each with the ids of the resources that it is made of.
pub(super) fn of(stack: &Stack) -> Vec<DeclaredApi> {
    let resources = stack.resources.values();
    let there = resources.filter(|it| it.presence != Presence::Absent);
    let mut apis: Vec<DeclaredApi> = there.filter_map(|resource| one(stack, resource)).collect();
    for bus in stack.of_type("AWS::Events::EventBus") {
        let name = bus.properties.get("Name").and_then(Node::as_text);
        let reference = format!("${{{}}}", bus.id);
        for api in &mut apis {
            put_in(&mut api.document, &reference, name.unwrap_or(&bus.id));
            for variable in api.variables.values_mut() {
                *variable = variable.replace(&reference, name.unwrap_or(&bus.id));
            }
        }
    }
    apis
}

/// Puts a name in the places of its reference.
fn put_in(value: &mut Value, reference: &str, name: &str) {
    match value {
        Value::String(text) => *text = text.replace(reference, name),
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| put_in(item, reference, name)),
        Value::Object(members) => {
            members
                .values_mut()
                .for_each(|member| put_in(member, reference, name));
        }
        _ => {}
    }
}

/// Whether a resource is a part of an API.
pub(super) fn is_part(resource: &Resource) -> bool {
    PARTS.contains(&resource.kind.as_str())
}

fn one(stack: &Stack, resource: &Resource) -> Option<DeclaredApi> {
    let properties = &resource.properties;
    let body = |name: &str| properties.get(name).map(value_of);
    let (style, document) = match resource.kind.as_str() {
        "AWS::Serverless::Api" => (Style::Rest, body("DefinitionBody")?),
        "AWS::Serverless::HttpApi" => (Style::Http, body("DefinitionBody")?),
        "AWS::ApiGateway::RestApi" => {
            let document = body("Body").unwrap_or_else(|| resources::rest(stack, resource));
            (Style::Rest, document)
        }
        "AWS::ApiGatewayV2::Api" => {
            let document = body("Body").unwrap_or_else(|| resources::http(stack, resource));
            (Style::Http, document)
        }
        _ => return None,
    };
    // One that nothing can be asked of is none.
    document["paths"].as_object().filter(|it| !it.is_empty())?;
    // SAM's APIs say it themselves; CloudFormation's have a resource for it.
    let stage = stage_of(stack, resource).unwrap_or(properties);
    let otherwise = match style {
        Style::Rest => "prod",
        Style::Http => "$default",
    };
    let name = stage.get("StageName").and_then(Node::scalar);
    let variables = stage
        .get("Variables")
        .or_else(|| stage.get("StageVariables"))
        .map_or(&[][..], Node::members);
    let variables = variables.iter().map(|variable| {
        let value = value_of(&variable.value);
        (variable.name.clone(), text(&value))
    });
    Some(DeclaredApi {
        id: resource.id.clone(),
        style,
        document,
        stage: name.map_or_else(|| otherwise.to_owned(), std::borrow::Cow::into_owned),
        variables: variables.collect(),
    })
}

/// The properties of the stage resource of an API.
fn stage_of<'s>(stack: &'s Stack, api: &Resource) -> Option<&'s Node> {
    let (kind, member) = match api.kind.as_str() {
        "AWS::ApiGateway::RestApi" => ("AWS::ApiGateway::Stage", "RestApiId"),
        "AWS::ApiGatewayV2::Api" => ("AWS::ApiGatewayV2::Stage", "ApiId"),
        _ => return None,
    };
    let of_api = |stage: &&Resource| {
        let id = stage.properties.get(member).and_then(Node::unknown);
        id.is_some_and(|id| id.resources.contains(&api.id))
    };
    stack
        .of_type(kind)
        .find(of_api)
        .map(|stage| &stage.properties)
}

/// A value as JSON; what only a deployment knows as `${…}`.
pub(super) fn value_of(node: &Node) -> Value {
    match &node.content {
        Content::Null => Value::Null,
        Content::Boolean(boolean) => Value::Bool(*boolean),
        Content::Number(number) => {
            let parsed = number.parse::<Number>().ok();
            parsed.map_or_else(|| Value::String(number.clone()), Value::Number)
        }
        Content::Text(text) => Value::String(text.clone()),
        Content::List(items) => items.iter().map(value_of).collect(),
        Content::Map(members) => {
            let members = members
                .iter()
                .map(|member| (member.name.clone(), value_of(&member.value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Content::Unknown(unknown) => Value::String(unknown.shown.clone()),
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
