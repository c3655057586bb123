//! A run: list, plan, work, commit, until nothing is left.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use datafusion::{execution::TaskContext, prelude::SessionConfig};
use hydrant_lake::Lake;
use tokio::task::JoinSet;

use super::{
    CompactOptions, Compacted, CompactionError, Progress, Surroundings,
    plan::{Batch, Bounds, Task, ends, plan},
    schema::{Columns, DATE, TYPE},
    state::{APPLICATION, PROPERTY, State, TABLE},
    taken,
    task::{Made, Work, remove},
};
use crate::{
    catalog::Objects, constants::Constant, delta::DeltaTable, engine::Engine, error::QueryError,
    learn::learn_sample, memory::Memory, object::DataObject, options::Options,
    predicate::Predicate, problems::ProblemKind, reader::Source, shape::Shape,
};

/// Runs that lost a race begin anew so often.
const ATTEMPTS: usize = 10;

/// The share of a worker's memory that rows may have: they are there twice while they are sorted, and are
/// encoded beside it.
const ROWS_SHARE: usize = 4;

/// The least that a worker holds before it sorts.
const LEAST_CHUNK: usize = 4 << 20;

/// Rows of a batch that is read.
const BATCH_ROWS: usize = 8192;

/// A run under way.
pub(super) struct Run<'a> {
    pub(super) lake: &'a Lake,
    pub(super) source: Arc<Source>,
    pub(super) settings: &'a CompactOptions,
    pub(super) surroundings: Surroundings,
    pub(super) progress: &'a Arc<Progress>,
    pub(super) threads: usize,
    pub(super) done: Compacted,
    /// Objects that cannot be read.
    pub(super) broken: HashSet<String>,
    next_file: Arc<AtomicU64>,
}

/// Takes every closed raw object of the lake that was not taken yet.
///
/// # Errors
///
/// [`CompactionError`]. What was committed before it stays; the next run goes on from there.
pub async fn compact(
    lake: &Lake,
    options: &Options,
    settings: &CompactOptions,
    surroundings: Surroundings,
    progress: &Arc<Progress>,
) -> Result<Compacted, CompactionError> {
    let engine = Engine::open(lake, options)?;
    compact_with(&engine, lake, settings, surroundings, progress).await
}

/// As [`compact`], with an engine that reads the lake.
pub(super) async fn compact_with(
    engine: &Engine,
    lake: &Lake,
    settings: &CompactOptions,
    surroundings: Surroundings,
    progress: &Arc<Progress>,
) -> Result<Compacted, CompactionError> {
    let threads = settings
        .threads
        .or_else(|| std::thread::available_parallelism().ok())
        .map_or(1, NonZeroUsize::get);
    let mut run = Run {
        lake,
        source: Arc::clone(&engine.tables.source),
        settings,
        surroundings,
        progress,
        threads,
        done: Compacted::default(),
        broken: HashSet::new(),
        next_file: Arc::default(),
    };
    run.all(engine).await?;
    if !settings.dry_run {
        run.merge_small(engine).await?;
    }
    run.done.problems = run.source.problems.list();
    Ok(run.done)
}

/// The table and what it has taken, at one version; `None` when there is none yet.
///
/// # Errors
///
/// [`CompactionError`] when they cannot be read, or the table is none of ours.
pub(super) async fn open(lake: &Lake) -> Result<Option<(DeltaTable, State)>, CompactionError> {
    match DeltaTable::open(lake, TABLE).await? {
        None => Ok(None),
        Some(table) => {
            let state = state_of(&table, lake).await?;
            Ok(Some((table, state)))
        }
    }
}

/// What the table has taken.
pub(super) async fn state_of(table: &DeltaTable, lake: &Lake) -> Result<State, CompactionError> {
    if table.property(PROPERTY)?.is_none() {
        return Err(CompactionError::Foreign {
            table: table.location().to_owned(),
        });
    }
    match table.transaction(APPLICATION).await? {
        Some(number) => State::read(lake.store(), number).await,
        // Made and never committed to.
        None if table.files()?.is_empty() => Ok(State::new()),
        None => Err(CompactionError::State {
            file: format!("the number `{APPLICATION}` in the table's log"),
            reason: "was removed by another program".to_owned(),
        }),
    }
}

