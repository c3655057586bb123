//! The rows of a Parquet object, batch by batch.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use arrow::{
    array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, cast::AsArray},
    datatypes::{DataType, FieldRef, SchemaRef, TimeUnit},
    error::ArrowError,
};
use parquet::{
    DecodeResult,
    arrow::{
        arrow_reader::{
            ArrowPredicate, ArrowPredicateFn, ArrowReaderMetadata, ArrowReaderOptions, RowFilter,
        },
        push_decoder::{ParquetPushDecoder, ParquetPushDecoderBuilder},
    },
    file::metadata::{PageIndexPolicy, ParquetMetaDataPushDecoder},
};

use super::{
    Fault, Ranges,
    conform::Conform,
    footer,
    leaves::{leaf, mask},
    pruning::{blooms_may_hold, bounds, may_hold, on_leaves, pages, type_at},
};
use crate::{
    compaction::reader::constants_of,
    condition::{Bound, Filter},
    constants::{Constant, OBJECT},
    decode::Constants,
    object::DataObject,
    reader::Source,
    scan::Plan,
    shape::{Shape, TIME},
    stats::add,
};

/// Rows of a batch.
const BATCH_ROWS: usize = 8192;

/// Schemas of files that are known to fit.
const REMEMBERED: usize = 64;

/// An object whose footer was read, with the row groups of it that are still to be read.
#[derive(Debug)]
pub(crate) struct Opened {
    object: Arc<DataObject>,
    ranges: Ranges,
    footer: ArrowReaderMetadata,
}

/// Schemas of files that fit the table's.
#[derive(Debug, Default)]
pub(crate) struct Fitting(Mutex<Vec<SchemaRef>>);

/// Opens an object: gives those row groups of one `part` `of` it that may hold what the query asks for.
///
/// # Errors
///
/// [`Fault`].
pub(crate) async fn open(
    source: &Arc<Source>,
    object: &Arc<DataObject>,
    ranges: Ranges,
    plan: &Plan,
    interval: Option<(i64, i64)>,
    (part, of): (usize, usize),
) -> Result<(Opened, VecDeque<usize>), Fault> {
    let mut footer = footer(source, object, &ranges).await?;
    // What a compacted file holds was noted when it was made, and the table knows it from there.
    if object.compacted.is_none() {
        check_fit(plan, footer.schema())?;
    }
    if let Some(interval) = interval {
        check_times(&footer, interval)?;
    }
    let conditions = plan.filters.iter().map(|filter| &filter.condition);
    let conditions = on_leaves(footer.metadata(), footer.schema().fields(), conditions);
    let (mut groups, mut pruned) = (VecDeque::new(), 0);
    let all = footer.metadata().row_groups().iter().enumerate();
    for (at, group) in all.filter(|(at, _)| at % of == part) {
        let place = (object.key.as_str(), &ranges);
        if may_hold(group, &conditions)
            && blooms_may_hold(source, place, group, &conditions).await?
        {
            groups.push_back(at);
        } else {
            pruned += 1;
        }
    }
    add(&source.counters.groups, groups.len() as u64);
    add(&source.counters.groups_skipped, pruned);
    if pruned > 0 && groups.is_empty() && of == 1 {
        add(&source.counters.objects_passed_over, 1);
    }
    if !conditions.is_empty() && !groups.is_empty() {
        footer = with_pages(source, object, &ranges, footer).await?;
    }
    let opened = Opened {
        object: Arc::clone(object),
        ranges,
        footer,
    };
    Ok((opened, groups))
}

/// Whether what the file has, beside what the sample had, makes the table's columns as they are.
fn check_fit(plan: &Plan, stored: &SchemaRef) -> Result<(), Fault> {
    let table = &plan.table;
    let Some(known) = &table.shape else {
        return Ok(());
    };
    let fitting = || {
        plan.fitting
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    };
    if fitting().iter().any(|it| it == stored) {
        return Ok(());
    }
    let mut joined = Shape::clone(known);
    joined.merge(&Shape::of_fields(stored.fields(), 1));
    let fields = table.schema.fields().get(..table.fields);
    if joined.record_fields().as_slice() != fields.unwrap_or_default() {
        return Err(Fault::Misfit);
    }
    let mut fitting = fitting();
    if fitting.len() < REMEMBERED {
        fitting.push(Arc::clone(stored));
    }
    Ok(())
}

