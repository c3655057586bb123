//! Objects on their way into the lake: compressed and put beside each other, as many at once as there are
//! permits.

use std::sync::Arc;

use hydrant_lake::Lake;
use hydrant_records::CompressionFormat;
use object_store::{Attributes, PutOptions, path::Path};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::object;

/// An object to write.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) key: String,
    pub(crate) data: Vec<u8>,
    pub(crate) records: u64,
    pub(crate) compression: CompressionFormat,
    pub(crate) is_error: bool,
}

/// What was written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) records: u64,
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

/// Writes objects in the background.
#[derive(Debug)]
pub(crate) struct Writer {
    lake: Lake,
    permits: Arc<Semaphore>,
    tasks: JoinSet<Result<Written, WriteError>>,
}

impl Writer {
    pub(crate) fn new(lake: Lake, at_once: usize) -> Self {
        Self {
            lake,
            permits: Arc::new(Semaphore::new(at_once.max(1))),
            tasks: JoinSet::new(),
        }
    }

    /// Begins to write `object`; waits while as many are under way as may be.
    pub(crate) async fn submit(&mut self, object: Object) {
        // The semaphore is never closed; without a permit the write would only be unbounded.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        let lake = self.lake.clone();
        self.tasks.spawn(async move {
            let written = write(&lake, object).await;
            drop(permit);
            written
        });
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

async fn write(lake: &Lake, object: Object) -> Result<Written, WriteError> {
    let Object {
        key,
        data,
        records,
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
    let attributes = if lake.keeps_attributes() {
        object::attributes(compression)
    } else {
        Attributes::new()
    };
    let options = PutOptions {
        attributes,
        ..PutOptions::default()
    };
    lake.store()
        .put_opts(&path, body.into(), options)
        .await
        .map_err(failed)?;
    Ok(Written {
        records,
        bytes,
        lines,
        object_bytes,
        is_error,
    })
}
