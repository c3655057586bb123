//! What is due, and when.

use hydrant_jobs::{Outcome, due, to_backfill};
use jiff::Timestamp;

use crate::support::{DAILY, Place, at, day};

async fn days(
    place: &Place,
    job: &hydrant_jobs::Job,
    runner: &hydrant_jobs::Runner,
) -> Vec<String> {
    let found = due(runner, job, place.now()).await.unwrap();
    found
        .iter()
        .map(|it| format!("{} {}", job.label(&it.interval), it.reason))
        .collect()
}

#[tokio::test]
async fn only_the_last_interval_is_due_of_a_job_that_never_ran() {
    let place = Place::new().await;
    place.object(9, "a", &[("buy", 1.5)]);
    let job = place.job("daily", DAILY).await;
    let runner = place.runner("one").await;
    assert_eq!(days(&place, &job, &runner).await, ["2026-11-09 new"]);
    // At six it fires; before, the day before yesterday is the last.
    place.set_clock("2026-11-10T05:59:00Z");
    assert_eq!(days(&place, &job, &runner).await, ["2026-11-08 new"]);
}

#[tokio::test]
async fn what_was_missed_is_made_up_for() {
    let place = Place::new().await;
    for n in 1..=9 {
        place.object(n, "a", &[("buy", 1.5)]);
    }
    let job = place.job("daily", DAILY).await;
    let runner = place.runner("one").await;
    place.run(&runner, &job, day(5)).await;
    place.run(&runner, &job, day(7)).await;
    assert_eq!(
        days(&place, &job, &runner).await,
        ["2026-11-06 new", "2026-11-08 new", "2026-11-09 new"]
    );
    let from_start = DAILY.replace("-- output", "-- start = \"2026-11-08\"\n-- output");
    let job = place.job("daily", &from_start).await;
    assert_eq!(
        days(&place, &job, &runner).await,
        ["2026-11-08 new", "2026-11-09 new"]
    );
}

#[tokio::test]
async fn late_data_makes_an_interval_due_while_it_is_allowed() {
    let place = Place::new().await;
    for n in 5..=9 {
        place.object(n, "a", &[("buy", 1.5)]);
    }
    let late = DAILY.replace("-- output", "-- lateness = \"3 days\"\n-- output");
    let job = place
        .job(
            "daily",
            &late.replace("where time", "where day >= 1 and time"),
        )
        .await;
    let runner = place.runner("one").await;
    for n in 5..=9 {
        place.run(&runner, &job, day(n)).await;
    }
    assert!(days(&place, &job, &runner).await.is_empty());
    // The whole lake feeds an interval here, since nobody said what its folders are named after. So all that are
    // watched are due, and the 5th is not watched any more.
    place.object(9, "late", &[("buy", 7.0)]);
    let found = days(&place, &job, &runner).await;
    assert_eq!(
        found,
        [
            "2026-11-07 late data",
            "2026-11-08 late data",
            "2026-11-09 late data"
        ]
    );
    for n in 7..=9 {
        place.run(&runner, &job, day(n)).await;
    }
    assert!(days(&place, &job, &runner).await.is_empty());
    assert_eq!(place.ask("select sum(n) as n from daily").await, "n\n6\n");
}

#[tokio::test]
async fn what_went_wrong_is_tried_again_when_the_schedule_fires_again() {
    let place = Place::new().await;
    place.object(9, "a", &[("buy", 1.5)]);
    let expecting = DAILY.replace("-- output", "-- expect.much = \"sum(n) > 1\"\n-- output");
    let job = place.job("daily", &expecting).await;
    let runner = place.runner("one").await;
    assert_eq!(
        place.run(&runner, &job, day(9)).await.outcome,
        Outcome::Rejected
    );
    assert!(days(&place, &job, &runner).await.is_empty());
    place.set_clock("2026-11-11T06:00:30Z");
    assert_eq!(
        days(&place, &job, &runner).await,
        ["2026-11-09 tried again", "2026-11-10 new"]
    );
}

#[tokio::test]
async fn an_interval_that_was_not_over_is_run_again() {
    let place = Place::new().await;
    place.object(10, "a", &[("buy", 1.5)]);
    let job = place.job("daily", DAILY).await;
    let runner = place.runner("one").await;
    place.run(&runner, &job, day(10)).await;
    place.set_clock("2026-11-11T07:00:00Z");
    assert_eq!(
        days(&place, &job, &runner).await,
        ["2026-11-10 new"].map(|it| it.replace("new", "tried again"))
    );
}

#[tokio::test]
async fn a_backfill_knows_which_query_a_result_is_of() {
    let place = Place::new().await;
    place.object(1, "a", &[("buy", 1.5)]);
    let job = place.job("daily", DAILY).await;
    let runner = place.runner("one").await;
    place.run(&runner, &job, day(1)).await;
    let runs = runner.runs(&job).await.unwrap();
    let open =
        |job, again: Option<Timestamp>| to_backfill(job, &runs, &[day(1), day(2)], again).len();
    assert_eq!(open(&job, None), 1);
    assert_eq!(open(&job, Some(place.now())), 2);
    assert_eq!(
        open(&job, Some(at("2026-11-10T06:59:59Z"))),
        1,
        "done since then"
    );
    let changed = place
        .job("daily", &DAILY.replace("sum(price)", "max(price)"))
        .await;
    assert_eq!(open(&changed, None), 2);
}
