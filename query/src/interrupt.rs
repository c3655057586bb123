//! Lets a query be interrupted in the middle of a join.
//!
//! DataFusion gives way when it reads, and a join may make a billion rows of what it has read once. Behind each join,
//! and whatever else makes many rows of few, stands a node that gives way now and then; a query that is dropped ends
//! there.

use std::sync::Arc;

use datafusion::{
    common::{
        Result as DataFusionResult,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode},
    },
    physical_optimizer::PhysicalOptimizerRule,
    physical_plan::{ExecutionPlan, coop::CooperativeExec},
};

/// Nodes that may make many rows of few.
const MANY_OF_FEW: [&str; 6] = [
    "CrossJoinExec",
    "HashJoinExec",
    "NestedLoopJoinExec",
    "PiecewiseMergeJoinExec",
    "SortMergeJoinExec",
    "UnnestExec",
];

/// See the module.
#[derive(Debug)]
pub(crate) struct GiveWay;

impl PhysicalOptimizerRule for GiveWay {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let done = plan.transform_up(|node| {
            if !MANY_OF_FEW.contains(&node.name()) {
                return Ok(Transformed::no(node));
            }
            let gives_way: Arc<dyn ExecutionPlan> = Arc::new(CooperativeExec::new(node));
            Ok(Transformed::yes(gives_way))
        })?;
        Ok(done.data)
    }

    fn name(&self) -> &'static str {
        "give_way"
    }

    fn schema_check(&self) -> bool {
        true
    }
}
