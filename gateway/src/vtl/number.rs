//! Numbers: what Velocity calculates, and which item of a list a value means.

use super::{ast::Operator, value::Value};

/// The index that a value is, in a list of so many items.
pub(super) fn position(items: usize, index: &Value) -> Option<usize> {
    let index = match index {
        Value::Integer(index) => *index,
        Value::Text(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    if index < 0 {
        return items.checked_sub(usize::try_from(index.unsigned_abs()).ok()?);
    }
    usize::try_from(index).ok()
}

/// A number of things.
pub(super) fn whole(number: usize) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "compared with what is no whole number"
)]
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(integer) => Some(*integer as f64),
        Value::Float(float) => Some(*float),
        _ => None,
    }
}

/// Calculates; nothing comes of what are no numbers, and of a division by zero.
pub(super) fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Value {
    if let (Value::Integer(left), Value::Integer(right)) = (left, right) {
        let exact = match operator {
            Operator::Add => left.checked_add(*right),
            Operator::Subtract => left.checked_sub(*right),
            Operator::Multiply => left.checked_mul(*right),
            Operator::Divide => left.checked_div(*right),
            Operator::Remainder => left.checked_rem(*right),
            _ => None,
        };
        if let Some(exact) = exact {
            return Value::Integer(exact);
        }
        if *right == 0 && matches!(operator, Operator::Divide | Operator::Remainder) {
            return Value::Null;
        }
    }
    let Some((left, right)) = number(left).zip(number(right)) else {
        return Value::Null;
    };
    let result = match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Remainder => left % right,
        _ => return Value::Null,
    };
    if result.is_finite() {
        Value::Float(result)
    } else {
        Value::Null
    }
}
