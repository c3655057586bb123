//! The scan: objects in, record batches out.
//!
//! The objects are dealt out to partitions by size. In each partition one task fetches ahead, within a
//! budget of bytes, and one thread inflates, parses and builds columns.

use std::{cmp::Reverse, fmt, sync::Arc};

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use datafusion::{
    common::{Result as DataFusionResult, tree_node::TreeNodeRecursion},
    error::DataFusionError,
    execution::TaskContext,
    physical_expr::{EquivalenceProperties, PhysicalExpr},
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
        SendableRecordBatchStream,
        execution_plan::{Boundedness, EmissionType},
        stream::RecordBatchReceiverStreamBuilder,
    },
};
use tokio::sync::mpsc::{Receiver, Sender};

use crate::{
    decode::{Decoder, EventDecoder, TableColumns},
    encoding::Inflater,
    error::QueryError,
    error_records::ErrorDecoder,
    fetch::{Fetched, fetch_ahead},
    framing::Records,
    object::DataObject,
    paths::Paths,
    reader::{ObjectReport, Source},
};

/// A batch is sent when the records in it make up this much text, even if they are few: the offsets of an
/// Arrow column hold 2 GiB, and memory is for more than one batch.
const BATCH_BYTES: usize = 32 << 20;

/// Batches that may wait for the operator above.
const BATCHES_AHEAD: usize = 2;

/// What kind of records a scan reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Delivered records.
    Events,
    /// The error output.
    Errors,
}

/// The columns that a scan gives, and what of them it builds.
#[derive(Debug, Clone)]
pub(crate) struct Projection {
    /// Positions in the table's columns.
    pub(crate) columns: Vec<usize>,
    /// The parts of structs; everything when it is not known.
    pub(crate) paths: Option<Arc<Paths>>,
}

/// The physical plan node.
#[derive(Debug, Clone)]
pub(crate) struct ScanExec {
    source: Arc<Source>,
    kind: Kind,
    table: Arc<TableColumns>,
    projection: Projection,
    groups: Vec<Arc<[Arc<DataObject>]>>,
    limit: Option<usize>,
    properties: Arc<PlanProperties>,
}

impl ScanExec {
    /// A scan of `objects` in at most `partitions` partitions.
    pub(crate) fn new(
        source: Arc<Source>,
        kind: Kind,
        table: Arc<TableColumns>,
        projection: Projection,
        objects: Vec<Arc<DataObject>>,
        partitions: usize,
        limit: Option<usize>,
    ) -> DataFusionResult<Self> {
        let schema = Arc::new(table.schema.project(&projection.columns)?);
        let groups = deal(objects, partitions);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(groups.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self {
            source,
            kind,
            table,
            projection,
            groups,
            limit,
            properties: Arc::new(properties),
        })
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        match self.kind {
            Kind::Events => Box::new(EventDecoder::new(&self.table, &self.projection)),
            Kind::Errors => Box::new(ErrorDecoder::new(&self.table, &self.projection.columns)),
        }
    }
}

/// Opening an object costs about as much as reading this many bytes.
const OPENING: u64 = 16 << 10;

/// Deals objects out to groups of about equal size, the largest first, each to the group that has least.
/// There is always one group.
fn deal(mut objects: Vec<Arc<DataObject>>, groups: usize) -> Vec<Arc<[Arc<DataObject>]>> {
    let groups = groups.min(objects.len()).max(1);
    objects.sort_by_key(|object| Reverse(object.size));
    let mut dealt = vec![(0_u64, Vec::new()); groups];
    for object in objects {
        if let Some(least) = dealt.iter_mut().min_by_key(|(size, _)| *size) {
            least.0 += object.size + OPENING;
            least.1.push(object);
        }
    }
    dealt.into_iter().map(|(_, group)| group.into()).collect()
}

