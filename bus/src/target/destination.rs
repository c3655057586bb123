//! API destinations: HTTP endpoints with a connection and a rate (EventBridge user guide, "API destinations").

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use hydrant_endpoint::Clock;
use jiff::Timestamp;
use serde_json::Value;

use super::{
    Adapter, Failure, Outgoing,
    http::{Answer, Call, Client},
};
use crate::state::{ApiDestination, Connection};

/// The API destinations that are defined, and what is known of their connections.
#[derive(Debug)]
pub(crate) struct Destinations {
    defined: RwLock<Defined>,
    /// OAuth tokens, by the ARN of their connection.
    tokens: Mutex<HashMap<String, String>>,
    turns: Mutex<HashMap<String, Turn>>,
    client: Client,
    clock: Arc<dyn Clock>,
    retried: Vec<u16>,
}

#[derive(Debug, Default)]
struct Defined {
    destinations: BTreeMap<String, ApiDestination>,
    connections: BTreeMap<String, Connection>,
}

/// When a destination may be called next.
#[derive(Debug, Clone, Copy)]
struct Turn {
    next: Timestamp,
    /// The clock when this was last asked for.
    seen: Timestamp,
}

impl Turn {
    /// Takes a turn, and lets the next come after `gap`; how long to wait for this one.
    fn take(&mut self, now: Timestamp, gap: Duration) -> Duration {
        // A clock that was set back makes nobody wait until it is where it was.
        let back = self.seen.duration_since(now);
        if back.is_positive() {
            self.next = self.next.checked_sub(back).unwrap_or(now);
        }
        let turn = self.next.max(now);
        *self = Self {
            next: turn.checked_add(gap).unwrap_or(turn),
            seen: now,
        };
        Duration::try_from(turn.duration_since(now)).unwrap_or_default()
    }
}

/// Calls a second when a destination names none.
pub(crate) const DEFAULT_RATE: u32 = 300;

impl Destinations {
    pub(crate) fn new(clock: Arc<dyn Clock>, answer_time: Duration, retried: Vec<u16>) -> Self {
        Self {
            defined: RwLock::default(),
            tokens: Mutex::default(),
            turns: Mutex::default(),
            client: Client::new(answer_time),
            clock,
            retried,
        }
    }

