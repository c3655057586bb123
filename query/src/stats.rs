//! What queries cost: objects, bytes, requests, rows, time.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// What the queries of an engine have cost so far. Two of them, one taken before a query and one after, are
/// subtracted with [`Stats::since`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Objects of the table that were listed.
    pub objects_listed: u64,
    /// Their bytes, as far as listing tells: a directory gives no sizes, a bucket does.
    pub bytes_listed: u64,
    /// Listed objects that no query opened because their keys ruled them out.
    pub objects_skipped: u64,
    /// Folders that were not listed because their names ruled them out.
    pub folders_skipped: u64,
    /// Listed objects that were not opened because the compacted table has their rows.
    pub objects_taken: u64,
    /// Files of the compacted table, at the version that was read.
    pub files: u64,
    /// Their bytes.
    pub file_bytes: u64,
    /// Their rows, as far as that is known.
    pub file_rows: u64,
    /// Those of the files that were left out because of the folders that their rows came from, or of their event
    /// times. (They are among `objects_skipped` too.)
    pub files_skipped: u64,
    /// Row groups of Parquet objects, compacted or raw, that were read.
    pub groups: u64,
    /// Row groups that were left out because their statistics, or their bloom filters, rule them out.
    pub groups_skipped: u64,
    /// Objects that scans are to read, for a progress bar.
    pub objects_to_open: u64,
    /// Their bytes, as far as listing tells.
    pub bytes_to_open: u64,
    /// Objects that were read for their rows.
    pub objects_opened: u64,
    /// Their bytes, as they lie in the lake.
    pub bytes_opened: u64,
    /// Objects that were read and not parsed, because no record in them can satisfy the query.
    pub objects_passed_over: u64,
    /// Objects that were read, in whole or in part, to learn the schema.
    pub objects_sampled: u64,
    /// Bytes of those.
    pub bytes_sampled: u64,
    /// Objects whose shapes were known from before.
    pub objects_remembered: u64,
    /// Bytes of text that came out of what was opened.
    pub bytes_inflated: u64,
    /// Rows that scans gave.
    pub rows: u64,
    /// Requests that list, to a store that counts them (`LIST` of S3); pages of one listing count as one
    /// for each 1,000 keys.
    pub list_requests: u64,
    /// Requests that read an object (`GET` of S3).
    pub get_requests: u64,
    /// How often a query began anew because a value did not fit the schema that the sample gave.
    pub restarts: u64,
    /// Time spent listing.
    pub listing: Duration,
    /// Time spent learning the schema.
    pub learning: Duration,
    /// Time spent planning, without the two above.
    pub planning: Duration,
    /// Time from planned to the last row.
    pub running: Duration,
}

impl Stats {
    /// What was added since `earlier` was taken from the same engine.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            objects_listed: self.objects_listed - earlier.objects_listed,
            bytes_listed: self.bytes_listed - earlier.bytes_listed,
            objects_skipped: self.objects_skipped - earlier.objects_skipped,
            folders_skipped: self.folders_skipped - earlier.folders_skipped,
            objects_taken: self.objects_taken - earlier.objects_taken,
            files: self.files - earlier.files,
            file_bytes: self.file_bytes - earlier.file_bytes,
            file_rows: self.file_rows - earlier.file_rows,
            files_skipped: self.files_skipped - earlier.files_skipped,
            groups: self.groups - earlier.groups,
            groups_skipped: self.groups_skipped - earlier.groups_skipped,
            objects_to_open: self.objects_to_open - earlier.objects_to_open,
            bytes_to_open: self.bytes_to_open - earlier.bytes_to_open,
            objects_opened: self.objects_opened - earlier.objects_opened,
            bytes_opened: self.bytes_opened - earlier.bytes_opened,
            objects_passed_over: self.objects_passed_over - earlier.objects_passed_over,
            objects_sampled: self.objects_sampled - earlier.objects_sampled,
            bytes_sampled: self.bytes_sampled - earlier.bytes_sampled,
            objects_remembered: self.objects_remembered - earlier.objects_remembered,
            bytes_inflated: self.bytes_inflated - earlier.bytes_inflated,
            rows: self.rows - earlier.rows,
            list_requests: self.list_requests - earlier.list_requests,
            get_requests: self.get_requests - earlier.get_requests,
            restarts: self.restarts - earlier.restarts,
            listing: self.listing.saturating_sub(earlier.listing),
            learning: self.learning.saturating_sub(earlier.learning),
            planning: self.planning.saturating_sub(earlier.planning),
            running: self.running.saturating_sub(earlier.running),
        }
    }
}

macro_rules! counters {
    ($($name:ident),* ; $($time:ident),*) => {
        /// [`Stats`] while they are counted, by many threads.
        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: AtomicU64,)*
            $(pub(crate) $time: AtomicU64,)*
        }

        impl Counters {
            /// The numbers as they stand.
            pub(crate) fn stats(&self) -> Stats {
                Stats {
                    $($name: self.$name.load(Relaxed),)*
                    $($time: Duration::from_nanos(self.$time.load(Relaxed)),)*
                }
            }
        }
    };
}

counters!(
    objects_listed, bytes_listed, objects_skipped, folders_skipped, objects_taken, files, file_bytes, file_rows,
    files_skipped, groups, groups_skipped, objects_to_open, bytes_to_open, objects_opened, bytes_opened,
    objects_passed_over, objects_sampled, bytes_sampled, objects_remembered, bytes_inflated, rows,
    list_requests, get_requests, restarts;
    listing, learning, planning, running
);

/// Adds to a counter.
#[inline]
pub(crate) fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Relaxed);
}

/// Adds the time since `start`.
pub(crate) fn add_time(counter: &AtomicU64, start: Instant) {
    add_duration(counter, start.elapsed());
}

/// Adds a time.
pub(crate) fn add_duration(counter: &AtomicU64, time: Duration) {
    add(counter, u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
}
