use std::sync::Mutex;

use hydrant_records::{Metadata, TransformedRecord};
use jiff::Timestamp;

use super::*;
use crate::FixedClock;

/// Answers with what it was given, one after the other.
#[derive(Debug)]
struct Scripted(Mutex<Vec<Result<TransformAnswer, InvokeError>>>);

#[async_trait]
impl Transform for Scripted {
    async fn invoke(&self, _: TransformEvent) -> Result<TransformAnswer, InvokeError> {
        self.0.lock().unwrap().remove(0)
    }
}

fn answer(records: &[(&str, ProcessingResult, Option<&'static str>)]) -> TransformAnswer {
    let records = records.iter().map(|(id, result, data)| TransformedRecord {
        record_id: (*id).to_owned(),
        result: *result,
        data: data.map(|data| Bytes::from_static(data.as_bytes())),
        metadata: None,
    });
    TransformAnswer {
        records: records.collect(),
    }
}

async fn run(
    ids: &[&str],
    answers: Vec<Result<TransformAnswer, InvokeError>>,
    retries: u32,
) -> (Vec<String>, usize) {
    let event = TransformEvent {
        invocation_id: "i".into(),
        delivery_stream_arn: "a".into(),
        source_kinesis_stream_arn: None,
        region: "r".into(),
        records: ids
            .iter()
            .map(|id| TransformRecord {
                record_id: (*id).to_owned(),
                approximate_arrival_timestamp: 0,
                data: Bytes::new(),
                kinesis_record_metadata: None,
            })
            .collect(),
    };
    let scripted = Arc::new(Scripted(Mutex::new(answers)));
    let function: Arc<dyn Transform> = scripted.clone();
    let processor = LambdaProcessor {
        arn: "arn".into(),
        retries,
        buffer_bytes: 1,
        buffer_interval: Duration::ZERO,
    };
    let outcomes = transform(
        &function,
        &processor,
        event,
        &FixedClock(Timestamp::UNIX_EPOCH),
        &StreamMetrics::default(),
    )
    .await;
    let left = scripted.0.lock().unwrap().len();
    let outcomes = outcomes.into_iter().map(|outcome| match outcome {
        Transformed::Ok { data, .. } => format!("ok {}", String::from_utf8_lossy(&data)),
        Transformed::Dropped => "dropped".to_owned(),
        Transformed::Failed(failure) => failure.code.into_owned(),
    });
    (outcomes.collect(), left)
}

use ProcessingResult::{Dropped, Ok as Success, ProcessingFailed};

#[tokio::test]
async fn every_record_gets_its_own_outcome_whatever_the_order_of_the_answer() {
    let told = answer(&[
        ("c", Dropped, None),
        ("a", Success, Some("A")),
        ("b", ProcessingFailed, None),
    ]);
    let (outcomes, _) = run(&["a", "b", "c"], vec![Ok(told)], 3).await;
    assert_eq!(
        outcomes,
        ["ok A", "Lambda.ProcessingFailedStatus", "dropped"]
    );
}

#[tokio::test]
async fn what_is_wrong_with_an_answer_costs_only_the_records_it_is_wrong_about() {
    let told = answer(&[
        ("a", Success, Some("A")),
        ("twice", Success, Some("1")),
        ("twice", Success, Some("2")),
        ("no-data", Success, None),
        ("stranger", Success, Some("?")),
    ]);
    let (outcomes, left) = run(
        &["a", "twice", "no-data", "missing"],
        vec![Ok(told), Ok(answer(&[]))],
        3,
    )
    .await;
    assert_eq!(
        outcomes,
        [
            "ok A",
            "Lambda.DuplicatedRecordId",
            "Lambda.InvalidReturnFormat",
            "Lambda.MissingRecordId"
        ]
    );
    assert_eq!(left, 1, "an answer that came back is not asked for again");
}

#[tokio::test]
async fn a_failed_invocation_is_retried_as_often_as_the_processor_says() {
    let crash = || Err(InvokeError::Function("crash".into()));
    let good = || Ok(answer(&[("a", Success, Some("A"))]));
    assert_eq!(
        run(&["a"], vec![crash(), crash(), good()], 2).await.0,
        ["ok A"]
    );
    let (outcomes, left) = run(&["a", "b"], vec![crash(), crash(), good()], 1).await;
    assert_eq!(outcomes, ["Lambda.FunctionError", "Lambda.FunctionError"]);
    assert_eq!(left, 1);
    assert_eq!(
        run(&["a"], vec![Err(InvokeError::TimedOut)], 0).await.0,
        ["Lambda.FunctionTimedOut"]
    );
}

#[test]
fn keys_of_the_function_come_along() {
    let keys = IndexMap::from([("day".to_owned(), "02".to_owned())]);
    let told = TransformedRecord {
        record_id: "a".into(),
        result: Success,
        data: Some(Bytes::new()),
        metadata: Some(Metadata {
            partition_keys: keys.clone(),
        }),
    };
    assert_eq!(
        outcome(AnsweredRecord::Told(told)),
        Transformed::Ok {
            data: Bytes::new(),
            keys
        }
    );
}
