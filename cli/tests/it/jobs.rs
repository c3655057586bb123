//! `hydrant jobs`.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::support::{Place, example};

/// A lake with a week of events, and the examples.
fn place() -> Place {
    let place = Place::new();
    let events = place
        .run(&[
            "generate",
            "--events",
            "3000",
            "--span",
            "7d",
            "--seed",
            "3",
            "--malformed",
            "1",
        ])
        .ok();
    deliver(&place, &events);
    for (name, content) in
        hydrant_testing::files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/jobs"))
            .unwrap()
    {
        place.file(&format!("jobs/{name}"), content);
    }
    let stream = example("stream.json");
    place.file(
        "hydrant.toml",
        format!("lake = \"lake\"\nstream = \"{stream}\"\n"),
    );
    place
}

fn deliver(place: &Place, events: &str) {
    let stream = example("stream.json");
    let mut deliver = vec!["deliver", "-q", "--stream", &stream, "--to", "lake"];
    deliver.extend(["--at", "2026-11-21T10:20:30Z", "--seed", "1"]);
    place.pipe(&deliver, events).ok();
}

fn sql(place: &Place, query: &str) -> String {
    place.run(&["sql", "--format", "csv", "-c", query]).ok()
}

/// What differs from run to run.
fn steady(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_inclusive([' ', '\n']) {
        let number = word.trim_end().replace(',', "");
        let is_time = out.ends_with(" in ") && number.parse::<u64>().is_ok();
        out += if is_time { "[T] " } else { word };
    }
    out
}

#[test]
fn a_backfill_is_what_one_query_says_and_goes_on_where_it_stopped() {
    let place = place();
    let span = ["--from", "2026-11-02", "--to", "2026-11-07"];
    let backfill = |more: &[&str]| {
        let mut arguments = vec!["jobs", "backfill", "daily-revenue"];
        arguments.extend(span);
        arguments.extend(more);
        place.run(&arguments)
    };
    let first = place.run(&[
        "jobs",
        "backfill",
        "daily-revenue",
        "--from",
        "2026-11-02",
        "--to",
        "2026-11-04",
    ]);
    insta::assert_snapshot!(steady(&first.screen()));
    assert_eq!(backfill(&["--parallel", "2"]).ok().lines().count(), 3);
    let nothing = backfill(&[]);
    assert_eq!(
        (nothing.status, nothing.stdout.len()),
        (0, 0),
        "{}",
        nothing.stderr
    );
    assert_eq!(backfill(&["--again"]).ok().lines().count(), 5);
    let results = sql(
        &place,
        "select interval_start, kind, purchases, clients, revenue from daily_revenue order by 1, 2",
    );
    // Berlin is an hour ahead of UTC in November.
    let plain = "select date_trunc('day', time + interval '1 hour') - interval '1 hour' as interval_start, detail.eventType as kind, \
                 count(*) as purchases, count(distinct detail.clientId) as clients, \
                 round(sum(cast(detail.data.total as double)), 2) as revenue from events \
                 where detail.eventType in ('purchase', 'loyaltypurchase') and time >= '2026-11-01T23:00:00Z' and time < '2026-11-06T23:00:00Z' \
                 group by 1, 2 order by 1, 2";
    assert_eq!(results, sql(&place, plain));
}

