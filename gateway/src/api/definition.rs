//! An API as its `OpenAPI` document describes it, with the extensions of API Gateway (API Gateway developer guide,
//! "`OpenAPI` extensions for API Gateway").

mod gatekeepers;
mod integration;
mod reader;

use std::sync::Arc;

use indexmap::IndexMap;
use regex::Regex;
use serde_json::{Map, Value};

use super::{
    gate::Gate,
    model::Model,
    refusal::{Look, Looks},
    route::Path,
};
use crate::{authorizer::Authorizer, vtl::Template};

pub use gatekeepers::Gatekeepers;
pub(super) use integration::{
    HttpPut, Integration, IntegrationResponse, Passthrough, Place, RestCall, RestTarget,
};
use reader::Reader;

/// What about a document cannot be served, each at its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", problems.join("\n"))]
pub struct DefinitionError {
    /// The problems.
    pub problems: Vec<String>,
}

/// A document that was read.
#[derive(Debug)]
pub(super) struct Definition {
    pub title: String,
    pub methods: Vec<Method>,
    pub looks: Looks,
}

/// A method of an API.
#[derive(Debug)]
pub(super) struct Method {
    /// `POST`, or `ANY`.
    pub verb: String,
    pub path: Path,
    pub gate: Option<Arc<Gatekeeper>>,
    pub scopes: Vec<String>,
    pub validate_body: bool,
    pub validate_parameters: bool,
    /// By the media type of the body.
    pub models: IndexMap<String, Model>,
    /// Headers, query and path parameters that must be there.
    pub required: Vec<(Place, String)>,
    pub integration: Integration,
}

/// Who stands in front of a method.
#[derive(Debug)]
pub(super) enum Gatekeeper {
    /// A Lambda function.
    Function(Gate),
    /// The tokens of an issuer, checked by the API itself: those of a user pool, or a JWT authorizer.
    Tokens {
        authorizer: Arc<Authorizer>,
        header: String,
    },
}

/// Which kind of API a document is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Rest,
    Http,
}

const VERBS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

impl Definition {
    /// Reads a document.
    pub(super) fn read(
        document: &Value,
        style: Style,
        counts: bool,
        gatekeepers: &dyn Gatekeepers,
    ) -> Result<Self, DefinitionError> {
        let mut reader = Reader::new(document, style, counts);
        let definition = Self {
            title: reader
                .text(document, &["info", "title"])
                .unwrap_or_default(),
            looks: reader.looks(document),
            methods: reader.methods(document, gatekeepers),
        };
        if definition.methods.is_empty() && reader.problems.is_empty() {
            reader.problem("paths: no method is in it, so nothing can be asked of the API");
        }
        if reader.problems.is_empty() {
            Ok(definition)
        } else {
            Err(DefinitionError {
                problems: reader.problems,
            })
        }
    }
}

