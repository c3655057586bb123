//! The compacted part of a lake as a query sees it: the files of one version of the table, and which raw
//! objects they stand for.

use std::{cell::OnceCell, collections::HashSet, sync::Arc};

use arrow::{
    array::{ArrayRef, StringArray, cast::AsArray, new_null_array},
    compute::{cast, take},
    datatypes::{DataType, Int32Type},
    error::ArrowError,
};

use super::{
    CompactionError,
    schema::{DATE, TYPE},
    state::{APPLICATION, FileNote, PROPERTY, State, TABLE},
    taken,
};
use crate::{
    catalog::{Catalog, Objects},
    constants::{Constant, ConstantColumn, OBJECT},
    delta::{DeltaTable, TableFile},
    error::QueryError,
    listing::folder_may_hold,
    object::{CompactedFile, DataObject, Partition, Places},
    predicate::Predicate,
    reader::Source,
    shape::Shape,
    stats::add,
};

/// The table at one version, and what it has taken.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) table: DeltaTable,
    pub(crate) state: State,
    /// The files of the table.
    in_log: Vec<TableFile>,
}

/// The values of partition columns.
type Values = Arc<[Option<String>]>;

/// What the folders of a state say.
struct Folders<'a> {
    names: &'a [String],
    places: &'a Arc<dyn Places>,
    may_hold: Vec<bool>,
    /// The values of those that somebody asked for.
    values: Vec<OnceCell<Option<Values>>>,
}

impl<'a> Folders<'a> {
    fn new(names: &'a [String], places: &'a Arc<dyn Places>, predicate: &Predicate) -> Self {
        let may_hold = names.iter();
        let may_hold = may_hold.map(|folder| folder_may_hold(folder, predicate));
        Self {
            names,
            places,
            may_hold: may_hold.collect(),
            values: vec![OnceCell::new(); names.len()],
        }
    }

    fn values(&self, at: usize) -> Option<&[Option<String>]> {
        let (values, name) = (self.values.get(at)?, self.names.get(at)?);
        let values = values.get_or_init(|| self.places.of_folder(name));
        values.as_deref()
    }

    /// Whether a file may have rows for which the predicate holds.
    fn may_hold(&self, note: &FileNote) -> bool {
        // Objects that lay in no folder may.
        let mut folders = note.folders.iter();
        note.folders.is_empty() || folders.any(|at| self.may_hold.get(*at).copied().unwrap_or(true))
    }

    /// The values that the folders of a file agree on, and which they are.
    fn alike(&self, note: &FileNote) -> (Values, Vec<bool>) {
        let mut all = note.folders.iter().map(|at| self.values(*at));
        let Some(Some(first)) = all.next() else {
            return (Arc::default(), Vec::new());
        };
        let mut alike = vec![true; first.len()];
        for values in all {
            let Some(values) = values else {
                return (Arc::default(), Vec::new());
            };
            for (n, alike) in alike.iter_mut().enumerate() {
                *alike &= values.get(n) == first.get(n);
            }
        }
        let known = first.iter().zip(&alike);
        let known = known.map(|(value, alike)| value.clone().filter(|_| *alike));
        (known.collect(), alike)
    }
}

impl Snapshot {
    /// The compacted part of the lake; `None` when it has none.
    ///
    /// # Errors
    ///
    /// [`QueryError::Compacted`] when it cannot be read. A table that was not made by compaction is none of it.
    pub(crate) async fn open(source: &Source) -> Result<Option<Self>, QueryError> {
        if let Some(directory) = &source.directory
            && !directory.join(TABLE).is_dir()
        {
            return Ok(None);
        }
        if source.directory.is_none() {
            // Whether there is a log.
            add(&source.counters.list_requests, 1);
        }
        let location = format!("{}{TABLE}", source.lake);
        let found = DeltaTable::open_in(Arc::clone(&source.store), location, TABLE);
        let Some(table) = found.await.map_err(CompactionError::from)? else {
            return Ok(None);
        };
        let ours = table.property(PROPERTY).map_err(CompactionError::from)?;
        if ours.is_none() {
            return Ok(None);
        }
        let number = table.transaction(APPLICATION).await;
        let Some(number) = number.map_err(CompactionError::from)? else {
            return Ok(None);
        };
        let state = State::read(&source.store, number).await?;
        Ok(Some(Self {
            in_log: table.files().map_err(CompactionError::from)?,
            table,
            state,
        }))
    }

    /// Puts the compacted files before the raw objects and leaves out those that were taken. Of the files, those
    /// are left out for whose folders `predicate` cannot hold.
    ///
    /// # Errors
    ///
    /// [`QueryError::Compacted`].
    pub(crate) async fn join(
        &self,
        source: &Source,
        catalog: &Catalog,
        predicate: &Predicate,
        raw: Objects,
    ) -> Result<Objects, QueryError> {
        let mut keys: Vec<&str> = raw.objects.iter().map(|it| it.key.as_str()).collect();
        keys.sort_unstable();
        let taken = taken::among(&source.store, &self.state, &keys).await?;
        add(&source.counters.objects_taken, taken.len() as u64);
        let partitions = self.partitions(raw.partitions);
        let mut objects = self.files(source, catalog, &partitions, predicate)?;
        objects.extend(keep(raw.objects, &taken));
        Ok(Objects {
            partitions,
            objects,
        })
    }

