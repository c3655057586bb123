//! Tells scans which fields of their structs the query names.
//!
//! The last rule of the optimizer: it changes no plan, only what a scan of ours builds. Fields that no
//! expression reaches are null in the batches, so every type stays what it was.

use std::sync::Arc;

use datafusion::{
    common::{
        Column, Result as DataFusionResult, ScalarValue,
        tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    },
    datasource::{provider_as_source, source_as_provider},
    logical_expr::{Expr, LogicalPlan, TableScan},
    optimizer::{OptimizerConfig, OptimizerRule},
};

use crate::{paths::Paths, table::LakeTable};

/// See the module.
#[derive(Debug)]
pub(crate) struct PruneFields;

impl OptimizerRule for PruneFields {
    fn name(&self) -> &'static str {
        "prune_fields"
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        _: &dyn OptimizerConfig,
    ) -> DataFusionResult<Transformed<LogicalPlan>> {
        let paths = named_paths(&plan)?.map(Arc::new);
        plan.transform_down(|node| match node {
            LogicalPlan::TableScan(scan) => Ok(with_paths(scan, paths.as_ref())),
            other => Ok(Transformed::no(other)),
        })
    }
}

/// The scan with these paths, if it is one of ours.
fn with_paths(mut scan: TableScan, paths: Option<&Arc<Paths>>) -> Transformed<LogicalPlan> {
    if let Ok(provider) = source_as_provider(&scan.source)
        && let Some(table) = (*provider).downcast_ref::<LakeTable>()
        // The optimizer may run again over its own result, which says less.
        && table.paths.as_ref() != paths
    {
        scan.source = provider_as_source(Arc::new(table.with_paths(paths.cloned())));
        return Transformed::yes(LogicalPlan::TableScan(scan));
    }
    Transformed::no(LogicalPlan::TableScan(scan))
}

/// The paths that the plan names, or `None` when it uses columns in a way that is not understood here.
///
/// Columns are told apart by name alone: two tables' columns of one name share their paths, which at worst
/// builds more than is needed.
fn named_paths(plan: &LogicalPlan) -> DataFusionResult<Option<Paths>> {
    let (mut paths, mut understood) = (Paths::default(), true);
    for field in plan.schema().fields() {
        paths.add(field.name(), &[]);
    }
    plan.apply(|node| {
        understood &= keeps_names(node);
        node.apply_expressions(|expression| {
            understood &= add_paths(expression, &mut paths)?;
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    Ok(understood.then_some(paths))
}

/// Whether a column goes through a node under its own name, or through an expression. (A union goes by
/// position.)
fn keeps_names(node: &LogicalPlan) -> bool {
    matches!(
        node,
        LogicalPlan::Projection(_)
            | LogicalPlan::Filter(_)
            | LogicalPlan::Sort(_)
            | LogicalPlan::Limit(_)
            | LogicalPlan::Aggregate(_)
            | LogicalPlan::Window(_)
            | LogicalPlan::Join(_)
            | LogicalPlan::SubqueryAlias(_)
            | LogicalPlan::TableScan(_)
            | LogicalPlan::Repartition(_)
            | LogicalPlan::EmptyRelation(_)
    )
}

/// Adds the paths in an expression; false when there is a query inside it.
fn add_paths(expression: &Expr, paths: &mut Paths) -> DataFusionResult<bool> {
    let mut understood = true;
    expression.apply(|part| {
        if let Some((column, path)) = path_of(part) {
            paths.add(&column.name, &path);
            return Ok(TreeNodeRecursion::Jump);
        }
        understood &= !matches!(
            part,
            Expr::ScalarSubquery(_)
                | Expr::InSubquery(_)
                | Expr::Exists(_)
                | Expr::SetComparison(_)
                | Expr::OuterReferenceColumn(_, _)
        );
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(understood)
}

/// A column, or a field of a struct that is reached from one by name.
pub(crate) fn path_of(expression: &Expr) -> Option<(&Column, Vec<String>)> {
    match expression {
        Expr::Column(column) => Some((column, Vec::new())),
        Expr::ScalarFunction(call) if call.name() == "get_field" => {
            let (base, names) = call.args.split_first()?;
            let (column, mut path) = path_of(base)?;
            for name in names {
                let Expr::Literal(ScalarValue::Utf8(Some(name)), _) = name else {
                    return None;
                };
                path.push(name.clone());
            }
            Some((column, path))
        }
        _ => None,
    }
}
