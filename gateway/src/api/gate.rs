//! Lambda authorizers in front of methods: what they are asked, and what was answered before.

use std::{collections::HashMap, fmt::Debug, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;
use regex::Regex;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::{
    Stage,
    exchange::Exchange,
    policy::{Answer, Permission},
    refusal::{Kind, Refusal},
};
use crate::authorizer::Authorizer;

/// The most answers that are kept.
const MOST_KEPT: usize = 10_000;

/// Why a function gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FunctionFailure(
    /// Its error's text: API Gateway answers 401 when it is exactly `Unauthorized`.
    pub String,
);

/// A Lambda function that authorizes.
#[async_trait]
pub trait AuthorizerFunction: Debug + Send + Sync {
    /// Answers the event of a Lambda authorizer, at the instant `now`.
    ///
    /// # Errors
    ///
    /// [`FunctionFailure`] when it throws, runs out of time or is not there.
    async fn decide(&self, event: Value, now: Timestamp) -> Result<Value, FunctionFailure>;
}

/// The authorizer of this crate, in this process.
#[async_trait]
impl AuthorizerFunction for Authorizer {
    async fn decide(&self, event: Value, now: Timestamp) -> Result<Value, FunctionFailure> {
        let decision = self.answer(&event, now).await;
        if let Some(refusal) = decision.refusal {
            tracing::info!(reason = refusal.reason(), "a token was refused: {refusal}");
        }
        decision
            .answer
            .map_err(|error| FunctionFailure(error.to_string()))
    }
}

/// Where a Lambda authorizer finds what it decides by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    Header(String),
    Query(String),
    Stage(String),
    Context(String),
}

impl Source {
    /// `method.request.header.Authorization`, `$request.header.Authorization`, …
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text
            .strip_prefix("method.request.")
            .or_else(|| text.strip_prefix("$request."))
            .or_else(|| text.strip_prefix('$'))
            .unwrap_or(text);
        let (kind, name) = text.split_once('.')?;
        let name = name.to_owned();
        Some(match kind {
            "header" => Self::Header(name),
            "querystring" => Self::Query(name),
            "stageVariables" => Self::Stage(name),
            "context" => Self::Context(name),
            _ => return None,
        })
    }

    /// What it gives.
    pub(super) fn value(&self, exchange: &Exchange, stage: &Stage) -> Option<String> {
        match self {
            Source::Header(name) => exchange
                .parameters
                .header
                .get(&name.to_lowercase())
                .cloned(),
            Source::Query(name) => exchange.parameters.query.get(name).cloned(),
            Source::Stage(name) => stage.variables.get(name).cloned(),
            Source::Context(path) => {
                let pointer = format!("/{}", path.replace('.', "/"));
                let value = exchange.context.pointer(&pointer)?;
                Some(
                    value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned),
                )
            }
        }
    }
}

/// How a function is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// With the token alone.
    Token,
    /// With the request, as the kind of API has it.
    Request,
    /// With the request in payload format 1.0, of an HTTP API.
    First,
}

/// A Lambda authorizer in front of methods.
#[derive(Debug)]
pub(super) struct Gate {
    pub form: Form,
    pub sources: Vec<Source>,
    /// What a token must look like for the function to be asked.
    pub expression: Option<Regex>,
    /// For how many seconds an answer is good.
    pub good_for: i64,
    pub function: Arc<dyn AuthorizerFunction>,
    kept: Mutex<HashMap<Vec<String>, (Value, i64)>>,
}

/// What an authorizer let in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entrant {
    pub principal: String,
    pub context: Map<String, Value>,
}

impl Gate {
    pub(super) fn new(
        form: Form,
        sources: Vec<Source>,
        expression: Option<Regex>,
        good_for: i64,
        function: Arc<dyn AuthorizerFunction>,
    ) -> Self {
        Self {
            form,
            sources,
            expression,
            good_for,
            function,
            kept: Mutex::default(),
        }
    }

    /// Asks the function, unless it has answered this before. `identity` is what the sources gave, `event` what
    /// the function is asked, `method_arn` what it is about.
    pub(super) async fn ask(
        &self,
        identity: Vec<String>,
        event: Value,
        method_arn: &str,
        now: Timestamp,
    ) -> Result<Entrant, Refusal> {
        let empty = identity.iter().any(String::is_empty);
        let unlike = self.expression.as_ref().is_some_and(|expression| {
            !identity
                .first()
                .is_some_and(|token| expression.is_match(token))
        });
        if empty || unlike {
            return Err(Kind::Unauthorized.into());
        }
        let answer = self.answer(identity, event, now).await?;
        let answer = Answer::read(&answer).map_err(|reason| {
            let reason = format!("what the authorizer answered is no answer: {reason}");
            Refusal::because(Kind::AuthorizerConfigurationError, reason)
        })?;
        match answer.permits(method_arn) {
            Permission::Allowed => Ok(Entrant {
                principal: answer.principal,
                context: answer.context,
            }),
            Permission::NotAllowed => Err(Kind::AccessDenied.into()),
            Permission::Denied => Err(Refusal {
                message: Some(
                    "User is not authorized to access this resource with an explicit deny"
                        .to_owned(),
                ),
                ..Kind::AccessDenied.into()
            }),
        }
    }

    async fn answer(
        &self,
        identity: Vec<String>,
        event: Value,
        now: Timestamp,
    ) -> Result<Value, Refusal> {
        let second = now.as_second();
        let caches = self.good_for > 0 && !identity.is_empty();
        if caches
            && let Some((answer, asked)) = self.kept.lock().await.get(&identity)
            && (0..self.good_for).contains(&second.saturating_sub(*asked))
        {
            return Ok(answer.clone());
        }
        let answer = self.function.decide(event, now).await.map_err(|failure| {
            if failure.0 == "Unauthorized" {
                return Kind::Unauthorized.into();
            }
            let reason = format!("the authorizer failed: {failure}");
            Refusal::because(Kind::AuthorizerConfigurationError, reason)
        })?;
        if caches {
            let mut kept = self.kept.lock().await;
            if kept.len() >= MOST_KEPT {
                let good_for = self.good_for;
                kept.retain(|_, (_, asked)| (0..good_for).contains(&second.saturating_sub(*asked)));
            }
            // Where all of them are good still, the new one is not kept.
            if kept.len() < MOST_KEPT {
                kept.insert(identity, (answer.clone(), second));
            }
        }
        Ok(answer)
    }
}
