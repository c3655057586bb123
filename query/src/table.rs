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
    condition::{self, is_condition},
    constants::Constant,
    decode::{Constants, TableColumns},
    needle::needles,
    object::DataObject,
    paths::{Paths, Projection},
    reader::Source,
    scan::{Kind, Plan, ScanExec, Scans},
    stats::add,
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
    /// Whether objects were left out because of the event time.
    pub(crate) trusts_time: bool,
    /// Watches the scans of the statement that the table was made for.
    pub(crate) scans: Arc<Scans>,
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
            trusts_time: self.trusts_time,
            scans: Arc::clone(&self.scans),
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
    ) -> DataFusionResult<Arc<[Arc<DataObject>]>> {
        let deciding = filters
            .iter()
            .filter(|filter| self.decides_objects(filter))
            .cloned();
        let Some(filter) = conjunction(deciding) else {
            return Ok(Arc::clone(&self.objects));
        };
        let named = filter.column_refs();
        let constants = self.columns.constants.iter();
        let named: Vec<Constant> = constants
            .filter(|it| named.iter().any(|name| name.name == *it.field().name()))
            .cloned()
            .collect();
        let batch = self.one_row_per_object(named.clone())?;
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
        // Where the rows of a compacted file differ they are looked at one by one.
        let differ = |object: &DataObject| {
            let file = object.compacted.as_ref();
            file.is_some_and(|file| !named.iter().all(|constant| file.knows(constant)))
        };
        let kept: Arc<[_]> = kept
            .filter(|(object, keep)| *keep || differ(object))
            .map(|(object, _)| Arc::clone(object))
            .collect();
        let skipped = self.objects.len() - kept.len();
        add(&self.source.counters.objects_skipped, skipped as u64);
        Ok(kept)
    }

    fn one_row_per_object(&self, constants: Vec<Constant>) -> DataFusionResult<RecordBatch> {
        let fields: Vec<_> = constants
            .iter()
            .map(|constant| Arc::clone(constant.field()))
            .collect();
        let mut rows = Constants::new(constants);
        for object in self.objects.iter() {
            rows.begin(object);
            rows.count_rows(1);
        }
        Ok(RecordBatch::try_new(
            Arc::new(Schema::new(fields)),
            rows.finish(),
        )?)
    }

    /// The columns that come from records.
    fn record_columns(&self) -> Schema {
        let fields = self
            .columns
            .schema
            .fields()
            .iter()
            .take(self.columns.fields);
        Schema::new(fields.cloned().collect::<Vec<_>>())
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
        let records = self.record_columns();
        let has_compacted = self.objects.iter().any(|object| object.compacted.is_some());
        let answer = |filter: &&Expr| {
            if self.decides_objects(filter) && has_compacted {
                TableProviderFilterPushDown::Inexact
            } else if self.decides_objects(filter) {
                TableProviderFilterPushDown::Exact
            } else if self.kind == Kind::Events
                && (is_condition(filter, &records) || !needles([*filter], &records).is_empty())
            {
                TableProviderFilterPushDown::Inexact
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
        let needles = match self.kind {
            Kind::Events => needles(filters, &self.record_columns()),
            Kind::Errors => Vec::new(),
        };
        let plan = Plan {
            source: Arc::clone(&self.source),
            kind: self.kind,
            table: Arc::clone(&self.columns),
            projection: Projection {
                columns: projection,
                paths: self.paths.clone(),
            },
            needles,
            filters: match self.kind {
                Kind::Events => condition::filters(state, filters, &self.record_columns())?,
                Kind::Errors => Vec::new(),
            },
            fitting: Arc::default(),
            limit,
            trusts_time: self.trusts_time,
            scans: Arc::clone(&self.scans),
        };
        Ok(Arc::new(ScanExec::new(
            plan,
            self.chosen(state, filters)?,
            state.config().target_partitions(),
        )?))
    }
}
