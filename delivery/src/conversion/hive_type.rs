//! Hive's types, as a Glue table spells them (Hive language manual, "Hive Data Types").

mod parser;

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
        parser::parse(text).map_err(failed)
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
