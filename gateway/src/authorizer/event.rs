//! The events of Lambda authorizers and their answers (API Gateway developer guide, "Use API Gateway Lambda
//! authorizers" and "Control access to HTTP APIs with AWS Lambda authorizers").

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Authorizer, Denied, Identity};

/// How an event wants to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    /// With a policy on the API that this ARN is of.
    Policy { method_arn: String },
    /// With `isAuthorized`: an HTTP API, payload format 2.0.
    Simple,
}

/// Why an event has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The token is not good. API Gateway answers 401 to an error that is called exactly this.
    #[error("Unauthorized")]
    Unauthorized,
    /// It is no event of an authorizer.
    #[error("not the event of a Lambda authorizer: {reason}")]
    NotAnEvent {
        /// What about it.
        reason: &'static str,
    },
    /// Whether the token is good cannot be told.
    #[error("{0}")]
    Unavailable(String),
}

/// What became of an event, for the log.
#[derive(Debug)]
pub struct Decision {
    /// The answer.
    pub answer: Result<Value, EventError>,
    /// Why a token was refused; a client is not told.
    pub refusal: Option<super::Refusal>,
}

impl Authorizer {
    /// Answers the event of a Lambda authorizer: `TOKEN` and `REQUEST` of a REST API with a policy for the
    /// whole stage, so that a cached answer is good for every method; format 2.0 of an HTTP API with
    /// `isAuthorized`. The context has `clientId` and `sub`.
    pub async fn answer(&self, event: &Value, now: Timestamp) -> Decision {
        let refused = |answer, refusal| Decision {
            answer,
            refusal: Some(refusal),
        };
        let (asked, token) = match read(event) {
            Ok(read) => read,
            Err(error) => {
                return Decision {
                    answer: Err(error),
                    refusal: None,
                };
            }
        };
        match (self.authorize(&token, now).await, asked) {
            (Ok(identity), asked) => Decision {
                answer: Ok(permit(&identity, &asked)),
                refusal: None,
            },
            // An HTTP API knows no way from here to a 401.
            (Err(Denied::Refused(refusal)), Asked::Simple) => {
                refused(Ok(json!({"isAuthorized": false})), refusal)
            }
            (Err(Denied::Refused(refusal)), Asked::Policy { .. }) => {
                refused(Err(EventError::Unauthorized), refusal)
            }
            (Err(Denied::Unavailable(error)), _) => Decision {
                answer: Err(EventError::Unavailable(error.to_string())),
                refusal: None,
            },
        }
    }
}

fn permit(identity: &Identity, asked: &Asked) -> Value {
    let context = json!({"clientId": identity.client_id, "sub": identity.subject});
    match asked {
        Asked::Simple => json!({"isAuthorized": true, "context": context}),
        Asked::Policy { method_arn } => json!({
            "principalId": identity.subject,
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [{
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow",
                    "Resource": whole_stage(method_arn),
                }],
            },
            "context": context,
        }),
    }
}

/// `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/*`
fn whole_stage(method_arn: &str) -> String {
    let stage: Vec<&str> = method_arn.splitn(3, '/').take(2).collect();
    format!("{}/*", stage.join("/"))
}

/// What an event asks, and the token in it.
fn read(event: &Value) -> Result<(Asked, String), EventError> {
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    let reason = |reason| EventError::NotAnEvent { reason };
    let method_arn = || {
        text("methodArn")
            .map(|arn| Asked::Policy {
                method_arn: arn.to_owned(),
            })
            .ok_or(reason("it has no methodArn"))
    };
    match (text("type"), text("version")) {
        (Some("TOKEN"), _) => {
            let token = text("authorizationToken");
            let token = token.ok_or(reason("it has no authorizationToken"))?;
            Ok((method_arn()?, token.to_owned()))
        }
        (Some("REQUEST"), Some("2.0")) => {
            let source = event.get("identitySource").and_then(Value::as_array);
            let first = source.and_then(|sources| sources.first());
            let token = first.and_then(Value::as_str).map(str::to_owned);
            let token = token.or_else(|| header(event)).unwrap_or_default();
            Ok((Asked::Simple, token))
        }
        (Some("REQUEST"), _) => Ok((method_arn()?, header(event).unwrap_or_default())),
        _ => Err(reason("its type is neither TOKEN nor REQUEST")),
    }
}

/// The header `Authorization`, however it is spelled.
fn header(event: &Value) -> Option<String> {
    let headers = event.get("headers")?.as_object()?;
    let found = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    found?.1.as_str().map(str::to_owned)
}
