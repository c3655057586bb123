//! From the text of a script to the plan of a statement.

mod repair;
mod script;

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::{
    common::{Column, Result as DataFusionResult},
    dataframe::DataFrame,
    error::DataFusionError,
    logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, dml::CopyTo},
    prelude::SessionContext,
    sql::{
        parser::{DFParserBuilder, Statement as Parsed},
        sqlparser::{dialect::GenericDialect, parser::ParserError},
    },
};
use hydrant_lake::Lake;
use url::Url;

use crate::{error::QueryError, names::readable, output::fields};

pub use script::{Statement, excerpt, is_complete, locate, statements};

/// Plans one statement.
///
/// What `DataFusion` alone would not do: operators bind as they do elsewhere, `describe` has a row for each field, `COPY` writes readable names, and buckets that a statement names are opened.
pub(crate) async fn plan(
    context: &SessionContext,
    sql: &str,
    tables: &[String],
) -> DataFusionResult<DataFrame> {
    let statement = parse(sql)?;
    if let Some(bucket) = bucket(&statement) {
        open_bucket(context, &bucket).await?;
    }
    match context.state().statement_to_plan(statement).await? {
        LogicalPlan::DescribeTable(described) => context.read_batch(fields(&described.schema)?),
        LogicalPlan::Copy(copy) => {
            let copy = LogicalPlan::Copy(with_readable_names(copy, tables)?);
            context.execute_logical_plan(copy).await
        }
        plan => context.execute_logical_plan(plan).await,
    }
}

/// The one statement in a text.
pub(crate) fn parse(sql: &str) -> DataFusionResult<Parsed> {
    let mut statements = DFParserBuilder::new(sql)
        .with_dialect(&GenericDialect {})
        .build()?
        .parse_statements()?;
    let mut statement = match (statements.pop_front(), statements.len()) {
        (Some(statement), 0) => statement,
        (None, _) => return Err(mistake("there is no statement")),
        (Some(_), _) => return Err(mistake("more than one statement; give them one by one")),
    };
    repair::repair(&mut statement);
    Ok(statement)
}

fn mistake(reason: &str) -> DataFusionError {
    DataFusionError::SQL(Box::new(ParserError::ParserError(reason.to_owned())), None)
}

/// The bucket that a statement writes to or reads from.
fn bucket(statement: &Parsed) -> Option<Url> {
    let location = match statement {
        Parsed::CopyTo(copy) => &copy.target,
        Parsed::CreateExternalTable(table) => table.locations.first()?,
        _ => return None,
    };
    let url = Url::parse(location).ok()?;
    let bucket = url.host_str().filter(|_| url.scheme() == "s3")?;
    Url::parse(&format!("s3://{bucket}")).ok()
}

/// Lets the session reach a bucket in the way in which lakes are reached.
async fn open_bucket(context: &SessionContext, bucket: &Url) -> DataFusionResult<()> {
    let lake = Lake::open(bucket.as_str(), false)
        .await
        .map_err(|source| QueryError::Bucket {
            bucket: bucket.to_string(),
            source: Box::new(source),
        })
        .map_err(QueryError::into_datafusion)?;
    context.register_object_store(bucket, Arc::clone(lake.store()));
    Ok(())
}

fn with_readable_names(copy: CopyTo, tables: &[String]) -> DataFusionResult<CopyTo> {
    let schema: SchemaRef = Arc::clone(copy.input.schema().inner());
    let names = readable(&schema, tables);
    let columns = copy.input.schema().columns();
    let renamed = columns
        .into_iter()
        .zip(names.fields())
        .map(|(column, field): (Column, _)| Expr::Column(column).alias(field.name()));
    let input = LogicalPlanBuilder::from(Arc::unwrap_or_clone(copy.input))
        .project(renamed)?
        .build()?;
    Ok(CopyTo {
        input: Arc::new(input),
        ..copy
    })
}
