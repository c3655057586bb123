//! The lake's tables, made anew for each statement that names them, and whatever a session creates beside
//! them.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use arrow::datatypes::FieldRef;
use async_trait::async_trait;
use datafusion::{
    catalog::{MemorySchemaProvider, SchemaProvider, TableProvider},
    common::Result as DataFusionResult,
};
use tokio::sync::Mutex as AsyncMutex;

use crate::{
    catalog::{Catalog, Objects},
    compaction::reader::Snapshot,
    constants::Constant,
    decode::TableColumns,
    engine::{ERRORS, EVENTS},
    error::QueryError,
    error_records,
    learn::{learn_all, learn_sample},
    memory::Memory,
    object::DataObject,
    predicate::Predicate,
    reader::Source,
    results::ResultTable,
    scan::{Kind, Scans},
    shape::{Shape, TIME, time_type},
    table::LakeTable,
};

/// See the module.
pub(crate) struct Tables {
    pub(crate) source: Arc<Source>,
    pub(crate) catalog: Catalog,
    pub(crate) pinned: Option<Vec<FieldRef>>,
    memory: Arc<Memory>,
    /// What the statement that is being planned has come to know. Statements are planned one at a time.
    planned: AsyncMutex<Planned>,
    others: MemorySchemaProvider,
    events: Mutex<Option<Arc<LakeTable>>>,
}

/// What a statement has come to know of `events`.
#[derive(Default)]
struct Planned {
    predicate: Option<Predicate>,
    /// What the statement says of event times, which folders need not be named after.
    times: Option<Predicate>,
    /// The compacted part of the lake, once somebody has looked for it.
    #[expect(
        clippy::option_option,
        reason = "not looked for yet, or looked for and not there"
    )]
    compacted: Option<Option<Arc<Snapshot>>>,
    reach: Option<Reach>,
    /// What was learned beyond the sample.
    learned: Shape,
    scans: Arc<Scans>,
}

/// The objects that a statement may read, and what a sample of them has.
struct Reach {
    objects: Arc<Objects>,
    sample: Shape,
}

impl Reach {
    /// Leaves out compacted files without an event of these times.
    fn narrow(&mut self, times: Option<&Predicate>) {
        let Some(predicate) = times.filter(|it| it.is_of_time()) else {
            return;
        };
        let may_hold = |object: &Arc<DataObject>| {
            let times = object.compacted.as_ref().and_then(|file| file.times);
            times.is_none_or(|(first, last)| predicate.may_hold_between(first, last))
        };
        let objects = self.objects.objects.iter().filter(|it| may_hold(it));
        self.objects = Arc::new(Objects {
            partitions: self.objects.partitions.clone(),
            objects: objects.cloned().collect(),
        });
    }
}

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tables").finish_non_exhaustive()
    }
}

impl Tables {
    pub(crate) fn new(
        source: Arc<Source>,
        catalog: Catalog,
        pinned: Option<Vec<FieldRef>>,
        memory: Memory,
    ) -> Self {
        Self {
            source,
            catalog,
            pinned,
            memory: Arc::new(memory),
            planned: AsyncMutex::default(),
            others: MemorySchemaProvider::new(),
            events: Mutex::default(),
        }
    }

    /// Forgets what was known of `events` for the statement before: this one's rows satisfy `predicate`
    /// wherever it names the table.
    pub(crate) async fn begin(&self, predicate: Predicate) {
        *self.planned.lock().await = Planned {
            times: Some(predicate.clone()),
            predicate: Some(predicate),
            ..Planned::default()
        };
        self.source.footers.clear();
        self.set_events(None);
    }

    /// Begins the same statement anew with what it has come to know.
    pub(crate) async fn begin_again(&self) {
        self.planned.lock().await.scans = Arc::default();
        self.set_events(None);
    }

    /// Begins the same statement anew, not believing that folders are named after the event time.
    pub(crate) async fn distrust_time(&self) {
        let mut planned = self.planned.lock().await;
        let predicate = planned.predicate.take().unwrap_or(Predicate::Maybe);
        planned.predicate = Some(predicate.without_time());
        planned.reach = None;
    }

    /// What watches the scans of the statement as it was planned last.
    pub(crate) async fn scans(&self) -> Arc<Scans> {
        Arc::clone(&self.planned.lock().await.scans)
    }

    fn set_events(&self, table: Option<Arc<LakeTable>>) {
        *self.events.lock().unwrap_or_else(PoisonError::into_inner) = table;
    }

    /// Names of all tables.
    pub(crate) fn names(&self) -> Vec<String> {
        SchemaProvider::table_names(self)
    }

