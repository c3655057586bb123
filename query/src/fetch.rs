//! Objects handed out to those who read them, one to whoever asks next, and fetched ahead where that takes a
//! store.

use std::{
    collections::VecDeque,
    io::{Error as IoError, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use datafusion::common::runtime::SpawnedTask;
use futures::{Stream, StreamExt};
use object_store::{ObjectStoreExt, path::Path};

use crate::{
    directory::{read_beginning, read_to_end},
    encoding::{Inflater, Large, Raw, Unreadable},
    object::DataObject,
    parquet_object::{Ranges, is_named_so},
    reader::Source,
    stats::add,
};

/// Requests under way at a time, for each reader.
const REQUESTS: usize = 16;

/// Bytes fetched and not yet read, for each reader; one larger object is let through alone.
const BUDGET: u64 = 32 << 20;

/// Objects to read, in their order.
#[derive(Debug)]
pub(crate) struct Queue {
    shares: Arc<[Share]>,
    next: AtomicUsize,
}

/// What one reader takes of an object: all of it, or every so manieth row group of a Parquet object.
#[derive(Debug, Clone)]
pub(crate) struct Share {
    pub(crate) object: Arc<DataObject>,
    /// Which share it is.
    pub(crate) part: usize,
    /// Of how many.
    pub(crate) of: usize,
}

impl Share {
    /// All of an object.
    pub(crate) fn whole(object: &Arc<DataObject>) -> Self {
        Self {
            object: Arc::clone(object),
            part: 0,
            of: 1,
        }
    }
}

impl Queue {
    pub(crate) fn new(shares: impl IntoIterator<Item = Share>) -> Self {
        Self {
            shares: shares.into_iter().collect(),
            next: AtomicUsize::new(0),
        }
    }

    /// The next object and its place.
    pub(crate) fn take(&self) -> Option<(usize, Share)> {
        let at = self.next.fetch_add(1, Ordering::Relaxed);
        self.shares.get(at).map(|share| (at, share.clone()))
    }
}

/// An object's bytes, or why there are none.
pub(crate) struct Fetched {
    pub(crate) at: usize,
    pub(crate) share: Share,
    pub(crate) bytes: Result<Payload, object_store::Error>,
}

/// What there is of an object's bytes.
pub(crate) enum Payload {
    /// All of them.
    Whole(Raw),
    /// All of them, in a file: more than what is held of an object.
    Large(Large),
    /// None yet: it is named like one that is not read whole.
    Ranges(Ranges),
}

impl Payload {
    /// Bytes that were read; of ranges none are yet.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Whole(raw) => raw.bytes().len() as u64,
            Self::Large(large) => large.length().unwrap_or_default(),
            Self::Ranges(_) => 0,
        }
    }

    /// Gives what is text to an inflater.
    ///
    /// # Errors
    ///
    /// As [`Inflater::take`].
    pub(crate) fn give_to(self, inflater: &mut Inflater) -> Result<(), Unreadable> {
        match self {
            Self::Whole(raw) => inflater.take(raw),
            Self::Large(large) => inflater.take_large(large),
            Self::Ranges(_) => Err(Unreadable::Encoding("Parquet")),
        }
    }
}

/// An object that is being fetched.
struct Ahead {
    at: usize,
    share: Share,
    bytes: Fetching,
}

enum Fetching {
    Whole(SpawnedTask<Result<Payload, object_store::Error>>),
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