impl DisplayAs for ScanExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let objects: usize = self.groups.iter().map(|group| group.len()).sum();
        let schema = self.schema();
        let names: Vec<_> = schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        write!(
            f,
            "ScanExec: objects={objects}, partitions={}, projection=[{}]",
            self.groups.len(),
            names.join(", ")
        )?;
        self.limit
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
        let objects = self.groups.get(partition).cloned().unwrap_or_default();
        let mut stream = RecordBatchReceiverStreamBuilder::new(self.schema(), BATCHES_AHEAD);
        let (objects_out, objects_in) = fetch_ahead::channel();
        let output = stream.tx();
        let source = Arc::clone(&self.source);
        stream.spawn(async move {
            fetch_ahead::run(source, objects, objects_out).await;
            Ok(())
        });
        let mut worker = Worker {
            source: Arc::clone(&self.source),
            schema: self.schema(),
            decoder: self.decoder(),
            inflater: Inflater::default(),
            output,
            batch_rows: context.session_config().batch_size(),
            rows: 0,
            bytes: 0,
            left: self.limit.unwrap_or(usize::MAX),
        };
        stream.spawn_blocking(move || worker.run(objects_in));
        Ok(stream.build())
    }

    fn fetch(&self) -> Option<usize> {
        self.limit
    }

    fn supports_limit_pushdown(&self) -> bool {
        false
    }
}

/// The end of a scan before its objects are read: enough rows, or nobody listens.
struct Enough;

/// One partition's thread.
struct Worker {
    source: Arc<Source>,
    schema: SchemaRef,
    decoder: Box<dyn Decoder>,
    inflater: Inflater,
    output: Sender<DataFusionResult<RecordBatch>>,
    batch_rows: usize,
    rows: usize,
    bytes: usize,
    left: usize,
}

impl Worker {
    fn run(&mut self, mut objects: Receiver<Fetched>) -> DataFusionResult<()> {
        while let Some(fetched) = objects.blocking_recv() {
            let mut report = ObjectReport::new(&fetched.object);
            let read = self.read(fetched, &mut report);
            self.source
                .finish(report)
                .map_err(QueryError::into_datafusion)?;
            match read {
                Ok(Ok(())) => {}
                Ok(Err(Enough)) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        if self.rows > 0 {
            // Whether anyone listens no longer matters.
            let _unheard = self.send()?;
        }
        Ok(())
    }

    fn read(
        &mut self,
        fetched: Fetched,
        report: &mut ObjectReport,
    ) -> DataFusionResult<Result<(), Enough>> {
        let bytes = match fetched.bytes {
            Ok(bytes) => bytes,
            Err(error) => {
                return self
                    .source
                    .unreadable(report, error)
                    .map(Ok)
                    .map_err(QueryError::into_datafusion);
            }
        };
        // The buffer is lent to the text while the rest of the worker is used.
        let mut inflater = std::mem::take(&mut self.inflater);
        let outcome = match inflater.text(&bytes) {
            Ok(text) => self.read_text(text, &fetched.object, report),
            Err(unreadable) => {
                report.unreadable(&unreadable);
                Ok(Ok(()))
            }
        };
        self.inflater = inflater;
        outcome
    }

    fn read_text(
        &mut self,
        text: &[u8],
        object: &Arc<DataObject>,
        report: &mut ObjectReport,
    ) -> DataFusionResult<Result<(), Enough>> {
        self.decoder.begin(object);
        let mut records = Records::start(text);
        while let Some(start) = records.next(text) {
            match self.decoder.push(text, start) {
                Ok(pushed) => {
                    if let Some(column) = pushed.misfit {
                        let name = self.schema.field(column).name();
                        report.bad_value(records.line(text), name);
                    }
                    records.accept(pushed.end);
                    self.rows += 1;
                    self.left -= 1;
                    self.bytes += pushed.end - start;
                    let is_full = self.rows >= self.batch_rows || self.bytes >= BATCH_BYTES;
                    if is_full || self.left == 0 {
                        let heard = self.send()?;
                        if heard.is_err() || self.left == 0 {
                            return Ok(Err(Enough));
                        }
                    }
                }
                Err(error) => {
                    let line = records.line(text);
                    let skipped = records.resync(text);
                    report.bad_record(line, start, error, skipped);
                }
            }
            if self.source.stops_at(report) {
                break;
            }
        }
        Ok(Ok(()))
    }

    fn send(&mut self) -> DataFusionResult<Result<(), Enough>> {
        (self.rows, self.bytes) = (0, 0);
        let batch = self.decoder.finish().map_err(DataFusionError::from)?;
        Ok(self.output.blocking_send(Ok(batch)).map_err(|_| Enough))
    }
}
