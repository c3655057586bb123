//! A bound on memory changes no answer.

use std::fmt::Write as _;

use hydrant_query::{Engine, Options};

use crate::lake::{MemoryLake, TestLake, gzip, problems, value};

/// The least: a thread then holds a mebibyte of an object.
const LIMIT: usize = 16 << 20;

fn limited() -> Options {
    Options {
        memory_limit: Some(LIMIT),
        ..Options::default()
    }
}

/// Three mebibytes of records, each `spelled` in its way; some of them are none.
fn text(spelled: impl Fn(usize, &str) -> String) -> String {
    let filling = "x{\\\"}] ".repeat(90);
    (0..4_000).map(|n| spelled(n, &filling)).collect()
}

fn record(n: usize, filling: &str) -> String {
    format!(
        "{{\"n\":{n},\"kind\":\"k{}\",\"text\":\"{filling}\"}}",
        n % 3
    )
}

/// Every way in which records lie one behind the other.
fn framings() -> [(&'static str, String); 5] {
    [
        ("lines", text(|n, filling| record(n, filling) + "\n")),
        ("run together", text(record)),
        (
            "pretty",
            text(|n, filling| {
                record(n, filling)
                    .replace(",\"", ",\n  \"")
                    .replacen('{', "{\n  ", 1)
                    + "\n"
            }),
        ),
        (
            "blank lines",
            text(|n, filling| record(n, filling) + &"\n".repeat(n % 4 + 1)),
        ),
        (
            "bad lines",
            text(|n, filling| match n % 500 {
                7 => format!("{{\"n\":{n},\"text\":\"{filling}\n"),
                11 => format!("nonsense {filling}\n"),
                13 => format!("{{\"n\":{n},}}\n"),
                _ => record(n, filling) + "\n",
            }),
        ),
    ]
}

async fn answers(engine: &Engine) -> Vec<String> {
    let mut answers = Vec::new();
    for sql in [
        "select count(*) from events",
        "select sum(n) from events",
        "select count(n) from events where kind = 'k1'",
        "select sum(length(text)) from events where n > 3500",
    ] {
        answers.push(value(engine, sql).await);
    }
    answers.push(problems(engine));
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_that_are_read_by_stretches_give_the_same_rows_and_problems() {
    for (name, text) in framings() {
        let (first, second) = text.split_at(text.len() / 3);
        let members = [gzip(first.as_bytes()), gzip(second.as_bytes())].concat();
        for (encoding, object) in [
            ("plain", text.clone().into_bytes()),
            ("gzip", gzip(text.as_bytes())),
            ("members", members),
        ] {
            let (directory, memory) = (TestLake::new(), MemoryLake::default());
            directory.put("events/large", &object);
            memory.put("events/large", object).await;
            let whole = answers(&memory.engine(&Options::default())).await;
            let of_store = answers(&memory.engine(&limited())).await;
            assert_eq!(of_store, whole, "{name}, {encoding}, of a store");
            let of_file = answers(&directory.engine(limited()).await).await;
            assert_eq!(of_file, whole, "{name}, {encoding}, of a file");
        }
    }
}

#[tokio::test]
async fn a_large_object_that_was_cut_gives_nothing_under_a_limit_too() {
    let text = text(|n, filling| record(n, filling) + "\n");
    let object = gzip(text.as_bytes());
    let lake = MemoryLake::default();
    lake.put("events/small", "{\"n\":1}\n").await;
    lake.put("events/large", &object[..object.len() - 5]).await;
    let engine = lake.engine(&limited());
    assert_eq!(value(&engine, "select sum(n) from events").await, "1");
    insta::assert_snapshot!(problems(&engine), @"events/large: the gzip data ends early (a truncated object)");
}

#[tokio::test]
async fn a_record_that_has_no_room_is_named() {
    let lake = MemoryLake::default();
    let long = format!(
        "{{\"n\":1}}\n{{\"n\":2,\"text\":\"{}\"}}\n",
        "x".repeat(20 << 20)
    );
    lake.put("events/long", long).await;
    let engine = lake.engine(&limited());
    let error = crate::lake::answer(
        &engine,
        "select sum(n) from events",
        hydrant_query::Format::Csv,
    );
    insta::assert_snapshot!(error.await.unwrap_err(), @"the query needs more memory than --memory-limit lets it have: events/long: a record is longer than 16 MiB, which is what --memory-limit leaves for one; raise the limit, or lower --threads, among which it is divided");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sorts_groups_and_joins_spills() {
    let lake = MemoryLake::default();
    for object in 0..4 {
        let mut records = String::new();
        for n in object * 20_000..(object + 1) * 20_000 {
            let key = n * 7_919 % 80_000;
            writeln!(
                records,
                "{{\"n\":{n},\"key\":\"key-{key}\",\"text\":\"{n:0>200}\"}}"
            )
            .unwrap();
        }
        lake.put(&format!("events/{object}"), records).await;
    }
    let (free, bound) = (lake.engine(&Options::default()), lake.engine(&limited()));
    for sql in [
        "select sum(length(text) * rank) from (select text, row_number() over (order by key) as rank from events)",
        "select count(*) from (select text, count(*) from events group by text)",
        "select sum(n) from (select * from events order by key limit 50000)",
        "select sum(n) from (select * from events order by text desc limit 10)",
        "select count(distinct key) from events",
        "select count(*) from events a join events b on a.text = b.text",
    ] {
        assert_eq!(value(&bound, sql).await, value(&free, sql).await, "{sql}");
    }
}
