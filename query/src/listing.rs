//! Which objects a lake has, as far as a query may want them: folders whose names rule them out are not
//! listed.

mod walk;

use std::io;

use futures::{StreamExt, TryStreamExt, stream};
use object_store::{ObjectMeta, path::Path};

use crate::{
    constants::{HIVE_NULL, OBJECT},
    error::QueryError,
    predicate::{Known, Predicate},
    reader::Source,
    stats::add,
};

/// Listings under way at a time.
const REQUESTS: usize = 32;

/// Keys in one page of a listing of S3 (`ListObjectsV2`, API reference).
const PAGE: u64 = 1_000;

/// Keys that are enough to tell what a lake's records look like: a page.
const FIRST: usize = 1_000;

/// Folders in one that are looked into one by one for those of the error output.
const FOLDERS: usize = 64;

/// An object: its key, its size in bytes and when it was written, in milliseconds since the epoch; zero
/// where a directory would have to be asked for each.
pub(crate) type Entry = (String, u64, i64);

/// What was listed.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    /// The objects; those in one folder one behind the other.
    pub(crate) objects: Vec<Entry>,
    /// Folders that were left out, with what their names say.
    pub(crate) skipped: Vec<Option<(String, String)>>,
}

impl Listed {
    fn merge(&mut self, other: Self) {
        self.objects.extend(other.objects);
        self.skipped.extend(other.skipped);
    }
}

/// A folder to list: its key with a slash at the end, unless it is the root.
#[derive(Debug, Clone, Default)]
struct Folder {
    key: String,
    /// What its name and those above it say.
    known: Vec<(String, String)>,
}

impl Folder {
    /// As [`Folder::enter`] where something is asked of folders.
    fn enter_if(
        &self,
        name: &str,
        predicate: &Predicate,
        asks: bool,
    ) -> Result<Self, Option<(String, String)>> {
        if asks {
            return self.enter(name, predicate);
        }
        Ok(self.below(name))
    }

    /// The folder `name` in this one, of which nothing will be asked.
    fn below(&self, name: &str) -> Self {
        let mut key = String::with_capacity(self.key.len() + name.len() + 1);
        key.push_str(&self.key);
        key.push_str(name);
        key.push('/');
        Self {
            key,
            known: Vec::new(),
        }
    }

    /// The folder `name` in this one; `Err` when its name rules it out, with what it says, if anything.
    fn enter(&self, name: &str, predicate: &Predicate) -> Result<Self, Option<(String, String)>> {
        let key = format!("{}{name}/", self.key);
        let mut known = self.known.clone();
        let said = if let Some((column, value)) = name.split_once('=') {
            Some((column.to_owned(), value.to_owned()))
        } else {
            dated(&mut known, name)
        };
        if let Some((column, value)) = &said {
            known.push((column.clone(), value.clone()));
        }
        let folder = Self { key, known };
        if folder.may_hold(predicate) {
            return Ok(folder);
        }
        Err(said)
    }

    fn may_hold(&self, predicate: &Predicate) -> bool {
        predicate.may_hold(&|column| {
            if column == OBJECT {
                return Known::Beginning(&self.key);
            }
            let mut known = self.known.iter();
            match known.find(|(name, _)| name == column) {
                Some((_, value)) if value == HIVE_NULL => Known::Null,
                Some((_, value)) => Known::Value(value),
                None => Known::Nothing,
            }
        })
    }

    /// Whether listing folder by folder below this one can still leave something out.
    fn may_skip(&self, predicate: &Predicate, columns: &[String]) -> bool {
        if predicate.goes_beyond(OBJECT, &self.key) {
            return true;
        }
        columns.iter().any(|column| {
            predicate.mentions(column) && !self.known.iter().any(|(name, _)| name == column)
        })
    }
}

/// Whether `predicate` may hold in a folder, as far as its name and those above it tell.
pub(crate) fn folder_may_hold(folder: &str, predicate: &Predicate) -> bool {
    let names = folder.split('/').filter(|name| !name.is_empty());
    let mut at = Folder::default();
    for name in names {
        match at.enter(name, predicate) {
            Ok(inner) => at = inner,
            Err(_) => return false,
        }
    }
    true
}

/// What a folder of `YYYY/MM/dd/HH/` says. A year is only believed once a month follows it, so it is put
/// among what is `known` then.
fn dated(known: &mut Vec<(String, String)>, name: &str) -> Option<(String, String)> {
    const YEAR: &str = "\0year";
    let digits = name.bytes().all(|byte| byte.is_ascii_digit());
    let has = |known: &[(String, String)], column: &str| known.iter().any(|(it, _)| it == column);
    if name.len() >= 4 && !has(known, "month") {
        known.retain(|(column, _)| column != YEAR);
        let year = name.get(name.len() - 4..)?;
        if year.bytes().all(|byte| byte.is_ascii_digit()) {
            known.push((YEAR.to_owned(), year.to_owned()));
        }
        return None;
    }
    if name.len() != 2 || !digits {
        return None;
    }
    if let Some(at) = known.iter().position(|(column, _)| column == YEAR) {
        "year".clone_into(&mut known[at].0);
        return Some(("month".to_owned(), name.to_owned()));
    }
    let next = match (has(known, "month"), has(known, "day"), has(known, "hour")) {
        (true, false, _) => "day",
        (true, true, false) => "hour",
        _ => return None,
    };
    Some((next.to_owned(), name.to_owned()))
}

