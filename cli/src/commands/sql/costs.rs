//! What a query cost, and what it would have cost elsewhere.

use std::time::Duration;

use hydrant_query::Stats;

use crate::text;

/// What Athena charges for a terabyte scanned, in US dollars, in us-east-1 (Amazon Athena pricing, SQL queries).
const DOLLARS_PER_TERABYTE: f64 = 5.0;

/// When that was the price, as far as is known here.
const PRICE_OF: &str = "November 2026";

/// Bytes that Athena counts at least for a query (same page).
const LEAST: u64 = 10_000_000;

/// What Athena rounds up to (same page).
const ROUNDED_TO: u64 = 1_000_000;

/// The costs as lines for people.
pub(super) fn shown(stats: &Stats) -> String {
    let mut lines = vec![format!(
        "listed   {}{}",
        text::plural(stats.objects_listed, "object"),
        of_bytes(stats.bytes_listed)
    )];
    if stats.files > 0 {
        lines.push(compacted(stats));
    }
    let mut skipped = Vec::new();
    if stats.objects_skipped > 0 {
        let objects = text::plural(stats.objects_skipped, "object");
        skipped.push(format!("{objects} that their keys rule out"));
    }
    if stats.folders_skipped > 0 {
        let folders = text::plural(stats.folders_skipped, "folder");
        skipped.push(format!("{folders} that were not even listed"));
    }
    if !skipped.is_empty() {
        lines.push(format!("skipped  {}", skipped.join(", ")));
    }
    let mut opened = format!(
        "opened   {}{}",
        text::plural(stats.objects_opened, "object"),
        of_bytes(stats.bytes_opened)
    );
    if stats.bytes_inflated > 0 {
        opened += &format!(", {} of text", text::bytes(stats.bytes_inflated));
    }
    if stats.objects_passed_over > 0 {
        opened += &format!(
            "; {} of them without a record that can match",
            text::count(stats.objects_passed_over)
        );
    }
    lines.push(opened);
    if stats.groups + stats.groups_skipped > 0 {
        lines.push(format!(
            "groups   {} of rows read, {} that their statistics rule out",
            text::count(stats.groups),
            text::count(stats.groups_skipped)
        ));
    }
    if stats.objects_sampled + stats.objects_remembered > 0 {
        lines.push(format!(
            "schema   from {}{}, {} known from before",
            text::plural(stats.objects_sampled, "object"),
            of_bytes(stats.bytes_sampled),
            text::count(stats.objects_remembered)
        ));
    }
    if stats.restarts > 0 {
        lines.push(format!(
            "restarts {}, because a value did not fit the schema that was sampled",
            text::count(stats.restarts)
        ));
    }
    if stats.list_requests + stats.get_requests > 0 {
        lines.push(format!(
            "requests {} that list, {} that read",
            text::count(stats.list_requests),
            text::count(stats.get_requests)
        ));
    }
    lines.push(format!("rows     {} read", text::count(stats.rows)));
    lines.push(format!(
        "time     {} listing, {} learning the schema, {} planning, {} running",
        time(stats.listing),
        time(stats.learning),
        time(stats.planning),
        time(stats.running)
    ));
    lines.push(format!(
        "Athena   would have charged about {} ({DOLLARS_PER_TERABYTE} USD a TB scanned, us-east-1, as of {PRICE_OF})",
        dollars(athena(stats.bytes_opened))
    ));
    lines.join("\n")
}

/// What of the table that compaction made.
fn compacted(stats: &Stats) -> String {
    let mut line = format!(
        "table    {}{}, {}",
        text::plural(stats.files, "compacted file"),
        of_bytes(stats.file_bytes),
        text::plural(stats.file_rows, "row"),
    );
    if stats.objects_taken > 0 {
        line += &format!(
            ", instead of {} of the objects",
            text::count(stats.objects_taken)
        );
    }
    if stats.files_skipped > 0 {
        line += &format!(
            "; {} that folders or times rule out",
            text::count(stats.files_skipped)
        );
    }
    line
}

fn of_bytes(bytes: u64) -> String {
    match bytes {
        0 => String::new(),
        bytes => format!(" ({})", text::bytes(bytes)),
    }
}

/// What Athena would have charged for a query that scans these bytes, in dollars.
#[expect(clippy::cast_precision_loss, reason = "an amount to look at")]
fn athena(bytes: u64) -> f64 {
    let counted = bytes.max(LEAST).div_ceil(ROUNDED_TO) * ROUNDED_TO;
    counted as f64 / 1e12 * DOLLARS_PER_TERABYTE
}

fn dollars(amount: f64) -> String {
    if amount < 0.01 {
        format!("{amount:.5} USD")
    } else {
        format!("{amount:.2} USD")
    }
}

/// A time in a unit that fits it.
pub(super) fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 0.000_5 {
        "0 ms".to_owned()
    } else if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1e3)
    } else if seconds < 60.0 {
        format!("{seconds:.2} s")
    } else {
        format!("{}:{:04.1} min", time.as_secs() / 60, seconds % 60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn athena_counts_ten_megabytes_at_least_and_whole_ones() {
        let near = |amount: f64, expected: f64| (amount - expected).abs() < 1e-12;
        assert!(near(athena(0), 0.000_05));
        assert!(near(athena(10_000_001), 0.000_055));
        assert!(near(athena(2_000_000_000_000), 10.0));
        assert_eq!(dollars(athena(1)), "0.00005 USD");
        assert_eq!(dollars(10.0), "10.00 USD");
    }

    #[test]
    fn times_have_a_unit_that_fits() {
        let shown: Vec<String> = [0.0, 0.012, 1.5, 75.25]
            .map(|seconds| time(Duration::from_secs_f64(seconds)))
            .into();
        assert_eq!(shown, ["0 ms", "12 ms", "1.50 s", "1:15.2 min"]);
    }
}
