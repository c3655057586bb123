//! Objects that are Apache Parquet: what Firehose's record format conversion writes, and compaction.
//!
//! Of such an object only what a query names is read: the footer, then the column chunks, and of those only the
//! row groups and pages that may hold what the query's conditions ask for.

mod conform;
mod leaves;
mod pruning;
mod ranges;
mod rows;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::{
    DecodeResult,
    arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions},
    errors::ParquetError,
    file::metadata::{PageIndexPolicy, ParquetMetaDataPushDecoder},
};

use crate::{encoding::PARQUET, object::DataObject, reader::Source, shape::Shape};

pub(crate) use conform::conform;
pub(crate) use ranges::Ranges;
pub(crate) use rows::{Fitting, Opened, Rows, open};

/// How the names of Parquet objects end, as a rule: of one that is named so only the ends are read first.
pub(crate) const EXTENSION: &str = ".parquet";

/// Bytes that are read from the end of an object: most footers are smaller.
const FOOTER: u64 = 32 << 10;

/// Rows of a row group of a compacted file, about.
const GROUP_ROWS: u64 = 128 << 10;

/// Footers that are remembered for the statement.
const REMEMBERED: usize = 1_000;

/// Why an object gave no rows.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Its columns do not fit the schema that the sample gave.
    Misfit,
    /// It may hold records of other times than its folder's.
    Stray,
    /// It is no Parquet, whatever its name says.
    Foreign,
    /// It cannot be read; the reason.
    Damaged(String),
    /// The store does not give it.
    Store(object_store::Error),
}

impl From<ArrowError> for Fault {
    fn from(error: ArrowError) -> Self {
        Self::Damaged(format!("the Parquet data cannot be read ({error})"))
    }
}

impl From<ParquetError> for Fault {
    fn from(error: ParquetError) -> Self {
        Self::Damaged(format!("the Parquet data is damaged ({error})"))
    }
}

impl From<object_store::Error> for Fault {
    fn from(error: object_store::Error) -> Self {
        Self::Store(error)
    }
}

/// Whether an object is one.
pub(crate) fn is_one(object: &[u8]) -> bool {
    object.starts_with(PARQUET)
}

/// Whether an object is named like one.
pub(crate) fn is_named_so(object: &DataObject) -> bool {
    object.key.ends_with(EXTENSION)
}

/// The footers that a statement has read, by key and length.
#[derive(Debug, Default)]
pub(crate) struct Footers(Mutex<HashMap<String, (u64, ArrowReaderMetadata)>>);

impl Footers {
    /// Forgets all of them.
    pub(crate) fn clear(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn get(&self, key: &str, length: u64) -> Option<ArrowReaderMetadata> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (known_length, footer) = known.get(key)?;
        (*known_length == length).then(|| footer.clone())
    }

    fn put(&self, key: &str, length: u64, footer: &ArrowReaderMetadata) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < REMEMBERED {
            known.insert(key.to_owned(), (length, footer.clone()));
        }
    }
}

/// Row groups of an object, as far as that is known without reading it: one of any other.
pub(crate) fn row_groups(source: &Source, object: &DataObject) -> usize {
    if let Some(rows) = object.compacted.as_ref().and_then(|file| file.rows) {
        return usize::try_from(rows.div_ceil(GROUP_ROWS)).unwrap_or(1);
    }
    let footers = &source.footers.0;
    let known = footers.lock().unwrap_or_else(PoisonError::into_inner);
    let footer = known.get(&object.key);
    footer.map_or(1, |(_, footer)| footer.metadata().num_row_groups())
}

/// What the end of an object says of the rest.
///
/// # Errors
///
/// [`Fault`]; never one of the schema.
pub(crate) async fn footer(
    source: &Arc<Source>,
    object: &DataObject,
    ranges: &Ranges,
) -> Result<ArrowReaderMetadata, Fault> {
    let (key, length) = (object.key.as_str(), ranges.length());
    if let Some(known) = source.footers.get(key, length) {
        return Ok(known);
    }
    let ends = PARQUET.len() as u64;
    if length < 2 * ends {
        return Err(Fault::Foreign);
    }
    let tail = length.saturating_sub(FOOTER)..length;
    let bytes = ranges.get(source, key, std::slice::from_ref(&tail)).await?;
    if !bytes.first().is_some_and(|bytes| bytes.ends_with(PARQUET)) {
        return Err(Fault::Foreign);
    }
    // Behind the footer stand its length, in four bytes, and the four of the name.
    let said = bytes.first().and_then(|bytes| {
        let (before, _) = bytes.split_last_chunk::<4>()?;
        before.last_chunk::<4>().copied()
    });
    if said.is_none_or(|said| u64::from(u32::from_le_bytes(said)) > length - 2 * ends) {
        let reason = "the Parquet footer is longer than the object".to_owned();
        return Err(Fault::Damaged(reason));
    }
    let mut decoder =
        ParquetMetaDataPushDecoder::try_new(length)?.with_page_index_policy(PageIndexPolicy::Skip);
    decoder.push_ranges(vec![tail], bytes)?;
    let metadata = loop {
        match decoder.try_decode()? {
            DecodeResult::Data(metadata) => break metadata,
            DecodeResult::NeedsData(needed) => {
                let bytes = ranges.get(source, key, &needed).await?;
                decoder.push_ranges(needed, bytes)?;
            }
            DecodeResult::Finished => {
                return Err(Fault::Damaged("the Parquet footer has no end".to_owned()));
            }
        }
    };
    // The Arrow schema that a writer may have left says what its program had in memory, not what we read.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let footer = ArrowReaderMetadata::try_new(Arc::new(metadata), options)?;
    source.footers.put(key, length, &footer);
    Ok(footer)
}

/// The shape of an object's records, as its footer tells it.
///
/// # Errors
///
/// As [`footer`].
pub(crate) async fn shape(
    source: &Arc<Source>,
    object: &DataObject,
    ranges: &Ranges,
) -> Result<Shape, Fault> {
    let footer = footer(source, object, ranges).await?;
    let rows = footer.metadata().file_metadata().num_rows();
    let rows = u64::try_from(rows).unwrap_or_default();
    Ok(Shape::of_fields(footer.schema().fields(), rows))
}

/// An object that was read whole before anybody knew that it is one.
pub(crate) fn whole(raw: crate::encoding::Raw) -> Ranges {
    Ranges::of_bytes(match raw {
        crate::encoding::Raw::Read(bytes) => Bytes::from(bytes),
        crate::encoding::Raw::Fetched(bytes) => bytes,
    })
}