    /// The next object; `buffer` gives one to read it into.
    pub(crate) async fn next(&mut self, buffer: impl FnOnce() -> Vec<u8>) -> Option<Fetched> {
        if self.source.directory.is_some() {
            let (at, share) = self.queue.take()?;
            let object = &share.object;
            let bytes = if is_named_so(object) {
                Ranges::of_object(&self.source, object).map(Payload::Ranges)
            } else {
                self.source.read_file(&object.key, buffer())
            };
            return Some(Fetched { at, share, bytes });
        }
        let budget = BUDGET.min(self.source.room.held as u64);
        let under_way =
            |ahead: &VecDeque<Ahead>| -> u64 { ahead.iter().map(|it| it.share.object.size).sum() };
        while self.ahead.len() < REQUESTS
            && (self.ahead.is_empty() || under_way(&self.ahead) < budget)
        {
            let Some((at, share)) = self.queue.take() else {
                break;
            };
            let (source, object) = (Arc::clone(&self.source), Arc::clone(&share.object));
            let bytes = if is_named_so(&object) {
                Fetching::Ranges
            } else {
                let get = async move { source.get(&object.key, object.size).await };
                Fetching::Whole(SpawnedTask::spawn(get))
            };
            self.ahead.push_back(Ahead { at, share, bytes });
        }
        let Ahead { at, share, bytes } = self.ahead.pop_front()?;
        let bytes = match bytes {
            Fetching::Ranges => Ranges::of_object(&self.source, &share.object).map(Payload::Ranges),
            Fetching::Whole(task) => match task.join().await {
                Ok(payload) => payload,
                Err(source) => Err(object_store::Error::JoinError { source }),
            },
        };
        Some(Fetched { at, share, bytes })
    }
}

impl Source {
    /// All of an object of a store, which has `size` bytes.
    async fn get(&self, key: &str, size: u64) -> Result<Payload, object_store::Error> {
        add(&self.counters.get_requests, 1);
        let path = Path::parse(key)?;
        let answer = self.store.get(&path).await?;
        if size > self.room.held as u64 {
            return self.lay(answer.into_stream()).await.map(Payload::Large);
        }
        Ok(Payload::Whole(Raw::Fetched(answer.bytes().await?)))
    }

    /// Lays what the store sends into a file.
    async fn lay(
        &self,
        mut bytes: impl Stream<Item = object_store::Result<Bytes>> + Unpin,
    ) -> object_store::Result<Large> {
        let failed = |error: IoError| object_store::Error::Generic {
            store: "temporary file",
            source: Box::new(error),
        };
        let mut scratch = self.room.scratch.file().map_err(failed)?;
        while let Some(part) = bytes.next().await {
            scratch.out.write_all(&part?).map_err(failed)?;
        }
        scratch.read().map_err(failed)
    }

    /// All of an object, of a file too.
    pub(crate) async fn get_whole(
        &self,
        object: &DataObject,
    ) -> Result<Payload, object_store::Error> {
        if self.directory.is_some() {
            return self.read_file(&object.key, Vec::new());
        }
        self.get(&object.key, object.size).await
    }

    /// The first bytes of an object, and whether they are all of it.
    pub(crate) async fn get_beginning(
        &self,
        object: &DataObject,
        length: usize,
    ) -> Result<(Vec<u8>, bool), object_store::Error> {
        if let Some(directory) = &self.directory {
            let read = read_beginning(&directory.join(&object.key), length);
            let bytes = read.map_err(|error| file_error(&object.key, error))?;
            let is_whole = bytes.len() < length;
            return Ok((bytes, is_whole));
        }
        if object.size <= length as u64 {
            add(&self.counters.get_requests, 1);
            let path = Path::parse(&object.key)?;
            let bytes = self.store.get(&path).await?.bytes().await?;
            return Ok((bytes.into(), true));
        }
        add(&self.counters.get_requests, 1);
        let path = Path::parse(&object.key)?;
        let bytes = self.store.get_range(&path, 0..length as u64).await?;
        Ok((bytes.into(), false))
    }

    /// All of a file, read into `buffer`; one that is too large for that only opened.
    fn read_file(&self, key: &str, mut buffer: Vec<u8>) -> Result<Payload, object_store::Error> {
        let directory = self
            .directory
            .as_deref()
            .unwrap_or(std::path::Path::new(""));
        buffer.clear();
        let read = || {
            let held = self.room.held;
            let mut file = std::fs::File::open(directory.join(key))?;
            if !self.room.is_unbounded() && file.metadata()?.len() > held as u64 {
                return Ok(Payload::Large(file.into()));
            }
            read_to_end(&mut file, &mut buffer)?;
            Ok(Payload::Whole(Raw::Read(buffer)))
        };
        read().map_err(|error| file_error(key, error))
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
