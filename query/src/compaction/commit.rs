//! The commit: files, and what they were made of, in one instant.

use std::{collections::HashMap, sync::Arc};

use arrow::datatypes::{Schema, SchemaRef};

use super::{
    CompactionError,
    rewrite::{Old, rewrite},
    run::{Run, state_of},
    schema::{DATE, TYPE, file_schema, table_schema},
    state::{APPLICATION, FileNote, State},
    taken::{self, Taken},
    task::Made,
};
use crate::{
    delta::{Change, Committed, DeltaTable, TableFile},
    object::DataObject,
    shape::Shape,
};

/// How often a commit is tried again when others commit something else.
const ATTEMPTS: u32 = 20;

/// What was made of some objects.
pub(super) struct New<'a> {
    pub(super) objects: Vec<Arc<DataObject>>,
    pub(super) made: Vec<Made>,
    pub(super) partitions: &'a [(String, bool)],
}

/// Columns and the files that have to be written anew for them.
struct Wider {
    schema: SchemaRef,
    is_new: bool,
    removed: Vec<TableFile>,
    /// New files for those removed, with the paths of the old.
    added: Vec<(String, crate::delta::NewFile)>,
}

impl Run<'_> {
    /// Commits; `false` when somebody else has taken some of the objects, and nothing was changed.
    pub(super) async fn commit(
        &mut self,
        table: &mut DeltaTable,
        state: &mut State,
        new: New<'_>,
    ) -> Result<bool, CompactionError> {
        let (broken, torn) = self.damaged();
        let taken: Vec<Taken> = new
            .objects
            .iter()
            .filter(|object| !broken.contains(&object.key))
            .map(|object| Taken {
                key: object.key.clone(),
                size: object.size,
                is_kept: torn.contains(&object.key),
            })
            .collect();
        self.broken.extend(broken);
        if taken.is_empty() {
            return Ok(true);
        }
        for attempt in 0..ATTEMPTS {
            let mut next = state.clone();
            next.number = state.next_number(self.chance(attempt));
            next.partitions = state.partitions_with(new.partitions);
            let wider = self.widen(table, &next, &new.made).await?;
            let (files, rows) = describe(&mut next, &new.made, &wider);
            taken::extend(
                self.lake.store(),
                next.number,
                &mut next.taken,
                taken.clone(),
            )
            .await?;
            next.objects += taken.len() as u64;
            next.bytes += taken.iter().map(|it| it.size).sum::<u64>();
            next.rows += rows;
            next.tidy();
            next.write(self.lake.store()).await?;
            let bytes = files.iter().map(|file| file.size).sum::<u64>();
            let count = files.len() as u64;
            let change = Change {
                add: files,
                remove: wider.removed.clone(),
                transactions: vec![(APPLICATION.to_owned(), next.number)],
                schema: wider.is_new.then(|| Arc::clone(&wider.schema)),
                same_rows: false,
                note: [("hydrant.objects".to_owned(), taken.len().to_string())].into(),
            };
            match table.commit(change, self.surroundings.now).await? {
                Committed::Version(_) => {
                    // Those that became wider before they were ever part of the table.
                    let narrow = wider.added.iter().map(|(old, _)| old.as_str());
                    let in_table = |path: &&str| wider.removed.iter().any(|it| it.path == **path);
                    self.remove_files(narrow.filter(|path| !in_table(path)))
                        .await;
                    *state = next;
                    self.done.objects += taken.len() as u64;
                    self.done.bytes += taken.iter().map(|it| it.size).sum::<u64>();
                    self.done.rows += rows;
                    self.done.files += count;
                    self.done.file_bytes += bytes;
                    self.done.rewritten += wider.removed.len() as u64;
                    self.done.commits += 1;
                    return Ok(true);
                }
                Committed::Conflict => {
                    self.remove_files(wider.added.iter().map(|(_, file)| file.path.as_str()))
                        .await;
                }
            }
            table.reload().await?;
            *state = state_of(table, self.lake).await?;
            let mut keys: Vec<&str> = taken.iter().map(|it| it.key.as_str()).collect();
            keys.sort_unstable();
            let common = taken::among(self.lake.store(), state, &keys).await?;
            if !common.is_empty() {
                self.remove_files(new.made.iter().map(|made| made.file.path.as_str()))
                    .await;
                return Ok(false);
            }
        }
        Err(CompactionError::Contended(ATTEMPTS as usize))
    }

    /// The columns that hold everything, old and new, and the files with narrower ones written anew.
    async fn widen(
        &self,
        table: &DeltaTable,
        next: &State,
        made: &[Made],
    ) -> Result<Wider, CompactionError> {
        let mut shape = next.shape()?;
        for made in made {
            shape.merge(&made.shape);
        }
        let shape = next.in_order(shape);
        let schema = Arc::new(table_schema(&shape, &next.partitions)?);
        let before = table.schema()?;
        let mut wider = Wider {
            is_new: !same_columns(&before, &schema),
            schema: Arc::clone(&schema),
            removed: Vec::new(),
            added: Vec::new(),
        };
        if wider.is_new {
            let shapes = next.read_shapes()?;
            for file in table.files()? {
                let own = match next.files.get(&file.path) {
                    Some(note) => own_schema(&shapes[note.shape], &next.partitions),
                    None => before.as_ref().clone(),
                };
                let own = without_partitions(&own);
                if file_schema(&own, &before) == file_schema(&own, &schema) {
                    continue;
                }
                let old = Old {
                    path: &file.path,
                    partition: &file.partition,
                };
                let new = self.rewritten(table, &old, &own, &schema).await?;
                wider.added.push((file.path.clone(), new));
                wider.removed.push(file);
            }
        }
        for made in made {
            let own = &made.schema;
            if **own == file_schema(own, &schema) {
                continue;
            }
            let old = Old {
                path: &made.file.path,
                partition: &made.file.partition,
            };
            let new = self.rewritten(table, &old, own, &schema).await?;
            wider.added.push((made.file.path.clone(), new));
        }
        Ok(wider)
    }

    async fn rewritten(
        &self,
        table: &DeltaTable,
        old: &Old<'_>,
        own: &Schema,
        schema: &Schema,
    ) -> Result<crate::delta::NewFile, CompactionError> {
        let folder = old.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = format!("{folder}/part-{}.parquet", self.file_name());
        rewrite(self.lake.store(), table, old, path, own, schema).await
    }
}

