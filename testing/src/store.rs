//! A store that tells what it is asked, and lets a test step in before it answers.

use std::{
    fmt,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{future::BoxFuture, stream::BoxStream};
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, path::Path,
};

/// What a test does before an object is opened; its error is the store's answer.
type Step = dyn Fn(Path) -> BoxFuture<'static, Result<()>> + Send + Sync;

/// A store over another that remembers which objects were opened and what was listed.
pub struct WatchedStore {
    store: Arc<dyn ObjectStore>,
    opened: Mutex<Vec<String>>,
    listed: Mutex<Vec<String>>,
    before_get: Box<Step>,
}

impl WatchedStore {
    /// Watches `store`.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self::with_step(store, |_| Box::pin(async { Ok(()) }))
    }

    /// Watches `store`, and does `before_get` before each opening of an object.
    pub fn with_step(
        store: Arc<dyn ObjectStore>,
        before_get: impl Fn(Path) -> BoxFuture<'static, Result<()>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            store,
            opened: Mutex::default(),
            listed: Mutex::default(),
            before_get: Box::new(before_get),
        }
    }

    /// The keys that were opened since this was last asked, in order of the keys; one that was opened twice
    /// is there twice.
    pub fn take_opened(&self) -> Vec<String> {
        take(&self.opened)
    }

    /// The prefixes that were listed since this was last asked, in their order.
    pub fn take_listed(&self) -> Vec<String> {
        take(&self.listed)
    }

    fn note_list(&self, prefix: Option<&Path>) {
        note(&self.listed, prefix.map_or("", AsRef::as_ref));
    }
}

fn note(list: &Mutex<Vec<String>>, key: &str) {
    let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
    list.push(key.to_owned());
}

fn take(list: &Mutex<Vec<String>>) -> Vec<String> {
    let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
    let mut taken = std::mem::take(&mut *list);
    taken.sort();
    taken
}

impl fmt::Debug for WatchedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedStore")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for WatchedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for WatchedStore {
    async fn put_opts(
        &self,
        at: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.store.put_opts(at, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.store.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        note(&self.opened, at.as_ref());
        (self.before_get)(at.clone()).await?;
        self.store.get_opts(at, options).await
    }

    async fn get_ranges(&self, at: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        note(&self.opened, at.as_ref());
        (self.before_get)(at.clone()).await?;
        self.store.get_ranges(at, ranges).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.store.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.note_list(prefix);
        self.store.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.note_list(prefix);
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.store.copy_opts(from, to, options).await
    }
}
