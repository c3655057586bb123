//! What the parser binds otherwise than people mean.
//!
//! - `->` and `->>` are to be as tight as a subscript. The parser gives them the precedence of any unknown operator, below
//!   comparison, so that `detail->>'page' = 'home'` would be `detail->>('page' = 'home')`.
//! - `a is distinct from 'x' and b` is no `a is distinct from ('x' and b)`.
//! - `detail.items[1].sku` is `detail.items[1]['sku']`: `DataFusion` knows no dot behind a subscript.

use std::ops::ControlFlow;

use datafusion::sql::{
    parser::{CopyToSource, Statement as Parsed},
    sqlparser::ast::{
        AccessExpr, BinaryOperator, CastKind, Expr, Subscript, UnaryOperator, Value,
        visit_expressions_mut,
    },
};

/// Repairs a whole statement.
pub(super) fn repair(statement: &mut Parsed) {
    match statement {
        Parsed::Statement(statement) => everywhere(&mut **statement),
        Parsed::Explain(explain) => repair(&mut explain.statement),
        Parsed::CopyTo(copy) => {
            if let CopyToSource::Query(query) = &mut copy.source {
                everywhere(&mut **query);
            }
        }
        Parsed::CreateExternalTable(_) | Parsed::Reset(_) => {}
    }
}

fn everywhere(node: &mut impl datafusion::sql::sqlparser::ast::VisitMut) {
    // Inner expressions come first.
    let _done: ControlFlow<()> = visit_expressions_mut(node, |expr| {
        *expr = match take(expr) {
            Expr::BinaryOp { left, op, right } if is_arrow(&op) => attach(*left, &op, *right),
            // Neither can have an operator of logic inside, unless the one below put it there.
            Expr::BinaryOp { left, op, right }
                if op == BinaryOperator::And && is_logic(&right, &[BinaryOperator::Or]) =>
            {
                inside(*right, &[BinaryOperator::Or], |operand| Expr::BinaryOp {
                    left,
                    op,
                    right: Box::new(operand),
                })
            }
            Expr::UnaryOp {
                op: UnaryOperator::Not,
                expr,
            } => inside(*expr, &LOGIC, |operand| Expr::UnaryOp {
                op: UnaryOperator::Not,
                expr: Box::new(operand),
            }),
            Expr::IsDistinctFrom(left, right) => inside(*right, &LOGIC, |operand| {
                Expr::IsDistinctFrom(left, Box::new(operand))
            }),
            Expr::IsNotDistinctFrom(left, right) => inside(*right, &LOGIC, |operand| {
                Expr::IsNotDistinctFrom(left, Box::new(operand))
            }),
            Expr::CompoundFieldAccess { root, access_chain } => Expr::CompoundFieldAccess {
                root,
                access_chain: without_dots_behind_subscripts(access_chain),
            },
            other => other,
        };
        ControlFlow::Continue(())
    });
}

const LOGIC: [BinaryOperator; 2] = [BinaryOperator::And, BinaryOperator::Or];

fn is_logic(expr: &Expr, ops: &[BinaryOperator]) -> bool {
    matches!(expr, Expr::BinaryOp { op, .. } if ops.contains(op))
}

/// The expression with `wrap` around the first operand of the operators that it begins with.
fn inside<F: FnOnce(Expr) -> Expr>(expr: Expr, ops: &[BinaryOperator], wrap: F) -> Expr {
    match expr {
        Expr::BinaryOp { left, op, right } if ops.contains(&op) => Expr::BinaryOp {
            left: Box::new(inside(*left, ops, wrap)),
            op,
            right,
        },
        other => wrap(other),
    }
}

fn without_dots_behind_subscripts(chain: Vec<AccessExpr>) -> Vec<AccessExpr> {
    let mut behind = false;
    let step = |step| match step {
        AccessExpr::Dot(Expr::Identifier(name)) if behind => {
            AccessExpr::Subscript(Subscript::Index {
                index: Expr::value(Value::SingleQuotedString(name.value)),
            })
        }
        AccessExpr::Subscript(subscript) => {
            behind = true;
            AccessExpr::Subscript(subscript)
        }
        AccessExpr::Dot(field) => AccessExpr::Dot(field),
    };
    chain.into_iter().map(step).collect()
}

fn is_arrow(op: &BinaryOperator) -> bool {
    matches!(
        op,
        BinaryOperator::Arrow
            | BinaryOperator::LongArrow
            | BinaryOperator::HashArrow
            | BinaryOperator::HashLongArrow
    )
}

fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, Expr::value(Value::Null))
}

/// The arrow between the last operand of `left` and the first of `right`.
fn attach(mut left: Expr, op: &BinaryOperator, mut right: Expr) -> Expr {
    if let Some(first) = first(&mut right) {
        *first = attach(left, op, take(first));
        return right;
    }
    if let Some(last) = last(&mut left) {
        *last = attach(take(last), op, right);
        return left;
    }
    Expr::BinaryOp {
        left: Box::new(left),
        op: op.clone(),
        right: Box::new(right),
    }
}

