//! Numbers as charts show them.

/// The value in few characters: `1.2M`, `350`, `0.25`.
pub(crate) fn short(value: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e15).contains(&size) {
        return format!("{value:.1e}");
    }
    for (unit, name) in UNITS {
        if size >= unit * 0.999_5 {
            return trimmed(value / unit, 1) + name;
        }
    }
    trimmed(value, if size < 1.0 { 4 } else { 2 })
}

/// The value with thousands apart: `1,234,567.5`.
pub(crate) fn full(value: f64) -> String {
    if value.abs() >= 1e15 {
        return format!("{value:e}");
    }
    let text = trimmed(value, 4);
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.as_str()),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, format!(".{fraction}")),
        None => (digits, String::new()),
    };
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{fraction}")
}

/// At most `digits` behind the point, and no zeros at the end.
fn trimmed(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_on_axes_and_whole_in_labels() {
        let shown: Vec<String> = [0.0, 0.25, -3.0, 999.0, 1234.0, 1_500_000.0, 2.5e9, 0.00001]
            .map(short)
            .into();
        assert_eq!(
            shown,
            ["0", "0.25", "-3", "999", "1.2k", "1.5M", "2.5G", "1.0e-5"]
        );
        let whole: Vec<String> = [0.0, -1234.5, 1_234_567.0].map(full).into();
        assert_eq!(whole, ["0", "-1,234.5", "1,234,567"]);
    }
}
