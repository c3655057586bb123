//! Conditions of a query that a Parquet file can judge before its rows are read: one value of the records
//! against literals.

use std::{cmp::Ordering, sync::Arc};

use arrow::datatypes::{DataType, Schema, SchemaRef, TimeUnit};
use datafusion::{
    catalog::Session,
    common::{DFSchema, Result as DataFusionResult, ScalarValue},
    logical_expr::{BinaryExpr, Expr, Operator},
    physical_expr::PhysicalExpr,
};

use crate::{
    paths::{Paths, Projection},
    prune::path_of,
};

/// A value of a file's statistics, or a literal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Bound {
    /// Integers, and times in microseconds.
    Integer(i64),
    /// Floats.
    Float(f64),
    /// Texts.
    Text(Vec<u8>),
}

impl Bound {
    fn of_literal(literal: &ScalarValue) -> Option<Self> {
        Some(match literal {
            ScalarValue::Int64(Some(value)) | ScalarValue::TimestampMicrosecond(Some(value), _) => {
                Self::Integer(*value)
            }
            ScalarValue::Float64(Some(value)) => Self::Float(*value),
            ScalarValue::Utf8(Some(text))
            | ScalarValue::LargeUtf8(Some(text))
            | ScalarValue::Utf8View(Some(text)) => Self::Text(text.as_bytes().to_vec()),
            _ => return None,
        })
    }

    /// Whether values of a column of this type are compared as this bound is.
    pub(crate) fn is_of(&self, data_type: &DataType) -> bool {
        match self {
            Self::Integer(_) => matches!(
                data_type,
                DataType::Int64 | DataType::Timestamp(TimeUnit::Microsecond, _)
            ),
            Self::Float(_) => *data_type == DataType::Float64,
            Self::Text(_) => *data_type == DataType::Utf8,
        }
    }

    fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(one), Self::Integer(other)) => Some(one.cmp(other)),
            (Self::Float(one), Self::Float(other)) => one.partial_cmp(other),
            (Self::Text(one), Self::Text(other)) => Some(one.cmp(other)),
            _ => None,
        }
    }
}

/// A value that lies where the records have it, compared with literals: one of the comparisons has to hold.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    /// The column, and the way to the value in it.
    pub(crate) path: Vec<String>,
    any: Vec<(Operator, Bound)>,
}

impl Condition {
    fn new(filter: &Expr) -> Option<Self> {
        match filter {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if *op == Operator::Or => {
                let (mut left, right) = (Self::new(left)?, Self::new(right)?);
                left.any.extend(right.any);
                (left.path == right.path).then_some(left)
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
                let (value, op, literal) = match (&**left, &**right) {
                    (value, Expr::Literal(literal, _)) => (value, *op, literal),
                    (Expr::Literal(literal, _), value) => (value, op.swap()?, literal),
                    _ => return None,
                };
                let is_order = matches!(
                    op,
                    Operator::Eq | Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq
                );
                let any = vec![(op, Bound::of_literal(literal)?)];
                is_order.then_some(())?;
                Some(Self {
                    path: whole_path(value)?,
                    any,
                })
            }
            Expr::InList(list) if !list.negated => {
                let equal = |literal: &Expr| match literal {
                    Expr::Literal(literal, _) => Some((Operator::Eq, Bound::of_literal(literal)?)),
                    _ => None,
                };
                Some(Self {
                    path: whole_path(&list.expr)?,
                    any: list.list.iter().map(equal).collect::<Option<_>>()?,
                })
            }
            _ => None,
        }
    }

    /// Whether it is compared as a column of this type is.
    pub(crate) fn is_of(&self, data_type: &DataType) -> bool {
        self.any.iter().all(|(_, bound)| bound.is_of(data_type))
    }

    /// Whether it may hold for values that lie between two.
    pub(crate) fn may_hold(&self, least: &Bound, most: &Bound) -> bool {
        use Ordering::{Equal, Greater, Less};
        // What cannot be compared, such as NaN, says nothing.
        let not = |one: &Bound, other: &Bound, order: &[Ordering]| {
            one.order(other).is_some_and(|it| order.contains(&it))
        };
        self.any.iter().any(|(op, bound)| match op {
            Operator::Lt => !not(least, bound, &[Equal, Greater]),
            Operator::LtEq => !not(least, bound, &[Greater]),
            Operator::Gt => !not(most, bound, &[Equal, Less]),
            Operator::GtEq => !not(most, bound, &[Less]),
            _ => !not(least, bound, &[Greater]) && !not(most, bound, &[Less]),
        })
    }

    /// The literals, if it is one of them that the value has to equal.
    pub(crate) fn literals(&self) -> Option<impl Iterator<Item = &Bound>> {
        let is_equal = self.any.iter().all(|(op, _)| *op == Operator::Eq);
        is_equal.then(|| self.any.iter().map(|(_, bound)| bound))
    }
}

/// The column and the path in it.
fn whole_path(value: &Expr) -> Option<Vec<String>> {
    let (column, path) = path_of(value)?;
    let mut whole = vec![column.name.clone()];
    whole.extend(path);
    Some(whole)
}

/// A condition, and how it is asked of rows.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    pub(crate) condition: Condition,
    /// What of the table it reads.
    pub(crate) projection: Projection,
    /// The columns of that.
    pub(crate) schema: SchemaRef,
    /// The condition over those columns.
    pub(crate) expression: Arc<dyn PhysicalExpr>,
}

/// Whether a Parquet file can judge a filter.
pub(crate) fn is_condition(filter: &Expr, records: &Schema) -> bool {
    Condition::new(filter).is_some_and(|it| records.index_of(&it.path[0]).is_ok())
}

/// Those of the filters that a Parquet file can judge; `records` are the columns that come from records.
///
/// # Errors
///
/// Of planning an expression.
pub(crate) fn filters(
    state: &dyn Session,
    filters: &[Expr],
    records: &Schema,
) -> DataFusionResult<Vec<Filter>> {
    let mut found = Vec::new();
    for filter in filters {
        let Some(condition) = Condition::new(filter) else {
            continue;
        };
        let Some((column, path)) = condition.path.split_first() else {
            continue;
        };
        let Ok(at) = records.index_of(column) else {
            continue;
        };
        let mut paths = Paths::default();
        paths.add(column, path);
        let schema = Arc::new(records.project(&[at])?);
        let known = DFSchema::try_from(Arc::clone(&schema))?;
        found.push(Filter {
            expression: state.create_physical_expr(filter.clone(), &known)?,
            condition,
            projection: Projection {
                columns: vec![at],
                paths: Some(Arc::new(paths)),
            },
            schema,
        });
    }
    Ok(found)
}