    /// The table `events` of the statement that was planned last, if it names it.
    pub(crate) fn last_events(&self) -> Option<Arc<LakeTable>> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.clone()
    }

    /// Learns from everything in the statement's reach, or from all objects with a field `name`; of those
    /// out of its reach too when nothing in its reach has it. Whether the table has changed by it.
    pub(crate) async fn learn(&self, name: Option<&str>) -> Result<bool, QueryError> {
        let mut planned = self.planned.lock().await;
        if self.pinned.is_some() {
            return Ok(false);
        }
        let before = Self::fields_of(&planned);
        let reach = planned
            .reach
            .as_ref()
            .map(|reach| Arc::clone(&reach.objects));
        if let Some(objects) = reach {
            let learned = learn_all(&self.source, &objects.objects, name).await?;
            planned.learned.merge(&learned);
            let is_pruned = !matches!(planned.predicate, None | Some(Predicate::Maybe));
            if let Some(name) = name
                && is_pruned
                && !planned.learned.names(name)
            {
                let compacted = self.compacted(&mut planned).await?;
                let all = self
                    .objects(compacted.as_deref(), &Predicate::Maybe)
                    .await?;
                let learned = learn_all(&self.source, &all.objects, Some(name)).await?;
                planned.learned.merge(&learned);
            }
        }
        Ok(before != Self::fields_of(&planned))
    }

    fn fields_of(planned: &Planned) -> Vec<FieldRef> {
        Self::shape_of(planned).record_fields()
    }

    /// What is known of the records, with their fields in an order that does not depend on what was learned
    /// when: that of the compacted table, which is that of a sample from before it was made, or that of the sample.
    fn shape_of(planned: &Planned) -> Shape {
        let sample = planned.reach.as_ref().map(|reach| &reach.sample);
        let sample = sample.unwrap_or(Shape::nothing());
        let mut shape = sample.clone();
        shape.merge(&planned.learned);
        let compacted = planned.compacted.as_ref().and_then(Option::as_ref);
        let order = compacted.and_then(|it| it.state.read_order());
        shape.put_in_order(order.as_ref().unwrap_or(sample));
        shape
    }

    /// The compacted part of the lake as it is now. That nothing of the lake can be read at all is not the table's
    /// fault, and is said of the lake.
    async fn snapshot(&self) -> Result<Option<Snapshot>, QueryError> {
        let error = match Snapshot::open(&self.source).await {
            Ok(found) => return Ok(found),
            Err(error) => error,
        };
        let listed = self.source.store.list_with_delimiter(None).await;
        listed.map_err(|error| self.source.store_error("", error))?;
        Err(error)
    }

    /// The compacted part of the lake, the same for all of a statement.
    async fn compacted(&self, planned: &mut Planned) -> Result<Option<Arc<Snapshot>>, QueryError> {
        if planned.compacted.is_none() {
            let found = self.snapshot().await?;
            planned.compacted = Some(found.map(Arc::new));
        }
        Ok(planned.compacted.clone().flatten())
    }

    /// All objects of `events` as they are now, and the order of their fields.
    pub(crate) async fn all(&self) -> Result<(Objects, Shape), QueryError> {
        let compacted = self.snapshot().await?;
        let all = self.objects(compacted.as_ref(), &Predicate::Maybe).await?;
        let order = match compacted.and_then(|it| it.state.read_order()) {
            Some(order) => order,
            None => learn_sample(&self.source, &self.memory, &all.objects).await?,
        };
        Ok((all, order))
    }

    /// The keys of the raw objects that are in the compacted files of the statement that was planned last.
    pub(crate) async fn taken_keys(&self) -> Result<Vec<String>, QueryError> {
        let planned = self.planned.lock().await;
        match planned.compacted.as_ref().and_then(Option::as_ref) {
            Some(compacted) => {
                let predicate = planned.predicate.as_ref().unwrap_or(&Predicate::Maybe);
                compacted.taken_keys(&self.source, predicate).await
            }
            None => Ok(Vec::new()),
        }
    }

    /// The objects of the statement: the compacted files, and the raw objects that are not in them.
    async fn objects(
        &self,
        compacted: Option<&Snapshot>,
        predicate: &Predicate,
    ) -> Result<Objects, QueryError> {
        let raw = self.catalog.events(&self.source, predicate).await;
        let Some(compacted) = compacted else {
            return raw;
        };
        let raw = match raw {
            // All of them were taken, and removed.
            Err(QueryError::NoObjects { .. }) => Objects::default(),
            raw => raw?,
        };
        compacted
            .join(&self.source, &self.catalog, predicate, raw)
            .await
    }

    async fn reach(
        &self,
        compacted: Option<&Snapshot>,
        predicate: &Predicate,
    ) -> Result<Reach, QueryError> {
        let mut objects = Arc::new(self.objects(compacted, predicate).await?);
        let mut sampled = Arc::clone(&objects);
        if objects.objects.is_empty() {
            // Nothing satisfies it, but the columns are still what they are.
            sampled = Arc::new(match compacted {
                Some(_) => self.objects(compacted, &Predicate::Maybe).await?,
                None => self.catalog.some_events(&self.source).await?,
            });
            objects = Arc::new(Objects {
                partitions: sampled.partitions.clone(),
                objects: Vec::new(),
            });
        }
        let sample = match self.pinned {
            Some(_) => Shape::default(),
            None => learn_sample(&self.source, &self.memory, &sampled.objects).await?,
        };
        Ok(Reach { objects, sample })
    }

    async fn events(&self) -> Result<Arc<LakeTable>, QueryError> {
        let mut planned = self.planned.lock().await;
        if let Some(table) = self.last_events() {
            return Ok(table);
        }
        if planned.reach.is_none() {
            let mut predicate = planned.predicate.clone().unwrap_or(Predicate::Maybe);
            if !self.catalog.is_dated_by_event() {
                predicate = predicate.without_time();
                planned.predicate = Some(predicate.clone());
            }
            let compacted = self.compacted(&mut planned).await?;
            let compacted = compacted.as_deref();
            let mut reach = self.reach(compacted, &predicate).await?;
            // A field of the records wins over a partition column of its name: then what the query says of
            // it says nothing of folders.
            let is_field = |column: &str| reach.sample.field(column).is_some();
            let mut sound = predicate.clone().without(&is_field);
            let fields = reach.sample.record_fields();
            let is_time =
                |field: &FieldRef| field.name() == TIME && *field.data_type() == time_type();
            // Nothing that the scan could check: then folders say nothing of the event time.
            if self.pinned.is_some() || !fields.iter().any(is_time) {
                sound = sound.without_time();
            }
            if sound != predicate {
                reach = self.reach(compacted, &sound).await?;
                planned.predicate = Some(sound);
            }
            // A compacted file knows its first and last event time, whatever folders are named after.
            if self.pinned.is_none() && fields.iter().any(is_time) {
                reach.narrow(planned.times.as_ref());
            }
            if let Some(compacted) = compacted {
                compacted.count(&self.source, &reach.objects);
            }
            planned.reach = Some(reach);
        }
        let (fields, shape) = if let Some(fields) = &self.pinned {
            (fields.clone(), None)
        } else {
            let shape = Self::shape_of(&planned);
            (shape.record_fields(), Some(Arc::new(shape)))
        };
        let objects = planned.reach.as_ref().map(|reach| &*reach.objects);
        let mut constants: Vec<_> = objects
            .iter()
            .flat_map(|objects| objects.partitions.iter().enumerate())
            .map(|(n, partition)| Constant::partition(partition, n))
            .collect();
        constants.push(Constant::object());
        let table = Arc::new(LakeTable {
            source: Arc::clone(&self.source),
            kind: Kind::Events,
            columns: Arc::new(TableColumns::new(fields, constants, shape)),
            objects: objects
                .map(|it| it.objects.clone())
                .unwrap_or_default()
                .into(),
            paths: None,
            trusts_time: planned
                .predicate
                .as_ref()
                .is_some_and(Predicate::is_of_time),
            scans: Arc::clone(&planned.scans),
        });
        self.set_events(Some(Arc::clone(&table)));
        Ok(table)
    }

    async fn errors(&self) -> Result<Arc<LakeTable>, QueryError> {
        Ok(Arc::new(LakeTable {
            source: Arc::clone(&self.source),
            kind: Kind::Errors,
            columns: Arc::new(error_records::columns()),
            objects: self.catalog.errors(&self.source).await?.into(),
            paths: None,
            trusts_time: false,
            scans: Arc::default(),
        }))
    }
}

