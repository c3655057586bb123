//! What is behind a method: `PutEvents`, or an answer of the API's own.

use std::time::Duration;

use indexmap::IndexMap;
use regex::Regex;
use serde_json::Value;

use super::{Style, members, reader::Reader, status};
use crate::vtl::Template;

/// How long API Gateway waits for a REST API's integration, and for an HTTP API's.
const REST_TIMEOUT: Duration = Duration::from_secs(29);
const HTTP_TIMEOUT: Duration = Duration::from_secs(30);

/// What an HTTP API's integration must be told, and what it may be.
const REQUIRED: [&str; 3] = ["Detail", "DetailType", "Source"];
const OPTIONAL: [&str; 5] = ["Time", "EventBusName", "Resources", "Region", "TraceHeader"];

/// What is behind a method.
#[derive(Debug)]
pub(in super::super) enum Integration {
    Rest(RestCall),
    Http(HttpPut),
}

/// The integration of a REST API's method.
#[derive(Debug)]
pub(in super::super) struct RestCall {
    pub target: RestTarget,
    pub parameters: Vec<Mapping>,
    /// By the media type of the request.
    pub templates: IndexMap<String, Template>,
    pub passthrough: Passthrough,
    pub responses: Vec<IntegrationResponse>,
    pub timeout: Duration,
}

/// Whom a REST API's method calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum RestTarget {
    /// `PutEvents` of EventBridge.
    PutEvents,
    /// Nobody: the template's `statusCode` is the answer.
    Mock,
}

/// A parameter of the integration's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Mapping {
    pub place: Place,
    pub name: String,
    pub expression: String,
}

/// A part of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Place {
    Header,
    Query,
    Path,
}

/// What is done with a body that no template is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Passthrough {
    /// It is handed on.
    WhenNoMatch,
    /// It is handed on where there are no templates at all.
    WhenNoTemplates,
    /// It is refused.
    Never,
}

/// What the method answers for what the integration answered.
#[derive(Debug)]
pub(in super::super) struct IntegrationResponse {
    /// For statuses like this; `None` for all that no other is for.
    pub statuses: Option<Regex>,
    pub status: u16,
    pub templates: IndexMap<String, Template>,
    /// Names, and the expressions of their values.
    pub headers: Vec<(String, String)>,
}

/// `EventBridge-PutEvents` of an HTTP API: the members of the one entry.
#[derive(Debug)]
pub(in super::super) struct HttpPut {
    pub entry: IndexMap<String, String>,
    pub timeout: Duration,
}

