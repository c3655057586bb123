//! The two SerDes: how the members of a JSON object become the values of a row.

mod scalar;
mod value;

use std::{borrow::Cow, collections::HashMap, ops::Range};

use hydrant_records::json::JsonError;

use super::{
    Column,
    columns::Cell,
    hive_type::HiveType,
    time::{self, Pattern},
};
use value::{Value, elements, members};

/// Why a record does not become rows, in AWS's words where AWS was seen to have words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

const PARSE_ERROR: &str = "DataFormatConversion.ParseError";
const MALFORMED_DATA: &str = "DataFormatConversion.MalformedData";

impl Refusal {
    pub(super) fn malformed(error: &JsonError) -> Self {
        Self {
            code: PARSE_ERROR,
            message: format!("Encountered malformed JSON. {error}"),
        }
    }

    pub(super) fn empty() -> Self {
        Self {
            code: MALFORMED_DATA,
            message: "The record was empty or contained only whitespace.".to_owned(),
        }
    }

    fn primitive() -> Self {
        let message = "The input JSON contained a primitive at the top level. The top level must be an \
                       object or array.";
        Self {
            code: MALFORMED_DATA,
            message: message.to_owned(),
        }
    }

    /// A value that is not what its column holds.
    fn mismatch(why: impl std::fmt::Display) -> Self {
        Self {
            code: MALFORMED_DATA,
            message: format!("Data does not match the schema. {why}"),
        }
    }

    /// What Hive's SerDe says of an object or an array where text belongs.
    fn invalid() -> Self {
        let message =
            "One or more fields have incorrect format. Exception when validating field (root)";
        Self {
            code: MALFORMED_DATA,
            message: message.to_owned(),
        }
    }
}

/// `Deserializer`, checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Deserializer {
    OpenX(OpenXJson),
    Hive(HiveJson),
}

/// `OpenXJsonSerDe`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OpenXJson {
    pub(crate) case_insensitive: bool,
    pub(crate) dots_to_underscores: bool,
    /// From a column to the key that holds its value.
    pub(crate) mappings: HashMap<String, String>,
}

/// `HiveJsonSerDe`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HiveJson {
    patterns: Vec<Pattern>,
}

impl HiveJson {
    /// The SerDe with `TimestampFormats`, in the order in which they are tried; without any, it reads what
    /// `java.sql.Timestamp` does.
    ///
    /// # Errors
    ///
    /// What is wrong with which of them.
    pub(crate) fn new(formats: &[String]) -> Result<Self, String> {
        let patterns = formats.iter().map(|format| Pattern::parse(format));
        let patterns = patterns.collect::<Result<_, time::PatternError>>();
        Ok(Self {
            patterns: patterns.map_err(|error| error.to_string())?,
        })
    }

    fn timestamp(&self, text: &str) -> Option<i64> {
        if self.patterns.is_empty() {
            return time::sql_timestamp(text);
        }
        self.patterns.iter().find_map(|pattern| pattern.read(text))
    }
}

impl Deserializer {
    /// The row of the object at `place` in `record`.
    pub(super) fn row(
        &self,
        columns: &[Column],
        record: &[u8],
        place: Range<usize>,
    ) -> Result<Vec<Cell>, Refusal> {
        match Value::at(record, place.clone()) {
            Value::Object(object) => {
                let names = columns.iter().map(|column| self.key_of(&column.name));
                let kinds = columns.iter().map(|column| &column.kind);
                self.members(names, kinds, object)
            }
            Value::Array(_) => Err(Refusal::mismatch(
                "An array of JSON documents is not a record: put its elements one behind the other",
            )),
            _ => Err(Refusal::primitive()),
        }
    }

    /// Whether keys mean the same in any case. Hive's SerDe always says so.
    fn ignores_case(&self) -> bool {
        match self {
            Self::OpenX(openx) => openx.case_insensitive,
            Self::Hive(_) => true,
        }
    }

    /// Whether the keys of maps and of objects that become text are lowered: OpenX lowers every key before
    /// it reads a value.
    fn lowers_keys(&self) -> bool {
        matches!(self, Self::OpenX(openx) if openx.case_insensitive)
    }

    /// The key that holds the value of a column.
    fn key_of<'a>(&'a self, column: &'a str) -> Cow<'a, str> {
        let key = match self {
            Self::OpenX(openx) => openx.mappings.get(column).map_or(column, String::as_str),
            Self::Hive(_) => column,
        };
        self.folded(Cow::Borrowed(key))
    }

