//! What can go wrong around a service: the store, for a moment and for a day, and the disk.

use std::{path::Path, time::Duration};

use hydrant_delivery::ServiceOptions;
use hydrant_testing::{Fault, S3Server};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

use crate::serving::{
    ManualClock, Running, drive, lake, options, plain, put, records, sorted, until,
};

fn texts(records: &[String]) -> Vec<String> {
    records.iter().map(|it| it.trim().to_owned()).collect()
}

/// The lines of all objects below `folder` of a directory, in the order of the objects' names.
fn lines_in(directory: &Path, folder: &str) -> Vec<String> {
    let files = hydrant_testing::files(directory).unwrap();
    let files = files.iter().filter(|(name, _)| name.starts_with(folder));
    files
        .flat_map(|(_, bytes)| {
            let text = str::from_utf8(bytes).unwrap();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_store_does_to_a_request_each_record_is_there_once() {
    for fault in [
        Fault::Status(500),
        Fault::Status(503),
        Fault::Status(403),
        Fault::Reset,
        Fault::Partial,
        Fault::Unanswered,
        Fault::Slow(Duration::from_millis(200)),
    ] {
        let server = S3Server::start("bucket").await.unwrap();
        let lake = server.lake("bucket", "lake").unwrap();
        let Running {
            place: _place,
            clock,
            service,
        } = Running::over(lake, |_| {}, &plain("s")).await;
        server.inject(3, fault);
        let all = records(0..90);
        for some in all.chunks(30) {
            assert_eq!(put(&service, some).await["FailedPutCount"], 0);
            drive(&clock, service.flush(None)).await;
        }
        let found = lines_in(&server.directory("bucket"), "lake/s/");
        assert_eq!(sorted(found), sorted(texts(&all)), "{fault:?}");
        until("the log is empty", async || service.log_bytes().await == 0).await;
        service.stop(Duration::ZERO).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_a_day_loses_nothing_and_holds_no_more_than_it_may() {
    let server = S3Server::start("bucket").await.unwrap();
    server.refuse(usize::MAX, 403);
    let lake = server.lake("bucket", "lake").unwrap();
    let small = |options: &mut ServiceOptions| {
        options.log.capacity = 50_000;
        options.log.memory = 10_000;
    };
    let Running {
        place,
        clock,
        service,
    } = Running::over(lake, small, &plain("s")).await;
    let mut random = ChaCha8Rng::seed_from_u64(1);

    let mut accepted = Vec::new();
    let mut slowed = 0;
    for hour in 0..23 {
        let records: Vec<String> = (0..50)
            // What is alike takes next to nothing in the log.
            .map(|n| {
                let mut text = || format!("{:016x}", random.random::<u64>());
                format!("{hour}-{n} {}{}{}{}\n", text(), text(), text(), text())
            })
            .collect();
        let answer = put(&service, &records).await;
        let entries = answer["RequestResponses"].as_array().unwrap();
        assert_eq!(entries.len(), 50);
        for (record, entry) in records.iter().zip(entries) {
            if entry["RecordId"].is_string() {
                accepted.push(record.trim().to_owned());
            } else {
                assert_eq!(entry["ErrorCode"], "ServiceUnavailableException");
                assert_eq!(entry["ErrorMessage"], "Slow down.");
                slowed += 1;
            }
        }
        clock.advance(Duration::from_hours(1)).await;
    }
    assert!(slowed > 0, "the log is bounded");
    assert!(service.log_bytes().await <= 50_000);
    assert!(!accepted.is_empty());

    server.refuse(0, 403);
    drive(&clock, service.flush(None)).await;
    let files = hydrant_testing::files(&server.directory("bucket")).unwrap();
    let found: Vec<String> = files
        .iter()
        .filter(|(name, _)| name.starts_with("lake/s/"))
        .flat_map(|(_, bytes)| {
            String::from_utf8(bytes.clone())
                .unwrap()
                .lines()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    // Objects are named after their oldest record, so their names are in its order.
    assert_eq!(
        found, accepted,
        "nothing is lost, twice there or out of order"
    );
    assert!(!place.path().join("set-aside").exists());
    until("the log is empty", async || service.log_bytes().await == 0).await;
    assert_eq!(
        put(&service, &records(0..1)).await["FailedPutCount"],
        0,
        "there is room again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_store_did_not_take_for_too_long_is_set_aside_whole_and_the_rest_goes_on() {
    let server = S3Server::start("bucket").await.unwrap();
    let lake = server.lake("bucket", "lake").unwrap();
    let Running {
        place,
        clock,
        service,
    } = Running::over(
        lake,
        |options| options.retry_for = Duration::from_mins(20),
        &plain("s"),
    )
    .await;
    server.refuse(usize::MAX, 403);
    let early = records(0..40);
    assert_eq!(put(&service, &early).await["FailedPutCount"], 0);
    // A flush ends when nothing waits any more: here or there.
    drive(&clock, service.flush(None)).await;
    let aside = place.path().join("set-aside");
    assert_eq!(lines_in(&aside, "s/"), texts(&early));
    until("the log is empty", async || service.log_bytes().await == 0).await;
    let metrics = service.metrics().await;
    let counted = "firehose_SetAside_Records{DeliveryStreamName=\"s\"} 40";
    assert!(metrics.contains(counted), "{metrics}");

    server.refuse(0, 403);
    let after = records(40..60);
    assert_eq!(put(&service, &after).await["FailedPutCount"], 0);
    drive(&clock, service.flush(None)).await;
    assert_eq!(
        lines_in(&server.directory("bucket"), "lake/s/"),
        texts(&after)
    );
    assert_eq!(
        lines_in(&aside, "s/"),
        texts(&early),
        "it stays where it is"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_that_cannot_be_written_is_offered_its_objects_until_it_can() {
    let Running {
        place,
        clock,
        service,
    } = Running::new(|_| {}, &plain("s")).await;
    // A file where the folder of the objects should be: nothing can be made below it, by anybody.
    let folder = place.path().join("lake/s");
    std::fs::write(&folder, "in the way").unwrap();
    let all = records(0..10);
    assert_eq!(put(&service, &all).await["FailedPutCount"], 0);
    let mended = async {
        for _ in 0..5 {
            clock.advance(Duration::from_mins(1)).await;
        }
        std::fs::remove_file(&folder).unwrap();
    };
    let flush = service.flush(None);
    drive(&clock, async {
        tokio::join!(flush, mended);
    })
    .await;
    assert_eq!(lines_in(&place.path().join("lake"), "s/"), texts(&all));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_does_not_take_the_log_is_said_and_nothing_is_acknowledged() {
    let Running {
        place: _place,
        service,
        ..
    } = Running::new(|_| {}, &plain("s")).await;
    service.stop(Duration::ZERO).await;
    let answer = put(&service, &records(0..2)).await;
    assert_eq!(answer["FailedPutCount"], 2);
    let code = &answer["RequestResponses"][1]["ErrorCode"];
    assert_eq!(code, "ServiceUnavailableException");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_cannot_be_written_is_said_before_anything_is_taken() {
    let place = TempDir::new().unwrap();
    std::fs::write(place.path().join("state"), "in the way").unwrap();
    let surroundings = crate::serving::surroundings(lake(place.path()).await, ManualClock::new());
    let refused = hydrant_delivery::Service::start(options(place.path()), surroundings).await;
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("log.redb cannot be opened"), "{text}");
}
