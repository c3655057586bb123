//! The durable log: a record is in it before its put is answered, and leaves it when an object that holds it
//! was accepted.
//!
//! What a commit holds is one *segment* of each stream that has records in it. A [`Segment`] counts its
//! records out again: each has a [`Receipt`], and what became of all of them is deleted from the log with the
//! commit after. The order of records is the order of commits. redb is the store: one file, one `fdatasync`
//! a commit, however many puts wait for it.

mod batch;
mod segment;
mod store;
mod stream;
mod writer;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use tokio::sync::oneshot;

pub use batch::Batch;
pub use segment::{Receipt, Receipts, Segment};
pub use stream::StreamLog;

use store::Store;
use writer::{Job, Writer};

/// How large a log may be.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// The file; folders to it are made.
    pub path: PathBuf,
    /// Bytes that records may take in the file while they wait for delivery; they are compressed. What is put beyond
    /// is refused with `Slow down.`
    pub capacity: u64,
    /// Bytes of records that each stream keeps at hand in memory; what waits beyond is read from the file
    /// when its turn comes.
    pub memory: usize,
}

/// Why the log did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The file cannot be opened.
    #[error("the log {} cannot be opened", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file cannot be written: a full disk, a disk that fails.
    #[error("the log {} cannot be written: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file cannot be read.
    #[error("the log {} cannot be read: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// As many bytes wait as may.
    #[error("the log holds as much as it may: {capacity} bytes of records that wait for delivery")]
    Full {
        /// The most that may wait.
        capacity: u64,
    },
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
}

/// What the log's threads share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) options: LogOptions,
    /// Bytes that records take in the log, those on their way into it included.
    used: AtomicU64,
    /// Segments with records that were delivered since the last commit.
    settled: Mutex<Vec<Arc<Segment>>>,
    /// Whether the writer has been told of them.
    told: AtomicBool,
    jobs: mpsc::Sender<Job>,
}

impl Shared {
    /// Notes that records of `segment` were delivered.
    fn settle(&self, segment: Arc<Segment>) {
        self.settled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(segment);
    }

    fn take_settled(&self) -> Vec<Arc<Segment>> {
        self.told.store(false, Ordering::SeqCst);
        std::mem::take(&mut self.settled.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn free(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::SeqCst);
    }
}

/// The log of a service.
#[derive(Debug)]
pub struct Log {
    shared: Arc<Shared>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Log {
    /// Opens the log, or makes an empty one. What a crash left behind is repaired.
    ///
    /// # Errors
    ///
    /// [`LogError::Open`].
    pub fn open(options: LogOptions) -> Result<Self, LogError> {
        let store = Store::open(&options.path)?;
        let (jobs, inbox) = mpsc::channel();
        let shared = Arc::new(Shared {
            store,
            options,
            used: AtomicU64::new(0),
            settled: Mutex::default(),
            told: AtomicBool::new(false),
            jobs,
        });
        let writer = Writer::new(Arc::clone(&shared), inbox);
        let thread = thread::Builder::new()
            .name("hydrant-log".to_owned())
            .spawn(move || writer.run())
            .map_err(|source| LogError::Open {
                path: shared.options.path.clone(),
                source: source.into(),
            })?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// How often the log was opened, this time included.
    pub fn starts(&self) -> u64 {
        self.shared.store.starts
    }

    /// The definitions that were kept, by stream.
    ///
    /// # Errors
    ///
    /// [`LogError::Read`].
    pub fn definitions(&self) -> Result<Vec<(u32, Vec<u8>)>, LogError> {
        self.shared.store.definitions()
    }

    /// The log of stream `id`, with what waits in it. A stream is opened once.
    ///
    /// # Errors
    ///
    /// [`LogError::Read`].
    pub fn stream(&self, id: u32) -> Result<Arc<StreamLog>, LogError> {
        let kept = self.shared.store.segments(id)?;
        let stream = StreamLog::new(id, Arc::clone(&self.shared), &kept);
        self.shared.used.fetch_add(
            kept.segments.iter().map(|it| it.bytes).sum(),
            Ordering::SeqCst,
        );
        Ok(stream)
    }

    /// Appends one request's records and waits until they are durable; the sequence number of the first.
    ///
    /// # Errors
    ///
    /// [`LogError::Full`] when as much waits as may, [`LogError::Write`] when the disk does not take it. The
    /// records are then not accepted.
    pub async fn append(&self, stream: &Arc<StreamLog>, batch: Batch) -> Result<u64, LogError> {
        let shared = &self.shared;
        let capacity = shared.options.capacity;
        if shared.used.load(Ordering::SeqCst) >= capacity {
            // Nothing is compressed that will not be kept.
            return Err(LogError::Full { capacity });
        }
        let stored = batch.stored();
        let bytes = stored.bytes();
        if shared.used.fetch_add(bytes, Ordering::SeqCst) + bytes > capacity {
            shared.free(bytes);
            return Err(LogError::Full { capacity });
        }
        let (reply, answer) = oneshot::channel();
        let job = Job::Append {
            stream: Arc::clone(stream),
            batch,
            stored,
            reply,
        };
        if shared.jobs.send(job).is_err() {
            shared.free(bytes);
            return Err(LogError::Closed);
        }
        answer.await.unwrap_or(Err(LogError::Closed))
    }

    /// Keeps the definition of a stream, or forgets the stream and everything that waits in it.
    ///
    /// # Errors
    ///
    /// [`LogError::Write`]: it is not kept; [`LogError::Closed`].
    pub async fn define(&self, id: u32, definition: Option<Vec<u8>>) -> Result<(), LogError> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Define {
            id,
            definition,
            reply,
        };
        self.shared.jobs.send(job).map_err(|_| LogError::Closed)?;
        answer.await.unwrap_or(Err(LogError::Closed))
    }

    /// Bytes that the records that wait for delivery take in the file.
    pub fn used(&self) -> u64 {
        self.shared.used.load(Ordering::SeqCst)
    }

    /// Writes what was delivered since the last commit and ends the log's thread.
    pub async fn close(&mut self) {
        let (reply, closed) = oneshot::channel();
        if self.shared.jobs.send(Job::Close { reply }).is_ok() {
            // An error means that the thread is gone already.
            closed.await.ok();
        }
        if let Some(thread) = self.thread.take() {
            // It has answered and ends by itself; a panic in it was reported when it happened.
            thread.join().ok();
        }
        self.shared.store.close();
    }
}
