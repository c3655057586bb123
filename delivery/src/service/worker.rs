//! The task of one stream: takes records from the log, drives the pipeline, keeps time.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use crate::{
    Clock,
    buffer::Run,
    engine::DeliveryError,
    log::{Batch, LogError, Receipt, Segment, StreamLog},
    metrics::StreamMetrics,
    pipeline::Pipeline,
    processing::Processing,
};

/// What a worker is asked for.
#[derive(Debug)]
pub(super) enum Command {
    /// Write what was put before, and say when it is in the lake.
    Flush(oneshot::Sender<()>),
    /// Go on with another definition.
    Update {
        processing: Processing,
        reply: oneshot::Sender<()>,
    },
}

/// A flush under way: what was put below this sequence number goes out.
#[derive(Debug)]
struct Flush {
    below: u64,
    replies: Vec<oneshot::Sender<()>>,
}

/// How long to wait after the log could not be read.
const READ_PAUSE: Duration = Duration::from_secs(1);

/// One stream's task.
#[derive(Debug)]
pub(super) struct Worker {
    pipeline: Pipeline,
    log: Arc<StreamLog>,
    metrics: Arc<StreamMetrics>,
    inbox: mpsc::UnboundedReceiver<Command>,
    clock: Arc<dyn Clock>,
    /// The sequence number after the last record that was taken.
    taken: u64,
    flush: Option<Flush>,
}

enum Woken {
    Command(Option<Command>),
    Records(Result<(Arc<Segment>, Vec<Batch>), LogError>),
    Progress(Result<(), DeliveryError>),
    Time,
}

impl Worker {
    pub(super) fn new(
        pipeline: Pipeline,
        log: Arc<StreamLog>,
        metrics: Arc<StreamMetrics>,
        inbox: mpsc::UnboundedReceiver<Command>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            pipeline,
            log,
            metrics,
            inbox,
            clock,
            taken: 0,
            flush: None,
        }
    }

    /// Runs until nobody can ask for anything any more.
    pub(super) async fn run(mut self) {
        loop {
            let wait = self.wait();
            let takes = self.takes();
            let clock = Arc::clone(&self.clock);
            let woken = tokio::select! {
                command = self.inbox.recv() => Woken::Command(command),
                done = self.pipeline.progress() => Woken::Progress(done),
                next = self.log.next(), if takes => Woken::Records(next),
                () = sleep(&*clock, wait) => Woken::Time,
            };
            match woken {
                Woken::Command(None) => return,
                Woken::Command(Some(command)) => self.obey(command),
                Woken::Records(Ok((segment, batches))) => self.take(&segment, batches),
                Woken::Records(Err(error)) => {
                    tracing::error!(%error, "records wait in the log that cannot be read");
                    self.clock.sleep(READ_PAUSE).await;
                }
                Woken::Progress(done) => self.note(done),
                Woken::Time => {
                    let now = self.pipeline.now();
                    let done = self.pipeline.write_due(now);
                    self.note(done);
                }
            }
            self.go_on();
        }
    }

    /// Whether records may be taken.
    fn takes(&self) -> bool {
        let flushed = |flush: &Flush| self.taken >= flush.below;
        !self.pipeline.is_crowded() && !self.flush.as_ref().is_some_and(flushed)
    }

    /// How long until something is due; for ever when nothing waits.
    fn wait(&self) -> Option<Duration> {
        let due: Timestamp = self.pipeline.next_due()?;
        let left = due.duration_since(self.pipeline.now());
        Some(Duration::try_from(left).unwrap_or(Duration::ZERO))
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Flush(reply) => {
                let below = self.log.next_sequence();
                let flush = self.flush.get_or_insert(Flush {
                    below,
                    replies: Vec::new(),
                });
                flush.below = below;
                flush.replies.push(reply);
            }
            Command::Update { processing, reply } => {
                let done = self.pipeline.update(processing);
                self.note(done);
                // Whoever asked may have gone.
                reply.send(()).ok();
            }
        }
    }

    fn take(&mut self, segment: &Arc<Segment>, batches: Vec<Batch>) {
        let is_untouched = segment.is_untouched();
        let mut index = 0;
        for batch in batches {
            let run = Run {
                data: &batch.data,
                lengths: &batch.lengths,
                segment,
                index,
            };
            if is_untouched {
                match self.pipeline.put_run(batch.arrival, run) {
                    Ok(false) => {}
                    done => {
                        self.note(done.map(drop));
                        index += batch.count();
                        continue;
                    }
                }
            }
            for data in batch.records() {
                // What was delivered before a restart is not delivered again.
                if !segment.is_done(index) {
                    let sequence = segment.first + u64::from(index);
                    let receipt = Receipt::new(Arc::clone(segment), index);
                    let arrival = batch.arrival;
                    let done = self.pipeline.put_logged(sequence, arrival, data, receipt);
                    self.note(done);
                }
                index += 1;
            }
        }
        self.taken = segment.first + u64::from(segment.count);
    }

    fn note(&mut self, done: Result<(), DeliveryError>) {
        if let Err(error) = done {
            tracing::error!(error = %chain(&error), "records stay in the log until the service starts again");
        }
        for failed in self.pipeline.take_failed() {
            tracing::error!(error = %chain(&failed), "an object stays in the log until the service starts again");
            self.metrics.failed_writes.add(1);
        }
    }

    /// Does what is possible now.
    fn go_on(&mut self) {
        if let Some(flush) = &self.flush
            && (self.taken >= flush.below || self.log.is_drained())
        {
            if self.pipeline.is_processed() {
                let done = self.pipeline.write_all();
                self.note(done);
            } else {
                self.pipeline.dispatch();
            }
        }
        self.pipeline.pump();
        self.log.tell();
        self.metrics.set_delivery(self.pipeline.numbers());
        if let Some(flush) = self.flush.take_if(|flush| {
            (self.taken >= flush.below || self.log.is_drained()) && self.pipeline.is_empty()
        }) {
            for reply in flush.replies {
                reply.send(()).ok();
            }
        }
    }
}

async fn sleep(clock: &dyn Clock, wait: Option<Duration>) {
    match wait {
        Some(wait) => clock.sleep(wait).await,
        None => std::future::pending().await,
    }
}

/// An error and what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