#[test]
fn every_example_runs_and_says_what_is_so() {
    let place = place();
    let jobs = place.run(&["jobs", "list", "--format", "csv"]).ok();
    let names: Vec<&str> = jobs
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .collect();
    assert_eq!(
        names,
        [
            "daily-revenue",
            "error-report",
            "searches-without-results",
            "weekly-retention"
        ]
    );
    // Searches that find nothing, which the generator does not make.
    let found_nothing = place
        .run(&[
            "generate",
            "--events",
            "2000",
            "--start",
            "2026-11-03T10:00:00Z",
            "--span",
            "2h",
        ])
        .ok();
    let mut no_results = String::new();
    let searches = found_nothing
        .lines()
        .filter(|line| line.contains("\"searching\""))
        .filter_map(|line| line.split_once("\"results\":"));
    for (before, after) in searches.take(5) {
        let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
        no_results += &format!("{before}\"results\":0{rest}\n");
    }
    let stream = example("stream.json");
    place
        .pipe(
            &["deliver", "-q", "--stream", &stream, "--to", "lake"],
            &no_results,
        )
        .ok();

    let searches = place
        .run(&[
            "jobs",
            "run",
            "searches-without-results",
            "--at",
            "2026-11-03",
        ])
        .ok();
    assert!(searches.contains("done"), "{searches}");
    let csv = place.read("lake/_reports/searches-without-results/2026/11/03.csv");
    let counted: u32 = csv
        .lines()
        .skip(1)
        .filter_map(|line| line.rsplit(',').nth(1)?.parse::<u32>().ok())
        .sum();
    assert_eq!(
        (csv.lines().next(), counted),
        (Some("term,searches,clients"), 5),
        "{csv}"
    );

    place
        .run(&["jobs", "run", "weekly-retention", "--at", "2026-11-05"])
        .ok();
    let retention = sql(
        &place,
        "select clients, returned, percent from weekly_retention",
    );
    let plain = "select count(*) filter (where before) as clients, count(*) filter (where before and now) as returned, \
                 round(100.0 * count(*) filter (where before and now) / nullif(count(*) filter (where before), 0), 1) as percent from \
                 (select bool_or(time < '2026-11-01T23:00:00Z') as before, bool_or(time >= '2026-11-01T23:00:00Z') as now from events \
                 where time >= '2026-10-25T23:00:00Z' and time < '2026-11-08T23:00:00Z' and detail.clientId is not null group by detail.clientId)";
    assert_eq!(retention, sql(&place, plain));

    // The error output came in at the time of the delivery.
    place
        .run(&["jobs", "run", "error-report", "--at", "2026-11-21T10:30"])
        .ok();
    let page = place.read("lake/_reports/errors/2026/11/21/10.html");
    assert!(page.contains("<svg"), "{page}");
    let history = place.run(&["jobs", "history", "--format", "csv"]).ok();
    assert_eq!(history.matches(",done,").count(), 3, "{history}");
    place
        .run(&["jobs", "history", "--html", "history.html"])
        .ok();
    assert!(
        place
            .read("history.html")
            .contains("Results of weekly-retention")
    );
}

#[test]
fn a_dry_run_shows_the_query_and_the_objects_and_leaves_nothing() {
    let place = place();
    let shown = place
        .run(&[
            "jobs",
            "run",
            "daily-revenue",
            "--at",
            "2026-11-03",
            "--dry-run",
        ])
        .ok();
    let (query, objects) = shown.split_once("-- events/").unwrap();
    insta::assert_snapshot!(query);
    // A day in Berlin is in two days of UTC, and nothing else is read.
    let days = objects
        .lines()
        .all(|line| line.contains("day=02/hour=23") || line.contains("day=03"));
    assert!(days, "{objects}");
    assert!(
        objects.lines().all(|line| line.contains("purchase/")),
        "{objects}"
    );
    assert!(!place.path().join("lake/_jobs").exists());
}

#[test]
fn mistakes_are_said_before_anything_runs() {
    let place = place();
    let mut seen = String::new();
    let mut see = |arguments: &[&str]| {
        let ran = place.run(arguments);
        seen += &format!("$ hydrant {}\n{}\n\n", arguments.join(" "), ran.screen());
    };
    see(&["jobs", "run", "daily"]);
    see(&["jobs", "run", "daily-revenue", "--at", "soon"]);
    see(&["jobs", "run", "daily-revenue", "--at", "2126-01-01"]);
    see(&[
        "jobs",
        "backfill",
        "daily-revenue",
        "--from",
        "2026-11-02T10:00",
        "--to",
        "2026-11-04",
    ]);
    see(&[
        "jobs",
        "backfill",
        "daily-revenue",
        "--from",
        "2026-11-04",
        "--to",
        "2026-11-02",
    ]);
    see(&["jobs", "due", "--lease", "never"]);
    see(&["jobs", "list", "--jobs", "nowhere"]);
    see(&["jobs", "list", "--jobs", "lake"]);
    place.file("wrong/table.sql", example_with("from events", "from evens"));
    see(&[
        "jobs",
        "run",
        "table",
        "--jobs",
        "wrong",
        "--at",
        "2026-11-03",
    ]);
    place.file("wrong/table.sql", example_with("\"1 day\"", "\"5 hours\""));
    see(&["jobs", "due", "--jobs", "wrong"]);
    insta::assert_snapshot!(seen);
    assert!(!place.path().join("lake/_tables").exists());
}

fn example_with(from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(example("jobs/daily-revenue.sql")).unwrap();
    assert!(text.contains(from));
    text.replace(from, to)
}

