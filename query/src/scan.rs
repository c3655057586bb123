//! The scan: objects in, record batches out.
//!
//! The partitions take objects from one queue, each the next when it is done with the last, and each
//! inflates, parses and builds columns where the operator above runs: a batch is used while it is still in
//! the processor's cache.

mod filling;
mod worker;

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use datafusion::{
    common::{Result as DataFusionResult, tree_node::TreeNodeRecursion},
    execution::TaskContext,
    physical_expr::{EquivalenceProperties, PhysicalExpr},
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
        SendableRecordBatchStream,
        execution_plan::{Boundedness, EmissionType},
        stream::RecordBatchStreamAdapter,
    },
};
use futures::stream;

use crate::{
    condition::Filter,
    decode::{Decoder, EventDecoder, TableColumns},
    error_records::ErrorDecoder,
    fetch::{Queue, Share},
    needle::Needle,
    object::DataObject,
    parquet_object::{Fitting, is_named_so, row_groups},
    paths::Projection,
    reader::Source,
    stats::add,
};
use worker::Worker;

/// Objects for each partition that keep all of them busy to the end.
const MANY: usize = 4;

/// What kind of records a scan reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Delivered records.
    Events,
    /// The error output.
    Errors,
}

/// The scans of a query: whether all of them have come to their ends.
#[derive(Debug, Default)]
pub(crate) struct Scans {
    expected: AtomicUsize,
    ended: AtomicUsize,
    strays: AtomicBool,
}

impl Scans {
    /// Whether a record lay in a folder that is not named after its time.
    pub(crate) fn found_strays(&self) -> bool {
        self.strays.load(Ordering::Acquire)
    }

    /// Whether nothing that is still to be read can prove the schema wrong.
    pub(crate) fn have_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire) >= self.expected.load(Ordering::Acquire)
    }
}

/// What a scan reads and what for.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) source: Arc<Source>,
    pub(crate) kind: Kind,
    pub(crate) table: Arc<TableColumns>,
    pub(crate) projection: Projection,
    pub(crate) needles: Vec<Needle>,
    /// What Parquet objects can judge of the query's conditions.
    pub(crate) filters: Vec<Filter>,
    /// Schemas of Parquet objects that fit the table's.
    pub(crate) fitting: Arc<Fitting>,
    pub(crate) limit: Option<usize>,
    /// Whether objects were left out because of the event time: then each record that is read has to lie in
    /// the folder of its time.
    pub(crate) trusts_time: bool,
    pub(crate) scans: Arc<Scans>,
}

/// The physical plan node.
#[derive(Debug, Clone)]
pub(crate) struct ScanExec {
    plan: Arc<Plan>,
    objects: Arc<[Arc<DataObject>]>,
    runs: Arc<Mutex<Runs>>,
    properties: Arc<PlanProperties>,
}

/// A plan may be executed more than once, and each time its partitions share one queue.
#[derive(Debug, Default)]
struct Runs {
    /// How often each partition was executed.
    executed: Vec<usize>,
    queues: Vec<Arc<Queue>>,
}

impl ScanExec {
    /// A scan of `objects` in at most `partitions` partitions.
    pub(crate) fn new(
        plan: Plan,
        objects: Arc<[Arc<DataObject>]>,
        partitions: usize,
    ) -> DataFusionResult<Self> {
        let schema = Arc::new(plan.table.schema.project(&plan.projection.columns)?);
        // The first rows of a lake are the same every time when one reader takes them in order.
        let partitions = match plan.limit {
            Some(_) => 1,
            // A Parquet object may have several row groups.
            None if objects.iter().any(|it| is_named_so(it)) => partitions,
            None => partitions.min(objects.len()).max(1),
        };
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        if plan.kind == Kind::Events {
            plan.scans.expected.fetch_add(partitions, Ordering::AcqRel);
        }
        Ok(Self {
            plan: Arc::new(plan),
            objects,
            runs: Arc::default(),
            properties: Arc::new(properties),
        })
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        let Plan {
            table, projection, ..
        } = &*self.plan;
        match self.plan.kind {
            Kind::Events => {
                Box::new(EventDecoder::new(table, projection).trusting_time(self.plan.trusts_time))
            }
            Kind::Errors => Box::new(ErrorDecoder::new(table, &projection.columns)),
        }
    }

    /// The objects; where they are few, in as many shares as they are known to have row groups.
    fn shares(&self) -> Vec<Share> {
        let partitions = self.properties.partitioning.partition_count();
        let are_many = partitions == 1 || self.objects.len() >= MANY * partitions;
        let shares = self.objects.iter().flat_map(|object| {
            let of = if are_many {
                1
            } else {
                row_groups(&self.plan.source, object).clamp(1, MANY * partitions)
            };
            (0..of).map(move |part| Share {
                object: Arc::clone(object),
                part,
                of,
            })
        });
        shares.collect()
    }

    fn queue(&self, partition: usize) -> Arc<Queue> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if runs.executed.len() <= partition {
            runs.executed.resize(partition + 1, 0);
        }
        let run = runs.executed[partition];
        runs.executed[partition] += 1;
        while runs.queues.len() <= run {
            let counters = &self.plan.source.counters;
            add(&counters.objects_to_open, self.objects.len() as u64);
            let bytes = self.objects.iter().map(|object| object.size).sum();
            add(&counters.bytes_to_open, bytes);
            runs.queues.push(Arc::new(Queue::new(self.shares())));
        }
        Arc::clone(&runs.queues[run])
    }
}

impl DisplayAs for ScanExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schema = self.schema();
        let names: Vec<_> = schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        write!(
            f,
            "ScanExec: objects={}, partitions={}, projection=[{}]",
            self.objects.len(),
            self.properties.partitioning.partition_count(),
            names.join(", ")
        )?;
        if !self.plan.needles.is_empty() {
            write!(f, ", needles={}", self.plan.needles.len())?;
        }
        self.plan
            .limit
            .map_or(Ok(()), |limit| write!(f, ", limit={limit}"))
    }
}

impl ExecutionPlan for ScanExec {
    fn name(&self) -> &'static str {
        "ScanExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DataFusionResult<TreeNodeRecursion>,
    ) -> DataFusionResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> DataFusionResult<SendableRecordBatchStream> {
        let worker = Worker::new(
            &self.plan,
            self.schema(),
            &self.queue(partition),
            self.decoder(),
            &context,
        );
        let batches = stream::unfold(worker, |mut worker| async move {
            let batch = worker.next().await?;
            Some((batch, worker))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            batches,
        )))
    }

    fn fetch(&self) -> Option<usize> {
        self.plan.limit
    }

    fn supports_limit_pushdown(&self) -> bool {
        false
    }
}
