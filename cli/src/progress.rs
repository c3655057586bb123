//! Progress on a terminal; silence in a pipe.

use std::{
    io::{IsTerminal, stderr},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::text;

/// What a bar counts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unit {
    /// Records or events.
    Records,
    /// Bytes.
    Bytes,
}

/// A bar on standard error: with a length when the work's size is known, a spinner otherwise, and nothing
/// where standard error is no terminal or `quiet` is set.
pub(crate) fn bar(what: &'static str, unit: Unit, total: Option<u64>, quiet: bool) -> ProgressBar {
    if quiet || !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(10));
    let template = match (unit, total.is_some()) {
        (Unit::Records, true) => {
            "{prefix:>12} {wide_bar} {human_pos}/{human_len} ({rate}, {eta} left) {msg}"
        }
        (Unit::Records, false) => "{prefix:>12} {spinner} {human_pos} ({rate}) {msg}",
        (Unit::Bytes, true) => {
            "{prefix:>12} {wide_bar} {bytes}/{total_bytes} ({bytes_per_sec}, {eta} left) {msg}"
        }
        (Unit::Bytes, false) => "{prefix:>12} {spinner} {bytes} ({bytes_per_sec}) {msg}",
    };
    dress(bar, template, what)
}

/// A spinner on standard error, for work whose steps cannot be counted.
pub(crate) fn spinner(what: &'static str, quiet: bool) -> ProgressBar {
    if quiet || !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    dress(
        ProgressBar::new_spinner(),
        "{prefix:>12} {spinner} {elapsed}",
        what,
    )
}

fn dress(bar: ProgressBar, template: &str, what: &'static str) -> ProgressBar {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.with_key("rate", rate));
    }
    bar.set_prefix(what);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Whole records a second.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate to look at"
)]
fn rate(state: &ProgressState, out: &mut dyn std::fmt::Write) {
    // The bar has nowhere to report a failed write to.
    write!(out, "{}/s", text::count(state.per_sec() as u64)).ok();
}
