//! The one thread that writes: what waits while one commit is under way goes into the next together.

use std::{
    collections::BTreeMap,
    sync::{Arc, mpsc},
    time::Duration,
};

use redb::{ReadableTable, WriteTransaction};
use tokio::sync::oneshot;

use super::{
    Batch, LogError, Segment, Shared, StreamLog,
    batch::Stored,
    store::{DEFINITIONS, DONE, PART_BYTES, PARTS, SEGMENTS, SEQUENCES},
};

/// What the writer is asked for.
#[derive(Debug)]
pub(super) enum Job {
    Append {
        stream: Arc<StreamLog>,
        batch: Batch,
        stored: Stored,
        reply: oneshot::Sender<Result<u64, LogError>>,
    },
    Define {
        id: u32,
        definition: Option<Vec<u8>>,
        reply: oneshot::Sender<Result<(), LogError>>,
    },
    /// Records were delivered.
    Settle,
    Close {
        reply: oneshot::Sender<()>,
    },
}

/// Most bytes in one commit: enough that the disk is busy, and few enough that nobody waits for long.
const GROUP_BYTES: u64 = 16 << 20;

/// A sync of less than this takes as long as one of nothing: it is worth to wait for those who are about to put. What
/// is larger goes, and those who come meanwhile go together the next time. Five batches of 500 events, compressed.
const SMALL_GROUP_BYTES: u64 = 300 << 10;

/// How long the writer waits for the next of them; a disk takes longer to sync.
const GAP: Duration = Duration::from_millis(1);

pub(super) struct Writer {
    shared: Arc<Shared>,
    inbox: mpsc::Receiver<Job>,
}

/// Who waits for a batch: the index of its first record in the segment, its bytes and the reply.
type Waiter = (u32, u64, oneshot::Sender<Result<u64, LogError>>);

/// The records of one stream in a commit to be.
struct Part {
    stream: Arc<StreamLog>,
    batches: Vec<Batch>,
    stored: Vec<Stored>,
    waiters: Vec<Waiter>,
    count: u32,
    /// As they are stored.
    bytes: u64,
}

/// A commit to be.
#[derive(Default)]
struct Group {
    parts: BTreeMap<u32, Part>,
    bytes: u64,
    /// Requests in it, of every kind and those that append.
    jobs: usize,
    appends: usize,
    definitions: Vec<(u32, Option<Vec<u8>>)>,
    defined: Vec<oneshot::Sender<Result<(), LogError>>>,
    close: Option<oneshot::Sender<()>>,
}

impl Group {
    fn add(&mut self, job: Job) {
        self.jobs += 1;
        match job {
            Job::Append {
                stream,
                batch,
                stored,
                reply,
            } => {
                let part = self.parts.entry(stream.id).or_insert_with(|| Part {
                    stream,
                    batches: Vec::new(),
                    stored: Vec::new(),
                    waiters: Vec::new(),
                    count: 0,
                    bytes: 0,
                });
                let bytes = stored.bytes();
                part.waiters.push((part.count, bytes, reply));
                part.count += batch.count();
                part.bytes += bytes;
                self.bytes += bytes;
                self.appends += 1;
                part.batches.push(batch);
                part.stored.push(stored);
            }
            Job::Define {
                id,
                definition,
                reply,
            } => {
                self.definitions.push((id, definition));
                self.defined.push(reply);
            }
            Job::Settle => {}
            Job::Close { reply } => self.close = Some(reply),
        }
    }

