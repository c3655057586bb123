//! Which objects of the lake hold delivered records, which hold the error output, and what their keys say.

use std::{sync::Arc, time::Instant};

use crate::{
    constants::HIVE_NULL,
    error::QueryError,
    error_records::error_output_type,
    layout::Layout,
    listing::{Entry, list, list_first, list_found},
    object::{DataObject, Partition, Places},
    options::Options,
    predicate::Predicate,
    problems::{Problem, ProblemKind},
    reader::Source,
    stats::{add, add_time},
};

/// The folder that our own templates write delivered records to.
const EVENTS_FOLDER: &str = "events/";

/// Where error output lies when no `ErrorOutputPrefix` says so: our own templates' folder, and the AWS
/// sample's.
const ERROR_FOLDERS: [&str; 2] = ["errors/", "error/"];

/// What belongs where in a lake.
#[derive(Debug)]
pub(crate) struct Catalog {
    layout: Arc<Layout>,
    errors: ErrorPlace,
    /// Whether the operator gave a Prefix.
    given: bool,
    /// Whether the folder alone says what a key says.
    are_folders: bool,
    by_event: bool,
}

/// Where the error output is.
#[derive(Debug)]
enum ErrorPlace {
    /// Under this beginning.
    Under(String),
    /// In folders that look like it.
    Found,
}

/// A folder, whether it is of the error output, and the partition values of what is in it.
type Folder = (String, bool, Arc<[Option<String>]>);

/// The objects of one table.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    /// The partition columns, in order of appearance.
    pub(crate) partitions: Vec<Partition>,
    /// The objects, in order of their keys.
    pub(crate) objects: Vec<Arc<DataObject>>,
}

impl Objects {
    /// The place of a column; a new one gets the next.
    fn place(&mut self, name: &str) -> usize {
        let known = self.partitions.iter().position(|it| it.name == name);
        known.unwrap_or_else(|| {
            self.partitions.push(Partition {
                name: name.to_owned(),
                is_number: true,
                is_seen: false,
            });
            self.partitions.len() - 1
        })
    }

    /// Notes a value of a column; gives the column's place.
    fn see(&mut self, name: &str, value: &str) -> usize {
        let at = self.place(name);
        if value != HIVE_NULL
            && let Some(partition) = self.partitions.get_mut(at)
        {
            let digits = value.bytes().all(|byte| byte.is_ascii_digit());
            partition.is_number &= digits && value.parse::<i64>().is_ok();
            partition.is_seen = true;
        }
        at
    }

    fn values(&mut self, said: Vec<(&str, &str)>) -> Arc<[Option<String>]> {
        let mut places = Vec::with_capacity(said.len());
        for (name, value) in said {
            let at = self.see(name, value);
            places.resize(places.len().max(at + 1), None);
            places[at] = Some(value.to_owned()).filter(|value| value != HIVE_NULL);
        }
        places.into()
    }
}

impl Catalog {
    /// # Errors
    ///
    /// [`QueryError::Prefix`] when an expression is not one that Firehose takes.
    pub(crate) fn new(options: &Options) -> Result<Self, QueryError> {
        let layout = match &options.prefix {
            Some(expression) => Layout::from_prefix(expression)?,
            None => Layout::found(),
        };
        let errors = match &options.error_prefix {
            Some(expression) => match crate::layout::error_literal(expression)? {
                literal if literal.is_empty() => ErrorPlace::Found,
                literal => ErrorPlace::Under(literal),
            },
            None => ErrorPlace::Found,
        };
        Ok(Self {
            layout: Arc::new(layout),
            errors,
            given: options.prefix.is_some(),
            are_folders: (options.prefix.as_deref()).is_none_or(|prefix| prefix.ends_with('/')),
            by_event: options.prefix.as_deref().is_some_and(is_by_event),
        })
    }

    /// Whether the operator's Prefix names folders after the event's time. Without a Prefix nobody knows: a
    /// folder may as well be named after the time of arrival.
    pub(crate) fn is_dated_by_event(&self) -> bool {
        self.by_event
    }

