//! Compaction: raw objects of closed hours become a Delta table in the lake, each exactly once.
//!
//! A commit of the table adds the files and notes a number; the number names an object that lists what was
//! taken (see [`state`]). All three happen in one instant or not at all, so whoever is killed, or loses a race,
//! leaves nothing behind but files that nobody has heard of. Rows keep the key they came from in `_object`, and
//! a file is sorted by hour, client and time.
//!
//! Start at [`compact`], or [`compact_to_files`] for those who want Parquet files only; [`vacuum`] removes what was taken, later and only when asked.

mod commit;
pub(crate) mod counted;
mod error;
mod file;
mod files;
mod merge;
mod order;
mod plan;
pub(crate) mod reader;
mod rewrite;
mod run;
mod schema;
pub(crate) mod state;
pub(crate) mod taken;
mod task;
mod vacuum;

use std::{num::NonZeroUsize, sync::atomic::AtomicU64, time::Duration};

use crate::problems::Problem;

pub use error::CompactionError;
pub use files::{Files, compact_to_files};
pub use run::compact;
pub use vacuum::{VacuumOptions, Vacuumed, vacuum};

/// Bounds of a compaction.
#[derive(Debug, Clone)]
pub struct CompactOptions {
    /// An object is taken when the hour of its folder ended this long ago; when it was written this long ago, if
    /// its folder does not say.
    pub older_than: Duration,
    /// Bytes of a file; a file is as much smaller as there is less to put into it.
    pub file_bytes: u64,
    /// Bytes that may be held in memory.
    pub memory_limit: usize,
    /// Bytes of raw objects that one commit takes.
    pub commit_bytes: u64,
    /// Raw objects that one commit takes.
    pub commit_objects: u64,
    /// Only say what would be taken.
    pub dry_run: bool,
    /// Workers; as many as there are processors if not given.
    pub threads: Option<NonZeroUsize>,
}

impl Default for CompactOptions {
    fn default() -> Self {
        Self {
            older_than: Duration::from_hours(1),
            file_bytes: 128 << 20,
            memory_limit: 512 << 20,
            commit_bytes: 4 << 30,
            commit_objects: 50_000,
            dry_run: false,
            threads: None,
        }
    }
}

/// Time and chance, which a run takes from outside.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings {
    /// Now, in milliseconds since the epoch.
    pub now: i64,
    /// A random number; no two runs have the same.
    pub run: u128,
}

/// How far a run has come; cheap to look at while it runs.
#[derive(Debug, Default)]
pub struct Progress {
    pub(crate) objects: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) rows: AtomicU64,
    pub(crate) all_objects: AtomicU64,
    pub(crate) all_bytes: AtomicU64,
}

/// How far a run had come at one time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seen {
    /// Raw objects that were read.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Rows that came of them.
    pub rows: u64,
    /// Raw objects that are to be taken.
    pub all_objects: u64,
    /// Their bytes.
    pub all_bytes: u64,
}

impl Progress {
    /// How far it has come.
    pub fn seen(&self) -> Seen {
        use std::sync::atomic::Ordering::Relaxed;
        Seen {
            objects: self.objects.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            rows: self.rows.load(Relaxed),
            all_objects: self.all_objects.load(Relaxed),
            all_bytes: self.all_bytes.load(Relaxed),
        }
    }
}

/// What a run did; in a dry run, what it would take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compacted {
    /// Raw objects that were taken.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Rows that came into the table.
    pub rows: u64,
    /// Files that came into the table.
    pub files: u64,
    /// Their bytes.
    pub file_bytes: u64,
    /// Commits.
    pub commits: u64,
    /// Files that were written anew because a column became wider.
    pub rewritten: u64,
    /// Small files that were put together into larger ones.
    pub merged: u64,
    /// Raw objects that are too young.
    pub young: u64,
    /// Raw objects that had been taken before and are still there.
    pub taken_before: u64,
    /// What was wrong with raw objects. One that could not be read stays where it is and is not taken; one with
    /// text that is no record was taken without it, and is kept.
    pub problems: Vec<Problem>,
}
