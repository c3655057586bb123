//! One statement after the other.

use std::{convert::Infallible, time::Duration};

use anyhow::Result;
use hydrant_query::{Engine, Stats, statements};
use indicatif::ProgressBar;

use super::{
    answers::{Answers, Failure},
    costs, mistakes, say_problems,
};
use crate::{
    output,
    progress::{self, Unit},
};

/// What a query may take before a bar says how far it is.
const PATIENCE: Duration = Duration::from_millis(400);

/// Runs a script to its end, or to the first statement that fails. `name` is what to call it in messages; a query on
/// the command line has none.
pub(super) async fn run(
    engine: &Engine,
    name: &str,
    script: &str,
    mut answers: Answers,
    quiet: bool,
) -> Result<()> {
    let before = engine.stats();
    let done = statement_by_statement(engine, name, script, &mut answers).await;
    match done {
        Ok(_) => answers.finish()?,
        Err(_) => answers.discard(),
    }
    if answers.stats {
        output::say(&costs::shown(&engine.stats().since(&before)));
    }
    if !quiet {
        say_problems(&engine.problems());
    }
    done.map(|_| ())
}

/// Runs the statements of a script; gives the rows of the last.
pub(super) async fn statement_by_statement(
    engine: &Engine,
    name: &str,
    script: &str,
    answers: &mut Answers,
) -> Result<u64> {
    let mut rows = 0;
    for statement in statements(script) {
        let bar = progress::later("reading", Unit::Objects);
        let watched = watch(engine, &bar, engine.stats(), answers.quiet);
        let done = tokio::select! {
            biased;
            done = Box::pin(answers.answer(engine, statement.text, &bar)) => done,
            never = watched => match never {},
        };
        bar.finish_and_clear();
        rows = match done {
            Ok(rows) => rows,
            Err(Failure::Query(error)) => {
                return Err(mistakes::shown(error, name, script, &statement));
            }
            Err(Failure::Other(error)) => return Err(error),
        };
    }
    Ok(rows)
}

/// Moves the bar as objects are read, once the query takes long enough to wonder; never ends.
async fn watch(engine: &Engine, bar: &ProgressBar, before: Stats, quiet: bool) -> Infallible {
    tokio::time::sleep(PATIENCE).await;
    progress::reveal(bar, quiet);
    loop {
        let now = engine.stats().since(&before);
        bar.set_length(now.objects_to_open);
        bar.set_position(now.objects_opened);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
