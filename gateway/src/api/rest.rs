//! A REST API: route, authorizer, request model, mapping template, `PutEvents`, response.

use std::sync::Arc;

use bytes::Bytes;
use hydrant_endpoint::Clock;
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{
    Settings, Stage,
    definition::{
        DefinitionError, Gatekeeper, Gatekeepers, Integration, IntegrationResponse, Method,
        Passthrough, Place, RestCall, RestTarget, Style,
    },
    deployed::{Deployed, Shut, identify},
    exchange::{Answer, Exchange},
    gate::{Entrant, Form, Gate},
    mapping,
    refusal::{Kind, Refusal},
    validation::validate,
};
use crate::{
    events::{Events, EventsAnswer},
    vtl::{Input, Names, Parameters, RenderError, Rendered, Template},
};

const JSON: &str = "application/json";

/// What EventBridge must be told of a request, which API Gateway does not do by itself.
const TARGET: &str = "AWSEvents.PutEvents";

/// A REST API.
#[derive(Debug)]
pub struct RestApi {
    pub(super) deployed: Deployed,
    settings: Settings,
}

/// What an integration answered.
struct Answered {
    status: u16,
    headers: Names,
    body: Bytes,
}

impl RestApi {
    /// The API of an `OpenAPI` document, at a stage.
    ///
    /// # Errors
    ///
    /// Everything in the document that cannot be served here.
    pub fn new(
        document: &Value,
        stage: Stage,
        settings: Settings,
        gatekeepers: &dyn Gatekeepers,
        events: Arc<dyn Events>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, DefinitionError> {
        let (source, counts) = ((document, Style::Rest), settings.count_items);
        Ok(Self {
            deployed: Deployed::read(source, stage, counts, gatekeepers, events, clock)?,
            settings,
        })
    }

    /// Answers a request; with the answer goes the kind of the gateway response, if it is one.
    pub(super) async fn answer(&self, mut exchange: Exchange) -> (Answer, Option<&'static str>) {
        match self.run(&mut exchange).await {
            Ok(answer) => (answer, None),
            Err(refusal) => {
                if let Some(reason) = &refusal.reason {
                    let (verb, path) = (&exchange.verb, &exchange.path);
                    tracing::warn!(%reason, "{verb} {path} answers {}", refusal.kind.name());
                }
                let kind = refusal.kind.name();
                (self.refuse(&refusal, &exchange), Some(kind))
            }
        }
    }

    async fn run(&self, exchange: &mut Exchange) -> Result<Answer, Refusal> {
        let method = self.deployed.method(exchange);
        let method = method.ok_or(Refusal::from(Kind::MissingAuthenticationToken))?;
        exchange.context["resourcePath"] = json!(method.path.text);
        exchange.context["resourceId"] = json!(method.path.text);
        if self.settings.validate_first {
            validate(method, exchange)?;
            self.authorize(method, exchange).await?;
        } else {
            self.authorize(method, exchange).await?;
            validate(method, exchange)?;
        }
        match &method.integration {
            Integration::Rest(call) => self.integrate(call, exchange).await,
            Integration::Http(_) => Err(Kind::ApiConfigurationError.into()),
        }
    }

    async fn authorize(&self, method: &Method, exchange: &mut Exchange) -> Result<(), Refusal> {
        let Some(gatekeeper) = &method.gate else {
            return Ok(());
        };
        exchange.context["authorizer"] = match &**gatekeeper {
            Gatekeeper::Function(gate) => {
                let entrant = self.ask(gate, method, exchange).await?;
                let mut context = entrant.context;
                context.insert("principalId".to_owned(), json!(entrant.principal));
                Value::Object(context)
            }
            Gatekeeper::Tokens { authorizer, header } => {
                let identity = identify((authorizer, header), method, exchange).await;
                let identity = identity.map_err(|shut| match shut {
                    // A client whose token is not good is unauthorized; where that cannot be told, the API is at
                    // fault.
                    Shut::Unauthorized | Shut::Scope => Kind::Unauthorized.into(),
                    Shut::Unavailable(reason) => Refusal::because(Kind::AuthorizerFailure, reason),
                })?;
                json!({"claims": identity.claims, "principalId": identity.subject})
            }
        };
        Ok(())
    }

    async fn ask(
        &self,
        gate: &Gate,
        method: &Method,
        exchange: &Exchange,
    ) -> Result<Entrant, Refusal> {
        let stage = &self.deployed.stage;
        let arn = stage.method_arn(&exchange.verb, &exchange.path);
        let identity: Vec<String> = gate
            .sources
            .iter()
            .map(|source| source.value(exchange, stage).unwrap_or_default())
            .collect();
        let event = match gate.form {
            Form::Token => json!({
                "type": "TOKEN",
                "authorizationToken": identity.first(),
                "methodArn": arn,
            }),
            _ => exchange.authorizer_event(stage, &arn, &method.path.text),
        };
        gate.ask(identity, event, &arn, exchange.now).await
    }

    async fn integrate(&self, call: &RestCall, exchange: &Exchange) -> Result<Answer, Refusal> {
        let text = exchange.text();
        let request = self.input(&text, &exchange.parameters, &exchange.context);
        let rendered = match template(call, exchange)? {
            Some(template) => self.render(template, request)?,
            None => Rendered {
                text: text.clone().into_owned(),
                ..Rendered::default()
            },
        };
        let answered = match call.target {
            RestTarget::Mock => mock(&rendered)?,
            RestTarget::PutEvents => {
                let headers = self.headers(call, exchange, &rendered);
                self.put(call, &headers, rendered.text.clone().into())
                    .await?
            }
        };
        self.respond(call, exchange, &rendered, &answered)
    }

    fn input<'a>(
        &'a self,
        body: &'a str,
        parameters: &'a Parameters,
        context: &'a Value,
    ) -> Input<'a> {
        Input {
            body,
            parameters,
            context,
            stage_variables: &self.deployed.stage.variables,
        }
    }

    fn render(&self, template: &Template, input: Input<'_>) -> Result<Rendered, Refusal> {
        template
            .render(input, self.settings.templates)
            .map_err(|error| match error {
                RenderError::Body { reason } => Refusal {
                    message: Some(format!("Could not parse request body into json: {reason}")),
                    ..Kind::BadRequestBody.into()
                },
                error => {
                    let reason = format!("the mapping template: {error}");
                    Refusal::because(Kind::ApiConfigurationError, reason)
                }
            })
    }

    /// The headers of the integration's request, in small letters: mapped, then what the template set.
    fn headers(&self, call: &RestCall, exchange: &Exchange, rendered: &Rendered) -> Names {
        let text = exchange.text();
        let request = mapping::Request {
            body: &text,
            parameters: &exchange.parameters,
            context: &exchange.context,
            stage_variables: &self.deployed.stage.variables,
        };
        let mut headers = Names::from([("content-type".to_owned(), JSON.to_owned())]);
        for parameter in call
            .parameters
            .iter()
            .filter(|mapped| mapped.place == Place::Header)
        {
            if let Some(value) = mapping::rest(&parameter.expression, request) {
                headers.insert(parameter.name.to_lowercase(), value);
            }
        }
        for (name, value) in &rendered.request.header {
            headers.insert(name.to_lowercase(), value.clone());
        }
        headers
    }

    async fn put(
        &self,
        call: &RestCall,
        headers: &Names,
        body: Bytes,
    ) -> Result<Answered, Refusal> {
        let is = |name: &str, value: &str| headers.get(name).is_some_and(|given| given == value);
        if !is("x-amz-target", TARGET) || !is("content-type", "application/x-amz-json-1.1") {
            // What EventBridge says to a request that names no operation in its own protocol.
            tracing::warn!(
                "the integration sends no X-Amz-Target: {TARGET} and Content-Type: \
                 application/x-amz-json-1.1, which EventBridge wants; set them in requestParameters or in \
                 the template"
            );
            let answer = EventsAnswer::error(
                404,
                "com.amazon.coral.service#UnknownOperationException",
                None,
            );
            return Ok(answered(answer));
        }
        tokio::select! {
            biased;
            answer = self.deployed.events.put(body) => answer.map(answered).map_err(|error| {
                Refusal::because(Kind::IntegrationFailure, error.to_string())
            }),
            () = self.deployed.clock.sleep(call.timeout) => Err(Kind::IntegrationTimeout.into()),
        }
    }

    /// The answer that is made of the integration's.
    fn respond(
        &self,
        call: &RestCall,
        exchange: &Exchange,
        rendered: &Rendered,
        answered: &Answered,
    ) -> Result<Answer, Refusal> {
        let status = answered.status.to_string();
        let is_for = |response: &&IntegrationResponse| {
            let statuses = response.statuses.as_ref();
            statuses.is_none_or(|statuses| statuses.is_match(&status))
        };
        let response = call.responses.iter().find(is_for).ok_or_else(|| {
            let reason = format!("no integration response is for the status {status}");
            Refusal::because(Kind::ApiConfigurationError, reason)
        })?;
        let text = String::from_utf8_lossy(&answered.body);
        let parameters = Parameters {
            header: answered.headers.clone(),
            ..Parameters::default()
        };
        let made = match pick(&response.templates, exchange) {
            Some(template) => {
                self.render(template, self.input(&text, &parameters, &exchange.context))?
            }
            None => Rendered {
                text: text.clone().into_owned(),
                ..Rendered::default()
            },
        };
        let mut answer = Answer::json(
            made.response_status
                .or(rendered.response_status)
                .unwrap_or(response.status),
            made.text,
        );
        let request = mapping::Request {
            body: &text,
            parameters: &parameters,
            context: &exchange.context,
            stage_variables: &self.deployed.stage.variables,
        };
        for (name, expression) in &response.headers {
            if let Some(value) = mapping::rest(expression, request) {
                answer.header(name, value);
            }
        }
        for (name, value) in rendered
            .response_headers
            .iter()
            .chain(&made.response_headers)
        {
            answer.header(name, value);
        }
        Ok(answer)
    }

    /// A gateway response, as the API wants it to look.
    fn refuse(&self, refusal: &Refusal, exchange: &Exchange) -> Answer {
        let kind = refusal.kind;
        let look = self.deployed.definition.looks.of(kind);
        let mut context = exchange.context.clone();
        context["error"] = json!({
            "message": refusal.message,
            "messageString": json!(refusal.message).to_string(),
            "responseType": kind.name(),
            "validationErrorString": refusal.validation,
        });
        let text = exchange.text();
        let input = self.input(&text, &exchange.parameters, &context);
        let rendered = look
            .and_then(|look| look.template.as_ref())
            .and_then(|template| template.render(input, self.settings.templates).ok());
        let plain = || json!({"message": refusal.message}).to_string();
        let status = look.and_then(|look| look.status).unwrap_or(kind.status());
        let mut answer = match rendered {
            Some(rendered) => {
                let status = rendered.response_status.unwrap_or(status);
                Answer::json(status, rendered.text)
            }
            None => Answer::json(status, plain()),
        };
        answer.header("x-amzn-errortype", kind.error_type());
        for (name, value) in look.into_iter().flat_map(|look| &look.headers) {
            answer.header(name, value);
        }
        answer
    }
}