    /// Takes what is defined now, by ARN.
    pub(crate) fn define(
        &self,
        destinations: BTreeMap<String, ApiDestination>,
        connections: BTreeMap<String, Connection>,
    ) {
        // A connection that was changed has another token.
        let stale = |arn: &String| {
            let defined = self.defined.read().unwrap_or_else(PoisonError::into_inner);
            let before = defined.connections.get(arn).map(|it| &it.parameters);
            before != connections.get(arn).map(|it| &it.parameters)
        };
        self.tokens
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|arn, _| !stale(arn));
        *self.defined.write().unwrap_or_else(PoisonError::into_inner) = Defined {
            destinations,
            connections,
        };
    }

    fn find(&self, arn: &str) -> Result<(ApiDestination, Connection), Failure> {
        let defined = self.defined.read().unwrap_or_else(PoisonError::into_inner);
        let missing =
            |what: &str| Failure::lasting("NO_RESOURCE", format!("{what} does not exist."));
        let destination = defined.destinations.get(arn);
        let destination = destination.ok_or_else(|| missing(arn))?;
        let connection = defined.connections.get(&destination.connection);
        let connection = connection.ok_or_else(|| missing(&destination.connection))?;
        if connection.state == "DEAUTHORIZED" {
            let text = format!("The connection {} is not authorized.", connection.name);
            return Err(Failure::lasting("NO_PERMISSIONS", text));
        }
        Ok((destination.clone(), connection.clone()))
    }

    /// Waits for the destination's turn: calls that are too many wait, and none is refused.
    async fn turn(&self, arn: &str, rate: u32) {
        let now = self.clock.now();
        let wait = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            let first = Turn {
                next: now,
                seen: now,
            };
            let turn = turns.entry(arn.to_owned()).or_insert(first);
            turn.take(now, Duration::from_secs(1) / rate.max(1))
        };
        if !wait.is_zero() {
            self.clock.sleep(wait).await;
        }
    }

    /// The `Authorization` of a connection, or the header that it names.
    async fn authorization(
        &self,
        connection: &Connection,
        arn: &str,
    ) -> Result<(String, String), Failure> {
        let parameters = &connection.parameters;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match connection.authorization.as_str() {
            "BASIC" => {
                let basic = &parameters["BasicAuthParameters"];
                let pair = format!("{}:{}", text(&basic["Username"]), text(&basic["Password"]));
                let encoded = base64_simd::STANDARD.encode_to_string(pair);
                Ok(("authorization".to_owned(), format!("Basic {encoded}")))
            }
            "API_KEY" => {
                let key = &parameters["ApiKeyAuthParameters"];
                Ok((text(&key["ApiKeyName"]), text(&key["ApiKeyValue"])))
            }
            _ => {
                let known = self.lock_tokens().get(arn).cloned();
                let token = match known {
                    Some(token) => token,
                    None => self.authorize(connection, arn).await?,
                };
                Ok(("authorization".to_owned(), format!("Bearer {token}")))
            }
        }
    }

    /// Fetches a token with the credentials of an OAuth connection.
    pub(crate) async fn authorize(
        &self,
        connection: &Connection,
        arn: &str,
    ) -> Result<String, Failure> {
        let token = self
            .client
            .token(&connection.parameters["OAuthParameters"])
            .await?;
        self.lock_tokens().insert(arn.to_owned(), token.clone());
        Ok(token)
    }

    fn lock_tokens(&self) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn call(&self, arn: &str, given: &Value, event: &Outgoing) -> Result<(), Failure> {
        let (destination, connection) = self.find(arn)?;
        self.turn(arn, destination.rate.unwrap_or(DEFAULT_RATE))
            .await;
        let call = Call {
            method: &destination.method,
            endpoint: &destination.endpoint,
            target: given,
            connection: &connection.parameters["InvocationHttpParameters"],
            event,
        };
        let with = &destination.connection;
        let authorization = self.authorization(&connection, with).await?;
        let mut answer = self.client.send(&call, authorization).await?;
        let is_oauth = connection.authorization == "OAUTH_CLIENT_CREDENTIALS";
        if is_oauth && matches!(answer.status, 401 | 407) {
            self.lock_tokens().remove(with);
            let authorization = self.authorization(&connection, with).await?;
            answer = self.client.send(&call, authorization).await?;
        }
        self.judge(&destination, &answer)
    }

    fn judge(&self, destination: &ApiDestination, answer: &Answer) -> Result<(), Failure> {
        let Answer {
            status,
            retry_after,
            body,
        } = answer;
        if (200..300).contains(status) {
            return Ok(());
        }
        let code = match status {
            401 | 403 | 407 => "NO_PERMISSIONS",
            404 => "NO_RESOURCE",
            409 => "RESOURCE_ALREADY_EXISTS",
            429 => "THROTTLING",
            _ => "SDK_CLIENT_ERROR",
        };
        let message = format!(
            "{} {} answered {status}{}{body}",
            destination.method,
            destination.endpoint,
            if body.is_empty() { "" } else { ": " }
        );
        let again = (500..600).contains(status) || self.retried.contains(status);
        Err(Failure {
            retry_after: retry_after.as_deref().and_then(|text| self.seconds(text)),
            is_retryable: again,
            ..Failure::passing(code, message)
        })
    }

    /// `Retry-After`: seconds, or a date.
    fn seconds(&self, text: &str) -> Option<i64> {
        text.trim().parse().ok().or_else(|| {
            let date = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
            Some(date.timestamp().duration_since(self.clock.now()).as_secs())
        })
    }
}

/// One target's way to its destination.
#[derive(Debug)]
pub(crate) struct DestinationTarget {
    pub(crate) arn: String,
    /// The target, as `PutTargets` takes it.
    pub(crate) given: Value,
    pub(crate) destinations: Arc<Destinations>,
}

#[async_trait]
impl Adapter for DestinationTarget {
    async fn send(&self, events: &[Outgoing]) -> Vec<Result<(), Failure>> {
        let mut outcomes = Vec::with_capacity(events.len());
        for event in events {
            outcomes.push(self.destinations.call(&self.arn, &self.given, event).await);
        }
        outcomes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_come_one_after_the_other_wherever_the_clock_is_set() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let gap = Duration::from_millis(100);
        let mut turn = Turn {
            next: at(10_000),
            seen: at(10_000),
        };
        let mut wait = |second: i64| turn.take(at(second), gap).as_millis();
        assert_eq!([wait(10_000), wait(10_000), wait(10_000)], [0, 100, 200]);
        // Two hours back: the three before are still to be waited for, and nothing else.
        assert_eq!([wait(2800), wait(2800)], [300, 400]);
        assert_eq!([wait(90_000), wait(90_000)], [0, 100]);
    }
}
