//! `arg_min` and `arg_max`.

use arrow::datatypes::DataType;
use datafusion::{
    common::{Result as DataFusionResult, internal_err, plan_err},
    functions_aggregate::first_last::first_value_udaf,
    logical_expr::{
        Accumulator, AggregateUDFImpl, Expr, Signature, Volatility,
        expr::AggregateFunction,
        function::{AccumulatorArgs, AggregateFunctionSimplification},
    },
};

/// `arg_min(x, by)` and `arg_max(x, by)`: the `x` of the row whose `by` is least or greatest. Rows where either is null do
/// not count.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ArgExtreme {
    signature: Signature,
    name: &'static str,
    ascending: bool,
    aliases: Vec<String>,
}

impl ArgExtreme {
    /// The row with the least value.
    pub(super) fn min() -> Self {
        Self::new("arg_min", "argmin", true)
    }

    /// The row with the greatest value.
    pub(super) fn max() -> Self {
        Self::new("arg_max", "argmax", false)
    }

    fn new(name: &'static str, clickhouse: &str, ascending: bool) -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
            name,
            ascending,
            aliases: vec![clickhouse.to_owned()],
        }
    }
}

impl AggregateUDFImpl for ArgExtreme {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        if given.len() == 2 {
            return Ok(given.to_vec());
        }
        plan_err!(
            "{} takes a value and what to order by: {}(detail.page, time)",
            self.name,
            self.name
        )
    }

    fn return_type(&self, given: &[DataType]) -> DataFusionResult<DataType> {
        let Some(value) = given.first() else {
            return internal_err!("{} without arguments", self.name);
        };
        Ok(value.clone())
    }

    /// The first value in an order is what `DataFusion` has, for groups too.
    fn simplify(&self) -> Option<AggregateFunctionSimplification> {
        let ascending = self.ascending;
        Some(Box::new(move |call: AggregateFunction, _| {
            let params = call.params;
            let [value, by] = <[Expr; 2]>::try_from(params.args)
                .or_else(|_| internal_err!("two arguments were checked"))?;
            let mut filter = value.clone().is_not_null().and(by.clone().is_not_null());
            if let Some(given) = params.filter {
                filter = given.and(filter);
            }
            Ok(Expr::AggregateFunction(AggregateFunction::new_udf(
                first_value_udaf(),
                vec![value],
                false,
                Some(Box::new(filter)),
                vec![by.sort(ascending, false)],
                None,
            )))
        }))
    }

    fn accumulator(&self, _args: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        plan_err!(
            "{} is not there over a window; use first_value(x) over (order by …)",
            self.name
        )
    }
}
