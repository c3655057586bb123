//! One transform event: answer it, put again what the answer has no room for, tell of it.

use std::time::Duration;

use bytes::Bytes;

use crate::batch::{Overflow, Responder};
use crate::clock::SystemClock;
use crate::event::Source;
use crate::put::Aws;
use crate::reingest::{Put, reingest};
use crate::runtime::{FunctionError, Handler, Invocation, log};
use crate::settings::FirehoseSettings;
use crate::telemetry::{Telemetry, Told};
use crate::work::Work;

/// The function of a delivery stream's Lambda processor.
#[derive(Debug)]
pub struct FirehoseFunction<W, P = Aws> {
    responder: Responder<W>,
    telemetry: Telemetry,
    /// How overflowing records are put again, if they are.
    put: Option<P>,
    clock: SystemClock,
}

impl<W: Work> FirehoseFunction<W> {
    /// A function that does `work`, as the settings say.
    pub fn new(work: W, settings: FirehoseSettings) -> Self {
        Self {
            responder: Responder::new(work),
            telemetry: Telemetry::new(settings.log, SystemClock::now()),
            put: settings.reingest.then(Aws::default),
            clock: SystemClock::new(),
        }
    }
}

impl<W, P> Handler for FirehoseFunction<W, P>
where
    W: Work<Refusal: Send, Counts: Send> + Send + Sync + 'static,
    P: Put + 'static,
{
    async fn answer(
        &mut self,
        invocation: &Invocation<'_>,
        event: &Bytes,
        out: &mut Vec<u8>,
    ) -> Result<(), FunctionError> {
        let started = SystemClock::instant();
        let mut told = Told {
            request_id: invocation.request_id,
            stream: "",
            at: SystemClock::now(),
            took: Duration::ZERO,
            answer: 0,
        };
        let unfinished = match self.responder.begin(event, out) {
            Ok(unfinished) => unfinished,
            Err(error) => {
                log(&self.telemetry.failed(&told, &error));
                return Err(FunctionError::new("Hydrant.NotATransformEvent", error));
            }
        };
        let source = unfinished.source();
        let summary = match (&self.put, &source) {
            (Some(put), Some(target)) if unfinished.overflowing() > 0 => {
                let originals: Vec<_> = unfinished.originals().collect();
                let mut pace = self.clock.pace(invocation.deadline);
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
            told.stream = arn;
        }
        told.answer = out.len();
        told.took = started.elapsed();
        let content = |position| self.responder.refused_content(event, &summary, position);
        log(&self.telemetry.answered(&told, &summary, content));
        Ok(())
    }
}
