//! A lake whose compacted table is elsewhere: its data files where readers look for them, once they are there,
//! and the rest of it below a folder that they leave out.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    path::Path,
};

use crate::compaction::state::{FOLDER, TABLE, exact};

/// The folder in which is what is no data.
pub(super) const CONTROL: &str = "_hydrant/compaction";

/// Data files that were not moved yet.
pub(super) const STAGED: &str = "_hydrant/compaction/staged";

/// The log of the table.
const LOG: &str = "_hydrant/compaction/_delta_log";

/// What the table has taken.
const TAKEN: &str = "_hydrant/compaction/taken";

/// No glob for Parquet files finds what is staged.
const SUFFIX: &str = ".staged";

/// Removals under way at a time.
const REQUESTS: usize = 16;

/// Where a data file is until it is moved to `path`.
pub(super) fn staged(path: &Path) -> Path {
    exact(&format!("{STAGED}/{path}{SUFFIX}"))
}

/// Where a staged file is moved to.
pub(super) fn unstaged(path: &Path) -> Option<Path> {
    let path = path.as_ref().strip_prefix(STAGED)?.strip_prefix('/')?;
    Path::parse(path.strip_suffix(SUFFIX)?).ok()
}

/// See the module. What is in the table's folder by its key, is in `files`.
#[derive(Debug, Clone)]
pub(super) struct Divided {
    pub(super) raw: Arc<dyn ObjectStore>,
    pub(super) files: Arc<dyn ObjectStore>,
}

/// Where a key is.
enum Place {
    Raw,
    /// Something of the table, at this path.
    Control(Path),
    /// A data file, which has this path once it is moved.
    Data(Path),
}

fn below<'a>(key: &'a str, folder: &str) -> Option<&'a str> {
    let rest = key.strip_prefix(folder)?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/'))
}

fn place(key: &Path) -> Place {
    let key = key.as_ref();
    if let Some(rest) = below(key, FOLDER) {
        return Place::Control(exact(&format!("{TAKEN}/{rest}")));
    }
    match below(key, TABLE) {
        None => Place::Raw,
        Some(rest) => match below(rest, "_delta_log") {
            Some(rest) => Place::Control(exact(&format!("{LOG}/{rest}"))),
            None => Place::Data(exact(rest)),
        },
    }
}

/// Where something of the table that a message names really lies.
pub(super) fn shown(named: &str) -> Option<Path> {
    let named = named.get(named.rfind(TABLE)?..)?.trim_end_matches('/');
    if named == TABLE {
        return Some(Path::from(CONTROL));
    }
    match place(&exact(named)) {
        Place::Raw => None,
        Place::Control(path) | Place::Data(path) => Some(path),
    }
}

/// The key of what is below [`CONTROL`].
fn key(path: &Path) -> Option<Path> {
    if let Some(data) = unstaged(path) {
        return Path::parse(format!("{TABLE}/{data}")).ok();
    }
    let path = path.as_ref();
    let key = match (below(path, LOG), below(path, TAKEN)) {
        (Some(rest), _) => format!("{TABLE}/_delta_log/{rest}"),
        (_, Some(rest)) => format!("{FOLDER}/{rest}"),
        _ => return None,
    };
    Path::parse(key).ok()
}

impl Divided {
    /// Where a key is written and removed: data files that were moved are nobody's to change here.
    fn written(&self, location: &Path) -> (&Arc<dyn ObjectStore>, Path) {
        match place(location) {
            Place::Raw => (&self.raw, location.clone()),
            Place::Control(path) => (&self.files, path),
            Place::Data(path) => (&self.files, staged(&path)),
        }
    }
}

impl fmt::Display for Divided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with the table in {}", self.raw, self.files)
    }
}

