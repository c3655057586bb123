//! One worker's work: raw objects in, files of the table out.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arrow::{
    array::RecordBatch,
    datatypes::{Schema, SchemaRef},
};
use datafusion::{error::DataFusionError, execution::TaskContext, physical_plan::ExecutionPlan};
use futures::StreamExt;
use object_store::{ObjectStore, ObjectStoreExt};

use super::{
    error::CompactionError,
    file::{GROUP_ROWS, properties},
    order::{Part, Sorted, sort},
    plan::Task,
    schema::{Columns, DATE, TYPE, file_schema, stored},
    state::{TABLE, exact},
};
use crate::{
    constants::Constant,
    decode::TableColumns,
    delta::{DataFile, DataFileOptions, DeltaTable, NewFile},
    error::QueryError,
    learn::learn_all,
    object::DataObject,
    paths::Projection,
    reader::Source,
    scan::{Kind, Plan, ScanExec, Scans},
    shape::Shape,
};

/// Rows that are worth a row group of their own.
const WORTH_A_GROUP: usize = GROUP_ROWS / 8;

/// Looks at everything before a task is given up: the second finds nothing that the first did not.
const RESTARTS: usize = 3;

/// What all workers of a commit share.
pub(super) struct Work {
    pub(super) source: Arc<Source>,
    pub(super) table: Arc<DeltaTable>,
    /// The table's columns, as far as samples tell.
    pub(super) columns: Columns,
    /// What samples showed, by [`Task::what`].
    pub(super) shapes: HashMap<String, Arc<Shape>>,
    pub(super) constants: Vec<Constant>,
    pub(super) context: Arc<TaskContext>,
    /// Bytes of rows that a worker holds before it sorts and writes them.
    pub(super) chunk_bytes: usize,
    /// Bytes of a file.
    pub(super) file_bytes: u64,
    /// Names of files are this and a number.
    pub(super) run: String,
    pub(super) next_file: Arc<AtomicU64>,
}

/// A file that was written.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) file: NewFile,
    /// Its columns.
    pub(super) schema: SchemaRef,
    pub(super) shape: Arc<Shape>,
    pub(super) folders: Arc<BTreeSet<String>>,
    pub(super) times: Option<(i64, i64)>,
}

/// A file that is being written.
struct Open {
    file: DataFile,
    schema: SchemaRef,
    times: Option<(i64, i64)>,
}

impl Work {
    /// Turns the objects of a task into files.
    pub(super) async fn run(&self, task: &Task) -> Result<Vec<Made>, CompactionError> {
        let known = self.shapes.get(&task.what).map(Arc::clone);
        let mut shape = known.unwrap_or_default();
        let folders: BTreeSet<String> = task
            .objects
            .iter()
            .map(|object| object.key.rsplit_once('/').map_or("", |(folder, _)| folder))
            .map(str::to_owned)
            .collect();
        let folders = Arc::new(folders);
        let mut table = Arc::clone(self.columns.schema());
        for _ in 0..RESTARTS {
            let mut made = Vec::new();
            let columns = (&shape, &table);
            match self.attempt(task, columns, &folders, &mut made).await {
                Err(CompactionError::Read(QueryError::Drift { .. })) => {
                    self.discard(&made).await;
                    let learned = learn_all(&self.source, &task.objects, None).await?;
                    let mut joined = Shape::clone(&shape);
                    joined.merge(&learned);
                    shape = Arc::new(joined);
                    // No value may be squeezed into a column that was made for those of the samples.
                    table = self.columns.with(&shape)?;
                }
                Err(error) => {
                    self.discard(&made).await;
                    return Err(error);
                }
                Ok(()) => return Ok(made),
            }
        }
        Err(CompactionError::Changing {
            object: task
                .objects
                .first()
                .map(|it| it.key.clone())
                .unwrap_or_default(),
        })
    }

    /// Removes files that nobody has heard of. What stays of them is removed by a later run.
    pub(super) async fn discard(&self, made: &[Made]) {
        for made in made {
            remove(&self.source.store, &made.file.path).await;
        }
    }

    async fn attempt(
        &self,
        task: &Task,
        (shape, table): (&Arc<Shape>, &SchemaRef),
        folders: &Arc<BTreeSet<String>>,
        made: &mut Vec<Made>,
    ) -> Result<(), CompactionError> {
        let objects = task.objects.clone();
        let (scan, own) = scan(&self.source, objects, shape, self.constants.clone())?;
        let mut rows = scan.execute(0, Arc::clone(&self.context))?;
        let mut writing = Writing {
            work: self,
            own: &own,
            table,
            shape,
            folders,
            open: BTreeMap::new(),
            made,
        };
        let (mut held, mut bytes) = (Vec::new(), 0);
        while let Some(batch) = rows.next().await {
            let batch = batch?;
            bytes += batch.get_array_memory_size();
            held.push(batch);
            if bytes >= self.chunk_bytes {
                writing.write(std::mem::take(&mut held), task.day).await?;
                bytes = 0;
            }
        }
        writing.write(held, task.day).await?;
        writing.finish().await
    }
}