/// Where folders are believed to be named after the time of records: whether the times of the file lie in its
/// folder's.
fn check_times(footer: &ArrowReaderMetadata, (from, to): (i64, i64)) -> Result<(), Fault> {
    let metadata = footer.metadata();
    let path = [TIME.to_owned()];
    let leaf = leaf(metadata.file_metadata().schema_descr(), &path);
    let is_time = matches!(
        type_at(footer.schema().fields(), &path),
        Some(DataType::Timestamp(TimeUnit::Microsecond, _))
    );
    let lies_inside = metadata.row_groups().iter().all(|group| {
        let bounds = leaf.and_then(|leaf| bounds(group.columns().get(leaf)?));
        matches!(bounds, Some((Bound::Integer(least), Bound::Integer(most))) if from <= least && most < to)
    });
    (is_time && lies_inside).then_some(()).ok_or(Fault::Stray)
}

/// The footer with the index of its pages, if there is one.
async fn with_pages(
    source: &Arc<Source>,
    object: &DataObject,
    ranges: &Ranges,
    footer: ArrowReaderMetadata,
) -> Result<ArrowReaderMetadata, Fault> {
    let metadata = footer.metadata();
    let has_index = metadata.row_groups().iter().any(|group| {
        let mut columns = group.columns().iter();
        columns.any(|column| column.offset_index_offset().is_some())
    });
    if !has_index {
        return Ok(footer);
    }
    let mut decoder =
        ParquetMetaDataPushDecoder::try_new_with_metadata(ranges.length(), (**metadata).clone())?
            .with_page_index_policy(PageIndexPolicy::Optional);
    loop {
        match decoder.try_decode()? {
            DecodeResult::Data(metadata) => {
                let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
                return Ok(ArrowReaderMetadata::try_new(Arc::new(metadata), options)?);
            }
            DecodeResult::NeedsData(needed) => {
                let bytes = ranges.get(source, &object.key, &needed).await?;
                decoder.push_ranges(needed, bytes)?;
            }
            DecodeResult::Finished => return Ok(footer),
        }
    }
}

impl Opened {
    /// Rows of a row group, when nothing of them is looked at.
    pub(crate) fn rows_of(&self, group: usize) -> usize {
        let groups = self.footer.metadata().row_groups();
        let rows = groups
            .get(group)
            .map_or(0, parquet::file::metadata::RowGroupMetaData::num_rows);
        usize::try_from(rows).unwrap_or_default()
    }
}

/// Where a column of the answer comes from.
enum Output {
    /// The file, by the column's position in what is read, and how it is conformed.
    Field(usize, Conform),
    /// What the object's key says.
    Constant(usize),
}

/// The rows of one row group.
pub(crate) struct Rows {
    decoder: ParquetPushDecoder,
    schema: SchemaRef,
    /// Which of the constants each column is, if it is one.
    constant_of: Vec<Option<usize>>,
    /// How the batches of the file become ours; known from the first on.
    outputs: Option<Vec<Output>>,
    constants: Vec<Constant>,
    /// The constants of the longest batch so far.
    filled: Vec<ArrayRef>,
}

impl Rows {
    /// The rows of a row group that may satisfy the plan's filters.
    ///
    /// # Errors
    ///
    /// [`Fault`].
    pub(crate) fn new(plan: &Plan, opened: &Opened, group: usize) -> Result<Self, Fault> {
        let (table, projection) = (&plan.table, &plan.projection);
        let metadata = opened.footer.metadata();
        let parquet_schema = metadata.file_metadata().schema_descr();
        let mut constants = Vec::new();
        let constant_of = projection.columns.iter().map(|at| {
            let constant = at.checked_sub(table.fields)?;
            constants.push(table.constants.get(constant)?.clone());
            Some(constants.len() - 1)
        });
        let constant_of = constant_of.collect();
        let has_keys = needs_keys(&opened.object, &constants);
        let mask = mask(parquet_schema, table, projection, has_keys);
        let mut builder = ParquetPushDecoderBuilder::new_with_metadata(opened.footer.clone())
            .with_batch_size(BATCH_ROWS)
            .with_row_groups(vec![group])
            .with_projection(mask);
        let stored = opened.footer.schema().fields();
        let conditions = plan.filters.iter().map(|filter| &filter.condition);
        let conditions = on_leaves(metadata, stored, conditions);
        if let Some(selection) = pages(metadata, group, &conditions) {
            builder = builder.with_row_selection(selection);
        }
        let answerable = |filter: &&Filter| {
            let condition = &filter.condition;
            type_at(stored, &condition.path).is_some_and(|it| condition.is_of(it))
        };
        let predicates: Vec<_> = plan
            .filters
            .iter()
            .filter(answerable)
            .map(|filter| predicate(plan, opened, filter))
            .collect();
        if !predicates.is_empty() {
            builder = builder.with_row_filter(RowFilter::new(predicates));
        }
        Ok(Self {
            decoder: builder.build()?,
            schema: Arc::new(table.schema.project(&projection.columns)?),
            constant_of,
            outputs: None,
            constants,
            filled: Vec::new(),
        })
    }

