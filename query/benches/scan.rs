//! The hot pieces of a query, seen through the engine over objects in memory: counting without parsing, plucking one
//! nested field, passing over what cannot match, grouping, building every column; and what a query of next to
//! nothing costs. Bytes a second are those of the text.

use std::{hint::black_box, io::Write, sync::Arc};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flate2::{Compression, write::GzEncoder};
use futures::TryStreamExt;
use hydrant_query::{Engine, Options, QueryError};
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory, path::Path};
use tokio::runtime::Runtime;

const OBJECTS: usize = 64;
const RECORDS: usize = 700;

/// An event of 600 bytes.
fn event(n: usize) -> String {
    let kind = ["paging", "searching", "productview", "addtocart"][n % 4];
    let (hour, client) = (n / 3_600 % 24, n * 7_919 % 5_000);
    let filling = "a text that is as long as the rest of an event mostly is; ".repeat(5);
    format!(
        "{{\"version\":\"0\",\"id\":\"{n:036}\",\"detail-type\":\"prod\",\"time\":\"2026-11-02T{hour:02}:15:30Z\",\
         \"resources\":[],\"detail\":{{\"eventType\":\"{kind}\",\"schemaVersion\":\"1\",\"data\":{{\"price\":{n}.5,\
         \"text\":\"{filling}\",\"tags\":[\"a\",\"b\"]}},\"clientId\":\"client-{client:08}\"}}}}\n"
    )
}

/// A lake in memory, and the bytes of its text.
fn lake(objects: usize) -> (Arc<dyn ObjectStore>, u64) {
    let store = Arc::new(InMemory::new());
    let mut bytes = 0;
    for object in 0..objects {
        let text: String = (0..RECORDS).map(|n| event(object * RECORDS + n)).collect();
        bytes += text.len() as u64;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let gzip = encoder
            .write_all(text.as_bytes())
            .and_then(|()| encoder.finish());
        let key = Path::from(format!("events/day=2/hour={object}/object.gz"));
        let put = store.put(&key, gzip.unwrap_or_default().into());
        futures::executor::block_on(put).expect("memory takes everything");
    }
    (store, bytes)
}

/// Rows of the answer of a new engine.
async fn rows(store: &Arc<dyn ObjectStore>, sql: &str) -> Result<usize, QueryError> {
    let url = "memory:///".parse().expect("a URL");
    let engine = Engine::over(Arc::clone(store), url, &Options::default())?;
    let batches: Vec<_> = engine.run(sql).await?.try_collect().await?;
    Ok(batches
        .iter()
        .map(arrow::array::RecordBatch::num_rows)
        .sum())
}

fn scans(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let (store, bytes) = lake(OBJECTS);
    let mut group = criterion.benchmark_group("scan");
    group.sample_size(20).throughput(Throughput::Bytes(bytes));
    for (name, sql) in [
        ("count", "select count(*) from events"),
        (
            "pluck",
            "select count(distinct detail.clientId) from events",
        ),
        (
            "needle",
            "select * from events where detail.clientId = 'client-00000007'",
        ),
        (
            "group",
            "select detail.eventType, sum(detail.data.price) from events group by 1",
        ),
        ("everything", "select * from events"),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(runtime.block_on(rows(&store, sql)).expect("an answer")));
        });
    }
    group.finish();
}

fn starts(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let (store, _) = lake(1);
    criterion.bench_function("start: an engine and a count of one object", |bencher| {
        let sql = "select count(*) from events";
        bencher.iter(|| black_box(runtime.block_on(rows(&store, sql)).expect("an answer")));
    });
}

criterion_group!(benches, scans, starts);
criterion_main!(benches);
