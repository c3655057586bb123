//! Parquet in a lake: the same answers as of text, and little read for them.

use arrow::array::RecordBatch;
use futures::TryStreamExt;
use hydrant_query::{Engine, Options, ProblemKind, SchemaCache};
use hydrant_testing::{Operation, S3Server};
use parquet::{
    arrow::ArrowWriter,
    basic::Compression,
    file::properties::{EnabledStatistics, WriterProperties},
};
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::lake::{MemoryLake, TestLake, answer, event, problems, value};

/// What is written of a batch: small row groups and pages, with everything that helps to leave them out.
fn parquet(batches: &[RecordBatch], group: usize, page: usize) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(group))
        .set_data_page_row_count_limit(page)
        .set_write_batch_size(page)
        .set_dictionary_enabled(false)
        .set_bloom_filter_enabled(true)
        .set_statistics_enabled(EnabledStatistics::Page)
        .build();
    let schema = batches.first().unwrap().schema();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties)).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

/// The records of a lake's text, as batches of their columns.
async fn batches(lake: &MemoryLake, order: &str) -> Vec<RecordBatch> {
    let engine = lake.engine(&Options::default());
    let sql = format!("select * from events order by {order}");
    let stream = engine.run(&sql).await.unwrap();
    let batches: Vec<RecordBatch> = stream.try_collect().await.unwrap();
    let own = |batch: RecordBatch| {
        let schema = batch.schema();
        let fields = schema.fields().iter().enumerate();
        let kept: Vec<usize> = fields
            .filter(|(_, field)| !matches!(field.name().as_str(), "_object" | "kind"))
            .map(|(at, _)| at)
            .collect();
        batch.project(&kept).unwrap()
    };
    batches.into_iter().map(own).collect()
}