    /// What keys say, for rows that keep the key they came from.
    pub(crate) fn places(&self, partitions: &[Partition]) -> Arc<dyn Places> {
        Arc::new(KeyPlaces {
            layout: Arc::clone(&self.layout),
            root: if self.given { "" } else { EVENTS_FOLDER },
            are_folders: self.are_folders,
            names: partitions.iter().map(|it| it.name.clone()).collect(),
        })
    }

    fn is_error(&self, key: &str) -> bool {
        match &self.errors {
            ErrorPlace::Under(literal) => key.starts_with(literal),
            ErrorPlace::Found => {
                ERROR_FOLDERS.iter().any(|folder| key.starts_with(folder))
                    || error_output_type(key).is_some()
            }
        }
    }

    /// The objects of delivered records for which `predicate` may hold.
    ///
    /// # Errors
    ///
    /// [`QueryError::NoObjects`] when there are no objects at all, [`QueryError::Store`] when the store does
    /// not list.
    pub(crate) async fn events(
        &self,
        source: &Source,
        predicate: &Predicate,
    ) -> Result<Objects, QueryError> {
        let start = Instant::now();
        let root = self.events_root(source).await?;
        let listed = list(source, &root, predicate).await?;
        let (mut found, mut others) = (Objects::default(), Vec::new());
        for (name, value) in listed.skipped.iter().flatten() {
            found.see(name, value);
        }
        let is_all = listed.skipped.is_empty();
        // Objects of one folder come one behind the other, and where the layout is found the folder says it
        // all.
        let mut folder: Option<Folder> = None;
        for (key, size, written) in listed.objects {
            let place = key.rsplit_once('/').map_or("", |(folder, _)| folder);
            if !self.given
                && let Some((known, is_error, values)) = &folder
                && known == place
            {
                if !is_error {
                    let partitions = Arc::clone(values);
                    found.push((key, size, written), partitions);
                }
                continue;
            }
            let below = key
                .strip_prefix(root.as_str())
                .filter(|_| !self.given)
                .unwrap_or(&key);
            let is_error = self.is_error(&key);
            let said = self.layout.partitions(below).filter(|_| !is_error);
            let Some(said) = said else {
                if is_error && matches!(self.errors, ErrorPlace::Found) {
                    folder = Some((place.to_owned(), true, Arc::default()));
                } else if !is_error {
                    others.push(key);
                }
                continue;
            };
            let values = found.values(said);
            if matches!(self.errors, ErrorPlace::Found) {
                folder = Some((place.to_owned(), false, Arc::clone(&values)));
            }
            found.push((key, size, written), values);
        }
        add(&source.counters.objects_listed, found.objects.len() as u64);
        let bytes = found.objects.iter().map(|object| object.size).sum();
        add(&source.counters.bytes_listed, bytes);
        add_time(&source.counters.listing, start);
        if found.objects.is_empty() && (is_all || !others.is_empty()) {
            let other = match others.len() {
                0 => String::new(),
                count => format!(" whose keys fit the Prefix ({count} do not)"),
            };
            return Err(QueryError::NoObjects {
                lake: Box::new(source.lake.clone()),
                looked: root,
                other,
            });
        }
        report_others(source, &others);
        Ok(found)
    }

    /// Some of the objects of delivered records: those that one request lists.
    ///
    /// # Errors
    ///
    /// [`QueryError::Store`] when the store does not list.
    pub(crate) async fn some_events(&self, source: &Source) -> Result<Objects, QueryError> {
        let start = Instant::now();
        let root = self.events_root(source).await?;
        let mut found = Objects::default();
        let listed = list_first(source, &root).await?;
        add_time(&source.counters.listing, start);
        for entry in listed {
            let key = &entry.0;
            let below = key
                .strip_prefix(root.as_str())
                .filter(|_| !self.given)
                .unwrap_or(key);
            if let Some(said) = self
                .layout
                .partitions(below)
                .filter(|_| !self.is_error(key))
            {
                let values = found.values(said);
                found.push(entry, values);
            }
        }
        Ok(found)
    }

