//! Record → partition keys: jq expressions, with a fast path for plain paths.

mod error;
mod expression;
mod found;
mod jq;
mod partition_keys;
mod paths;
mod reader;
mod walk;

use std::borrow::Cow;
use std::sync::Arc;

use hydrant_records::json::{JsonError, JsonErrorKind, Scanner};
use jaq_core::load::lex::{Lexer, StrPart, Tok, Token};
use jaq_core::load::parse::{Parser, Term};
use jaq_core::load::{Error as LoadError, span};

pub use error::{KeyError, QueryError, UnknownKey};
pub use partition_keys::PartitionKeys;
pub use paths::KeyPlace;
pub use reader::KeyReader;

use crate::limits::{MAX_KEYS, MAX_QUERY_CHARS};
use expression::{FastExpression, plain_text};
#[cfg(doc)]
use hydrant_records::limits::MAX_JSON_DEPTH;
use jq::{Program, syntax_error};
use walk::Walk;

/// Levels of brackets, operators and keywords within one another that a query may have. The jq parser,
/// compiler and interpreter recurse once or more for each, in frames of several kilobytes.
const MAX_NESTING: usize = 64;

/// Compiled expressions that give the partition keys of one record.
///
/// Expressions that are plain paths (`.detail.eventType`, `."a-b"`, `.a[0]`), optionally a slice of a
/// string (`.time[0:10]`, counted in code points) and optionally with alternatives (`.a // "none"`), are
/// evaluated in one pass over the bytes of the record, with the answers that jq 1.6 gives. Only for the
/// other keys a document is built and jaq runs.
///
/// Values become text: strings as they are, numbers as the record spells them (`2.0` stays `2.0`),
/// booleans as `true` and `false`. Null, missing, empty, array and object values are a [`KeyError`].
#[derive(Debug, Clone)]
pub struct KeyQuery {
    names: Arc<[String]>,
    plan: Arc<Plan>,
}

#[derive(Debug)]
struct Plan {
    /// The keys that are plain paths.
    walk: Walk,
    /// The other keys, if there are any.
    program: Option<Program>,
}

// Delivery calls one query from several threads.
const _: () = {
    const fn send_and_sync<T: Send + Sync>() {}
    send_and_sync::<KeyQuery>();
};

/// One key of a query before it is compiled.
struct Entry<'q> {
    name: String,
    fast: Option<FastExpression>,
    /// `name: expression` as jq reads it inside an object constructor.
    member: Cow<'q, str>,
}

impl KeyQuery {
    /// Compiles a `MetadataExtractionQuery`: one jq object constructor, such as
    /// `{eventType: .detail.eventType, day: (.time[0:10])}`, with at most
    /// [`MAX_KEYS`] keys whose names are written out.
    ///
    /// # Errors
    ///
    /// Text that is not jq, not an object constructor, or beyond AWS's limits.
    pub fn metadata_extraction(query: &str) -> Result<Self, QueryError> {
        let Term::Obj(members) = parse(query)? else {
            return Err(QueryError::NotAnObject);
        };
        let texts = member_texts(query)?;
        let mut entries = Vec::new();
        for (position, ((name, value), member)) in (1..).zip(members.iter().zip(texts)) {
            let name = match name {
                Term::Str(None, parts) => plain_text(parts),
                _ => None,
            };
            let name = name.ok_or(QueryError::ComputedName { position })?;
            let fast = match value {
                Some(value) => FastExpression::from_term(value),
                None => Some(FastExpression::field(&name)),
            };
            entries.push(Entry {
                name,
                fast,
                member: Cow::Borrowed(member),
            });
        }
        Self::compile(entries)
    }

    /// Compiles `PARTITION_KEYS`: `name=expression` entries with commas between them, such as
    /// `eventType=.detail.eventType,day=.time[0:10]`. Commas inside brackets and strings belong to the
    /// expression; names are ASCII letters, digits, `_`, `-` and `.`.
    ///
    /// # Errors
    ///
    /// Entries of another form, expressions that are not jq, and more than [`MAX_KEYS`] keys.
    pub fn partition_keys(expr: &str) -> Result<Self, QueryError> {
        let mut entries = Vec::new();
        for (name, expression) in split_entries(expr)? {
            let fast = FastExpression::from_term(&parse(expression)?);
            // Names need no escaping, and the line break ends a comment.
            let member = Cow::Owned(format!("\"{name}\": ({expression}\n)"));
            entries.push(Entry {
                name: name.to_owned(),
                fast,
                member,
            });
        }
        Self::compile(entries)
    }

