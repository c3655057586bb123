//! `hydrant redrive`.

mod condition;
mod marks;

use std::{collections::BTreeMap, io::Read};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures::TryStreamExt;
use hydrant_lake::Lake;
use hydrant_records::ErrorRecord;
use object_store::{ObjectStoreExt, path::Path};

use crate::{
    args::RedriveArgs,
    commands::send::{Batcher, Sender},
    output, text,
};

use condition::Chosen;
use marks::Marks;

pub(crate) async fn run(args: &RedriveArgs, quiet: bool) -> Result<()> {
    let lake = Lake::open(&args.lake, false).await?;
    let keys = error_objects(&lake, &args.from).await?;
    if keys.is_empty() {
        bail!(
            "{} holds no objects below {}; --from names the folder of the error output",
            args.lake,
            args.from
        );
    }
    let chosen = match &args.condition {
        Some(condition) => Some(Chosen::by(condition, &lake, &args.from).await?),
        None => None,
    };
    let sender = Sender::new(&args.stream, args.attempts.get()).await;
    let mut run = Run {
        args,
        lake,
        chosen,
        sender,
        totals: Totals::default(),
    };
    for key in keys {
        run.redrive(&key).await.with_context(|| key.to_string())?;
    }
    let totals = run.totals;
    if !quiet {
        totals.report(args);
    }
    match totals.failed + totals.unreadable {
        0 => Ok(()),
        left => bail!("{} did not go", text::plural(left, "record")),
    }
}

/// What became of the records of all error objects.
#[derive(Debug, Default)]
struct Totals {
    sent: u64,
    by_code: BTreeMap<String, u64>,
    before: u64,
    not_chosen: u64,
    failed: u64,
    unreadable: u64,
}

impl Totals {
    fn report(&self, args: &RedriveArgs) {
        let did = if args.dry_run {
            "would be sent"
        } else {
            "sent"
        };
        output::say(&format!(
            "{} {did} to {}",
            text::plural(self.sent, "record"),
            args.stream
        ));
        for (code, records) in &self.by_code {
            output::say(&format!("  {} {code}", text::count(*records)));
        }
        for (number, what) in [
            (self.before, "went in an earlier run"),
            (self.not_chosen, "were not chosen"),
            (self.failed, "were given up"),
            (self.unreadable, "are no error records"),
        ] {
            if number > 0 {
                output::say(&format!("{} {what}", text::count(number)));
            }
        }
    }
}

/// The keys of the error output, in order.
async fn error_objects(lake: &Lake, from: &str) -> Result<Vec<Path>> {
    let folder = Path::parse(from.trim_matches('/')).context("--from is no folder")?;
    let found = lake.store().list(Some(&folder));
    let mut keys: Vec<Path> = found.map_ok(|object| object.location).try_collect().await?;
    keys.sort();
    Ok(keys)
}

/// A run over the error objects.
struct Run<'a> {
    args: &'a RedriveArgs,
    lake: Lake,
    chosen: Option<Chosen>,
    sender: Sender,
    totals: Totals,
}

/// Lines of one object that are on their way.
struct Lines {
    marks: Marks,
    /// The number of each line in the batch, and its record.
    waiting: Vec<(u64, Bytes)>,
}

impl Run<'_> {
    /// One error object: what is left of it goes, and what went is marked.
    async fn redrive(&mut self, key: &Path) -> Result<()> {
        let object = self.lake.store().get(key).await?.bytes().await?;
        let object = inflated(&object)?;
        let mut batcher = Batcher::default();
        let mut lines = Lines {
            marks: Marks::read(&self.lake, key).await?,
            waiting: Vec::new(),
        };
        let text = object.split(|byte| *byte == b'\n');
        for (line, text) in (0_u64..).zip(text).filter(|(_, text)| !text.is_empty()) {
            let Ok(record) = serde_json::from_slice::<ErrorRecord>(text) else {
                self.totals.unreadable += 1;
                continue;
            };
            if !self.wants(key, &record) {
                self.totals.not_chosen += 1;
                continue;
            }
            if lines.marks.has(line) {
                self.totals.before += 1;
                continue;
            }
            *self.totals.by_code.entry(record.error_code).or_default() += 1;
            if self.args.dry_run {
                self.totals.sent += 1;
                continue;
            }
            if let Some(full) = batcher.push(record.raw_data.clone())? {
                self.send(full, &mut lines).await?;
            }
            lines.waiting.push((line, record.raw_data));
        }
        let rest = batcher.take();
        if !rest.is_empty() {
            self.send(rest, &mut lines).await?;
        }
        Ok(())
    }

    fn wants(&self, key: &Path, record: &ErrorRecord) -> bool {
        let codes = &self.args.code;
        (codes.is_empty() || codes.contains(&record.error_code))
            && self
                .chosen
                .as_ref()
                .is_none_or(|chosen| chosen.has(key.as_ref(), record))
    }

    /// Sends a batch and marks what went.
    async fn send(&mut self, batch: Vec<Bytes>, lines: &mut Lines) -> Result<()> {
        let sent = self.sender.send(batch).await?;
        self.totals.sent += sent.records;
        self.totals.failed += sent.failed.len() as u64;
        let mut failed = sent.failed;
        for (line, record) in lines.waiting.drain(..) {
            // Of records with the same bytes it does not matter which one went.
            match failed.iter().position(|it| *it == record) {
                Some(index) => {
                    failed.swap_remove(index);
                }
                None => lines.marks.add(line),
            }
        }
        lines.marks.write(&self.lake).await?;
        if let Some(reason) = sent.reason {
            output::say(&format!("given up: {reason}"));
        }
        Ok(())
    }
}

/// An object's text: AWS may compress error objects as it does the others.
fn inflated(object: &Bytes) -> Result<Bytes> {
    if !object.starts_with(&[0x1f, 0x8b]) {
        return Ok(object.clone());
    }
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(&object[..])
        .read_to_end(&mut text)
        .context("the object is damaged")?;
    Ok(text.into())
}
