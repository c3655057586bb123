//! `hydrant compact`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use hydrant_lake::{Lake, Location};
use hydrant_query::{
    Options,
    compaction::{
        CompactOptions, Compacted, Files, Progress, Surroundings, VacuumOptions, Vacuumed, compact,
        compact_to_files, vacuum,
    },
};
use object_store::memory::InMemory;

use crate::{
    args::CompactArgs,
    commands::{
        sql::{prefixes, say_left_out},
        up::stop::StopSignals,
    },
    output,
    progress::{self, Unit},
    text,
};

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(200);

pub(crate) async fn run(args: &CompactArgs, quiet: bool) -> Result<()> {
    let lake = Lake::open(&args.lake, false).await?;
    let files = match &args.to {
        Some(to) => Some(files(args, &lake, to).await?),
        None => None,
    };
    let mut signals = StopSignals::listen()?;
    loop {
        tokio::select! {
            done = once(args, &lake, files.as_ref(), quiet) => done?,
            () = signals.asked() => return stopped(args),
        }
        let Some(pause) = args.watch else {
            return Ok(());
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = signals.asked() => return stopped(args),
        }
    }
}

/// Where plain files go.
async fn files(args: &CompactArgs, lake: &Lake, to: &str) -> Result<Files> {
    let opened = || format!("Parquet files cannot be written to {to}");
    let location: Location = to.parse().with_context(opened)?;
    Files::check(lake, &location, args.vacuum).await?;
    let target = match &location {
        // A directory that is not there has nothing, and is not made to look into it.
        Location::Directory(directory) if args.dry_run && !directory.exists() => {
            Lake::from_store(location, Arc::new(InMemory::new()))
        }
        _ => Lake::open(to, true).await.with_context(opened)?,
    };
    Ok(Files::open(lake, &target, args.dry_run).await?)
}

/// Whoever watches wanted it to end some day; whoever waits for an end did not get one.
fn stopped(args: &CompactArgs) -> Result<()> {
    if args.watch.is_some() {
        return Ok(());
    }
    bail!("stopped before the end; what was committed stays, and the next run goes on from there")
}

/// One run, and what is removed after it.
async fn once(args: &CompactArgs, lake: &Lake, files: Option<&Files>, quiet: bool) -> Result<()> {
    let start = Instant::now();
    let (prefix, error_prefix) = match &args.stream {
        Some(stream) => prefixes(stream)?,
        None => (args.prefix.clone(), None),
    };
    let options = Options {
        prefix,
        error_prefix,
        threads: args.threads,
        memory_limit: Some(args.memory_limit),
        ..Options::default()
    };
    let settings = CompactOptions {
        older_than: args.older_than,
        file_bytes: args.file_size as u64,
        memory_limit: args.memory_limit,
        dry_run: args.dry_run,
        threads: args.threads,
        ..CompactOptions::default()
    };
    let surroundings = Surroundings {
        now: now(),
        run: rand::random(),
    };
    let progress = Arc::new(Progress::default());
    let work = async {
        match files {
            Some(files) => {
                compact_to_files(files, &options, &settings, surroundings, &progress).await
            }
            None => compact(lake, &options, &settings, surroundings, &progress).await,
        }
    };
    let done = tokio::select! {
        done = work => done?,
        never = watch(&progress, quiet) => match never {},
    };
    let removed = if args.vacuum {
        let options = VacuumOptions {
            grace: args.grace,
            dry_run: args.dry_run,
        };
        Some(match files {
            Some(files) => files.vacuum(&options, now()).await?,
            None => vacuum(lake, &options, now()).await?,
        })
    } else {
        None
    };
    // A watcher is silent as long as nothing happens.
    let idle = args.watch.is_some() && done.objects == 0 && done.problems.is_empty();
    if !quiet && !idle {
        output::say(&summary(args, &done, start.elapsed()));
        if let Some(removed) = &removed {
            output::say(&removal(args, removed));
        }
    }
    if !quiet {
        say_left_out("the table leaves out", &done.problems);
    }
    Ok(())
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn summary(args: &CompactArgs, done: &Compacted, took: Duration) -> String {
    let objects = text::plural(done.objects, "object");
    let bytes = text::bytes(done.bytes);
    let mut lines = if args.dry_run {
        format!("would take {objects} ({bytes})")
    } else if done.objects == 0 {
        "nothing to take".to_owned()
    } else {
        format!(
            "took {objects} ({bytes}) into {} ({}): {} in {:.1} s",
            text::plural(done.files, "file"),
            text::bytes(done.file_bytes),
            text::plural(done.rows, "row"),
            took.as_secs_f64()
        )
    };
    for (number, what) in [
        (done.taken_before, "taken before"),
        (done.young, "too young"),
        (done.rewritten, "files written anew for wider columns"),
        (done.merged, "small files put together"),
    ] {
        if number > 0 {
            lines += &format!("\n  {} {what}", text::count(number));
        }
    }
    lines
}

fn removal(args: &CompactArgs, done: &Vacuumed) -> String {
    let verb = if args.dry_run {
        "would remove"
    } else {
        "removed"
    };
    let mut lines = format!(
        "{verb} {} ({}) that the table has, and {} ({}) that nothing needs",
        text::plural(done.objects, "raw object"),
        text::bytes(done.bytes),
        text::plural(done.files, "file"),
        text::bytes(done.file_bytes),
    );
    for (number, what) in [
        (done.young, "taken less long ago"),
        (
            done.kept,
            "kept: text in them is no record, and is nowhere else",
        ),
    ] {
        if number > 0 {
            lines += &format!("\n  {} {what}", text::count(number));
        }
    }
    lines
}

/// Shows how far a run has come, for ever.
async fn watch(progress: &Progress, quiet: bool) -> std::convert::Infallible {
    let bar = progress::later("compacting", Unit::Bytes);
    loop {
        tokio::time::sleep(TICK).await;
        let seen = progress.seen();
        if seen.all_objects == 0 {
            continue;
        }
        if bar.length() == Some(0) {
            progress::reveal(&bar, quiet);
        }
        bar.set_length(seen.all_bytes);
        bar.set_position(seen.bytes);
        bar.set_message(format!(
            "{}/{} objects, {} rows",
            text::count(seen.objects),
            text::count(seen.all_objects),
            text::count(seen.rows)
        ));
    }
}
