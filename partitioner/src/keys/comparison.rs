//! Conditions that compare plain paths with literals, found in one pass over the record.

use std::sync::Arc;

use hydrant_records::json::key_equals;
use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::ops::Cmp;

use super::error::KeyError;
use super::expression::{FastExpression, Source, Take, plain_text};
use super::found::{Found, Slots};
use super::paths::{KeyPlace, Paths};
use super::walk::Walk;
use super::{Dialect, KeyQuery, Plan, whole_document};

/// `.path`, `.path == "text"` and `!=` (with `true`, `false` and `null` too, and with defaults as in
/// `.path // ""`), joined by `and`, `or` and `| not`.
#[derive(Debug, Clone)]
pub(crate) struct Comparison {
    /// Of the paths; it gives no keys.
    query: KeyQuery,
    test: Arc<Test>,
}

#[derive(Debug)]
enum Test {
    Holds(Operand),
    Equals(Operand, Literal),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

/// The first of these that is neither null nor false, else the last.
#[derive(Debug)]
struct Operand(Vec<Choice>);

#[derive(Debug)]
enum Choice {
    /// What a path led to.
    Slot(usize),
    Text(String),
}

#[derive(Debug, Clone, Copy)]
enum Value<'v> {
    Found(Found<'v>),
    Text(&'v str),
}

#[derive(Debug)]
enum Literal {
    Null,
    Bool(bool),
    Text(String),
}

impl Comparison {
    /// The comparison that a term is; `None` when it needs jq.
    pub(crate) fn from_term(term: &Term<&str>) -> Option<Self> {
        let mut paths = Paths::new();
        let test = Test::from_term(term, &mut paths)?;
        let plan = Plan {
            walk: Walk::of_paths(paths),
            program: None,
            unbounded: None,
        };
        let query = KeyQuery {
            names: Arc::default(),
            plan: Arc::new(plan),
            rules: Arc::default(),
        };
        Some(Self {
            query,
            test: Arc::new(test),
        })
    }

    /// Whether it holds for a record.
    pub(crate) fn holds(&self, record: &[u8]) -> Result<bool, KeyError> {
        let mut reader = self.query.reader();
        let mut read = |scanner: &mut _| reader.value(KeyPlace::RECORD, scanner).map(drop);
        whole_document(record, &mut read).map_err(KeyError::NotJson)?;
        self.test.holds(reader.slots())
    }
}

impl Test {
    fn from_term(term: &Term<&str>, paths: &mut Paths) -> Option<Self> {
        let mut test = |term| Self::from_term(term, paths).map(Box::new);
        Some(match term {
            Term::BinOp(left, BinaryOp::And, right) => Self::And(test(left)?, test(right)?),
            Term::BinOp(left, BinaryOp::Or, right) => Self::Or(test(left)?, test(right)?),
            Term::BinOp(left, BinaryOp::Pipe(None), right) if is_call(right, "not") => {
                Self::Not(test(left)?)
            }
            Term::BinOp(left, BinaryOp::Cmp(comparison @ (Cmp::Eq | Cmp::Ne)), right) => {
                let (operand, literal) = match (literal(left), literal(right)) {
                    (_, Some(literal)) => (left, literal),
                    (Some(literal), None) => (right, literal),
                    (None, None) => return None,
                };
                let equals = Self::Equals(Operand::from_term(operand, paths)?, literal);
                match comparison {
                    Cmp::Eq => equals,
                    _ => Self::Not(Box::new(equals)),
                }
            }
            term => Self::Holds(Operand::from_term(term, paths)?),
        })
    }

    /// As jq does, `and` and `or` do not look at what cannot change the answer.
    fn holds(&self, slots: &Slots<'_>) -> Result<bool, KeyError> {
        Ok(match self {
            Self::Holds(operand) => !operand.value(slots)?.is_falsy(),
            Self::Equals(operand, literal) => operand.value(slots)?.equals(literal),
            Self::Not(test) => !test.holds(slots)?,
            Self::And(left, right) => left.holds(slots)? && right.holds(slots)?,
            Self::Or(left, right) => left.holds(slots)? || right.holds(slots)?,
        })
    }
}

impl Operand {
    fn from_term(term: &Term<&str>, paths: &mut Paths) -> Option<Self> {
        let expression = FastExpression::from_term(term, Dialect::Jq)?;
        let choices = expression.alternatives.into_iter();
        let choices = choices.map(|alternative| match (alternative.source, alternative.take) {
            (Source::Path(path), Take::Whole) => Some(Choice::Slot(paths.add(&path))),
            (Source::Text(text), Take::Whole) => Some(Choice::Text(text)),
            _ => None,
        });
        choices.collect::<Option<_>>().map(Self)
    }

    fn value<'v>(&'v self, slots: &Slots<'v>) -> Result<Value<'v>, KeyError> {
        let mut value = Value::Found(Found::Null);
        for choice in &self.0 {
            value = match choice {
                Choice::Slot(slot) => Value::Found(slots.get(*slot)),
                Choice::Text(text) => Value::Text(text),
            };
            if matches!(value, Value::Found(Found::Refused)) {
                return Err(KeyError::Jq {
                    reason: "the expression does not apply to the types in this record".to_owned(),
                });
            }
            if !value.is_falsy() {
                break;
            }
        }
        Ok(value)
    }
}

impl Value<'_> {
    fn is_falsy(self) -> bool {
        matches!(self, Self::Found(found) if found.is_falsy())
    }

    fn equals(self, literal: &Literal) -> bool {
        match (self, literal) {
            (Self::Found(Found::Null), Literal::Null) => true,
            (Self::Found(Found::Bool(value)), Literal::Bool(literal)) => value == *literal,
            (Self::Found(Found::String(spelled)), Literal::Text(text)) => key_equals(spelled, text),
            (Self::Text(text), Literal::Text(literal)) => text == literal,
            _ => false,
        }
    }
}

fn literal(term: &Term<&str>) -> Option<Literal> {
    Some(match term {
        Term::Str(None, parts) => Literal::Text(plain_text(parts)?),
        term if is_call(term, "null") => Literal::Null,
        term if is_call(term, "true") => Literal::Bool(true),
        term if is_call(term, "false") => Literal::Bool(false),
        _ => return None,
    })
}

fn is_call(term: &Term<&str>, name: &str) -> bool {
    matches!(term, Term::Call(called, arguments) if *called == name && arguments.is_empty())
}
