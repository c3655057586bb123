//! The authorizers of a document.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use super::{Gatekeeper, Style, list, members, reader::Reader};
use crate::{
    api::gate::{AuthorizerFunction, Form, Gate, Source},
    authorizer::Authorizer,
};

/// How long an answer is good where nothing is said, in seconds.
const GOOD_FOR: i64 = 300;

/// What stands behind the authorizers that a document names.
pub trait Gatekeepers: std::fmt::Debug + Send + Sync {
    /// The Lambda function with this ARN.
    ///
    /// # Errors
    ///
    /// Why there is none.
    fn function(&self, arn: &str) -> Result<Arc<dyn AuthorizerFunction>, String>;

    /// What checks the tokens of an issuer for these audiences: the JWT authorizer of an HTTP API.
    ///
    /// # Errors
    ///
    /// Why nothing can.
    fn issuer(&self, issuer: &str, audience: &[String]) -> Result<Arc<Authorizer>, String>;

    /// What checks the tokens of Cognito's user pools with these ARNs.
    ///
    /// # Errors
    ///
    /// Why nothing can.
    fn user_pools(&self, arns: &[String]) -> Result<Arc<Authorizer>, String>;
}

impl Reader<'_> {
    pub(super) fn gatekeepers(
        &mut self,
        document: &Value,
        behind: &dyn Gatekeepers,
    ) -> IndexMap<String, Arc<Gatekeeper>> {
        let schemes = document
            .get("securityDefinitions")
            .or_else(|| document.pointer("/components/securitySchemes"));
        let mut found = IndexMap::new();
        for (name, scheme) in members(schemes) {
            let Some(definition) = scheme.get("x-amazon-apigateway-authorizer") else {
                self.refuse(
                    name,
                    "it has no x-amazon-apigateway-authorizer, so nobody is asked",
                );
                continue;
            };
            match self.gatekeeper(scheme, definition, behind) {
                Ok(gatekeeper) => {
                    found.insert(name.clone(), Arc::new(gatekeeper));
                }
                Err(why) => self.refuse(name, why),
            }
        }
        found
    }

    fn gatekeeper(
        &mut self,
        scheme: &Value,
        definition: &Value,
        behind: &dyn Gatekeepers,
    ) -> Result<Gatekeeper, String> {
        let kind = self.text(definition, &["type"]).unwrap_or_default();
        let header = self.text(scheme, &["name"]);
        let header = header.unwrap_or_else(|| "Authorization".to_owned());
        match (kind.to_lowercase().as_str(), self.style) {
            ("token", Style::Rest) => self.function(
                definition,
                Form::Token,
                vec![Source::Header(header)],
                behind,
            ),
            ("request", style) => {
                let format = definition.get("authorizerPayloadFormatVersion");
                // A template may have it as a number.
                let first = format.is_some_and(|it| it.as_str() == Some("1.0") || it == 1.0);
                let form = if style == Style::Http && first {
                    Form::First
                } else {
                    Form::Request
                };
                let sources = sources(definition)?;
                self.function(definition, form, sources, behind)
            }
            ("cognito_user_pools", Style::Rest) => Ok(Gatekeeper::Tokens {
                authorizer: behind.user_pools(&texts(definition, "providerARNs"))?,
                header,
            }),
            ("jwt", Style::Http) => {
                let configuration = definition.get("jwtConfiguration");
                let configuration = configuration.ok_or("it has no jwtConfiguration")?;
                let issuer = self.text(configuration, &["issuer"]);
                let issuer = issuer.ok_or("jwtConfiguration has no issuer")?;
                let audience = texts(configuration, "audience");
                if audience.is_empty() {
                    return Err("jwtConfiguration has no audience".to_owned());
                }
                let header = match sources(definition)?.into_iter().next() {
                    Some(Source::Header(name)) => name,
                    _ => "Authorization".to_owned(),
                };
                Ok(Gatekeeper::Tokens {
                    authorizer: behind.issuer(&issuer, &audience)?,
                    header,
                })
            }
            (other, style) => Err(format!(
                "its type is {other:?}; {}",
                match style {
                    Style::Rest => "a REST API has token, request and cognito_user_pools",
                    Style::Http => "an HTTP API has jwt and request",
                }
            )),
        }
    }

    fn function(
        &mut self,
        definition: &Value,
        form: Form,
        sources: Vec<Source>,
        behind: &dyn Gatekeepers,
    ) -> Result<Gatekeeper, String> {
        let uri = self.text(definition, &["authorizerUri"]);
        let uri = uri.ok_or("it has no authorizerUri")?;
        let expression = self.text(definition, &["identityValidationExpression"]);
        let expression = match expression.filter(|text| !text.is_empty()) {
            Some(text) => {
                let compiled = self.regex("identityValidationExpression", &text);
                Some(compiled.ok_or("its expression is none")?)
            }
            None => None,
        };
        let good_for = definition.get("authorizerResultTtlInSeconds");
        let good_for = good_for.and_then(|ttl| ttl.as_i64().or_else(|| ttl.as_str()?.parse().ok()));
        Ok(Gatekeeper::Function(Gate::new(
            form,
            sources,
            expression,
            good_for.unwrap_or(GOOD_FOR).clamp(0, 3600),
            behind.function(function_arn(&uri))?,
        )))
    }
}

/// The function's ARN in `arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations`, or the
/// whole text where it is no such URI.
fn function_arn(uri: &str) -> &str {
    let behind = uri
        .split_once("/functions/")
        .map_or(uri, |(_, behind)| behind);
    behind.strip_suffix("/invocations").unwrap_or(behind)
}

/// `identitySource`: a text with commas, or a list.
fn sources(definition: &Value) -> Result<Vec<Source>, String> {
    let texts = match definition.get("identitySource") {
        Some(Value::String(text)) => text.split(',').map(str::to_owned).collect(),
        _ => texts(definition, "identitySource"),
    };
    let texts = texts.iter().filter(|text| !text.trim().is_empty());
    texts
        .map(|text| Source::parse(text).ok_or_else(|| format!("identitySource {text:?} is none")))
        .collect()
}

fn texts(value: &Value, name: &str) -> Vec<String> {
    list(value.get(name))
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}