fn data(n: usize) -> String {
    match n % 4 {
        0 => format!(r#"{{"price":{}.5,"tags":["a","b{n}"]}}"#, n % 17),
        1 => format!(
            r#"{{"price":null,"name":"item {}","deep":{{"n":{n}}}}}"#,
            n % 5
        ),
        2 => "{}".to_owned(),
        _ => format!(r#"{{"deep":{{"n":{n},"on":{}}}}}"#, n.is_multiple_of(3)),
    }
}

/// Records of so many clients, a second apart.
fn text(records: usize, clients: usize) -> String {
    let record = |n: usize| {
        let kind = ["look", "cart", "buy"][n % 3];
        let time = format!(
            "2026-11-02T{:02}:{:02}:{:02}Z",
            n / 3600,
            n / 60 % 60,
            n % 60
        );
        event(
            kind,
            &format!("client-{:03}", n * 7 % clients),
            &time,
            &data(n),
        )
    };
    (0..records).map(record).collect()
}

const QUESTIONS: [&str; 14] = [
    "select count(*) as n from events",
    "select count(*) as n from events where kind = 'x'",
    "select kind, count(*) as n from events group by 1 order by 1",
    "select detail.eventType as t, count(*) as n, sum(detail.data.price) as p from events group by 1 order by 1",
    "select id, detail from events where detail.clientId = 'client-004' order by id",
    "select id from events where detail.clientId = 'nobody'",
    "select id from events where detail.clientId in ('client-001', 'client-002') and detail.eventType = 'buy' order by id",
    "select id, time from events where time >= '2026-11-02T00:01:00Z' and time < '2026-11-02T00:01:20Z' order by id",
    "select id from events where detail.data.deep.n > 50 and detail.data.deep.n <= 60 order by id",
    "select id from events where detail.data.price = 3.5 or detail.data.price > 15 order by id",
    "select id from events where not (detail.data.price < 10) order by id",
    "select max(detail.data.name) as name, count(detail.data.tags) as tags from events",
    "select id from events where detail.clientId >= 'client-003' and detail.data.deep.n < 9 order by id",
    "select distinct detail.data.deep.\"on\" as switch from events order by 1",
];

#[test]
fn parquet_gives_the_answers_that_text_gives() {
    proptest!(ProptestConfig::with_cases(12), |(
        records in 8..200_usize,
        clients in 1..30_usize,
        group in 1..90_usize,
        page in 1..30_usize,
        by_client: bool,
    )| {
        Runtime::new().unwrap().block_on(async {
            let (raw, stored) = (MemoryLake::default(), MemoryLake::default());
            let text = text(records, clients);
            raw.put("events/kind=x/all", text.clone()).await;
            let order = if by_client { "detail.clientId, time" } else { "time" };
            let batches = batches(&raw, order).await;
            stored.put("events/kind=x/all.parquet", parquet(&batches, group, page)).await;
            // Not every object says what it is.
            let lying = MemoryLake::default();
            lying.put("events/kind=x/all", parquet(&batches, group, page)).await;
            for sql in QUESTIONS {
                let expected = answer(&raw.engine(&Options::default()), sql, hydrant_query::Format::NdJson).await.unwrap();
                for lake in [&stored, &lying] {
                    let engine = lake.engine(&Options::default());
                    let got = answer(&engine, sql, hydrant_query::Format::NdJson).await.unwrap();
                    prop_assert_eq!(&got, &expected, "{}", sql);
                    prop_assert_eq!(problems(&engine), "");
                }
            }
            Ok(())
        })?;
    });
}

/// A lake of one Parquet object, sorted by client, behind an S3 server.
async fn bucket(records: usize) -> (S3Server, usize) {
    let raw = MemoryLake::default();
    raw.put("events/kind=x/all", text(records, 100)).await;
    let object = parquet(&batches(&raw, "detail.clientId").await, 500, 50);
    let server = S3Server::start("bucket").await.unwrap();
    let place = server.directory("bucket").join("events/kind=x");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("all.parquet"), &object).unwrap();
    (server, object.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_parquet_object_only_what_a_question_names_is_fetched() {
    let (server, length) = bucket(5_000).await;
    for (sql, expected, part) in [
        ("select count(*) from events", "5000", 3),
        (
            "select count(distinct detail.eventType) from events",
            "3",
            2,
        ),
        (
            "select count(*) from events where detail.clientId = 'client-042'",
            "50",
            2,
        ),
        (
            "select count(detail.data.deep.n) from events where detail.clientId = 'nobody'",
            "0",
            2,
        ),
    ] {
        let lake = server.lake("bucket", "").unwrap();
        let engine = Engine::open(
            &lake,
            &Options {
                cache: SchemaCache::Off,
                ..Options::default()
            },
        )
        .unwrap();
        server.forget();
        assert_eq!(value(&engine, sql).await, expected, "{sql}");
        let stats = engine.stats();
        let opened = usize::try_from(stats.bytes_opened).unwrap();
        assert!(opened < length / part, "{sql}: {opened} of {length}");
        assert_eq!(
            stats.get_requests,
            server.count(Operation::Get, "") as u64,
            "{sql}"
        );
        assert_eq!(problems(&engine), "");
    }
}

#[tokio::test]
async fn what_only_is_named_parquet_is_read_as_what_it_is() {
    let lake = TestLake::new();
    lake.put("events/a.parquet", "{\"n\":1}\n")
        .put_gz("events/b.parquet", "{\"n\":2}\n")
        .put("events/c.parquet", "")
        .put("events/d", "{\"n\":4}\n");
    for memory in [false, true] {
        let engine = if memory {
            MemoryLake::from(&lake).engine(&Options::default())
        } else {
            lake.engine(Options::default()).await
        };
        assert_eq!(value(&engine, "select sum(n) from events").await, "7");
        assert_eq!(problems(&engine), "", "{memory}");
    }
}

#[tokio::test]
async fn a_parquet_object_that_is_cut_or_damaged_is_named() {
    let raw = MemoryLake::default();
    raw.put("events/kind=x/all", text(300, 10)).await;
    let whole = parquet(&batches(&raw, "time").await, 100, 20);
    let lake = TestLake::new();
    let mut damaged = whole.clone();
    // The length of the footer.
    let at = damaged.len() - 6;
    damaged[at] ^= 0xff;
    lake.put("events/kind=x/a.parquet", &whole[..whole.len() / 2])
        .put("events/kind=x/b.parquet", &damaged)
        .put("events/kind=x/c.parquet", &whole);
    let engine = lake.engine(Options::default()).await;
    assert_eq!(value(&engine, "select count(id) from events").await, "300");
    let found: Vec<_> = engine
        .problems()
        .into_iter()
        .map(|it| (it.object, it.kind))
        .collect();
    let name = |name: &str| {
        (
            format!("events/kind=x/{name}.parquet"),
            ProblemKind::Corrupt,
        )
    };
    assert_eq!(found, [name("a"), name("b")]);
}

#[tokio::test]
async fn a_type_that_one_parquet_object_has_otherwise_is_joined_with_the_others() {
    let raw = MemoryLake::default();
    raw.put(
        "events/kind=x/all",
        "{\"n\":1,\"s\":{\"a\":2}}\n{\"n\":3}\n",
    )
    .await;
    let object = parquet(&batches(&raw, "n").await, 100, 20);
    let lake = TestLake::new();
    lake.put("events/kind=x/a.parquet", &object);
    lake.put("events/kind=x/b", "{\"n\":0.5,\"s\":\"none\"}\n");
    let engine = lake.engine(Options::default()).await;
    assert_eq!(value(&engine, "select sum(n) from events").await, "4.5");
    assert_eq!(
        answer(
            &engine,
            "select s from events where s is not null order by 1",
            hydrant_query::Format::Csv
        )
        .await
        .unwrap(),
        "s\nnone\n\"{\"\"a\"\":2}\"\n"
    );
    assert_eq!(problems(&engine), "");
}
