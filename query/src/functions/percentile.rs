//! `approx_percentile`.

use arrow::datatypes::DataType;
use datafusion::{
    common::{Result as DataFusionResult, internal_err, plan_err},
    functions_aggregate::approx_percentile_cont::approx_percentile_cont_udaf,
    logical_expr::{
        Accumulator, AggregateUDFImpl, Expr, Signature, Volatility,
        expr::AggregateFunction,
        function::{AccumulatorArgs, AggregateFunctionSimplification},
    },
};

/// `approx_percentile(x, 0.95)`, as Athena has it: by a t-digest, in bounded memory.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ApproxPercentile {
    signature: Signature,
}

impl ApproxPercentile {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl AggregateUDFImpl for ApproxPercentile {
    fn name(&self) -> &'static str {
        "approx_percentile"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        match given {
            [value, percentile] if value.is_numeric() && percentile.is_numeric() => {
                Ok(vec![DataType::Float64, DataType::Float64])
            }
            _ => plan_err!(
                "approx_percentile takes a number and a percentile from 0 to 1: \
                 approx_percentile(detail.data.price, 0.95)"
            ),
        }
    }

    fn return_type(&self, _given: &[DataType]) -> DataFusionResult<DataType> {
        Ok(DataType::Float64)
    }

    fn simplify(&self) -> Option<AggregateFunctionSimplification> {
        Some(Box::new(|call: AggregateFunction, _| {
            let params = call.params;
            Ok(Expr::AggregateFunction(AggregateFunction::new_udf(
                approx_percentile_cont_udaf(),
                params.args,
                params.distinct,
                params.filter,
                Vec::new(),
                params.null_treatment,
            )))
        }))
    }

    fn accumulator(&self, _args: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        internal_err!("approx_percentile is planned as approx_percentile_cont")
    }
}
