//! `hydrant send --api`: entries to a front door, ten in a request.

mod entries;
mod post;

use std::{
    collections::BTreeMap,
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use indicatif::ProgressBar;
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    args::SendArgs,
    input, output,
    progress::{self, Unit},
    text,
};

use entries::Entries;
use post::{Posted, Poster};

/// The most entries in a request: what `PutEvents` takes.
const MOST_ENTRIES: usize = 10;

/// The most bytes of entries in a request, well below the megabyte that `PutEvents` takes of all entries.
const MOST_BYTES: usize = 700 << 10;

pub(super) async fn run(url: &str, args: &SendArgs, quiet: bool) -> Result<()> {
    let mut entries = Entries::new(args)?;
    let mut failed = args
        .failed
        .as_deref()
        .map(|path| output::open(Some(path)))
        .transpose()?;
    let poster = Arc::new(Poster::new(url, &args.api, args.attempts.get())?);
    let total = match (args.api.lasting, args.input.files.is_empty()) {
        (None, true) => Some(args.api.events),
        _ => None,
    };
    let mut run = Run {
        totals: Totals::default(),
        under_way: JoinSet::new(),
        bar: progress::bar("sent", Unit::Records, total, quiet),
    };
    let began = Instant::now();
    let outcome = tokio::select! {
        outcome = run.send(&poster, &mut entries, args, began, &mut failed) => outcome,
        // What is under way then is not waited for; what was answered is reported.
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Into::into),
    };
    run.bar.finish_and_clear();
    if let Some(mut file) = failed {
        file.flush()?;
    }
    run.totals.report(url, began.elapsed(), quiet);
    outcome?;
    match run.totals.refused.values().sum::<u64>() {
        0 => Ok(()),
        refused => bail!(
            "{} not accepted",
            if refused == 1 {
                "1 entry was".to_owned()
            } else {
                format!("{} entries were", text::count(refused))
            }
        ),
    }
}

/// What became of all entries.
#[derive(Debug, Default)]
struct Totals {
    accepted: u64,
    /// By reason.
    refused: BTreeMap<String, u64>,
    requests: u64,
    again: u64,
}

impl Totals {
    /// What was accepted and refused goes to standard error, as everything that is no result.
    fn report(&self, url: &str, took: Duration, quiet: bool) {
        if quiet {
            return;
        }
        let requests = text::plural(self.requests, "request");
        let entries = |number: u64| {
            let noun = if number == 1 { "entry" } else { "entries" };
            format!("{} {noun}", text::count(number))
        };
        output::say(&format!(
            "accepted  {} by {url}, {requests} in {:.1} s",
            entries(self.accepted),
            took.as_secs_f64()
        ));
        if self.again > 0 {
            output::say(&format!(
                "again     {} had to be sent more than once",
                entries(self.again)
            ));
        }
        for (reason, number) in &self.refused {
            output::say(&format!("refused   {}: {reason}", entries(*number)));
        }
    }
}

type Failed = Option<Box<dyn Write + Send>>;

/// A run.
struct Run {
    totals: Totals,
    under_way: JoinSet<Posted>,
    bar: ProgressBar,
}

impl Run {
    async fn send(
        &mut self,
        poster: &Arc<Poster>,
        entries: &mut Entries,
        args: &SendArgs,
        began: Instant,
        failed: &mut Failed,
    ) -> Result<()> {
        let rate = args.api.rate.map(std::num::NonZeroU32::get);
        // With a low rate, a request a second has what is due.
        let most = rate.map_or(MOST_ENTRIES, |rate| (rate as usize).clamp(1, MOST_ENTRIES));
        let mut sent = 0_u64;
        let mut goes_on = true;
        while goes_on {
            if args
                .api
                .lasting
                .is_some_and(|lasting| began.elapsed() >= lasting)
            {
                break;
            }
            let mut batch = Vec::with_capacity(most);
            let mut bytes = 0;
            while batch.len() < most && bytes < MOST_BYTES {
                let Some(entry) = entries.next()? else {
                    goes_on = false;
                    break;
                };
                bytes += entry.len();
                batch.push(entry);
            }
            if batch.is_empty() {
                break;
            }
            if let Some(rate) = rate {
                pause_until(began, sent, rate).await;
            }
            sent += batch.len() as u64;
            while self.under_way.len() >= args.parallel.get() {
                self.finish_one(failed).await?;
            }
            let poster = Arc::clone(poster);
            self.under_way
                .spawn(async move { poster.post(batch).await });
        }
        while !self.under_way.is_empty() {
            self.finish_one(failed).await?;
        }
        Ok(())
    }

    async fn finish_one(&mut self, failed: &mut Failed) -> Result<()> {
        let Some(posted) = self.under_way.join_next().await else {
            return Ok(());
        };
        let posted = posted?;
        self.totals.accepted += posted.accepted;
        self.totals.requests += posted.requests;
        self.totals.again += posted.again;
        self.bar.inc(posted.accepted + posted.refused.len() as u64);
        for (entry, reason) in posted.refused {
            *self.totals.refused.entry(reason).or_default() += 1;
            if let Some(file) = failed {
                // A request body, so that it can be sent again.
                writeln!(file, "{}", json!({"entries": [{"entry": entry}]}))?;
            }
        }
        Ok(())
    }
}

/// Waits until the next entry is due, after `sent` of them.
async fn pause_until(began: Instant, sent: u64, rate: u32) {
    let due = Duration::from_secs(sent / u64::from(rate))
        + Duration::from_secs(sent % u64::from(rate)) / rate;
    tokio::time::sleep_until((began + due).into()).await;
}

/// The files that are named; none where entries are made up.
fn named(args: &SendArgs) -> Result<Option<Vec<std::path::PathBuf>>> {
    if args.input.files.is_empty() {
        return Ok(None);
    }
    input::files(&args.input.files).map(Some)
}
