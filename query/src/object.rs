//! One object of the lake and what its key says about the rows in it.

use std::sync::Arc;

use crate::{constants::Constant, shape::Shape};

/// An object to read.
#[derive(Debug, Clone)]
pub(crate) struct DataObject {
    /// The key, from the lake's root.
    pub(crate) key: String,
    /// Size in bytes, as listed; zero where listing does not tell.
    pub(crate) size: u64,
    /// When it was written, in milliseconds since the epoch; zero where listing does not tell.
    pub(crate) written: i64,
    /// The values of the table's first partition columns, in their order; the others have none. Objects of
    /// one folder share them. Of a compacted file, those that [`CompactedFile::knows`].
    pub(crate) partitions: Arc<[Option<String>]>,
    /// Present when it is a file of the compacted table; then its own key says nothing of its rows.
    pub(crate) compacted: Option<Arc<CompactedFile>>,
}

/// A partition column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partition {
    /// Its name.
    pub(crate) name: String,
    /// Whether each value that was seen, of folders that were left out too, is digits that 64 bits hold.
    pub(crate) is_number: bool,
    /// Whether any value was seen.
    pub(crate) is_seen: bool,
}

/// A file of the compacted table: rows of many objects.
#[derive(Debug)]
pub(crate) struct CompactedFile {
    /// Its rows, if that is known.
    pub(crate) rows: Option<u64>,
    /// The first and the last event time in it, in microseconds since the epoch, when every row has one.
    pub(crate) times: Option<(i64, i64)>,
    /// The event type of its rows, if they have one.
    pub(crate) event_type: Option<String>,
    /// The day of its rows, as the table spells it.
    pub(crate) date: Option<String>,
    /// The shape of the records that it was made of.
    pub(crate) shape: Arc<Shape>,
    /// What the keys in its column `_object` say.
    pub(crate) places: Arc<dyn Places>,
    /// Of which partition columns all its rows are known to have the same value.
    pub(crate) alike: Vec<bool>,
}

impl CompactedFile {
    /// Whether all its rows are known to have one value of this column, which is among the object's own then.
    pub(crate) fn knows(&self, constant: &Constant) -> bool {
        let place = constant.place();
        place.is_some_and(|n| self.alike.get(n).copied().unwrap_or(false))
    }
}

/// What keys say.
pub(crate) trait Places: std::fmt::Debug + Send + Sync {
    /// The values of the partition columns, as [`DataObject::partitions`] has them.
    fn of(&self, key: &str) -> Arc<[Option<String>]>;

    /// The values that all keys in a folder have; `None` where names of objects say something too.
    fn of_folder(&self, folder: &str) -> Option<Arc<[Option<String>]>>;
}
