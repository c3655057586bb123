//! An aggregate over one group, from one over many.

use std::fmt;

use arrow::array::ArrayRef;
use datafusion::{
    common::{Result as DataFusionResult, ScalarValue},
    logical_expr::{Accumulator, EmitTo, GroupsAccumulator},
};

/// Everything is group 0 of `G`.
#[derive(Clone)]
pub(super) struct Single<G>(pub(super) G);

impl<G> fmt::Debug for Single<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Single")
    }
}

fn rows(values: &[ArrayRef]) -> Vec<usize> {
    vec![0; values.first().map_or(0, |array| array.len())]
}

impl<G: GroupsAccumulator + Clone + Sync> Accumulator for Single<G> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        self.0.update_batch(values, &rows(values), None, 1)
    }

    fn evaluate(&mut self) -> DataFusionResult<ScalarValue> {
        // A window asks again and again, and adds rows in between.
        let mut copy = self.0.clone();
        copy.update_batch_none()?;
        ScalarValue::try_from_array(&copy.evaluate(EmitTo::All)?, 0)
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        let mut copy = self.0.clone();
        copy.update_batch_none()?;
        copy.state(EmitTo::All)?
            .iter()
            .map(|array| ScalarValue::try_from_array(array, 0))
            .collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DataFusionResult<()> {
        self.0.merge_batch(states, &rows(states), 1)
    }
}

/// Lets group 0 be there although no row was.
trait AtLeastOneGroup {
    fn update_batch_none(&mut self) -> DataFusionResult<()>;
}

impl<G: GroupsAccumulator> AtLeastOneGroup for G {
    fn update_batch_none(&mut self) -> DataFusionResult<()> {
        self.merge_batch(&[], &[], 1)
    }
}
