//! SQS queues, as targets and for dead letters.

use std::{collections::BTreeMap, io::Write as _, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use aws_sdk_sqs::{error::ProvideErrorMetadata, types::MessageAttributeValue};
use bytes::Bytes;
use serde_json::json;

use super::{Adapter, Failure, Outgoing, stream::of_code};

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its body.
    pub body: Bytes,
    /// Attributes, all of them strings.
    pub attributes: BTreeMap<String, String>,
    /// The group of a FIFO queue.
    pub group: Option<String>,
}

/// Queues by ARN.
#[async_trait]
pub trait Queues: std::fmt::Debug + Send + Sync {
    /// Sends a message.
    ///
    /// # Errors
    ///
    /// [`Failure`] when the queue did not take it.
    async fn send(&self, arn: &str, message: &Message) -> Result<(), Failure>;
}

/// Queues behind an SQS endpoint: AWS's, or one that speaks its API.
#[derive(Debug, Clone)]
pub struct SqsQueues(pub aws_sdk_sqs::Client);

impl SqsQueues {
    /// Those that the AWS configuration of this process leads to.
    pub async fn connect() -> Self {
        Self(aws_sdk_sqs::Client::new(&crate::aws::config().await))
    }
}

#[async_trait]
impl Queues for SqsQueues {
    async fn send(&self, arn: &str, message: &Message) -> Result<(), Failure> {
        let failed =
            |code: Option<&str>, message: String| of_code(code.unwrap_or_default(), message);
        let mut parts = arn.rsplitn(3, ':');
        let (name, account) = (parts.next().unwrap_or_default(), parts.next());
        let asked = self.0.get_queue_url().queue_name(name);
        let asked = asked.set_queue_owner_aws_account_id(account.map(str::to_owned));
        let url = asked.send().await.map_err(|error| {
            failed(
                error.code(),
                error
                    .message()
                    .map_or_else(|| error.to_string(), str::to_owned),
            )
        })?;
        let body = String::from_utf8_lossy(&message.body);
        let mut request = self
            .0
            .send_message()
            .set_queue_url(url.queue_url)
            .message_body(body)
            .set_message_group_id(message.group.clone());
        for (name, value) in &message.attributes {
            let value = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(value)
                .build()
                .map_err(|error| Failure::lasting("SDK_CLIENT_ERROR", error.to_string()))?;
            request = request.message_attributes(name, value);
        }
        request.send().await.map(|_| ()).map_err(|error| {
            failed(
                error.code(),
                error
                    .message()
                    .map_or_else(|| error.to_string(), str::to_owned),
            )
        })
    }
}

/// Queues as files: `NAME.ndjson` in a folder, a message a line, with `body` and `messageAttributes`. Nothing
/// takes messages out of them.
#[derive(Debug, Clone)]
pub struct FileQueues {
    /// The folder; it is made.
    pub folder: PathBuf,
}

#[async_trait]
impl Queues for FileQueues {
    async fn send(&self, arn: &str, message: &Message) -> Result<(), Failure> {
        let name = arn.rsplit(':').next().unwrap_or(arn);
        // A queue's name has letters, digits, hyphens, underscores and, of a FIFO queue, one dot.
        if name.is_empty()
            || name.starts_with('.')
            || !name
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || b"-_.".contains(&it))
        {
            return Err(Failure::lasting(
                "NO_RESOURCE",
                format!("{arn} is no queue"),
            ));
        }
        let attributes = message.attributes.iter().map(|(name, value)| {
            let value = json!({ "dataType": "String", "stringValue": value });
            (name.clone(), value)
        });
        let mut line = json!({
            "body": String::from_utf8_lossy(&message.body),
            "messageAttributes": attributes.collect::<serde_json::Map<_, _>>(),
        });
        if let Some(group) = &message.group {
            line["messageGroupId"] = json!(group);
        }
        let path = self.folder.join(format!("{name}.ndjson"));
        let written = tokio::task::spawn_blocking(move || {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let mut file = std::fs::File::options()
                .create(true)
                .append(true)
                .open(&path)?;
            // One write, so that lines of several senders do not mix.
            file.write_all(format!("{line}\n").as_bytes())?;
            file.sync_data()
        });
        let failed = |reason: String| Failure::passing("SDK_CLIENT_ERROR", reason);
        written
            .await
            .map_err(|error| failed(error.to_string()))?
            .map_err(|error| failed(error.to_string()))
    }
}

#[derive(Debug)]
pub(crate) struct QueueTarget {
    pub(crate) arn: String,
    pub(crate) group: Option<String>,
    pub(crate) queues: Arc<dyn Queues>,
}

#[async_trait]
impl Adapter for QueueTarget {
    async fn send(&self, events: &[Outgoing]) -> Vec<Result<(), Failure>> {
        let mut outcomes = Vec::with_capacity(events.len());
        for event in events {
            let message = Message {
                body: event.input.clone(),
                attributes: BTreeMap::new(),
                group: self.group.clone(),
            };
            outcomes.push(self.queues.send(&self.arn, &message).await);
        }
        outcomes
    }
}
