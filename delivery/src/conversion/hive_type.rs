//! Hive's types, as a Glue table spells them (Hive language manual, "Hive Data Types").

use std::{fmt, sync::Arc};

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};

/// The type of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HiveType {
    Boolean,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Float,
    Double,
    /// `string`, `char(n)` and `varchar(n)`: the length limits nothing here.
    Text,
    Binary,
    Date,
    Timestamp,
    Decimal {
        precision: u8,
        scale: i8,
    },
    Array(Box<HiveType>),
    Map(Box<HiveType>, Box<HiveType>),
    Struct(Vec<(String, HiveType)>),
}

/// Most digits of a decimal (Hive language manual).
const MAX_PRECISION: u8 = 38;

/// Deepest nesting of types. Ours: a hostile schema must not exhaust the stack.
const MAX_DEPTH: usize = 32;

/// Why a type is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the type `{text}` {reason}")]
pub(super) struct TypeError {
    text: String,
    reason: String,
}

impl HiveType {
    /// Reads a type such as `array<struct<sku:string,qty:int>>`.
    pub(super) fn parse(text: &str) -> Result<Self, TypeError> {
        let failed = |reason: String| TypeError {
            text: text.to_owned(),
            reason,
        };
        let mut parser = Parser { rest: text };
        let parsed = parser.any(0).map_err(failed)?;
        parser.blank();
        if parser.rest.is_empty() {
            Ok(parsed)
        } else {
            Err(failed(format!(
                "goes on after its end, at `{}`",
                parser.rest
            )))
        }
    }

    /// The Arrow type that holds its values. A timestamp has microseconds and no zone, as in Hive.
    pub(super) fn to_arrow(&self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::TinyInt => DataType::Int8,
            Self::SmallInt => DataType::Int16,
            Self::Int => DataType::Int32,
            Self::BigInt => DataType::Int64,
            Self::Float => DataType::Float32,
            Self::Double => DataType::Float64,
            Self::Text => DataType::Utf8,
            Self::Binary => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Decimal { precision, scale } => DataType::Decimal128(*precision, *scale),
            Self::Array(element) => DataType::List(Self::element(element)),
            Self::Map(key, value) => DataType::Map(Self::entries(key, value), false),
            Self::Struct(members) => DataType::Struct(Self::fields(members)),
        }
    }

    /// The field of an array's elements.
    pub(super) fn element(element: &Self) -> Arc<Field> {
        Arc::new(Field::new("element", element.to_arrow(), true))
    }

    /// The field of a map's entries.
    pub(super) fn entries(key: &Self, value: &Self) -> Arc<Field> {
        let fields = Fields::from(vec![
            Field::new("key", key.to_arrow(), false),
            Field::new("value", value.to_arrow(), true),
        ]);
        Arc::new(Field::new("key_value", DataType::Struct(fields), false))
    }

    /// The fields of a struct's members.
    pub(super) fn fields(members: &[(String, Self)]) -> Fields {
        members
            .iter()
            .map(|(name, kind)| Field::new(name, kind.to_arrow(), true))
            .collect()
    }
}

