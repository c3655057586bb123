//! Record → partition keys: jq expressions, with a fast path for plain paths.

mod bounds;
mod comparison;
mod error;
mod expression;
mod found;
mod jq;
mod jq16;
mod memo;
mod on_missing;
mod partition_keys;
mod paths;
mod reader;
mod syntax;
mod time;
mod values;
mod walk;
mod well_known;

use std::borrow::Cow;
use std::sync::Arc;

use hydrant_records::json::{self, JsonError, JsonErrorKind, Scanner};
use jaq_core::load::parse::Term;

pub use bounds::Unbounded;
pub(crate) use comparison::Comparison;
pub use error::{KeyError, QueryError, UnknownKey};
pub use memo::KeyMemo;
pub use on_missing::{OnMissing, OnMissingError};
pub use partition_keys::PartitionKeys;
pub use paths::KeyPlace;
pub use reader::KeyReader;
pub use well_known::well_known;

use crate::confinement::ConfinementPolicy;
use crate::limits::MAX_KEYS;
#[cfg(doc)]
use crate::limits::MAX_QUERY_CHARS;
use expression::{FastExpression, plain_text};
#[cfg(doc)]
use hydrant_records::limits::MAX_JSON_DEPTH;
use jq::Program;
pub(crate) use syntax::parse;
use syntax::{check_jq16, check_patterns, member_texts, split_entries};
use values::ValueRules;
use walk::Walk;

/// The filter that writes a time in UTC.
const UTC: &str = "utc";

/// Which filters a query may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// Those of jq, as AWS runs it.
    Jq,
    /// Those of jq, and [`UTC`].
    Hydrant,
}

/// Compiled expressions that give the partition keys of one record.
///
/// Expressions that are plain paths (`.detail.eventType`, `."a-b"`, `.a[0]`), optionally a slice of a
/// string (`.time[0:10]`, counted in code points) and optionally with alternatives (`.a // "none"`), are
/// evaluated in one pass over the bytes of the record, with the answers that jq 1.6 gives. Only for the
/// other keys a document is built and jaq runs.
///
/// Values become text: strings as they are, numbers as the record spells them (`2.0` stays `2.0`),
/// booleans as `true` and `false`. Null, missing, empty, array and object values are a [`KeyError`], unless
/// [`on_missing`](Self::on_missing) gives a default for the first three.
#[derive(Debug, Clone)]
pub struct KeyQuery {
    names: Arc<[String]>,
    plan: Arc<Plan>,
    rules: Arc<ValueRules>,
}

