//! Removing what is not needed any more: raw objects that were taken, files that no version of the table has
//! any more, and what killed runs left.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use futures::TryStreamExt;
use hydrant_lake::Lake;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, path::Path};

use super::{
    CompactionError,
    run::open,
    state::{FOLDER, State, exact},
    taken,
};
use crate::delta::remove_all;

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
    let mut needed: HashSet<String> = [State::key(state.number)].into();
    needed.extend(state.taken.iter().map(|it| format!("{FOLDER}/{}", it.name)));
    let keeps = |key: &str| needed.contains(key);
    let left = table.vacuum(options.grace, now, options.dry_run, keeps);
    let left = left.await?;
    (done.files, done.file_bytes) = (left.files, left.bytes);
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
                gone.push(exact(&taken.key));
            }
        }
        if !dry_run {
            let removed = remove_all(store, gone.into_iter()).await;
            removed
                .map_err(|(path, error)| CompactionError::store(path.as_ref(), "removed", error))?;
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
