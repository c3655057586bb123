//! What a function made of each record, read as leniently as possible: what is wrong with an answer is a
//! finding, and no end of the comparison.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use hydrant_records::{ProcessingResult, TransformAnswer, decode_base64, error_code};
use serde_json::Value;

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Delivered as these bytes, under these partition keys.
    Ok {
        data: Bytes,
        keys: BTreeMap<String, String>,
    },
    /// Left out on purpose.
    Dropped,
    /// To the error output, and why.
    Refused(String),
}

impl Outcome {
    /// The outcome in words.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Ok { .. } => "Ok".to_owned(),
            Self::Dropped => "Dropped".to_owned(),
            Self::Refused(why) => why.clone(),
        }
    }
}

/// The outcomes of a batch, by record id.
pub(super) struct Answer {
    outcomes: HashMap<String, Outcome>,
    /// What is said of a record that the answer does not name.
    otherwise: String,
}

impl Answer {
    /// Our own answer; `refusals` are the reasons, by record id.
    pub(super) fn ours(
        answer: TransformAnswer,
        refusals: impl Iterator<Item = (String, String)>,
    ) -> Self {
        let reasons: HashMap<String, String> = refusals.collect();
        let outcome = |record: hydrant_records::TransformedRecord| {
            let outcome = match record.result {
                ProcessingResult::Ok => Outcome::Ok {
                    data: record.data.unwrap_or_default(),
                    keys: record
                        .metadata
                        .map(|metadata| metadata.partition_keys.into_iter().collect())
                        .unwrap_or_default(),
                },
                ProcessingResult::Dropped => Outcome::Dropped,
                ProcessingResult::ProcessingFailed => {
                    Outcome::Refused(match reasons.get(&record.record_id) {
                        Some(reason) => format!("ProcessingFailed: {reason}"),
                        None => "ProcessingFailed".to_owned(),
                    })
                }
            };
            (record.record_id, outcome)
        };
        Self {
            outcomes: answer.records.into_iter().map(outcome).collect(),
            otherwise: missing(),
        }
    }

    /// An invocation that gave none: Firehose tries it again, and then refuses the whole batch.
    pub(super) fn failed(error: &str) -> Self {
        Self {
            outcomes: HashMap::new(),
            otherwise: format!("the invocation failed: {error}"),
        }
    }

    /// Reads an answer as Firehose does.
    pub(super) fn read(answer: &[u8]) -> Self {
        let answer: Value = match serde_json::from_slice(answer) {
            Ok(answer) => answer,
            Err(error) => return Self::failed(&format!("the answer is no JSON: {error}")),
        };
        let mut outcomes = HashMap::new();
        let records = answer.get("records").and_then(Value::as_array);
        for record in records.into_iter().flatten() {
            let Some(id) = record.get("recordId").and_then(Value::as_str) else {
                continue;
            };
            let outcome = outcome(record);
            outcomes
                .entry(id.to_owned())
                .and_modify(|twice| {
                    *twice = Outcome::Refused(format!(
                        "returned twice ({})",
                        error_code::DUPLICATED_RECORD_ID
                    ));
                })
                .or_insert(outcome);
        }
        Self {
            outcomes,
            otherwise: missing(),
        }
    }

    /// What became of a record.
    pub(super) fn outcome(&self, record_id: &str) -> Outcome {
        match self.outcomes.get(record_id) {
            Some(outcome) => outcome.clone(),
            None => Outcome::Refused(self.otherwise.clone()),
        }
    }
}

fn missing() -> String {
    format!("not returned ({})", error_code::MISSING_RECORD_ID)
}

fn outcome(record: &Value) -> Outcome {
    let data = record.get("data").and_then(Value::as_str);
    match (record.get("result").and_then(Value::as_str), data) {
        (Some("Ok"), Some(data)) => match decode_base64(data) {
            Some(data) => Outcome::Ok {
                data,
                keys: keys(record),
            },
            None => Outcome::Refused("Ok, with data that is not base64".to_owned()),
        },
        (Some("Ok"), None) => Outcome::Refused(format!(
            "Ok, without data ({})",
            error_code::INVALID_RETURN_FORMAT
        )),
        (Some("Dropped"), _) => Outcome::Dropped,
        (Some("ProcessingFailed"), _) => Outcome::Refused("ProcessingFailed".to_owned()),
        (Some(other), _) => Outcome::Refused(format!(
            "the result {other:?}, which is none of Ok, Dropped and ProcessingFailed"
        )),
        (None, _) => Outcome::Refused("no result".to_owned()),
    }
}

fn keys(record: &Value) -> BTreeMap<String, String> {
    let keys = record
        .pointer("/metadata/partitionKeys")
        .and_then(Value::as_object);
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        // Firehose takes strings alone; shown as it is, it differs from ours.
        other => format!("{other} (no string)"),
    };
    keys.into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_an_answer_is_said_of_the_record_it_is_wrong_about() {
        let answer = Answer::read(
            br#"{"records":[
                {"recordId":"1","result":"Ok","data":"e30="},
                {"recordId":"2","result":"Ok"},
                {"recordId":"3","result":"ok","data":"e30="},
                {"recordId":"4","result":"Dropped"},{"recordId":"4","result":"Dropped"},
                {"recordId":"5","result":"Ok","data":"?"},
                {"recordId":"6"},
                {"result":"Ok"}]}"#,
        );
        let told = ["1", "2", "3", "4", "5", "6", "7"].map(|id| answer.outcome(id).told());
        insta::assert_snapshot!(told.join("\n"), @r#"
        Ok
        Ok, without data (Lambda.InvalidReturnFormat)
        the result "ok", which is none of Ok, Dropped and ProcessingFailed
        returned twice (Lambda.DuplicatedRecordId)
        Ok, with data that is not base64
        no result
        not returned (Lambda.MissingRecordId)
        "#);
        let whole = Answer::read(b"null").outcome("1").told();
        assert_eq!(whole, "not returned (Lambda.MissingRecordId)");
    }
}
