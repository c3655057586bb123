//! Objects on their way into the lake: compressed and put beside each other, as many at once as may be.

mod persist;

use hydrant_lake::Lake;
use object_store::{Attributes, PutOptions, PutPayload, path::Path};
use tokio::task::JoinSet;

pub(crate) use persist::{Names, Persist};

use crate::{buffer::Content, log::Receipts, object::Encoding, observer::ObjectKind};
use persist::Attempt;

/// An object to write.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) key: String,
    pub(crate) data: Content,
    pub(crate) records: u64,
    pub(crate) receipts: Receipts,
    pub(crate) encoding: Encoding,
    pub(crate) kind: ObjectKind,
}

/// What was written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) records: u64,
    pub(crate) receipts: Receipts,
    pub(crate) bytes: u64,
    pub(crate) lines: u64,
    pub(crate) object_bytes: u64,
    pub(crate) kind: ObjectKind,
    /// Whether it lies beside the log, because the store did not take it for too long.
    pub(crate) is_aside: bool,
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
    /// It is offered again and again: what was acknowledged is not given up.
    Persist(Persist),
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
        encoding,
        kind,
    } = object;
    let failed = |source: object_store::Error| WriteError {
        key: key.clone(),
        records,
        source: Box::new(source),
    };
    // The key is taken as it is: `Path::from` would percent-encode what S3 takes.
    let path = Path::parse(&key).map_err(|source| failed(source.into()))?;
    let attributes = if lake.keeps_attributes() {
        encoding.attributes()
    } else {
        Attributes::new()
    };
    // Only the account of a run over files has them.
    let counts_lines =
        matches!(policy, Policy::Report) && !matches!(encoding, Encoding::Parquet(_));
    let encoded = tokio::task::spawn_blocking(move || {
        let lines = if counts_lines { data.newlines() } else { 0 };
        (data.len() as u64, lines as u64, encoding.encode(data))
    });
    let (bytes, lines, body) = encoded.await.map_err(|source| failed(source.into()))?;
    let body = body.map_err(|source| {
        failed(object_store::Error::Generic {
            store: "encoding",
            source: source.into(),
        })
    })?;
    let object_bytes = body.content_length() as u64;
    let mut is_aside = false;
    match policy {
        Policy::Report => put(&lake, &path, attributes, body).await.map_err(failed)?,
        Policy::Persist(persist) => {
            let attempt = Attempt {
                key: &key,
                path: &path,
                attributes,
                body,
                records,
                bytes,
                kind,
            };
            is_aside = persist.write(&lake, attempt).await;
        }
    }
    Ok(Written {
        records,
        receipts,
        bytes,
        lines,
        object_bytes,
        kind,
        is_aside,
    })
}

async fn put(
    lake: &Lake,
    path: &Path,
    attributes: Attributes,
    body: PutPayload,
) -> object_store::Result<()> {
    let options = PutOptions {
        attributes,
        ..PutOptions::default()
    };
    lake.store().put_opts(path, body, options).await?;
    Ok(())
}