impl Run<'_> {
    async fn all(&mut self, engine: &Engine) -> Result<(), CompactionError> {
        let mut losses = 0;
        loop {
            let opened = open(self.lake).await?;
            let listed = engine
                .tables
                .catalog
                .events(&self.source, &Predicate::Maybe);
            let found = match listed.await {
                Ok(found) => found,
                // Everything was taken and removed.
                Err(QueryError::NoObjects { .. }) if opened.is_some() => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            let batches = self.choose(&found, opened.as_ref().map(|it| &it.1)).await?;
            if batches.is_empty() || self.settings.dry_run {
                return Ok(());
            }
            if self.take(&found, opened, batches).await? {
                return Ok(());
            }
            losses += 1;
            if losses >= ATTEMPTS {
                return Err(CompactionError::Contended(ATTEMPTS));
            }
        }
    }

    /// What is to be taken, in commits.
    async fn choose(
        &mut self,
        found: &Objects,
        state: Option<&State>,
    ) -> Result<Vec<Batch>, CompactionError> {
        let mut objects: Vec<Arc<DataObject>> = found.objects.clone();
        measure(&self.source, &mut objects);
        objects.retain(|object| !self.broken.contains(&object.key) && !object.key.contains('\n'));
        objects.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        if let Some(state) = state {
            let keys: Vec<&str> = objects.iter().map(|object| object.key.as_str()).collect();
            let taken = taken::among(self.lake.store(), state, &keys).await?;
            self.done.taken_before = taken.len() as u64;
            objects.retain(|object| !taken.contains(&object.key));
        }
        let older_than = i64::try_from(self.settings.older_than.as_micros()).unwrap_or(i64::MAX);
        let now = self.surroundings.now.saturating_mul(1000);
        let until = now.saturating_sub(older_than);
        let all = objects.len();
        objects.retain(|object| ends(object, &found.partitions) <= until);
        self.done.young = (all - objects.len()) as u64;
        let (count, bytes) = (
            objects.len() as u64,
            objects.iter().map(|object| object.size).sum::<u64>(),
        );
        // What was taken in this run before it lost a race stays in the sum.
        let (seen, progress) = (self.progress.seen(), self.progress);
        progress
            .all_objects
            .store(seen.objects + count, Ordering::Relaxed);
        progress
            .all_bytes
            .store(seen.bytes + bytes, Ordering::Relaxed);
        if self.settings.dry_run {
            (self.done.objects, self.done.bytes) = (count, bytes);
        }
        let bounds = Bounds {
            task_bytes: self.settings.file_bytes,
            commit_bytes: self.settings.commit_bytes,
            commit_objects: self.settings.commit_objects,
        };
        Ok(plan(found, objects, bounds))
    }

    /// Takes batch after batch; `false` when somebody else took something of one.
    async fn take(
        &mut self,
        found: &Objects,
        opened: Option<(DeltaTable, State)>,
        batches: Vec<Batch>,
    ) -> Result<bool, CompactionError> {
        let shapes = self.sample(&batches).await?;
        // It is noted once; tables from before it was noted go on without.
        let order = match &opened {
            Some((_, state)) if state.order.is_some() || !state.files.is_empty() => None,
            _ => Some(self.order(found).await?),
        };
        let partitions: Vec<(String, bool)> = found
            .partitions
            .iter()
            .map(|it| (it.name.clone(), it.is_number && it.is_seen))
            .collect();
        let (table, mut state) = if let Some(opened) = opened {
            opened
        } else {
            let mut state = State::new();
            state.order.clone_from(&order);
            let columns = columns_with(&state, &shapes, &partitions)?;
            let schema = columns.schema();
            let properties = [(PROPERTY, "1")];
            let table = DeltaTable::create(self.lake, TABLE, schema, &[TYPE, DATE], &properties);
            let table = table.await?;
            let state = state_of(&table, self.lake).await?;
            (table, state)
        };
        state.order = state.order.or(order);
        let mut table = Arc::new(table);
        let mut constants: Vec<_> = (found.partitions.iter().enumerate())
            .map(|(n, partition)| Constant::partition(partition, n))
            .collect();
        constants.push(Constant::object());
        for batch in batches {
            let columns = columns_with(&state, &shapes, &partitions)?;
            let work = self.work_with(&table, columns, shapes.clone(), constants.clone());
            let work = Arc::new(work);
            let (tasks, made) = self.work(&work, batch.tasks, true).await?;
            let objects = tasks.into_iter().flat_map(|task| task.objects).collect();
            drop(work);
            let Some(owned) = Arc::get_mut(&mut table) else {
                return Ok(false);
            };
            let new = super::commit::New {
                objects,
                made,
                partitions: &partitions,
            };
            if !self.commit(owned, &mut state, new).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What samples of the objects show, by what their folders say they are.
    async fn sample(
        &self,
        batches: &[Batch],
    ) -> Result<HashMap<String, Arc<Shape>>, CompactionError> {
        let mut groups: BTreeMap<&str, Vec<Arc<DataObject>>> = BTreeMap::new();
        for task in batches.iter().flat_map(|batch| &batch.tasks) {
            let group = groups.entry(&task.what).or_default();
            group.extend(task.objects.iter().map(Arc::clone));
        }
        let mut shapes = HashMap::new();
        let memory = Arc::new(Memory::default());
        for (what, objects) in groups {
            let shape = learn_sample(&self.source, &memory, &objects).await?;
            shapes.insert(what.to_owned(), Arc::new(shape));
        }
        Ok(shapes)
    }

    /// The order in which queries show the records' fields.
    async fn order(&self, found: &Objects) -> Result<serde_json::Value, CompactionError> {
        let memory = Arc::new(Memory::default());
        let sample = learn_sample(&self.source, &memory, &found.objects).await?;
        Ok(sample.without_counts().to_json())
    }

    /// What workers share.
    pub(super) fn work_with(
        &self,
        table: &Arc<DeltaTable>,
        columns: Columns,
        shapes: HashMap<String, Arc<Shape>>,
        constants: Vec<Constant>,
    ) -> Work {
        let config = SessionConfig::new().with_batch_size(BATCH_ROWS);
        let share = self.settings.memory_limit / self.threads / ROWS_SHARE;
        Work {
            source: Arc::clone(&self.source),
            table: Arc::clone(table),
            columns,
            shapes,
            constants,
            context: Arc::new(TaskContext::default().with_session_config(config)),
            chunk_bytes: share.max(LEAST_CHUNK),
            file_bytes: self.settings.file_bytes,
            run: format!("{:032x}", self.surroundings.run),
            next_file: Arc::clone(&self.next_file),
        }
    }

    /// The chance in the number of a commit that is tried for the n-th time.
    pub(super) fn chance(&self, attempt: u32) -> u32 {
        // The lower bits of a random number are as random as any.
        let [a, b, c, d, ..] = self.surroundings.run.to_le_bytes();
        u32::from_le_bytes([a, b, c, d]).wrapping_add(attempt)
    }

    /// Gives the tasks to workers; those with most to do go first.
    pub(super) async fn work(
        &self,
        work: &Arc<Work>,
        mut tasks: Vec<Task>,
        is_seen: bool,
    ) -> Result<(Vec<Task>, Vec<Made>), CompactionError> {
        tasks.sort_by_key(|task| std::cmp::Reverse(task.bytes));
        let tasks = Arc::new(tasks);
        let next = Arc::new(AtomicUsize::new(0));
        let mut workers = JoinSet::new();
        for _ in 0..self.threads.min(tasks.len()) {
            let (work, tasks, next) = (Arc::clone(work), Arc::clone(&tasks), Arc::clone(&next));
            let progress = Arc::clone(self.progress);
            workers.spawn(async move {
                let mut made = Vec::new();
                while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let files = match work.run(task).await {
                        Ok(files) => files,
                        Err(error) => {
                            work.discard(&made).await;
                            return Err(error);
                        }
                    };
                    if is_seen {
                        progress.add(task, files.iter().map(|made: &Made| made.file.rows).sum());
                    }
                    made.extend(files);
                    tokio::task::yield_now().await;
                }
                Ok(made)
            });
        }
        let (mut made, mut failed) = (Vec::new(), None);
        while let Some(joined) = workers.join_next().await {
            match joined.map_err(CompactionError::Worker).flatten() {
                Ok(files) => made.extend(files),
                Err(error) => failed = Some(error),
            }
        }
        drop(workers);
        if let Some(error) = failed {
            work.discard(&made).await;
            return Err(error);
        }
        let tasks = Arc::try_unwrap(tasks).unwrap_or_else(|tasks| tasks.to_vec());
        Ok((tasks, made))
    }

    /// A name for a file that no other has.
    pub(super) fn file_name(&self) -> String {
        let number = self.next_file.fetch_add(1, Ordering::Relaxed);
        format!("{:032x}-{number:05}", self.surroundings.run)
    }

    /// Removes files of the table's folder that no version of it has.
    pub(super) async fn remove_files(&self, paths: impl Iterator<Item = &str>) {
        for path in paths {
            remove(&self.source.store, path).await;
        }
    }

    /// The objects that cannot be read, and those with text that is no record.
    pub(super) fn damaged(&self) -> (HashSet<String>, HashSet<String>) {
        let problems = self.source.problems.list();
        let (mut broken, mut torn) = (HashSet::new(), HashSet::new());
        for problem in problems {
            match problem.kind {
                ProblemKind::Layout => {}
                kind if kind.costs_the_object() => {
                    broken.insert(problem.object);
                }
                _ => {
                    torn.insert(problem.object);
                }
            }
        }
        (broken, torn)
    }
}

/// The columns of the table with those that samples show.
fn columns_with(
    state: &State,
    shapes: &HashMap<String, Arc<Shape>>,
    partitions: &[(String, bool)],
) -> Result<Columns, CompactionError> {
    let mut all = state.shape()?;
    let whats: BTreeSet<&String> = shapes.keys().collect();
    for what in whats {
        all.merge(&shapes[what]);
    }
    Columns::new(state.in_order(all), state.partitions_with(partitions))
}

impl Progress {
    fn add(&self, task: &Task, rows: u64) {
        let objects = task.objects.len() as u64;
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.objects.fetch_add(objects, Ordering::Relaxed);
        self.bytes.fetch_add(task.bytes, Ordering::Relaxed);
    }
}

/// Fills in what listing a directory does not tell.
fn measure(source: &Source, objects: &mut [Arc<DataObject>]) {
    let Some(directory) = &source.directory else {
        return;
    };
    for object in objects {
        let Ok(metadata) = std::fs::metadata(directory.join(&object.key)) else {
            continue;
        };
        let written = metadata.modified().ok();
        let written = written.and_then(|it| jiff::Timestamp::try_from(it).ok());
        *object = Arc::new(DataObject {
            size: metadata.len(),
            written: written.map_or(0, jiff::Timestamp::as_millisecond),
            ..DataObject::clone(object)
        });
    }
}