    /// A key as keys are compared.
    fn folded<'a>(&self, key: Cow<'a, str>) -> Cow<'a, str> {
        let is_lower = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
        if self.ignores_case() && !key.bytes().all(is_lower) {
            key.to_lowercase().into()
        } else {
            key
        }
    }

    /// A key of a record as it is compared: with its dots as underscores, where that is asked for.
    fn found<'a>(&self, key: Cow<'a, str>) -> Cow<'a, str> {
        let key = match self {
            Self::OpenX(openx) if openx.dots_to_underscores && key.contains('.') => {
                key.replace('.', "_").into()
            }
            _ => key,
        };
        self.folded(key)
    }

    /// The values of members by their names; null where there is none. Of a member that is there twice the
    /// last counts.
    fn members<'k>(
        &self,
        names: impl Iterator<Item = Cow<'k, str>>,
        kinds: impl Iterator<Item = &'k HiveType>,
        object: &[u8],
    ) -> Result<Vec<Cell>, Refusal> {
        // Columns are few: to compare them all costs less than to hash every key.
        let names: Vec<Cow<'k, str>> = names.collect();
        let mut values: Vec<Option<Value<'_>>> = vec![None; names.len()];
        for (key, value) in members(object) {
            let key = self.found(key);
            let place = names.iter().position(|name| *name == key);
            if let Some(place) = place.and_then(|place| values.get_mut(place)) {
                *place = Some(value);
            }
        }
        values
            .iter()
            .zip(kinds)
            .map(|(value, kind)| match value {
                Some(value) => self.cell(kind, value),
                None => Ok(Cell::Null),
            })
            .collect()
    }

    fn cell(&self, kind: &HiveType, value: &Value<'_>) -> Result<Cell, Refusal> {
        if *value == Value::Null {
            return Ok(Cell::Null);
        }
        match kind {
            HiveType::Array(element) => self.array(element, value),
            HiveType::Map(key, element) => self.map(key, element, value),
            HiveType::Struct(members) => self.structure(members, value),
            simple => self.scalar(simple, value),
        }
    }

    /// OpenX makes an array of one out of what is none.
    fn array(&self, element: &HiveType, value: &Value<'_>) -> Result<Cell, Refusal> {
        match (value, self) {
            (Value::Array(array), _) => elements(array)
                .map(|value| self.cell(element, &value))
                .collect::<Result<_, _>>()
                .map(Cell::Array),
            (single, Self::OpenX(_)) => Ok(Cell::Array(vec![self.cell(element, single)?])),
            (_, Self::Hive(_)) => Err(Refusal::mismatch(
                "java.io.IOException: Start of Array expected",
            )),
        }
    }

    fn map(&self, key: &HiveType, element: &HiveType, value: &Value<'_>) -> Result<Cell, Refusal> {
        let Value::Object(object) = value else {
            return Err(match self {
                Self::OpenX(_) => not_an_object(value),
                Self::Hive(_) => start_of_object(),
            });
        };
        let entries = members(object).map(|(name, value)| {
            let name = match self {
                Self::OpenX(_) => self.found(name),
                Self::Hive(_) => name,
            };
            let name = self.scalar(key, &Value::Text(name))?;
            Ok((name, self.cell(element, &value)?))
        });
        entries.collect::<Result<_, _>>().map(Cell::Map)
    }

    /// OpenX fills a struct from an array by position.
    fn structure(
        &self,
        described: &[(String, HiveType)],
        value: &Value<'_>,
    ) -> Result<Cell, Refusal> {
        let names = described
            .iter()
            .map(|(name, _)| self.folded(Cow::Borrowed(name)));
        let kinds = described.iter().map(|(_, kind)| kind);
        match (value, self) {
            (Value::Object(object), _) => self.members(names, kinds, object).map(Cell::Struct),
            (Value::Array(array), Self::OpenX(_)) => {
                let mut values = elements(array);
                let cells = kinds.map(|kind| match values.next() {
                    Some(value) => self.cell(kind, &value),
                    None => Ok(Cell::Null),
                });
                cells.collect::<Result<_, _>>().map(Cell::Struct)
            }
            (other, Self::OpenX(_)) => Err(not_an_object(other)),
            (_, Self::Hive(_)) => Err(start_of_object()),
        }
    }
}

fn start_of_object() -> Refusal {
    Refusal::mismatch("java.io.IOException: Start of Object expected")
}

/// Two blanks, as AWS writes it.
fn not_an_object(value: &Value<'_>) -> Refusal {
    Refusal::mismatch(format!(
        "Data is not JSONObject  but {} with value {}",
        value.java_class(),
        value.to_text(false)
    ))
}
