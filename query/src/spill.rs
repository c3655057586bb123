//! What a bound on memory changes about how queries run: what cannot spill is replaced by what can, at once where it is
//! sure to be too large, and when a query has run out of memory otherwise.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use datafusion::{
    common::{
        Result as DataFusionResult,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode},
    },
    physical_optimizer::PhysicalOptimizerRule,
    physical_plan::{
        ExecutionPlan,
        limit::{GlobalLimitExec, LocalLimitExec},
        sorts::sort::SortExec,
    },
    prelude::{SessionConfig, SessionContext},
};

/// Bytes of a row that is kept in memory, about: an event with its detail.
const ROW: usize = 2 << 10;

/// Of the memory of a thread, the part that one operator may hold without spilling.
const SHARE: usize = 8;

/// Rows in a batch, unless memory is short.
const BATCH_ROWS: usize = 8192;

/// A bound on what queries hold in memory.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    /// Rows that the first rows of an order are kept in memory up to.
    most_rows: usize,
    /// Bytes that one operator of a thread may hold.
    share: usize,
    /// Whether the statement ran out of memory: then nothing is used that cannot spill.
    spills: Arc<AtomicBool>,
    /// Whether the session prefers hash joins otherwise.
    hash_joins: Arc<AtomicBool>,
}

impl Bound {
    /// So many bytes for all threads together.
    pub(crate) fn new(limit: usize, threads: usize) -> Self {
        let share = limit / threads.max(1) / SHARE;
        Self {
            most_rows: share / ROW,
            share,
            spills: Arc::default(),
            hash_joins: Arc::default(),
        }
    }

    /// Sizes what operators hold to begin with.
    pub(crate) fn configure(&self, mut config: SessionConfig) -> SessionConfig {
        let execution = &mut config.options_mut().execution;
        execution.sort_spill_reservation_bytes =
            execution.sort_spill_reservation_bytes.min(self.share);
        execution.sort_in_place_threshold_bytes =
            execution.sort_in_place_threshold_bytes.min(self.share);
        // Merging what was spilled takes a batch of each piece.
        config.with_batch_size((self.share / ROW / SHARE).clamp(256, BATCH_ROWS))
    }

    /// The rule that plans accordingly.
    pub(crate) fn rule(&self) -> Arc<dyn PhysicalOptimizerRule + Send + Sync> {
        Arc::new(SpillTop(self.clone()))
    }

    /// Begins a statement.
    pub(crate) fn begin(&self, context: &SessionContext) {
        self.set(context, false);
    }

    /// Uses only what spills, now that the statement ran out of memory; false when it did already.
    pub(crate) fn spill(&self, context: &SessionContext) -> bool {
        !self.set(context, true)
    }

    fn set(&self, context: &SessionContext, spills: bool) -> bool {
        let before = self.spills.swap(spills, Ordering::AcqRel);
        if before != spills {
            // Of the joins, those of sorted inputs spill.
            let state = context.state_ref();
            let mut state = state.write();
            let prefers = &mut state.config_mut().options_mut().optimizer.prefer_hash_join;
            if spills {
                self.hash_joins.store(*prefers, Ordering::Release);
            }
            *prefers = !spills && self.hash_joins.load(Ordering::Acquire);
        }
        before
    }
}

/// Sorts all rows, which spills, where the first of them are too many to be kept.
#[derive(Debug)]
struct SpillTop(Bound);

impl SpillTop {
    fn replace(&self, node: Arc<dyn ExecutionPlan>) -> Transformed<Arc<dyn ExecutionPlan>> {
        let Some((sort, rows)) = node
            .downcast_ref::<SortExec>()
            .and_then(|sort| Some((sort, sort.fetch()?)))
        else {
            return Transformed::no(node);
        };
        if rows <= self.0.most_rows && !self.0.spills.load(Ordering::Acquire) {
            return Transformed::no(node);
        }
        let all: Arc<dyn ExecutionPlan> = Arc::new(sort.with_fetch(None));
        Transformed::yes(if sort.preserve_partitioning() {
            Arc::new(LocalLimitExec::new(all, rows))
        } else {
            Arc::new(GlobalLimitExec::new(all, 0, Some(rows)))
        })
    }
}

impl PhysicalOptimizerRule for SpillTop {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let replaced = plan.transform_up(|node| Ok(self.replace(node)))?;
        Ok(replaced.data)
    }

    fn name(&self) -> &'static str {
        "spill_top"
    }

    fn schema_check(&self) -> bool {
        true
    }
}
