//! A function that runs elsewhere, called through the AWS Lambda API as Firehose calls it: `Invoke`, with
//! `RequestResponse`.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_lambda::{
    Client,
    config::{retry::RetryConfig, timeout::TimeoutConfig},
    error::{ProvideErrorMetadata, SdkError},
    operation::invoke::{InvokeError as SdkInvokeError, InvokeOutput},
    primitives::Blob,
    types::InvocationType,
};
use hydrant_records::{TransformAnswer, TransformEvent, limits::MAX_LAMBDA_PAYLOAD_BYTES};
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::{
    aws,
    invocation::{FunctionAnswer, InvokeError, Transform, event_text},
};

/// Firehose waits this long for a function (developer guide, "Data transformation").
const LONGEST: Duration = Duration::from_mins(5);

/// A function in AWS, or behind any endpoint that speaks Lambda's API: `AWS_ENDPOINT_URL_LAMBDA` names it.
#[derive(Debug)]
pub struct RemoteFunction {
    /// A name, a partial ARN or an ARN, with or without version or alias.
    name: String,
    client: OnceCell<Client>,
}

impl RemoteFunction {
    /// The function called `name`: a name, or an ARN, which says the Region too. Nothing is contacted before
    /// the first event.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            client: OnceCell::new(),
        }
    }

    async fn client(&self) -> &Client {
        let connect = async || {
            let config = aws::config(&self.name).await;
            let timeouts = TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(10))
                .read_timeout(LONGEST)
                .build();
            // The stream's processor has retries of its own.
            let config = aws_sdk_lambda::config::Builder::from(&config)
                .retry_config(RetryConfig::disabled())
                .timeout_config(timeouts)
                .build();
            Client::from_conf(config)
        };
        self.client.get_or_init(connect).await
    }

    async fn call(&self, event: &TransformEvent) -> Result<Vec<u8>, InvokeError> {
        let event = event_text(event)?;
        let client = self.client().await;
        let answered = client
            .invoke()
            .function_name(&self.name)
            .invocation_type(InvocationType::RequestResponse)
            .payload(Blob::new(event))
            .send()
            .await;
        answer(answered.map_err(|error| refused(&error))?)
    }
}

#[async_trait]
impl Transform for RemoteFunction {
    /// An answer with a record in no format is no [`TransformAnswer`]: ask with [`Transform::answer`].
    async fn invoke(&self, event: TransformEvent) -> Result<TransformAnswer, InvokeError> {
        let answer = self.call(&event).await?;
        serde_json::from_slice(&answer)
            .map_err(|error| InvokeError::Function(format!("it gave no transform answer: {error}")))
    }

    async fn answer(&self, event: TransformEvent) -> Result<FunctionAnswer, InvokeError> {
        FunctionAnswer::from_json(&self.call(&event).await?)
    }
}

/// What the function answered; with `X-Amz-Function-Error`, it is what it threw.
fn answer(output: InvokeOutput) -> Result<Vec<u8>, InvokeError> {
    let failed = output.function_error.is_some();
    let payload = output.payload.map(Blob::into_inner).unwrap_or_default();
    if failed {
        return Err(thrown(&payload));
    }
    if payload.len() > MAX_LAMBDA_PAYLOAD_BYTES {
        // Lambda itself refuses it, and says so as if the function had thrown; emulators let it through.
        return Err(InvokeError::Function(format!(
            "Function.ResponseSizeTooLarge: the answer is {} bytes long, and Lambda passes on \
             {MAX_LAMBDA_PAYLOAD_BYTES}",
            payload.len()
        )));
    }
    Ok(payload)
}

/// Lambda tells a time-out like anything that a function threw, in one of two ways.
fn thrown(payload: &[u8]) -> InvokeError {
    let thrown: Value = serde_json::from_slice(payload).unwrap_or_default();
    let kind = thrown["errorType"].as_str().unwrap_or_default();
    let Some(message) = thrown["errorMessage"].as_str() else {
        return InvokeError::Function(String::from_utf8_lossy(payload).into_owned());
    };
    if kind == "Sandbox.Timedout" || message.contains("Task timed out after") {
        return InvokeError::TimedOut;
    }
    InvokeError::Function(match kind {
        "" => message.to_owned(),
        kind => format!("{kind}: {message}"),
    })
}

