//! Where the bytes of a Parquet object come from, range by range.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use object_store::{OBJECT_STORE_COALESCE_DEFAULT, ObjectStoreExt, coalesce_ranges, path::Path};

use crate::{fetch::file_error, object::DataObject, reader::Source, stats::add};

/// An object whose bytes are read range by range.
#[derive(Debug)]
pub(crate) struct Ranges {
    length: u64,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// A file of the lake's directory.
    File(Mutex<File>),
    /// An object that was read whole before anybody knew what it is.
    Bytes(Bytes),
    /// An object of the store.
    Store(Path),
}

impl Ranges {
    /// The ranges of an object that was read whole.
    pub(crate) fn of_bytes(bytes: Bytes) -> Self {
        Self {
            length: bytes.len() as u64,
            place: Place::Bytes(bytes),
        }
    }

    /// The ranges of an object that is where the lake is; nothing of it is read yet.
    ///
    /// # Errors
    ///
    /// An error of the store when the key cannot be one, or the file not be opened.
    pub(crate) fn of_object(
        source: &Source,
        object: &DataObject,
    ) -> Result<Self, object_store::Error> {
        let Some(directory) = &source.directory else {
            return Ok(Self {
                length: object.size,
                place: Place::Store(Path::parse(&object.key)?),
            });
        };
        let error = |error| file_error(&object.key, error);
        let file = File::open(directory.join(&object.key)).map_err(error)?;
        Ok(Self {
            length: file.metadata().map_err(error)?.len(),
            place: Place::File(Mutex::new(file)),
        })
    }

    /// Bytes of the whole object.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The bytes of each range.
    ///
    /// # Errors
    ///
    /// An error of the store.
    pub(crate) async fn get(
        &self,
        source: &Arc<Source>,
        key: &str,
        ranges: &[Range<u64>],
    ) -> Result<Vec<Bytes>, object_store::Error> {
        let asked: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        match &self.place {
            Place::File(file) => {
                add(&source.counters.bytes_opened, asked);
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                let read = |range: &Range<u64>| read_range(&mut file, range);
                let read: io::Result<_> = ranges.iter().map(read).collect();
                read.map_err(|error| file_error(key, error))
            }
            // Counted when it was read.
            Place::Bytes(bytes) => Ok(ranges.iter().map(|range| slice(bytes, range)).collect()),
            Place::Store(path) => {
                let fetch = |range: Range<u64>| async move {
                    add(&source.counters.get_requests, 1);
                    add(&source.counters.bytes_opened, range.end - range.start);
                    source.store.get_range(path, range).await
                };
                coalesce_ranges(ranges, fetch, OBJECT_STORE_COALESCE_DEFAULT).await
            }
        }
    }
}

fn read_range(file: &mut File, range: &Range<u64>) -> io::Result<Bytes> {
    let length = range.end.saturating_sub(range.start);
    file.seek(SeekFrom::Start(range.start))?;
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

/// What is there of a range.
fn slice(bytes: &Bytes, range: &Range<u64>) -> Bytes {
    let offset = |at: u64| usize::try_from(at).map_or(bytes.len(), |at| at.min(bytes.len()));
    bytes.slice(offset(range.start)..offset(range.end).max(offset(range.start)))
}
