//! Removing what is not needed any more: raw objects that were taken, files that no version of the table has
//! any more, and what killed runs left.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use futures::{StreamExt, TryStreamExt, stream};
use hydrant_lake::Lake;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, path::Path};

use super::{
    CompactionError,
    run::open,
    state::{FOLDER, State, TABLE},
    taken,
};
use crate::delta::DeltaTable;

/// Requests under way at a time.
const REQUESTS: usize = 32;

/// What a killed run left may be that of a run that is under way, for so long.
const ORPHANED: Duration = Duration::from_hours(24);

/// What may be removed.
#[derive(Debug, Clone)]
pub struct VacuumOptions {
    /// Raw objects that were taken, and files that the table has no more, are removed this long after the commit
    /// that took them.
    pub grace: Duration,
    /// Only say what would be removed.
    pub dry_run: bool,
}

/// What was removed; in a dry run, what would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vacuumed {
    /// Raw objects.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Raw objects that were taken and stay, because text in them is no record and nowhere else.
    pub kept: u64,
    /// Raw objects that were taken less long ago.
    pub young: u64,
    /// Files of the table's folder.
    pub files: u64,
    /// Their bytes.
    pub file_bytes: u64,
}

/// Removes raw objects that the table took long enough ago, and files that it has no more. `now` is in
/// milliseconds since the epoch.
///
/// A query that began before is not disturbed unless it takes longer than the grace period.
///
/// # Errors
///
/// [`CompactionError`]. What was removed before it was removed rightly.
pub async fn vacuum(
    lake: &Lake,
    options: &VacuumOptions,
    now: i64,
) -> Result<Vacuumed, CompactionError> {
    let mut done = Vacuumed::default();
    let Some((table, state)) = open(lake).await? else {
        return Ok(done);
    };
    let grace = i64::try_from(options.grace.as_millis()).unwrap_or(i64::MAX);
    raw(
        lake,
        &state,
        now.saturating_sub(grace),
        options.dry_run,
        &mut done,
    )
    .await?;
    let orphaned = i64::try_from(ORPHANED.as_millis()).unwrap_or(i64::MAX);
    let before = now.saturating_sub(grace.max(orphaned));
    files(lake, &table, &state, before, options.dry_run, &mut done).await?;
    Ok(done)
}

/// Removes raw objects. When a chunk of keys was written is when they were taken, or later.
async fn raw(
    lake: &Lake,
    state: &State,
    before: i64,
    dry_run: bool,
    done: &mut Vacuumed,
) -> Result<(), CompactionError> {
    let store = lake.store();
    let there = raw_objects(store).await?;
    for chunk in &state.taken {
        let name = Path::from(format!("{FOLDER}/{}", chunk.name));
        let written = store
            .head(&name)
            .await
            .map_err(|error| CompactionError::store(name.as_ref(), "read", error))?;
        let is_young = written.last_modified.timestamp_millis() > before;
        let mut gone = Vec::new();
        for taken in taken::read(store, chunk).await? {
            let Some(size) = there.get(&taken.key) else {
                continue;
            };
            if is_young {
                done.young += 1;
            } else if taken.is_kept || *size != taken.size {
                done.kept += 1;
            } else {
                done.objects += 1;
                done.bytes += taken.size;
                gone.push(taken.key);
            }
        }
        if !dry_run {
            remove(store, gone).await?;
        }
    }
    Ok(())
}

/// The sizes of all raw objects, and of whatever else is not in a folder of ours.
async fn raw_objects(
    store: &Arc<dyn ObjectStore>,
) -> Result<BTreeMap<String, u64>, CompactionError> {
    let all: Vec<ObjectMeta> = store
        .list(None)
        .try_collect()
        .await
        .map_err(|error| CompactionError::store("the lake", "listed", error))?;
    let objects = all.into_iter().map(|it| (it.location.to_string(), it.size));
    Ok(objects.filter(|(key, _)| !key.starts_with('_')).collect())
}

/// Removes files that neither the table nor what it took needs.
async fn files(
    lake: &Lake,
    table: &DeltaTable,
    state: &State,
    before: i64,
    dry_run: bool,
    done: &mut Vacuumed,
) -> Result<(), CompactionError> {
    let store = lake.store();
    let mut needed: HashSet<String> = HashSet::new();
    for file in table.files()? {
        needed.insert(format!("{TABLE}/{}", file.path));
    }
    for file in table.removed_since(before).await? {
        needed.insert(format!("{TABLE}/{file}"));
    }
    needed.insert(State::key(state.number));
    for chunk in &state.taken {
        needed.insert(format!("{FOLDER}/{}", chunk.name));
    }
    let folder = Path::from(TABLE);
    let mut listed = store.list(Some(&folder));
    let mut gone = Vec::new();
    while let Some(found) = listed.next().await {
        let found = found.map_err(|error| CompactionError::store(TABLE, "listed", error))?;
        let key = found.location.as_ref();
        let is_log = key
            .strip_prefix(TABLE)
            .is_some_and(|key| key.starts_with("/_delta_log/"));
        if is_log || needed.contains(key) || found.last_modified.timestamp_millis() > before {
            continue;
        }
        done.files += 1;
        done.file_bytes += found.size;
        gone.push(key.to_owned());
    }
    if !dry_run {
        remove(store, gone).await?;
    }
    Ok(())
}

async fn remove(store: &Arc<dyn ObjectStore>, keys: Vec<String>) -> Result<(), CompactionError> {
    stream::iter(keys)
        .map(|key| async move {
            let removed = match Path::parse(&key) {
                Ok(path) => store.delete(&path).await,
                Err(error) => Err(error.into()),
            };
            match removed {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(CompactionError::store(&key, "removed", error)),
            }
        })
        .buffer_unordered(REQUESTS)
        .try_collect()
        .await
}
