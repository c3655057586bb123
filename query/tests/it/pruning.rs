//! Predicates on partition columns decide which objects are opened.

use std::sync::Arc;

use hydrant_query::Options;
use hydrant_testing::WatchedStore;

use crate::{
    events::hive,
    lake::{MemoryLake, ask},
};

#[tokio::test]
async fn only_the_partitions_asked_for_are_opened() {
    let lake = MemoryLake::from(&hive());
    let store = Arc::new(WatchedStore::new(lake.store()));
    let engine = lake.engine_over(Arc::<WatchedStore>::clone(&store), &Options::default());
    assert_eq!(
        store.take_opened(),
        [""; 0],
        "opening an engine opens no object"
    );

    ask(&engine, "select count(*) from errors").await;
    assert_eq!(
        store.take_opened().len(),
        1,
        "a question about errors reads no events"
    );

    ask(&engine, "select count(*) from events").await;
    assert_eq!(
        store.take_opened().len(),
        4,
        "the first question about events learns, then reads"
    );

    for (filter, objects) in [
        ("hour = 8", 1),
        ("hour between 8 and 9 and eventType like 'purch%'", 1),
        ("eventType in ('searching', 'purchase')", 2),
        ("hour = '08'", 1),
        ("schemaVersion = '1'", 2),
        ("eventType = 'none'", 0),
        ("eventType is null", 0),
        ("_object like '%hour=09%' or hour < 5", 1),
        ("hour = 8 and detail.clientId = 'c2'", 1),
        ("(hour = 8 or detail.clientId = 'c1')", 2),
        ("random() < 2", 2),
    ] {
        let rows = ask(
            &engine,
            &format!("select count(*) from events where {filter}"),
        )
        .await;
        assert_eq!(store.take_opened().len(), objects, "{filter}\n{rows}");
    }
    let rows = ask(
        &engine,
        "select id from events where hour = 8 and detail.clientId = 'c2'",
    )
    .await;
    assert_eq!(rows.lines().count(), 5, "{rows}");
}
