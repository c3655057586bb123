//! `hydrant deliver`.

use std::{path::Path, sync::Arc, thread};

use anyhow::{Context, Result, bail};
use hydrant_delivery::{
    Account, Clock, Delivery, DeliveryError, DeliveryStream, FixedClock, Ids, Settings,
    SystemClock, Transform,
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
    text,
};

pub(crate) async fn run(args: &DeliverArgs, quiet: bool) -> Result<()> {
    let stream = read_stream(&args.stream)?;
    let function = InProcess::new(function::options_for(&stream, &args.transformer)?);
    let lake = Lake::open(&args.to, true).await?;
    let settings = settings(args.at, args.seed, args.buffer_memory << 20);
    let delivery = open(stream, lake, &function, settings)?;

    let files = input::or_stdin(&args.input.files);
    let bar = progress::bar("delivered", Unit::Bytes, input::total_bytes(&files), quiet);
    // Ids of its own, so that objects are named the same whatever the form of the input.
    let bus = args
        .input
        .bus(clock(args.at), Ids::from_seed(!seed(args.seed)));
    let outcome = deliver(delivery, Records::new(files, bus), &bar, quiet).await;
    bar.finish_and_clear();
    let (account, failure, not_put) = match outcome {
        Ok((account, not_put)) => (account, None, not_put),
        Err(error) => match account_of(&error) {
            Some(account) => (account, Some(error), 0),
            None => return Err(error),
        },
    };
    report(args, &account, &function.totals(), quiet)?;
    if let Some(error) = failure {
        return Err(error.context("the records above as not written are still in your files"));
    }
    if not_put > 0 {
        bail!(
            "{} could not be put; all others were",
            text::plural(not_put, "record")
        );
    }
    match (args.strict, account.refused_total()) {
        (true, refused) if refused > 0 => bail!("{} refused", text::plural(refused, "record")),
        _ => Ok(()),
    }
}

/// Reads a stream's definition.
pub(crate) fn read_stream(path: &Path) -> Result<DeliveryStream> {
    let json =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    DeliveryStream::from_json(&json).with_context(|| path.display().to_string())
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

fn clock(at: Option<Timestamp>) -> Box<dyn Clock> {
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

/// Puts the records of all files; gives the account and how many could not be put.
async fn deliver(
    mut delivery: Delivery,
    mut records: Records,
    bar: &ProgressBar,
    quiet: bool,
) -> Result<(Account, u64)> {
    let mut not_put = 0;
    while let Some(item) = records.next()? {
        let refusal = match item {
            Item::Record(record) => {
                bar.inc(record.data.len() as u64 + 1);
                match delivery.put(record.data).await {
                    Ok(()) => continue,
                    Err(error @ DeliveryError::TooLarge { .. }) => {
                        format!("{}:{}: {error}", records.name(), record.line)
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            Item::Refused(reason) => reason,
        };
        not_put += 1;
        if !quiet {
            bar.suspend(|| output::say(&refusal));
        }
    }
    Ok((delivery.finish().await?, not_put))
}

/// The account of a run that the store ended.
fn account_of(error: &anyhow::Error) -> Option<Account> {
    match error.downcast_ref::<DeliveryError>() {
        Some(DeliveryError::Write { account, .. }) => Some((**account).clone()),
        _ => None,
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
