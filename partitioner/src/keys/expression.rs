//! Which jq expressions are plain paths, and what they are.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::path::{Opt, Part};

use super::{Dialect, UTC};
use crate::prefix::DatePattern;

/// Longest path that is walked; a longer one goes through jq. It bounds recursion.
const MAX_STEPS: usize = 64;

/// `path`, `path[i:j]`, `path | utc("…")`, or several of these and literals joined by `//`.
#[derive(Debug, Clone)]
pub(super) struct FastExpression {
    /// Never empty.
    pub(super) alternatives: Vec<Alternative>,
}

#[derive(Debug, Clone)]
pub(super) struct Alternative {
    pub(super) source: Source,
    pub(super) take: Take,
}

/// What is taken of a value.
#[derive(Debug, Clone)]
pub(super) enum Take {
    Whole,
    Slice(Slice),
    /// The value is a time, and the pattern writes it in UTC.
    Utc(DatePattern),
}

#[derive(Debug, Clone)]
pub(super) enum Source {
    Path(Path),
    /// A string or number literal.
    Text(String),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Path {
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Field(String),
    Index(usize),
}

/// `[start:end]` of a string, counted in code points; negative counts from the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slice {
    start: Option<i64>,
    end: Option<i64>,
}

impl Slice {
    /// How many characters of a text, from the first on, decide about the slice, if it is not all of them.
    pub(super) fn reach(self) -> Option<usize> {
        let start = usize::try_from(self.start.unwrap_or(0)).ok()?;
        let end = usize::try_from(self.end?).ok()?;
        Some(end.max(start))
    }

    /// What the slice leaves of a text.
    pub(super) fn of(self, text: &str) -> &str {
        let ascii = text.is_ascii();
        let start = self.start.map_or(0, |bound| byte_of(text, ascii, bound));
        let end = self
            .end
            .map_or(text.len(), |bound| byte_of(text, ascii, bound));
        text.get(start..end).unwrap_or_default()
    }
}

/// Byte offset of a code point.
fn byte_of(text: &str, ascii: bool, bound: i64) -> usize {
    let distance = usize::try_from(bound.unsigned_abs()).unwrap_or(usize::MAX);
    match (ascii, bound >= 0) {
        (true, true) => distance.min(text.len()),
        (true, false) => text.len().saturating_sub(distance),
        (false, true) => text
            .char_indices()
            .nth(distance)
            .map_or(text.len(), |(at, _)| at),
        (false, false) => text
            .char_indices()
            .nth_back(distance - 1)
            .map_or(0, |(at, _)| at),
    }
}

impl FastExpression {
    /// The value of the field `name`: what `{name}` stands for in an object constructor.
    pub(super) fn field(name: &str) -> Self {
        let path = Path {
            steps: vec![Step::Field(name.to_owned())],
        };
        Self {
            alternatives: vec![Alternative {
                source: Source::Path(path),
                take: Take::Whole,
            }],
        }
    }

    /// The expression as a plain path; `None` when it needs jq.
    pub(super) fn from_term(term: &Term<&str>, dialect: Dialect) -> Option<Self> {
        let mut alternatives = Vec::new();
        collect_alternatives(&Path::default(), term, dialect, &mut alternatives)?;
        Some(Self { alternatives })
    }
}

/// Adds the alternatives of a term whose input is what `from` leads to.
fn collect_alternatives(
    from: &Path,
    term: &Term<&str>,
    dialect: Dialect,
    out: &mut Vec<Alternative>,
) -> Option<()> {
    match term {
        Term::BinOp(left, BinaryOp::Alt, right) => {
            collect_alternatives(from, left, dialect, out)?;
            collect_alternatives(from, right, dialect, out)
        }
        Term::BinOp(left, BinaryOp::Pipe(None), right) => {
            let mut path = from.clone();
            let first = out.len();
            if extend(&mut path, left)?.is_some() {
                return None;
            }
            collect_alternatives(&path, right, dialect, out)?;
            // jq evaluates `left` first, so it is what has to fail first here.
            matches!(out.get(first)?.source, Source::Path(_)).then_some(())
        }
        Term::Str(None, parts) => {
            out.push(Alternative {
                source: Source::Text(plain_text(parts)?),
                take: Take::Whole,
            });
            Some(())
        }
        _ => {
            out.push(plain_path(from, term, dialect)?);
            Some(())
        }
    }
}

fn plain_path(from: &Path, term: &Term<&str>, dialect: Dialect) -> Option<Alternative> {
    let mut path = from.clone();
    let take = match (dialect, term) {
        (Dialect::Hydrant, Term::Call(UTC, arguments)) => match arguments.as_slice() {
            [Term::Str(None, parts)] => Take::Utc(DatePattern::parse(&plain_text(parts)?).ok()?),
            _ => return None,
        },
        _ => extend(&mut path, term)?.map_or(Take::Whole, Take::Slice),
    };
    (path.steps.len() <= MAX_STEPS).then_some(Alternative {
        source: Source::Path(path),
        take,
    })
}

/// Adds the steps of a term to a path; gives the slice that ends it.
#[expect(
    clippy::option_option,
    reason = "the outer one says whether this is a plain path at all"
)]
fn extend(path: &mut Path, term: &Term<&str>) -> Option<Option<Slice>> {
    match term {
        Term::Id => Some(None),
        Term::BinOp(left, BinaryOp::Pipe(None), right) => match extend(path, left)? {
            None => extend(path, right),
            Some(_) => None,
        },
        Term::Path(head, jaq_core::path::Path(parts)) => {
            if extend(path, head)?.is_some() {
                return None;
            }
            let (last, first) = parts.split_last()?;
            for part in first {
                path.steps.push(step(part)?);
            }
            if let (Part::Range(start, end), Opt::Essential) = last {
                if start.is_none() && end.is_none() {
                    return None;
                }
                let slice = Slice {
                    start: bound(start.as_ref())?,
                    end: bound(end.as_ref())?,
                };
                return Some(Some(slice));
            }
            path.steps.push(step(last)?);
            Some(None)
        }
        _ => None,
    }
}

fn step((part, opt): &(Part<Term<&str>>, Opt)) -> Option<Step> {
    match (part, opt) {
        (Part::Index(Term::Str(None, parts)), Opt::Essential) => plain_text(parts).map(Step::Field),
        (Part::Index(Term::Num(digits)), Opt::Essential) => digits.parse().ok().map(Step::Index),
        _ => None,
    }
}

#[expect(
    clippy::option_option,
    reason = "the outer one says whether the bound is a literal"
)]
fn bound(term: Option<&Term<&str>>) -> Option<Option<i64>> {
    match term {
        None => Some(None),
        Some(Term::Num(digits)) => digits.parse().ok().map(Some),
        Some(Term::Neg(term)) => match &**term {
            Term::Num(digits) => digits.parse::<i64>().ok().map(|bound| Some(-bound)),
            _ => None,
        },
        Some(_) => None,
    }
}

/// The text of a string literal without interpolation.
pub(super) fn plain_text(parts: &[StrPart<&str, Term<&str>>]) -> Option<String> {
    let mut text = String::new();
    for part in parts {
        match part {
            StrPart::Str(part) => text.push_str(part),
            StrPart::Char(part) => text.push(*part),
            StrPart::Term(_) => return None,
        }
    }
    Some(text)
}
