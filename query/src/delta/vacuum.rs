//! Removing files of a table's folder that nobody needs any more.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::{StreamExt, TryStreamExt, stream};
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, path::Path};

use super::{DeltaError, DeltaTable};

/// Requests under way at a time.
const REQUESTS: usize = 32;

/// What no version has may be of a writer that is at it, for so long.
const ORPHANED: Duration = Duration::from_hours(24);

/// Files that were removed, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl DeltaTable {
    /// Removes files from the table's folder that neither this version has nor one that was the latest less than
    /// `grace` ago, and that were written before that, a day ago at the least; the log stays. In a dry run they are
    /// only counted. `now` is in milliseconds since the epoch, `keeps` says which keys of the lake stay besides.
    ///
    /// The log remembers for a week what left a table (`delta.deletedFileRetentionDuration`), so a longer `grace`
    /// holds for what was written less long ago only.
    ///
    /// # Errors
    ///
    /// [`DeltaError`] when the store refuses. What was removed before it was removed rightly.
    pub async fn vacuum(
        &self,
        grace: Duration,
        now: i64,
        dry_run: bool,
        keeps: impl Fn(&str) -> bool,
    ) -> Result<Leftovers, DeltaError> {
        let grace = i64::try_from(grace.max(ORPHANED).as_millis()).unwrap_or(i64::MAX);
        let before = now.saturating_sub(grace);
        let current = self.files()?.into_iter().map(|file| file.path);
        let mut needed: HashSet<String> = current.collect();
        needed.extend(self.removed_since(before).await?);
        let (folder, log) = (&self.folder, format!("{}/_delta_log/", self.folder));
        let is_needed = |key: &str| {
            let path = key.strip_prefix(folder.as_str());
            let path = path.and_then(|path| path.strip_prefix('/'));
            key.starts_with(&log) || keeps(key) || path.is_some_and(|path| needed.contains(path))
        };
        let listed: Vec<ObjectMeta> = self
            .store
            .list(Some(&Path::from(folder.as_str())))
            .try_collect()
            .await
            .map_err(|error| self.failed("read", error.into()))?;
        let gone: Vec<ObjectMeta> = listed
            .into_iter()
            .filter(|file| file.last_modified.timestamp_millis() <= before)
            .filter(|file| !is_needed(file.location.as_ref()))
            .collect();
        let leftovers = Leftovers {
            files: gone.len() as u64,
            bytes: gone.iter().map(|file| file.size).sum(),
        };
        if !dry_run {
            let gone = gone.into_iter().map(|file| file.location);
            let removed = remove_all(&self.store, gone).await;
            removed.map_err(|(_, error)| self.failed("clean", error.into()))?;
        }
        Ok(leftovers)
    }
}

/// Removes objects; one that is gone already is no error.
///
/// # Errors
///
/// Which one could not be removed, and why.
pub(crate) async fn remove_all(
    store: &Arc<dyn ObjectStore>,
    paths: impl Iterator<Item = Path>,
) -> Result<(), (Path, object_store::Error)> {
    stream::iter(paths)
        .map(|path| async move {
            match store.delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err((path, error)),
            }
        })
        .buffer_unordered(REQUESTS)
        .try_collect()
        .await
}