    /// The folder, or the beginning of keys, under which delivered records are.
    async fn events_root(&self, source: &Source) -> Result<String, QueryError> {
        if let Layout::Prefix(layout) = &*self.layout {
            return Ok(layout.literal_prefix().into_owned());
        }
        let is_there = if let Some(directory) = &source.directory {
            directory.join(EVENTS_FOLDER).is_dir()
        } else {
            add(&source.counters.list_requests, 1);
            let top = source
                .store
                .list_with_delimiter(None)
                .await
                .map_err(|error| source.store_error("", error))?;
            top.common_prefixes
                .iter()
                .any(|folder| folder.as_ref() == EVENTS_FOLDER.trim_end_matches('/'))
        };
        Ok(if is_there {
            EVENTS_FOLDER.to_owned()
        } else {
            String::new()
        })
    }

    /// The objects of the error output; there may be none. Their one partition value is the error output
    /// type.
    ///
    /// # Errors
    ///
    /// [`QueryError::Store`] when the store does not list.
    pub(crate) async fn errors(&self, source: &Source) -> Result<Vec<Arc<DataObject>>, QueryError> {
        let start = Instant::now();
        let listed = match &self.errors {
            ErrorPlace::Under(literal) => list(source, literal, &Predicate::Maybe).await?.objects,
            ErrorPlace::Found => list_found(source, &|key| self.is_error(key)).await?,
        };
        let objects: Vec<_> = listed
            .into_iter()
            .filter(|(key, ..)| self.is_error(key))
            .map(|(key, size, written)| {
                let folder = error_output_type(&key).map(str::to_owned);
                Arc::new(DataObject {
                    key,
                    size,
                    written,
                    partitions: [folder].into(),
                    compacted: None,
                })
            })
            .collect();
        add(&source.counters.objects_listed, objects.len() as u64);
        add_time(&source.counters.listing, start);
        Ok(objects)
    }
}

impl Objects {
    fn push(&mut self, (key, size, written): Entry, partitions: Arc<[Option<String>]>) {
        self.objects.push(Arc::new(DataObject {
            key,
            size,
            written,
            partitions,
            compacted: None,
        }));
    }
}

/// See [`Catalog::places`].
#[derive(Debug)]
struct KeyPlaces {
    layout: Arc<Layout>,
    /// The folder that is no part of the layout.
    root: &'static str,
    are_folders: bool,
    /// The partition columns, in their order.
    names: Vec<String>,
}

impl KeyPlaces {
    fn values(&self, said: &[(&str, &str)]) -> Arc<[Option<String>]> {
        let value = |name: &String| {
            let (_, value) = said.iter().rev().find(|(known, _)| known == name)?;
            Some((*value).to_owned()).filter(|value| value != HIVE_NULL)
        };
        self.names.iter().map(value).collect()
    }
}

impl Places for KeyPlaces {
    fn of(&self, key: &str) -> Arc<[Option<String>]> {
        let below = key.strip_prefix(self.root).unwrap_or(key);
        self.values(&self.layout.partitions(below).unwrap_or_default())
    }

    fn of_folder(&self, folder: &str) -> Option<Arc<[Option<String>]>> {
        let key = if folder.is_empty() {
            "-".to_owned()
        } else {
            format!("{folder}/-")
        };
        let below = key.strip_prefix(self.root).unwrap_or(&key);
        let said = self.layout.partitions(below).filter(|_| self.are_folders)?;
        Some(self.values(&said))
    }
}

/// Whether a Prefix takes the parts of the date from the record, and none from the clock.
fn is_by_event(prefix: &str) -> bool {
    let parts = prefix.split("!{").filter_map(|part| part.split_once('}'));
    let mut has_year = false;
    for (expression, _) in parts {
        match expression.split_once(':') {
            Some(("timestamp", _)) => return false,
            Some((_, "year")) => has_year = true,
            _ => {}
        }
    }
    has_year
}

/// Says that objects are there which the Prefix does not write: it may be the wrong one, or a value with a `/`
/// in it made a deeper path.
fn report_others(source: &Source, others: &[String]) {
    let Some(first) = others.first() else { return };
    source.problems.merge([Problem {
        object: first.clone(),
        kind: ProblemKind::Layout,
        count: others.len() as u64,
        line: None,
        message: "the key does not fit the Prefix, so the object is not read".to_owned(),
    }]);
}
