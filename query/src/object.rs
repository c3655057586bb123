//! One object of the lake and what its key says about the rows in it.

use std::sync::Arc;

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
    /// one folder share them.
    pub(crate) partitions: Arc<[Option<String>]>,
}