#[async_trait]
impl ObjectStore for Divided {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let (store, path) = self.written(location);
        store.put_opts(&path, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let (store, path) = self.written(location);
        store.put_multipart_opts(&path, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let mut found = match place(location) {
            Place::Raw => return self.raw.get_opts(location, options).await,
            Place::Control(path) => self.files.get_opts(&path, options).await?,
            Place::Data(path) => {
                let waiting = staged(&path);
                let (mut tries, mut last) = ([&path, &waiting, &path].into_iter(), None);
                // It may be moved between two looks.
                loop {
                    let Some(path) = tries.next() else {
                        return Err(last.unwrap_or(Error::NotImplemented {
                            operation: "get".to_owned(),
                            implementer: self.to_string(),
                        }));
                    };
                    match self.files.get_opts(path, options.clone()).await {
                        Ok(found) => break found,
                        Err(error @ Error::NotFound { .. }) => last = Some(error),
                        Err(error) => return Err(error),
                    }
                }
            }
        };
        found.meta.location = location.clone();
        Ok(found)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let this = self.clone();
        locations
            .map(move |location| {
                let this = this.clone();
                async move {
                    let location = location?;
                    let (store, path) = this.written(&location);
                    store.delete(&path).await?;
                    Ok(location)
                }
            })
            .buffered(REQUESTS)
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let Some(prefix) = prefix.filter(|it| below(it.as_ref(), TABLE).is_some()) else {
            return self.raw.list(prefix);
        };
        let folder = match place(prefix) {
            Place::Control(path) => path,
            Place::Data(_) | Place::Raw => Path::from(CONTROL),
        };
        let prefix = prefix.clone();
        self.files
            .list(Some(&folder))
            .try_filter_map(move |mut found| {
                let key = key(&found.location).filter(|key| key.prefix_matches(&prefix));
                let found = key.map(|key| {
                    found.location = key;
                    found
                });
                async move { Ok(found) }
            })
            .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let Some(prefix) = prefix.filter(|it| below(it.as_ref(), TABLE).is_some()) else {
            return self.raw.list_with_delimiter(prefix).await;
        };
        let all: Vec<ObjectMeta> = self.list(Some(prefix)).try_collect().await?;
        let (mut objects, mut common_prefixes) = (Vec::new(), Vec::new());
        for found in all {
            let Some(mut parts) = found.location.prefix_match(prefix) else {
                continue;
            };
            match (parts.next(), parts.next()) {
                (Some(folder), Some(_)) => common_prefixes.push(prefix.clone().join(folder)),
                (Some(_), None) => {
                    drop(parts);
                    objects.push(found);
                }
                _ => {}
            }
        }
        common_prefixes.sort_unstable();
        common_prefixes.dedup();
        Ok(ListResult {
            common_prefixes,
            objects,
        })
    }

    async fn copy_opts(&self, from: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        // Nothing is copied: a version of the log is put if it is absent.
        Err(Error::NotImplemented {
            operation: format!("copy of {from}"),
            implementer: self.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_of_the_table_has_a_place_and_each_place_a_key() {
        for of in [
            "_delta_log/00000000000000000000.json",
            "_hydrant/taken-1-0000.gz",
            "_type=a%20b/_date=2026-11-02/part-1-00000.parquet",
        ] {
            let location = Path::parse(format!("{TABLE}/{of}")).unwrap();
            let path = match place(&location) {
                Place::Raw => panic!("{of}"),
                Place::Control(path) => path,
                Place::Data(path) => staged(&path),
            };
            assert!(path.as_ref().starts_with(CONTROL), "{path}");
            assert!(!path.as_ref().ends_with(".parquet"), "{path}");
            assert_eq!(key(&path), Some(location));
            let named = format!("file:///lake/_tables/{TABLE}/{of}");
            assert!(shown(&named).is_some_and(|it| !it.as_ref().contains(TABLE)));
        }
        assert!(matches!(place(&Path::from("_tables/eventsx")), Place::Raw));
        assert_eq!(shown("events/a.gz"), None);
        assert_eq!(shown("s3://a/_tables/events"), Some(Path::from(CONTROL)));
    }
}
