//! What a question costs at the S3 server: requests, counted there.

use std::fs;

use hydrant_query::{Engine, Options};
use hydrant_testing::{Operation, S3Server};

use crate::lake::{MemoryLake, gzip, value};

/// A bucket of so many hours from 2026-01-01T00 on, in months of 28 days, with one object each.
async fn lake_of_hours(hours: u32) -> S3Server {
    let server = S3Server::start("bucket").await.unwrap();
    let root = server.directory("bucket").join("events");
    for hour in 0..hours {
        let (year, month, day, of_day) = date(hour);
        let folder = format!(
            "eventType=searching/year={year}/month={month:02}/day={day:02}/hour={of_day:02}"
        );
        let folder = root.join(folder);
        fs::create_dir_all(&folder).unwrap();
        let time = format!("{year}-{month:02}-{day:02}T{of_day:02}:30:00Z");
        let text = format!("{{\"time\":\"{time}\",\"detail\":{{\"n\":{hour}}}}}\n");
        fs::write(folder.join("object.gz"), gzip(text.as_bytes())).unwrap();
    }
    server
}

fn date(hour: u32) -> (u32, u32, u32, u32) {
    let day = hour / 24;
    let month = day / 28;
    (2026 + month / 12, month % 12 + 1, day % 28 + 1, hour % 24)
}

/// The answer of a new engine, and the requests that it took: listings, and reads.
async fn asked(server: &S3Server, options: &Options, sql: &str) -> (String, usize, usize) {
    let lake = server.lake("bucket", "").unwrap();
    let engine = Engine::open(&lake, options).unwrap();
    server.forget();
    let answer = value(&engine, sql).await;
    assert_eq!(engine.problems(), [], "{sql}");
    let (lists, gets) = (
        server.count(Operation::List, ""),
        server.count(Operation::Get, ""),
    );
    assert_eq!(
        lists + gets,
        server.asked().len(),
        "{sql}: nothing else is asked"
    );
    let stats = engine.stats();
    assert_eq!(
        (stats.list_requests, stats.get_requests),
        (lists as u64, gets as u64),
        "{sql}: --stats tells what the server saw"
    );
    (answer, lists, gets)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_hour_of_ten_thousand_takes_a_handful_of_requests() {
    let server = lake_of_hours(10_000).await;
    let found = Options::default();
    // Only a Prefix can say that the folders are the records' own time.
    let prefix = ["eventType", "year", "month", "day", "hour"]
        .map(|name| format!("{name}=!{{partitionKeyFromLambda:{name}}}/"));
    let given = Options {
        prefix: Some(format!("events/{}", prefix.concat())),
        ..Options::default()
    };
    for (options, filter, expected, most) in [
        (
            &found,
            "year = 2026 and month = 3 and day = 5 and hour = 7",
            "1447",
            11,
        ),
        (
            &found,
            "year = 2026 and month = 3 and day = 5 and hour between 7 and 7 and eventType = 'searching'",
            "1447",
            11,
        ),
        (
            &found,
            "_object like 'events/eventType=searching/year=2026/month=03/day=05/hour=07/%'",
            "1447",
            11,
        ),
        (
            &given,
            "hour = 7 and day = 5 and month = 3 and year = 2026",
            "1447",
            11,
        ),
        // The hours before and after may hold a record of this one.
        (
            &given,
            "time >= '2026-03-05T07:00:00Z' and time < '2026-03-05T08:00:00Z'",
            "1447",
            17,
        ),
        // Nothing is there, and the columns are learned from what is listed first.
        (&found, "year = 2031", "null", 16),
    ] {
        let sql = format!("select sum(detail.n) from events where {filter}");
        let (answer, lists, gets) = asked(&server, options, &sql).await;
        assert_eq!(answer, expected, "{sql}");
        let requests = server.requests().join("\n");
        assert!(
            lists + gets <= most,
            "{sql}: {lists} listings and {gets} reads:\n{requests}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_of_everything_lists_by_the_thousand_and_reads_each_object_once() {
    let server = lake_of_hours(2_500).await;
    let (answer, lists, gets) =
        asked(&server, &Options::default(), "select count(*) from events").await;
    assert_eq!(answer, "2500");
    assert!(lists <= 5, "{lists} listings");
    assert!(gets <= 2_564, "{gets} reads");
}

/// Where nothing says where the error output is, the folders of delivered records are not looked through for it.
#[tokio::test(flavor = "multi_thread")]
async fn the_error_output_is_found_without_listing_the_lake() {
    let server = lake_of_hours(2_500).await;
    for (place, name) in [
        ("errors/processing-failed/2026/11/02/08", "a"),
        ("old/format-conversion-failed/2026/11", "b"),
    ] {
        let folder = server.directory("bucket").join(place);
        fs::create_dir_all(&folder).unwrap();
        fs::write(
            folder.join(name),
            "{\"rawData\":\"e30=\",\"errorCode\":\"x\"}\n",
        )
        .unwrap();
    }
    let sql = "select count(*) from errors where rawData = '{}'";
    let (answer, lists, gets) = asked(&server, &Options::default(), sql).await;
    assert_eq!((answer.as_str(), gets), ("2", 2));
    assert!(
        lists <= 6,
        "{lists} listings:\n{}",
        server.requests().join("\n")
    );
}

/// Firehose's own folders say when records arrived, not when they happened: a question about `time` is asked
/// of every folder, unless the Prefix says that the folders are the records' own time.
#[tokio::test]
async fn a_question_about_time_finds_records_that_arrived_late() {
    let lake = MemoryLake::default();
    for (hour, time) in [
        (7, "07:59:59"),
        (8, "07:59:58"),
        (9, "06:00:00"),
        (10, "10:00:00"),
    ] {
        let text = format!("{{\"time\":\"2026-11-02T{time}Z\",\"n\":{hour}}}\n");
        lake.put(&format!("2026/11/02/{hour:02}/object"), text)
            .await;
    }
    for (filter, expected) in [
        ("time < '2026-11-02T08:00:00Z'", "3"),
        (
            "time >= '2026-11-02T07:00:00Z' and time < '2026-11-02T08:00:00Z'",
            "2",
        ),
        ("time = '2026-11-02T06:00:00Z'", "1"),
        ("time = '2026-11-02T06:00:00Z' and hour = 9", "1"),
        ("time = '2026-11-02T06:00:00Z' and hour = 6", "0"),
        ("date_trunc('hour', time) = '2026-11-02T07:00:00Z'", "2"),
    ] {
        let sql = format!("select count(*) from events where {filter}");
        assert_eq!(lake.value(&sql).await, expected, "{sql}");
    }
}