    /// A query for the keys that a prefix asks for, made of the expressions of [`well_known`].
    ///
    /// # Errors
    ///
    /// A name that has no expression.
    pub fn well_known<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self, UnknownKey> {
        let unknown = |name: &str| UnknownKey {
            name: name.to_owned(),
        };
        let mut keys = Vec::new();
        for name in names {
            let expression = well_known(name).ok_or_else(|| unknown(name))?;
            let term = parse(expression).map_err(|_| unknown(name))?;
            let fast = FastExpression::from_term(&term).ok_or_else(|| unknown(name))?;
            if keys.iter().all(|(known, _)| known != name) {
                keys.push((name.to_owned(), fast));
            }
        }
        let names = keys.iter().map(|(name, _)| name.clone()).collect();
        Ok(Self {
            names,
            plan: Arc::new(Plan {
                walk: Walk::new(keys),
                program: None,
            }),
        })
    }

    /// Names of the keys, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// True when every key is a plain path, so that no document is built.
    pub fn is_fast(&self) -> bool {
        self.plan.program.is_none()
    }

    /// Finds the keys of one record: one JSON document, with or without white space around it. `out` is
    /// cleared first, and left as far as it got when a key fails. Plain paths come first in it, then the
    /// keys that need jq.
    ///
    /// A query is the operator's code: one that loops or recurses without end does so here. No record can
    /// make another one do it: documents are at most [`MAX_JSON_DEPTH`] deep.
    ///
    /// # Errors
    ///
    /// The record is not one JSON document, or a key has no usable value.
    pub fn evaluate(&self, record: &[u8], out: &mut PartitionKeys) -> Result<(), KeyError> {
        out.clear();
        let mut reader = self.reader();
        let mut read = |scanner: &mut _| reader.value(KeyPlace::RECORD, scanner).map(drop);
        whole_document(record, &mut read).map_err(KeyError::NotJson)?;
        reader.finish(record, out)
    }

    /// The place that these members lead to, each in the object before it, as
    /// [`KeyReader::member`] gives it one at a time. The same for every record.
    pub fn place(&self, members: &[&str]) -> KeyPlace {
        let paths = self.plan.walk.paths();
        members.iter().fold(KeyPlace::RECORD, |place, name| {
            paths.member(place, name.as_bytes())
        })
    }

    /// Finds the keys of one record in a scan that the caller makes of it for other reasons.
    pub fn reader<'a>(&self) -> KeyReader<'_, 'a> {
        KeyReader::new(self)
    }

    fn compile(entries: Vec<Entry<'_>>) -> Result<Self, QueryError> {
        match entries.len() {
            0 => return Err(QueryError::Empty),
            1..=MAX_KEYS => {}
            count => return Err(QueryError::TooManyKeys { count }),
        }
        let mut names: Vec<String> = Vec::new();
        for entry in &entries {
            if !names.contains(&entry.name) {
                names.push(entry.name.clone());
            }
        }
        // jq evaluates every value of a name that stands twice, and keeps the last.
        let unique = names.len() == entries.len();
        let (mut fast, mut slow) = (Vec::new(), Vec::new());
        for entry in entries {
            match entry.fast {
                Some(expression) if unique => fast.push((entry.name, expression)),
                _ => slow.push((entry.name, entry.member)),
            }
        }
        let program = if slow.is_empty() {
            None
        } else {
            Some(Program::compile(slow)?)
        };
        let plan = Plan {
            walk: Walk::new(fast),
            program,
        };
        Ok(Self {
            names: names.into(),
            plan: Arc::new(plan),
        })
    }

    /// The same query without the fast path, to compare with.
    #[cfg(test)]
    fn through_jq(query: &str) -> Result<Self, QueryError> {
        let names = Self::metadata_extraction(query)?.names;
        let texts = member_texts(query)?.into_iter().map(Cow::Borrowed);
        let program = Program::compile(names.iter().cloned().zip(texts).collect())?;
        let plan = Plan {
            walk: Walk::new(Vec::new()),
            program: Some(program),
        };
        Ok(Self {
            names,
            plan: Arc::new(plan),
        })
    }
}

/// Has `read` read the value in `record`, and checks that it is all that there is.
fn whole_document<'a, T>(
    record: &'a [u8],
    read: impl FnOnce(&mut Scanner<'a>) -> Result<T, JsonError>,
) -> Result<T, JsonError> {
    let mut scanner = Scanner::new(record, 0);
    scanner.skip_whitespace();
    let document = read(&mut scanner)?;
    scanner.check_utf8(0..scanner.offset())?;
    scanner.skip_whitespace();
    match scanner.peek() {
        None => Ok(document),
        Some(_) => Err(JsonError {
            kind: JsonErrorKind::AfterValue,
            offset: scanner.offset(),
        }),
    }
}