    fn is_full(&self) -> bool {
        self.bytes >= GROUP_BYTES || self.close.is_some()
    }
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, inbox: mpsc::Receiver<Job>) -> Self {
        Self { shared, inbox }
    }

    pub(super) fn run(self) {
        let mut group = Group::default();
        let mut clients = 0;
        loop {
            if group.jobs == 0 {
                match self.inbox.recv() {
                    Ok(job) => group.add(job),
                    Err(_) => return,
                }
            }
            self.gather(&mut group, clients);
            let close = group.close.take();
            let answered = group.appends;
            self.commit(std::mem::take(&mut group));
            if let Some(reply) = close {
                // Whoever closes may have gone.
                reply.send(()).ok();
                return;
            }
            self.take_waiting(&mut group);
            // Whoever was answered now will put again, most likely.
            clients = answered + group.appends;
        }
    }

    /// Fills a commit with what waits, and a small one with what is about to come from half of as many as `clients`:
    /// when one is answered while the others wait, everybody waits for two syncs; and when all wait for one, nobody's
    /// next batch is read meanwhile.
    fn gather(&self, group: &mut Group, clients: usize) {
        self.take_waiting(group);
        while (1..clients.div_ceil(2)).contains(&group.appends)
            && group.bytes < SMALL_GROUP_BYTES
            && !group.is_full()
            && let Ok(job) = self.inbox.recv_timeout(GAP)
        {
            group.add(job);
        }
    }

    fn take_waiting(&self, group: &mut Group) {
        while !group.is_full()
            && let Ok(job) = self.inbox.try_recv()
        {
            group.add(job);
        }
    }

    fn commit(&self, group: Group) {
        let Group {
            parts,
            definitions,
            defined,
            ..
        } = group;
        let settled = self.shared.take_settled();
        let parts: Vec<(u64, Part)> = parts
            .into_values()
            .map(|part| (part.stream.claim(part.count.into()), part))
            .collect();
        // `None`: all of the segment is delivered.
        let progress: Vec<(Arc<Segment>, Option<Vec<u8>>)> = settled
            .into_iter()
            .map(|segment| {
                let done = segment.settle();
                (segment, done)
            })
            .collect();
        match self.write(&parts, &definitions, &progress) {
            Ok(()) => {
                for (segment, done) in progress {
                    if done.is_none() {
                        self.shared.free(segment.bytes);
                    }
                }
                for (first, part) in parts {
                    accept(first, part);
                }
                for reply in defined {
                    reply.send(Ok(())).ok();
                }
            }
            Err(error) => {
                tracing::error!(%error, "the log was not written");
                // What redb holds after an error is not to be trusted; the file is.
                self.shared.store.close();
                for (segment, _) in progress {
                    self.shared.settle(segment);
                }
                self.refuse(parts, defined, &error);
            }
        }
    }

    /// Tells everybody who waits that nothing was accepted.
    fn refuse(
        &self,
        parts: Vec<(u64, Part)>,
        defined: Vec<oneshot::Sender<Result<(), LogError>>>,
        error: &redb::Error,
    ) {
        let failed = || LogError::Write {
            path: self.shared.options.path.clone(),
            reason: error.to_string(),
        };
        for (_, bytes, reply) in parts.into_iter().flat_map(|(_, part)| part.waiters) {
            self.shared.free(bytes);
            reply.send(Err(failed())).ok();
        }
        for reply in defined {
            reply.send(Err(failed())).ok();
        }
    }

    fn write(
        &self,
        parts: &[(u64, Part)],
        definitions: &[(u32, Option<Vec<u8>>)],
        progress: &[(Arc<Segment>, Option<Vec<u8>>)],
    ) -> Result<(), redb::Error> {
        let database = self.shared.store.database()?;
        let transaction = database.begin_write()?;
        if !parts.is_empty() {
            append(&transaction, parts)?;
        }
        if !progress.is_empty() {
            forget(&transaction, progress)?;
        }
        for (id, definition) in definitions {
            define(&transaction, *id, definition.as_deref())?;
        }
        transaction.commit()?;
        Ok(())
    }
}

