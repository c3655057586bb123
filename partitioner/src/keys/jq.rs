//! Everything that is not a plain path: the query compiled by jaq, run over a document.
//!
//! Known differences from jq 1.6, which AWS runs: numbers keep the spelling of the record (`2.0` stays
//! `2.0`, `1e3` stays `1e3`, integers are exact at any size); a slice of null is an error, not null; an
//! object takes a number as an index and gives null; the first half of a surrogate pair without the second
//! is U+FFFD, as the second without the first, and does not fail the record; a record that is not UTF-8 is
//! refused, not repaired; documents go 128 levels deep, not 256; and filters that read the clock, the
//! environment or the local time zone are not there.

use std::borrow::Cow;

use hydrant_records::json::{JsonError, Scanner, unescape};
use jaq_core::load::{Arena, Error as LoadError, File, Loader};
use jaq_core::native::{bome, run, unary, v};
use jaq_core::{Compiler, Ctx, Filter, Vars, data};
use jaq_json::{Map, Num, Rc, Val};

use super::error::{KeyError, QueryError};
use super::found::Found;
use super::partition_keys::PartitionKeys;
use super::time::{NotATime, utc_of_number, utc_of_text};
use super::values::ValueRules;
use super::{Dialect, UTC, whole_document};
use crate::prefix::DatePattern;

/// Filters that would make a key depend on something other than the record, stop the process, or write
/// to a terminal; and the definitions built on them.
pub(super) const LEFT_OUT: [&str; 11] = [
    "now",
    "env",
    "halt",
    "halt_error",
    "debug",
    "debug_empty",
    "stderr",
    "stderr_empty",
    "localtime",
    "strflocaltime",
    "input_line_number",
];

/// The filter that reads JSON. jaq's goes as deep as the text does, and so through the stack: ours does not.
const FROMJSON: &str = "fromjson";

/// A compiled query whose result is one object.
pub(super) struct Program {
    names: Vec<String>,
    filter: Filter<data::JustLut<Val>>,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").finish_non_exhaustive()
    }
}

