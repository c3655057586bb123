//! A query as text: what jq's lexer and parser make of it, and what they are spared.

use jaq_core::load::lex::{Lexer, StrPart, Tok, Token};
use jaq_core::load::parse::{BinaryOp, Parser, Pattern, Term};
use jaq_core::load::{Error as LoadError, span};
use jaq_core::path::Part;

use super::UTC;
use super::error::QueryError;
use super::expression::plain_text;
use super::jq::syntax_error;
use super::jq16::check_tokens;
use crate::limits::{MAX_KEYS, MAX_QUERY_CHARS};
use crate::prefix::DatePattern;

/// Levels of brackets, operators and keywords within one another that a query may have. The jq parser,
/// compiler and interpreter recurse once or more for each, in frames of several kilobytes.
const MAX_NESTING: usize = 64;

/// The texts between the commas of an object constructor.
pub(super) fn member_texts(query: &str) -> Result<Vec<&str>, QueryError> {
    let tokens = lex(query)?;
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

/// Refuses what jq 1.6 would not read, in a text that [`parse`] reads.
pub(super) fn check_jq16(query: &str) -> Result<(), QueryError> {
    check_tokens(&lex(query)?)
}

fn lex(text: &str) -> Result<Vec<Token<&str>>, QueryError> {
    let tokens = Lexer::new(text).lex();
    tokens.map_err(|errors| syntax_error(text, Some(&LoadError::Lex(errors))))
}

/// Reads a jq expression, refusing what would make the parser recurse without bound.
pub(crate) fn parse(text: &str) -> Result<Term<&str>, QueryError> {
    check_size(text)?;
    let tokens = lex(text)?;
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
pub(super) fn split_entries(expr: &str) -> Result<Vec<(&str, &str)>, QueryError> {
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
        let tokens = lex(tail)?;
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

/// Refuses patterns of `utc("…")` that cannot be written, wherever they stand in an expression.
pub(super) fn check_patterns(term: &Term<&str>) -> Result<(), QueryError> {
    for term in all_terms(term) {
        if let Term::Call(UTC, arguments) = term
            && let [Term::Str(None, parts)] = arguments.as_slice()
            && let Some(pattern) = plain_text(parts)
            && let Err(error) = DatePattern::parse(&pattern)
        {
            let reason = error.to_string();
            return Err(QueryError::DatePattern { pattern, reason });
        }
    }
    Ok(())
}

/// A term and all terms within it.
pub(super) fn all_terms<'t, 's>(term: &'t Term<&'s str>) -> Vec<&'t Term<&'s str>> {
    let mut terms = vec![term];
    let mut next = 0;
    while let Some(term) = terms.get(next).copied() {
        children(term, &mut terms);
        next += 1;
    }
    terms
}

/// Adds the terms that a term is made of.
fn children<'t, 's>(term: &'t Term<&'s str>, out: &mut Vec<&'t Term<&'s str>>) {
    match term {
        Term::Id | Term::Recurse | Term::Num(_) | Term::Var(_) | Term::Break(_) => {}
        Term::Str(_, parts) => out.extend(parts.iter().filter_map(|part| match part {
            StrPart::Term(term) => Some(term),
            _ => None,
        })),
        Term::Arr(inner) => out.extend(inner.as_deref()),
        Term::Obj(members) => {
            out.extend(
                members
                    .iter()
                    .flat_map(|(name, value)| [Some(name), value.as_ref()])
                    .flatten(),
            );
        }
        Term::Neg(term) | Term::Label(_, term) => out.push(term),
        Term::BinOp(left, operator, right) => {
            out.extend([&**left, &**right]);
            if let BinaryOp::Pipe(Some(pattern)) = operator {
                pattern_terms(pattern, out);
            }
        }
        Term::Fold(_, source, pattern, terms) => {
            out.push(source);
            pattern_terms(pattern, out);
            out.extend(terms);
        }
        Term::TryCatch(body, catch) => {
            out.push(body);
            out.extend(catch.as_deref());
        }
        Term::IfThenElse(cases, otherwise) => {
            out.extend(cases.iter().flat_map(|(condition, then)| [condition, then]));
            out.extend(otherwise.as_deref());
        }
        Term::Def(definitions, body) => {
            out.extend(definitions.iter().map(|definition| &definition.body));
            out.push(body);
        }
        Term::Call(_, arguments) => out.extend(arguments),
        Term::Path(head, jaq_core::path::Path(parts)) => {
            out.push(head);
            for (part, _) in parts {
                match part {
                    Part::Index(term) => out.push(term),
                    Part::Range(start, end) => out.extend(start.iter().chain(end)),
                }
            }
        }
    }
}

fn pattern_terms<'t, 's>(pattern: &'t Pattern<&'s str>, out: &mut Vec<&'t Term<&'s str>>) {
    match pattern {
        Pattern::Var(_) => {}
        Pattern::Arr(patterns) => {
            for pattern in patterns {
                pattern_terms(pattern, out);
            }
        }
        Pattern::Obj(members) => {
            for (name, pattern) in members {
                out.push(name);
                pattern_terms(pattern, out);
            }
        }
    }
}
