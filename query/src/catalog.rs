//! Which objects of the lake hold delivered records, which hold the error output, and what their keys say.

use std::sync::Arc;

use futures::TryStreamExt;
use object_store::{ObjectMeta, path::Path};

use crate::{
    error::QueryError,
    error_records::error_output_type,
    layout::Layout,
    object::DataObject,
    options::Options,
    problems::{Problem, ProblemKind},
    reader::Source,
};

/// The folder that our own templates write delivered records to.
const EVENTS_FOLDER: &str = "events/";

/// Where error output lies when no `ErrorOutputPrefix` says so: our own templates' folder, and the AWS
/// sample's.
const ERROR_FOLDERS: [&str; 2] = ["errors/", "error/"];

/// What belongs where in a lake.
#[derive(Debug)]
pub(crate) struct Catalog {
    layout: Layout,
    errors: ErrorPlace,
    /// Whether the operator gave a Prefix.
    given: bool,
}

/// Where the error output is.
#[derive(Debug)]
enum ErrorPlace {
    /// Under this beginning.
    Under(String),
    /// In folders that look like it.
    Found,
}

/// The objects of one table.
#[derive(Debug)]
pub(crate) struct Objects {
    /// Names of the partition columns, in order of appearance.
    pub(crate) partitions: Vec<String>,
    /// The objects, in order of their keys.
    pub(crate) objects: Vec<Arc<DataObject>>,
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
            layout,
            errors,
            given: options.prefix.is_some(),
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

    /// The objects of delivered records.
    ///
    /// # Errors
    ///
    /// [`QueryError::NoObjects`] when there are none, [`QueryError::Store`] when the store does not list.
    pub(crate) async fn events(&self, source: &Source) -> Result<Objects, QueryError> {
        let root = self.events_root(source).await?;
        let listed = list(source, &root).await?;
        let (mut partitions, mut objects, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for meta in listed {
            let key = meta.location.as_ref();
            if self.is_error(key) || !is_data(key, &meta) {
                continue;
            }
            let below = key
                .strip_prefix(root.as_str())
                .filter(|_| !self.given)
                .unwrap_or(key);
            let Some(values) = self.layout.partitions(below) else {
                others.push(meta.location);
                continue;
            };
            let mut places = Vec::with_capacity(values.len());
            for (name, value) in values {
                let at = position_of(&mut partitions, name);
                places.resize(places.len().max(at + 1), None);
                if let Some(place) = places.get_mut(at) {
                    *place = Some(value.to_owned()).filter(|value| value != HIVE_NULL);
                }
            }
            objects.push(DataObject {
                size: meta.size,
                partitions: places,
                key: meta.location,
            });
        }
        if objects.is_empty() {
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
        for object in &mut objects {
            object.partitions.resize(partitions.len(), None);
        }
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Objects {
            partitions,
            objects: objects.into_iter().map(Arc::new).collect(),
        })
    }

    /// The folder, or the beginning of keys, under which delivered records are.
    async fn events_root(&self, source: &Source) -> Result<String, QueryError> {
        if let Layout::Prefix(layout) = &self.layout {
            return Ok(layout.literal_prefix().into_owned());
        }
        let top = source
            .store
            .list_with_delimiter(None)
            .await
            .map_err(|error| source.store_error("", error))?;
        let is_there = top
            .common_prefixes
            .iter()
            .any(|folder| folder.as_ref() == EVENTS_FOLDER.trim_end_matches('/'));
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
        let root = match &self.errors {
            ErrorPlace::Under(literal) => literal.as_str(),
            ErrorPlace::Found => "",
        };
        let listed = list(source, root).await?;
        let mut objects: Vec<_> = listed
            .into_iter()
            .filter(|meta| {
                self.is_error(meta.location.as_ref()) && is_data(meta.location.as_ref(), meta)
            })
            .map(|meta| {
                let folder = error_output_type(meta.location.as_ref()).map(str::to_owned);
                Arc::new(DataObject {
                    size: meta.size,
                    key: meta.location,
                    partitions: vec![folder],
                })
            })
            .collect();
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(objects)
    }
}

/// Hive's name for a null in a folder.
const HIVE_NULL: &str = "__HIVE_DEFAULT_PARTITION__";

fn position_of(names: &mut Vec<String>, name: &str) -> usize {
    names
        .iter()
        .position(|known| known == name)
        .unwrap_or_else(|| {
            names.push(name.to_owned());
            names.len() - 1
        })
}

/// Says that objects are there which the Prefix does not write: it may be the wrong one, or a value with a `/`
/// in it made a deeper path.
fn report_others(source: &Source, others: &[Path]) {
    let Some(first) = others.first() else { return };
    source.problems.merge([Problem {
        object: first.to_string(),
        kind: ProblemKind::Layout,
        count: others.len() as u64,
        line: None,
        message: "the key does not fit the Prefix, so the object is not read".to_owned(),
    }]);
}

/// Whether an object is one that Firehose wrote: it has bytes, and nothing on its way begins with `_` or
/// `.`, which is how Hadoop's tools, Delta and people mark what is not data.
fn is_data(key: &str, meta: &ObjectMeta) -> bool {
    meta.size > 0
        && !key
            .split('/')
            .any(|part| part.starts_with(['_', '.']) && part != HIVE_NULL)
}

/// Everything whose key begins with `beginning`, which need not end at a folder.
async fn list(source: &Source, beginning: &str) -> Result<Vec<ObjectMeta>, QueryError> {
    let folder = beginning.rsplit_once('/').map_or("", |(folder, _)| folder);
    let error = |error| source.store_error(beginning, error);
    let folder = Path::parse(folder).map_err(|invalid| error(invalid.into()))?;
    let prefix = (!folder.as_ref().is_empty()).then_some(&folder);
    let listed: Vec<ObjectMeta> = source
        .store
        .list(prefix)
        .try_collect()
        .await
        .map_err(error)?;
    Ok(listed
        .into_iter()
        .filter(|meta| meta.location.as_ref().starts_with(beginning))
        .collect())
}
