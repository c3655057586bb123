//! How long an expression can take at most, for those who evaluate queries that are not their own.
//!
//! jq is a programming language: it loops, recurses, and doubles what it holds. What is let through here
//! costs at most a constant and a multiple of the size of the record. The cost of each part of an expression
//! is an affine function of the size of its input, and so is the cost of the whole; what would be more than
//! that, and what is not known here, is refused by name.

mod cost;
mod filters;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::ops::Math;
use jaq_core::path::Part;

use cost::{Affine, Cost, every_member, every_value};
use filters::call;

/// Most that may be done for each byte of a record, and besides, counted in values and bytes touched.
const MOST: Affine = Affine {
    fixed: 1_000_000,
    each: 10_000,
};

/// An expression that is not known to end soon.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the expression may run without end or out of memory: {what}")]
pub struct Unbounded {
    /// What in it is to blame.
    pub what: String,
}

type Bounded<T> = Result<T, Unbounded>;

fn refused<T>(what: impl Into<String>) -> Bounded<T> {
    Err(Unbounded { what: what.into() })
}

/// Refuses an expression whose evaluation is not known to be short.
pub(super) fn check(term: &Term<&str>) -> Bounded<()> {
    let cost = cost(term)?;
    let all = cost.work.plus(cost.size).plus(cost.results);
    if all.fixed > MOST.fixed || all.each > MOST.each {
        return refused("it makes too much of what it is given");
    }
    Ok(())
}

/// What an expression comes to.
fn cost(term: &Term<&str>) -> Bounded<Cost> {
    Ok(match term {
        Term::Id => Cost::one(Affine::INPUT, Affine::ONE),
        Term::Num(_) | Term::Break(_) | Term::Arr(None) => Cost::small(Affine::ONE),
        Term::Recurse => every_value(),
        Term::Str(format, parts) => string(format.is_some(), parts)?,
        Term::Arr(Some(term)) => cost(term)?.collected(),
        Term::Obj(members) => object(members)?,
        Term::Neg(term) | Term::Label(_, term) | Term::TryCatch(term, None) => cost(term)?,
        Term::BinOp(left, operation, right) => operator(left, operation, right)?,
        // What is caught may quote the input.
        Term::TryCatch(body, Some(catch)) => {
            cost(body)?.and_then(Cost::one(Affine::INPUT, Affine::ONE).pipe(cost(catch)?))
        }
        Term::IfThenElse(conditions, otherwise) => cases(conditions, otherwise.as_deref())?,
        Term::Call(name, arguments) => call(name, arguments)?,
        Term::Path(head, jaq_core::path::Path(parts)) => path(head, parts)?,
        Term::Var(name) => return refused(format!("the variable {name}")),
        Term::Fold(name, ..) => return refused(format!("a {name}")),
        Term::Def(..) => return refused("a definition of its own"),
    })
}

fn object(members: &[(Term<&str>, Option<Term<&str>>)]) -> Bounded<Cost> {
    let mut all = Cost::small(Affine::ONE);
    for (name, value) in members {
        all = all.product(cost(name)?)?;
        // `{name}` is `{name: .name}`.
        let field = || Ok(Cost::one(Affine::INPUT, Affine::ONE));
        all = all.product(value.as_ref().map_or_else(field, cost)?)?;
    }
    Ok(all)
}

fn string(formatted: bool, parts: &[StrPart<&str, Term<&str>>]) -> Bounded<Cost> {
    let mut all = Cost::small(Affine::ONE);
    for part in parts {
        match part {
            StrPart::Str(text) => {
                all.size = all.size.plus(Affine::fixed(text.len() as u64));
            }
            StrPart::Char(_) => all.size = all.size.plus(Affine::fixed(4)),
            StrPart::Term(term) => {
                let mut value = cost(term)?;
                // As JSON, and perhaps encoded.
                value.size = value.size.scaled(if formatted { 24 } else { 8 });
                all = all.product(value)?;
            }
        }
    }
    Ok(all)
}

fn operator(left: &Term<&str>, operator: &BinaryOp<&str>, right: &Term<&str>) -> Bounded<Cost> {
    let (first, second) = (cost(left)?, cost(right));
    match operator {
        BinaryOp::Pipe(None) => Ok(first.pipe(second?)),
        BinaryOp::Pipe(Some(pattern)) => {
            let name = match pattern {
                Pattern::Var(name) => *name,
                Pattern::Arr(_) | Pattern::Obj(_) => "of a pattern",
            };
            refused(format!("the variable {name}"))
        }
        BinaryOp::Comma | BinaryOp::Alt => Ok(first.and_then(second?)),
        BinaryOp::Or | BinaryOp::And | BinaryOp::Cmp(_) => {
            let both = first.product(second?)?;
            let work = both.work.plus(both.size);
            let size = both.results;
            Ok(Cost { size, work, ..both })
        }
        BinaryOp::Math(Math::Mul) => match (times(left), times(right)) {
            (None, None) => refused("a multiplication whose factors are both not written out"),
            (Some(factor), _) | (_, Some(factor)) => {
                let both = first.product(second?)?;
                let size = both.size.scaled(factor.max(1));
                let work = both.work.plus(size);
                Ok(Cost { size, work, ..both })
            }
        },
        BinaryOp::Math(_) => {
            let both = first.product(second?)?;
            let work = both.work.plus(both.size);
            Ok(Cost { work, ..both })
        }
        BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt => {
            refused("an assignment")
        }
    }
}

fn cases(cases: &[(Term<&str>, Term<&str>)], otherwise: Option<&Term<&str>>) -> Bounded<Cost> {
    let mut all = match otherwise {
        Some(term) => cost(term)?,
        None => Cost::one(Affine::INPUT, Affine::ONE),
    };
    for (condition, then) in cases.iter().rev() {
        all = cost(condition)?.product(cost(then)?.and_then(all))?;
    }
    Ok(all)
}

fn path(head: &Term<&str>, parts: &[(Part<Term<&str>>, jaq_core::path::Opt)]) -> Bounded<Cost> {
    let mut all = cost(head)?;
    for (part, _) in parts {
        let (bounds, step) = match part {
            Part::Range(None, None) => (vec![], every_member()),
            Part::Range(start, end) => (
                start.iter().chain(end).collect(),
                Cost::one(Affine::INPUT, Affine::INPUT),
            ),
            Part::Index(index) => (vec![index], Cost::one(Affine::INPUT, Affine::ONE)),
        };
        for bound in bounds {
            if !matches!(bound, Term::Num(_) | Term::Str(None, _) | Term::Neg(_)) {
                return refused("an index that is not written out");
            }
        }
        all = all.pipe(step);
    }
    Ok(all)
}

/// A number that is written out.
fn times(term: &Term<&str>) -> Option<u64> {
    match term {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rounded up, and saturating"
        )]
        Term::Num(digits) => digits.parse().ok().map(|number: f64| number.ceil() as u64),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