/// What Firehose makes of an invocation that Lambda did not take.
fn refused(error: &SdkError<SdkInvokeError>) -> InvokeError {
    if matches!(error, SdkError::TimeoutError(_)) {
        return InvokeError::Unavailable {
            code: "Lambda.FunctionRequestTimedOut",
            message: format!("Lambda did not answer within {} s", LONGEST.as_secs()),
        };
    }
    unavailable(error.code(), aws::said(error))
}

/// The error code for one of Lambda's (developer guide, "Troubleshoot Lambda").
fn unavailable(code: Option<&str>, message: String) -> InvokeError {
    let code = match code {
        Some("TooManyRequestsException" | "EC2ThrottledException" | "ThrottlingException") => {
            "Lambda.InvokeLimitExceeded"
        }
        Some("ResourceNotFoundException") => "Lambda.ResourceNotFound",
        Some(
            "AccessDeniedException"
            | "AccessDenied"
            | "EC2AccessDeniedException"
            | "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "ExpiredTokenException"
            | "MissingAuthenticationTokenException",
        ) => {
            return InvokeError::Unavailable {
                code: "Lambda.InvokeAccessDenied",
                message:
                    "Access was denied. Ensure that the access policy allows access to the Lambda \
                          function."
                        .to_owned(),
            };
        }
        Some("InvalidSubnetIDException") => "Lambda.InvalidSubnetIDException",
        Some("InvalidSecurityGroupIDException") => "Lambda.InvalidSecurityGroupIDException",
        Some("SubnetIPAddressLimitReachedException") => {
            "Lambda.SubnetIPAddressLimitReachedException"
        }
        Some("ENILimitReachedException") => "Lambda.ENILimitReachedException",
        Some("RequestTooLargeException") => return InvokeError::Function(message),
        _ => "Lambda.InternalServerError",
    };
    InvokeError::Unavailable { code, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_out_is_told_apart_from_what_a_function_threw() {
        for payload in [
            r#"{"errorMessage":"2026-11-22T10:20:30Z 1 Task timed out after 3.00 seconds"}"#,
            r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 1 Error: Task timed out after 3.00 seconds"}"#,
        ] {
            assert_eq!(thrown(payload.as_bytes()), InvokeError::TimedOut);
        }
        for (payload, said) in [
            (
                r#"{"errorType":"KeyError","errorMessage":"'a'","stackTrace":[]}"#,
                "KeyError: 'a'",
            ),
            (r#"{"errorMessage":"boom"}"#, "boom"),
            ("not JSON", "not JSON"),
        ] {
            let error = thrown(payload.as_bytes());
            assert_eq!(error, InvokeError::Function(said.to_owned()));
        }
    }

    #[test]
    fn an_answer_larger_than_lambda_passes_on_is_a_failure_of_the_function() {
        let of = |bytes: usize, threw: Option<&str>| {
            let output = InvokeOutput::builder()
                .payload(Blob::new(vec![b' '; bytes]))
                .set_function_error(threw.map(str::to_owned));
            answer(output.build())
        };
        assert!(of(MAX_LAMBDA_PAYLOAD_BYTES, None).is_ok());
        for (bytes, threw) in [(MAX_LAMBDA_PAYLOAD_BYTES + 1, None), (2, Some("Unhandled"))] {
            assert!(matches!(of(bytes, threw), Err(InvokeError::Function(_))));
        }
    }

    #[test]
    fn what_lambda_refuses_has_firehoses_code() {
        for (code, expected) in [
            (
                Some("TooManyRequestsException"),
                "Lambda.InvokeLimitExceeded",
            ),
            (Some("ResourceNotFoundException"), "Lambda.ResourceNotFound"),
            (Some("AccessDeniedException"), "Lambda.InvokeAccessDenied"),
            (
                Some("ENILimitReachedException"),
                "Lambda.ENILimitReachedException",
            ),
            (Some("ServiceException"), "Lambda.InternalServerError"),
            (None, "Lambda.InternalServerError"),
        ] {
            let error = unavailable(code, "why".to_owned());
            assert!(
                matches!(error, InvokeError::Unavailable { code, .. } if code == expected),
                "{error:?}"
            );
        }
    }
}
