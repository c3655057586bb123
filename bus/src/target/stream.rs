//! Delivery streams, and lines on standard output.

use std::{
    io::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use aws_sdk_firehose::{error::ProvideErrorMetadata, primitives::Blob, types::Record};
use bytes::Bytes;

use super::{Adapter, Bulk, Failure, Outgoing};

/// Delivery streams by name.
#[async_trait]
pub trait Streams: std::fmt::Debug + Send + Sync {
    /// Puts records into a stream; at most 500 of together at most 4 MiB.
    ///
    /// # Errors
    ///
    /// [`Failure`]; none of the records was taken, or some were and will be put again.
    async fn put(&self, stream: &str, records: &[Bytes]) -> Result<(), Failure>;
}

/// Streams behind a Firehose endpoint: AWS's, or one that speaks its API.
#[derive(Debug, Clone)]
pub struct FirehoseStreams(pub aws_sdk_firehose::Client);

impl FirehoseStreams {
    /// Those that the AWS configuration of this process leads to.
    pub async fn connect() -> Self {
        Self(aws_sdk_firehose::Client::new(&hydrant_aws::config().await))
    }
}

#[async_trait]
impl Streams for FirehoseStreams {
    async fn put(&self, stream: &str, records: &[Bytes]) -> Result<(), Failure> {
        let records = records.iter().map(|record| {
            Record::builder()
                .data(Blob::new(record.to_vec()))
                .build()
                .map_err(|error| Failure::lasting("SDK_CLIENT_ERROR", error.to_string()))
        });
        let records = records.collect::<Result<Vec<_>, _>>()?;
        let request = self.0.put_record_batch().delivery_stream_name(stream);
        let answer = request.set_records(Some(records)).send().await;
        let answer = answer.map_err(|error| {
            let code = error.code().unwrap_or_default().to_owned();
            let message = error
                .message()
                .map_or_else(|| error.to_string(), str::to_owned);
            of_code(&code, message)
        })?;
        if answer.failed_put_count() > 0 {
            let refused = answer
                .request_responses()
                .iter()
                .find_map(|it| it.error_message());
            return Err(Failure::passing(
                "THROTTLING",
                refused.unwrap_or("not all were taken"),
            ));
        }
        Ok(())
    }
}

/// What an AWS error code means for an event.
pub(super) fn of_code(code: &str, message: String) -> Failure {
    match code {
        "ResourceNotFoundException"
        | "QueueDoesNotExist"
        | "AWS.SimpleQueueService.NonExistentQueue" => Failure::lasting("NO_RESOURCE", message),
        "AccessDeniedException"
        | "AccessDenied"
        | "UnrecognizedClientException"
        | "InvalidSignatureException" => Failure::lasting("NO_PERMISSIONS", message),
        "ServiceUnavailableException"
        | "ThrottlingException"
        | "TooManyRequestsException"
        | "RequestThrottled" => Failure::passing("THROTTLING", message),
        "InvalidArgumentException"
        | "ValidationException"
        | "InvalidRequestContentException"
        | "RequestTooLargeException"
        | "InvalidMessageContents" => Failure::lasting("SDK_CLIENT_ERROR", message),
        _ => Failure::passing("SDK_CLIENT_ERROR", message),
    }
}

#[derive(Debug)]
pub(crate) struct StreamTarget {
    pub(crate) name: String,
    pub(crate) streams: Arc<dyn Streams>,
}

#[async_trait]
impl Adapter for StreamTarget {
    fn bulk(&self) -> Bulk {
        Bulk {
            count: 500,
            bytes: 4 << 20,
        }
    }

    async fn send(&self, events: &[Outgoing]) -> Vec<Result<(), Failure>> {
        let records: Vec<Bytes> = events.iter().map(|event| event.input.clone()).collect();
        let put = self.streams.put(&self.name, &records).await;
        match put {
            // One that is too large must not cost the others.
            Err(failure) if !failure.is_retryable && events.len() > 1 => {
                let mut outcomes = Vec::with_capacity(events.len());
                for record in &records {
                    outcomes.push(
                        self.streams
                            .put(&self.name, std::slice::from_ref(record))
                            .await,
                    );
                }
                outcomes
            }
            put => vec![put; events.len()],
        }
    }
}

/// Where lines go that a CloudWatch log group would take.
pub trait Lines: std::fmt::Debug + Send + Sync {
    /// Writes one line of a group.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    fn write(&self, group: &str, line: &[u8]) -> std::io::Result<()>;
}

/// Standard output.
#[derive(Debug, Default)]
pub struct StandardOutput(Mutex<()>);

impl Lines for StandardOutput {
    fn write(&self, _: &str, line: &[u8]) -> std::io::Result<()> {
        let _one_after_the_other = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = std::io::stdout().lock();
        out.write_all(line)?;
        if !line.ends_with(b"\n") {
            out.write_all(b"\n")?;
        }
        out.flush()
    }
}

#[derive(Debug)]
pub(crate) struct LinesTarget {
    pub(crate) group: String,
    pub(crate) lines: Arc<dyn Lines>,
}

#[async_trait]
impl Adapter for LinesTarget {
    async fn send(&self, events: &[Outgoing]) -> Vec<Result<(), Failure>> {
        let (lines, group) = (Arc::clone(&self.lines), self.group.clone());
        let inputs: Vec<Bytes> = events.iter().map(|event| event.input.clone()).collect();
        // Whoever reads standard output may be slow.
        let written = tokio::task::spawn_blocking(move || {
            let written = inputs.iter().map(|input| lines.write(&group, input));
            let written = written.map(|it| it.map_err(|error| error.to_string()));
            written.collect::<Vec<_>>()
        });
        let failed = |reason: String| Failure::passing("SDK_CLIENT_ERROR", reason);
        match written.await {
            Ok(written) => written.into_iter().map(|it| it.map_err(failed)).collect(),
            Err(error) => vec![Err(failed(error.to_string())); events.len()],
        }
    }
}
