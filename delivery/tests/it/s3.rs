//! The same over S3, through a server that speaks its protocol.

use hydrant_delivery::DeliveryError;
use hydrant_testing::S3Server;
use object_store::{ObjectStoreExt, path::Path};
use serde_json::json;

use crate::support::{deliver, gunzip, stream};

fn records(count: usize) -> Vec<String> {
    (0..count)
        .map(|n| json!({ "n": n, "kind": "k", "part": n % 3 }).to_string())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_lie_in_the_bucket_below_the_lakes_prefix() {
    let server = S3Server::start("bucket").await.unwrap();
    let lake = server.lake("bucket", "my/lake").unwrap();
    let account = deliver(stream(|_| {}), &lake, &records(100), 1 << 20)
        .await
        .unwrap();
    assert_eq!((account.delivered, account.objects), (100, 3));
    let puts = server
        .requests()
        .iter()
        .filter(|it| it.starts_with("PUT /bucket/my/lake/data/"))
        .count();
    assert_eq!(puts, 3);
    let files = hydrant_testing::files(&server.directory("bucket")).unwrap();
    let objects = files
        .iter()
        .filter(|(name, _)| name.starts_with("my/lake/data/kind=k/part="));
    let lines: usize = objects
        .map(|(_, object)| gunzip(object).iter().filter(|byte| **byte == b'\n').count())
        .sum();
    assert_eq!(lines, 100);

    let (name, _) = files
        .iter()
        .find(|(name, _)| name.ends_with(".gz"))
        .unwrap();
    let key = Path::parse(name.strip_prefix("my/lake/").unwrap()).unwrap();
    let attributes = lake.store().get(&key).await.unwrap().attributes;
    let kept: Vec<(String, String)> = attributes
        .iter()
        .map(|(name, value)| (format!("{name:?}"), value.as_ref().to_owned()))
        .collect();
    assert!(
        kept.contains(&("ContentEncoding".into(), "gzip".into())),
        "{kept:?}"
    );
    assert!(
        kept.contains(&("ContentType".into(), "application/octet-stream".into())),
        "{kept:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_busy_for_a_while_costs_nothing() {
    let server = S3Server::start("bucket").await.unwrap();
    server.refuse(5, 503);
    let lake = server.lake("bucket", "lake").unwrap();
    let account = deliver(stream(|_| {}), &lake, &records(30), 1 << 20)
        .await
        .unwrap();
    assert_eq!((account.delivered, account.in_flight()), (30, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_stays_away_is_reported_with_an_account_that_still_adds_up() {
    let server = S3Server::start("bucket").await.unwrap();
    server.refuse(usize::MAX, 403);
    let lake = server.lake("bucket", "lake").unwrap();
    let error = deliver(stream(|_| {}), &lake, &records(30), 1 << 20)
        .await
        .unwrap_err();
    let DeliveryError::Write {
        account,
        first,
        others,
    } = &error
    else {
        panic!("{error}")
    };
    assert!(first.key.starts_with("data/kind=k/part="), "{}", first.key);
    let failed: u64 = first.records + others.iter().map(|other| other.records).sum::<u64>();
    assert!(failed > 0);
    assert_eq!((account.accepted, account.delivered), (30, 0));
    assert_eq!(
        account.in_flight(),
        30,
        "what was not written is told apart"
    );
}
