//! Objects handed out to those who read them, one to whoever asks next, and fetched ahead where that takes a
//! store.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use datafusion::common::runtime::SpawnedTask;
use object_store::{ObjectStoreExt, path::Path};

use crate::{encoding::Raw, object::DataObject, reader::Source, stats::add};

/// Requests under way at a time, for each reader.
const REQUESTS: usize = 16;

/// Bytes fetched and not yet read, for each reader; one larger object is let through alone.
const BUDGET: u64 = 32 << 20;

/// Objects to read, in their order.
#[derive(Debug)]
pub(crate) struct Queue {
    objects: Arc<[Arc<DataObject>]>,
    next: AtomicUsize,
}

impl Queue {
    pub(crate) fn new(objects: Arc<[Arc<DataObject>]>) -> Self {
        Self {
            objects,
            next: AtomicUsize::new(0),
        }
    }

    /// The next object and its place.
    pub(crate) fn take(&self) -> Option<(usize, Arc<DataObject>)> {
        let at = self.next.fetch_add(1, Ordering::Relaxed);
        self.objects.get(at).map(|object| (at, Arc::clone(object)))
    }
}

/// An object's bytes, or why there are none.
pub(crate) struct Fetched {
    pub(crate) at: usize,
    pub(crate) object: Arc<DataObject>,
    pub(crate) bytes: Result<Raw, object_store::Error>,
}

/// An object that is being fetched.
struct Ahead {
    at: usize,
    object: Arc<DataObject>,
    bytes: SpawnedTask<Result<Bytes, object_store::Error>>,
}

/// What one reader reads.
pub(crate) struct Feed {
    source: Arc<Source>,
    queue: Arc<Queue>,
    ahead: VecDeque<Ahead>,
}

impl Feed {
    pub(crate) fn new(source: &Arc<Source>, queue: &Arc<Queue>) -> Self {
        Self {
            source: Arc::clone(source),
            queue: Arc::clone(queue),
            ahead: VecDeque::new(),
        }
    }

    /// The next object; `spare` is a buffer to read it into.
    pub(crate) async fn next(&mut self, spare: impl FnOnce() -> Vec<u8>) -> Option<Fetched> {
        if self.source.directory.is_some() {
            let (at, object) = self.queue.take()?;
            let bytes = self.source.read_file(&object.key, spare()).map(Raw::Read);
            return Some(Fetched { at, object, bytes });
        }
        let under_way =
            |ahead: &VecDeque<Ahead>| -> u64 { ahead.iter().map(|it| it.object.size).sum() };
        while self.ahead.len() < REQUESTS
            && (self.ahead.is_empty() || under_way(&self.ahead) < BUDGET)
        {
            let Some((at, object)) = self.queue.take() else {
                break;
            };
            let (source, key) = (Arc::clone(&self.source), object.key.clone());
            self.ahead.push_back(Ahead {
                at,
                object,
                bytes: SpawnedTask::spawn(async move { source.get(&key).await }),
            });
        }
        let Ahead { at, object, bytes } = self.ahead.pop_front()?;
        let bytes = match bytes.join().await {
            Ok(bytes) => bytes.map(Raw::Fetched),
            Err(source) => Err(object_store::Error::JoinError { source }),
        };
        Some(Fetched { at, object, bytes })
    }
}

impl Source {
    /// All of an object.
    pub(crate) async fn get(&self, key: &str) -> Result<Bytes, object_store::Error> {
        add(&self.counters.get_requests, 1);
        let path = Path::parse(key)?;
        self.store.get(&path).await?.bytes().await
    }

    /// The first bytes of an object, and whether they are all of it.
    pub(crate) async fn get_beginning(
        &self,
        object: &DataObject,
        length: usize,
    ) -> Result<(Vec<u8>, bool), object_store::Error> {
        use std::io::Read;
        if let Some(directory) = &self.directory {
            let mut bytes = Vec::with_capacity(length);
            let file = std::fs::File::open(directory.join(&object.key));
            file.and_then(|file| file.take(length as u64).read_to_end(&mut bytes))
                .map_err(|error| file_error(&object.key, error))?;
            let is_whole = bytes.len() < length;
            return Ok((bytes, is_whole));
        }
        if object.size <= length as u64 {
            return Ok((self.get(&object.key).await?.into(), true));
        }
        add(&self.counters.get_requests, 1);
        let path = Path::parse(&object.key)?;
        let bytes = self.store.get_range(&path, 0..length as u64).await?;
        Ok((bytes.into(), false))
    }

    /// All of a file, read into `buffer`.
    fn read_file(&self, key: &str, mut buffer: Vec<u8>) -> Result<Vec<u8>, object_store::Error> {
        use std::io::Read;
        let directory = self
            .directory
            .as_deref()
            .unwrap_or(std::path::Path::new(""));
        buffer.clear();
        std::fs::File::open(directory.join(key))
            .and_then(|mut file| file.read_to_end(&mut buffer))
            .map_err(|error| file_error(key, error))?;
        Ok(buffer)
    }
}

/// The error of a file as that of a store.
fn file_error(key: &str, error: std::io::Error) -> object_store::Error {
    let source = Box::new(error);
    match source.kind() {
        std::io::ErrorKind::NotFound => object_store::Error::NotFound {
            path: key.to_owned(),
            source,
        },
        _ => object_store::Error::Generic {
            store: "LocalFileSystem",
            source,
        },
    }
}