/// The operand that an expression begins with, where it has operands.
fn first(expr: &mut Expr) -> Option<&mut Expr> {
    match expr {
        Expr::BinaryOp { left, op, .. } if !is_arrow(op) => Some(left),
        Expr::Cast {
            kind: CastKind::DoubleColon,
            expr,
            ..
        }
        | Expr::IsNull(expr)
        | Expr::IsNotNull(expr)
        | Expr::IsTrue(expr)
        | Expr::IsNotTrue(expr)
        | Expr::IsFalse(expr)
        | Expr::IsNotFalse(expr)
        | Expr::IsDistinctFrom(expr, _)
        | Expr::IsNotDistinctFrom(expr, _)
        | Expr::Like { expr, .. }
        | Expr::ILike { expr, .. }
        | Expr::SimilarTo { expr, .. }
        | Expr::RLike { expr, .. }
        | Expr::InList { expr, .. }
        | Expr::InSubquery { expr, .. }
        | Expr::Between { expr, .. } => Some(expr),
        _ => None,
    }
}

/// The operand that an expression ends with, where it has operands.
fn last(expr: &mut Expr) -> Option<&mut Expr> {
    match expr {
        Expr::BinaryOp { right, op, .. } if !is_arrow(op) => Some(right),
        Expr::UnaryOp { expr, .. }
        | Expr::IsDistinctFrom(_, expr)
        | Expr::IsNotDistinctFrom(_, expr)
        | Expr::Like { pattern: expr, .. }
        | Expr::ILike { pattern: expr, .. }
        | Expr::SimilarTo { pattern: expr, .. }
        | Expr::RLike { pattern: expr, .. }
        | Expr::Between { high: expr, .. } => Some(expr),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::{parser::DFParserBuilder, sqlparser::dialect::GenericDialect};

    use super::*;

    fn repaired(sql: &str) -> Parsed {
        let mut statements = DFParserBuilder::new(sql)
            .with_dialect(&GenericDialect {})
            .build()
            .unwrap()
            .parse_statements()
            .unwrap();
        let mut statement = statements.pop_front().unwrap();
        repair(&mut statement);
        statement
    }

    /// The statement with parentheses around every arrow.
    fn tightened(condition: &str) -> String {
        let mut statement = repaired(&format!("select {condition}"));
        if let Parsed::Statement(inner) = &mut statement {
            let _done: ControlFlow<()> = visit_expressions_mut(&mut **inner, |expr| {
                if matches!(expr, Expr::BinaryOp { op, .. } if is_arrow(op)) {
                    *expr = Expr::Nested(Box::new(take(expr)));
                }
                ControlFlow::Continue(())
            });
        }
        statement.to_string()
    }

    #[test]
    fn is_distinct_from_ends_at_and_and_or() {
        for (given, meant) in [
            (
                "a is distinct from 'x' and b",
                "a IS DISTINCT FROM 'x' AND b",
            ),
            (
                "p and a is distinct from 'x' or q and r",
                "p AND a IS DISTINCT FROM 'x' OR q AND r",
            ),
            (
                "not a is not distinct from 'x' and b or c",
                "NOT a IS NOT DISTINCT FROM 'x' AND b OR c",
            ),
            (
                "a is distinct from ('x' and b)",
                "a IS DISTINCT FROM ('x' AND b)",
            ),
        ] {
            assert_eq!(tightened(given), format!("SELECT {meant}"), "{given}");
        }
        // The text is the same either way; what stands above what is not.
        let Parsed::Statement(mut statement) = repaired("select p and a is distinct from 'x' or q")
        else {
            panic!("no statement");
        };
        let mut outermost = None;
        let _done: ControlFlow<()> = visit_expressions_mut(&mut *statement, |expr| {
            if let Expr::BinaryOp { op, .. } = expr {
                outermost = Some(op.clone());
            }
            ControlFlow::Continue(())
        });
        assert_eq!(outermost, Some(BinaryOperator::Or));
    }

    #[test]
    fn a_dot_behind_a_subscript_is_a_field() {
        assert_eq!(
            tightened("detail.items[1].sku + x[2].y.z"),
            "SELECT detail.items[1]['sku'] + x[2]['y']['z']"
        );
        assert_eq!(tightened("a.b.c"), "SELECT a.b.c");
    }

    #[test]
    fn an_arrow_binds_tighter_than_any_other_operator() {
        for (given, meant) in [
            ("a->>'b' = 'c'", "(a ->> 'b') = 'c'"),
            ("a->'b'->>'c' = 'd'", "((a -> 'b') ->> 'c') = 'd'"),
            ("x->'a' = y->'b'->'c'", "(x -> 'a') = ((y -> 'b') -> 'c')"),
            (
                "a->>'b' = 'c' and d->>'e' like 'f%' or g->>'h' is null",
                "(a ->> 'b') = 'c' AND (d ->> 'e') LIKE 'f%' OR (g ->> 'h') IS NULL",
            ),
            (
                "a->>'b' in ('c') and not d->'e' between 1 and f->'g'",
                "(a ->> 'b') IN ('c') AND NOT (d -> 'e') BETWEEN 1 AND (f -> 'g')",
            ),
            ("a->>'b'::int + c->'d'", "(a ->> 'b')::INT + (c -> 'd')"),
            ("a->('b' || 'c')", "(a -> ('b' || 'c'))"),
            ("- a->'b' * 2", "-(a -> 'b') * 2"),
        ] {
            assert_eq!(tightened(given), format!("SELECT {meant}"), "{given}");
        }
    }
}
