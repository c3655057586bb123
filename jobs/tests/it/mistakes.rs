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
    let (folder, lake) = (place.path("jobs").display().to_string(), place.lake.url());
    let steady = |text: String| {
        text.replace(&folder, "jobs")
            .replace(lake.as_str(), "LAKE/")
    };
    let said: Vec<_> = jobs
        .mistakes
        .iter()
        .map(|it| steady(it.to_string()))
        .collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    jobs/00.sql line 1: there is no head: a job begins with a line ---, its settings in lines that begin with --, and a line ---
    jobs/01.sql line 3: a line of the head begins with --, up to the line --- that ends it
    jobs/02.sql line 1: missing field `interval`
    jobs/03.sql line 2: unknown field `shedule`, expected one of `name`, `schedule`, `timezone`, `interval`, `lateness`, `start`, `output`, `expect`, `notify`
    jobs/04.sql line 3: string values must be quoted, expected literal string
    jobs/05.sql line 3: `7 hours` does not divide a day, so nobody could tell where it begins: write a part of a day such as 15 minutes, 1 hour or 6 hours, or 1 day, 1 week or 1 month
    jobs/06.sql line 2: the schedule `cron(0 6 * * *)` is not valid: it has 5 fields, not the six: minutes hours day-of-month month day-of-week year
    jobs/07.sql line 2: the schedule `cron(0 6 31 2 ? *)` never fires from now on
    jobs/08.sql line 2: the schedule `cron(0 6 * * ? 2025)` never fires from now on
    jobs/09.sql line 4: there is no time zone `Europe/Atlantis`: write an IANA name such as UTC or Europe/Berlin
    jobs/10.sql line 4: `late` is no time to wait: write such as 30 minutes, 2 hours or 3 days
    jobs/11.sql line 4: `yesterday` is no time: write such as 2026-11-22 or 2026-11-22T06:00:00
    jobs/12.sql line 4: a webhook is an https URL, or env:NAME for the environment variable that has it
    jobs/13.sql line 4: the expectation `much`: this is no SQL: Expected: ), found: AS
    jobs/14.sql line 4: say where results go: output.table = "name" for a Delta table, or output.file = "_reports/name-!{timestamp:yyyy-MM-dd}.csv"
    jobs/15.sql line 4: `events` is a table of its own: give the results another name
    jobs/16.sql line 4: s3://elsewhere/!{timestamp:yyyy}.csv is outside the lake LAKE/: results lie in the lake, such as _reports/name-!{timestamp:yyyy-MM-dd}.csv
    jobs/17.sql line 7: there is no $stop: an interval has $start and $end
    jobs/18.sql line 6: the query has neither $start nor $end, so every interval would have the same result: add such as `where time >= $start and time < $end`
    jobs/19.sql line 6: this is no SQL: Expected: an SQL statement, found: selct
    jobs/20.sql line 6: a job is one query, and these are 2
    jobs/21.sql line 4: `../up` is no name for a job: use at most 64 letters, digits, -, _ and .
    "#);
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
    insta::assert_snapshot!(said.join("\n"), @r"
    jobs/c.sql line 1: jobs/a.sql has a job `a` too: give this one another name
    jobs/b.sql line 1: jobs/a.sql writes its results to table daily too: give this one another output
    ");
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
        let how = Pace {
            parallel: 2,
            waits: true,
        };
        let error = work(
            &runner,
            all(&job, (1..3).map(day)),
            how,
            || true,
            |_, _| panic!("it ran"),
        )
        .await;
        match error.unwrap_err() {
            JobError::Mistakes(mistakes) => {
                said += &format!("{}\n", mistakes[0].to_string().replace(&folder, "jobs"));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(runner.runs(&job).await.unwrap(), []);
    }
    insta::assert_snapshot!(said, @r"
    jobs/daily.sql line 6: there is no table `evnts`; there are events, errors
    jobs/daily.sql line 6: there is no field `prise`; did you mean price?
    jobs/daily.sql line 8: there is no field `kin`; did you mean kind, kind?
    jobs/daily.sql line 6: a table has no column `count(*)`: give it a name with `as`
    jobs/daily.sql line 6: `interval_start` is the column that says which interval a row belongs to: use another name
    ");
}
