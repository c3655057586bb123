//! `hydrant sql`.

use std::{
    io::{IsTerminal, Read, stdin},
    path::Path,
};

use anyhow::{Context, Result, bail};
use hydrant_lake::Lake;
use hydrant_query::{Engine, Format, Options, Problem, write};
use hydrant_records::DeliveryStreamInput;

use crate::{
    args::{OnError, SqlArgs, SqlFormat},
    output, text,
};

/// Problems that are shown in full; the rest is counted.
const SHOWN: usize = 5;

pub(crate) async fn run(args: &SqlArgs, quiet: bool) -> Result<()> {
    let query = query(args)?;
    let lake = Lake::open(&args.lake, false).await?;
    let engine = Engine::open(&lake, &options(args)?)?;
    let answer = engine.run(&query).await?;
    let mut out = output::open(args.output.as_deref())?;
    write(answer, format(args.format), &mut *out).await?;
    if !quiet {
        say_problems(&engine.problems());
    }
    Ok(())
}

fn query(args: &SqlArgs) -> Result<String> {
    let query = match (&args.command, &args.file) {
        (Some(query), _) => query.clone(),
        (None, Some(file)) if file.as_os_str() != "-" => std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?,
        (None, None) if stdin().is_terminal() => {
            bail!("no query: give one with -c, or a file with -f")
        }
        _ => {
            let mut query = String::new();
            stdin()
                .read_to_string(&mut query)
                .context("cannot read standard input")?;
            query
        }
    };
    if query.trim().is_empty() {
        bail!("the query is empty: give one with -c, or a file with -f");
    }
    Ok(query)
}

fn options(args: &SqlArgs) -> Result<Options> {
    let (prefix, error_prefix) = match &args.stream {
        Some(stream) => prefixes(stream)?,
        None => (args.prefix.clone(), args.error_prefix.clone()),
    };
    let on_error = match args.on_error {
        OnError::Skip => hydrant_query::OnError::Skip,
        OnError::Fail => hydrant_query::OnError::Fail,
    };
    Ok(Options {
        prefix,
        error_prefix,
        on_error,
        ..Options::default()
    })
}

/// The Prefix and ErrorOutputPrefix of a stream's definition. What else it says does not matter to a reader,
/// so a stream that cannot be run here can still be read.
fn prefixes(path: &Path) -> Result<(Option<String>, Option<String>)> {
    let json =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let input: DeliveryStreamInput = serde_json::from_str(&json)
        .with_context(|| format!("{} is no create-delivery-stream input", path.display()))?;
    let destination = input
        .extended_s3_destination_configuration
        .or(input.s3_destination_configuration);
    let destination =
        destination.with_context(|| format!("{} has no S3 destination", path.display()))?;
    Ok((destination.prefix, destination.error_output_prefix))
}

fn format(format: SqlFormat) -> Format {
    match format {
        SqlFormat::Table => Format::Table,
        SqlFormat::Csv => Format::Csv,
        SqlFormat::Json => Format::Json,
        SqlFormat::Ndjson => Format::NdJson,
    }
}

/// Says what the answer leaves out, worst first.
pub(crate) fn say_problems(problems: &[Problem]) {
    if problems.is_empty() {
        return;
    }
    let objects = problems
        .iter()
        .filter(|problem| problem.kind.costs_the_object())
        .count() as u64;
    let others: u64 = problems
        .iter()
        .filter(|problem| !problem.kind.costs_the_object())
        .map(|it| it.count)
        .sum();
    let mut left_out = Vec::new();
    if objects > 0 {
        left_out.push(text::plural(objects, "object"));
    }
    if others > 0 {
        left_out.push(format!("{} records or values", text::count(others)));
    }
    output::say(&format!(
        "warning: the answer leaves out {}:",
        left_out.join(" and ")
    ));
    problems
        .iter()
        .take(SHOWN)
        .for_each(|problem| output::say(&format!("  {problem}")));
    if let Some(more) = problems.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        output::say(&format!(
            "  and {}",
            text::plural(more as u64, "more such object")
        ));
    }
}
