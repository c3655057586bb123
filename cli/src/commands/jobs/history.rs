//! `hydrant jobs history`.

use anyhow::{Context, Result};
use hydrant_jobs::{JobError, Jobs, Ledger, history_page, show};
use hydrant_query::{answer, write};

use super::Place;
use crate::{args::HistoryArgs, commands::sql::answers::format, output};

pub(super) async fn history(place: &Place<'_>, args: &HistoryArgs) -> Result<()> {
    let Jobs {
        mut jobs,
        mut mistakes,
    } = place.jobs().await?;
    let ledger = Ledger::history(
        &place.lake,
        place.surroundings.clone(),
        args.name.as_deref(),
    );
    let mut runs = ledger.await?;
    if let Some(name) = &args.name {
        // A job whose file is gone still has its history.
        if runs.is_empty() || jobs.iter().any(|job| job.name == *name) {
            jobs = vec![Jobs { jobs, mistakes }.named(name)?];
            mistakes = Vec::new();
        }
    }
    if let Some(file) = &args.html {
        let page = history_page(&place.lake, &jobs, &place.surroundings).await?;
        std::fs::write(file, page).with_context(|| format!("cannot write {}", file.display()))?;
    } else {
        runs.drain(..runs.len().saturating_sub(args.last));
        let (schema, batches) = show::runs(&runs, &jobs)?;
        let format = format(args.format);
        write(answer(&schema, batches), format, &mut output::open(None)?).await?;
    }
    if mistakes.is_empty() {
        Ok(())
    } else {
        Err(JobError::Mistakes(mistakes).into())
    }
}
