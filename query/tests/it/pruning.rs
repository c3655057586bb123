//! Predicates on partition columns decide which objects are opened.

use std::{
    fmt,
    ops::Range,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use hydrant_query::{Engine, Options};
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, path::Path,
};

use crate::{events::hive, lake::ask};

/// A store that remembers which objects were opened.
#[derive(Debug)]
struct Watched {
    store: Arc<dyn ObjectStore>,
    opened: Mutex<Vec<String>>,
}

impl Watched {
    fn take(&self) -> Vec<String> {
        let mut opened = std::mem::take(&mut *self.opened.lock().unwrap());
        opened.sort();
        opened
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for Watched {
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
        self.opened.lock().unwrap().push(at.to_string());
        self.store.get_opts(at, options).await
    }

    async fn get_ranges(&self, at: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.store.get_ranges(at, ranges).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.store.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.store.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.store.copy_opts(from, to, options).await
    }
}

#[tokio::test]
async fn only_the_partitions_asked_for_are_opened() {
    let lake = hive();
    let opened = lake.lake().await;
    let store = Arc::new(Watched {
        store: Arc::clone(opened.store()),
        opened: Mutex::default(),
    });
    let watched: Arc<dyn ObjectStore> = Arc::<Watched>::clone(&store);
    let engine = Engine::over(watched, opened.url(), &Options::default()).unwrap();
    assert_eq!(store.take(), [""; 0], "opening an engine opens no object");

    ask(&engine, "select count(*) from errors").await;
    assert_eq!(
        store.take().len(),
        1,
        "a question about errors reads no events"
    );

    ask(&engine, "select count(*) from events").await;
    assert_eq!(
        store.take().len(),
        4,
        "the first question about events learns, then reads"
    );

    for (filter, objects) in [
        ("hour = 8", 1),
        ("hour between 8 and 9 and eventType like 'purch%'", 1),
        ("eventType in ('searching', 'purchase')", 2),
        ("hour = '08'", 1),
        ("schemaVersion = '1'", 2),
        ("eventType = 'none'", 0),
        ("eventType is null", 0),
        ("_object like '%hour=09%' or hour < 5", 1),
        ("hour = 8 and detail.clientId = 'c2'", 1),
        ("(hour = 8 or detail.clientId = 'c1')", 2),
        ("random() < 2", 2),
    ] {
        let rows = ask(
            &engine,
            &format!("select count(*) from events where {filter}"),
        )
        .await;
        assert_eq!(store.take().len(), objects, "{filter}\n{rows}");
    }
    let rows = ask(
        &engine,
        "select id from events where hour = 8 and detail.clientId = 'c2'",
    )
    .await;
    assert_eq!(rows.lines().count(), 5, "{rows}");
}
