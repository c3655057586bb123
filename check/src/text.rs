//! Numbers as people read them.

/// Three digits that count, grouped where there are more before the point: `1,235`, `12.4`, `0.0124`.
pub(crate) fn amount(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor();
    if magnitude >= 2.0 {
        return grouped(value.round());
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 12"
    )]
    let places = (2.0 - magnitude).clamp(0.0, 12.0) as usize;
    let text = format!("{value:.places$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// `1,234,567`.
pub(crate) fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `$12.34`, and below a cent `< $0.01`.
pub(crate) fn dollars(value: f64) -> String {
    if value > 0.0 && value < 0.005 {
        return "< $0.01".to_owned();
    }
    let cents = (value * 100.0).round();
    let whole = (cents / 100.0).trunc();
    format!("${}.{:02.0}", grouped(whole), cents - whole * 100.0)
}

/// A price with all its digits.
pub(crate) fn dollars_exact(value: f64) -> String {
    format!("${value}")
}

/// Bytes in the unit of buffering hints, which AWS calls MB: `128 MiB`.
pub(crate) fn mebibytes(value: f64) -> String {
    format!("{} MiB", amount(value / 1_048_576.0))
}

/// Bytes with a decimal unit: `686.3 MB`.
pub(crate) fn bytes(value: f64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let (mut value, mut unit) = (value, 0);
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{} {}", amount(value), UNITS[unit])
}

/// Seconds as a person says them.
pub(crate) fn duration(seconds: f64) -> String {
    let (number, unit) = match seconds {
        it if it >= 86_400.0 => (it / 86_400.0, "day"),
        it if it >= 3600.0 => (it / 3600.0, "hour"),
        it if it >= 60.0 => (it / 60.0, "minute"),
        it => (it, "second"),
    };
    let plural = if (number - 1.0).abs() < 1e-9 { "" } else { "s" };
    format!("{} {unit}{plural}", amount(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits_and_no_zeros() {
        let shown: Vec<String> = [0.0, 0.01239, 1.0, 12.36, 999.6, 1234.5, 2_628_000.0]
            .map(amount)
            .into();
        assert_eq!(
            shown,
            ["0", "0.0124", "1", "12.4", "1,000", "1,235", "2,628,000"]
        );
        assert_eq!(
            [0.0, 0.001, 1.5, 1234.567].map(dollars),
            ["$0.00", "< $0.01", "$1.50", "$1,234.57"]
        );
        assert_eq!(
            [512.0, 1_048_576.0, 999_600.0].map(bytes),
            ["512 B", "1.05 MB", "1 MB"]
        );
        assert_eq!(
            [60.0, 3600.0, 90.0, 300.0].map(duration),
            ["1 minute", "1 hour", "1.5 minutes", "5 minutes"]
        );
    }
}
