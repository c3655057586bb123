//! The same table for those who want Parquet files only: data files in a place of their own, and whatever a
//! Delta table needs beside them out of sight.
//!
//! A file is written where no reader looks, becomes part of the table by a commit like any other, and is only
//! then moved to where readers look. So what they see was committed, and a run that was killed shows nothing.
//! What it committed and did not move, the next run moves.

mod store;

use std::{
    collections::HashSet,
    path::{Component, PathBuf},
    sync::Arc,
};

use futures::TryStreamExt;
use hydrant_lake::{Lake, Location};
use object_store::{ObjectStore, ObjectStoreExt, PutMode, path::Path};
use serde::{Deserialize, Serialize};

use super::{
    CompactOptions, Compacted, CompactionError, Progress, Surroundings, VacuumOptions, Vacuumed,
    run::{compact_with, open},
    schema::TYPE,
    state::{TABLE, exact},
};
use crate::{delta::DeltaTable, engine::Engine, options::Options};
use store::{Divided, shown, staged};

/// Says whose files these are.
const OWNER: &str = "_hydrant/compaction/lake.json";

/// The format of what is written.
const FORMAT: u32 = 1;

/// A folder or bucket of Parquet files that a lake is compacted into.
#[derive(Debug, Clone)]
pub struct Files {
    lake: Lake,
    url: url::Url,
    store: Arc<dyn ObjectStore>,
}

#[derive(Serialize, Deserialize)]
struct Owner {
    format: u32,
    lake: String,
}

impl Files {
    /// Whether Parquet files of `lake` may be in this place at all; asked before anything is made there. For
    /// those who want to remove raw objects because the files have them, `removes` says so: a table that the lake
    /// has of its own may not have taken them.
    ///
    /// # Errors
    ///
    /// [`CompactionError::Target`] when not.
    pub async fn check(
        lake: &Lake,
        target: &Location,
        removes: bool,
    ) -> Result<(), CompactionError> {
        if is_read(&name(lake.location()), &name(target)) {
            return Err(CompactionError::Target {
                target: target.to_string(),
                reason: "is where the raw objects of the lake are read from; name a place beside the lake"
                    .to_owned(),
            });
        }
        if removes && let Some(own) = DeltaTable::open(lake, TABLE).await? {
            return Err(CompactionError::Target {
                target: own.location().to_owned(),
                reason: "is a table that may not have taken all that the files have, so raw objects are not removed for \
                         them; use --vacuum without --to"
                    .to_owned(),
            });
        }
        Ok(())
    }

    /// The files of `lake` in `target`, which is empty or was compacted into before. Nothing is written when
    /// `dry_run` says so.
    ///
    /// # Errors
    ///
    /// [`CompactionError::Target`] when `target` is a place that queries of the lake read, has files of another
    /// lake or another program, or cannot be written to.
    pub async fn open(lake: &Lake, target: &Lake, dry_run: bool) -> Result<Self, CompactionError> {
        Self::check(lake, target.location(), false).await?;
        let refused = |reason: String| CompactionError::Target {
            target: target.location().to_string(),
            reason,
        };
        let from = name(lake.location());
        let named = format!("{}/{OWNER}", target.location());
        let owner = Path::from(OWNER);
        match target.store().get(&owner).await {
            Ok(found) => {
                let bytes = found.bytes().await;
                let bytes = bytes.map_err(|error| CompactionError::store(&named, "read", error))?;
                let owner: Owner = serde_json::from_slice(&bytes)
                    .map_err(|error| refused(format!("has a damaged {OWNER} ({error})")))?;
                if owner.format != FORMAT {
                    return Err(refused(format!(
                        "has format {}, and this program knows {FORMAT}",
                        owner.format
                    )));
                }
                if owner.lake != from {
                    return Err(refused(format!(
                        "has the files of {}; name another place. If the lake was moved, put its new URL into {OWNER}",
                        owner.lake
                    )));
                }
            }
            Err(object_store::Error::NotFound { .. }) => {
                if !folders(target).await?.is_empty() {
                    return Err(refused(format!(
                        "has folders `{TYPE}=…` that were not written by a compaction into it; name an empty place"
                    )));
                }
                if !dry_run {
                    claim(target, from).await?;
                }
            }
            Err(error) => return Err(CompactionError::store(&named, "read", error)),
        }
        let store = Arc::clone(target.store());
        let divided = Divided {
            raw: Arc::clone(lake.store()),
            files: Arc::clone(&store),
        };
        Ok(Self {
            lake: Lake::from_store(target.location().clone(), Arc::new(divided)),
            url: lake.url(),
            store,
        })
    }

