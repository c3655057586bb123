//! The Lambda processor: batches out, one outcome a record back (developer guide, "Transform source data").

mod answer;

use std::{
    borrow::Cow, collections::HashMap, fmt::Debug, panic::AssertUnwindSafe, sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::FutureExt;
use hydrant_records::{
    ProcessingResult, TransformAnswer, TransformEvent, TransformRecord, error_code,
    limits::MAX_LAMBDA_PAYLOAD_BYTES,
};
use indexmap::IndexMap;

pub use answer::{AnsweredRecord, FunctionAnswer};

use crate::{Clock, definition::LambdaProcessor, failure::Failure, metrics::StreamMetrics};

/// A function that a stream's Lambda processor names, called the way AWS calls it: with the transform event
/// and its answer, whatever language it is written in and wherever it runs.
#[async_trait]
pub trait Transform: Debug + Send + Sync {
    /// Invokes the function once.
    ///
    /// # Errors
    ///
    /// [`InvokeError`] when there is no answer to read; it is retried, and costs the batch when that does not
    /// help. What is wrong with a single record belongs in the answer.
    async fn invoke(&self, event: TransformEvent) -> Result<TransformAnswer, InvokeError>;

    /// Invokes the function once, and reads its answer record by record. For functions whose answer is text
    /// that may be wrong in places; the others need not know of it.
    ///
    /// # Errors
    ///
    /// As [`Self::invoke`].
    async fn answer(&self, event: TransformEvent) -> Result<FunctionAnswer, InvokeError> {
        self.invoke(event).await.map(FunctionAnswer::from)
    }
}

/// Why an invocation gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// The function threw, or crashed.
    #[error("the function failed: {0}")]
    Function(String),
    /// The function took longer than it may.
    #[error("the function timed out")]
    TimedOut,
    /// The function answered what is no JSON. The answer is final: it is not asked again.
    #[error("the function's answer is not JSON: {0}")]
    NotJson(String),
    /// There is no such function, or nobody may call it. `code` is what the error record says.
    #[error("the function cannot be called: {message}")]
    Unavailable {
        /// Such as `Lambda.ResourceNotFound`.
        code: &'static str,
        /// Why.
        message: String,
    },
}

impl InvokeError {
    /// What the error record of each record in the batch says.
    fn failure(&self, attempts: u32) -> Failure {
        let (code, message): (_, Cow<'static, str>) = match self {
            Self::Function(_) => (
                error_code::FUNCTION_ERROR,
                "The Lambda function was successfully invoked but it returned an error result.".into(),
            ),
            Self::TimedOut => (
                error_code::FUNCTION_TIMED_OUT,
                "The Lambda function invocation timed out. Increase the Timeout setting in the Lambda \
                 function."
                    .into(),
            ),
            Self::NotJson(_) => (
                "Lambda.JsonProcessingException",
                "The records that the Lambda function returned could not be parsed.".into(),
            ),
            Self::Unavailable { code, message } => (*code, message.clone().into()),
        };
        Failure::of_lambda(code, message, attempts)
    }

    /// Whether asking again may help.
    fn is_final(&self) -> bool {
        matches!(self, Self::NotJson(_))
    }
}

/// What a function made of one record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Transformed {
    /// Deliver these bytes; keys are the function's.
    Ok {
        data: Bytes,
        keys: IndexMap<String, String>,
    },
    /// Left out on purpose.
    Dropped,
    /// To the error output.
    Failed(Failure),
}

/// Pause before the `n`th retry of an invocation. AWS says only that it retries; ours doubles from 100 ms.
fn pause_before(retry: u32) -> Duration {
    Duration::from_millis(100) * 2_u32.saturating_pow(retry.min(8))
}

/// Invokes `function` for `event` and gives one outcome for each of its records, in order.
pub(crate) async fn transform(
    function: &Arc<dyn Transform>,
    processor: &LambdaProcessor,
    event: TransformEvent,
    clock: &dyn Clock,
    metrics: &StreamMetrics,
) -> Vec<Transformed> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let began = clock.now();
        let asked = AssertUnwindSafe(function.answer(event.clone())).catch_unwind();
        let answered = asked
            .await
            .unwrap_or_else(|_| Err(InvokeError::Function("it panicked".to_owned())));
        metrics.invoked(clock.now().duration_since(began), answered.is_ok());
        match answered {
            Ok(answer) => return outcomes(&event.records, answer),
            Err(error) if attempts > processor.retries || error.is_final() => {
                tracing::warn!(%error, attempts, records = event.records.len(), "gave a batch up");
                let failed = || Transformed::Failed(error.failure(attempts));
                return event.records.iter().map(|_| failed()).collect();
            }
            Err(error) => {
                tracing::debug!(%error, attempts, "invoking the function again");
                clock.sleep(pause_before(attempts - 1)).await;
            }
        }
    }
}

