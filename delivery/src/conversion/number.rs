//! Numbers by their digits: what a decimal, an integer or an epoch is, without the rounding of a float.

/// Why text is no number of the kind that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotThat {
    Number,
    /// It has digits after the point, or more than are kept.
    Exact,
    InRange,
}

/// What becomes of digits that are one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Excess {
    /// Half up, away from zero.
    Round,
    Refuse,
}

/// The number that `text` spells, in units of its `scale`th digit after the point.
///
/// The exponent is never written out: `1e1000000000` costs no more than `1`.
pub(super) fn scaled(text: &str, scale: u8, excess: Excess) -> Result<i128, NotThat> {
    let number = Number::parse(text).ok_or(NotThat::Number)?;
    if number.digits.is_empty() {
        return Ok(0);
    }
    let shift = number.exponent.saturating_add(i64::from(scale));
    let magnitude = if shift >= 0 {
        // 39 digits are the most that a number of 128 bits has.
        if number.digits.len() as u64 > 39_u64.saturating_sub(shift.unsigned_abs()) {
            return Err(NotThat::InRange);
        }
        let zeros = usize::try_from(shift).unwrap_or(0);
        value(&number.digits)?
            .checked_mul(10_i128.pow(u32::try_from(zeros).unwrap_or(0)))
            .ok_or(NotThat::InRange)?
    } else {
        let dropped = usize::try_from(shift.unsigned_abs()).unwrap_or(usize::MAX);
        let kept = number.digits.len().saturating_sub(dropped);
        let (kept_digits, rest) = number.digits.split_at(kept);
        if excess == Excess::Refuse && rest.iter().any(|digit| *digit != b'0') {
            return Err(NotThat::Exact);
        }
        // With more dropped than there are digits, what is left is less than a tenth.
        let up = dropped <= number.digits.len() && rest.first().is_some_and(|it| *it >= b'5');
        value(kept_digits)? + i128::from(up)
    };
    Ok(if number.negative {
        -magnitude
    } else {
        magnitude
    })
}

fn value(digits: &[u8]) -> Result<i128, NotThat> {
    digits.iter().try_fold(0_i128, |value, digit| {
        value
            .checked_mul(10)
            .and_then(|value| value.checked_add(i128::from(digit - b'0')))
            .ok_or(NotThat::InRange)
    })
}

/// Digits without zeros in front, and the power of ten that they count.
struct Number {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Number {
    fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let all = whole.bytes().chain(fraction.bytes());
        if !all.clone().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let places = i64::try_from(fraction.len()).ok()?;
        Some(Self {
            negative,
            digits: all.skip_while(|digit| *digit == b'0').collect(),
            exponent: exponent.saturating_sub(places),
        })
    }
}

/// An exponent that no `i64` holds is as good as the largest that does.
fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let far = if text.starts_with('-') {
        i64::MIN / 2
    } else {
        i64::MAX / 2
    };
    Some(
        text.parse()
            .map_or(far, |it: i64| it.clamp(i64::MIN / 2, i64::MAX / 2)),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_integer_is_itself_however_it_is_spelled(number: i64, zeros in 0_usize..4) {
            let text = number.to_string();
            prop_assert_eq!(scaled(&text, 0, Excess::Refuse), Ok(i128::from(number)));
            let point = format!("{text}.{}", "0".repeat(zeros));
            prop_assert_eq!(scaled(&point, 0, Excess::Refuse), Ok(i128::from(number)));
            let exponent = format!("{text}{}e-{zeros}", "0".repeat(zeros));
            prop_assert_eq!(scaled(&exponent, 0, Excess::Refuse), Ok(i128::from(number)));
            prop_assert_eq!(scaled(&text, 3, Excess::Refuse), Ok(i128::from(number) * 1000));
        }

        #[test]
        fn rounding_is_half_up_away_from_zero(thousandths: i32) {
            let text = format!("{thousandths}e-3");
            let exact = i128::from(thousandths);
            let rounded = (exact.abs() + 5) / 10 * exact.signum();
            prop_assert_eq!(scaled(&text, 2, Excess::Round), Ok(rounded));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+0-9eE.x]{0,60}", scale in 0_u8..40) {
            scaled(&text, scale, Excess::Round).ok();
            scaled(&text, scale, Excess::Refuse).ok();
        }
    }

    #[test]
    fn exponents_are_not_written_out() {
        assert_eq!(
            scaled("1e1000000000", 2, Excess::Round),
            Err(NotThat::InRange)
        );
        assert_eq!(
            scaled("1e99999999999999999999", 2, Excess::Round),
            Err(NotThat::InRange)
        );
        assert_eq!(scaled("1e-99999999999999999999", 2, Excess::Round), Ok(0));
        assert_eq!(scaled("0e1000000000", 2, Excess::Refuse), Ok(0));
        assert_eq!(scaled("1.5", 0, Excess::Refuse), Err(NotThat::Exact));
        assert_eq!(
            scaled("12345678901234567890.12", 2, Excess::Refuse),
            Ok(1_234_567_890_123_456_789_012)
        );
        for text in ["", "-", ".", "1e", "oops", "1 ", "0x1", "1e+", "--1"] {
            assert_eq!(
                scaled(text, 0, Excess::Round),
                Err(NotThat::Number),
                "{text}"
            );
        }
    }
}
