//! `hydrant sql`.

pub(crate) mod answers;
mod costs;
mod describe;
mod mistakes;
pub(crate) mod opening;
mod problems;
mod script;
mod session;

use std::{
    io::{IsTerminal, Read, stdin},
    path::Path,
};

use anyhow::{Context, Result, bail};

use crate::args::SqlArgs;
use answers::Answers;
pub(crate) use opening::prefixes;
pub(crate) use problems::{say_left_out, say_problems};

pub(crate) async fn run(args: &SqlArgs, quiet: bool) -> Result<()> {
    let script = script(args)?;
    let answers = Answers::of(args, quiet)?;
    let engine = opening::engine(args).await?;
    if args.describe {
        return describe::run(&engine, args, quiet).await;
    }
    match script {
        Some((name, script)) => script::run(&engine, &name, &script, answers, quiet).await,
        None => session::run(engine, answers, &args.lake, quiet).await,
    }
}

/// The script and what to call it; none where a session is meant.
fn script(args: &SqlArgs) -> Result<Option<(String, String)>> {
    let (name, script) = match (&args.command, &args.file) {
        _ if args.describe => return Ok(None),
        (Some(query), _) => (String::new(), query.clone()),
        (None, Some(file)) if file.as_os_str() != "-" => (file.display().to_string(), read(file)?),
        (None, None) if stdin().is_terminal() => return Ok(None),
        _ => {
            let mut query = String::new();
            stdin()
                .read_to_string(&mut query)
                .context("cannot read standard input")?;
            ("standard input".to_owned(), query)
        }
    };
    if hydrant_query::statements(&script).is_empty() {
        bail!("the query is empty: give one with -c, or a file with -f");
    }
    Ok(Some((name, script)))
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}
