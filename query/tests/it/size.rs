//! Much of everything: objects, folders, one line.

use hydrant_query::{Options, ProblemKind};

use crate::lake::{MemoryLake, gzip, problems, value};

#[tokio::test]
async fn a_hundred_thousand_prefixes_are_listed_pruned_and_read() {
    let lake = MemoryLake::default();
    for n in 0..100_000 {
        lake.put(
            &format!("events/client={n}/kind={}/a", n % 7),
            format!("{{\"n\":{n}}}\n"),
        )
        .await;
    }
    let engine = lake.engine(&Options::default());
    assert_eq!(
        value(&engine, "select n from events where client = 77777").await,
        "77777"
    );
    let stats = engine.stats();
    assert_eq!(stats.objects_opened, 1, "{stats:?}");
    assert_eq!(
        value(
            &engine,
            "select count(*) from events where kind = 3 and client < 700"
        )
        .await,
        "100"
    );
    assert_eq!(
        value(&engine, "select sum(n) from events").await,
        "4999950000"
    );
    assert_eq!(problems(&engine), "");
}

/// A record with a text of `length` letters between two small ones.
fn long_line(length: usize) -> Vec<u8> {
    let mut text = b"{\"n\":1,\"text\":\"short\"}\n{\"n\":2,\"text\":\"".to_vec();
    text.resize(text.len() + length, b'x');
    text.extend(b"\"}\n{\"n\":3,\"text\":\"short\"}\n");
    text
}

async fn lake_with(length: usize) -> MemoryLake {
    let lake = MemoryLake::default();
    lake.put("events/small", "{\"n\":10,\"text\":\"a\"}\n")
        .await;
    lake.put("events/long.gz", gzip(&long_line(length))).await;
    lake
}

#[tokio::test]
async fn a_line_of_64_megabytes_is_a_record_like_any_other() {
    let lake = lake_with(64_000_000).await;
    let engine = lake.engine(&Options::default());
    assert_eq!(value(&engine, "select count(*) from events").await, "4");
    assert_eq!(value(&engine, "select sum(n) from events").await, "16");
    assert_eq!(
        value(&engine, "select max(length(text)) from events").await,
        "64000000"
    );
    assert_eq!(
        value(&engine, "select n from events where text like 'xxx%'").await,
        "2"
    );
    assert_eq!(problems(&engine), "");
}

/// Takes some gigabytes of memory and a while: `cargo test -p hydrant-query -- --ignored`.
#[tokio::test]
#[ignore = "takes gigabytes of memory"]
async fn a_line_of_a_gigabyte_is_read() {
    let lake = lake_with(1_000_000_000).await;
    let engine = lake.engine(&Options::default());
    assert_eq!(value(&engine, "select count(*) from events").await, "4");
    assert_eq!(
        value(&engine, "select max(length(text)) from events").await,
        "1000000000"
    );
    assert_eq!(problems(&engine), "");
}

/// Inflates a gigabyte with code that was not optimised: `cargo test -p hydrant-query -- --ignored`.
#[tokio::test]
#[ignore = "takes minutes"]
async fn an_object_that_inflates_beyond_what_is_read_is_named() {
    let lake = MemoryLake::default();
    lake.put("events/small", "{\"n\":10}\n").await;
    lake.put("events/bomb.gz", bomb(2 << 30)).await;
    let engine = lake.engine(&Options::default());
    assert_eq!(value(&engine, "select sum(n) from events").await, "10");
    let found: Vec<_> = engine
        .problems()
        .into_iter()
        .map(|it| (it.object, it.kind))
        .collect();
    assert_eq!(found, [("events/bomb.gz".to_owned(), ProblemKind::Corrupt)]);
    insta::assert_snapshot!(problems(&engine), @"events/bomb.gz: the text of the object is larger than 1024 MiB");
}

/// Blanks in members of 64 MiB.
fn bomb(length: usize) -> Vec<u8> {
    const MEMBER: usize = 64 << 20;
    let member = gzip(&vec![b' '; MEMBER]);
    [gzip(b"{\"n\":1}\n"), member.repeat(length / MEMBER)].concat()
}
