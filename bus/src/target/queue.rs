//! SQS queues, as targets and for dead letters.

use std::{
    collections::BTreeMap,
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use aws_sdk_sqs::{
    error::{BuildError, ProvideErrorMetadata, SdkError},
    types::{MessageAttributeValue, SendMessageBatchRequestEntry},
};
use bytes::Bytes;
use hydrant_endpoint::private_files;
use serde_json::json;

use super::{Adapter, Bulk, Failure, Outgoing, stream::of_code};

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

/// The most messages that are sent at once, and the most bytes of their bodies (SQS API reference,
/// `SendMessageBatch`; the limit of a queue that was made before August 2025).
const BATCH: Bulk = Bulk {
    count: 10,
    bytes: 240 << 10,
};

/// Queues by ARN.
#[async_trait]
pub trait Queues: std::fmt::Debug + Send + Sync {
    /// Sends messages, ten at most; what became of each, in their order.
    async fn send(&self, arn: &str, messages: &[Message]) -> Vec<Result<(), Failure>>;
}

/// Queues behind an SQS endpoint: AWS's, or one that speaks its API.
#[derive(Debug, Clone)]
pub struct SqsQueues(pub aws_sdk_sqs::Client);

impl SqsQueues {
    /// Those that the AWS configuration of this process leads to.
    pub async fn connect() -> Self {
        Self(aws_sdk_sqs::Client::new(&hydrant_aws::config().await))
    }
}

impl SqsQueues {
    async fn batch(&self, arn: &str, messages: &[Message]) -> Result<Vec<Sent>, Failure> {
        let mut parts = arn.rsplitn(3, ':');
        let (name, account) = (parts.next().unwrap_or_default(), parts.next());
        let asked = self.0.get_queue_url().queue_name(name);
        let asked = asked.set_queue_owner_aws_account_id(account.map(str::to_owned));
        let url = asked.send().await.map_err(|error| refused(&error))?;
        let mut request = self.0.send_message_batch().set_queue_url(url.queue_url);
        for (index, message) in messages.iter().enumerate() {
            request = request.entries(entry(index, message)?);
        }
        let answer = request.send().await.map_err(|error| refused(&error))?;
        // What is in neither list was not taken.
        let unsaid = || Err(Failure::passing("SDK_CLIENT_ERROR", "SQS did not say"));
        let mut outcomes: Vec<Sent> = messages.iter().map(|_| unsaid()).collect();
        let place = |id: &str| id.parse().unwrap_or(usize::MAX);
        for sent in answer.successful() {
            if let Some(outcome) = outcomes.get_mut(place(sent.id())) {
                *outcome = Ok(());
            }
        }
        for failed in answer.failed() {
            if let Some(outcome) = outcomes.get_mut(place(failed.id())) {
                let text = failed.message().unwrap_or_default().to_owned();
                let failure = of_code(failed.code(), text);
                // Whoever is at fault says whether it may go better.
                *outcome = Err(Failure {
                    is_retryable: !failed.sender_fault(),
                    ..failure
                });
            }
        }
        Ok(outcomes)
    }
}

/// What became of a message.
type Sent = Result<(), Failure>;

fn refused<E, R>(error: &SdkError<E, R>) -> Failure
where
    SdkError<E, R>: ProvideErrorMetadata + std::fmt::Display,
{
    let message = error.message();
    let message = message.map_or_else(|| error.to_string(), str::to_owned);
    of_code(error.code().unwrap_or_default(), message)
}

fn entry(index: usize, message: &Message) -> Result<SendMessageBatchRequestEntry, Failure> {
    let wrong = |error: BuildError| Failure::lasting("SDK_CLIENT_ERROR", error.to_string());
    let mut entry = SendMessageBatchRequestEntry::builder()
        .id(index.to_string())
        .message_body(String::from_utf8_lossy(&message.body))
        .set_message_group_id(message.group.clone());
    for (name, value) in &message.attributes {
        let value = MessageAttributeValue::builder()
            .data_type("String")
            .string_value(value)
            .build()
            .map_err(wrong)?;
        entry = entry.message_attributes(name, value);
    }
    entry.build().map_err(wrong)
}

#[async_trait]
impl Queues for SqsQueues {
    async fn send(&self, arn: &str, messages: &[Message]) -> Vec<Sent> {
        match self.batch(arn, messages).await {
            Ok(outcomes) => outcomes,
            // One that is too large must not cost the others.
            Err(failure) if !failure.is_retryable && messages.len() > 1 => {
                let mut outcomes = Vec::with_capacity(messages.len());
                for message in messages {
                    let alone = self.batch(arn, std::slice::from_ref(message)).await;
                    outcomes.extend(alone.unwrap_or_else(|failure| vec![Err(failure)]));
                }
                outcomes
            }
            Err(failure) => vec![Err(failure); messages.len()],
        }
    }
}

/// Queues as files: `NAME.ndjson` in a folder, a message a line, with `body` and `messageAttributes`. Nothing
/// takes messages out of them.
#[derive(Debug, Clone)]
pub struct FileQueues {
    /// The folder; it is made.
    pub folder: PathBuf,
}

impl FileQueues {
    fn path(&self, arn: &str) -> Result<PathBuf, Failure> {
        let name = arn.rsplit(':').next().unwrap_or(arn);
        // A queue's name has letters, digits, hyphens, underscores and, of a FIFO queue, one dot.
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || name.starts_with('.') || !name.bytes().all(sound) {
            let text = format!("{arn} is no queue");
            return Err(Failure::lasting("NO_RESOURCE", text));
        }
        Ok(self.folder.join(format!("{name}.ndjson")))
    }
}

/// A message as a line.
fn line(message: &Message) -> String {
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
    format!("{line}\n")
}

/// Appends lines durably. A line that somebody who was killed left half done is ended first.
fn append(path: &Path, lines: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = private_files();
    let mut file = options.create(true).read(true).append(true).open(path)?;
    let mut last = [b'\n'];
    if file.metadata()?.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let start = if last == *b"\n" { "" } else { "\n" };
    // One write, so that lines of several senders do not mix.
    file.write_all(format!("{start}{lines}").as_bytes())?;
    file.sync_data()
}

#[async_trait]
impl Queues for FileQueues {
    async fn send(&self, arn: &str, messages: &[Message]) -> Vec<Sent> {
        let lines: String = messages.iter().map(line).collect();
        let sent = match self.path(arn) {
            Err(failure) => Err(failure),
            Ok(path) => {
                let written = tokio::task::spawn_blocking(move || append(&path, &lines)).await;
                let written = written.map_err(|error| error.to_string());
                written
                    .and_then(|written| written.map_err(|error| error.to_string()))
                    .map_err(|reason| Failure::passing("SDK_CLIENT_ERROR", reason))
            }
        };
        vec![sent; messages.len()]
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
    fn bulk(&self) -> Bulk {
        BATCH
    }

    async fn send(&self, events: &[Outgoing]) -> Vec<Sent> {
        let messages = events.iter().map(|event| Message {
            body: event.input.clone(),
            attributes: BTreeMap::new(),
            group: self.group.clone(),
        });
        let messages: Vec<Message> = messages.collect();
        self.queues.send(&self.arn, &messages).await
    }
}
