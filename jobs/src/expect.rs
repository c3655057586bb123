//! What must hold of a result.

use futures::StreamExt;
use hydrant_query::{Engine, QueryError};

/// The name under which an expectation finds the interval's result.
pub(crate) const RESULT: &str = "result";

/// A condition on an interval's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expectation {
    pub(crate) name: String,
    /// What is selected from [`RESULT`]: one value, which must be true.
    pub(crate) condition: String,
}

impl Expectation {
    /// The condition as a query.
    pub(crate) fn sql(&self) -> String {
        format!(
            "SELECT CAST(({}) AS BOOLEAN) AS holds FROM {RESULT}",
            self.condition
        )
    }

    /// Whether it holds; `Err(reason)` inside when it does not.
    pub(crate) async fn check(&self, engine: &Engine) -> Result<Result<(), String>, QueryError> {
        let mut answer = engine.run(&self.sql()).await?;
        let (mut rows, mut truths) = (0, 0);
        while let Some(batch) = answer.next().await {
            let batch = batch?;
            rows += batch.num_rows();
            let column = batch.columns().first();
            let values =
                column.and_then(|it| it.as_any().downcast_ref::<arrow::array::BooleanArray>());
            truths += values.map_or(0, arrow::array::BooleanArray::true_count);
        }
        let failed = rows - truths;
        Ok(match (rows, failed) {
            (_, 0) => Ok(()),
            (1, _) => Err(format!("`{}` does not hold: {}", self.name, self.condition)),
            _ => Err(format!(
                "`{}` does not hold in {failed} of {rows} rows: {}",
                self.name, self.condition
            )),
        })
    }
}