/// Hands committed records to their stream, and answers for them.
fn accept(first: u64, part: Part) {
    let arrival = part
        .batches
        .iter()
        .map(|batch| batch.arrival.as_millisecond());
    let segment = Segment::new(
        Arc::downgrade(&part.stream),
        part.stream.id,
        (first, part.count),
        part.bytes,
        arrival.min().unwrap_or_default(),
        Vec::new(),
    );
    part.stream.committed(segment, part.batches);
    for (index, _, reply) in part.waiters {
        // Whoever put it may have gone; the record is accepted all the same.
        reply.send(Ok(first + u64::from(index))).ok();
    }
}

fn append(transaction: &WriteTransaction, parts: &[(u64, Part)]) -> Result<(), redb::Error> {
    let mut segments = transaction.open_table(SEGMENTS)?;
    let mut sequences = transaction.open_table(SEQUENCES)?;
    let mut table = transaction.open_table(PARTS)?;
    for (first, part) in parts {
        let id = part.stream.id;
        let arrival = part
            .batches
            .iter()
            .map(|batch| batch.arrival.as_millisecond());
        let meta = (part.count, part.bytes, arrival.min().unwrap_or_default());
        segments.insert((id, *first), meta)?;
        sequences.insert(id, first + u64::from(part.count))?;
        let stored = part.stored.iter();
        let mut pieces = stored.flat_map(|it| [&it.head[..], &it.data[..]]);
        let (mut number, mut piece): (u32, &[u8]) = (0, &[]);
        let mut left = usize::try_from(part.bytes).unwrap_or(usize::MAX);
        while left > 0 {
            let length = left.min(PART_BYTES);
            let mut place = table.insert_reserve((id, *first, number), length)?;
            let mut room: &mut [u8] = place.as_mut();
            while !room.is_empty() {
                while piece.is_empty()
                    && let Some(next) = pieces.next()
                {
                    piece = next;
                }
                let fits = room.len().min(piece.len());
                debug_assert!(fits > 0, "a batch is as long as it says");
                if fits == 0 {
                    break;
                }
                let (now, later) = room.split_at_mut(fits);
                now.copy_from_slice(&piece[..fits]);
                piece = &piece[fits..];
                room = later;
            }
            drop(place);
            number += 1;
            left -= length;
        }
    }
    Ok(())
}

/// Deletes what is delivered, and notes what is delivered of the rest.
fn forget(
    transaction: &WriteTransaction,
    progress: &[(Arc<Segment>, Option<Vec<u8>>)],
) -> Result<(), redb::Error> {
    let mut segments = transaction.open_table(SEGMENTS)?;
    let mut done = transaction.open_table(DONE)?;
    let mut table = transaction.open_table(PARTS)?;
    for (segment, delivered) in progress {
        let key = (segment.stream_id, segment.first);
        if let Some(bits) = delivered {
            // Not for a stream that was deleted meanwhile.
            if segments.get(key)?.is_some() {
                done.insert(key, &bits[..])?;
            }
            continue;
        }
        segments.remove(key)?;
        done.remove(key)?;
        let parts = segment.bytes.div_ceil(PART_BYTES as u64);
        for number in 0..u32::try_from(parts).unwrap_or(u32::MAX) {
            table.remove((key.0, key.1, number))?;
        }
    }
    Ok(())
}

/// Keeps a definition, or deletes everything of a stream.
fn define(
    transaction: &WriteTransaction,
    id: u32,
    definition: Option<&[u8]>,
) -> Result<(), redb::Error> {
    let mut definitions = transaction.open_table(DEFINITIONS)?;
    if let Some(definition) = definition {
        definitions.insert(id, definition)?;
        return Ok(());
    }
    definitions.remove(id)?;
    let from = (id, 0)..=(id, u64::MAX);
    transaction.open_table(SEQUENCES)?.remove(id)?;
    transaction
        .open_table(SEGMENTS)?
        .retain_in(from.clone(), |_, _| false)?;
    transaction
        .open_table(DONE)?
        .retain_in(from, |_, _| false)?;
    transaction
        .open_table(PARTS)?
        .retain_in((id, 0, 0)..=(id, u64::MAX, u32::MAX), |_, _| false)?;
    Ok(())
}