impl Reader<'_> {
    pub(super) fn integration(&mut self, operation: &Value) -> Option<Integration> {
        let Some(integration) = operation.get("x-amazon-apigateway-integration") else {
            self.problem("it has no x-amazon-apigateway-integration");
            return None;
        };
        let integration = self.referred(self.document(), integration)?;
        match self.style {
            Style::Rest => self.rest(&integration).map(Integration::Rest),
            Style::Http => self.http(&integration).map(Integration::Http),
        }
    }

    fn rest(&mut self, integration: &Value) -> Option<RestCall> {
        let kind = self
            .text(integration, &["type"])
            .unwrap_or_default()
            .to_lowercase();
        let uri = self.text(integration, &["uri"]).unwrap_or_default();
        let target = match kind.as_str() {
            "mock" => RestTarget::Mock,
            "aws" if uri.ends_with(":events:action/PutEvents") => RestTarget::PutEvents,
            _ => {
                self.problem(format!(
                    "an integration of type {kind:?} with {uri:?} is not served here; AWS with \
                     arn:aws:apigateway:REGION:events:action/PutEvents is, and MOCK"
                ));
                return None;
            }
        };
        let parameters =
            members(integration.get("requestParameters")).filter_map(|(name, value)| {
                let (place, name) = name.strip_prefix("integration.request.")?.split_once('.')?;
                let place = match place {
                    "header" => Place::Header,
                    "querystring" => Place::Query,
                    "path" => Place::Path,
                    _ => return None,
                };
                let expression = value.as_str()?.to_owned();
                let name = name.to_owned();
                Some(Mapping {
                    place,
                    name,
                    expression,
                })
            });
        let passthrough = self
            .text(integration, &["passthroughBehavior"])
            .unwrap_or_default();
        let passthrough = match passthrough.to_lowercase().as_str() {
            "" | "when_no_match" => Passthrough::WhenNoMatch,
            "when_no_templates" => Passthrough::WhenNoTemplates,
            "never" => Passthrough::Never,
            other => {
                self.problem(format!(
                    "passthroughBehavior is {other:?}; it is when_no_match, when_no_templates or never"
                ));
                Passthrough::Never
            }
        };
        Some(RestCall {
            target,
            parameters: parameters.collect(),
            templates: self.templates("requestTemplates", integration.get("requestTemplates")),
            passthrough,
            responses: self.responses(integration.get("responses")),
            timeout: timeout(integration, REST_TIMEOUT),
        })
    }

    fn templates(&mut self, place: &str, templates: Option<&Value>) -> IndexMap<String, Template> {
        let mut read = IndexMap::new();
        for (kind, text) in members(templates) {
            let Some(text) = text.as_str() else {
                self.problem(format!("{place} {kind}: a template is text"));
                continue;
            };
            let template = self.template(&format!("{place} {kind}"), text);
            read.extend(template.map(|template| (kind.to_lowercase(), template)));
        }
        read
    }

    fn responses(&mut self, responses: Option<&Value>) -> Vec<IntegrationResponse> {
        let mut read = Vec::new();
        for (pattern, response) in members(responses) {
            self.inside(&format!("response {pattern}"), |reader| {
                let statuses = match pattern.as_str() {
                    "default" => None,
                    pattern => match reader.regex("its pattern", pattern) {
                        Some(compiled) => Some(compiled),
                        None => return,
                    },
                };
                let Some(status) = response.get("statusCode").and_then(status) else {
                    reader.problem("it has no statusCode");
                    return;
                };
                let headers = members(response.get("responseParameters"));
                let headers = headers.filter_map(|(name, value)| {
                    let name = name.strip_prefix("method.response.header.")?;
                    Some((name.to_owned(), value.as_str()?.to_owned()))
                });
                read.push(IntegrationResponse {
                    statuses,
                    status,
                    templates: reader
                        .templates("responseTemplates", response.get("responseTemplates")),
                    headers: headers.collect(),
                });
            });
        }
        // What is for all the others is asked last.
        read.sort_by_key(|response| response.statuses.is_none());
        read
    }

    fn http(&mut self, integration: &Value) -> Option<HttpPut> {
        let subtype = self
            .text(integration, &["integrationSubtype"])
            .or_else(|| self.text(integration, &["subtype"]))
            .unwrap_or_default();
        if subtype != "EventBridge-PutEvents" {
            self.problem(format!(
                "an integration of subtype {subtype:?} is not served here; EventBridge-PutEvents is"
            ));
            return None;
        }
        let mut entry = IndexMap::new();
        for (name, value) in members(integration.get("requestParameters")) {
            if !REQUIRED.contains(&name.as_str()) && !OPTIONAL.contains(&name.as_str()) {
                self.problem(format!(
                    "requestParameters: EventBridge-PutEvents has no {name}"
                ));
                continue;
            }
            entry.extend(value.as_str().map(|value| (name.clone(), value.to_owned())));
        }
        for name in REQUIRED {
            if !entry.contains_key(name) {
                self.problem(format!(
                    "requestParameters: EventBridge-PutEvents needs {name}"
                ));
            }
        }
        Some(HttpPut {
            entry,
            timeout: timeout(integration, HTTP_TIMEOUT),
        })
    }
}

fn timeout(integration: &Value, otherwise: Duration) -> Duration {
    let millis = integration.get("timeoutInMillis");
    let millis =
        millis.and_then(|millis| millis.as_u64().or_else(|| millis.as_str()?.parse().ok()));
    millis.map_or(otherwise, |millis| {
        Duration::from_millis(millis.max(50)).min(otherwise)
    })
}