    /// As [`super::vacuum()`], of the files and of the raw objects that they have; [`Files::check`] says whether it
    /// may be done.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn vacuum(
        &self,
        options: &VacuumOptions,
        now: i64,
    ) -> Result<Vacuumed, CompactionError> {
        let done = super::vacuum(&self.lake, options, now).await;
        done.map_err(|error| self.placed(error))
    }

    /// An error that names what it is about where it really lies.
    fn placed(&self, error: CompactionError) -> CompactionError {
        error.named(|named| match shown(named) {
            Some(path) => self.at(path.as_ref()),
            None => named.to_owned(),
        })
    }

    /// Something in the place of the files, for people.
    fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.lake.location())
    }

    /// Moves what was committed to where readers look, and removes there what was replaced. What goes, goes
    /// first: a reader never sees a row twice.
    ///
    /// Whatever is where readers look was committed once, so a listing that is older than the version that is
    /// read has no file that is yet to be committed.
    ///
    /// # Errors
    ///
    /// [`CompactionError`]. What is left is done by the next call.
    async fn settle(&self) -> Result<(), CompactionError> {
        loop {
            let seen = self.visible().await?;
            let waiting = self.waiting().await?;
            let Some((table, _)) = open(&self.lake).await? else {
                return Ok(());
            };
            let files = table.files()?.into_iter().map(|file| file.path);
            let current: HashSet<String> = files.collect();
            for gone in seen.difference(&current) {
                let path = exact(gone);
                match self.store.delete(&path).await {
                    Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                    Err(error) => {
                        return Err(CompactionError::store(&self.at(gone), "removed", error));
                    }
                }
            }
            let mut moved = false;
            for new in current.intersection(&waiting) {
                let path = exact(new);
                // A move is a copy and a removal in a bucket; whoever was killed between them left the latter.
                if seen.contains(new) {
                    let left = self.store.delete(&staged(&path)).await;
                    if let Err(error) = left
                        && !matches!(error, object_store::Error::NotFound { .. })
                    {
                        return Err(CompactionError::store(&self.at(new), "moved", error));
                    }
                    continue;
                }
                match self.store.rename(&staged(&path), &path).await {
                    // Another run moves it too.
                    Ok(()) | Err(object_store::Error::NotFound { .. }) => moved = true,
                    Err(error) => {
                        return Err(CompactionError::store(&self.at(new), "written", error));
                    }
                }
            }
            // Another run may have replaced what was just moved.
            if !moved {
                return Ok(());
            }
        }
    }

    /// The paths of the data files that readers see.
    async fn visible(&self) -> Result<HashSet<String>, CompactionError> {
        let mut all = HashSet::new();
        for folder in folders(&self.lake_of_files()).await? {
            let listed: Vec<_> =
                self.store
                    .list(Some(&folder))
                    .try_collect()
                    .await
                    .map_err(|error| {
                        CompactionError::store(&self.at(folder.as_ref()), "listed", error)
                    })?;
            let files = listed.into_iter().map(|it| it.location.to_string());
            all.extend(files.filter(|path| is_ours(path)));
        }
        Ok(all)
    }

    /// The paths that staged files are to have.
    async fn waiting(&self) -> Result<HashSet<String>, CompactionError> {
        let folder = Path::from(store::STAGED);
        let listed: Vec<_> = self
            .store
            .list(Some(&folder))
            .try_collect()
            .await
            .map_err(|error| CompactionError::store(&self.at(store::STAGED), "listed", error))?;
        let paths = listed.iter().filter_map(|it| store::unstaged(&it.location));
        Ok(paths.map(|path| path.to_string()).collect())
    }

    fn lake_of_files(&self) -> Lake {
        Lake::from_store(self.lake.location().clone(), Arc::clone(&self.store))
    }
}

