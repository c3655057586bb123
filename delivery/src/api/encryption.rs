//! Server-side encryption. Nothing is encrypted here: the disk and the store do that. What clients see of it
//! is as on AWS.

use serde_json::{Value, json};

use super::{Api, ApiError, ErrorKind, control::encryption_input};
use crate::service::{Configuration, Encryption};

/// How often encryption may be switched in 24 hours (API reference, `StartDeliveryStreamEncryption`).
const MAX_CALLS: usize = 25;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl Api {
    pub(super) async fn start_encryption(&self, input: &Value) -> Result<Value, ApiError> {
        let wanted = &input["DeliveryStreamEncryptionConfigurationInput"];
        encryption_input(wanted)?;
        self.switch(input, Some(Encryption::of(wanted))).await
    }

    pub(super) async fn stop_encryption(&self, input: &Value) -> Result<Value, ApiError> {
        self.switch(input, None).await
    }

    async fn switch(&self, input: &Value, to: Option<Encryption>) -> Result<Value, ApiError> {
        let stream = self.named(input)?;
        let now_ms = self.service.clock().now().as_millisecond();
        self.service
            .change::<ApiError>(&stream, |configuration| {
                count_call(configuration, now_ms)?;
                configuration.encryption = to;
                Ok(())
            })
            .await?;
        Ok(json!({}))
    }
}

fn count_call(configuration: &mut Configuration, now_ms: i64) -> Result<(), ApiError> {
    let calls = &mut configuration.encryption_calls_ms;
    calls.retain(|call| now_ms - call < DAY_MS);
    if calls.len() >= MAX_CALLS {
        let text =
            format!("Encryption of a Firehose can be switched {MAX_CALLS} times in 24 hours");
        return Err(ApiError::new(ErrorKind::LimitExceeded, text));
    }
    calls.push(now_ms);
    Ok(())
}