impl Program {
    /// Compiles the object constructor of these members, each with its name.
    pub(super) fn compile(
        members: Vec<(String, Cow<'_, str>)>,
        dialect: Dialect,
    ) -> Result<Self, QueryError> {
        let mut query = String::from("{");
        let mut names: Vec<String> = Vec::new();
        for (name, member) in members {
            query.push_str(&member);
            // A line break ends a comment.
            query.push_str("\n,");
            if !names.contains(&name) {
                names.push(name);
            }
        }
        query.push('}');
        Ok(Self {
            names,
            filter: compile(&query, dialect)?,
        })
    }

    /// Appends the keys of one record.
    pub(super) fn evaluate(
        &self,
        record: &[u8],
        rules: &ValueRules,
        out: &mut PartitionKeys,
    ) -> Result<(), KeyError> {
        let document = read(record)?;
        let object = self.run(document)?;
        for name in &self.names {
            let key = || name.clone();
            let value = object.iter().find_map(|(field, value)| match field {
                Val::TStr(field) if ***field == *name.as_bytes() => Some(value),
                _ => None,
            });
            match value {
                None | Some(Val::Null) => rules.missing(name, out)?,
                Some(Val::Arr(_)) => {
                    return Err(KeyError::NotScalar {
                        key: key(),
                        kind: "array",
                    });
                }
                Some(Val::Obj(_)) => {
                    return Err(KeyError::NotScalar {
                        key: key(),
                        kind: "object",
                    });
                }
                Some(Val::TStr(text) | Val::BStr(text)) => {
                    let text = std::str::from_utf8(text);
                    let text = text.map_err(|_| KeyError::NotUtf8 { key: key() })?;
                    rules.push(name, out, |out| out.push_str(text))?;
                }
                Some(scalar @ (Val::Bool(_) | Val::Num(_))) => {
                    let text = scalar.to_string();
                    rules.push(name, out, |out| out.push_str(&text))?;
                }
            }
        }
        Ok(())
    }

    fn run(&self, document: Val) -> Result<Rc<Map>, KeyError> {
        let ctx = Ctx::<data::JustLut<Val>>::new(&self.filter.lut, Vars::new([]));
        let mut results = self.filter.id.run((ctx, document));
        let first = results.next().ok_or(KeyError::NotOneResult {
            results: "no result",
        })?;
        let first = first.map_err(|exception| match exception.get_err() {
            Ok(error) => KeyError::Jq {
                reason: reason(error.into_val()),
            },
            Err(_) => KeyError::Jq {
                reason: "the query stopped without a result".to_owned(),
            },
        })?;
        match (first, results.next()) {
            (Val::Obj(object), None) => Ok(object),
            (_, Some(_)) => Err(KeyError::NotOneResult {
                results: "several results",
            }),
            (_, None) => Err(KeyError::NotOneResult {
                results: "something other than an object",
            }),
        }
    }
}

fn compile(query: &str, dialect: Dialect) -> Result<Filter<data::JustLut<Val>>, QueryError> {
    let defs = jaq_core::defs()
        .chain(jaq_std::defs())
        .chain(jaq_json::defs());
    let defs = defs.filter(|def| !LEFT_OUT.contains(&def.name));
    let funs = jaq_core::funs()
        .chain(jaq_std::funs())
        .chain(jaq_json::funs());
    let funs = funs.filter(|(name, ..)| !LEFT_OUT.contains(name) && *name != FROMJSON);
    let funs = funs.chain([run::<data::JustLut<Val>>((FROMJSON, v(0), |cv| {
        bome(from_json(&cv.1))
    }))]);
    let own = (dialect == Dialect::Hydrant).then(|| run::<data::JustLut<Val>>((UTC, v(1), utc)));
    let funs = funs.chain(own);
    let arena = Arena::default();
    let modules = Loader::new(defs)
        .load(
            &arena,
            File {
                code: query,
                path: (),
            },
        )
        .map_err(|errors| syntax_error(query, errors.first().map(|(_, error)| error)))?;
    let filter = Compiler::default()
        .with_funs(funs)
        .compile(modules)
        .map_err(|errors| {
            let first = errors.into_iter().flat_map(|(_, errors)| errors).next();
            first.map_or_else(
                || syntax_error(query, None),
                |(name, kind)| QueryError::Undefined {
                    kind: kind.as_str(),
                    name: name.to_owned(),
                },
            )
        })?;
    Ok(filter)
}

/// `utc(pattern)`: writes a time by a date pattern, in UTC; null stays null.
fn utc(cv: jaq_core::Cv<'_, data::JustLut<Val>>) -> jaq_core::ValXs<'_, Val> {
    unary(cv, |time, pattern| {
        let Val::TStr(pattern) = &pattern else {
            return Err(jaq_core::Error::typ(pattern, "string"));
        };
        let pattern = String::from_utf8_lossy(pattern);
        let pattern = DatePattern::parse(&pattern).map_err(jaq_core::Error::str)?;
        let utc = match &time {
            Val::Null => return Ok(Val::Null),
            Val::TStr(text) => utc_of_text(&String::from_utf8_lossy(text)),
            Val::Num(number) => utc_of_number(&number.to_string()),
            _ => return Err(jaq_core::Error::typ(time, "time")),
        };
        let utc = utc.map_err(|NotATime(text)| {
            jaq_core::Error::str(format_args!(
                "{text:?} is no time such as 2026-11-02T08:15:30Z or 2026-11-02T08:15:30+02:00"
            ))
        })?;
        let mut out = String::new();
        pattern.format_utc(utc, &mut out);
        Ok(Val::from(out))
    })
}

/// `fromjson`: one JSON document, by the rules of a record; a number may be spelled as jq reads one, `007`.
fn from_json(text: &Val) -> Result<Val, jaq_core::Error<Val>> {
    let (Val::TStr(bytes) | Val::BStr(bytes)) = text else {
        return Err(jaq_core::Error::typ(text.clone(), "string"));
    };
    if !bytes.iter().any(|byte| matches!(byte, b'[' | b'{'))
        && let Ok(scalar) = jaq_json::read::parse_single(bytes)
    {
        return Ok(scalar);
    }
    whole_document(bytes, value).map_err(|error| {
        let text: String = String::from_utf8_lossy(bytes).chars().take(40).collect();
        jaq_core::Error::str(format_args!("{text:?} is not JSON: {error}"))
    })
}

/// The first thing that kept a query from being read, at the place where it stands.
pub(super) fn syntax_error(query: &str, error: Option<&LoadError<&str>>) -> QueryError {
    let (near, expected) = match error {
        Some(LoadError::Lex(errors)) => errors
            .first()
            .map_or(("", ""), |(expected, near)| (*near, expected.as_str())),
        Some(LoadError::Parse(errors)) => errors
            .first()
            .map_or(("", ""), |(expected, near)| (*near, expected.as_str())),
        Some(LoadError::Io(_)) => ("import", "no module"),
        None => ("", "an expression"),
    };
    QueryError::Syntax {
        text: query.to_owned(),
        near: near.chars().take(24).collect(),
        expected: if expected.is_empty() {
            "nothing more".to_owned()
        } else {
            expected.to_owned()
        },
    }
}

/// jq's own text, cut short: it may quote the whole record.
fn reason(error: Val) -> String {
    const LONGEST: usize = 200;
    let text = match error {
        Val::TStr(text) => String::from_utf8_lossy(&text).into_owned(),
        other => other.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Reads a record as jq does.
fn read(record: &[u8]) -> Result<Val, KeyError> {
    whole_document(record, value).map_err(KeyError::NotJson)
}

/// The value where `scanner` stands. Recursion is bounded by the depth that the scanner allows.
fn value(scanner: &mut Scanner<'_>) -> Result<Val, JsonError> {
    match scanner.peek() {
        Some(b'{') => {
            let mut object = Map::default();
            scanner.enter_object()?;
            while let Some(key) = scanner.next_member()? {
                let name = string(scanner.text(key));
                object.insert(name, value(scanner)?);
            }
            Ok(Val::obj(object))
        }
        Some(b'[') => {
            let mut array = Vec::new();
            scanner.enter_array()?;
            while scanner.next_element()? {
                array.push(value(scanner)?);
            }
            Ok(array.into_iter().collect())
        }
        _ => {
            let value = scanner.skip_value()?;
            Ok(match Found::scalar(scanner.text(value)) {
                Found::Bool(value) => Val::Bool(value),
                Found::Number(digits) => Val::Num(number(digits)),
                Found::String(spelled) => string(spelled),
                _ => Val::Null,
            })
        }
    }
}

/// The string that is spelled so between its quotes. Bytes that are not UTF-8 are replaced, and refused
/// when the whole document was read.
fn string(spelled: &[u8]) -> Val {
    let mut text = String::with_capacity(spelled.len());
    unescape(&String::from_utf8_lossy(spelled), &mut text);
    Val::from(text)
}

fn number(digits: &[u8]) -> Num {
    // A number that was scanned is ASCII.
    let digits = str::from_utf8(digits).unwrap_or("0");
    let integer = digits != "-0" && !digits.contains(['.', 'e', 'E']);
    let integer = integer.then(|| Num::from_str_radix(digits, 10)).flatten();
    integer.unwrap_or_else(|| Num::Dec(Rc::new(digits.to_owned())))
}
