//! Objects that must not be lost: offered again and again, and kept beside the log when that does not help.

use std::{
    collections::HashMap,
    path::{Path as FilePath, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hydrant_lake::{Lake, Location};
use object_store::{Attributes, PutPayload, path::Path};

use super::put;
use crate::{
    Clock,
    metrics::StreamMetrics,
    observer::{Event, ObjectKind, Observer},
};

/// How objects of a stream are offered to the store. One counts as written when it would survive a loss of power.
#[derive(Debug, Clone)]
pub(crate) struct Persist {
    pub(crate) stream: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) metrics: Arc<StreamMetrics>,
    /// How long one is offered. AWS gives up after 24 hours, and the data is lost (developer guide, "Understand
    /// data delivery in Amazon Data Firehose").
    pub(crate) retry_for: Duration,
    /// Where one goes then: a directory, in which its key names the file.
    pub(crate) set_aside: PathBuf,
    pub(crate) names: Names,
}

/// An object on its way.
pub(super) struct Attempt<'a> {
    pub(super) key: &'a str,
    pub(super) path: &'a Path,
    pub(super) attributes: Attributes,
    pub(super) body: PutPayload,
    pub(super) records: u64,
    pub(super) bytes: u64,
    pub(super) kind: ObjectKind,
}

impl Persist {
    /// Writes an object, into the lake or aside; whether it lies aside.
    pub(super) async fn write(&self, lake: &Lake, object: Attempt<'_>) -> bool {
        let began = self.clock.now();
        let mut attempts = 0;
        loop {
            let put = put_durably(lake, &object, &self.names).await;
            self.count(object.kind, put.is_ok());
            let error = match put {
                Ok(()) => {
                    self.observer.observe(&Event::Written {
                        stream: &self.stream,
                        key: object.key,
                        records: object.records,
                        bytes: object.bytes,
                        object_bytes: object.body.content_length() as u64,
                        kind: object.kind,
                    });
                    return false;
                }
                Err(error) => error,
            };
            let offered = self.clock.now().duration_since(began);
            let is_over = Duration::try_from(offered).is_ok_and(|it| it >= self.retry_for);
            if is_over && self.set_aside(&object, &error).await {
                return true;
            }
            let pause = pause_after(attempts);
            attempts += 1;
            self.observer.observe(&Event::NotWritten {
                stream: &self.stream,
                key: object.key,
                records: object.records,
                attempts,
                error: &error,
                pause,
            });
            self.clock.sleep(pause).await;
        }
    }

    fn count(&self, kind: ObjectKind, is_taken: bool) {
        let tries = match kind {
            ObjectKind::Backup => &self.metrics.backups,
            ObjectKind::Delivered | ObjectKind::Errors => &self.metrics.deliveries,
        };
        if is_taken { &tries.good } else { &tries.bad }.add(1);
    }

    /// Puts an object into the directory; whether it is there.
    async fn set_aside(&self, object: &Attempt<'_>, refusal: &object_store::Error) -> bool {
        let directory = &self.set_aside;
        let kept = async {
            let aside = Lake::open(&directory.display().to_string(), true).await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(
                put_durably(&aside, object, &self.names).await?,
            )
        };
        match kept.await {
            Ok(()) => {
                self.observer.observe(&Event::SetAside {
                    stream: &self.stream,
                    key: object.key,
                    records: object.records,
                    directory,
                    error: refusal,
                });
                true
            }
            Err(error) => {
                tracing::error!(
                    %error,
                    directory = %directory.display(),
                    "an object that the lake does not take could not be set aside either"
                );
                false
            }
        }
    }
}

/// AWS says only that it retries; ours doubles from a second to a minute. The store's client has tried several
/// times by itself before.
fn pause_after(attempts: u32) -> Duration {
    Duration::from_secs(1 << attempts.min(6)).min(Duration::from_mins(1))
}

/// Puts an object; into a directory, until it is on the disk, names and all.
async fn put_durably(lake: &Lake, object: &Attempt<'_>, names: &Names) -> object_store::Result<()> {
    let path = object.path;
    let attributes = if lake.keeps_attributes() {
        object.attributes.clone()
    } else {
        Attributes::new()
    };
    put(lake, path, attributes, object.body.clone()).await?;
    let Location::Directory(root) = lake.location() else {
        return Ok(());
    };
    let (root, file, names) = (root.clone(), root.join(path.as_ref()), names.clone());
    tokio::task::spawn_blocking(move || names.sync(&root, &file))
        .await?
        .map_err(|source| object_store::Error::Generic {
            store: "directory",
            source: Box::new(source),
        })
}

/// Folders whose names are on the disk, each with what tells it from one that was made in its place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(Arc<Mutex<HashMap<PathBuf, u64>>>);

/// The most folders that are remembered; beyond, all are forgotten, and synced once more.
const MAX_NAMES: usize = 100_000;

impl Names {
    /// Syncs a file, the folder that has its name, and the folders that lead there as far as they are new.
    fn sync(&self, root: &FilePath, file: &FilePath) -> std::io::Result<()> {
        std::fs::File::open(file)?.sync_all()?;
        let mut new = Vec::new();
        for folder in file.ancestors().skip(1) {
            let handle = std::fs::File::open(folder)?;
            handle.sync_all()?;
            let inode = inode(&handle.metadata()?);
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if folder == root || inode.is_some() && known.get(folder) == inode.as_ref() {
                if known.len() + new.len() > MAX_NAMES {
                    known.clear();
                }
                known.extend(new);
                break;
            }
            drop(known);
            // Its name is on the disk once the next one is synced.
            new.extend(inode.map(|inode| (folder.to_owned(), inode)));
        }
        Ok(())
    }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "there is none elsewhere")]
fn inode(metadata: &std::fs::Metadata) -> Option<u64> {
    Some(std::os::unix::fs::MetadataExt::ino(metadata))
}

#[cfg(not(unix))]
fn inode(_: &std::fs::Metadata) -> Option<u64> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_known_once_the_one_above_it_was_synced_and_forgotten_when_it_is_another() {
        let place = tempfile::TempDir::new().unwrap();
        let root = place.path();
        let folder = root.join("a/b");
        let write = || {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("file"), "x").unwrap();
        };
        write();
        let names = Names::default();
        let known = |path: &str| names.0.lock().unwrap().get(&root.join(path)).copied();
        names.sync(root, &folder.join("file")).unwrap();
        let first = known("a/b");
        assert!(first.is_some() && known("a").is_some());
        // Something keeps the inode from being given again.
        std::fs::rename(&folder, root.join("a/c")).unwrap();
        write();
        names.sync(root, &folder.join("file")).unwrap();
        assert_ne!(known("a/b"), first);
        assert!(names.sync(root, &root.join("a/absent")).is_err());
    }
}
