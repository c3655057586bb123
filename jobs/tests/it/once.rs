//! An interval has one result, however often and by however many it is run.

use hydrant_jobs::{Attempt, Job, Outcome, Pace, Runner, Tally, work};
use hydrant_query::delta::DeltaTable;
use hydrant_testing::S3Server;
use jiff::Timestamp;

use crate::support::{DAILY, Place, all, day};

/// Works off the first days of the month.
async fn share(runner: Runner, job: &Job, days: i64) -> Tally {
    let pace = Pace {
        parallel: 3,
        waits: true,
    };
    let due = all(job, (1..=days).map(day));
    let done = work(&runner, due, pace, || true, |_, _| {}).await;
    done.unwrap()
}

const RESULT: &str = "select interval_start, kind, n, money from daily order by 1, 2";

#[tokio::test]
async fn a_second_run_replaces_the_first() {
    let place = Place::new().await;
    place.object(1, "a", &[("buy", 1.5), ("buy", 2.0), ("look", 0.0)]);
    place.object(2, "b", &[("buy", 4.0)]);
    let job = place.job("daily", DAILY).await;
    let runner = place.runner("one").await;
    for _ in 0..3 {
        for interval in [day(1), day(2)] {
            let run = place.run(&runner, &job, interval).await;
            assert_eq!((run.outcome, run.reason), (Outcome::Done, None));
        }
    }
    insta::assert_snapshot!(place.ask(RESULT).await, @r"
    interval_start,kind,n,money
    2026-11-01T00:00:00Z,buy,2,3.5
    2026-11-01T00:00:00Z,look,1,0.0
    2026-11-02T00:00:00Z,buy,1,4.0
    ");
    let runs = runner.runs(&job).await.unwrap();
    assert_eq!(
        runs.iter().map(|run| run.rows).collect::<Vec<_>>(),
        [2, 1, 2, 1, 2, 1]
    );
    assert!(
        runs.iter()
            .all(|run| run.objects > 0 && run.bytes_scanned > 0)
    );
}

#[tokio::test]
async fn an_interval_without_rows_takes_those_away_that_were_there() {
    let place = Place::new().await;
    place.object(1, "a", &[("buy", 1.5)]);
    place.object(2, "b", &[("buy", 4.0)]);
    let job = place.job("daily", DAILY).await;
    let runner = place.runner("one").await;
    place.run(&runner, &job, day(1)).await;
    std::fs::remove_file(place.path("lake/events/year=2026/month=11/day=01/hour=10/a")).unwrap();
    assert_eq!(place.run(&runner, &job, day(1)).await.rows, 0);
    assert_eq!(place.ask("select count(*) as n from daily").await, "n\n0\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn runners_that_share_the_work_come_to_what_one_query_says() {
    let place = Place::new().await;
    for n in 1..=9 {
        for object in 0..n {
            place.object(
                n,
                &format!("o{object}"),
                &[("buy", f64::from(n)), ("look", 0.5)],
            );
        }
    }
    let job = place.job("daily", DAILY).await;
    let (one, two) = (place.runner("one").await, place.runner("two").await);
    let (one, two) = tokio::join!(share(one, &job, 9), share(two, &job, 9));
    assert_eq!(one.done + two.done, 9, "{one:?} {two:?}");
    assert_eq!(one.done + one.by_others, 9);
    assert_eq!(two.done + two.by_others, 9);
    let jobs = place.ask("select date_trunc('day', interval_start) as day, kind, n, money from daily order by 1, 2").await;
    let query = "select date_trunc('day', time) as day, kind, count(*) as n, sum(price) as money from events group by 1, 2 \
                 order by 1, 2";
    assert_eq!(jobs, place.ask(query).await);
}

#[tokio::test]
async fn a_claim_holds_until_its_runner_was_not_heard_of_for_long() {
    let place = Place::new().await;
    place.object(1, "a", &[("buy", 1.5)]);
    let job = place.job("daily", DAILY).await;
    let (dead, alive) = (place.runner("dead").await, place.runner("alive").await);
    // It claims, and is then never asked to go on.
    let mut attempt = Box::pin(dead.attempt(&job, day(1), Timestamp::MAX));
    while dead_runs(&alive, &job).await == 0 {
        let _unfinished = futures::poll!(&mut attempt);
    }
    drop(attempt);
    match alive.attempt(&job, day(1), Timestamp::MAX).await.unwrap() {
        Attempt::Held(run) => assert_eq!(run.runner, "dead"),
        other => panic!("{other:?}"),
    }
    place.set_clock("2026-11-10T07:02:00Z");
    assert_eq!(place.run(&alive, &job, day(1)).await.outcome, Outcome::Done);
    let outcomes: Vec<_> = alive
        .runs(&job)
        .await
        .unwrap()
        .into_iter()
        .map(|run| (run.runner, run.outcome))
        .collect();
    assert_eq!(
        outcomes,
        [
            ("dead".to_owned(), Outcome::Abandoned),
            ("alive".to_owned(), Outcome::Done)
        ]
    );
    assert_eq!(place.ask("select sum(n) as n from daily").await, "n\n1\n");
}

async fn dead_runs(runner: &Runner, job: &Job) -> usize {
    runner.runs(job).await.unwrap().len()
}

#[tokio::test]
async fn what_is_not_as_expected_leaves_the_old_result_in_place() {
    let place = Place::new().await;
    place.object(1, "a", &[("buy", 1.5)]);
    let expecting = DAILY.replace(
        "-- output",
        "-- expect.\"money comes in\" = \"min(money) >= 0\"\n-- expect.\"every kind has money\" = \"money is not null\"\n-- output",
    );
    let job = place.job("daily", &expecting).await;
    let runner = place.runner("one").await;
    assert_eq!(
        place.run(&runner, &job, day(1)).await.outcome,
        Outcome::Done
    );
    place.object(1, "b", &[("fraud", -9.0)]);
    let run = place.run(&runner, &job, day(1)).await;
    assert_eq!(run.outcome, Outcome::Rejected);
    insta::assert_snapshot!(run.reason.unwrap(), @"`money comes in` does not hold: min(money) >= 0");
    assert_eq!(
        place.ask("select kind, n from daily").await,
        "kind,n\nbuy,1\n"
    );
}

#[tokio::test]
async fn many_runs_are_kept_in_few_files() {
    let place = Place::new().await;
    place.object(1, "a", &[("buy", 1.5)]);
    let job = place.job("daily", DAILY).await;
    let runner = place.runner("one").await;
    for _ in 0..30 {
        place.run(&runner, &job, day(1)).await;
    }
    let runs = runner.runs(&job).await.unwrap();
    assert_eq!(runs.len(), 30);
    let table = DeltaTable::open(&place.lake, "_jobs/runs")
        .await
        .unwrap()
        .unwrap();
    let files = table.files().unwrap().len();
    assert!(files <= 26, "{files} files");
    let there = std::fs::read_dir(place.path("lake/_jobs/runs")).unwrap();
    let there = there
        .filter(|it| it.as_ref().unwrap().path().is_file())
        .count();
    assert_eq!(there, files, "no file is left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_as_good_as_a_directory() {
    let server = S3Server::start("bucket").await.unwrap();
    let place = Place::on(&server);
    for n in 1..=3 {
        place.object(n, "a", &[("buy", f64::from(n))]);
    }
    let job = place.job("daily", DAILY).await;
    let (one, two) = (place.runner("one").await, place.runner("two").await);
    // One behind the other: the server of the test does not put-if-absent in one step, as S3 does.
    let (one, two) = (share(one, &job, 3).await, share(two, &job, 3).await);
    assert_eq!((one.done, two.done), (3, 0), "{one:?} {two:?}");
    assert_eq!(
        place
            .ask("select count(*) as n, sum(money) as money from daily")
            .await,
        "n,money\n3,6\n"
    );
}