/// Everything whose key begins with `beginning`, which need not end at a folder, and for which `predicate`
/// may hold as far as its folders tell.
///
/// # Errors
///
/// [`QueryError::Store`] when the store does not list.
pub(crate) async fn list(
    source: &Source,
    beginning: &str,
    predicate: &Predicate,
) -> Result<Listed, QueryError> {
    let folder = beginning
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder)
        .to_owned();
    let mut top = Folder::default();
    if !folder.is_empty() {
        top.key = folder + "/";
    }
    let listed = match &source.directory {
        Some(directory) => {
            let listed = walk::all(directory, &top, predicate, source.threads);
            listed.map_err(|error| directory_error(source, beginning, error))?
        }
        None => list_store(source, top, predicate).await?,
    };
    add(
        &source.counters.folders_skipped,
        listed.skipped.len() as u64,
    );
    let mut listed = listed;
    if !beginning.ends_with('/') {
        listed
            .objects
            .retain(|(key, ..)| key.starts_with(beginning));
    }
    Ok(listed)
}

/// The objects in folders that `is_wanted` takes, wherever they are, but not below a folder that a layout begins
/// with: `k=v`, or digits. A folder of too many others is listed whole.
///
/// # Errors
///
/// [`QueryError::Store`] when the store does not list.
pub(crate) async fn list_found(
    source: &Source,
    is_wanted: &(dyn Fn(&str) -> bool + Sync),
) -> Result<Vec<Entry>, QueryError> {
    let (mut found, mut folders) = (Vec::new(), vec![Folder::default()]);
    while let Some(folder) = folders.pop() {
        let (listed, deeper) = one_level(source, folder.clone()).await?;
        let names = |folder: &Folder| {
            let name = folder.key.trim_end_matches('/').rsplit('/').next();
            name.map(str::to_owned).unwrap_or_default()
        };
        let begins_layout =
            |name: &str| name.contains('=') || name.bytes().all(|byte| byte.is_ascii_digit());
        let (wanted, others): (Vec<_>, Vec<_>) = deeper
            .into_iter()
            .partition(|folder| is_wanted(&folder.key));
        let others: Vec<_> = others
            .into_iter()
            .filter(|folder| !begins_layout(&names(folder)))
            .collect();
        if others.len() > FOLDERS {
            found.extend(list(source, &folder.key, &Predicate::Maybe).await?.objects);
            continue;
        }
        found.extend(listed.objects);
        for folder in wanted {
            found.extend(list(source, &folder.key, &Predicate::Maybe).await?.objects);
        }
        folders.extend(others);
    }
    found.sort_unstable();
    Ok(found)
}

/// What lies right in a folder.
async fn one_level(source: &Source, folder: Folder) -> Result<(Listed, Vec<Folder>), QueryError> {
    let Some(directory) = &source.directory else {
        return list_level(source, &folder, &Predicate::Maybe).await;
    };
    let walked = walk::one(directory, &folder, &Predicate::Maybe);
    walked.map_err(|error| directory_error(source, &folder.key, error))
}

/// The objects that one request lists; of a directory all of them.
///
/// # Errors
///
/// [`QueryError::Store`] when the store does not list.
pub(crate) async fn list_first(source: &Source, beginning: &str) -> Result<Vec<Entry>, QueryError> {
    if source.directory.is_some() {
        return Ok(list(source, beginning, &Predicate::Maybe).await?.objects);
    }
    let folder = beginning.rsplit_once('/').map_or("", |(folder, _)| folder);
    let path = path_of(source, folder)?;
    add(&source.counters.list_requests, 1);
    let metas: Vec<_> = source
        .store
        .list(path.as_ref())
        .take(FIRST)
        .try_collect()
        .await
        .map_err(|error| source.store_error(folder, error))?;
    let mut found: Vec<_> = metas
        .into_iter()
        .filter_map(|meta| data_of(folder, meta))
        .filter(|(key, ..)| key.starts_with(beginning))
        .collect();
    found.sort_unstable();
    Ok(found)
}

/// The entry of an object, if it is data.
fn data_of(folder: &str, meta: ObjectMeta) -> Option<Entry> {
    let key = String::from(meta.location);
    let below = key.strip_prefix(folder).unwrap_or(&key);
    let is_data = meta.size > 0 && !below.split('/').any(is_hidden);
    is_data.then_some((key, meta.size, meta.last_modified.timestamp_millis()))
}