/// The template for a request's media type; none where the body is handed on.
fn template<'c>(call: &'c RestCall, exchange: &Exchange) -> Result<Option<&'c Template>, Refusal> {
    let template = call.templates.get(&exchange.media_type);
    let passes = match call.passthrough {
        Passthrough::WhenNoMatch => true,
        Passthrough::WhenNoTemplates => call.templates.is_empty(),
        Passthrough::Never => false,
    };
    if template.is_none() && !passes {
        return Err(Kind::UnsupportedMediaType.into());
    }
    Ok(template)
}

/// The template of a response: that for what the client accepts, for JSON, or the first.
fn pick<'t>(
    templates: &'t IndexMap<String, Template>,
    exchange: &Exchange,
) -> Option<&'t Template> {
    let accepted = exchange
        .parameters
        .header
        .get("accept")
        .map_or(JSON, String::as_str);
    let wanted = accepted
        .split([',', ';'])
        .map(|kind| kind.trim().to_lowercase());
    wanted
        .chain([JSON.to_owned()])
        .find_map(|kind| templates.get(&kind))
        .or_else(|| templates.values().next())
}

fn answered(answer: EventsAnswer) -> Answered {
    Answered {
        status: answer.status,
        headers: Names::new(),
        body: answer.body,
    }
}

/// A mock's answer: the status that the template says, and no body.
fn mock(rendered: &Rendered) -> Result<Answered, Refusal> {
    let said: Value = serde_json::from_str(&rendered.text).unwrap_or_default();
    let status = said.get("statusCode");
    let status = status.and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
    let status = status
        .and_then(|code| u16::try_from(code).ok())
        .ok_or_else(|| {
            let reason = "the template of a mock gives no {\"statusCode\": 200}";
            Refusal::because(Kind::ApiConfigurationError, reason)
        })?;
    Ok(Answered {
        status,
        headers: Names::new(),
        body: Bytes::new(),
    })
}
