//! `hydrant redrive`.

mod marks;

use std::collections::BTreeMap;

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
    let sender = Sender::new(&args.stream, args.attempts.get()).await;
    let mut totals = Totals::default();
    for key in keys {
        redrive(args, &lake, &sender, &key, &mut totals)
            .await
            .with_context(|| key.to_string())?;
    }
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
    other_code: u64,
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
            (self.other_code, "have another error code"),
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

/// One error object: what is left of it goes, and what went is marked.
async fn redrive(
    args: &RedriveArgs,
    lake: &Lake,
    sender: &Sender,
    key: &Path,
    totals: &mut Totals,
) -> Result<()> {
    let object = lake.store().get(key).await?.bytes().await?;
    let mut marks = Marks::read(lake, key).await?;
    let mut batcher = Batcher::default();
    let mut lines = Vec::new();
    let text = object.split(|byte| *byte == b'\n');
    for (line, text) in (0_u64..).zip(text).filter(|(_, text)| !text.is_empty()) {
        let Ok(record) = serde_json::from_slice::<ErrorRecord>(text) else {
            totals.unreadable += 1;
            continue;
        };
        if marks.has(line) {
            totals.before += 1;
            continue;
        }
        if !args.code.is_empty() && !args.code.contains(&record.error_code) {
            totals.other_code += 1;
            continue;
        }
        *totals.by_code.entry(record.error_code).or_default() += 1;
        if args.dry_run {
            totals.sent += 1;
            continue;
        }
        if let Some(full) = batcher.push(record.raw_data.clone())? {
            send(lake, sender, full, &mut lines, &mut marks, totals).await?;
        }
        lines.push((line, record.raw_data));
    }
    let rest = batcher.take();
    if !rest.is_empty() {
        send(lake, sender, rest, &mut lines, &mut marks, totals).await?;
    }
    Ok(())
}

/// Sends a batch and marks what went. `lines` has the line of each record.
async fn send(
    lake: &Lake,
    sender: &Sender,
    batch: Vec<Bytes>,
    lines: &mut Vec<(u64, Bytes)>,
    marks: &mut Marks,
    totals: &mut Totals,
) -> Result<()> {
    let sent = sender.send(batch).await?;
    totals.sent += sent.records;
    totals.failed += sent.failed.len() as u64;
    let mut failed = sent.failed;
    for (line, record) in lines.drain(..) {
        // Of records with the same bytes it does not matter which one went.
        match failed.iter().position(|it| *it == record) {
            Some(index) => {
                failed.swap_remove(index);
            }
            None => marks.add(line),
        }
    }
    marks.write(lake).await?;
    if let Some(reason) = sent.reason {
        output::say(&format!("given up: {reason}"));
    }
    Ok(())
}