#[derive(Debug)]
struct Plan {
    /// The keys that are plain paths.
    walk: Walk,
    /// The other keys, if there are any.
    program: Option<Program>,
    /// What may make one of them run on.
    unbounded: Option<Unbounded>,
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
    unbounded: Option<Unbounded>,
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
        check_jq16(query)?;
        let mut entries = Vec::new();
        for (position, ((name, value), member)) in (1..).zip(members.iter().zip(texts)) {
            let name = match name {
                Term::Str(None, parts) => plain_text(parts),
                _ => None,
            };
            let name = name.ok_or(QueryError::ComputedName { position })?;
            value.as_ref().map_or(Ok(()), jq16::check_term)?;
            let unbounded = value.as_ref().and_then(|value| bounds::check(value).err());
            let fast = match value {
                Some(value) => FastExpression::from_term(value, Dialect::Jq),
                None => Some(FastExpression::field(&name)),
            };
            entries.push(Entry {
                name,
                fast,
                member: Cow::Borrowed(member),
                unbounded,
            });
        }
        Self::compile(entries, Dialect::Jq)
    }

    /// Compiles `PARTITION_KEYS`: `name=expression` entries with commas between them, such as
    /// `eventType=.detail.eventType,day=.time[0:10]`. Commas inside brackets and strings belong to the
    /// expression; names are ASCII letters, digits, `_`, `-` and `.`.
    ///
    /// Beside the filters of jq there is `utc("pattern")`, which writes the event's own time in UTC, by the
    /// date patterns of prefixes: `day=.time|utc("yyyy-MM-dd")`. It takes `2026-11-02T08:15:30Z`, any offset
    /// in place of the `Z` (none is UTC), and numbers: seconds since 1970, or milliseconds from
    /// 100,000,000,000 on. Null stays null.
    ///
    /// # Errors
    ///
    /// Entries of another form, expressions that are not jq, and more than [`MAX_KEYS`] keys.
    pub fn partition_keys(expr: &str) -> Result<Self, QueryError> {
        let mut entries = Vec::new();
        for (name, expression) in split_entries(expr)? {
            let term = parse(expression)?;
            check_patterns(&term)?;
            let fast = FastExpression::from_term(&term, Dialect::Hydrant);
            // Names need no escaping, and the line break ends a comment.
            let member = Cow::Owned(format!("\"{name}\": ({expression}\n)"));
            entries.push(Entry {
                name: name.to_owned(),
                fast,
                member,
                unbounded: bounds::check(&term).err(),
            });
        }
        Self::compile(entries, Dialect::Hydrant)
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
            let fast = FastExpression::from_term(&term, Dialect::Hydrant);
            let fast = fast.ok_or_else(|| unknown(name))?;
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
                unbounded: None,
            }),
            rules: Arc::default(),
        })
    }

    /// The same query with default values for keys that a record does not have.
    ///
    /// # Errors
    ///
    /// A default for a key that the query does not give.
    pub fn on_missing(mut self, on_missing: OnMissing) -> Result<Self, OnMissingError> {
        if let Some(name) = on_missing
            .names()
            .find(|name| self.names().all(|key| key != *name))
        {
            return Err(OnMissingError::UnknownKey {
                name: name.to_owned(),
                keys: self.names().map(str::to_owned).collect(),
            });
        }
        Arc::make_mut(&mut self.rules).on_missing = on_missing;
        Ok(self)
    }

    /// The same query, with values that lead outside their folder refused or encoded here and not when a
    /// [`Prefix`](crate::Prefix) takes them. For a function on AWS, whose keys go into the S3 key unchecked.
    #[must_use]
    pub fn confined(mut self, policy: ConfinementPolicy) -> Self {
        Arc::make_mut(&mut self.rules).confinement = Some(policy);
        self
    }

    /// Names of the keys, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// True when every key is a plain path, so that no document is built.
    pub fn is_fast(&self) -> bool {
        self.plan.program.is_none()
    }

    /// Whether the query is known to end soon, whatever the record: for those who evaluate queries that are
    /// not their own. A plain path always is. What costs more than a multiple of the record's size is not,
    /// and neither is what the check does not know: loops, definitions, variables and assignments.
    ///
    /// # Errors
    ///
    /// What in the query is to blame.
    pub fn check_bounds(&self) -> Result<(), Unbounded> {
        self.plan.unbounded.clone().map_or(Ok(()), Err)
    }

    /// Finds the keys of one record: one JSON document, with or without white space around it. `out` is
    /// cleared first, and left as far as it got when a key fails. Plain paths come first in it, then the
    /// keys that need jq.
    ///
    /// A query is the operator's code: one that loops or recurses without end does so here, unless
    /// [`check_bounds`](Self::check_bounds) was asked before. No record can
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

    /// Finds the keys of what a function returned for one record: one JSON document, or several (its lines),
    /// which then have to have the same keys, because one record has one place to go.
    ///
    /// # Errors
    ///
    /// As [`evaluate`](Self::evaluate), and documents whose keys differ.
    pub fn evaluate_all(&self, record: &[u8], out: &mut PartitionKeys) -> Result<(), KeyError> {
        let mut documents = json::values(record);
        let first = documents.next().ok_or(KeyError::EmptyRecord)?;
        let first = first.map_err(KeyError::NotJson)?;
        self.evaluate(record.get(first).unwrap_or_default(), out)?;
        let mut others = None;
        for document in documents {
            let document = document.map_err(KeyError::NotJson)?;
            let keys = others.get_or_insert_with(PartitionKeys::new);
            self.evaluate(record.get(document).unwrap_or_default(), keys)?;
            if keys != out {
                return Err(KeyError::Differ);
            }
        }
        Ok(())
    }

    /// The place that these members lead to, each in the object before it, as
    /// [`KeyReader::member`] gives it one at a time. The same for every record.
    pub fn place(&self, members: &[&str]) -> KeyPlace {
        let paths = self.plan.walk.paths();
        members.iter().fold(KeyPlace::RECORD, |place, name| {
            paths.member(place, name.as_bytes())
        })
    }

    /// The names of the members that the query looks at in the object at `place`, and their places.
    pub fn members(&self, place: KeyPlace) -> impl Iterator<Item = (&str, KeyPlace)> {
        self.plan.walk.paths().members(place)
    }

    /// Finds the keys of one record in a scan that the caller makes of it for other reasons.
    pub fn reader<'a>(&self) -> KeyReader<'_, 'a> {
        KeyReader::new(self)
    }

    fn compile(entries: Vec<Entry<'_>>, dialect: Dialect) -> Result<Self, QueryError> {
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
        let mut unbounded = None;
        for entry in entries {
            match entry.fast {
                Some(expression) if unique => fast.push((entry.name, expression)),
                _ => {
                    unbounded = unbounded.or(entry.unbounded);
                    slow.push((entry.name, entry.member));
                }
            }
        }
        let program = if slow.is_empty() {
            None
        } else {
            Some(Program::compile(slow, dialect)?)
        };
        let plan = Plan {
            walk: Walk::new(fast),
            program,
            unbounded,
        };
        Ok(Self {
            names: names.into(),
            plan: Arc::new(plan),
            rules: Arc::default(),
        })
    }

    /// The same query without the fast path, to compare with; with `utc`.
    #[cfg(test)]
    fn through_jq(query: &str) -> Result<Self, QueryError> {
        let texts = member_texts(query)?.into_iter().map(Cow::Borrowed);
        let name = |text: &Cow<'_, str>| text.split(':').next().unwrap_or_default().to_owned();
        let members: Vec<_> = texts.map(|text| (name(&text), text)).collect();
        let names: Vec<_> = members.iter().map(|(name, _)| name.clone()).collect();
        let program = Program::compile(members, Dialect::Hydrant)?;
        let plan = Plan {
            walk: Walk::new(Vec::new()),
            program: Some(program),
            unbounded: None,
        };
        Ok(Self {
            names: names.into(),
            plan: Arc::new(plan),
            rules: Arc::default(),
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

#[cfg(test)]
mod tests;
