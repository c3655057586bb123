//! Where results go, and what they look like there.

use std::{
    io::{Read, Write},
    time::Duration,
};

use hydrant_jobs::{Outcome, Run, history_page, vacuum};
use hydrant_query::Options;

use crate::support::{DAILY, Place, day};

fn to_file(name: &str) -> String {
    DAILY.replace(
        "output.table = \"daily\"",
        &format!("output.file = \"{name}\""),
    )
}

/// Where the result of a run lies that must have gone well.
fn good(run: &Run) -> String {
    assert_eq!((run.outcome, run.reason.as_deref()), (Outcome::Done, None));
    run.output.clone().unwrap()
}

#[tokio::test]
async fn a_file_for_each_interval_is_written_in_the_form_that_its_name_says() {
    let place = Place::new().await;
    place.object(1, "a", &[("buy", 1.5), ("look", 0.0)]);
    let runner = place.runner("one").await;
    for extension in ["csv", "json", "ndjson", "parquet", "html", "md"] {
        let job = place
            .job(
                "daily",
                &to_file(&format!("_reports/!{{timestamp:yyyy/MM/dd}}.{extension}")),
            )
            .await;
        let key = good(&place.run(&runner, &job, day(1)).await);
        assert_eq!(key, format!("_reports/2026/11/01.{extension}"));
    }
    insta::assert_snapshot!(place.lake_file("_reports/2026/11/01.csv").unwrap(), @r"
    kind,n,money
    buy,1,1.5
    look,1,0.0
    ");
    insta::assert_snapshot!(place.lake_file("_reports/2026/11/01.json").unwrap(), @r#"
    [
    {"kind":"buy","n":1,"money":1.5},
    {"kind":"look","n":1,"money":0.0}
    ]
    "#);
    let page = place.lake_file("_reports/2026/11/01.html").unwrap();
    assert!(
        page.contains("<svg") && page.contains("daily 2026-11-01"),
        "{page}"
    );
    // What was written is not read as records.
    assert_eq!(
        place.ask("select count(*) as n from events").await,
        "n\n2\n"
    );
}

#[tokio::test]
async fn a_page_without_a_chart_says_why() {
    let place = Place::new().await;
    place.object(1, "a", &[("buy", 1.5)]);
    let runner = place.runner("one").await;
    let job = place
        .job("daily", &to_file("_reports/!{timestamp:yyyy-MM-dd}.html"))
        .await;
    assert_eq!(
        place.run(&runner, &job, day(4)).await.outcome,
        Outcome::Done
    );
    let page = place.lake_file("_reports/2026-11-04.html").unwrap();
    assert!(
        page.contains("<pre>") && page.contains("prefers-color-scheme"),
        "{page}"
    );
}

#[tokio::test]
async fn a_table_grows_with_its_query() {
    let place = Place::new().await;
    place.object(1, "a", &[("buy", 1.0)]);
    place.object(2, "b", &[("buy", 2.5)]);
    let runner = place.runner("one").await;
    // Whole numbers on the first day, and a column more on the second.
    let whole = DAILY.replace("sum(price)", "sum(cast(price as bigint))");
    let job = place.job("daily", &whole).await;
    assert_eq!(place.run(&runner, &job, day(1)).await.reason, None);
    let job = place
        .job(
            "daily",
            &DAILY.replace("count(*) as n", "count(*) as n, max(price) as best"),
        )
        .await;
    assert_eq!(place.run(&runner, &job, day(2)).await.reason, None);
    insta::assert_snapshot!(place.ask("select * from daily order by 1, 2").await, @r"
    interval_start,kind,n,money,best
    2026-11-01T00:00:00Z,buy,1,1.0,
    2026-11-02T00:00:00Z,buy,1,2.5,2.5
    ");
    let job = place
        .job("daily", &DAILY.replace("count(*)", "'many'"))
        .await;
    let run = place.run(&runner, &job, day(2)).await;
    assert_eq!(run.outcome, Outcome::Failed);
    insta::assert_snapshot!(run.reason.unwrap(), @"the result cannot be written to _tables/daily: the column `n` was Int64 and is now Utf8: cast it to what it was, or write to another table");
}

#[tokio::test]
async fn a_table_belongs_to_one_job() {
    let place = Place::new().await;
    place.object(1, "a", &[("buy", 1.0)]);
    let runner = place.runner("one").await;
    let job = place.job("daily", DAILY).await;
    place.run(&runner, &job, day(1)).await;
    std::fs::remove_file(place.path("jobs/daily.sql")).unwrap();
    let other = place.job("other", DAILY).await;
    let run = place.run(&runner, &other, day(1)).await;
    assert_eq!(run.outcome, Outcome::Failed);
    insta::assert_snapshot!(run.reason.unwrap(), @"the result cannot be written to _tables/daily: it has the results of the job `daily`: give these another table, or remove that one if the job was renamed");
}

#[tokio::test]
async fn the_history_is_one_page() {
    let place = Place::new().await;
    for n in 1..=9 {
        place.object(n, "a", &[("buy", f64::from(n)), ("look", 0.0)]);
    }
    let runner = place.runner("one").await;
    let expecting = DAILY.replace(
        "-- output",
        "-- expect.\"a <good> day\" = \"sum(money) <> 5\"\n-- output",
    );
    let job = place.job("daily", &expecting).await;
    for n in 1..=9 {
        place.run(&runner, &job, day(n)).await;
    }
    let page = history_page(&place.lake, &[job], runner.surroundings())
        .await
        .unwrap();
    for part in [
        "<svg",
        "class=\"done\" title=\"2026-11-04: 2 rows\"",
        "a &lt;good&gt; day",
        "prefers-color-scheme",
        "Results of daily",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    for outside in ["http://", "https://", "<script", "url("] {
        assert!(
            !page.replace("http://www.w3.org", "").contains(outside),
            "{outside}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_to_be_told_is_told_of_what_went_wrong() {
    let place = Place::new().await;
    place.object(1, "a", &[("buy", 1.0)]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let told = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let (mut request, mut part) = (Vec::new(), [0; 4096]);
        loop {
            let length = connection.read(&mut part).unwrap();
            request.extend_from_slice(&part[..length]);
            if request.ends_with(b"}") {
                break;
            }
        }
        connection
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
        String::from_utf8(request).unwrap()
    });
    let hook = format!(
        "-- notify.webhook = \"http://{address}/hook\"\n-- expect.much = \"sum(n) > 1\"\n-- output"
    );
    let job = place.job("daily", &DAILY.replace("-- output", &hook)).await;
    let runner = place.runner("one").await;
    assert_eq!(
        place.run(&runner, &job, day(1)).await.outcome,
        Outcome::Rejected
    );
    let request = told.join().unwrap();
    assert!(request.starts_with("POST /hook "), "{request}");
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        body["text"],
        "daily 2026-11-01: rejected: `much` does not hold: sum(n) > 1"
    );
    assert_eq!(
        (&body["job"], &body["outcome"]),
        (&"daily".into(), &"rejected".into())
    );
    assert_eq!(body["interval"]["start"], "2026-11-01T00:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_memory_does_not_hold_goes_where_any_other_goes() {
    let place = Place::new().await;
    place.object(1, "a", &[("buy", 1.5), ("look", 0.5)]);
    let reading = Options {
        memory_limit: Some(16 << 20),
        ..Options::default()
    };
    let runner = place.runner_reading("one", reading).await;
    let many = DAILY
        .replace(
            "select kind, count(*) as n, sum(price) as money",
            "select kind, value as n, price as money",
        )
        .replace(
            "from events\n",
            "from events cross join generate_series(1, 400000)\n",
        )
        .replace(" group by kind order by kind", "")
        .replace(
            "-- output",
            "-- expect.all = \"count(*) = 800000 and max(n) = 400000\"\n-- output",
        );
    let job = place.job("daily", &many).await;
    let run = place.run(&runner, &job, day(1)).await;
    assert_eq!(
        (run.outcome, run.reason, run.rows),
        (Outcome::Done, None, 800_000)
    );
    let summary = "select count(*) as n, sum(n) as total, sum(money) as money from daily";
    assert_eq!(
        place.ask(summary).await,
        "n,total,money\n800000,160000400000,800000.0\n"
    );
    for extension in ["csv", "html"] {
        let name = format!("output.file = \"_reports/!{{timestamp:yyyy-MM-dd}}.{extension}\"");
        let job = place
            .job("daily", &many.replace("output.table = \"daily\"", &name))
            .await;
        good(&place.run(&runner, &job, day(1)).await);
    }
    let csv = place.lake_file("_reports/2026-11-01.csv").unwrap();
    assert_eq!(csv.lines().count(), 800_001);
    let page = place.lake_file("_reports/2026-11-01.html").unwrap();
    assert!(
        page.contains("800000 rows are too many for a chart"),
        "{}",
        page.len()
    );
    // What was refused leaves nothing behind, whatever its size.
    let wrong = place.job("daily", &many.replace("= 800000", "= 1")).await;
    assert_eq!(
        place.run(&runner, &wrong, day(2)).await.outcome,
        Outcome::Rejected
    );
}

#[tokio::test]
async fn the_history_draws_what_files_say() {
    let place = Place::new().await;
    place.object(1, "a", &[("buy", 1.5), ("look", 2.5)]);
    let runner = place.runner("one").await;
    for extension in ["csv", "tsv", "json", "ndjson", "parquet", "arrow", "html"] {
        let name = format!("_reports/!{{timestamp:yyyy/MM/dd}}.{extension}");
        let job = place.job("daily", &to_file(&name)).await;
        place.run(&runner, &job, day(1)).await;
        let page = history_page(&place.lake, &[job], runner.surroundings()).await;
        let page = page.unwrap();
        let picture = if extension == "html" {
            "<img alt=\"Results of daily\" src=\"data:image/svg+xml,"
        } else {
            "<svg"
        };
        assert!(
            page.contains(picture) && page.contains("Results of daily"),
            "{extension}: {page}"
        );
    }
    let job = place
        .job("daily", &to_file("_reports/!{timestamp:yyyy/MM/dd}.csv"))
        .await;
    place.run(&runner, &job, day(4)).await;
    let page = history_page(&place.lake, &[job], runner.surroundings())
        .await
        .unwrap();
    assert!(page.contains("No chart of the results: "), "{page}");
}

#[tokio::test]
async fn files_of_results_that_were_replaced_are_removed_after_a_while() {
    let place = Place::new().await;
    place.object(1, "a", &[("buy", 1.5)]);
    let runner = place.runner("one").await;
    let job = place.job("daily", DAILY).await;
    for _ in 0..3 {
        place.run(&runner, &job, day(1)).await;
    }
    let before = std::fs::read_dir(place.path("lake/_tables/daily"))
        .unwrap()
        .count();
    let grace = Duration::from_hours(24 * 7);
    let went = async |now: &str, dry_run: bool| {
        let went = vacuum(&place.lake, grace, now.parse().unwrap(), dry_run)
            .await
            .unwrap();
        went.into_iter()
            .map(|(table, went)| format!("{table} {}", went.files))
            .collect::<Vec<_>>()
    };
    // The files were written just now, whenever that is.
    assert_eq!(
        went("2026-11-01T00:00:00Z", false).await,
        ["_tables/daily 0", "_jobs/runs 0"]
    );
    let late = "2126-01-01T00:00:00Z";
    assert_eq!(went(late, true).await, ["_tables/daily 2", "_jobs/runs 0"]);
    assert_eq!(went(late, false).await, ["_tables/daily 2", "_jobs/runs 0"]);
    assert_eq!(went(late, false).await, ["_tables/daily 0", "_jobs/runs 0"]);
    assert_eq!(
        std::fs::read_dir(place.path("lake/_tables/daily"))
            .unwrap()
            .count(),
        before - 2
    );
    assert_eq!(
        place.ask("select kind, n from daily").await,
        "kind,n\nbuy,1\n"
    );
}
