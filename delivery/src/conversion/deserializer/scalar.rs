//! Values of simple types.

use super::{
    super::{
        columns::Cell,
        hive_type::HiveType,
        number::{Excess, NotThat, scaled},
        time,
    },
    Deserializer, Refusal,
    value::Value,
};

impl Deserializer {
    /// The value of a column of a simple type; `value` is not null.
    pub(super) fn scalar(&self, kind: &HiveType, value: &Value<'_>) -> Result<Cell, Refusal> {
        match kind {
            HiveType::Text | HiveType::Binary => self.text(value),
            HiveType::Boolean => boolean(value),
            HiveType::TinyInt => self.integer(kind, value, i8::MIN.into()..=i8::MAX.into()),
            HiveType::SmallInt => self.integer(kind, value, i16::MIN.into()..=i16::MAX.into()),
            HiveType::Int => self.integer(kind, value, i32::MIN.into()..=i32::MAX.into()),
            HiveType::BigInt => self.integer(kind, value, i64::MIN..=i64::MAX),
            HiveType::Float | HiveType::Double => self.float(value),
            HiveType::Decimal { precision, scale } => {
                self.decimal(kind, value, *precision, scale.unsigned_abs())
            }
            HiveType::Date => {
                let found = text_of(value).and_then(time::days);
                found.map(Cell::Date).ok_or_else(|| unfit(kind, value))
            }
            HiveType::Timestamp => {
                let found = match (self, value) {
                    (Self::OpenX(_), Value::Number(text)) => time::openx_timestamp(text),
                    (Self::OpenX(_), Value::Text(text)) => time::openx_timestamp(text),
                    (Self::Hive(hive), Value::Number(text)) => hive.timestamp(text),
                    (Self::Hive(hive), Value::Text(text)) => hive.timestamp(text),
                    _ => None,
                };
                found.map(Cell::Timestamp).ok_or_else(|| unfit(kind, value))
            }
            HiveType::Array(_) | HiveType::Map(..) | HiveType::Struct(_) => Err(unfit(kind, value)),
        }
    }

    /// Everything is text to OpenX, objects and arrays too; not to Hive's SerDe.
    fn text(&self, value: &Value<'_>) -> Result<Cell, Refusal> {
        match (self, value) {
            (Self::Hive(_), Value::Array(_) | Value::Object(_)) => Err(Refusal::invalid()),
            _ => Ok(Cell::Text(value.to_text(self.lowers_keys()).into_owned())),
        }
    }

    /// A number, or to OpenX the text of one.
    fn number<'v>(&self, value: &'v Value<'_>) -> Result<&'v str, Refusal> {
        match (self, value) {
            (_, Value::Number(number)) => Ok(number),
            (Self::OpenX(_), Value::Text(text)) => Ok(text),
            (Self::Hive(_), other) => Err(Refusal::mismatch(format!(
                "Current token ({}) not numeric, can not use numeric value accessors",
                token(other)
            ))),
            (Self::OpenX(_), other) => Err(for_input(&other.to_text(false))),
        }
    }

    fn integer(
        &self,
        kind: &HiveType,
        value: &Value<'_>,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<Cell, Refusal> {
        let text = self.number(value)?;
        match scaled(text, 0, Excess::Refuse) {
            Ok(number) => i64::try_from(number)
                .ok()
                .filter(|number| range.contains(number))
                .map(Cell::Integer)
                .ok_or_else(|| out_of_range(kind, text)),
            Err(NotThat::InRange) => Err(out_of_range(kind, text)),
            Err(NotThat::Number | NotThat::Exact) => Err(for_input(text)),
        }
    }

    fn float(&self, value: &Value<'_>) -> Result<Cell, Refusal> {
        let text = self.number(value)?;
        let number: f64 = text.parse().map_err(|_| for_input(text))?;
        Ok(Cell::Float(number))
    }

    /// Digits behind the last that is kept are rounded half up, as Hive does.
    fn decimal(
        &self,
        kind: &HiveType,
        value: &Value<'_>,
        precision: u8,
        scale: u8,
    ) -> Result<Cell, Refusal> {
        let text = self.number(value)?;
        match scaled(text, scale, Excess::Round) {
            Ok(number) if number.unsigned_abs() < 10_u128.pow(precision.into()) => {
                Ok(Cell::Decimal(number))
            }
            Ok(_) | Err(NotThat::InRange) => Err(out_of_range(kind, text)),
            Err(NotThat::Number | NotThat::Exact) => Err(for_input(text)),
        }
    }
}

/// True and false, also as text in any case.
fn boolean(value: &Value<'_>) -> Result<Cell, Refusal> {
    match value {
        Value::Boolean(value) => Ok(Cell::Boolean(*value)),
        Value::Text(text) if text.eq_ignore_ascii_case("true") => Ok(Cell::Boolean(true)),
        Value::Text(text) if text.eq_ignore_ascii_case("false") => Ok(Cell::Boolean(false)),
        other => Err(unfit(&HiveType::Boolean, other)),
    }
}

fn text_of<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// Java's words for text that is no number, which AWS passes on.
fn for_input(text: &str) -> Refusal {
    Refusal::mismatch(format!("For input string: \"{text}\""))
}

fn out_of_range(kind: &HiveType, text: &str) -> Refusal {
    Refusal::mismatch(format!("Value {text} is out of range for the type {kind}"))
}

fn unfit(kind: &HiveType, value: &Value<'_>) -> Refusal {
    let text = value.to_text(false);
    Refusal::mismatch(format!("Value {text} is not of the type {kind}"))
}

/// What Jackson, Hive's parser, calls the beginning of a value.
fn token(value: &Value<'_>) -> &'static str {
    match value {
        Value::Null => "VALUE_NULL",
        Value::Boolean(true) => "VALUE_TRUE",
        Value::Boolean(false) => "VALUE_FALSE",
        Value::Number(_) => "VALUE_NUMBER_INT",
        Value::Text(_) => "VALUE_STRING",
        Value::Array(_) => "START_ARRAY",
        Value::Object(_) => "START_OBJECT",
    }
}
