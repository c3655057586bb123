//! Archives: events that are kept, by the time that they carry.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use hydrant_endpoint::private_file;
use jiff::Timestamp;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, backends::FileBackend};
use serde::Deserialize;

use crate::target::{Adapter, Bulk, Failure, Outgoing};

/// Archive, time in seconds and id of an event → the event.
const EVENTS: TableDefinition<'_, (u32, i64, u128), &[u8]> = TableDefinition::new("events");
/// Archive → events and bytes in it.
const TOTALS: TableDefinition<'_, u32, (u64, u64)> = TableDefinition::new("totals");

/// Memory that the store may keep pages in.
const CACHE_BYTES: usize = 16 << 20;

/// Where an event lies in its archive.
pub(crate) type Place = (i64, u128);

/// The archives of a service, in a file of their own.
#[derive(Debug)]
pub(crate) struct Archives {
    database: Database,
}

#[derive(Deserialize)]
struct Head<'a> {
    id: &'a str,
    time: &'a str,
}

impl Archives {
    pub(crate) fn open(path: &Path) -> Result<Self, redb::Error> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = private_file(path)?;
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .create_with_backend(FileBackend::new(file)?)?;
        let transaction = database.begin_write()?;
        transaction.open_table(EVENTS)?;
        transaction.open_table(TOTALS)?;
        transaction.commit()?;
        Ok(Self { database })
    }

    /// Keeps events; one that is there already is not there twice.
    fn add(&self, archive: u32, events: &[Bytes]) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        {
            let mut table = transaction.open_table(EVENTS)?;
            let mut totals = transaction.open_table(TOTALS)?;
            let (mut count, mut bytes) = totals.get(archive)?.map_or((0, 0), |it| it.value());
            for event in events {
                let Some((time, id)) = place(event) else {
                    continue;
                };
                if table.insert((archive, time, id), &event[..])?.is_none() {
                    count += 1;
                    bytes += event.len() as u64;
                }
            }
            totals.insert(archive, (count, bytes))?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Events and bytes in an archive.
    pub(crate) fn totals(&self, archive: u32) -> Result<(u64, u64), redb::Error> {
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(TOTALS)?;
        Ok(table.get(archive)?.map_or((0, 0), |it| it.value()))
    }

    /// At most `most` events behind `after`, from `from` to `to`, in the order of their times.
    pub(crate) fn read(
        &self,
        archive: u32,
        (from, to): (i64, i64),
        after: Option<Place>,
        most: usize,
    ) -> Result<Vec<(Place, Bytes)>, redb::Error> {
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(EVENTS)?;
        let start = after.map_or((from, 0), |(time, id)| (time, id.saturating_add(1)));
        let mut found = Vec::new();
        for entry in table
            .range((archive, start.0, start.1)..=(archive, to, u128::MAX))?
            .take(most)
        {
            let (key, event) = entry?;
            let (_, time, id) = key.value();
            found.push(((time, id), Bytes::copy_from_slice(event.value())));
        }
        Ok(found)
    }

    /// Forgets what is older than `before`; everything, where that is nothing.
    pub(crate) fn forget(&self, archive: u32, before: Option<i64>) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        {
            let mut table = transaction.open_table(EVENTS)?;
            let mut totals = transaction.open_table(TOTALS)?;
            let end = before.map_or((archive, i64::MAX, u128::MAX), |before| {
                (archive, before, 0)
            });
            let (mut events, mut bytes) = (0_u64, 0_u64);
            table.retain_in((archive, i64::MIN, 0)..end, |_, event| {
                events += 1;
                bytes += event.len() as u64;
                false
            })?;
            let (count, size) = totals.get(archive)?.map_or((0, 0), |it| it.value());
            if before.is_some() {
                let left = (count.saturating_sub(events), size.saturating_sub(bytes));
                totals.insert(archive, left)?;
            } else {
                totals.remove(archive)?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

fn place(event: &[u8]) -> Option<Place> {
    let head: Head<'_> = serde_json::from_slice(event).ok()?;
    let time: Timestamp = head.time.parse().ok()?;
    let id = uuid::Uuid::parse_str(head.id).ok()?;
    Some((time.as_second(), id.as_u128()))
}

/// The way into an archive.
#[derive(Debug)]
pub(crate) struct ArchiveTarget {
    pub(crate) id: u32,
    pub(crate) archives: Arc<Archives>,
}

#[async_trait]
impl Adapter for ArchiveTarget {
    fn bulk(&self) -> Bulk {
        Bulk {
            count: 1000,
            bytes: 16 << 20,
        }
    }

    async fn send(&self, events: &[Outgoing]) -> Vec<Result<(), Failure>> {
        let (archives, id) = (Arc::clone(&self.archives), self.id);
        let kept: Vec<Bytes> = events.iter().map(|event| event.event.clone()).collect();
        let added = tokio::task::spawn_blocking(move || {
            archives.add(id, &kept).map_err(|error| error.to_string())
        });
        let added = added.await.unwrap_or_else(|error| Err(error.to_string()));
        let outcome = added.map_err(|error| Failure::passing("SDK_CLIENT_ERROR", error));
        vec![outcome; events.len()]
    }
}
