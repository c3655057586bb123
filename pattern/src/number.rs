//! Numbers as patterns compare them: a decimal that a double renders exactly is that double; of any other,
//! only the spelling counts.

/// The double that `text`, a JSON number, is spelled out of, if there is one.
pub(super) fn parse(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    if !number.is_finite() {
        return None;
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    // Up to fifteen digits every decimal comes back from a double, within its range.
    if digits <= 15 && !text.contains(['e', 'E']) {
        return Some(number);
    }
    (decimal(text)? == decimal(&format!("{number:e}"))?).then_some(number)
}

/// Sign, significant digits and exponent: equal for equal decimals.
fn decimal(text: &str) -> Option<(bool, String, i64)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let unsigned = mantissa.trim_start_matches('-');
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = format!("{whole}{fraction}");
    let trimmed = digits.trim_end_matches('0');
    let zeros = i64::try_from(digits.len() - trimmed.len()).ok()?;
    let exponent = exponent
        .checked_sub(i64::try_from(fraction.len()).ok()?)?
        .checked_add(zeros)?;
    let significant = trimmed.trim_start_matches('0');
    if significant.is_empty() {
        return Some((false, String::new(), 0));
    }
    Some((mantissa.starts_with('-'), significant.to_owned(), exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_number_are_one_number() {
        for text in ["300", "300.0", "3.0e2", "3E+2", "30000e-2"] {
            assert_eq!(parse(text), Some(300.0), "{text}");
        }
        assert_eq!(parse("0.1"), Some(0.1));
        assert_eq!(parse("-0"), Some(0.0));
        assert_eq!(parse("123456789012345678"), None);
        assert_eq!(parse("9007199254740993"), None);
        assert_eq!(parse("9007199254740992"), Some(9_007_199_254_740_992.0));
        assert_eq!(parse("1e999"), None);
        assert_eq!(parse("0.10000000000000000001"), None);
    }
}
