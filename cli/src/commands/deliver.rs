//! `hydrant deliver`.

use std::{path::Path, sync::Arc, thread};

use anyhow::{Context, Result, bail};
use hydrant_delivery::{
    Account, Clock, DefinitionError, Delivery, DeliveryError, DeliveryStream, FixedClock,
    GlueTables, Ids, Settings, SystemClock, Transform,
};
use hydrant_lake::Lake;
use hydrant_records::limits::MAX_ACTIVE_PARTITIONS;
use indicatif::ProgressBar;
use jiff::Timestamp;

use crate::{
    account,
    args::DeliverArgs,
    function::{self, InProcess, Totals},
    input::{self, Item, Records},
    output,
    progress::{self, Unit},
    tables, text,
};

pub(crate) async fn run(args: &DeliverArgs, quiet: bool) -> Result<()> {
    let stream = read_stream(&args.stream, Some(&tables::read(&args.tables, &[])?))?;
    let files = input::files(&args.input.files)?;
    let function = InProcess::new(function::options_for(&stream, &args.transformer)?);
    let lake = Lake::open(&args.to, true).await?;
    let settings = settings(args.at, args.seed, args.buffer_memory << 20);
    let delivery = open(stream, lake, &function, settings)?;

    let bar = progress::bar("delivered", Unit::Bytes, input::total_bytes(&files), quiet);
    // Ids of its own, so that objects are named the same whatever the form of the input.
    let bus = args
        .input
        .bus(clock(args.at), Ids::from_seed(!seed(args.seed)));
    let outcome = deliver(delivery, Records::new(files, bus), &bar, quiet).await;
    bar.finish_and_clear();
    report(args, &outcome.account, &function.totals(), quiet)?;
    if let Some(error) = outcome.failure {
        return Err(error);
    }
    if outcome.not_put > 0 {
        let records = text::plural(outcome.not_put, "record");
        bail!("{records} could not be put; all others were");
    }
    match (args.strict, outcome.account.refused_total()) {
        (true, refused) if refused > 0 => bail!("{} refused", text::plural(refused, "record")),
        _ => Ok(()),
    }
}

/// Reads a stream's definition; `tables` are those that it may convert its records to. Without any, its
/// conversion is left out.
pub(crate) fn read_stream(path: &Path, tables: Option<&GlueTables>) -> Result<DeliveryStream> {
    let json =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let input = serde_json::from_str(&json).map_err(DefinitionError::Json);
    input
        .and_then(|input| match tables {
            Some(tables) => DeliveryStream::with_tables(&input, tables),
            None => DeliveryStream::new(&input),
        })
        .with_context(|| path.display().to_string())
}

/// Time and names for a run: the machine's and random ones, unless it is to be repeated.
pub(crate) fn settings(at: Option<Timestamp>, seed: Option<u64>, buffer_memory: usize) -> Settings {
    Settings {
        clock: clock(at).into(),
        ids: Ids::from_seed(self::seed(seed)),
        buffer_memory,
        parallelism: thread::available_parallelism().map_or(2, usize::from),
    }
}

/// The machine's clock, or one that stands still.
pub(crate) fn clock(at: Option<Timestamp>) -> Box<dyn Clock> {
    match at {
        Some(instant) => Box::new(FixedClock(instant)),
        None => Box::new(SystemClock),
    }
}

fn seed(seed: Option<u64>) -> u64 {
    seed.unwrap_or_else(rand::random)
}

/// Opens a delivery whose Lambda processor, if it has one, is `function`.
pub(crate) fn open(
    stream: DeliveryStream,
    lake: Lake,
    function: &Arc<InProcess>,
    settings: Settings,
) -> Result<Delivery> {
    let function: Option<Arc<dyn Transform>> =
        stream.lambda().is_some().then(|| Arc::clone(function) as _);
    Ok(Delivery::new(stream, lake, function, settings)?)
}

/// What became of the records of all files.
struct Outcome {
    account: Account,
    /// Records that never reached the stream: too large, or entries that are malformed.
    not_put: u64,
    /// What ended the run early.
    failure: Option<anyhow::Error>,
}

/// Puts the records of all files. A file that cannot be read on ends the input, not the delivery: what was
/// accepted until then is delivered.
async fn deliver(
    mut delivery: Delivery,
    mut records: Records,
    bar: &ProgressBar,
    quiet: bool,
) -> Outcome {
    let mut not_put = 0;
    let unreadable = loop {
        let refusal = match records.next() {
            Ok(None) => break None,
            Err(error) => break Some(error),
            Ok(Some(Item::Refused(reason))) => reason,
            Ok(Some(Item::Record(record))) => {
                bar.inc(record.data.len() as u64 + 1);
                match delivery.put(record.data).await {
                    Ok(()) => continue,
                    Err(error @ DeliveryError::TooLarge { .. }) => {
                        format!("{}:{}: {error}", records.name(), record.line)
                    }
                    Err(error) => return ended(error, delivery.account().clone(), not_put),
                }
            }
        };
        not_put += 1;
        if !quiet {
            bar.suspend(|| output::say(&refusal));
        }
    };
    let account = delivery.account().clone();
    match delivery.finish().await {
        Ok(account) => Outcome {
            account,
            not_put,
            failure: unreadable,
        },
        Err(error) => ended(error, account, not_put),
    }
}

/// A run that the stream ended; an account that comes with the error is newer than `account`.
fn ended(error: DeliveryError, mut account: Account, not_put: u64) -> Outcome {
    if let DeliveryError::Write { account: newer, .. } = &error {
        account = (**newer).clone();
    }
    let failure = anyhow::Error::from(error)
        .context("the records above as not written are still in your files");
    Outcome {
        account,
        not_put,
        failure: Some(failure),
    }
}

fn report(args: &DeliverArgs, account: &Account, totals: &Totals, quiet: bool) -> Result<()> {
    if args.json {
        let mut out = output::open(None)?;
        writeln!(out, "{:#}", account::to_json(account, totals))?;
        out.flush()?;
    }
    if quiet {
        return Ok(());
    }
    for line in account::lines(account, totals) {
        output::say(&line);
    }
    if account.peak_active_partitions > MAX_ACTIVE_PARTITIONS {
        output::say(&format!(
            "note: {} partitions were active at once. A live stream has fewer, because its intervals close \
             them; AWS allows {MAX_ACTIVE_PARTITIONS} unless it raised your quota",
            text::count(account.peak_active_partitions as u64)
        ));
    }
    Ok(())
}
