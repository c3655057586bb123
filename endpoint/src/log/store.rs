//! The file: tables, and what is read from them.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use bytes::Bytes;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, backends::FileBackend};

use super::LogError;
use crate::private::private_file;

/// Definitions of streams, as their service wrote them.
pub(super) const DEFINITIONS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("definitions");
/// The next sequence number of each stream.
pub(super) const SEQUENCES: TableDefinition<'_, u32, u64> = TableDefinition::new("sequences");
/// Stream and first sequence number → records, bytes, arrival of the oldest.
pub(super) const SEGMENTS: TableDefinition<'_, (u32, u64), (u32, u64, i64)> =
    TableDefinition::new("segments");
/// Stream and first sequence number → a bit for each record that is delivered.
pub(super) const DONE: TableDefinition<'_, (u32, u64), &[u8]> = TableDefinition::new("done");
/// Stream, first sequence number and part → bytes of a segment.
pub(super) const PARTS: TableDefinition<'_, (u32, u64, u32), &[u8]> = TableDefinition::new("parts");

/// Bytes in a part. redb gives an entry of this size pages of a power of two: with the entry's header this
/// fills 128 KiB, where a part of 128 KiB would take twice that.
pub(super) const PART_BYTES: usize = 130_900;

/// Memory that the store may keep pages in. Records at hand are not read from it.
const CACHE_BYTES: usize = 32 << 20;

/// A segment that is not delivered, as it is in the file.
#[derive(Debug)]
pub(super) struct KeptSegment {
    pub(super) first: u64,
    pub(super) count: u32,
    pub(super) bytes: u64,
    pub(super) arrival_ms: i64,
    pub(super) done: Vec<u8>,
}

/// What a stream has in the file.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) next_sequence: u64,
    pub(super) segments: Vec<KeptSegment>,
}

/// The open file. After an error of the disk it is opened anew: redb refuses to go on with one that it cannot
/// know the state of.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    /// How often the file was opened by a service, this time included.
    pub(super) starts: u64,
    database: RwLock<Option<Arc<Database>>>,
}

impl Store {
    pub(super) fn open(path: &Path) -> Result<Self, LogError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| LogError::Open {
            path: path.to_owned(),
            source,
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| failed(error.into()))?;
        }
        let mut database = create(path).map_err(|error| failed(error.into()))?;
        let (starts, empty) = prepare(&database).map_err(|error| failed(error.into()))?;
        if empty {
            // Nothing waits: the file can be as small as it may.
            database.compact().map_err(|error| failed(error.into()))?;
        }
        // The file's own syncs do not make its name durable, nor that of a folder that is new.
        for folder in path.ancestors().skip(1).take(2) {
            sync_folder(folder).map_err(|error| failed(error.into()))?;
        }
        Ok(Self {
            path: path.to_owned(),
            starts,
            database: RwLock::new(Some(Arc::new(database))),
        })
    }

    /// The database, opened anew if it was given up.
    pub(super) fn database(&self) -> Result<Arc<Database>, redb::Error> {
        if let Some(database) = &*self.database.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(Arc::clone(database));
        }
        let mut place = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let database = Arc::new(create(&self.path)?);
        *place = Some(Arc::clone(&database));
        Ok(database)
    }

    /// Gives the database up after an error.
    pub(super) fn close(&self) {
        *self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(super) fn definitions(&self) -> Result<Vec<(u32, Vec<u8>)>, LogError> {
        let read = || -> Result<_, redb::Error> {
            let transaction = self.database()?.begin_read()?;
            let table = transaction.open_table(DEFINITIONS)?;
            let mut definitions = Vec::new();
            for entry in table.iter()? {
                let (id, definition) = entry?;
                definitions.push((id.value(), definition.value().to_vec()));
            }
            Ok(definitions)
        };
        read().map_err(|error| self.unreadable(&error))
    }

    pub(super) fn segments(&self, id: u32) -> Result<Kept, LogError> {
        let read = || -> Result<_, redb::Error> {
            let transaction = self.database()?.begin_read()?;
            let (table, done) = (
                transaction.open_table(SEGMENTS)?,
                transaction.open_table(DONE)?,
            );
            let sequences = transaction.open_table(SEQUENCES)?;
            let mut kept = Kept {
                next_sequence: sequences.get(id)?.map_or(0, |next| next.value()),
                segments: Vec::new(),
            };
            for entry in table.range((id, 0)..=(id, u64::MAX))? {
                let (key, value) = entry?;
                let (count, bytes, arrival_ms) = value.value();
                let done = done.get(key.value())?;
                kept.segments.push(KeptSegment {
                    first: key.value().1,
                    count,
                    bytes,
                    arrival_ms,
                    done: done.map(|done| done.value().to_vec()).unwrap_or_default(),
                });
            }
            Ok(kept)
        };
        read().map_err(|error| self.unreadable(&error))
    }

    /// The bytes of a segment.
    pub(super) fn read(&self, id: u32, first: u64) -> Result<Bytes, LogError> {
        let read = || -> Result<_, redb::Error> {
            let transaction = self.database()?.begin_read()?;
            let table = transaction.open_table(PARTS)?;
            let mut bytes = Vec::new();
            for entry in table.range((id, first, 0)..=(id, first, u32::MAX))? {
                bytes.extend_from_slice(entry?.1.value());
            }
            Ok(bytes.into())
        };
        read().map_err(|error| self.unreadable(&error))
    }

    fn unreadable(&self, error: &redb::Error) -> LogError {
        LogError::Read {
            path: self.path.clone(),
            reason: error.to_string(),
        }
    }
}

fn sync_folder(folder: &Path) -> std::io::Result<()> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    std::fs::File::open(folder)?.sync_all()
}

/// Opens the file, or makes it: for its owner's eyes alone, as it holds what clients sent and what connections are
/// authorized with.
fn create(path: &Path) -> Result<Database, redb::DatabaseError> {
    let file = private_file(path)?;
    Database::builder()
        .set_cache_size(CACHE_BYTES)
        .create_with_backend(FileBackend::new(file)?)
}

/// Where [`SEQUENCES`] counts starts: no stream has this id.
const STARTS: u32 = 0;

/// Makes the tables, deletes what belongs to no stream, and says how often this was done and whether nothing
/// is left.
fn prepare(database: &Database) -> Result<(u64, bool), redb::Error> {
    let transaction = database.begin_write()?;
    let starts_and_empty = {
        let definitions = transaction.open_table(DEFINITIONS)?;
        let mut sequences = transaction.open_table(SEQUENCES)?;
        let mut done = transaction.open_table(DONE)?;
        let mut parts = transaction.open_table(PARTS)?;
        let mut segments = transaction.open_table(SEGMENTS)?;
        let mut defined = BTreeSet::new();
        for entry in definitions.iter()? {
            defined.insert(entry?.0.value());
        }
        let mut orphans = false;
        for entry in segments.iter()? {
            orphans |= !defined.contains(&entry?.0.value().0);
        }
        if orphans {
            sequences.retain(|id, _| id == STARTS || defined.contains(&id))?;
            done.retain(|(id, _), _| defined.contains(&id))?;
            parts.retain(|(id, _, _), _| defined.contains(&id))?;
            segments.retain(|(id, _), _| defined.contains(&id))?;
        }
        let starts = sequences.get(STARTS)?.map_or(0, |starts| starts.value()) + 1;
        sequences.insert(STARTS, starts)?;
        (starts, segments.first()?.is_none())
    };
    transaction.commit()?;
    Ok(starts_and_empty)
}
