//! A lake in a temporary directory, and questions about it.

use std::{fs, io::Write};

use flate2::{Compression, write::GzEncoder};
use hydrant_lake::Lake;
use hydrant_query::{Engine, Format, Options, QueryError, write};
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
