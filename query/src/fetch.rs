//! Objects handed out to those who read them, one to whoever asks next, and fetched ahead where that takes a
//! store.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use datafusion::common::runtime::SpawnedTask;
use object_store::{ObjectStoreExt, path::Path};
use tokio::sync::Notify;

use crate::{
    encoding::Raw,
    object::DataObject,
    parquet_object::{Opened, Ranges, is_named_so},
    reader::Source,
    stats::add,
};

/// Requests under way at a time, for each reader.
const REQUESTS: usize = 16;

/// Bytes fetched and not yet read, for each reader; one larger object is let through alone.
const BUDGET: u64 = 32 << 20;

/// Objects to read, in their order; and parts of such as turned out to have several.
#[derive(Debug)]
pub(crate) struct Queue {
    objects: Arc<[Arc<DataObject>]>,
    next: AtomicUsize,
    /// Row groups of Parquet objects.
    parts: Mutex<VecDeque<Part>>,
    /// Objects that were taken and may yet turn out to have parts.
    under_way: AtomicUsize,
    changed: Notify,
}

/// A row group of an object.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) opened: Arc<Opened>,
    pub(crate) group: usize,
}

/// An object that was taken; while it lives, parts of it may yet be handed out.
#[derive(Debug)]
pub(crate) struct Turn(Arc<Queue>);

impl Turn {
    /// Hands out parts of the object.
    pub(crate) fn hand_out(&self, parts: impl IntoIterator<Item = Part>) {
        let waiting = &self.0.parts;
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extend(parts);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::AcqRel);
        self.0.changed.notify_waiters();
    }
}

impl Queue {
    pub(crate) fn new(objects: Arc<[Arc<DataObject>]>) -> Self {
        Self {
            objects,
            next: AtomicUsize::new(0),
            parts: Mutex::default(),
            under_way: AtomicUsize::new(0),
            changed: Notify::new(),
        }
    }

    /// The next object and its place.
    pub(crate) fn take(&self) -> Option<(usize, Arc<DataObject>)> {
        let at = self.next.fetch_add(1, Ordering::Relaxed);
        self.objects.get(at).map(|object| (at, Arc::clone(object)))
    }

    /// A turn, to be had before an object is taken.
    fn turn(self: &Arc<Self>) -> Turn {
        self.under_way.fetch_add(1, Ordering::AcqRel);
        Turn(Arc::clone(self))
    }

    fn part(&self) -> Option<Part> {
        let mut waiting = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.pop_front()
    }
}

/// What a reader is given to read.
pub(crate) enum Given {
    /// An object, and a turn to be kept until it is known what it is.
    Object(Fetched, Turn),
    /// A part of one that somebody has opened.
    Part(Part),
}

/// An object's bytes, or why there are none.
pub(crate) struct Fetched {
    pub(crate) at: usize,
    pub(crate) object: Arc<DataObject>,
    pub(crate) bytes: Result<Payload, object_store::Error>,
}

/// What there is of an object's bytes.
pub(crate) enum Payload {
    /// All of them.
    Whole(Raw),
    /// None yet: it is named like one that is not read whole.
    Ranges(Ranges),
}

/// An object that is being fetched.
struct Ahead {
    at: usize,
    object: Arc<DataObject>,
    bytes: Fetching,
    turn: Turn,
}

enum Fetching {
    Whole(SpawnedTask<Result<Bytes, object_store::Error>>),
    Ranges,
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
        let (fetched, _) = self.next_object(spare).await?;
        Some(fetched)
    }

    /// The next object, or a part of one. Who is given nothing waits for those who still open objects.
    pub(crate) async fn next_or_part(&mut self, spare: impl FnOnce() -> Vec<u8>) -> Option<Given> {
        if let Some(part) = self.queue.part() {
            return Some(Given::Part(part));
        }
        if let Some((fetched, turn)) = self.next_object(spare).await {
            return Some(Given::Object(fetched, turn));
        }
        loop {
            // Who changes something behind this line wakes us.
            let changed = self.queue.changed.notified();
            let is_last = self.queue.under_way.load(Ordering::Acquire) == 0;
            if let Some(part) = self.queue.part() {
                return Some(Given::Part(part));
            }
            if is_last {
                return None;
            }
            changed.await;
        }
    }

    async fn next_object(&mut self, spare: impl FnOnce() -> Vec<u8>) -> Option<(Fetched, Turn)> {
        if self.source.directory.is_some() {
            let turn = self.queue.turn();
            let (at, object) = self.queue.take()?;
            let bytes = if is_named_so(&object) {
                Ranges::of_object(&self.source, &object).map(Payload::Ranges)
            } else {
                let read = self.source.read_file(&object.key, spare());
                read.map(|bytes| Payload::Whole(Raw::Read(bytes)))
            };
            return Some((Fetched { at, object, bytes }, turn));
        }
        let under_way =
            |ahead: &VecDeque<Ahead>| -> u64 { ahead.iter().map(|it| it.object.size).sum() };
        while self.ahead.len() < REQUESTS
            && (self.ahead.is_empty() || under_way(&self.ahead) < BUDGET)
        {
            let turn = self.queue.turn();
            let Some((at, object)) = self.queue.take() else {
                break;
            };
            let (source, key) = (Arc::clone(&self.source), object.key.clone());
            let bytes = if is_named_so(&object) {
                Fetching::Ranges
            } else {
                Fetching::Whole(SpawnedTask::spawn(async move { source.get(&key).await }))
            };
            self.ahead.push_back(Ahead {
                at,
                object,
                bytes,
                turn,
            });
        }
        let Ahead {
            at,
            object,
            bytes,
            turn,
        } = self.ahead.pop_front()?;
        let bytes = match bytes {
            Fetching::Ranges => Ranges::of_object(&self.source, &object).map(Payload::Ranges),
            Fetching::Whole(task) => match task.join().await {
                Ok(bytes) => bytes.map(|bytes| Payload::Whole(Raw::Fetched(bytes))),
                Err(source) => Err(object_store::Error::JoinError { source }),
            },
        };
        Some((Fetched { at, object, bytes }, turn))
    }
}

impl Source {
    /// All of an object.
    pub(crate) async fn get(&self, key: &str) -> Result<Bytes, object_store::Error> {
        add(&self.counters.get_requests, 1);
        let path = Path::parse(key)?;
        self.store.get(&path).await?.bytes().await
    }

    /// All of an object, of a file too.
    pub(crate) async fn get_whole(&self, key: &str) -> Result<Raw, object_store::Error> {
        if self.directory.is_some() {
            return self.read_file(key, Vec::new()).map(Raw::Read);
        }
        self.get(key).await.map(Raw::Fetched)
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
pub(crate) fn file_error(key: &str, error: std::io::Error) -> object_store::Error {
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
