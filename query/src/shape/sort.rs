//! What kind of value a JSON text is.

use super::{FLOAT_EXACT, float, integer, seen};

/// What kind of value stands somewhere, as far as the type of its column depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Boolean,
    Integer,
    /// An integer that no 64-bit float holds exactly.
    WideInteger,
    Float,
    /// A number that neither a 64-bit integer nor a finite 64-bit float holds.
    BigNumber,
    EmptyObject,
    Object,
    Array,
}

impl Sort {
    /// The sort of a number, given its text.
    pub(crate) fn of_number(number: &[u8]) -> Self {
        match number_kind(number) {
            seen::INTEGER => Self::Integer,
            seen::WIDE_INTEGER => Self::WideInteger,
            seen::FLOAT => Self::Float,
            _ => Self::BigNumber,
        }
    }
}

pub(super) fn number_kind(number: &[u8]) -> u8 {
    if number.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
        return match float(number) {
            Some(_) => seen::FLOAT,
            None => seen::BIG_NUMBER,
        };
    }
    // Fifteen digits are below 2⁵³.
    if number.len() <= 15 {
        return seen::INTEGER;
    }
    match integer(number) {
        Some(value) if value.unsigned_abs() > FLOAT_EXACT => seen::WIDE_INTEGER,
        Some(_) => seen::INTEGER,
        None => seen::BIG_NUMBER,
    }
}