/// The columns of the rows of some shape.
fn own_schema(shape: &Shape, partitions: &[(String, bool)]) -> Schema {
    table_schema(shape, partitions).unwrap_or_else(|_| Schema::empty())
}

fn without_partitions(schema: &Schema) -> Schema {
    let stored = schema.fields().iter();
    let stored = stored.filter(|field| ![TYPE, DATE].contains(&field.name().as_str()));
    Schema::new(stored.map(Arc::clone).collect::<Vec<_>>())
}

/// Whether two tables have the same columns, in whatever order.
fn same_columns(one: &Schema, other: &Schema) -> bool {
    one.fields().len() == other.fields().len()
        && file_schema(one, one) == file_schema(one, other)
        && file_schema(other, other) == file_schema(other, one)
}

/// Notes the files in the state; gives those to add, and the rows of the new ones.
fn describe(next: &mut State, made: &[Made], wider: &Wider) -> (Vec<crate::delta::NewFile>, u64) {
    let anew: HashMap<&str, &crate::delta::NewFile> = wider
        .added
        .iter()
        .map(|(old, new)| (old.as_str(), new))
        .collect();
    let mut files = Vec::with_capacity(made.len());
    for old in &wider.removed {
        if let (Some(note), Some(new)) = (next.files.remove(&old.path), anew.get(old.path.as_str()))
        {
            next.files.insert(new.path.clone(), note);
        }
    }
    for old in &wider.removed {
        files.extend(anew.get(old.path.as_str()).map(|new| (*new).clone()));
    }
    let mut rows = 0;
    for made in made {
        let file = anew
            .get(made.file.path.as_str())
            .map_or(&made.file, |new| *new);
        rows += file.rows;
        let note = FileNote {
            shape: next.place_of_shape(&made.shape),
            folders: made
                .folders
                .iter()
                .map(|folder| next.place_of_folder(folder))
                .collect(),
            rows: file.rows,
            times: made.times,
        };
        next.files.insert(file.path.clone(), note);
        files.push(file.clone());
    }
    (files, rows)
}
