//! A lake that changes while it is asked, and what was remembered of it before.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use hydrant_query::{Engine, Format, OnError, Options, QueryError, SchemaCache};
use hydrant_testing::WatchedStore;
use object_store::{ObjectStoreExt, path::Path};
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::lake::{MemoryLake, answer, ask, problems, value};

async fn lake(objects: u32) -> MemoryLake {
    let lake = MemoryLake::default();
    for n in 0..objects {
        lake.put_gz(&format!("events/{n:04}.gz"), format!("{{\"n\":{n}}}\n"))
            .await;
    }
    lake
}

/// A store that does `step` when the object number `at` of those that are read is opened.
fn stepping(
    lake: &MemoryLake,
    at: usize,
    step: impl Fn(Arc<dyn object_store::ObjectStore>) -> futures::future::BoxFuture<'static, ()>
    + Send
    + Sync
    + 'static,
) -> Arc<WatchedStore> {
    let (store, opened) = (lake.store(), AtomicUsize::new(0));
    let below = Arc::clone(&store);
    Arc::new(WatchedStore::with_step(store, move |_| {
        let now = opened.fetch_add(1, Ordering::SeqCst) == at;
        let done = now.then(|| step(Arc::clone(&below)));
        Box::pin(async move {
            if let Some(done) = done {
                done.await;
            }
            Ok(())
        })
    }))
}

#[tokio::test]
async fn an_object_that_is_deleted_during_the_query_is_named_and_the_rest_is_answered() {
    for at in [0, 1, 30, 60, 150] {
        let lake = lake(200).await;
        let store = stepping(&lake, at, |store| {
            Box::pin(async move {
                // What was opened before may have been read: it is gone all the same.
                for n in [17, 199] {
                    let key = Path::from(format!("events/{n:04}.gz"));
                    store.delete(&key).await.unwrap();
                }
            })
        });
        let engine = lake.engine_over(store, &Options::default());
        let counted: u64 = value(&engine, "select count(n) from events")
            .await
            .parse()
            .unwrap();
        let named = problems(&engine);
        let missing = named.lines().count() as u64;
        assert_eq!(counted + missing, 200, "{named}");
        for line in named.lines() {
            let told = [
                "events/0017.gz: the object was listed but is gone",
                "events/0199.gz: the object was listed but is gone",
            ];
            assert!(told.contains(&line), "{named}");
        }
        // A question that is asked now lists them no more.
        let counted = lake.value("select count(n) from events").await;
        assert_eq!(counted, "198");
    }
}

#[tokio::test]
async fn with_fail_an_object_that_is_deleted_ends_the_query() {
    let lake = lake(50).await;
    let store = stepping(&lake, 0, |store| {
        Box::pin(async move { store.delete(&Path::from("events/0049.gz")).await.unwrap() })
    });
    let options = Options {
        on_error: OnError::Fail,
        ..Options::default()
    };
    let engine = lake.engine_over(store, &options);
    let error = answer(&engine, "select count(n) from events", Format::Csv)
        .await
        .unwrap_err();
    assert!(matches!(error, QueryError::Problem(_)), "{error:?}");
    assert!(error.to_string().contains("events/0049.gz"), "{error}");
}

#[tokio::test]
async fn a_store_that_refuses_an_object_ends_the_query() {
    let lake = lake(20).await;
    let store = Arc::new(WatchedStore::with_step(lake.store(), |key| {
        Box::pin(async move {
            if key.as_ref() == "events/0007.gz" {
                return Err(object_store::Error::PermissionDenied {
                    path: key.to_string(),
                    source: "not for you".into(),
                });
            }
            Ok(())
        })
    }));
    let engine = lake.engine_over(store, &Options::default());
    let error = answer(&engine, "select count(n) from events", Format::Csv)
        .await
        .unwrap_err();
    assert!(matches!(error, QueryError::Store { .. }), "{error:?}");
    assert!(error.to_string().contains("events/0007.gz"), "{error}");
}

#[tokio::test]
async fn objects_that_are_added_during_the_query_disturb_nothing() {
    let lake = lake(100).await;
    let store = stepping(&lake, 3, |store| {
        Box::pin(async move {
            for n in 100..150 {
                let key = Path::from(format!("events/{n:04}.gz"));
                // A field that nobody knew, and a type that fits nothing so far.
                let text = format!("{{\"n\":\"{n}\",\"late\":true}}\n");
                store.put(&key, text.into()).await.unwrap();
            }
        })
    });
    let engine = lake.engine_over(store, &Options::default());
    let counted: u64 = value(&engine, "select count(n) from events")
        .await
        .parse()
        .unwrap();
    assert!((100..=150).contains(&counted), "{counted}");
    assert_eq!(problems(&engine), "");
    // A question that is asked now finds them, whatever they are.
    for (column, expected) in [("n", "150"), ("late", "50")] {
        let sql = format!("select count({column}) from events");
        assert_eq!(lake.value(&sql).await, expected, "{sql}");
    }
}