fn directory_error(source: &Source, key: &str, error: io::Error) -> QueryError {
    let error = object_store::Error::Generic {
        store: "LocalFileSystem",
        source: Box::new(error),
    };
    source.store_error(key, error)
}

/// Whether a name marks what is not data: Hadoop's tools, Delta and people begin such names with `_` or `.`.
/// A partition's folder, `_type=…`, is data, as it is for Spark.
fn is_hidden(name: &str) -> bool {
    name.starts_with(['_', '.']) && name != HIVE_NULL && !name.contains('=')
}

async fn list_store(
    source: &Source,
    top: Folder,
    predicate: &Predicate,
) -> Result<Listed, QueryError> {
    let columns = if *predicate == Predicate::Maybe {
        Vec::new()
    } else {
        columns_of_first(source, &top).await?
    };
    let (mut listed, mut folders) = (Listed::default(), vec![top]);
    while !folders.is_empty() {
        let answers: Vec<_> = stream::iter(folders)
            .map(|folder| list_one(source, folder, predicate, &columns))
            .buffered(REQUESTS)
            .try_collect()
            .await?;
        folders = Vec::new();
        for (part, deeper) in answers {
            listed.merge(part);
            folders.extend(deeper);
        }
    }
    listed.objects.sort_unstable();
    Ok(listed)
}

/// The columns that the folders of the first object name: what is worth listing folder by folder.
async fn columns_of_first(source: &Source, top: &Folder) -> Result<Vec<String>, QueryError> {
    let path = path_of(source, &top.key)?;
    let mut objects = source.store.list(path.as_ref());
    add(&source.counters.list_requests, 1);
    while let Some(meta) = objects.next().await {
        let meta = meta.map_err(|error| source.store_error(&top.key, error))?;
        let key = meta.location.as_ref();
        let below = key.strip_prefix(top.key.as_str()).unwrap_or(key);
        if below.split('/').any(is_hidden) || crate::error_records::error_output_type(key).is_some()
        {
            continue;
        }
        let mut folder = Folder::default();
        let mut parts: Vec<_> = below.split('/').collect();
        parts.pop();
        for name in parts {
            if let Ok(entered) = folder.enter(name, &Predicate::Maybe) {
                folder = entered;
            }
        }
        return Ok(folder.known.into_iter().map(|(column, _)| column).collect());
    }
    Ok(Vec::new())
}

async fn list_one(
    source: &Source,
    folder: Folder,
    predicate: &Predicate,
    columns: &[String],
) -> Result<(Listed, Vec<Folder>), QueryError> {
    if folder.may_skip(predicate, columns) {
        return list_level(source, &folder, predicate).await;
    }
    let path = path_of(source, &folder.key)?;
    let metas: Vec<_> = source
        .store
        .list(path.as_ref())
        .try_collect()
        .await
        .map_err(|error| source.store_error(&folder.key, error))?;
    let pages = (metas.len() as u64).div_ceil(PAGE).max(1);
    add(&source.counters.list_requests, pages);
    let objects = metas
        .into_iter()
        .filter_map(|meta| data_of(&folder.key, meta));
    let listed = Listed {
        objects: objects.collect(),
        ..Listed::default()
    };
    Ok((listed, Vec::new()))
}

/// What lies right in a folder of a store, and the folders in it for which `predicate` may hold.
async fn list_level(
    source: &Source,
    folder: &Folder,
    predicate: &Predicate,
) -> Result<(Listed, Vec<Folder>), QueryError> {
    let path = path_of(source, &folder.key)?;
    let answer = source
        .store
        .list_with_delimiter(path.as_ref())
        .await
        .map_err(|error| source.store_error(&folder.key, error))?;
    let entries = answer.objects.len() + answer.common_prefixes.len();
    add(
        &source.counters.list_requests,
        (entries as u64).div_ceil(PAGE).max(1),
    );
    let (mut listed, mut deeper) = (Listed::default(), Vec::new());
    let objects = answer.objects.into_iter();
    listed
        .objects
        .extend(objects.filter_map(|meta| data_of(&folder.key, meta)));
    for prefix in answer.common_prefixes {
        let name = prefix.filename().unwrap_or_default();
        if is_hidden(name) {
            continue;
        }
        match folder.enter(name, predicate) {
            Ok(entered) => deeper.push(entered),
            Err(said) => listed.skipped.push(said),
        }
    }
    Ok((listed, deeper))
}

fn path_of(source: &Source, folder: &str) -> Result<Option<Path>, QueryError> {
    if folder.is_empty() {
        return Ok(None);
    }
    let path = Path::parse(folder.trim_end_matches('/'));
    path.map(Some)
        .map_err(|invalid| source.store_error(folder, invalid.into()))
}
