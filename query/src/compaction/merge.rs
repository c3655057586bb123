//! Small files of one event type and day put together: runs that come every hour leave one each.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    CompactionError,
    plan::Task,
    reader::Snapshot,
    run::Run,
    schema::Columns,
    state::{APPLICATION, FileNote, State, TABLE},
    task::Made,
};
use crate::{
    constants::Constant,
    delta::{Change, Committed, DeltaTable},
    engine::Engine,
    object::DataObject,
    predicate::Predicate,
    shape::Shape,
};

/// So many small files of one event type and day are put together.
const MANY: usize = 8;

/// A file is small when it is less than this part of what a file should be.
const SMALL: u64 = 2;

/// What one commit puts together, in bytes.
const COMMIT_BYTES: u64 = 2 << 30;

impl Run<'_> {
    /// Puts small files together where there are many. Rows stay what they are. Whoever is second here leaves it:
    /// the next run looks again.
    pub(super) async fn merge_small(&mut self, engine: &Engine) -> Result<(), CompactionError> {
        loop {
            let Some(snapshot) = Snapshot::open(&self.source).await? else {
                return Ok(());
            };
            let partitions = snapshot.partitions(Vec::new());
            let catalog = &engine.tables.catalog;
            let files = snapshot.files(&self.source, catalog, &partitions, &Predicate::Maybe)?;
            let tasks = self.many_small(files);
            if tasks.is_empty() {
                return Ok(());
            }
            let mut constants: Vec<_> = (partitions.iter().enumerate())
                .map(|(n, partition)| Constant::partition(partition, n))
                .collect();
            constants.push(Constant::object());
            let shapes = tasks
                .iter()
                .map(|task| (task.what.clone(), Arc::new(shape_of(task))));
            let Snapshot { table, state, .. } = snapshot;
            let columns = Columns::new(state.shape()?, state.partitions.clone())?;
            let table = Arc::new(table);
            let work = Arc::new(self.work_with(&table, columns, shapes.collect(), constants));
            let (tasks, made) = self.work(&work, tasks, false).await?;
            let before: usize = tasks.iter().map(|task| task.objects.len()).sum();
            let is_worth_more = made.len() < before / 2;
            drop(work);
            let Ok(table) = Arc::try_unwrap(table) else {
                return Ok(());
            };
            let went = self.commit_merged((table, state), &tasks, made).await?;
            // Files that stay small, whatever is done, are left at that.
            if !went || !is_worth_more {
                return Ok(());
            }
        }
    }

    /// The small files of parts that have many, as much as a commit takes.
    fn many_small(&self, files: Vec<Arc<DataObject>>) -> Vec<Task> {
        let mut parts: BTreeMap<_, Vec<Arc<DataObject>>> = BTreeMap::new();
        for file in files {
            let Some(compacted) = &file.compacted else {
                continue;
            };
            if file.size < self.settings.file_bytes / SMALL {
                let part = (compacted.date.clone(), compacted.event_type.clone());
                parts.entry(part).or_default().push(file);
            }
        }
        let (mut tasks, mut all) = (Vec::new(), 0);
        for ((date, event_type), mut objects) in parts {
            let bytes: u64 = objects.iter().map(|file| file.size).sum();
            if objects.len() < MANY || all + bytes > COMMIT_BYTES && all > 0 {
                continue;
            }
            all += bytes;
            objects.sort_by_key(|file| file.compacted.as_ref().and_then(|it| it.times));
            tasks.push(Task {
                day: date.as_deref().and_then(days),
                what: format!("{date:?}/{event_type:?}"),
                objects,
                bytes,
            });
        }
        tasks
    }

    /// Whether it went.
    async fn commit_merged(
        &mut self,
        (mut table, state): (DeltaTable, State),
        tasks: &[Task],
        made: Vec<Made>,
    ) -> Result<bool, CompactionError> {
        let mut next = state.clone();
        next.number = state.next_number(self.chance(0));
        let gone: Vec<String> = tasks
            .iter()
            .flat_map(|task| &task.objects)
            .filter_map(|file| file.key.strip_prefix(TABLE)?.strip_prefix('/'))
            .map(str::to_owned)
            .collect();
        let mut remove = table.files()?;
        remove.retain(|file| gone.contains(&file.path));
        let notes: Vec<FileNote> = gone
            .iter()
            .filter_map(|path| next.files.remove(path))
            .collect();
        let mut folders: Vec<usize> = notes.iter().flat_map(|it| &it.folders).copied().collect();
        folders.sort_unstable();
        folders.dedup();
        for made in &made {
            let note = FileNote {
                shape: next.place_of_shape(&made.shape),
                folders: folders.clone(),
                rows: made.file.rows,
                times: made.times,
            };
            next.files.insert(made.file.path.clone(), note);
        }
        let rows = |files: &mut dyn Iterator<Item = u64>| files.sum::<u64>();
        let before = rows(&mut remove.iter().filter_map(|file| file.rows));
        let after = rows(&mut made.iter().map(|made| made.file.rows));
        if before != after || remove.len() != gone.len() {
            self.remove_files(made.iter().map(|made| made.file.path.as_str()))
                .await;
            return Err(CompactionError::Merged { before, after });
        }
        next.tidy();
        next.write(self.lake.store()).await?;
        let change = Change {
            add: made.iter().map(|made| made.file.clone()).collect(),
            remove,
            transactions: vec![(APPLICATION.to_owned(), next.number)],
            same_rows: true,
            ..Change::default()
        };
        match table.commit(change, self.surroundings.now).await? {
            Committed::Version(_) => {
                self.done.merged += gone.len() as u64;
                Ok(true)
            }
            Committed::Conflict => {
                self.remove_files(made.iter().map(|made| made.file.path.as_str()))
                    .await;
                Ok(false)
            }
        }
    }
}

/// The shape that holds the rows of all files of a task.
fn shape_of(task: &Task) -> Shape {
    let mut all = Shape::default();
    for file in &task.objects {
        if let Some(compacted) = &file.compacted {
            all.merge(&compacted.shape);
        }
    }
    all
}

/// A date as days since 1970.
fn days(date: &str) -> Option<i64> {
    let date: jiff::civil::Date = date.parse().ok()?;
    let since = date.since(jiff::civil::date(1970, 1, 1)).ok()?;
    Some(i64::from(since.get_days()))
}
