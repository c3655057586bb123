//! Objects on their way into the lake: compressed and put beside each other, as many at once as may be.

use std::{path::Path as FilePath, sync::Arc, time::Duration};

use bytes::Bytes;
use hydrant_lake::{Lake, Location};
use hydrant_records::CompressionFormat;
use object_store::{Attributes, PutOptions, path::Path};
use tokio::task::JoinSet;

use crate::{
    clock::Clock,
    log::Receipts,
    object,
    observer::{Event, Observer},
};

/// An object to write.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) key: String,
    pub(crate) data: Vec<u8>,
    pub(crate) records: u64,
    pub(crate) receipts: Receipts,
    pub(crate) compression: CompressionFormat,
    pub(crate) is_error: bool,
}

/// What was written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) records: u64,
    pub(crate) receipts: Receipts,
    pub(crate) bytes: u64,
    pub(crate) lines: u64,
    pub(crate) object_bytes: u64,
    pub(crate) is_error: bool,
}

/// An object that the store did not take.
#[derive(Debug, thiserror::Error)]
#[error("{records} records were not written to {key}")]
pub struct WriteError {
    /// The object's key.
    pub key: String,
    /// Records in it.
    pub records: u64,
    /// Why.
    #[source]
    pub source: Box<object_store::Error>,
}

/// What is done for an object that the store does not take.
#[derive(Debug, Clone)]
pub(crate) enum Policy {
    /// It is told to whoever drives the pipeline.
    Report,
    /// It is offered again for as long as the store takes to accept it: what was acknowledged is not given up.
    /// An object counts as written when it would survive a loss of power.
    Persist {
        stream: String,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    },
}

/// Writes objects in the background.
#[derive(Debug)]
pub(crate) struct Writer {
    lake: Lake,
    at_once: usize,
    policy: Policy,
    tasks: JoinSet<Result<Written, WriteError>>,
}

impl Writer {
    pub(crate) fn new(lake: Lake, at_once: usize, policy: Policy) -> Self {
        Self {
            lake,
            at_once: at_once.max(1),
            policy,
            tasks: JoinSet::new(),
        }
    }

    /// Whether as many objects are under way as may be.
    pub(crate) fn is_full(&self) -> bool {
        self.tasks.len() >= self.at_once
    }

    /// Objects under way, or done and not asked for yet.
    pub(crate) fn under_way(&self) -> usize {
        self.tasks.len()
    }

    /// Begins to write `object`.
    pub(crate) fn submit(&mut self, object: Object) {
        let (lake, policy) = (self.lake.clone(), self.policy.clone());
        self.tasks.spawn(write(lake, policy, object));
    }

    /// A write that has ended since the last call.
    pub(crate) fn ended(&mut self) -> Option<Result<Written, WriteError>> {
        self.tasks.try_join_next().map(flatten)
    }

    /// The next write to end; `None` when none is under way.
    pub(crate) async fn next(&mut self) -> Option<Result<Written, WriteError>> {
        self.tasks.join_next().await.map(flatten)
    }
}

type Joined = Result<Result<Written, WriteError>, tokio::task::JoinError>;

fn flatten(joined: Joined) -> Result<Written, WriteError> {
    joined.unwrap_or_else(|source| {
        Err(WriteError {
            key: "an object".to_owned(),
            records: 0,
            source: Box::new(source.into()),
        })
    })
}

async fn write(lake: Lake, policy: Policy, object: Object) -> Result<Written, WriteError> {
    let Object {
        key,
        data,
        records,
        receipts,
        compression,
        is_error,
    } = object;
    let failed = |source: object_store::Error| WriteError {
        key: key.clone(),
        records,
        source: Box::new(source),
    };
    // The key is taken as it is: `Path::from` would percent-encode what S3 takes.
    let path = Path::parse(&key).map_err(|source| failed(source.into()))?;
    let compressed = tokio::task::spawn_blocking(move || {
        let lines = memchr::memchr_iter(b'\n', &data).count();
        (
            data.len() as u64,
            lines as u64,
            object::compress(compression, data),
        )
    });
    let (bytes, lines, body) = compressed.await.map_err(|source| failed(source.into()))?;
    let object_bytes = body.len() as u64;
    match policy {
        Policy::Report => put(&lake, &path, compression, body).await.map_err(failed)?,
        Policy::Persist {
            stream,
            clock,
            observer,
        } => {
            let mut attempts = 0;
            while let Err(error) = put_durably(&lake, &path, compression, body.clone()).await {
                let pause = pause_after(attempts);
                attempts += 1;
                observer.observe(&Event::NotWritten {
                    stream: &stream,
                    key: &key,
                    records,
                    attempts,
                    error: &error,
                    pause,
                });
                clock.sleep(pause).await;
            }
            observer.observe(&Event::Written {
                stream: &stream,
                key: &key,
                records,
                bytes,
                object_bytes,
                is_error,
            });
        }
    }
    Ok(Written {
        records,
        receipts,
        bytes,
        lines,
        object_bytes,
        is_error,
    })
}

/// AWS says only that it retries; ours doubles from a second to a minute. The store's client has tried several
/// times by itself before.
fn pause_after(attempts: u32) -> Duration {
    Duration::from_secs(1 << attempts.min(6)).min(Duration::from_mins(1))
}

async fn put(
    lake: &Lake,
    path: &Path,
    compression: CompressionFormat,
    body: Bytes,
) -> object_store::Result<()> {
    let attributes = if lake.keeps_attributes() {
        object::attributes(compression)
    } else {
        Attributes::new()
    };
    let options = PutOptions {
        attributes,
        ..PutOptions::default()
    };
    lake.store().put_opts(path, body.into(), options).await?;
    Ok(())
}

/// The same, and for a directory: until it is on the disk, names and all.
async fn put_durably(
    lake: &Lake,
    path: &Path,
    compression: CompressionFormat,
    body: Bytes,
) -> object_store::Result<()> {
    put(lake, path, compression, body).await?;
    let Location::Directory(root) = lake.location() else {
        return Ok(());
    };
    let (root, file) = (root.clone(), root.join(path.as_ref()));
    tokio::task::spawn_blocking(move || sync(&root, &file))
        .await?
        .map_err(|source| object_store::Error::Generic {
            store: "directory",
            source: Box::new(source),
        })
}

/// Syncs a file, and the folders that lead to it.
fn sync(root: &FilePath, file: &FilePath) -> std::io::Result<()> {
    std::fs::File::open(file)?.sync_all()?;
    for folder in file.ancestors().skip(1) {
        std::fs::File::open(folder)?.sync_all()?;
        if folder == root {
            break;
        }
    }
    Ok(())
}
