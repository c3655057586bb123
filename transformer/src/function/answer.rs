//! One event: answer it, put again what the answer has no room for, tell of it.

use std::time::Duration;

use bytes::Bytes;
use hydrant_transformer::{EventError, Overflow, Responder, Source};

use super::clock::SystemClock;
use super::reingest::{Put, reingest};
use super::runtime::log;
use super::telemetry::{Invocation, Telemetry};

/// The function, from event to event.
pub(crate) struct Function<P> {
    pub(crate) responder: Responder,
    pub(crate) telemetry: Telemetry,
    /// How overflowing records are put again, if they are.
    pub(crate) put: Option<P>,
    pub(crate) clock: SystemClock,
}

impl<P: Put> Function<P> {
    /// Answers `event` in `out`. `deadline` counts from the Unix epoch.
    pub(crate) async fn answer(
        &mut self,
        request_id: &str,
        deadline: Duration,
        event: &Bytes,
        out: &mut Vec<u8>,
    ) -> Result<(), EventError> {
        let started = SystemClock::instant();
        let mut invocation = Invocation {
            request_id,
            stream: "",
            at: SystemClock::now(),
            took: Duration::ZERO,
            answer: 0,
        };
        let unfinished = match self.responder.begin(event, out) {
            Ok(unfinished) => unfinished,
            Err(error) => {
                log(&self.telemetry.failed(&invocation, &error));
                return Err(error);
            }
        };
        let source = unfinished.source();
        let summary = match (&self.put, &source) {
            (Some(put), Some(target)) if unfinished.overflowing() > 0 => {
                let originals: Vec<_> = unfinished.originals().collect();
                let mut pace = self.clock.pace(deadline);
                let done = reingest(put, target, &originals, &mut pace).await;
                if let Some(error) = done.error {
                    log(&format!("re-ingestion: {error}"));
                }
                unfinished.finish(|position| match done.taken.get(position) {
                    Some(true) => Overflow::Reingested,
                    _ => Overflow::NotReingested,
                })
            }
            _ => unfinished.finish(|_| Overflow::Full),
        };
        if let Some(Source::DeliveryStream(arn) | Source::KinesisStream(arn)) = &source {
            invocation.stream = arn;
        }
        invocation.answer = out.len();
        invocation.took = started.elapsed();
        let content = |position| self.responder.refused_content(event, &summary, position);
        log(&self.telemetry.answered(&invocation, &summary, content));
        Ok(())
    }
}
