//! A lake in a temporary directory, and questions about it.

use std::{fs, io::Write, sync::Arc};

use flate2::{Compression, write::GzEncoder};
use hydrant_lake::Lake;
use hydrant_query::{Engine, Format, Options, QueryError, write};
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory, path::Path};
use tempfile::TempDir;

pub(crate) struct TestLake {
    pub(crate) directory: TempDir,
}

impl TestLake {
    pub(crate) fn new() -> Self {
        Self {
            directory: TempDir::new().unwrap(),
        }
    }

    pub(crate) fn put(&self, key: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.directory.path().join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    pub(crate) fn put_gz(&self, key: &str, text: impl AsRef<[u8]>) -> &Self {
        self.put(key, gzip(text.as_ref()))
    }

    pub(crate) async fn lake(&self) -> Lake {
        Lake::open(self.directory.path().to_str().unwrap(), false)
            .await
            .unwrap()
    }

    pub(crate) async fn engine(&self, options: Options) -> Engine {
        Engine::open(&self.lake().await, &options).unwrap()
    }

    /// The answer as a table, from an engine of its own.
    pub(crate) async fn ask(&self, sql: &str) -> String {
        ask(&self.engine(Options::default()).await, sql).await
    }
}

/// A lake in memory: what needs many objects, or a store that a test can step into.
#[derive(Default)]
pub(crate) struct MemoryLake {
    store: Arc<InMemory>,
}

impl MemoryLake {
    pub(crate) async fn put(&self, key: &str, bytes: impl Into<Vec<u8>>) -> &Self {
        let key = Path::parse(key).unwrap();
        self.store.put(&key, bytes.into().into()).await.unwrap();
        self
    }

    pub(crate) async fn put_gz(&self, key: &str, text: impl AsRef<[u8]>) -> &Self {
        self.put(key, gzip(text.as_ref())).await
    }

    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::<InMemory>::clone(&self.store)
    }

    pub(crate) fn engine(&self, options: &Options) -> Engine {
        self.engine_over(self.store(), options)
    }

    /// An engine over a store that stands before the lake's.
    #[expect(
        clippy::unused_self,
        reason = "reads as what it is: this lake, through that store"
    )]
    pub(crate) fn engine_over(&self, store: Arc<dyn ObjectStore>, options: &Options) -> Engine {
        Engine::over(store, "memory:///".parse().unwrap(), options).unwrap()
    }

    /// The one value of a query's answer, from an engine of its own.
    pub(crate) async fn value(&self, sql: &str) -> String {
        value(&self.engine(&Options::default()), sql).await
    }
}

impl From<&TestLake> for MemoryLake {
    fn from(lake: &TestLake) -> Self {
        let memory = Self::default();
        for (key, bytes) in hydrant_testing::files(lake.directory.path()).unwrap() {
            let key = Path::from(key);
            let put = memory.store.put(&key, bytes.into());
            futures::executor::block_on(put).unwrap();
        }
        memory
    }
}

pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

pub(crate) async fn answer(
    engine: &Engine,
    sql: &str,
    format: Format,
) -> Result<String, QueryError> {
    let mut out = Vec::new();
    write(engine.run(sql).await?, format, &mut out).await?;
    Ok(String::from_utf8(out).unwrap())
}

pub(crate) async fn ask(engine: &Engine, sql: &str) -> String {
    answer(engine, sql, Format::Table)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// The one value of an answer, as JSON.
pub(crate) async fn value(engine: &Engine, sql: &str) -> String {
    let text = answer(engine, sql, Format::NdJson)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    let row: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{sql}: {error}: {text}"));
    assert_eq!(row.len(), 1, "{sql}: {text}");
    row.values().next().unwrap().to_string()
}

/// Each problem on a line.
pub(crate) fn problems(engine: &Engine) -> String {
    let lines: Vec<_> = engine
        .problems()
        .iter()
        .map(|problem| format!("{problem}\n"))
        .collect();
    lines.concat()
}

/// An event as it lies in our lakes.
pub(crate) fn event(event_type: &str, client: &str, time: &str, data: &str) -> String {
    format!(
        r#"{{"version":"0","id":"{client}-{time}","detail-type":"prod","source":"clientevents","time":"{time}","resources":[],"detail":{{"eventType":"{event_type}","schemaVersion":"1","clientId":"{client}","data":{data}}}}}"#
    ) + "\n"
}