/// A scan of everything in some objects whose records have this shape, and its columns.
///
/// # Errors
///
/// [`DataFusionError`], which would be a defect of ours.
pub(super) fn scan(
    source: &Arc<Source>,
    objects: Vec<Arc<DataObject>>,
    shape: &Arc<Shape>,
    constants: Vec<Constant>,
) -> Result<(ScanExec, SchemaRef), DataFusionError> {
    let columns = TableColumns::new(shape.record_fields(), constants, Some(Arc::clone(shape)));
    let own = Arc::clone(&columns.schema);
    let plan = Plan {
        source: Arc::clone(source),
        kind: Kind::Events,
        table: Arc::new(columns),
        projection: Projection {
            columns: (0..own.fields().len()).collect(),
            paths: None,
        },
        needles: Vec::new(),
        filters: Vec::new(),
        fitting: Arc::default(),
        limit: None,
        trusts_time: false,
        scans: Arc::<Scans>::default(),
    };
    Ok((ScanExec::new(plan, objects.into(), 1)?, own))
}

/// Removes a file of the table's folder that no version of the table has. What stays is removed by a later run.
pub(super) async fn remove(store: &Arc<dyn ObjectStore>, path: &str) {
    let path = exact(&format!("{TABLE}/{path}"));
    if let Err(error) = store.delete(&path).await {
        tracing::debug!(%path, %error, "a file that is not needed was not removed");
    }
}

/// The files of a task being written.
struct Writing<'a> {
    work: &'a Work,
    own: &'a Schema,
    /// The columns of the table that hold all rows.
    table: &'a Schema,
    shape: &'a Arc<Shape>,
    folders: &'a Arc<BTreeSet<String>>,
    open: BTreeMap<Part, Open>,
    made: &'a mut Vec<Made>,
}

impl Writing<'_> {
    /// Sorts rows and writes them.
    async fn write(
        &mut self,
        batches: Vec<RecordBatch>,
        day: Option<i64>,
    ) -> Result<(), CompactionError> {
        if batches.is_empty() {
            return Ok(());
        }
        let sorted = sort(&batches, day)?;
        drop(batches);
        for Sorted { part, rows, times } in sorted {
            let mut open = match self.open.remove(&part) {
                Some(mut open) => {
                    open.times = open
                        .times
                        .zip(times)
                        .map(|(a, b)| (a.0.min(b.0), a.1.max(b.1)));
                    open
                }
                None => self.begin(&part, &rows, times)?,
            };
            open.file.write(&stored(&rows, &open.schema)?).await?;
            if open.file.rows_in_group() >= WORTH_A_GROUP {
                open.file.end_group().await?;
            }
            if open.file.bytes() >= self.work.file_bytes {
                self.end(open).await?;
            } else {
                self.open.insert(part, open);
            }
        }
        Ok(())
    }

    fn begin(
        &self,
        part: &Part,
        rows: &RecordBatch,
        times: Option<(i64, i64)>,
    ) -> Result<Open, CompactionError> {
        let schema = Arc::new(file_schema(self.own, self.table));
        let number = self.work.next_file.fetch_add(1, Ordering::Relaxed);
        let path = format!(
            "{}/part-{}-{number:05}.parquet",
            part.folder(),
            self.work.run
        );
        let partition = BTreeMap::from([
            (TYPE.to_owned(), part.event_type.clone()),
            (DATE.to_owned(), part.date()),
        ]);
        let options = DataFileOptions {
            properties: properties(&stored(rows, &schema)?),
        };
        let file = DataFile::create(
            &self.work.table,
            path,
            partition,
            Arc::clone(&schema),
            options,
        )?;
        Ok(Open {
            file,
            schema,
            times,
        })
    }

    async fn end(&mut self, open: Open) -> Result<(), CompactionError> {
        self.made.push(Made {
            file: open.file.finish().await?,
            schema: open.schema,
            shape: Arc::clone(self.shape),
            folders: Arc::clone(self.folders),
            times: open.times,
        });
        Ok(())
    }

    async fn finish(mut self) -> Result<(), CompactionError> {
        while let Some((_, open)) = self.open.pop_first() {
            self.end(open).await?;
        }
        Ok(())
    }
}
