//! What became of intervals: a line each on standard output, and a bar on a terminal.

use std::io::{IsTerminal, Write, stderr, stdout};

use hydrant_jobs::{Attempt, Job, Outcome, Run};
use indicatif::ProgressBar;

use crate::{
    progress::{Unit, bar},
    text,
};

/// Tells of runs as they end.
pub(super) struct Told {
    bar: ProgressBar,
}

impl Told {
    /// Of so many intervals.
    pub(super) fn new(count: usize, quiet: bool) -> Self {
        let shows = count > 1 && stderr().is_terminal();
        let total = u64::try_from(count).ok();
        Self {
            bar: bar("intervals", Unit::Records, total, quiet || !shows),
        }
    }

    pub(super) fn tell(&self, job: &Job, attempt: &Attempt) {
        self.bar.inc(1);
        let line = line(job, attempt);
        self.bar.suspend(|| {
            // A reader that has gone wants no more lines; the work goes on.
            writeln!(stdout(), "{line}").ok();
        });
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn line(job: &Job, attempt: &Attempt) -> String {
    let (Attempt::Ran(run) | Attempt::Held(run) | Attempt::Done(run)) = attempt;
    let what = format!("{} {}", job.name, job.label(&run.interval()));
    match attempt {
        Attempt::Held(_) => format!("{what}: another runner is at it ({})", run.runner),
        Attempt::Done(_) => format!("{what}: done by another runner, {}", rows(run)),
        Attempt::Ran(_) => {
            let reason = run.reason.as_ref().map(|reason| format!("; {reason}"));
            let reason = reason.unwrap_or_default();
            match run.outcome {
                Outcome::Done => format!(
                    "{what}: done, {}, {} read from {} in {} ms{reason}",
                    rows(run),
                    text::bytes(run.bytes_scanned.unsigned_abs()),
                    text::plural(run.objects.unsigned_abs(), "object"),
                    text::count(run.took_ms.unsigned_abs()),
                ),
                outcome => format!("{what}: {outcome}{reason}"),
            }
        }
    }
}

fn rows(run: &Run) -> String {
    text::plural(run.rows.unsigned_abs(), "row")
}
