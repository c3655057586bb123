//! Texts that a record must hold somewhere, or else a filter cannot be true of it: looked for in the bytes,
//! before anything is parsed.
//!
//! A value equals a literal only if the record's text holds the literal as it is, or spells it with escapes.
//! So a record with neither is passed over; what is left is parsed, and the filter decides.

use arrow::datatypes::{DataType, Schema};
use datafusion::{
    common::ScalarValue,
    logical_expr::{BinaryExpr, Expr, Like, Operator},
};
use memchr::{memchr_iter, memmem::Finder};

use crate::prune::path_of;

/// Shorter literals are in nearly every record.
const SHORTEST: usize = 2;

/// A filter as bytes to look for: at least one of these texts.
#[derive(Debug, Clone)]
pub(crate) struct Needle {
    texts: Vec<Finder<'static>>,
    /// Whether only `\u…` can hide the texts.
    plain: bool,
}

impl Needle {
    fn new(texts: &[String]) -> Self {
        // Letters, digits and most of ASCII can only be hidden by `\u…`; a slash by `\/` too.
        let plain = texts.iter().all(|text| !text.contains('/'));
        let finder = |text: &String| Finder::new(text).into_owned();
        Self {
            texts: texts.iter().map(finder).collect(),
            plain,
        }
    }

    /// Whether the filter may be true of something in this text.
    pub(crate) fn may_be_in(&self, text: &[u8]) -> bool {
        self.texts.iter().any(|needle| needle.find(text).is_some())
            || memchr_iter(b'\\', text).any(|at| !self.plain || text.get(at + 1) == Some(&b'u'))
    }
}

/// The needles of the filters, all of which must be found; `fields` are the columns that come from records.
pub(crate) fn needles<'a>(
    filters: impl IntoIterator<Item = &'a Expr>,
    fields: &Schema,
) -> Vec<Needle> {
    let mut found = Vec::new();
    filters
        .into_iter()
        .for_each(|filter| collect(filter, fields, &mut found));
    found
}

fn collect(filter: &Expr, fields: &Schema, found: &mut Vec<Needle>) {
    if let Expr::BinaryExpr(BinaryExpr {
        left,
        op: Operator::And,
        right,
    }) = filter
    {
        collect(left, fields, found);
        collect(right, fields, found);
    } else if let Some(texts) = texts(filter, fields) {
        found.push(Needle::new(&texts));
    }
}

/// Texts of which a record holds one if the filter is true of it.
fn texts(filter: &Expr, fields: &Schema) -> Option<Vec<String>> {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::Or => {
                let mut both = texts(left, fields)?;
                both.extend(texts(right, fields)?);
                Some(both)
            }
            // One side will do.
            Operator::And => texts(left, fields).or_else(|| texts(right, fields)),
            Operator::Eq => {
                let ((value, Expr::Literal(literal, _)) | (Expr::Literal(literal, _), value)) =
                    (&**left, &**right)
                else {
                    return None;
                };
                Some(vec![usable(value, literal_text(literal)?, fields)?])
            }
            _ => None,
        },
        Expr::InList(list) if !list.negated => {
            let text = |literal: &Expr| match literal {
                Expr::Literal(literal, _) => usable(&list.expr, literal_text(literal)?, fields),
                _ => None,
            };
            list.list.iter().map(text).collect()
        }
        Expr::Like(Like {
            negated: false,
            expr,
            pattern,
            escape_char: None,
            case_insensitive: false,
        }) => {
            let Expr::Literal(pattern, _) = &**pattern else {
                return None;
            };
            let pattern = literal_text(pattern).filter(|pattern| !pattern.contains('\\'))?;
            let longest = pattern.split(['%', '_']).max_by_key(|part| part.len())?;
            Some(vec![usable(expr, longest, fields)?])
        }
        _ => None,
    }
}

fn literal_text(literal: &ScalarValue) -> Option<&str> {
    match literal {
        ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text) => {
            text.as_deref()
        }
        _ => None,
    }
}

/// The literal, if `value` is a text of the records and JSON can spell the literal as it is.
fn usable(value: &Expr, literal: &str, fields: &Schema) -> Option<String> {
    let (column, path) = path_of(value)?;
    let mut data_type = fields.field_with_name(&column.name).ok()?.data_type();
    for name in &path {
        let DataType::Struct(fields) = data_type else {
            return None;
        };
        data_type = fields.find(name)?.1.data_type();
    }
    let spells = |c: char| c >= ' ' && c != '"' && c != '\\' && c != char::REPLACEMENT_CHARACTER;
    let is_usable =
        *data_type == DataType::Utf8 && literal.len() >= SHORTEST && literal.chars().all(spells);
    is_usable.then(|| literal.to_owned())
}
