//! Events that were offered in vain, and are not done with.

use std::sync::atomic::Ordering;

use super::LineMetrics;

/// Counts the events of one delivery that were offered in vain.
pub(super) struct Vain<'a> {
    metrics: &'a LineMetrics,
    events: usize,
}

impl<'a> Vain<'a> {
    pub(super) fn new(metrics: &'a LineMetrics) -> Self {
        Self { metrics, events: 0 }
    }

    pub(super) fn now(&mut self, events: usize) {
        let LineMetrics {
            retrying,
            struggling,
            ..
        } = self.metrics;
        // Rather too few for a moment than too many: whoever waits then waits a little longer.
        retrying.fetch_sub(self.events as u64, Ordering::SeqCst);
        retrying.fetch_add(events as u64, Ordering::SeqCst);
        if self.events == 0 && events > 0 {
            struggling.fetch_add(1, Ordering::SeqCst);
        } else if self.events > 0 && events == 0 {
            struggling.fetch_sub(1, Ordering::SeqCst);
        }
        self.events = events;
    }
}

impl Drop for Vain<'_> {
    fn drop(&mut self) {
        self.now(0);
    }
}
