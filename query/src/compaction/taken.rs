//! The keys of raw objects that the table has taken: sorted lines, compressed, in objects of bounded size,
//! each with its first and last key known, so that whoever looks for a few keys reads a few of them.

use std::{
    collections::HashSet,
    io::{Read, Write},
    sync::Arc,
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{ObjectStore, ObjectStoreExt, path::Path};

use super::{
    error::CompactionError,
    state::{Chunk, FOLDER, State},
};

/// Keys in one object.
const CHUNK: usize = 20_000;

/// Small chunks beyond these are put together with what they overlap.
const MAX_CHUNKS_OVER: usize = 24;

/// Requests under way at a time.
const REQUESTS: usize = 16;

/// A raw object that was taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Taken {
    pub(crate) key: String,
    pub(crate) size: u64,
    /// Whether there was text in it that is no record, of which it is the only copy.
    pub(crate) is_kept: bool,
}

impl Taken {
    fn line(&self) -> String {
        let kept = if self.is_kept { "\tkept" } else { "" };
        format!("{}\t{}{kept}\n", self.key, self.size)
    }

    /// Keys hold no control characters but in S3, where anything goes; such a key is not taken.
    fn parse(line: &str) -> Option<Self> {
        let (key, rest) = line.split_once('\t')?;
        let (size, kept) = rest.split_once('\t').unwrap_or((rest, ""));
        Some(Self {
            key: key.to_owned(),
            size: size.parse().ok()?,
            is_kept: kept == "kept",
        })
    }
}

fn path(name: &str) -> Path {
    Path::from(format!("{FOLDER}/{name}"))
}

/// Writes `taken` in chunks.
///
/// # Errors
///
/// [`CompactionError::Store`].
pub(crate) async fn write(
    store: &Arc<dyn ObjectStore>,
    number: i64,
    mut taken: Vec<Taken>,
) -> Result<Vec<Chunk>, CompactionError> {
    taken.sort_unstable();
    let mut chunks = Vec::new();
    for (at, part) in taken.chunks(CHUNK).enumerate() {
        let name = format!("taken-{number:019}-{at:04}.gz");
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let lines: String = part.iter().map(Taken::line).collect();
        let bytes = encoder
            .write_all(lines.as_bytes())
            .and_then(|()| encoder.finish())
            .map_err(|error| damaged(&name, &error.to_string()))?;
        store
            .put(&path(&name), bytes.into())
            .await
            .map_err(|error| {
                CompactionError::store(&format!("{FOLDER}/{name}"), "written", error)
            })?;
        if let (Some(first), Some(last)) = (part.first(), part.last()) {
            chunks.push(Chunk {
                name,
                first: first.key.clone(),
                last: last.key.clone(),
                keys: part.len() as u64,
            });
        }
    }
    Ok(chunks)
}

fn damaged(name: &str, reason: &str) -> CompactionError {
    CompactionError::State {
        file: format!("{FOLDER}/{name}"),
        reason: format!("is damaged ({reason})"),
    }
}

/// The objects of a chunk.
///
/// # Errors
///
/// [`CompactionError`] when it is missing or damaged.
pub(crate) async fn read(
    store: &Arc<dyn ObjectStore>,
    chunk: &Chunk,
) -> Result<Vec<Taken>, CompactionError> {
    let bytes = match store.get(&path(&chunk.name)).await {
        Ok(found) => found.bytes().await,
        Err(error) => Err(error),
    };
    let bytes = bytes.map_err(|error| match error {
        object_store::Error::NotFound { .. } => CompactionError::State {
            file: format!("{FOLDER}/{}", chunk.name),
            reason: "is missing".to_owned(),
        },
        error => CompactionError::store(&format!("{FOLDER}/{}", chunk.name), "read", error),
    })?;
    let mut text = String::new();
    GzDecoder::new(&*bytes)
        .read_to_string(&mut text)
        .map_err(|error| damaged(&chunk.name, &error.to_string()))?;
    let taken: Option<Vec<_>> = text.lines().map(Taken::parse).collect();
    let taken = taken.filter(|taken| taken.len() as u64 == chunk.keys);
    taken.ok_or_else(|| damaged(&chunk.name, "a line is none"))
}

/// Reads all of some chunks.
pub(crate) async fn read_all(
    store: &Arc<dyn ObjectStore>,
    chunks: Vec<Chunk>,
) -> Result<Vec<Taken>, CompactionError> {
    let parts: Vec<_> = stream::iter(chunks)
        .map(|chunk| async move { read(store, &chunk).await })
        .buffered(REQUESTS)
        .try_collect()
        .await?;
    Ok(parts.into_iter().flatten().collect())
}

/// Those of `keys`, which are sorted, that were taken.
///
/// # Errors
///
/// [`CompactionError`] when what was taken cannot be read.
pub(crate) async fn among(
    store: &Arc<dyn ObjectStore>,
    state: &State,
    keys: &[&str],
) -> Result<HashSet<String>, CompactionError> {
    let wanted = state.taken.iter().filter(|chunk| {
        let from = keys.partition_point(|key| *key < chunk.first.as_str());
        keys.get(from)
            .is_some_and(|key| *key <= chunk.last.as_str())
    });
    let taken = read_all(store, wanted.cloned().collect()).await?;
    let is_wanted = |key: &str| keys.binary_search(&key).is_ok();
    let found = taken.into_iter().map(|taken| taken.key);
    Ok(found.filter(|key| is_wanted(key)).collect())
}

/// Adds to the chunks; all of them are put together when there are many more than their keys need.
///
/// # Errors
///
/// [`CompactionError`].
pub(crate) async fn extend(
    store: &Arc<dyn ObjectStore>,
    number: i64,
    chunks: &mut Vec<Chunk>,
    mut taken: Vec<Taken>,
) -> Result<(), CompactionError> {
    let keys: u64 = chunks.iter().map(|chunk| chunk.keys).sum();
    let needed = usize::try_from(keys).unwrap_or(usize::MAX).div_ceil(CHUNK);
    if chunks.len() > needed + MAX_CHUNKS_OVER {
        taken.extend(read_all(store, std::mem::take(chunks)).await?);
    }
    chunks.extend(write(store, number, taken).await?);
    Ok(())
}
