//! What happens in a stream, told to whoever wants to show it.

use std::{fmt::Debug, path::Path, time::Duration};

/// What an object holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// Records that were delivered.
    Delivered,
    /// Error records.
    Errors,
    /// Records as they came, for the source backup.
    Backup,
}

impl ObjectKind {
    /// In a word, for logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Errors => "errors",
            Self::Backup => "backup",
        }
    }
}

/// Something that a person who watches a stream may want to know.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The lake took an object.
    Written {
        /// The stream.
        stream: &'a str,
        /// The object's key in the lake.
        key: &'a str,
        /// Records in it.
        records: u64,
        /// Bytes of them, before compression.
        bytes: u64,
        /// Bytes of the object.
        object_bytes: u64,
        /// What it holds.
        kind: ObjectKind,
    },
    /// The lake did not take an object. It is offered again.
    NotWritten {
        /// The stream.
        stream: &'a str,
        /// The object's key in the lake.
        key: &'a str,
        /// Records in it.
        records: u64,
        /// Times that it was offered.
        attempts: u32,
        /// Why.
        error: &'a object_store::Error,
        /// How long until it is offered again.
        pause: Duration,
    },
    /// The lake did not take an object for so long that it is not offered any more.
    SetAside {
        /// The stream.
        stream: &'a str,
        /// The object's key in the lake, and the file's name below `directory`.
        key: &'a str,
        /// Records in it.
        records: u64,
        /// Where it lies.
        directory: &'a Path,
        /// Why the lake did not take it the last time.
        error: &'a object_store::Error,
    },
}

/// Takes events as they happen. It is called between one record and the next, and must not wait.
pub trait Observer: Debug + Send + Sync {
    /// Takes one.
    fn observe(&self, event: &Event<'_>);
}

/// Lets events go by.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn observe(&self, _: &Event<'_>) {}
}