/// The expression that finds a key of that name in an event as the bus delivers it, where there is one.
/// Year to hour come from the event's own time, not from its arrival.
pub fn well_known(name: &str) -> Option<&'static str> {
    Some(match name {
        "eventType" => ".detail.eventType",
        "schemaVersion" => ".detail.schemaVersion",
        "clientId" => ".detail.clientId",
        "year" => ".time[0:4]",
        "month" => ".time[5:7]",
        "day" => ".time[8:10]",
        "hour" => ".time[11:13]",
        "date" => ".time[0:10]",
        _ => return None,
    })
}

/// The texts between the commas of an object constructor.
fn member_texts(query: &str) -> Result<Vec<&str>, QueryError> {
    let tokens = Lexer::new(query)
        .lex()
        .map_err(|errors| syntax_error(query, Some(&LoadError::Lex(errors))))?;
    let [Token(_, Tok::Block(tokens))] = tokens.as_slice() else {
        return Err(QueryError::NotAnObject);
    };
    let mut texts = Vec::new();
    let mut start = None;
    for Token(text, kind) in tokens {
        let at = span(query, text);
        if matches!(kind, Tok::Sym) && matches!(*text, "," | "}") {
            if let Some(start) = start.take() {
                texts.push(query.get(start..at.start).unwrap_or_default());
            }
        } else {
            start.get_or_insert(at.start);
        }
    }
    Ok(texts)
}

/// Reads a jq expression, refusing what would make the parser recurse without bound.
pub(crate) fn parse(text: &str) -> Result<Term<&str>, QueryError> {
    check_size(text)?;
    let tokens = Lexer::new(text)
        .lex()
        .map_err(|errors| syntax_error(text, Some(&LoadError::Lex(errors))))?;
    if nesting(&tokens) > MAX_NESTING {
        return Err(QueryError::TooLarge);
    }
    Parser::new(&tokens).parse(Parser::term).map_err(|errors| {
        let errors = errors.into_iter();
        let errors = errors.map(|(expected, near)| (expected, Token::opt_as_str(near, text)));
        syntax_error(text, Some(&LoadError::Parse(errors.collect())))
    })
}

/// Length and bracket depth, without the lexer, which recurses too. Brackets inside strings count: a
/// string may hold interpolations.
fn check_size(text: &str) -> Result<(), QueryError> {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    if deepest > MAX_NESTING || text.chars().nth(MAX_QUERY_CHARS).is_some() {
        return Err(QueryError::TooLarge);
    }
    Ok(())
}

/// How deep the parser may go: along the deepest way, the brackets, and in each the words and operators
/// between two commas. The depth of brackets themselves was checked before.
fn nesting(tokens: &[Token<&str>]) -> usize {
    let mut deepest = 0;
    let mut here = 0;
    let mut below = 0;
    for Token(text, kind) in tokens {
        match kind {
            Tok::Block(tokens) => below = below.max(1 + nesting(tokens)),
            Tok::Str(parts) => {
                for part in parts {
                    if let StrPart::Term(token) = part {
                        below = below.max(1 + nesting(std::slice::from_ref(token)));
                    }
                }
            }
            Tok::Sym if *text == "," => {
                deepest = deepest.max(here + below);
                (here, below) = (0, 0);
            }
            Tok::Sym if text.starts_with(['.', ':', ']', ')', '}', '?']) => {}
            Tok::Word | Tok::Fmt | Tok::Sym => here += 1,
            Tok::Var | Tok::Num => {}
        }
    }
    deepest.max(here + below)
}

/// Splits `a=…,b=…` where jq itself sees a comma.
fn split_entries(expr: &str) -> Result<Vec<(&str, &str)>, QueryError> {
    check_size(expr)?;
    let mut entries = Vec::new();
    let mut rest = expr;
    loop {
        let not_an_entry = || QueryError::NotAnEntry {
            entry: rest.trim().to_owned(),
        };
        let (name, tail) = rest.split_once('=').ok_or_else(not_an_entry)?;
        let name = name.trim();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || !name.chars().all(plain) {
            return Err(not_an_entry());
        }
        let tokens = Lexer::new(tail)
            .lex()
            .map_err(|errors| syntax_error(tail, Some(&LoadError::Lex(errors))))?;
        let comma = tokens
            .iter()
            .find(|Token(text, kind)| *text == "," && matches!(kind, Tok::Sym));
        let Some(Token(comma, _)) = comma else {
            entries.push((name, tail));
            return Ok(entries);
        };
        if entries.len() > MAX_KEYS {
            return Err(QueryError::TooManyKeys {
                count: entries.len(),
            });
        }
        let at = span(tail, comma);
        entries.push((name, tail.get(..at.start).unwrap_or_default()));
        rest = tail.get(at.end..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests;
