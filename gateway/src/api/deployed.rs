//! What both kinds of API have in common: a definition at a stage, in front of a bus.

use std::sync::Arc;

use hydrant_endpoint::Clock;
use serde_json::Value;

use super::{
    Stage,
    definition::{Definition, DefinitionError, Gatekeepers, Method, Style},
    exchange::Exchange,
};
use crate::{
    authorizer::{Authorizer, Denied, Identity},
    events::Events,
};

/// An API that is deployed.
#[derive(Debug)]
pub(super) struct Deployed {
    pub stage: Stage,
    pub definition: Definition,
    pub events: Arc<dyn Events>,
    pub clock: Arc<dyn Clock>,
}

/// Why the tokens' authorizer lets nobody in.
#[derive(Debug)]
pub(super) enum Shut {
    /// There is no token, or none that is good.
    Unauthorized,
    /// The token has none of the scopes that are asked for.
    Scope,
    /// It cannot be told whether the token is good.
    Unavailable(String),
}

impl Deployed {
    pub(super) fn read(
        (document, style): (&Value, Style),
        stage: Stage,
        counts: bool,
        gatekeepers: &dyn Gatekeepers,
        events: Arc<dyn Events>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, DefinitionError> {
        Ok(Self {
            definition: Definition::read(document, style, counts, gatekeepers)?,
            stage,
            events,
            clock,
        })
    }

    /// What the document calls it, or else its id.
    pub(super) fn title(&self) -> &str {
        match self.definition.title.as_str() {
            "" => &self.stage.api_id,
            title => title,
        }
    }

    /// Its methods: verb and path, with the stage in front.
    pub(super) fn methods(&self) -> impl Iterator<Item = (&str, String)> {
        let prefix = self.stage.prefix();
        let methods = self.definition.methods.iter();
        methods.map(move |method| {
            let path = format!("{prefix}{}", method.path.text);
            (method.verb.as_str(), path)
        })
    }

    /// Whether a method has this path, behind the stage.
    pub(super) fn routes(&self, path: &str) -> bool {
        let mut methods = self.definition.methods.iter();
        methods.any(|method| method.path.matches(path).is_some())
    }

    /// The method that a request is for; the parameters in its path go into the exchange.
    pub(super) fn method(&self, exchange: &mut Exchange) -> Option<&Method> {
        let found = self.definition.methods.iter().find_map(|method| {
            let verb = method.verb == "ANY" || method.verb == exchange.verb;
            let names = method.path.matches(&exchange.path).filter(|_| verb)?;
            Some((method, names))
        });
        let (method, names) = found?;
        exchange.parameters.path = names;
        Some(method)
    }
}

/// Who a request's token says that the client is.
pub(super) async fn identify(
    (authorizer, header): (&Authorizer, &str),
    method: &Method,
    exchange: &Exchange,
) -> Result<Identity, Shut> {
    let token = exchange.parameters.header.get(&header.to_lowercase());
    let token = token.ok_or(Shut::Unauthorized)?;
    let identity = authorizer.authorize(token, exchange.now).await;
    let identity = identity.map_err(|denied| match denied {
        Denied::Refused(refusal) => {
            tracing::info!(reason = refusal.reason(), "a token was refused: {refusal}");
            Shut::Unauthorized
        }
        Denied::Unavailable(error) => Shut::Unavailable(error.to_string()),
    })?;
    let scope = identity.claims.get("scope").and_then(Value::as_str);
    let mut scopes = scope.unwrap_or_default().split(' ');
    if method.scopes.is_empty() || scopes.any(|it| method.scopes.iter().any(|wanted| wanted == it))
    {
        Ok(identity)
    } else {
        Err(Shut::Scope)
    }
}