/// Matches an answer with the records that were asked about.
///
/// An answer that came back is final: what is wrong with it costs the records it is wrong about, and is not
/// asked again. Ids that were not asked about are ignored.
fn outcomes(asked: &[TransformRecord], answer: FunctionAnswer) -> Vec<Transformed> {
    let in_order = asked.len() == answer.records.len()
        && asked
            .iter()
            .zip(&answer.records)
            .all(|(asked, told)| asked.record_id == told.record_id());
    if in_order && all_distinct(asked) {
        return answer.records.into_iter().map(outcome).collect();
    }
    let mut told: HashMap<String, Vec<AnsweredRecord>> = HashMap::new();
    for record in answer.records {
        told.entry(record.record_id().to_owned())
            .or_default()
            .push(record);
    }
    let answered = |record: &TransformRecord| match told.remove(&record.record_id) {
        None => missing(),
        Some(mut answers) => match (answers.pop(), answers.is_empty()) {
            (Some(one), true) => outcome(one),
            (Some(_), false) => duplicated(),
            (None, _) => missing(),
        },
    };
    asked.iter().map(answered).collect()
}

/// Whether ids ascend, as the engine gives them; then none comes twice.
fn all_distinct(records: &[TransformRecord]) -> bool {
    records
        .windows(2)
        .all(|pair| pair[0].record_id < pair[1].record_id)
}

fn outcome(record: AnsweredRecord) -> Transformed {
    let AnsweredRecord::Told(record) = record else {
        return malformed();
    };
    match (record.result, record.data) {
        (ProcessingResult::Ok, Some(data)) => Transformed::Ok {
            data,
            keys: record
                .metadata
                .map(|metadata| metadata.partition_keys)
                .unwrap_or_default(),
        },
        (ProcessingResult::Ok, None) => Transformed::Failed(Failure::of_lambda(
            error_code::INVALID_RETURN_FORMAT,
            "The data field cannot be null when the SourceType is DirectPut or KinesisStreamAsSource and \
             processing result is Ok. The value field cannot be null when the SourceType is MSKAsSource and \
             processing result is Ok.",
            1,
        )),
        (ProcessingResult::Dropped, _) => Transformed::Dropped,
        (ProcessingResult::ProcessingFailed, _) => Transformed::Failed(Failure::of_lambda(
            error_code::PROCESSING_FAILED_STATUS,
            "ProcessingFailed status set for record",
            1,
        )),
    }
}

fn missing() -> Transformed {
    Transformed::Failed(Failure::of_lambda(
        error_code::MISSING_RECORD_ID,
        "One or more record Ids were not returned. Ensure that the Lambda function returns all received \
         record Ids.",
        1,
    ))
}

fn malformed() -> Transformed {
    Transformed::Failed(Failure::of_lambda(
        error_code::FUNCTION_ERROR,
        "Check your function and make sure the output is in required format. In addition to that, make sure \
         the processed records contain valid result status of Dropped, Ok, or ProcessingFailed",
        1,
    ))
}

fn duplicated() -> Transformed {
    Transformed::Failed(Failure::of_lambda(
        error_code::DUPLICATED_RECORD_ID,
        "Multiple records were returned with the same record Id. Ensure that the Lambda function returns a \
         unique record Id for each record.",
        1,
    ))
}

/// The event as a function gets it.
pub(crate) fn event_text(event: &TransformEvent) -> Result<Bytes, InvokeError> {
    let text = serde_json::to_vec(event)
        .map_err(|error| InvokeError::Function(format!("cannot write the event: {error}")))?;
    if text.len() > MAX_LAMBDA_PAYLOAD_BYTES {
        let length = text.len();
        return Err(InvokeError::Function(format!(
            "the event is {length} bytes long, and Lambda takes {MAX_LAMBDA_PAYLOAD_BYTES}"
        )));
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests;
