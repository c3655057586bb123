//! The authorizer as a Lambda function.

use bytes::Bytes;
use hydrant_function::{FunctionError, Handler, Invocation, SystemClock};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Authorizer, event::EventError};

/// Answers the events of API Gateway, and logs what it refuses, as a metric in CloudWatch's Embedded Metric
/// Format with the reason, and nothing of the token.
#[derive(Debug)]
pub struct AuthorizerFunction {
    authorizer: Authorizer,
}

impl AuthorizerFunction {
    /// The function of an authorizer.
    pub fn new(authorizer: Authorizer) -> Self {
        Self { authorizer }
    }
}

impl Handler for AuthorizerFunction {
    async fn answer(
        &mut self,
        invocation: &Invocation<'_>,
        event: &Bytes,
        out: &mut Vec<u8>,
    ) -> Result<(), FunctionError> {
        let event: Value = serde_json::from_slice(event)
            .map_err(|error| FunctionError::new("Hydrant.NotAnAuthorizerEvent", error))?;
        let since_epoch = SystemClock::now();
        let now = SignedDuration::try_from(since_epoch)
            .ok()
            .and_then(|since| Timestamp::from_duration(since).ok())
            .unwrap_or(Timestamp::UNIX_EPOCH);
        let decision = self.authorizer.answer(&event, now).await;
        if let Some(refusal) = &decision.refusal {
            log(&json!({
                "_aws": {
                    "Timestamp": now.as_millisecond(),
                    "CloudWatchMetrics": [{
                        "Namespace": "Hydrant",
                        "Dimensions": [["Function"], ["Function", "Reason"]],
                        "Metrics": [{"Name": "RefusedTokens", "Unit": "Count"}],
                    }],
                },
                "Function": "authorizer",
                "Reason": refusal.reason(),
                "RefusedTokens": 1,
                "detail": refusal.to_string(),
                "requestId": invocation.request_id,
            }));
        }
        match decision.answer {
            Ok(answer) => {
                out.clear();
                out.extend_from_slice(answer.to_string().as_bytes());
                Ok(())
            }
            Err(error) => {
                let kind = match &error {
                    EventError::Unauthorized => "Unauthorized",
                    EventError::NotAnEvent { .. } => "Hydrant.NotAnAuthorizerEvent",
                    EventError::Unavailable(_) => "Hydrant.Unavailable",
                };
                Err(FunctionError::new(kind, error))
            }
        }
    }
}

/// Writes a line to the function's log.
fn log(line: &Value) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    // Where the log cannot be written there is nobody to tell.
    drop(out.write_all(format!("{line}\n").as_bytes()));
}
