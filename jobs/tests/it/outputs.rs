//! Where results go, and what they look like there.

use hydrant_jobs::{Outcome, history_page};

use crate::support::{DAILY, Place, day};

fn to_file(name: &str) -> String {
    DAILY.replace(
        "output.table = \"daily\"",
        &format!("output.file = \"{name}\""),
    )
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
        let run = place.run(&runner, &job, day(1)).await;
        assert_eq!(
            (run.outcome, run.reason),
            (Outcome::Done, None),
            "{extension}"
        );
        assert_eq!(
            run.output.unwrap(),
            format!("_reports/2026/11/01.{extension}")
        );
    }
    insta::assert_snapshot!(place.lake_file("_reports/2026/11/01.csv").unwrap(), @"");
    insta::assert_snapshot!(place.lake_file("_reports/2026/11/01.json").unwrap(), @"");
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
    insta::assert_snapshot!(place.ask("select * from daily order by 1, 2").await, @"");
    let job = place
        .job("daily", &DAILY.replace("count(*)", "'many'"))
        .await;
    let run = place.run(&runner, &job, day(2)).await;
    assert_eq!(run.outcome, Outcome::Failed);
    insta::assert_snapshot!(run.reason.unwrap(), @"");
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
    insta::assert_snapshot!(run.reason.unwrap(), @"");
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