/// Values of every kind, so that most lakes drift.
fn any_value() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "null",
        "1",
        "2",
        "9007199254740993",
        "18446744073709551616",
        "0.5",
        "1e2",
        "true",
        "\"text\"",
        "\"1\"",
        "[]",
        "[1]",
        "[\"a\"]",
        "{}",
        "{\"x\":1}",
        "{\"x\":\"y\"}",
    ])
}

type Objects = Vec<Vec<(Option<&'static str>, Option<&'static str>)>>;

fn any_objects() -> impl Strategy<Value = Objects> {
    let record = (prop::option::of(any_value()), prop::option::of(any_value()));
    let usual = Just((Some("1"), None));
    let record = prop_oneof![6 => usual, 1 => record];
    prop::collection::vec(prop::collection::vec(record, 1..4), 1..40)
}

fn text(records: &[(Option<&str>, Option<&str>)]) -> String {
    let record = |(a, b): &(Option<&str>, Option<&str>)| {
        let a = a.map(|a| format!("\"a\":{a}"));
        let b = b.map(|b| format!("\"late\":{b}"));
        let members: Vec<_> = a.into_iter().chain(b).collect();
        format!("{{{}}}\n", members.join(","))
    };
    records.iter().map(record).collect()
}

async fn filled(objects: &Objects) -> MemoryLake {
    let lake = MemoryLake::default();
    for (n, records) in objects.iter().enumerate() {
        let key = format!("events/part={}/{n:03}", n % 3);
        lake.put(&key, text(records)).await;
    }
    lake
}

const QUESTIONS: [&str; 7] = [
    "select count(*) as n from events",
    "select a, count(*) as n from events group by a order by 1, 2",
    "select a from events where part = 1 order by _object, a",
    "select count(a) as n from events where part = 2",
    "select a from events order by _object, a limit 5",
    "select max(_object) as o from events where a is not null",
    "select part, a from events where a is null order by part, _object",
];

/// An answer, or the error instead of it.
async fn said(engine: &Engine, sql: &str) -> String {
    match answer(engine, sql, Format::NdJson).await {
        Ok(rows) => rows,
        Err(error) => format!("{error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// What an engine answered before, and what another one remembered, changes no answer.
    #[test]
    fn a_cache_changes_no_answer(objects in any_objects(), order in prop::sample::subsequence((0..QUESTIONS.len()).collect::<Vec<_>>(), QUESTIONS.len()).prop_shuffle()) {
        Runtime::new().unwrap().block_on(async {
            let lake = filled(&objects).await;
            let directory = tempfile::tempdir().unwrap();
            let options = Options { cache: SchemaCache::Directory(directory.path().to_owned()), ..Options::default() };
            let mut expected = Vec::new();
            for sql in QUESTIONS {
                expected.push(said(&lake.engine(&Options::default()), sql).await);
            }
            let one = lake.engine(&options);
            for &at in &order {
                assert_eq!(said(&one, QUESTIONS[at]).await, expected[at], "the same engine, {}", QUESTIONS[at]);
            }
            drop(one);
            for &at in &order {
                let warm = lake.engine(&options);
                assert_eq!(said(&warm, QUESTIONS[at]).await, expected[at], "warm, {}", QUESTIONS[at]);
            }
        });
    }

    /// A cache of what the lake was changes no answer about what it is.
    #[test]
    fn a_cache_of_yesterday_changes_no_answer_of_today(before in any_objects(), after in any_objects()) {
        Runtime::new().unwrap().block_on(async {
            let lake = filled(&before).await;
            let directory = tempfile::tempdir().unwrap();
            let options = Options { cache: SchemaCache::Directory(directory.path().to_owned()), ..Options::default() };
            for sql in QUESTIONS {
                said(&lake.engine(&options), sql).await;
            }
            for (n, records) in after.iter().enumerate() {
                lake.put(&format!("events/part={}/{n:03}-new", n % 3), text(records)).await;
            }
            for sql in QUESTIONS {
                let cold = said(&lake.engine(&Options::default()), sql).await;
                let warm = said(&lake.engine(&options), sql).await;
                assert_eq!(warm, cold, "{sql}");
            }
        });
    }
}

#[tokio::test]
async fn a_cache_that_is_damaged_is_as_good_as_none() {
    let lake = lake(30).await;
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        cache: SchemaCache::Directory(directory.path().to_owned()),
        ..Options::default()
    };
    let expected = ask(&lake.engine(&options), "select sum(n) from events").await;
    let files = hydrant_testing::files(directory.path()).unwrap();
    for (name, bytes) in files {
        for damaged in [
            Vec::new(),
            bytes[..bytes.len() / 2].to_vec(),
            b"{\"not\":\"a cache\"}".to_vec(),
            vec![0xff; 64],
        ] {
            std::fs::write(directory.path().join(&name), damaged).unwrap();
            assert_eq!(
                ask(&lake.engine(&options), "select sum(n) from events").await,
                expected
            );
        }
    }
    // And where nothing can be kept, nothing is: the directory is a file.
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let nowhere = Options {
        cache: SchemaCache::Directory(file),
        ..Options::default()
    };
    assert_eq!(
        ask(&lake.engine(&nowhere), "select sum(n) from events").await,
        expected
    );
}
