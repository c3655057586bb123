//! How much may be under way, and how fast time passes.

use std::time::Duration;

/// What bounds a pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    /// Memory of buffers; above it those that were idle longest are written early.
    pub(crate) buffer_memory: usize,
    /// Batches under way at once.
    pub(crate) parallelism: usize,
    /// Partitions that may be active at once; records of others go to the error output.
    pub(crate) active_partitions: Option<usize>,
    pub(crate) pace: Pace,
}

/// How fast time passes for buffers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Seconds of an interval that pass in one second.
    pub scale: f64,
    /// The longest that anything is buffered, whatever the stream says.
    pub longest: Option<Duration>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            scale: 1.0,
            longest: None,
        }
    }
}

impl Pace {
    /// How long `interval` is at this pace.
    pub(crate) fn of(self, interval: Duration) -> Duration {
        let scaled = Duration::try_from_secs_f64(interval.as_secs_f64() / self.scale);
        let scaled = scaled.unwrap_or(interval);
        self.longest.map_or(scaled, |longest| scaled.min(longest))
    }
}
