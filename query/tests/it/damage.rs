//! Objects that were cut, changed, or lost: the rest is answered, and the object is named.

use hydrant_query::{Engine, OnError, Options, ProblemKind, QueryError};
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::lake::{MemoryLake, gzip, problems, value};

const GOOD: u64 = 5;
const DAMAGED: &str = "events/day=2/damaged.gz";

/// Twenty records whose numbers add up to 210, in an object; and five of another object, that add up to 15.
async fn lake(damaged: Vec<u8>) -> MemoryLake {
    let lake = MemoryLake::default();
    lake.put_gz("events/day=1/good.gz", records(GOOD)).await;
    lake.put(DAMAGED, damaged).await;
    lake
}

fn records(count: u64) -> String {
    let record = |n: u64| format!("{{\"n\":{n},\"name\":\"record number {n}\"}}\n");
    (1..=count).map(record).collect()
}

/// Counts and sums in every way that reads the objects differently.
async fn answers(engine: &Engine) -> [String; 3] {
    [
        value(engine, "select count(*) from events").await,
        value(engine, "select sum(n) from events").await,
        value(
            engine,
            "select count(name) from events where name like 'record%'",
        )
        .await,
    ]
}

fn named(engine: &Engine) -> Vec<(String, ProblemKind)> {
    let problems = engine.problems();
    problems
        .into_iter()
        .map(|it| (it.object, it.kind))
        .collect()
}

#[tokio::test]
async fn an_object_that_was_cut_anywhere_gives_no_rows_and_is_named() {
    let whole = gzip(records(20).as_bytes());
    for length in (0..whole.len()).step_by(3) {
        let lake = lake(whole[..length].to_vec()).await;
        let engine = lake.engine(&Options::default());
        assert_eq!(answers(&engine).await, ["5", "15", "5"], "cut to {length}");
        let kind = match length {
            // Nothing was ever written: that is no damage.
            0 => None,
            // Not even the magic bytes are left.
            1..3 => Some(ProblemKind::BadRecord),
            _ => Some(ProblemKind::Corrupt),
        };
        let expected: Vec<_> = kind
            .map(|kind| (DAMAGED.to_owned(), kind))
            .into_iter()
            .collect();
        assert_eq!(named(&engine), expected, "cut to {length}");
    }
}

#[test]
fn a_bit_that_flipped_changes_nothing_or_is_named() {
    let whole = gzip(records(20).as_bytes());
    let runtime = Runtime::new().unwrap();
    for bit in (0..whole.len() * 8).step_by(5) {
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        runtime.block_on(async {
            let lake = lake(damaged).await;
            let engine = lake.engine(&Options::default());
            let answers = answers(&engine).await;
            let named = named(&engine);
            if named.is_empty() {
                // The time and the operating system in the header are nobody's business.
                assert_eq!(answers, ["25", "225", "25"], "bit {bit}");
            } else {
                assert_eq!(answers, ["5", "15", "5"], "bit {bit}: {named:?}");
                assert!(
                    named.iter().all(|(object, _)| object == DAMAGED),
                    "bit {bit}: {named:?}"
                );
            }
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever bytes lie in an object: the rows of its neighbour are there, and nothing panics.
    #[test]
    fn no_bytes_of_one_object_cost_another_its_rows(
        mut bytes in prop::collection::vec(any::<u8>(), 0..400),
        beginning in prop::sample::select(vec![&b""[..], b"\x1f\x8b\x08", b"{\"n\":1}\n", b"PK\x03\x04", b"PAR1", b"\xff\x06\0\0sNaPpY", b"\0\0\0\x01", b"\x82SNAPPY\0", b"{"]),
    ) {
        bytes.splice(..0, beginning.iter().copied());
        Runtime::new().unwrap().block_on(async {
            let lake = lake(bytes).await;
            let engine = lake.engine(&Options::default());
            let counted = value(&engine, "select count(n) from events where _object like '%good.gz' and name like 'record%'").await;
            assert_eq!(counted, "5");
            let all: u64 = value(&engine, "select count(*) from events").await.parse().unwrap();
            assert!(all >= GOOD);
        });
    }
}

#[tokio::test]
async fn with_fail_the_first_damage_ends_the_query_and_says_where() {
    let whole = gzip(records(20).as_bytes());
    let lake = lake(whole[..whole.len() - 4].to_vec()).await;
    let options = Options {
        on_error: OnError::Fail,
        ..Options::default()
    };
    let engine = lake.engine(&options);
    let error = crate::lake::answer(
        &engine,
        "select sum(n) from events",
        hydrant_query::Format::Csv,
    )
    .await
    .unwrap_err();
    assert!(matches!(error, QueryError::Problem(_)), "{error:?}");
    insta::assert_snapshot!(error, @"events/day=2/damaged.gz: the gzip data ends early (a truncated object); --on-error skip leaves it out and counts it");
    // A query that does not open the object is not concerned.
    let rest = value(&engine, "select sum(n) from events where day = 1").await;
    assert_eq!(rest, "15");
}

#[tokio::test]
async fn objects_without_records_have_no_rows_and_are_no_problem() {
    let lake = MemoryLake::default();
    lake.put("events/empty", "").await;
    lake.put("events/blank", "\n\n  \r\n\n").await;
    lake.put_gz("events/empty.gz", "").await;
    lake.put_gz("events/feeds.gz", "\n\n").await;
    let mut members = gzip(b"");
    members.extend(gzip(b"{\"n\":1}\n"));
    members.extend(gzip(b""));
    members.extend(gzip(b"{\"n\":2}\n"));
    lake.put("events/members.gz", members).await;
    let engine = lake.engine(&Options::default());
    assert_eq!(value(&engine, "select count(*) from events").await, "2");
    assert_eq!(value(&engine, "select sum(n) from events").await, "3");
    assert_eq!(problems(&engine), "");
}

#[tokio::test]
async fn a_lake_of_nothing_but_empty_objects_has_no_rows() {
    let lake = MemoryLake::default();
    lake.put_gz("events/a.gz", "").await;
    assert_eq!(lake.value("select count(*) from events").await, "0");
}

#[tokio::test]
async fn lines_that_are_no_records_are_named_with_their_number() {
    let lake = MemoryLake::default();
    let lines = [
        r#"{"n":1}"#,
        r#"{"n":2"#,
        r#"{"n":3}"#,
        r#"[{"n":4}]"#,
        r#"{"n":5}"#,
        r#"{"n":6,}"#,
        r#"{"n":7,"text":"a "quote" inside"}"#,
        r#"{"n":08}"#,
        r#"{"n":9}"#,
    ];
    lake.put_gz("events/a.gz", lines.join("\n")).await;
    let engine = lake.engine(&Options::default());
    assert_eq!(value(&engine, "select sum(n) from events").await, "18");
    insta::assert_snapshot!(problems(&engine), @"events/a.gz line 2: not a JSON object: expected ',' or '}' after a member, 7 bytes into the record; 7 bytes skipped (and 4 more like it in this object)");
}
