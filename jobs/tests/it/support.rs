//! A lake with a few days of events, a clock that tests set, and jobs.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use hydrant_jobs::{
    Attempt, Due, Interval, Job, Jobs, Run, Runner, RunnerOptions, Surroundings, load,
};
use hydrant_lake::Lake;
use hydrant_query::{Engine, Format, Options, write};
use hydrant_testing::S3Server;
use jiff::Timestamp;
use tempfile::TempDir;

pub(crate) const DAILY: &str = "---
-- schedule = \"cron(0 6 * * ? *)\"
-- interval = \"1 day\"
-- output.table = \"daily\"
---
select kind, count(*) as n, sum(price) as money from events
 where time >= $start and time < $end group by kind order by kind
";

pub(crate) struct Place {
    directory: TempDir,
    /// Where the lake's objects lie.
    root: PathBuf,
    pub(crate) lake: Lake,
    clock: Arc<AtomicI64>,
    ids: Arc<AtomicU64>,
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A day of November 2026.
pub(crate) fn day(day: i64) -> Interval {
    let start = at("2026-11-01T00:00:00Z") + jiff::SignedDuration::from_hours(24 * (day - 1));
    Interval {
        start,
        end: start + jiff::SignedDuration::from_hours(24),
    }
}

impl Place {
    pub(crate) async fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let root = directory.path().join("lake");
        std::fs::create_dir_all(root.join("events")).unwrap();
        let lake = Lake::open(root.to_str().unwrap(), false).await.unwrap();
        Self::with(directory, root, lake)
    }

    /// A lake in a bucket of `server`.
    pub(crate) fn on(server: &S3Server) -> Self {
        let lake = server.lake("bucket", "lake").unwrap();
        Self::with(
            TempDir::new().unwrap(),
            server.directory("bucket").join("lake"),
            lake,
        )
    }

    fn with(directory: TempDir, root: PathBuf, lake: Lake) -> Self {
        std::fs::create_dir_all(directory.path().join("jobs")).unwrap();
        let place = Self {
            directory,
            root,
            lake,
            clock: Arc::default(),
            ids: Arc::default(),
        };
        place.set_clock("2026-11-10T07:00:00Z");
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn set_clock(&self, now: &str) {
        self.clock
            .store(at(now).as_microsecond(), Ordering::Relaxed);
    }

    /// Adds an object with events of a day: `kind price` each.
    pub(crate) fn object(&self, day: u32, name: &str, events: &[(&str, f64)]) {
        let folder = self
            .root
            .join(format!("events/year=2026/month=11/day={day:02}/hour=10"));
        std::fs::create_dir_all(&folder).unwrap();
        let mut lines = String::new();
        for (kind, price) in events {
            lines += &format!(
                "{{\"time\":\"2026-11-{day:02}T10:00:00Z\",\"kind\":\"{kind}\",\"price\":{price}}}\n"
            );
        }
        std::fs::write(folder.join(name), lines).unwrap();
    }

    pub(crate) fn file(&self, name: &str, text: &str) {
        std::fs::write(self.path("jobs").join(name), text).unwrap();
    }

    pub(crate) async fn jobs(&self) -> Jobs {
        let folder = self.path("jobs");
        load(folder.to_str().unwrap(), &self.lake, self.now())
            .await
            .unwrap()
    }

    pub(crate) async fn job(&self, name: &str, text: &str) -> Job {
        self.file(&format!("{name}.sql"), text);
        self.jobs().await.named(name).unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.clock.load(Ordering::Relaxed)).unwrap()
    }

    pub(crate) async fn runner(&self, name: &str) -> Runner {
        self.runner_reading(name, Options::default()).await
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that waits")]
    pub(crate) async fn runner_reading(&self, name: &str, reading: Options) -> Runner {
        let (clock, ids) = (Arc::clone(&self.clock), Arc::clone(&self.ids));
        // Each look at the clock is a little later, as it is in life.
        let now =
            move || Timestamp::from_microsecond(clock.fetch_add(10, Ordering::Relaxed)).unwrap();
        let id = move || format!("{:08}", ids.fetch_add(1, Ordering::Relaxed));
        let surroundings = Surroundings::new(now, id, tokio::time::sleep);
        let options = RunnerOptions {
            reading,
            lease: Duration::from_mins(1),
            name: name.to_owned(),
        };
        Runner::open(&self.lake, options, surroundings)
            .await
            .unwrap()
    }

    pub(crate) async fn run(&self, runner: &Runner, job: &Job, interval: Interval) -> Run {
        match runner.attempt(job, interval, Timestamp::MAX).await.unwrap() {
            Attempt::Ran(run) => run,
            other => panic!("{other:?}"),
        }
    }

    /// An answer as lines of comma-separated values.
    pub(crate) async fn ask(&self, sql: &str) -> String {
        let engine = Engine::open(&self.lake, &Options::default()).unwrap();
        let mut out = Vec::new();
        write(engine.run(sql).await.unwrap(), Format::Csv, &mut out)
            .await
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    pub(crate) fn lake_file(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.root.join(name)).ok()
    }
}

pub(crate) fn all(job: &Job, intervals: impl Iterator<Item = Interval>) -> Vec<(&Job, Due)> {
    let due = |interval| Due {
        interval,
        after: Timestamp::MIN,
        reason: "test",
    };
    intervals.map(|interval| (job, due(interval))).collect()
}
