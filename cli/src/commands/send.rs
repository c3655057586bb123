//! `hydrant send`.

mod api;
mod batch;
mod client;

use std::{io::Write, sync::Arc};

use anyhow::{Result, bail};
use hydrant_delivery::{Ids, SystemClock};
use indicatif::ProgressBar;
use tokio::task::JoinSet;

use crate::{
    args::SendArgs,
    input::{self, Item, Records},
    output,
    progress::{self, Unit},
    text,
};

pub(crate) use batch::Batcher;
pub(crate) use client::Sender;
use client::Sent;

pub(crate) async fn run(args: &SendArgs, quiet: bool) -> Result<()> {
    if let Some(url) = &args.api.api {
        return api::run(url, args, quiet).await;
    }
    // Without --api there is a stream: the arguments say so.
    let stream = args.stream.as_deref().unwrap_or_default();
    let files = input::files(&args.input.files)?;
    let mut failed = args
        .failed
        .as_deref()
        .map(|path| output::open(Some(path)))
        .transpose()?;
    let sender = Arc::new(Sender::new(stream, args.attempts.get()).await);
    let bar = progress::bar("sent", Unit::Bytes, input::total_bytes(&files), quiet);
    let bus = args
        .input
        .bus(Box::new(SystemClock), Ids::from_seed(rand::random()));
    let mut run = Run {
        totals: Totals::default(),
        under_way: JoinSet::new(),
        parallel: args.parallel.get(),
        bar,
        quiet,
    };
    let outcome = run
        .send(&sender, Records::new(files, bus), failed.as_mut())
        .await;
    run.bar.finish_and_clear();
    if let Some(mut file) = failed {
        file.flush()?;
    }
    run.totals.report(stream, quiet);
    outcome?;
    match run.totals.failed + run.totals.refused {
        0 => Ok(()),
        never => bail!("{} did not go", text::plural(never, "record")),
    }
}

/// What became of all records.
#[derive(Debug, Default)]
struct Totals {
    sent: u64,
    bytes: u64,
    again: u64,
    failed: u64,
    /// Records that no stream takes: too large, or malformed entries.
    refused: u64,
}

impl Totals {
    fn report(&self, stream: &str, quiet: bool) {
        if quiet {
            return;
        }
        output::say(&format!(
            "sent      {} to {stream}, {}",
            text::plural(self.sent, "record"),
            text::bytes(self.bytes)
        ));
        if self.again > 0 {
            output::say(&format!(
                "again     {} had to be sent more than once",
                text::plural(self.again, "record")
            ));
        }
    }
}

/// A run.
struct Run {
    totals: Totals,
    under_way: JoinSet<Result<Sent>>,
    parallel: usize,
    bar: ProgressBar,
    quiet: bool,
}

type Failed<'a> = Option<&'a mut Box<dyn Write + Send>>;

impl Run {
    async fn send(
        &mut self,
        sender: &Arc<Sender>,
        mut records: Records,
        mut failed: Failed<'_>,
    ) -> Result<()> {
        let mut batcher = Batcher::default();
        loop {
            let record = match records.next() {
                Ok(None) => break,
                Err(error) => {
                    // What was read until then is sent.
                    self.begin(sender, batcher.take(), &mut failed).await?;
                    self.finish(&mut failed).await?;
                    return Err(error);
                }
                Ok(Some(Item::Refused(reason))) => {
                    self.refuse(&reason);
                    continue;
                }
                Ok(Some(Item::Record(record))) => record,
            };
            self.bar.inc(record.data.len() as u64 + 1);
            match batcher.push(record.data) {
                Ok(None) => {}
                Ok(Some(full)) => self.begin(sender, full, &mut failed).await?,
                Err(too_large) => {
                    let place = format!("{}:{}", records.name(), record.line);
                    self.refuse(&format!("{place}: {too_large}"));
                }
            }
        }
        self.begin(sender, batcher.take(), &mut failed).await?;
        self.finish(&mut failed).await
    }

    fn refuse(&mut self, reason: &str) {
        self.totals.refused += 1;
        if !self.quiet {
            self.bar.suspend(|| output::say(reason));
        }
    }

    async fn begin(
        &mut self,
        sender: &Arc<Sender>,
        batch: Vec<bytes::Bytes>,
        failed: &mut Failed<'_>,
    ) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        while self.under_way.len() >= self.parallel {
            self.settle(failed).await?;
        }
        let sender = Arc::clone(sender);
        self.under_way
            .spawn(async move { sender.send(batch).await });
        Ok(())
    }

    async fn finish(&mut self, failed: &mut Failed<'_>) -> Result<()> {
        while !self.under_way.is_empty() {
            self.settle(failed).await?;
        }
        Ok(())
    }

    async fn settle(&mut self, failed: &mut Failed<'_>) -> Result<()> {
        let Some(sent) = self.under_way.join_next().await else {
            return Ok(());
        };
        let sent = sent??;
        self.totals.sent += sent.records;
        self.totals.bytes += sent.bytes;
        self.totals.again += sent.again;
        self.totals.failed += sent.failed.len() as u64;
        if let Some(file) = failed {
            for record in &sent.failed {
                file.write_all(record)?;
                file.write_all(b"\n")?;
            }
        }
        if let (Some(reason), false) = (&sent.reason, self.quiet) {
            let records = text::plural(sent.failed.len() as u64, "record");
            let message = format!("{records} given up: {reason}");
            self.bar.suspend(|| output::say(&message));
        }
        Ok(())
    }
}