impl Reader<'_> {
    fn methods(&mut self, document: &Value, gatekeepers: &dyn Gatekeepers) -> Vec<Method> {
        let known = self.gatekeepers(document, gatekeepers);
        let mut methods = Vec::new();
        for (path, item) in members(document.get("paths")) {
            for (verb, operation) in members(Some(item)) {
                let any = verb == "x-amazon-apigateway-any-method";
                if !any && !VERBS.contains(&verb.as_str()) {
                    continue;
                }
                let shown = if any {
                    "ANY".to_owned()
                } else {
                    verb.to_uppercase()
                };
                self.inside(&format!("{shown} {path}"), |reader| {
                    let method = reader.method(document, &shown, path, item, operation, &known);
                    methods.extend(method);
                });
            }
        }
        methods.sort_by_key(|method| (method.path.rank(), method.verb == "ANY"));
        methods
    }

    fn method(
        &mut self,
        document: &Value,
        verb: &str,
        path: &str,
        item: &Value,
        operation: &Value,
        known: &IndexMap<String, Arc<Gatekeeper>>,
    ) -> Option<Method> {
        let (gate, scopes) = self.security(document, operation, known);
        let (validate_body, validate_parameters) = self.validator(document, operation);
        let parameters = list(item.get("parameters"))
            .chain(list(operation.get("parameters")))
            .filter_map(|parameter| self.referred(document, parameter))
            .collect::<Vec<_>>();
        Some(Method {
            verb: verb.to_owned(),
            path: Path::parse(path),
            gate,
            scopes,
            validate_body,
            validate_parameters,
            models: self.models(document, operation, &parameters),
            required: parameters.iter().filter_map(required).collect(),
            integration: self.integration(operation)?,
        })
    }

    /// Who stands in front of a method, and the scopes that are asked for.
    fn security(
        &mut self,
        document: &Value,
        operation: &Value,
        known: &IndexMap<String, Arc<Gatekeeper>>,
    ) -> (Option<Arc<Gatekeeper>>, Vec<String>) {
        let security = operation
            .get("security")
            .or_else(|| document.get("security"));
        let first = list(security).flat_map(|one| members(Some(one))).next();
        let Some((name, scopes)) = first else {
            return (None, Vec::new());
        };
        let scopes = list(Some(scopes))
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let gate = known.get(name).cloned();
        if gate.is_none() && !self.is_refused(name) {
            self.problem(format!(
                "security: there is no authorizer called {name}; everybody would be let in"
            ));
        }
        (gate, scopes)
    }

    /// Whether body and parameters are checked.
    fn validator(&mut self, document: &Value, operation: &Value) -> (bool, bool) {
        const NAME: &str = "x-amazon-apigateway-request-validator";
        let name = operation.get(NAME).or_else(|| document.get(NAME));
        let Some(name) = name.and_then(Value::as_str) else {
            return (false, false);
        };
        let validators = document.get("x-amazon-apigateway-request-validators");
        let Some(validator) = validators.and_then(|validators| validators.get(name)) else {
            self.problem(format!("{NAME}: there is no validator called {name}"));
            return (false, false);
        };
        let flag = |name: &str| validator.get(name).is_some_and(is_true);
        (
            flag("validateRequestBody"),
            flag("validateRequestParameters"),
        )
    }

    fn models(
        &mut self,
        document: &Value,
        operation: &Value,
        parameters: &[Value],
    ) -> IndexMap<String, Model> {
        let definitions = document
            .get("definitions")
            .or_else(|| document.pointer("/components/schemas"))
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        let body = operation
            .get("requestBody")
            .and_then(|body| self.referred(document, body));
        let mut schemas: Vec<(String, Value)> =
            members(body.as_ref().and_then(|b| b.get("content")))
                .filter_map(|(kind, content)| Some((kind.clone(), content.get("schema")?.clone())))
                .collect();
        let in_body = parameters
            .iter()
            .find(|parameter| parameter.get("in").and_then(Value::as_str) == Some("body"));
        if let Some(schema) = in_body.and_then(|parameter| parameter.get("schema")) {
            schemas.push(("application/json".to_owned(), schema.clone()));
        }
        let mut models = IndexMap::new();
        for (kind, schema) in schemas {
            match Model::compile(&schema, &definitions, self.counts) {
                Ok(model) => {
                    models.insert(kind, model);
                }
                Err(error) => self.problem(format!("the model for {kind} is no schema: {error}")),
            }
        }
        models
    }

    /// Gateway responses that are not as API Gateway has them.
    fn looks(&mut self, document: &Value) -> Looks {
        const NAME: &str = "x-amazon-apigateway-gateway-responses";
        let mut looks = Looks::default();
        for (kind, look) in members(document.get(NAME)) {
            self.inside(&format!("{NAME} {kind}"), |reader| {
                let template = look
                    .get("responseTemplates")
                    .and_then(|all| all.get("application/json"));
                let template = template.and_then(Value::as_str);
                let headers =
                    members(look.get("responseParameters")).filter_map(|(name, value)| {
                        let name = name.strip_prefix("gatewayresponse.header.")?;
                        let value = value.as_str()?.trim_matches('\'');
                        Some((name.to_owned(), value.to_owned()))
                    });
                let look = Look {
                    status: look.get("statusCode").and_then(status),
                    headers: headers.collect(),
                    template: template.and_then(|text| reader.template("responseTemplates", text)),
                };
                looks.0.insert(kind.to_uppercase(), look);
            });
        }
        looks
    }

    fn template(&mut self, place: &str, text: &str) -> Option<Template> {
        match Template::parse(text) {
            Ok(template) => Some(template),
            Err(error) => {
                self.problem(format!("{place}: the template, {error}"));
                None
            }
        }
    }

    fn regex(&mut self, place: &str, text: &str) -> Option<Regex> {
        let compiled = Regex::new(&format!(r"\A(?:{text})\z"));
        if compiled.is_err() {
            self.problem(format!(
                "{place}: {text:?} is no regular expression that is understood here"
            ));
        }
        compiled.ok()
    }
}

/// A parameter that must be there, and is not the body.
fn required(parameter: &Value) -> Option<(Place, String)> {
    let place = match parameter.get("in").and_then(Value::as_str)? {
        "header" => Place::Header,
        "query" => Place::Query,
        "path" => Place::Path,
        _ => return None,
    };
    let name = parameter.get("name").and_then(Value::as_str)?;
    let required = parameter.get("required").is_some_and(is_true);
    required.then(|| (place, name.to_owned()))
}

/// A number, or one in text, as templates have both.
fn status(value: &Value) -> Option<u16> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    u16::try_from(number)
        .ok()
        .filter(|status| (100..600).contains(status))
}

fn is_true(value: &Value) -> bool {
    value.as_bool() == Some(true) || value.as_str() == Some("true")
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::iter)
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}