/// As Hive spells it.
impl fmt::Display for HiveType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("boolean"),
            Self::TinyInt => f.write_str("tinyint"),
            Self::SmallInt => f.write_str("smallint"),
            Self::Int => f.write_str("int"),
            Self::BigInt => f.write_str("bigint"),
            Self::Float => f.write_str("float"),
            Self::Double => f.write_str("double"),
            Self::Text => f.write_str("string"),
            Self::Binary => f.write_str("binary"),
            Self::Date => f.write_str("date"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Array(element) => write!(f, "array<{element}>"),
            Self::Map(key, value) => write!(f, "map<{key},{value}>"),
            Self::Struct(members) => {
                f.write_str("struct<")?;
                for (index, (name, kind)) in members.iter().enumerate() {
                    let comma = if index > 0 { "," } else { "" };
                    write!(f, "{comma}{name}:{kind}")?;
                }
                f.write_str(">")
            }
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn any(&mut self, depth: usize) -> Result<HiveType, String> {
        if depth > MAX_DEPTH {
            return Err(format!("is nested deeper than {MAX_DEPTH} levels"));
        }
        let word = self.word().to_ascii_lowercase();
        match word.as_str() {
            "boolean" => Ok(HiveType::Boolean),
            "tinyint" => Ok(HiveType::TinyInt),
            "smallint" => Ok(HiveType::SmallInt),
            "int" | "integer" => Ok(HiveType::Int),
            "bigint" => Ok(HiveType::BigInt),
            "float" => Ok(HiveType::Float),
            "double" => Ok(HiveType::Double),
            "string" => Ok(HiveType::Text),
            "binary" => Ok(HiveType::Binary),
            "date" => Ok(HiveType::Date),
            "timestamp" => Ok(HiveType::Timestamp),
            "char" | "varchar" => match self.numbers()?.as_slice() {
                [_] => Ok(HiveType::Text),
                _ => Err(format!("needs a length: {word}(255)")),
            },
            "decimal" => self.decimal(),
            "array" => {
                self.expect('<')?;
                let element = self.any(depth + 1)?;
                self.expect('>')?;
                Ok(HiveType::Array(Box::new(element)))
            }
            "map" => {
                self.expect('<')?;
                let key = self.any(depth + 1)?;
                if matches!(
                    key,
                    HiveType::Array(_) | HiveType::Map(..) | HiveType::Struct(_)
                ) {
                    return Err(format!(
                        "has a map with keys of {key}; keys are simple types"
                    ));
                }
                self.expect(',')?;
                let value = self.any(depth + 1)?;
                self.expect('>')?;
                Ok(HiveType::Map(Box::new(key), Box::new(value)))
            }
            "struct" => self.members(depth),
            "" => Err("has no type where one belongs".to_owned()),
            _ => Err(format!(
                "has `{word}`; there are boolean, tinyint, smallint, int, bigint, float, double, \
                 decimal(p,s), string, char(n), varchar(n), binary, date, timestamp, array<…>, map<…,…> \
                 and struct<…:…>"
            )),
        }
    }

    fn decimal(&mut self) -> Result<HiveType, String> {
        let (precision, scale) = match self.numbers()?.as_slice() {
            [] => (10, 0),
            [precision] => (*precision, 0),
            [precision, scale] => (*precision, *scale),
            _ => return Err("has a decimal of more than two numbers".to_owned()),
        };
        match (u8::try_from(precision), i8::try_from(scale)) {
            (Ok(precision @ 1..=MAX_PRECISION), Ok(scale))
                if u32::from(precision) >= scale_of(scale) =>
            {
                Ok(HiveType::Decimal { precision, scale })
            }
            _ => Err(format!(
                "has a decimal of {precision} digits, {scale} of them after the point; it has 1 to \
                 {MAX_PRECISION}, and no more after the point than in all"
            )),
        }
    }

    fn members(&mut self, depth: usize) -> Result<HiveType, String> {
        self.expect('<')?;
        let mut members: Vec<(String, HiveType)> = Vec::new();
        loop {
            let name = self.name()?;
            if members
                .iter()
                .any(|(other, _)| other.eq_ignore_ascii_case(&name))
            {
                return Err(format!("has two members called `{name}`"));
            }
            self.expect(':')?;
            members.push((name, self.any(depth + 1)?));
            if !self.takes(',') {
                break;
            }
        }
        self.expect('>')?;
        Ok(HiveType::Struct(members))
    }

    /// `(1, 2)`, or nothing.
    fn numbers(&mut self) -> Result<Vec<u32>, String> {
        let mut numbers = Vec::new();
        if !self.takes('(') {
            return Ok(numbers);
        }
        loop {
            let word = self.word();
            numbers.push(
                word.parse()
                    .map_err(|_| format!("has `{word}` where a number belongs"))?,
            );
            if !self.takes(',') {
                break;
            }
        }
        self.expect(')')?;
        Ok(numbers)
    }

    /// The name of a struct's member; between backquotes any characters, a backquote twice.
    fn name(&mut self) -> Result<String, String> {
        let mut name = String::new();
        if self.takes('`') {
            while let Some((part, rest)) = self.rest.split_once('`') {
                name += part;
                self.rest = rest;
                let Some(rest) = rest.strip_prefix('`') else {
                    break;
                };
                name.push('`');
                self.rest = rest;
            }
        } else {
            let end = self
                .rest
                .find([':', '<', '>', ','])
                .unwrap_or(self.rest.len());
            let (word, rest) = self.rest.split_at(end);
            word.trim().clone_into(&mut name);
            self.rest = rest;
        }
        if name.is_empty() {
            return Err("has a struct with a member without a name".to_owned());
        }
        Ok(name)
    }

    fn word(&mut self) -> &'a str {
        self.blank();
        let end = self
            .rest
            .find(|char: char| !char.is_ascii_alphanumeric() && char != '_')
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn takes(&mut self, wanted: char) -> bool {
        self.blank();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.takes(wanted) {
            return Ok(());
        }
        Err(match self.rest.chars().next() {
            Some(found) => format!("has `{found}` where `{wanted}` belongs"),
            None => format!("ends where `{wanted}` belongs"),
        })
    }
}

