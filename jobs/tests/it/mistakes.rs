//! What is wrong is said with its place, before anything runs.

use hydrant_jobs::{JobError, Pace, work};

use crate::support::{DAILY, Place, all, day};

#[tokio::test]
async fn a_wrong_head_has_a_line_and_a_way_out() {
    let place = Place::new().await;
    let with = |from: &str, to: &str| DAILY.replace(from, to);
    for (n, text) in [
        "select 1".to_owned(),
        "---\n-- name = \"x\"\nselect 1".to_owned(),
        with("-- interval = \"1 day\"\n", ""),
        with("-- schedule", "-- shedule"),
        with("\"1 day\"", "1 day"),
        with("\"1 day\"", "\"7 hours\""),
        with("cron(0 6 * * ? *)", "cron(0 6 * * *)"),
        with("cron(0 6 * * ? *)", "cron(0 6 31 2 ? *)"),
        with("cron(0 6 * * ? *)", "cron(0 6 * * ? 2025)"),
        with("-- output", "-- timezone = \"Europe/Atlantis\"\n-- output"),
        with("-- output", "-- lateness = \"late\"\n-- output"),
        with("-- output", "-- start = \"yesterday\"\n-- output"),
        with("-- output", "-- notify.webhook = \"mail me\"\n-- output"),
        with("-- output", "-- expect.much = \"count(\"\n-- output"),
        with("output.table = \"daily\"", "output = {}"),
        with("output.table = \"daily\"", "output.table = \"events\""),
        with(
            "output.table = \"daily\"",
            "output.file = \"s3://elsewhere/!{timestamp:yyyy}.csv\"",
        ),
        with("$end", "$stop"),
        with("where time >= $start and time < $end", ""),
        with("select kind", "selct kind"),
        with("group by kind", "group by kind; select 2"),
        with("-- output", "-- name = \"../up\"\n-- output"),
    ]
    .into_iter()
    .enumerate()
    {
        place.file(&format!("{n:02}.sql"), &text);
    }
    let jobs = place.jobs().await;
    assert!(jobs.jobs.is_empty(), "{:?}", jobs.jobs);
    let folder = place.path("jobs").display().to_string();
    let said: Vec<_> = jobs
        .mistakes
        .iter()
        .map(|it| it.to_string().replace(&folder, "jobs"))
        .collect();
    insta::assert_snapshot!(said.join("\n"), @"");
}

#[tokio::test]
async fn two_jobs_do_not_share_a_name_or_an_output() {
    let place = Place::new().await;
    place.file("a.sql", DAILY);
    place.file("b.sql", DAILY);
    place.file(
        "c.sql",
        &DAILY.replace(
            "-- output.table = \"daily\"",
            "-- name = \"a\"\n-- output.table = \"other\"",
        ),
    );
    let jobs = place.jobs().await;
    let folder = place.path("jobs").display().to_string();
    let said: Vec<_> = jobs
        .mistakes
        .iter()
        .map(|it| it.to_string().replace(&folder, "jobs"))
        .collect();
    insta::assert_snapshot!(said.join("\n"), @"");
}

#[tokio::test]
async fn a_wrong_query_has_a_line_and_nothing_has_run() {
    let place = Place::new().await;
    place.object(1, "a", &[("buy", 1.0)]);
    let runner = place.runner("one").await;
    let folder = place.path("jobs").display().to_string();
    let mut said = String::new();
    for (from, to) in [
        ("from events", "from evnts"),
        ("sum(price)", "sum(prise)"),
        ("group by kind", "group by\n kin"),
        ("count(*) as n", "count(*)"),
        ("count(*) as n", "count(*) as interval_start"),
    ] {
        let job = place.job("daily", &DAILY.replace(from, to)).await;
        let pace = Pace {
            parallel: 2,
            waits: true,
        };
        let error = work(
            &runner,
            all(&job, (1..3).map(day)),
            pace,
            || true,
            |_, _| panic!("it ran"),
        )
        .await;
        match error.unwrap_err() {
            JobError::Mistakes(mistakes) => {
                said += &format!("{}\n", mistakes[0].to_string().replace(&folder, "jobs"))
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(runner.runs(&job).await.unwrap(), []);
    }
    insta::assert_snapshot!(said, @"");
}
