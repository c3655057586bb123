//! One object of the lake and what its key says about the rows in it.

use object_store::path::Path;

/// An object to read.
#[derive(Debug, Clone)]
pub(crate) struct DataObject {
    /// The key, from the lake's root.
    pub(crate) key: Path,
    /// Size in bytes, as listed.
    pub(crate) size: u64,
    /// The values of the table's partition columns, in their order.
    pub(crate) partitions: Vec<Option<String>>,
}
