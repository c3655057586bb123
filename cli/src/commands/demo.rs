//! `hydrant demo`: the whole road once.

mod full;
mod lake;
mod questions;
mod tree;

use std::{
    path::Path,
    sync::{Arc, mpsc},
    thread,
    time::Instant,
};

use anyhow::{Context, Result, anyhow, ensure};
use bytes::Bytes;
use hydrant_delivery::{Account, DeliveryStream};
use hydrant_generator::{Generator, Options};
use hydrant_lake::Lake;
use indicatif::ProgressBar;

use crate::{
    account,
    args::{DEFAULT_START, DemoArgs, TransformerArgs},
    commands::deliver,
    function::{self, InProcess},
    output,
    progress::{self, Unit},
    text,
};

/// The stream of the demo is the example that people copy.
pub(crate) const STREAM: &str = include_str!("../../../examples/stream.json");

/// Records that wait between the generator and the stream.
const QUEUE: usize = 64;

/// Records handed over at once.
const HANDFUL: usize = 256;

pub(crate) async fn run(args: &DemoArgs, quiet: bool) -> Result<()> {
    if args.full {
        return full::run(args, quiet).await;
    }
    let say = |message: &str| {
        if !quiet {
            output::say(message);
        }
    };
    let (mut home, begin) = lake::Home::prepare(&args.dir, args.add)?;
    say(&begin);

    let options = Options {
        events: args.events,
        // Adding the same events again would only be duplicates.
        seed: args.seed + home.runs(),
        malformed: args.malformed,
        span: std::time::Duration::from_hours(7 * 24),
        start: DEFAULT_START
            .parse()
            .context("the default start is an instant")?,
    };
    let started = Instant::now();
    let url = home.path().display().to_string();
    let lake = Lake::open(&url, true).await?;
    let (account, function) = deliver(&options, lake.clone(), quiet).await?;
    let seconds = started.elapsed().as_secs_f64();
    home.add(account.lines)?;

    say(&format!(
        "\nGenerated, transformed, partitioned and delivered {} events in {seconds:.1} s:\n",
        text::count(args.events)
    ));
    for line in account::lines(&account, &function.totals()) {
        say(&line);
    }
    say("\nThe lake:\n");
    say(&tree::of(&lake, &url).await?);
    questions::ask(&lake, home.lines(), quiet).await?;
    say(&next_steps(&args.dir));
    Ok(())
}

/// Generates on a thread of its own and delivers here.
async fn deliver(options: &Options, lake: Lake, quiet: bool) -> Result<(Account, Arc<InProcess>)> {
    let stream = DeliveryStream::from_json(STREAM).context("examples/stream.json")?;
    let transformer = TransformerArgs {
        client_id_from: hydrant_transformer::ClientIdFrom::default(),
        require_client_id: false,
        partition_keys: None,
        on_missing: None,
    };
    let function = InProcess::new(function::options_for(&stream, &transformer)?);
    let settings = deliver::settings(None, None, 256 << 20);
    let mut delivery = deliver::open(stream, lake, &function, settings)?;

    let generator = Generator::new(options)?;
    let bar = progress::bar("delivered", Unit::Records, Some(options.events), quiet);
    let (sender, receiver) = mpsc::sync_channel(QUEUE);
    let producer = thread::spawn(move || generate(generator, &sender));
    let delivered = async {
        for handful in receiver {
            advance(&bar, &handful);
            for record in handful {
                delivery.put(record).await?;
            }
        }
        bar.set_message("writing what is buffered");
        anyhow::Ok(delivery.finish().await?)
    }
    .await;
    bar.finish_and_clear();
    producer
        .join()
        .map_err(|_| anyhow!("the generator panicked"))?;
    Ok((delivered?, function))
}

fn advance(bar: &ProgressBar, handful: &[Bytes]) {
    bar.inc(handful.len() as u64);
}

fn generate(mut generator: Generator, sender: &mpsc::SyncSender<Vec<Bytes>>) {
    let mut text = Vec::new();
    let mut ends = Vec::with_capacity(HANDFUL);
    loop {
        let more = generator.next_record(&mut text).is_some();
        if more {
            ends.push(text.len());
        }
        if ends.len() == HANDFUL || !more {
            let chunk = Bytes::from(std::mem::take(&mut text));
            let starts = std::iter::once(0).chain(ends.iter().copied());
            let handful = starts
                .zip(&ends)
                .map(|(start, end)| chunk.slice(start..*end))
                .collect();
            ends.clear();
            // Nobody receives any more: the delivery failed and says why itself.
            if sender.send(handful).is_err() || !more {
                return;
            }
        }
    }
}

fn next_steps(dir: &Path) -> String {
    let dir = dir.display();
    format!(
        "Try next:\n  \
         hydrant sql --lake {dir} -c \"select errorCode, count(*) from errors group by 1\"\n  \
         hydrant sql --lake {dir} -c \"select * from events where detail.eventType = 'purchase' limit 1\" --format json\n  \
         hydrant generate --events 1000 | hydrant transform | head -1\n  \
         hydrant demo --dir {dir} --add\n\
         (with `cargo run --release --` for `hydrant` until it is installed: cargo install --path cli)"
    )
}

/// Fails where the lake and the account disagree.
pub(crate) fn agree(counted: u64, delivered: u64) -> Result<()> {
    ensure!(
        counted == delivered,
        "SQL counts {counted} events and the account says {delivered}: this is a defect, please report it"
    );
    Ok(())
}