    /// The partition columns of raw objects and of those that were taken.
    pub(crate) fn partitions(&self, raw: Vec<Partition>) -> Vec<Partition> {
        let mut partitions = raw;
        for (name, is_number) in &self.state.partitions {
            match partitions.iter_mut().find(|it| it.name == *name) {
                Some(known) => {
                    known.is_number &= is_number;
                    known.is_seen = true;
                }
                None => partitions.push(Partition {
                    name: name.clone(),
                    is_number: *is_number,
                    is_seen: true,
                }),
            }
        }
        partitions
    }

    pub(crate) fn files(
        &self,
        source: &Source,
        catalog: &Catalog,
        partitions: &[Partition],
        predicate: &Predicate,
    ) -> Result<Vec<Arc<DataObject>>, QueryError> {
        let shapes = self.state.read_shapes()?;
        let places = catalog.places(partitions);
        let folders = Folders::new(&self.state.folders, &places, predicate);
        let (mut files, mut skipped) = (Vec::new(), 0);
        for file in &self.in_log {
            let note = self.state.files.get(&file.path);
            if !note.is_none_or(|note| folders.may_hold(note)) {
                skipped += 1;
                continue;
            }
            let shape = match note.and_then(|note| shapes.get(note.shape)) {
                Some(shape) => Arc::clone(shape),
                // Another program has written the file anew.
                None => Arc::new(self.whole_shape()?),
            };
            let (known, alike) = note.map(|note| folders.alike(note)).unwrap_or_default();
            files.push(Arc::new(DataObject {
                key: format!("{TABLE}/{}", file.path),
                size: file.size,
                written: 0,
                partitions: known,
                compacted: Some(Arc::new(CompactedFile {
                    rows: file.rows.or(note.map(|note| note.rows)),
                    times: note.and_then(|note| note.times),
                    event_type: file.partition.get(TYPE).cloned().flatten(),
                    date: file.partition.get(DATE).cloned().flatten(),
                    shape,
                    places: Arc::clone(&places),
                    alike,
                })),
            }));
        }
        add(&source.counters.objects_skipped, skipped);
        files.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(files)
    }

    /// Counts the files of this version, and those that are not among what a statement reads.
    pub(crate) fn count(&self, source: &Source, read: &Objects) {
        let (counters, files) = (&source.counters, &self.in_log);
        add(&counters.files, files.len() as u64);
        add(&counters.file_bytes, files.iter().map(|it| it.size).sum());
        add(
            &counters.file_rows,
            files.iter().filter_map(|it| it.rows).sum(),
        );
        let is_file = |object: &&Arc<DataObject>| object.compacted.is_some();
        let read = read.objects.iter().filter(is_file).count();
        add(
            &counters.files_skipped,
            files.len().saturating_sub(read) as u64,
        );
    }

    /// The shape that the table's own columns tell.
    fn whole_shape(&self) -> Result<Shape, QueryError> {
        let schema = self.table.schema().map_err(CompactionError::from)?;
        let partitions = &self.state.partitions;
        let is_field = |name: &str| {
            ![OBJECT, TYPE, DATE].contains(&name) && !partitions.iter().any(|(it, _)| it == name)
        };
        let fields = schema.fields().iter();
        let fields = fields.filter(|field| is_field(field.name())).cloned();
        Ok(Shape::of_fields(&fields.collect(), 1))
    }

    /// The keys of the raw objects that were taken from folders for which `predicate` may hold.
    ///
    /// # Errors
    ///
    /// [`QueryError::Compacted`].
    pub(crate) async fn taken_keys(
        &self,
        source: &Source,
        predicate: &Predicate,
    ) -> Result<Vec<String>, QueryError> {
        let taken = taken::read_all(&source.store, self.state.taken.clone()).await?;
        let may_hold = |key: &str| {
            let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
            folder_may_hold(folder, predicate)
        };
        let keys = taken.into_iter().map(|taken| taken.key);
        Ok(keys.filter(|key| may_hold(key)).collect())
    }
}

fn keep(
    objects: Vec<Arc<DataObject>>,
    taken: &HashSet<String>,
) -> impl Iterator<Item = Arc<DataObject>> {
    objects
        .into_iter()
        .filter(move |object| !taken.contains(&object.key))
}

/// The values of `constants` for rows of a file that came from these keys.
///
/// # Errors
///
/// [`ArrowError`] when `keys` are no texts.
pub(crate) fn constants_of(
    object: &DataObject,
    file: &CompactedFile,
    keys: &ArrayRef,
    constants: &[Constant],
) -> Result<Vec<ArrayRef>, ArrowError> {
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let keys = cast(keys, &dictionary)?;
    let keys = keys.as_dictionary::<Int32Type>();
    let names: &StringArray = keys.values().as_string::<i32>();
    // A row of another program has no key.
    let objects: Vec<_> = names
        .iter()
        .map(|key| DataObject {
            key: key.unwrap_or_default().to_owned(),
            size: 0,
            written: 0,
            partitions: file.places.of(key.unwrap_or_default()),
            compacted: None,
        })
        .collect();
    let column = |constant: &Constant| {
        let mut column = ConstantColumn::new(constant);
        if file.knows(constant) {
            column.append(constant, object, keys.len());
            return Ok(column.finish());
        }
        for object in &objects {
            column.append(constant, object, 1);
        }
        if objects.is_empty() {
            return Ok(new_null_array(constant.field().data_type(), keys.len()));
        }
        take(&column.finish(), keys.keys(), None)
    };
    constants.iter().map(column).collect()
}