#[test]
fn late_data_is_counted_by_the_next_due() {
    let place = place();
    let due = |at: &str| {
        place
            .run(&["jobs", "due", "--at", at, "--jobs", "late"])
            .ok()
    };
    let late =
        example_with("-- timezone = \"Europe/Berlin\"\n", "").replace("2 days", "100000 days");
    place.file("late/daily-revenue.sql", late);
    assert_eq!(due("2026-11-04T07:00:00Z").lines().count(), 1);
    assert_eq!(due("2026-11-06T07:00:00Z").lines().count(), 2);
    assert_eq!(due("2026-11-06T07:00:00Z"), "");
    let count = "select sum(purchases) as n from daily_revenue";
    let before = sql(&place, count);
    let events = place
        .run(&[
            "generate",
            "--events",
            "1000",
            "--start",
            "2026-11-04T10:00:00Z",
            "--span",
            "2h",
            "--seed",
            "9",
        ])
        .ok();
    let stream = example("stream.json");
    place
        .pipe(
            &["deliver", "-q", "--stream", &stream, "--to", "lake"],
            &events,
        )
        .ok();
    // The day of the late events, and no other.
    let ran = due("2026-11-06T07:00:00Z");
    assert!(
        ran.starts_with("daily-revenue 2026-11-04: done") && ran.lines().count() == 1,
        "{ran}"
    );
    assert_ne!(sql(&place, count), before);
    assert_eq!(due("2026-11-06T07:00:00Z"), "");
}

fn runner(place: &Place, job: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_hydrant"))
        .args([
            "jobs",
            "backfill",
            job,
            "--from",
            "2026-11-02",
            "--to",
            "2026-11-09",
            "--parallel",
            "2",
            "--lease",
            "1s",
        ])
        .current_dir(place.path())
        .env_clear()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// `JOBS_KILLS` says how many are killed; a few if it is not set.
#[test]
fn two_runners_that_are_killed_again_and_again_come_to_what_one_query_says() {
    let kills = std::env::var("JOBS_KILLS").map_or(4, |kills| kills.parse().unwrap());
    let place = place();
    let daily = "---\n-- schedule = \"rate(1 day)\"\n-- interval = \"1 day\"\n-- output.table = \"NAME\"\n---\n";
    let queries = [
        (
            "types",
            "select eventType, count(*) as n from events where time >= $start and time < $end group by 1",
        ),
        (
            "clients",
            "select count(distinct detail.clientId) as n from events where time >= $start and time < $end",
        ),
        (
            "hours",
            "select date_trunc('hour', time) as hour, count(*) as n from events where time >= $start and time < $end group by 1",
        ),
    ];
    for (name, query) in queries {
        place.file(
            &format!("jobs/{name}.sql"),
            format!("{}{query}\n", daily.replace("NAME", name)),
        );
    }
    let mut wait = 20;
    for kill in 0..kills {
        let (name, _) = queries[kill % 3];
        let mut pair = [runner(&place, name), runner(&place, name)];
        // From hardly begun to nearly done.
        wait = wait * 7 % 1409;
        std::thread::sleep(Duration::from_millis(wait));
        pair[0].kill().unwrap();
        std::thread::sleep(Duration::from_millis(wait % 97));
        pair[1].kill().unwrap();
        for child in &mut pair {
            child.wait().unwrap();
        }
    }
    for (name, _) in queries {
        let pair = [runner(&place, name), runner(&place, name)];
        for mut child in pair {
            assert!(child.wait().unwrap().success(), "{name}");
        }
    }
    let same = |results: &str, plain: &str| assert_eq!(sql(&place, results), sql(&place, plain));
    same(
        "select date_trunc('day', interval_start) as day, eventType, n from types order by 1, 2",
        "select date_trunc('day', time) as day, detail.eventType as eventType, count(*) as n from events group by 1, 2 order by 1, 2",
    );
    same(
        "select date_trunc('day', interval_start) as day, n from clients order by 1",
        "select date_trunc('day', time) as day, count(distinct detail.clientId) as n from events group by 1 order by 1",
    );
    same(
        "select hour, n from hours order by 1",
        "select date_trunc('hour', time) as hour, count(*) as n from events group by 1 order by 1",
    );
}

#[test]
fn serve_runs_what_is_due_and_stops_when_asked() {
    let place = place();
    std::fs::remove_dir_all(place.path().join("jobs")).unwrap();
    place.file(
        "jobs/all.sql",
        "---\n-- schedule = \"rate(1 minute)\"\n-- interval = \"1 month\"\n-- output.file = \"_reports/!{timestamp:yyyy-MM}.json\"\n\
         ---\nselect count(*) as n from events where time < $end or time >= $start\n",
    );
    let mut child = Command::new(env!("CARGO_BIN_EXE_hydrant"))
        .args(["jobs", "serve", "-q"])
        .current_dir(place.path())
        .env_clear()
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let written = || {
        std::fs::read_dir(place.path().join("lake/_reports"))
            .is_ok_and(|mut it| it.next().is_some())
    };
    for _ in 0..600 {
        if written() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(written(), "nothing was run in half a minute");
    let stopped = Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert!(stopped.success());
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_manual_of_jobs() {
    let place = Place::new();
    insta::assert_snapshot!("jobs_help", place.run(&["jobs", "--help"]).ok());
    insta::assert_snapshot!(
        "jobs_backfill_help",
        place.run(&["jobs", "backfill", "--help"]).ok()
    );
}