/// As [`super::compact`], into Parquet files in a place of their own.
///
/// # Errors
///
/// [`CompactionError`]. What was committed before it stays; the next run goes on from there.
pub async fn compact_to_files(
    files: &Files,
    options: &Options,
    settings: &CompactOptions,
    surroundings: Surroundings,
    progress: &Arc<Progress>,
) -> Result<Compacted, CompactionError> {
    let store = Arc::clone(files.lake.store());
    let engine = Engine::over(store, files.url.clone(), options)?;
    let work = async {
        if !settings.dry_run {
            files.settle().await?;
        }
        let done = compact_with(&engine, &files.lake, settings, surroundings, progress).await?;
        if !settings.dry_run {
            files.settle().await?;
        }
        Ok(done)
    };
    work.await.map_err(|error| files.placed(error))
}

/// Whether a file among the data files has a name that a compaction gives.
fn is_ours(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    name.starts_with("part-") && name.ends_with(".parquet")
}

/// The folders of event types.
async fn folders(target: &Lake) -> Result<Vec<Path>, CompactionError> {
    let listed = target.store().list_with_delimiter(None).await;
    let listed = listed
        .map_err(|error| CompactionError::store(&target.location().to_string(), "listed", error))?;
    let is_type = |folder: &Path| {
        let name = folder.filename().unwrap_or_default();
        name.strip_prefix(TYPE)
            .is_some_and(|rest| rest.starts_with('='))
    };
    Ok(listed.common_prefixes.into_iter().filter(is_type).collect())
}

/// Writes whose files these are; of two runs, one does.
async fn claim(target: &Lake, lake: String) -> Result<(), CompactionError> {
    let owner = Owner {
        format: FORMAT,
        lake,
    };
    let bytes = serde_json::to_vec(&owner).map_err(|error| CompactionError::Target {
        target: target.location().to_string(),
        reason: error.to_string(),
    })?;
    let options = PutMode::Create.into();
    let owner = Path::from(OWNER);
    let put = target.store().put_opts(&owner, bytes.into(), options);
    match put.await {
        Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Ok(()),
        Err(error) => {
            let named = format!("{}/{OWNER}", target.location());
            Err(CompactionError::store(&named, "written", error))
        }
    }
}

/// A name that does not depend on the working directory.
fn name(location: &Location) -> String {
    match location {
        Location::Directory(directory) => {
            Location::Directory(resolved(directory)).url().to_string()
        }
        s3 @ Location::S3 { .. } => s3.url().to_string(),
    }
}

/// A directory without links and `..`, whether it is there or not.
fn resolved(directory: &std::path::Path) -> PathBuf {
    let whole = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    let mut found = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::ParentDir => {
                found.pop();
            }
            part => found.push(part),
        }
        if let Ok(real) = found.canonicalize() {
            found = real;
        }
    }
    found
}

/// Whether queries of the lake `from` read what is in `to`: all of it but folders that begin with `_` or `.`,
/// and of those the tables.
fn is_read(from: &str, to: &str) -> bool {
    to.strip_prefix(from).is_some_and(|below| {
        below.starts_with("_tables") || below.contains('=') || !below.starts_with(['_', '.'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_queries_of_the_lake_read_is_known() {
        for (to, is) in [
            ("s3://a/lake/", true),
            ("s3://a/lake/files/", true),
            ("s3://a/lake/_tables/events/", true),
            ("s3://a/lake/_files/", false),
            ("s3://a/lake-2/", false),
            ("s3://a/", false),
            ("s3://b/lake/", false),
        ] {
            assert_eq!(is_read("s3://a/lake/", to), is, "{to}");
        }
        assert!(store::CONTROL.starts_with('_') && OWNER.starts_with(store::CONTROL));
    }
}
