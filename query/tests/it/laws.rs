//! What holds for every lake.

use hydrant_query::{Format, Options};
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::lake::{TestLake, answer};

/// What stands between two records.
fn separator() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("\n"),
        Just(""),
        Just("\r\n"),
        Just("\n\n  \n"),
        Just(" ")
    ]
}

fn record() -> impl Strategy<Value = serde_json::Value> {
    let value = prop_oneof![
        any::<i32>().prop_map(serde_json::Value::from),
        any::<String>().prop_map(Into::into),
        any::<bool>().prop_map(Into::into),
        Just(serde_json::Value::Null),
        prop::collection::vec(any::<i64>(), 0..3).prop_map(Into::into),
        prop::collection::hash_map("[a-c]", any::<u64>(), 0..3).prop_map(|map| {
            serde_json::Value::Object(map.into_iter().map(|(k, v)| (k, v.into())).collect())
        }),
    ];
    prop::collection::hash_map("[a-d]", value, 0..4)
        .prop_map(|map| serde_json::Value::Object(map.into_iter().collect()))
}

type Object = (Vec<(serde_json::Value, bool, &'static str)>, bool);

fn objects() -> impl Strategy<Value = Vec<Object>> {
    let object = (
        prop::collection::vec((record(), any::<bool>(), separator()), 0..12),
        any::<bool>(),
    );
    prop::collection::vec(object, 1..5)
}

async fn number(lake: &TestLake, sql: &str) -> u64 {
    let engine = lake.engine(Options::default()).await;
    let text = answer(&engine, sql, Format::Csv).await.unwrap();
    assert_eq!(engine.problems(), []);
    text.lines().nth(1).unwrap().parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_rows_are_the_records_however_they_are_framed(objects in objects()) {
        let lake = TestLake::new();
        lake.put("events/first", "{\"a\":null}");
        let mut expected = 1;
        for (n, (records, compressed)) in objects.iter().enumerate() {
            let text: String = records
                .iter()
                .map(|(record, pretty, separator)| {
                    let text = if *pretty { serde_json::to_string_pretty(record) } else { serde_json::to_string(record) };
                    text.unwrap() + separator
                })
                .collect();
            expected += records.len() as u64;
            let key = format!("events/{n}");
            if *compressed { lake.put_gz(&key, text) } else { lake.put(&key, text) };
        }
        Runtime::new().unwrap().block_on(async {
            assert_eq!(number(&lake, "select count(*) from events").await, expected);
            assert_eq!(number(&lake, "select count(_object) from events").await, expected);
            assert_eq!(number(&lake, "select count(1) from (select * from events)").await, expected);
            let present = objects.iter().flat_map(|(records, _)| records).filter(|(record, ..)| !record.get("a").is_none_or(serde_json::Value::is_null)).count();
            assert_eq!(number(&lake, "select count(a) from events").await, present as u64);
        });
    }
}
