//! `hydrant partition`.

pub(crate) mod placer;
mod rows;
mod summary;

use anyhow::{Context, Result, bail};
use hydrant_delivery::Ids;
use indicatif::ProgressBar;

use self::{
    placer::{Placed, Placer},
    rows::{Row, Rows},
    summary::Summary,
};
use super::deliver::clock;
use crate::{
    account,
    args::PartitionArgs,
    input::{self, Item, Records},
    output,
    progress::{self, Unit},
    text,
};

pub(crate) fn run(args: &PartitionArgs, quiet: bool) -> Result<()> {
    let clock = clock(args.at);
    let placer = Placer::new(args, clock.now())?;
    let files = input::files(&args.input.files)?;
    let bar = progress::bar("placed", Unit::Bytes, input::total_bytes(&files), quiet);
    let bus = args.input.bus(clock, Ids::from_seed(rand::random()));
    let mut report = Report {
        summary: Summary::default(),
        rows: if args.summary {
            None
        } else {
            Some(Rows::new(
                output::open(args.output.as_deref())?,
                args.format,
                placer.columns(),
                files.len() > 1,
            )?)
        },
        placer,
        not_put: 0,
    };
    let mut records = Records::new(files, bus);
    let read = report.place_all(&mut records, &bar, quiet);
    bar.finish_and_clear();
    // A file that cannot be read on ends the input; what was placed until then is shown.
    let Report {
        summary,
        rows,
        placer,
        not_put,
    } = report;
    match rows {
        Some(rows) => rows.finish()?,
        None => summary.write(
            &mut *output::open(args.output.as_deref())?,
            args.format,
            placer.columns(),
        )?,
    }
    if !quiet {
        for line in summary.account(args.summary) {
            output::say(&line);
        }
        if not_put > 0 {
            output::say(&account::row("not put", not_put, "malformed entries"));
        }
    }
    read?;
    match (args.strict, summary.refused() + not_put) {
        (true, refused) if refused > 0 => bail!("{} refused", text::plural(refused, "record")),
        _ => Ok(()),
    }
}

/// What is found out, and where it goes.
struct Report {
    placer: Placer,
    summary: Summary,
    rows: Option<Rows>,
    /// Entries that never became a record.
    not_put: u64,
}

impl Report {
    fn place_all(&mut self, records: &mut Records, bar: &ProgressBar, quiet: bool) -> Result<()> {
        while let Some(item) = records.next()? {
            match item {
                Item::Record(record) => {
                    bar.inc(record.data.len() as u64 + 1);
                    self.place(records.name(), &record)
                        .context("cannot write the answer")?;
                }
                Item::Refused(reason) => {
                    self.not_put += 1;
                    if !quiet {
                        bar.suspend(|| output::say(&reason));
                    }
                }
            }
        }
        Ok(())
    }

    fn place(&mut self, file: &str, record: &input::Record) -> Result<()> {
        let (summary, rows) = (&mut self.summary, &mut self.rows);
        let mut written = Ok(());
        self.placer.place(&record.data, |placed: &Placed<'_>| {
            summary.add(file, record.line, placed);
            if let Some(rows) = rows
                && written.is_ok()
            {
                written = rows.push(&Row {
                    file,
                    line: record.line,
                    placed,
                });
            }
        });
        written
    }
}
