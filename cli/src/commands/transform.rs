//! `hydrant transform`.

pub(crate) mod compare;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write},
};

use anyhow::{Context, Result, bail};
use hydrant_delivery::{Ids, SystemClock};
use hydrant_transformer::{ClientId, TransformWork};
use indicatif::ProgressBar;

use crate::{
    account,
    args::TransformArgs,
    function,
    input::{self, Item, Records},
    output,
    progress::{self, Unit},
    text,
};

/// What is written at once.
const CHUNK: usize = 1 << 18;

pub(crate) fn run(args: &TransformArgs, quiet: bool) -> Result<()> {
    let options = function::options(&args.transformer, &[])?;
    let mut filter = Filter {
        work: TransformWork::new(options, hydrant_transformer::Filter::default()),
        lines: Vec::with_capacity(CHUNK * 2),
        out: output::open(args.output.as_deref())?,
        failed: args.failed.as_deref().map(create).transpose()?,
        quiet,
        account: Account::default(),
    };
    let files = input::files(&args.input.files)?;
    let bar = progress::bar(
        "transformed",
        Unit::Bytes,
        input::total_bytes(&files),
        quiet,
    );
    let bus = args
        .input
        .bus(Box::new(SystemClock), Ids::from_seed(rand::random()));
    let mut records = Records::new(files, bus);
    let read = filter.push_all(&mut records, &bar);
    bar.finish_and_clear();
    // A file that cannot be read on ends the input; what was transformed until then is written.
    let account = filter.finish()?;
    if !quiet {
        output::say(&account.to_string());
    }
    read?;
    match (args.strict, account.refused()) {
        (true, refused) if refused > 0 => bail!("{} refused", text::plural(refused, "record")),
        _ => Ok(()),
    }
}

fn create(path: &std::path::Path) -> Result<BufWriter<File>> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(BufWriter::new(file))
}

/// The filter: records in, lines and refusals out.
struct Filter {
    /// That of the function.
    work: TransformWork,
    lines: Vec<u8>,
    out: Box<dyn Write + Send>,
    failed: Option<BufWriter<File>>,
    quiet: bool,
    account: Account,
}

impl Filter {
    fn push_all(&mut self, records: &mut Records, bar: &ProgressBar) -> Result<()> {
        while let Some(item) = records.next()? {
            let refusal = match item {
                Item::Record(record) => {
                    bar.inc(record.data.len() as u64 + 1);
                    self.push(records.name(), &record)?
                }
                Item::Refused(reason) => self.refuse_entry(reason),
            };
            if let Some(refusal) = refusal {
                bar.suspend(|| output::say(&refusal));
            }
        }
        Ok(())
    }

    /// Transforms one record; what comes back is to be said of a refusal.
    fn push(&mut self, file: &str, record: &input::Record) -> Result<Option<String>> {
        self.account.records += 1;
        match self.work.apply(&record.data) {
            Ok(transformed) => {
                let Some(transformed) = transformed else {
                    return Ok(None);
                };
                self.lines.extend_from_slice(self.work.lines());
                self.account.lines += transformed.objects as u64;
                self.account.without_client_id +=
                    u64::from(transformed.client_id == ClientId::Missing);
                if self.lines.len() >= CHUNK {
                    self.out.write_all(&self.lines)?;
                    self.lines.clear();
                }
                Ok(None)
            }
            Err(refusal) => {
                *self.account.refused.entry(refusal.reason()).or_default() += 1;
                if let Some(failed) = &mut self.failed {
                    failed.write_all(&record.data)?;
                    failed.write_all(b"\n")?;
                }
                Ok((!self.quiet).then(|| format!("{file}:{}: {refusal}", record.line)))
            }
        }
    }

    /// Counts an entry that never became a record; what comes back is to be said of it.
    fn refuse_entry(&mut self, reason: String) -> Option<String> {
        self.account.records += 1;
        *self.account.refused.entry("malformed-entry").or_default() += 1;
        (!self.quiet).then_some(reason)
    }

    fn finish(mut self) -> Result<Account> {
        self.out.write_all(&self.lines)?;
        self.out.flush()?;
        if let Some(failed) = &mut self.failed {
            failed.flush()?;
        }
        Ok(self.account)
    }
}

/// What became of the records.
#[derive(Debug, Default)]
struct Account {
    records: u64,
    lines: u64,
    without_client_id: u64,
    refused: BTreeMap<&'static str, u64>,
}

impl Account {
    fn refused(&self) -> u64 {
        self.refused.values().sum()
    }
}

impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let transformed = self.records - self.refused();
        let mut rows = vec![
            account::row("read", self.records, "records"),
            account::row(
                "transformed",
                transformed,
                &format!("into {}", text::plural(self.lines, "line")),
            ),
        ];
        if self.without_client_id > 0 {
            rows.push(account::detail(
                "without a client id",
                self.without_client_id,
            ));
        }
        rows.push(account::row("refused", self.refused(), ""));
        rows.extend(
            self.refused
                .iter()
                .map(|(reason, records)| account::detail(reason, *records)),
        );
        f.write_str(rows.join("\n").trim_end())
    }
}
