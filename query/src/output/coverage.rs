//! A description of the lake as an answer.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Int64Array, RecordBatch, StringArray},
    datatypes::{Field, Schema},
};
use datafusion::{
    execution::SendableRecordBatchStream, physical_plan::stream::RecordBatchStreamAdapter,
};
use futures::stream;

use super::type_name;
use crate::{describe::Description, error::QueryError};

impl Description {
    /// One row for each field: its path, its type, and for all event types and each of them how many records have it;
    /// as shares (`98%`) for people, and as numbers of records otherwise.
    ///
    /// # Errors
    ///
    /// [`QueryError`] when the columns do not fit together, which would be a defect.
    pub fn rows(&self, for_people: bool) -> Result<SendableRecordBatchStream, QueryError> {
        let records: Vec<u64> = self.event_types.iter().map(|it| it.records).collect();
        let all: u64 = records.iter().sum();
        let totals: Vec<u64> = self
            .fields
            .iter()
            .map(|it| it.values.iter().sum())
            .collect();
        let mut columns: Vec<(String, ArrayRef)> = vec![
            (
                "column".to_owned(),
                texts(self.fields.iter().map(|field| field.path.clone())),
            ),
            (
                "type".to_owned(),
                texts(self.fields.iter().map(|field| type_name(&field.data_type))),
            ),
            ("events".to_owned(), coverage(&totals, all, for_people)),
        ];
        for (at, event_type) in self.event_types.iter().enumerate() {
            let name = event_type.name.as_deref().unwrap_or("(no type)");
            let values: Vec<u64> = self
                .fields
                .iter()
                .map(|field| field.values.get(at).copied().unwrap_or_default())
                .collect();
            let column = coverage(&values, event_type.records, for_people);
            columns.push((name.to_owned(), column));
        }
        let fields: Vec<Field> = columns
            .iter()
            .map(|(name, array)| Field::new(name, array.data_type().clone(), false))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let arrays = columns.into_iter().map(|(_, array)| array).collect();
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)?;
        let batches = stream::iter([Ok(batch)]);
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}

fn texts(values: impl Iterator<Item = String>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn coverage(values: &[u64], all: u64, for_people: bool) -> ArrayRef {
    if for_people {
        return texts(values.iter().map(|value| share(*value, all)));
    }
    let counts = values
        .iter()
        .map(|it| i64::try_from(*it).unwrap_or(i64::MAX));
    Arc::new(Int64Array::from_iter_values(counts))
}

/// A share that is not called none or all unless it is.
#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
fn share(value: u64, all: u64) -> String {
    if value == 0 {
        return String::new();
    }
    let percent = value as f64 * 100.0 / all.max(1) as f64;
    if value < all && percent > 99.0 {
        return ">99%".to_owned();
    }
    if percent < 1.0 {
        return "<1%".to_owned();
    }
    format!("{percent:.0}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_none_or_all_only_when_it_is() {
        let shown: Vec<String> = [(0, 9), (9, 9), (1, 1000), (999, 1000), (1, 3)]
            .map(|(value, all)| share(value, all))
            .into();
        assert_eq!(shown, ["", "100%", "<1%", ">99%", "33%"]);
    }
}
