//! `sessionize`.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, Int64Array},
    datatypes::{DataType, Field, FieldRef},
};
use datafusion::{
    common::{Result as DataFusionResult, ScalarValue, exec_err, internal_err, plan_err},
    logical_expr::{
        LimitEffect, PartitionEvaluator, Signature, Volatility, WindowUDFImpl,
        function::{PartitionEvaluatorArgs, WindowUDFFieldArgs},
    },
    physical_expr::PhysicalExpr,
};

use super::arguments::{Times, span, span_type, time_type};

/// `sessionize(time, gap) over (partition by client order by time)`: the number of the session that a row is in,
/// from 1. A session ends where nothing happens for longer than the gap.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Sessionize {
    signature: Signature,
}

impl Sessionize {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl WindowUDFImpl for Sessionize {
    fn name(&self) -> &'static str {
        "sessionize"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        if let [time, gap] = given
            && let (Some(time), Some(gap)) = (time_type(time), span_type(gap))
        {
            return Ok(vec![time, gap]);
        }
        plan_err!(
            "sessionize takes a time and a gap: sessionize(time, interval '30 minutes') over (partition by \
             detail.clientId order by time)"
        )
    }

    fn partition_evaluator(
        &self,
        _args: PartitionEvaluatorArgs<'_>,
    ) -> DataFusionResult<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Sessions))
    }

    fn field(&self, args: WindowUDFFieldArgs<'_>) -> DataFusionResult<FieldRef> {
        Ok(Arc::new(Field::new(args.name(), DataType::Int64, false)))
    }

    fn limit_effect(&self, _args: &[Arc<dyn PhysicalExpr>]) -> LimitEffect {
        LimitEffect::Unknown
    }
}

/// Numbers the sessions of one partition.
#[derive(Debug)]
struct Sessions;

impl PartitionEvaluator for Sessions {
    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> DataFusionResult<ArrayRef> {
        let [time, gap] = values else {
            return internal_err!("sessionize has two arguments");
        };
        if rows == 0 {
            return Ok(Arc::new(Int64Array::from(Vec::<i64>::new())));
        }
        let gap = span(&ScalarValue::try_from_array(gap, 0)?, time.data_type())?;
        let times = Times::of(time);
        let (mut session, mut latest) = (1, None);
        let (mut forward, mut backward) = (false, false);
        let mut sessions = Vec::with_capacity(rows);
        for row in 0..rows {
            // What has no time belongs to where it stands.
            if let Some(now) = times.get(row)
                && let Some(before) = latest.replace(now)
            {
                forward |= now > before;
                backward |= now < before;
                if now.abs_diff(before) > gap.unsigned_abs() {
                    session += 1;
                }
            }
            sessions.push(session);
        }
        if forward && backward {
            return exec_err!(
                "sessionize needs its rows in order: sessionize(time, gap) over (partition by … order by time)"
            );
        }
        Ok(Arc::new(Int64Array::from(sessions)))
    }
}
