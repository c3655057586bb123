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
    /// Objects of a lake.
    Objects,
}

/// A bar on standard error: with a length when the work's size is known, a spinner otherwise, and nothing
/// where standard error is no terminal or `quiet` is set.
pub(crate) fn bar(what: &'static str, unit: Unit, total: Option<u64>, quiet: bool) -> ProgressBar {
    if quiet || !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(10));
    dress(bar, template(unit, total.is_some()), what)
}

fn template(unit: Unit, has_total: bool) -> &'static str {
    match (unit, has_total) {
        (Unit::Records, true) => {
            "{prefix:>12} {wide_bar} {human_pos}/{human_len} ({rate}, {eta} left) {msg}"
        }
        (Unit::Records, false) => "{prefix:>12} {spinner} {human_pos} ({rate}) {msg}",
        (Unit::Bytes, true) => {
            "{prefix:>12} {wide_bar} {bytes}/{total_bytes} ({bytes_per_sec}, {eta} left) {msg}"
        }
        (Unit::Bytes, false) => "{prefix:>12} {spinner} {bytes} ({bytes_per_sec}) {msg}",
        (Unit::Objects, true) => {
            "{prefix:>12} {wide_bar} {human_pos}/{human_len} objects ({eta} left) {msg}"
        }
        (Unit::Objects, false) => "{prefix:>12} {spinner} {human_pos} objects {msg}",
    }
}

/// A bar that is not seen until [`reveal`]: most work is done before anybody would look.
pub(crate) fn later(what: &'static str, unit: Unit) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
    dress(bar, template(unit, true), what)
}

/// Shows a bar of [`later`], where [`bar`] would.
pub(crate) fn reveal(bar: &ProgressBar, quiet: bool) {
    if !quiet && stderr().is_terminal() && !bar.is_finished() {
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
    }
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
