//! The part of the log that belongs to one stream: what is not delivered, and what is next.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio::sync::Notify;

use super::{Batch, LogError, Segment, Shared, store::Kept, writer::Job};

/// Batches that wait to be taken; without them, they are read from the file.
type Waiting = (Arc<Segment>, Option<Vec<Batch>>);

/// One stream's log.
#[derive(Debug)]
pub struct StreamLog {
    pub(crate) id: u32,
    shared: Arc<Shared>,
    next_sequence: AtomicU64,
    /// Segments with records that are not delivered, by their first sequence number.
    open: Mutex<BTreeMap<u64, Arc<Segment>>>,
    queue: Mutex<Queue>,
    arrived: Notify,
    /// Whether the stream was deleted.
    discarded: AtomicBool,
    /// Whether records were delivered since the writer was told.
    untold: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// Bytes of the batches that are at hand.
    bytes: u64,
}

impl StreamLog {
    pub(super) fn new(id: u32, shared: Arc<Shared>, kept: &Kept) -> Arc<Self> {
        Arc::new_cyclic(|stream| {
            let segments = kept.segments.iter().map(|it| {
                let range = (it.first, it.count);
                Segment::new(
                    stream.clone(),
                    id,
                    range,
                    it.bytes,
                    it.arrival_ms,
                    it.done.clone(),
                )
            });
            let segments: Vec<Arc<Segment>> = segments.collect();
            let waiting = segments.iter().map(|it| (Arc::clone(it), None)).collect();
            Self {
                id,
                shared,
                next_sequence: AtomicU64::new(kept.next_sequence),
                open: Mutex::new(segments.into_iter().map(|it| (it.first, it)).collect()),
                queue: Mutex::new(Queue { waiting, bytes: 0 }),
                arrived: Notify::new(),
                discarded: AtomicBool::new(false),
                untold: AtomicBool::new(false),
            }
        })
    }

    /// Claims sequence numbers. Those of a commit that fails are not given again.
    pub(super) fn claim(&self, count: u64) -> u64 {
        self.next_sequence.fetch_add(count, Ordering::SeqCst)
    }

    /// Takes in what was committed.
    pub(super) fn committed(&self, segment: Arc<Segment>, batches: Vec<Batch>) {
        lock(&self.open).insert(segment.first, Arc::clone(&segment));
        let mut queue = lock(&self.queue);
        let bytes = bytes_of(&batches);
        let at_hand = queue.bytes + bytes <= self.shared.options.memory as u64;
        if at_hand {
            queue.bytes += bytes;
        }
        queue
            .waiting
            .push_back((segment, at_hand.then_some(batches)));
        drop(queue);
        self.arrived.notify_one();
    }

    /// The next segment and its records, in the order of arrival. Nothing is lost when the future is dropped
    /// before it is ready.
    ///
    /// # Errors
    ///
    /// [`LogError::Read`]; the segment stays where it is.
    pub async fn next(&self) -> Result<(Arc<Segment>, Vec<Batch>), LogError> {
        loop {
            let waiting = {
                let mut queue = lock(&self.queue);
                match queue.waiting.front() {
                    Some((_, Some(_))) => {
                        let taken = queue.waiting.pop_front();
                        if let Some((_, Some(batches))) = &taken {
                            queue.bytes -= bytes_of(batches);
                        }
                        taken
                    }
                    Some((segment, None)) => Some((Arc::clone(segment), None)),
                    None => None,
                }
            };
            match waiting {
                Some((segment, Some(batches))) => return Ok((segment, batches)),
                Some((segment, None)) => {
                    let batches = self.read(&segment).await?;
                    lock(&self.queue).waiting.pop_front();
                    return Ok((segment, batches));
                }
                None => self.arrived.notified().await,
            }
        }
    }

    async fn read(&self, segment: &Segment) -> Result<Vec<Batch>, LogError> {
        let (shared, id, first) = (Arc::clone(&self.shared), self.id, segment.first);
        let read = tokio::task::spawn_blocking(move || shared.store.read(id, first));
        let unreadable = |reason: &str| LogError::Read {
            path: self.shared.options.path.clone(),
            reason: reason.to_owned(),
        };
        let bytes = read
            .await
            .map_err(|error| unreadable(&error.to_string()))??;
        let batches = Batch::read_all(&bytes)
            .filter(|batches| batches.iter().map(Batch::count).sum::<u32>() == segment.count);
        batches.ok_or_else(|| unreadable(&format!("segment {first} of stream {id} is damaged")))
    }

    /// Whether anything waits to be taken.
    pub fn is_drained(&self) -> bool {
        lock(&self.queue).waiting.is_empty()
    }

    /// Records that are not delivered.
    pub fn undelivered(&self) -> u64 {
        lock(&self.open).values().map(|it| it.left()).sum()
    }

    /// Arrival of the oldest record that is not delivered, in milliseconds since the epoch.
    pub fn oldest_ms(&self) -> Option<i64> {
        lock(&self.open).values().next().map(|it| it.arrival_ms)
    }

    /// Tells the writer that records were delivered, so that they leave the file.
    pub fn tell(&self) {
        if !self.untold.swap(false, Ordering::SeqCst) {
            return;
        }
        let told = self.shared.told.swap(true, Ordering::SeqCst);
        if !told && self.shared.jobs.send(Job::Settle).is_err() {
            tracing::debug!("the log was closed before deliveries were noted in it");
        }
    }

    /// Forgets what waits, because the stream is deleted and with it what it had in the file.
    pub fn discard(&self) {
        self.discarded.store(true, Ordering::SeqCst);
        for segment in std::mem::take(&mut *lock(&self.open)).into_values() {
            self.shared.free(segment.bytes);
        }
        *lock(&self.queue) = Queue::default();
    }

    /// The sequence number that the next record gets.
    pub fn next_sequence(&self) -> u64 {
        self.next_sequence.load(Ordering::SeqCst)
    }

    pub(super) fn settled(&self, segment: &Arc<Segment>, first_note: bool, finished: bool) {
        if self.discarded.load(Ordering::SeqCst) {
            return;
        }
        if finished {
            lock(&self.open).remove(&segment.first);
        }
        if first_note {
            self.shared.settle(Arc::clone(segment));
            self.untold.store(true, Ordering::SeqCst);
        }
    }
}

fn bytes_of(batches: &[Batch]) -> u64 {
    batches.iter().map(Batch::bytes).sum()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
