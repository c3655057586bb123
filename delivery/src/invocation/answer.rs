//! A function's answer as it came: some of it may be in no format.

use hydrant_records::{TransformAnswer, TransformedRecord};
use serde_json::Value;

use super::InvokeError;

/// A function's answer, record by record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FunctionAnswer {
    /// In the order of the answer.
    pub records: Vec<AnsweredRecord>,
}

/// What a function said of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnsweredRecord {
    /// An outcome.
    Told(TransformedRecord),
    /// Something else: no `result` that there is, or `data` that is no base64 text.
    Malformed {
        /// The record that it is said of.
        record_id: String,
    },
}

impl AnsweredRecord {
    /// The record that it is said of.
    pub fn record_id(&self) -> &str {
        match self {
            Self::Told(record) => &record.record_id,
            Self::Malformed { record_id } => record_id,
        }
    }
}

impl From<TransformAnswer> for FunctionAnswer {
    fn from(answer: TransformAnswer) -> Self {
        Self {
            records: answer
                .records
                .into_iter()
                .map(AnsweredRecord::Told)
                .collect(),
        }
    }
}

impl FunctionAnswer {
    /// Reads the text of an answer. JSON without `records` answers for none, as on AWS; entries without a
    /// `recordId` answer for none either.
    ///
    /// # Errors
    ///
    /// [`InvokeError::NotJson`].
    pub fn from_json(answer: &[u8]) -> Result<Self, InvokeError> {
        if let Ok(answer) = serde_json::from_slice::<TransformAnswer>(answer) {
            return Ok(answer.into());
        }
        let mut answer: Value = serde_json::from_slice(answer)
            .map_err(|error| InvokeError::NotJson(error.to_string()))?;
        let Some(Value::Array(records)) = answer.get_mut("records").map(Value::take) else {
            return Ok(Self::default());
        };
        let records = records.into_iter().filter_map(|record| {
            let record_id = record.get("recordId")?.as_str()?.to_owned();
            // From text, because `data` is borrowed from it.
            Some(match serde_json::from_str(&record.to_string()) {
                Ok(record) => AnsweredRecord::Told(record),
                Err(_) => AnsweredRecord::Malformed { record_id },
            })
        });
        Ok(Self {
            records: records.collect(),
        })
    }
}