fn scale_of(scale: i8) -> u32 {
    u32::from(scale.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn simple() -> impl Strategy<Value = HiveType> {
        prop_oneof![
            Just(HiveType::Boolean),
            Just(HiveType::TinyInt),
            Just(HiveType::BigInt),
            Just(HiveType::Double),
            Just(HiveType::Text),
            Just(HiveType::Binary),
            Just(HiveType::Date),
            Just(HiveType::Timestamp),
            (1_u8..=38).prop_flat_map(|precision| {
                (0..=precision).prop_map(move |scale| HiveType::Decimal {
                    precision,
                    scale: i8::try_from(scale).unwrap(),
                })
            }),
        ]
    }

    fn any_type() -> impl Strategy<Value = HiveType> {
        simple().prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                inner.clone().prop_map(|it| HiveType::Array(Box::new(it))),
                (simple(), inner.clone())
                    .prop_map(|(key, value)| HiveType::Map(Box::new(key), Box::new(value))),
                prop::collection::vec(inner, 1..4).prop_map(|kinds| {
                    let members = (0..).zip(kinds);
                    HiveType::Struct(members.map(|(n, kind)| (format!("m{n}"), kind)).collect())
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_type_is_read_as_it_is_written(kind in any_type()) {
            prop_assert_eq!(HiveType::parse(&kind.to_string()), Ok(kind));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[a-z<>,:`() 0-9é]{0,40}") {
            HiveType::parse(&text).ok();
        }
    }

    #[test]
    fn blanks_case_and_quoted_names_are_as_hive_takes_them() {
        for (text, read) in [
            ("DECIMAL( 10 , 2 )", "decimal(10,2)"),
            ("decimal", "decimal(10,0)"),
            ("varchar( 255 )", "string"),
            ("integer", "int"),
            (
                "struct< a : int , `order` : string >",
                "struct<a:int,order:string>",
            ),
            ("struct<`a``b`:string>", "struct<a`b:string>"),
        ] {
            assert_eq!(HiveType::parse(text).unwrap().to_string(), read);
        }
    }

    #[test]
    fn what_is_no_type_is_named() {
        let wrong = [
            "",
            "text",
            "uniontype<int,string>",
            "array<string",
            "array<string>>",
            "struct<a:>",
            "struct<a:int,A:int>",
            "map<struct<a:int>,int>",
            "varchar",
            "decimal(1 0,2)",
            "decimal(39)",
            "decimal(2,3)",
        ];
        let said: Vec<String> = wrong
            .iter()
            .map(|text| HiveType::parse(text).unwrap_err().to_string())
            .collect();
        insta::assert_snapshot!(said.join("\n"));
        let deep = "array<".repeat(100_000);
        assert!(HiveType::parse(&deep).is_err());
    }
}
