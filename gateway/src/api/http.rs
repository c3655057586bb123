//! An HTTP API that makes an event of each request: `EventBridge-PutEvents` (API Gateway developer guide,
//! "Integration subtype reference").

use std::sync::Arc;

use hydrant_endpoint::Clock;
use serde_json::{Map, Value, json};

use super::{
    Settings, Stage,
    definition::{DefinitionError, Gatekeeper, Gatekeepers, HttpPut, Integration, Method, Style},
    deployed::{Deployed, Shut, identify},
    exchange::{Answer, Exchange},
    gate::Form,
    mapping,
    refusal::Kind,
};
use crate::events::Events;

/// An HTTP API.
#[derive(Debug)]
pub struct HttpApi(pub(super) Deployed);

/// An answer of the API's own, and what it is called when it is counted.
type Refused = (Answer, &'static str);

impl HttpApi {
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
        let counts = settings.count_items;
        let source = (document, Style::Http);
        Deployed::read(source, stage, counts, gatekeepers, events, clock).map(Self)
    }

    /// Answers a request; with the answer goes what it is called, if it is the API's own.
    pub(super) async fn answer(&self, mut exchange: Exchange) -> (Answer, Option<&'static str>) {
        match self.run(&mut exchange).await {
            Ok(answer) => (answer, None),
            Err((answer, kind)) => (answer, Some(kind)),
        }
    }

    async fn run(&self, exchange: &mut Exchange) -> Result<Answer, Refused> {
        let Some(method) = self.0.method(exchange) else {
            return Err((Answer::message(404, "Not Found"), "NOT_FOUND"));
        };
        let route_key = format!("{} {}", method.verb, method.path.text);
        exchange.context["routeKey"] = json!(route_key);
        self.authorize(method, &route_key, exchange).await?;
        match &method.integration {
            Integration::Http(put) => self.put(put, exchange).await,
            Integration::Rest(_) => Err(fault("the integration is none of an HTTP API")),
        }
    }

    async fn authorize(
        &self,
        method: &Method,
        route_key: &str,
        exchange: &mut Exchange,
    ) -> Result<(), Refused> {
        let Some(gatekeeper) = &method.gate else {
            return Ok(());
        };
        let unauthorized = || {
            (
                Answer::message(401, "Unauthorized"),
                Kind::Unauthorized.name(),
            )
        };
        let forbidden = || (Answer::message(403, "Forbidden"), Kind::AccessDenied.name());
        exchange.context["authorizer"] = match &**gatekeeper {
            Gatekeeper::Tokens { authorizer, header } => {
                let identity = identify((authorizer, header), method, exchange).await;
                let identity = identity.map_err(|shut| match shut {
                    Shut::Unauthorized => unauthorized(),
                    Shut::Scope => forbidden(),
                    Shut::Unavailable(reason) => fault(&reason),
                })?;
                json!({"claims": identity.claims, "jwt": {"claims": identity.claims}})
            }
            Gatekeeper::Function(gate) => {
                let stage = &self.0.stage;
                let identity: Vec<String> = gate
                    .sources
                    .iter()
                    .map(|source| source.value(exchange, stage).unwrap_or_default())
                    .collect();
                let arn = stage.method_arn(&exchange.verb, &exchange.path);
                let event = match gate.form {
                    Form::First => {
                        exchange.authorizer_event_1(stage, &arn, &method.path.text, &identity)
                    }
                    _ => exchange.authorizer_event_2(stage, &arn, route_key, &identity),
                };
                let entrant = gate.ask(identity, event, &arn, exchange.now).await;
                let entrant = entrant.map_err(|refusal| match refusal.kind {
                    Kind::Unauthorized => unauthorized(),
                    Kind::AccessDenied => forbidden(),
                    _ => fault(&refusal.reason.unwrap_or_default()),
                })?;
                let mut context = entrant.context;
                context.insert("principalId".to_owned(), json!(entrant.principal));
                Value::Object(context)
            }
        };
        Ok(())
    }

    async fn put(&self, put: &HttpPut, exchange: &Exchange) -> Result<Answer, Refused> {
        let text = exchange.text();
        let request = mapping::Request {
            body: &text,
            parameters: &exchange.parameters,
            context: &exchange.context,
            stage_variables: &self.0.stage.variables,
        };
        let mut entry = Map::new();
        for (name, expression) in &put.entry {
            let value = mapping::http(expression, request);
            match name.as_str() {
                // Which region's bus is one that is here.
                "Region" => {}
                "Resources" => {
                    let list = serde_json::from_str(&value).ok().filter(Value::is_array);
                    let list = list.unwrap_or_else(|| {
                        value.split(',').map(str::trim).map(Value::from).collect()
                    });
                    entry.insert(name.clone(), list);
                }
                "Time" => {
                    let time = value.parse::<jiff::Timestamp>();
                    let time = time.ok().map(jiff::Timestamp::as_second);
                    let time = time.or_else(|| value.parse().ok());
                    entry.extend(time.map(|time| (name.clone(), json!(time))));
                }
                _ => {
                    entry.insert(name.clone(), json!(value));
                }
            }
        }
        let body = json!({"Entries": [entry]}).to_string();
        let answer = tokio::select! {
            biased;
            answer = self.0.events.put(body.into()) => answer.map_err(|error| fault(&error.to_string()))?,
            () = self.0.clock.sleep(put.timeout) => {
                return Err((
                    Answer::message(504, "Endpoint request timed out"),
                    Kind::IntegrationTimeout.name(),
                ));
            }
        };
        Ok(Answer::json(answer.status, answer.body))
    }
}

/// The API's own fault: the client is told no more.
fn fault(reason: &str) -> Refused {
    tracing::warn!(%reason, "an HTTP API answers 500");
    (
        Answer::message(500, "Internal Server Error"),
        Kind::ApiConfigurationError.name(),
    )
}
