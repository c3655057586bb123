//! Keys of one 600-byte record: the walk over plain paths, the same query in jq, and a document built by
//! `serde_json` as the floor of any approach that parses the whole record.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hydrant_partitioner::{KeyQuery, PartitionKeys};
use std::hint::black_box;

const RECORD: &str = r#"{"version":"0","id":"6f3c1c8e-7a4b-4a57-9d5c-2f1f0b9a7d11","detail-type":"prod","source":"clientevents","account":"123456789012","time":"2026-11-02T08:15:30Z","region":"eu-west-1","resources":[],"detail":{"eventType":"purchase","schemaVersion":"2","data":{"itemSku":"SKU-004217","name":"Wanderschuh \"Säntis\", Größe 43","price":129.9,"currency":"EUR","quantity":1,"categories":["outdoor","shoes"],"basket":[{"sku":"SKU-004217","n":1,"price":129.9},{"sku":"SKU-000031","n":2,"price":4.5}],"session":"b7f6c2","device":{"os":"iOS","model":"iPhone16,2"}},"clientId":"0d9f6a3e-55a1-4f0c-8a3b-1d2c3b4a5968"}}
"#;

const PLAIN: &str = "{eventType: .detail.eventType, schemaVersion: .detail.schemaVersion, \
    year: .time[0:4], month: .time[5:7], day: .time[8:10], hour: .time[11:13]}";

fn keys(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("keys");
    group.throughput(Throughput::Bytes(RECORD.len() as u64));
    let mut out = PartitionKeys::new();
    let two = "{eventType: .detail.eventType, schemaVersion: .detail.schemaVersion}";
    // `tostring` changes no value and is not a plain path.
    let jq = PLAIN.replacen(".detail.eventType", "(.detail.eventType | tostring)", 1);
    for (name, text) in [
        ("two plain paths", two),
        ("six plain paths", PLAIN),
        ("six in jq", &jq),
    ] {
        let Ok(query) = KeyQuery::metadata_extraction(text) else {
            continue;
        };
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                query
                    .evaluate(black_box(RECORD.as_bytes()), &mut out)
                    .is_ok()
            });
        });
    }
    group.bench_function("serde_json document", |bencher| {
        bencher.iter(|| serde_json::from_str::<serde_json::Value>(black_box(RECORD)).is_ok());
    });
    group.finish();
}

criterion_group!(benches, keys);
criterion_main!(benches);