    /// The next batch.
    ///
    /// # Errors
    ///
    /// [`Fault`].
    pub(crate) async fn next(
        &mut self,
        source: &Arc<Source>,
        opened: &Opened,
    ) -> Result<Option<RecordBatch>, Fault> {
        loop {
            match self.decoder.try_decode()? {
                DecodeResult::Data(batch) => return Ok(Some(self.conform(&batch, opened)?)),
                DecodeResult::NeedsData(needed) => {
                    let (ranges, key) = (&opened.ranges, &opened.object.key);
                    let bytes = ranges.get(source, key, &needed).await?;
                    self.decoder.push_ranges(needed, bytes)?;
                }
                DecodeResult::Finished => return Ok(None),
            }
        }
    }

    /// What keys say, for as many rows as the batch has.
    fn fill_constants(&mut self, batch: &RecordBatch, opened: &Opened) -> Result<(), ArrowError> {
        let rows = batch.num_rows();
        if self.constants.is_empty() {
            return Ok(());
        }
        let object = &opened.object;
        if needs_keys(object, &self.constants)
            && let Some(compacted) = &object.compacted
        {
            let Some(keys) = batch.column_by_name(OBJECT) else {
                let reason = format!("a compacted file has no column {OBJECT}");
                return Err(ArrowError::SchemaError(reason));
            };
            self.filled = constants_of(object, compacted, keys, &self.constants)?;
        } else if self.filled.first().is_none_or(|it| it.len() < rows) {
            let mut columns = Constants::new(self.constants.clone());
            columns.begin(object);
            columns.count_rows(rows);
            self.filled = columns.finish();
        }
        Ok(())
    }

    fn conform(&mut self, batch: &RecordBatch, opened: &Opened) -> Result<RecordBatch, ArrowError> {
        let rows = batch.num_rows();
        self.fill_constants(batch, opened)?;
        let columns = self.schema.fields().iter().zip(&self.constant_of);
        let outputs = self.outputs.get_or_insert_with(|| {
            let output = |(field, constant): (&FieldRef, &Option<usize>)| {
                if let Some(constant) = constant {
                    return Output::Constant(*constant);
                }
                let stored = batch.schema_ref().column_with_name(field.name());
                let from = stored.map(|(_, stored)| stored.data_type());
                let at = stored.map_or(usize::MAX, |(at, _)| at);
                Output::Field(at, Conform::new(from, field.data_type()))
            };
            columns.map(output).collect()
        });
        let columns = outputs.iter_mut().map(|output| match output {
            Output::Field(at, conform) => conform.apply(batch.columns().get(*at), rows),
            Output::Constant(n) => Ok(self.filled[*n].slice(0, rows)),
        });
        let columns = columns.collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
    }
}

/// Whether these columns are to be had only from the keys of the objects that the rows of a compacted file came
/// from.
fn needs_keys(object: &DataObject, constants: &[Constant]) -> bool {
    let file = object.compacted.as_ref();
    file.is_some_and(|file| constants.iter().any(|constant| !file.knows(constant)))
}

/// A filter as the Parquet reader asks it, of the column that it names alone.
fn predicate(plan: &Plan, opened: &Opened, filter: &Filter) -> Box<dyn ArrowPredicate> {
    let schema = opened.footer.parquet_schema();
    let mask = mask(schema, &plan.table, &filter.projection, false);
    let (wanted, expression) = (Arc::clone(&filter.schema), Arc::clone(&filter.expression));
    let mut conform: Option<Conform> = None;
    Box::new(ArrowPredicateFn::new(mask, move |batch: RecordBatch| {
        let (rows, to) = (batch.num_rows(), wanted.field(0).data_type());
        let column = batch.columns().first();
        let conform =
            conform.get_or_insert_with(|| Conform::new(column.map(|it| it.data_type()), to));
        let column = conform.apply(column, rows)?;
        let batch = RecordBatch::try_new(Arc::clone(&wanted), vec![column])?;
        let holds = expression
            .evaluate(&batch)
            .and_then(|holds| holds.into_array(rows))
            .map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
        let holds: BooleanArray = holds.as_boolean().clone();
        Ok(holds)
    }))
}
