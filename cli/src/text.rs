//! Numbers, sizes and bars as people read them.

use unicode_width::UnicodeWidthStr;

/// `1234567` as `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes with a decimal unit: `686.3 MB`.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = number as f64;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{number} B")
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// `1 object`, `2 objects`.
pub(crate) fn plural(number: u64, noun: &str) -> String {
    format!(
        "{} {noun}{}",
        count(number),
        if number == 1 { "" } else { "s" }
    )
}

/// A horizontal bar of at most `width` cells for `value` of `largest`, in eighths of a cell.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a fraction of a small width"
)]
pub(crate) fn bar(value: f64, largest: f64, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if largest <= 0.0 || !value.is_finite() || value <= 0.0 {
        return String::new();
    }
    let eighths = ((value / largest).min(1.0) * (width * 8) as f64).round() as usize;
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

/// Lines of `label  value  bar`, labels and values aligned.
pub(crate) fn bar_chart(rows: &[(String, f64, String)], width: usize) -> String {
    let widest = |texts: &mut dyn Iterator<Item = &String>| {
        texts.map(|text| text.width()).max().unwrap_or(0)
    };
    let label_width = widest(&mut rows.iter().map(|(label, ..)| label));
    let value_width = widest(&mut rows.iter().map(|(.., text)| text));
    let largest = rows.iter().map(|(_, value, _)| *value).fold(0.0, f64::max);
    let room = width.saturating_sub(label_width + value_width + 4).max(8);
    let mut chart = String::new();
    for (label, value, text) in rows {
        let label_pad = " ".repeat(label_width - label.width());
        let value_pad = " ".repeat(value_width - text.width());
        let bar = bar(*value, largest, room);
        chart += format!("{label}{label_pad}  {value_pad}{text}  {bar}").trim_end();
        chart.push('\n');
    }
    chart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_sizes_have_units() {
        let counts: Vec<String> = [0, 999, 1000, 1_234_567].map(count).into();
        assert_eq!(counts, ["0", "999", "1,000", "1,234,567"]);
        let sizes: Vec<String> = [0, 999, 1000, 999_949, 999_950, 686_300_000]
            .map(bytes)
            .into();
        assert_eq!(
            sizes,
            ["0 B", "999 B", "1.0 kB", "999.9 kB", "1.0 MB", "686.3 MB"]
        );
        assert_eq!(
            (plural(1, "object"), plural(2, "object")),
            ("1 object".into(), "2 objects".into())
        );
    }

    #[test]
    fn a_chart_is_aligned_and_proportional() {
        let rows = [("00h", 10.0), ("01h", 5.0), ("日本", 0.0), ("x", 0.3)]
            .map(|(label, value)| (label.to_owned(), value, format!("{value}")));
        insta::assert_snapshot!(bar_chart(&rows, 20), @r"
        00h    10  █████████
        01h     5  ████▌
        日本    0
        x     0.3  ▎
        ");
    }
}
