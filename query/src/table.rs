//! The tables `events` and `errors` as DataFusion sees them.

use std::sync::Arc;

use arrow::{
    array::{Array, BooleanArray, RecordBatch, cast::AsArray},
    compute::prep_null_mask_filter,
    datatypes::{Schema, SchemaRef},
};
use async_trait::async_trait;
use datafusion::{
    catalog::{Session, TableProvider},
    common::{DFSchema, Result as DataFusionResult},
    logical_expr::{Expr, TableProviderFilterPushDown, TableType, utils::conjunction},
    physical_plan::ExecutionPlan,
};

use crate::{
    decode::{Constants, TableColumns},
    object::DataObject,
    paths::Paths,
    reader::Source,
    scan::{Kind, Projection, ScanExec},
};

/// A table over objects that were listed.
#[derive(Debug)]
pub(crate) struct LakeTable {
    pub(crate) source: Arc<Source>,
    pub(crate) kind: Kind,
    pub(crate) columns: Arc<TableColumns>,
    pub(crate) objects: Arc<[Arc<DataObject>]>,
    /// What of the structs a scan builds; everything when it is not known.
    pub(crate) paths: Option<Arc<Paths>>,
}

impl LakeTable {
    /// The same table, whose scans build only what lies at these paths.
    pub(crate) fn with_paths(&self, paths: Option<Arc<Paths>>) -> Self {
        Self {
            source: Arc::clone(&self.source),
            kind: self.kind,
            columns: Arc::clone(&self.columns),
            objects: Arc::clone(&self.objects),
            paths,
        }
    }

    /// Whether an expression has one value for each object, so that it can say which objects to open.
    fn decides_objects(&self, filter: &Expr) -> bool {
        let columns = filter.column_refs();
        !columns.is_empty()
            && columns
                .iter()
                .all(|column| self.columns.is_constant(&column.name))
            && !filter.is_volatile()
    }

    /// The objects for which all of `filters` hold.
    fn chosen(
        &self,
        state: &dyn Session,
        filters: &[Expr],
    ) -> DataFusionResult<Vec<Arc<DataObject>>> {
        let deciding = filters
            .iter()
            .filter(|filter| self.decides_objects(filter))
            .cloned();
        let Some(filter) = conjunction(deciding) else {
            return Ok(self.objects.to_vec());
        };
        let batch = self.one_row_per_object()?;
        let schema = DFSchema::try_from(batch.schema())?;
        let holds = state
            .create_physical_expr(filter, &schema)?
            .evaluate(&batch)?
            .into_array(batch.num_rows())?;
        let holds = holds.as_boolean();
        let mask: BooleanArray = if holds.null_count() > 0 {
            prep_null_mask_filter(holds)
        } else {
            holds.clone()
        };
        let kept = self.objects.iter().zip(mask.values().iter());
        Ok(kept
            .filter(|(_, keep)| *keep)
            .map(|(object, _)| Arc::clone(object))
            .collect())
    }

    fn one_row_per_object(&self) -> DataFusionResult<RecordBatch> {
        let mut rows = Constants::new(self.columns.constants.clone());
        for object in self.objects.iter() {
            rows.begin(object);
            rows.count_row();
        }
        let fields: Vec<_> = self
            .columns
            .constants
            .iter()
            .map(|constant| Arc::clone(constant.field()))
            .collect();
        Ok(RecordBatch::try_new(
            Arc::new(Schema::new(fields)),
            rows.finish(),
        )?)
    }
}

#[async_trait]
impl TableProvider for LakeTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.columns.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> DataFusionResult<Vec<TableProviderFilterPushDown>> {
        let answer = |filter: &&Expr| {
            if self.decides_objects(filter) {
                TableProviderFilterPushDown::Exact
            } else {
                TableProviderFilterPushDown::Unsupported
            }
        };
        Ok(filters.iter().map(answer).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let projection = projection
            .cloned()
            .unwrap_or_else(|| (0..self.columns.schema.fields().len()).collect());
        Ok(Arc::new(ScanExec::new(
            Arc::clone(&self.source),
            self.kind,
            Arc::clone(&self.columns),
            Projection {
                columns: projection,
                paths: self.paths.clone(),
            },
            self.chosen(state, filters)?,
            state.config().target_partitions(),
            limit,
        )?))
    }
}
