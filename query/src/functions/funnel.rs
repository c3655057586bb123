//! `window_funnel`.

mod groups;
mod level;

use std::sync::Arc;

use arrow::{
    array::RecordBatch,
    datatypes::{DataType, Field, FieldRef, Schema},
};
use datafusion::{
    common::{Result as DataFusionResult, ScalarValue, plan_err},
    logical_expr::{
        Accumulator, AggregateUDFImpl, ColumnarValue, GroupsAccumulator, Signature, Volatility,
        function::{AccumulatorArgs, StateFieldsArgs},
    },
    physical_expr::PhysicalExpr,
};

use super::{
    arguments::{span, span_type, time_type},
    single::Single,
};
use groups::Funnels;
use level::{MAX_STEPS, Modes, Rule};

/// `window_funnel(window, [mode, …] time, cond1, cond2, …)`: how many of the conditions were met one after the other,
/// from the first, within the window that the first began.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct WindowFunnel {
    signature: Signature,
}

impl WindowFunnel {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }

    /// The funnel that the arguments of a call ask for.
    fn funnels(args: &AccumulatorArgs<'_>) -> DataFusionResult<Funnels> {
        let time = time_at(
            &args
                .expr_fields
                .iter()
                .map(|field| field.data_type().clone())
                .collect::<Vec<_>>(),
        );
        let times = args.expr_fields.get(time).map(|field| field.data_type());
        let mut modes = Modes::default();
        for mode in args.exprs.iter().take(time).skip(1) {
            let mode = constant(&**mode, "the mode")?;
            modes.add(mode.try_as_str().flatten().unwrap_or_default())?;
        }
        let (Some(window), Some(times)) = (args.exprs.first(), times) else {
            return usage();
        };
        let rule = Rule {
            window: span(&constant(&**window, "the window")?, times)?,
            modes,
            steps: args.exprs.len() - time - 1,
        };
        Ok(Funnels::new(rule, time))
    }
}

/// Where the time is: behind the window and the modes, which are texts.
fn time_at(given: &[DataType]) -> usize {
    let modes = given.iter().skip(1).take_while(|it| it.is_string());
    1 + modes.count()
}

fn usage<T>() -> DataFusionResult<T> {
    plan_err!(
        "window_funnel takes a window, a time and 1 to {MAX_STEPS} conditions: window_funnel(interval '1 hour', time, \
         cond1, cond2, …), with modes such as 'strict_order' before the time"
    )
}

/// The value of an argument that must not depend on the row.
fn constant(expr: &dyn PhysicalExpr, what: &str) -> DataFusionResult<ScalarValue> {
    let nothing = RecordBatch::new_empty(Arc::new(Schema::empty()));
    let Ok(ColumnarValue::Scalar(value)) = expr.evaluate(&nothing) else {
        return plan_err!("{what} of window_funnel must be one value for all rows, not a column");
    };
    Ok(value)
}

impl AggregateUDFImpl for WindowFunnel {
    fn name(&self) -> &'static str {
        "window_funnel"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        let time = time_at(given);
        let (Some(window), Some(times)) = (
            given.first().and_then(span_type),
            given.get(time).and_then(time_type),
        ) else {
            return usage();
        };
        let conditions = given.get(time + 1..).unwrap_or_default();
        let fits = |it: &DataType| matches!(it, DataType::Boolean | DataType::Null);
        if conditions.is_empty() || conditions.len() > MAX_STEPS || !conditions.iter().all(fits) {
            return usage();
        }
        let mut types = vec![window];
        types.resize(time, DataType::Utf8);
        types.push(times);
        types.resize(given.len(), DataType::Boolean);
        Ok(types)
    }

    fn return_type(&self, _given: &[DataType]) -> DataFusionResult<DataType> {
        Ok(DataType::Int64)
    }

    fn is_nullable(&self) -> bool {
        false
    }

    fn default_value(&self, _data_type: &DataType) -> DataFusionResult<ScalarValue> {
        Ok(ScalarValue::Int64(Some(0)))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> DataFusionResult<Vec<FieldRef>> {
        let name = format!("{}[steps]", args.name);
        Ok(vec![Arc::new(Field::new(
            name,
            DataType::LargeBinary,
            false,
        ))])
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        Ok(Box::new(Single(Self::funnels(&args)?)))
    }

    fn groups_accumulator_supported(&self, _args: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> DataFusionResult<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Self::funnels(&args)?))
    }
}
