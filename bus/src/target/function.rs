//! Lambda functions.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_lambda::{error::ProvideErrorMetadata, primitives::Blob, types::InvocationType};
use bytes::Bytes;

use super::{Adapter, Failure, Outgoing, stream::of_code};

/// Lambda functions by ARN.
#[async_trait]
pub trait Functions: std::fmt::Debug + Send + Sync {
    /// Hands an event to a function, which is not waited for longer than it takes it: what becomes of an
    /// asynchronous invocation is Lambda's business and not the rule's.
    ///
    /// # Errors
    ///
    /// [`Failure`] when the function did not take it.
    async fn invoke(&self, arn: &str, payload: Bytes) -> Result<(), Failure>;
}

/// Functions behind a Lambda endpoint: AWS's, or one that speaks its API.
#[derive(Debug, Clone)]
pub struct LambdaFunctions(pub aws_sdk_lambda::Client);

impl LambdaFunctions {
    /// Those that the AWS configuration of this process leads to.
    pub async fn connect() -> Self {
        Self(aws_sdk_lambda::Client::new(&hydrant_aws::config().await))
    }
}

#[async_trait]
impl Functions for LambdaFunctions {
    async fn invoke(&self, arn: &str, payload: Bytes) -> Result<(), Failure> {
        let request = self.0.invoke().function_name(arn);
        let request = request.invocation_type(InvocationType::Event);
        let sent = request.payload(Blob::new(payload.to_vec())).send().await;
        sent.map(|_| ()).map_err(|error| {
            let code = error.code().unwrap_or_default().to_owned();
            let message = error
                .message()
                .map_or_else(|| error.to_string(), str::to_owned);
            of_code(&code, message)
        })
    }
}

#[derive(Debug)]
pub(crate) struct FunctionTarget {
    pub(crate) arn: String,
    pub(crate) functions: Arc<dyn Functions>,
}

#[async_trait]
impl Adapter for FunctionTarget {
    async fn send(&self, events: &[Outgoing]) -> Vec<Result<(), Failure>> {
        let mut outcomes = Vec::with_capacity(events.len());
        for event in events {
            outcomes.push(self.functions.invoke(&self.arn, event.input.clone()).await);
        }
        outcomes
    }
}
