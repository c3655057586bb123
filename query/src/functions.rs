//! Functions for client events, beside those of `DataFusion`.
//!
//! Where `ClickHouse` has a function, ours has its meaning and a name that SQL allows: `windowFunnel(3600)(time,
//! …)` is `window_funnel(3600, time, …)`.

mod arguments;
mod by;
mod funnel;
mod groups;
mod json;
mod percentile;
mod retention;
mod sessions;
mod single;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use datafusion::{
    common::Result as DataFusionResult,
    execution::FunctionRegistry,
    logical_expr::{AggregateUDF, ScalarUDF, WindowUDF},
    prelude::SessionContext,
};

use crate::engine::Engine;

/// Makes the functions known to a session.
pub(crate) fn register(context: &SessionContext) -> DataFusionResult<()> {
    context.register_udaf(AggregateUDF::from(funnel::WindowFunnel::new()));
    context.register_udaf(AggregateUDF::from(retention::Retention::new()));
    context.register_udaf(AggregateUDF::from(by::ArgExtreme::min()));
    context.register_udaf(AggregateUDF::from(by::ArgExtreme::max()));
    context.register_udaf(AggregateUDF::from(percentile::ApproxPercentile::new()));
    context.register_udwf(WindowUDF::from(sessions::Sessionize::new()));
    context.register_udf(ScalarUDF::from(json::ToJson::new()));
    let state = context.state_ref();
    let mut state = state.write();
    // The first planner that knows an operator has it.
    state.register_expr_planner(Arc::new(json::Arrows))?;
    datafusion_functions_json::register_all(&mut *state)
}

impl Engine {
    /// The names of all functions that a query can call, sorted.
    pub fn functions(&self) -> Vec<String> {
        let state = self.context().state();
        let scalar = state.scalar_functions().keys();
        let aggregate = state.aggregate_functions().keys();
        let window = state.window_functions().keys();
        let mut names: Vec<String> = scalar.chain(aggregate).chain(window).cloned().collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}