/// Table names, unlike columns, have no case: nobody's lake has both `events` and `EVENTS`.
#[async_trait]
impl SchemaProvider for Tables {
    fn table_names(&self) -> Vec<String> {
        let mut names = vec![EVENTS.to_owned(), ERRORS.to_owned()];
        names.extend(self.others.table_names());
        names
    }

    async fn table(&self, name: &str) -> DataFusionResult<Option<Arc<dyn TableProvider>>> {
        let table = if name.eq_ignore_ascii_case(EVENTS) {
            self.events().await
        } else if name.eq_ignore_ascii_case(ERRORS) {
            self.errors().await
        } else {
            let other = self.others.table(name).await?;
            if other.is_some() {
                return Ok(other);
            }
            let result = ResultTable::open(&self.source, name).await;
            let result = result.map_err(QueryError::into_datafusion)?;
            return Ok(result.map(|table| Arc::new(table) as _));
        };
        Ok(Some(table.map_err(QueryError::into_datafusion)?))
    }

    fn register_table(
        &self,
        name: String,
        table: Arc<dyn TableProvider>,
    ) -> DataFusionResult<Option<Arc<dyn TableProvider>>> {
        if name.eq_ignore_ascii_case(EVENTS) || name.eq_ignore_ascii_case(ERRORS) {
            return datafusion::common::exec_err!("the lake's table `{name}` cannot be replaced");
        }
        self.others.register_table(name, table)
    }

    fn deregister_table(&self, name: &str) -> DataFusionResult<Option<Arc<dyn TableProvider>>> {
        self.others.deregister_table(name)
    }

    fn table_exist(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(EVENTS)
            || name.eq_ignore_ascii_case(ERRORS)
            || self.others.table_exist(name)
    }
}
