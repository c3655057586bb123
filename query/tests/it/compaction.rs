//! Compaction: each raw object once, whatever happens, and no answer changes by it.

mod files;
mod order;
mod s3;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use hydrant_lake::Lake;
use hydrant_query::{
    Options, ProblemKind,
    compaction::{
        CompactOptions, Compacted, CompactionError, Progress, Surroundings, VacuumOptions, compact,
        vacuum,
    },
    delta::{Change, DeltaTable},
};
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, path::Path,
};

use crate::lake::{TestLake, ask, gzip};

/// Long after everything in these lakes.
const NOW: i64 = 1_800_000_000_000;

/// Takes everything.
fn all() -> CompactOptions {
    CompactOptions {
        older_than: Duration::ZERO,
        ..CompactOptions::default()
    }
}

async fn run(
    lake: &Lake,
    settings: &CompactOptions,
    run: u128,
) -> Result<Compacted, CompactionError> {
    let surroundings = Surroundings { now: NOW, run };
    let progress = Arc::new(Progress::default());
    compact(lake, &Options::default(), settings, surroundings, &progress).await
}

fn record(id: usize, kind: &str, hour: usize, more: &str) -> String {
    format!(
        "{{\"id\":\"e{id}\",\"time\":\"2026-11-02T{hour:02}:{:02}:00Z\",\"detail\":{{\"eventType\":\"{kind}\",\
         \"clientId\":\"c{}\",\"data\":{{{more}}}}}}}\n",
        id % 60,
        id % 7
    )
}

fn key(kind: &str, hour: usize, name: &str) -> String {
    format!("events/eventType={kind}/year=2026/month=11/day=02/hour={hour:02}/{name}.gz")
}

/// Twelve objects of two types and three hours.
fn lake() -> TestLake {
    let lake = TestLake::new();
    let mut id = 0;
    for kind in ["search", "purchase"] {
        for hour in 8..11 {
            for name in ["a", "b"] {
                let more = if kind == "search" {
                    format!("\"term\":\"t{id}\",\"page\":{id}")
                } else {
                    format!("\"price\":{id}.5,\"items\":[{{\"sku\":\"s{id}\",\"n\":{id}}}]")
                };
                let text: String = (0..5).map(|n| record(id + n, kind, hour, &more)).collect();
                lake.put_gz(&key(kind, hour, name), text);
                id += 5;
            }
        }
    }
    lake
}

const QUESTIONS: [&str; 6] = [
    "select count(*), count(distinct id), min(time), max(time) from events",
    "select * from events order by id",
    "select eventType, hour, count(*), sum(detail.data.price) from events group by 1, 2 order by 1, 2",
    "select id, _object from events where detail.clientId = 'c3' and eventType = 'search' order by id",
    "select id, day, detail.data.items from events where time >= '2026-11-02T10:00:00Z' and eventType = 'purchase' order by id",
    "select id from events where hour = 9 and detail.data.page > 7 order by 1",
];

async fn answers(lake: &TestLake) -> Vec<String> {
    let mut answers = Vec::new();
    for question in QUESTIONS {
        answers.push(lake.ask(question).await);
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_changes_by_compaction_or_by_removing_what_was_taken() {
    let lake = lake();
    let before = answers(&lake).await;
    let done = run(&lake.lake().await, &all(), 1).await.unwrap();
    assert_eq!((done.objects, done.rows, done.commits), (12, 60, 1));
    assert_eq!(answers(&lake).await, before);
    let again = run(&lake.lake().await, &all(), 2).await.unwrap();
    assert_eq!(
        (again.objects, again.commits, again.taken_before),
        (0, 0, 12)
    );
    let options = VacuumOptions {
        grace: Duration::ZERO,
        dry_run: false,
    };
    let later = jiff::Timestamp::now().as_millisecond() + 60_000;
    let removed = vacuum(&lake.lake().await, &options, later).await.unwrap();
    assert_eq!(removed.objects, 12);
    assert_eq!(answers(&lake).await, before);
    let nothing = run(&lake.lake().await, &all(), 3).await.unwrap();
    assert_eq!(nothing.objects, 0);
    // A raw object that comes back is not counted again.
    lake.put_gz(&key("search", 8, "a"), record(0, "search", 8, ""));
    assert_eq!(answers(&lake).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_late_is_taken_by_a_later_run_and_fields_that_are_new_join_the_table() {
    let (lake, plain) = (lake(), lake());
    run(&lake.lake().await, &all(), 1).await.unwrap();
    let record = record(
        900,
        "search",
        8,
        "\"term\":\"late\",\"filter\":{\"brand\":\"x\"}",
    );
    for it in [&lake, &plain] {
        it.put_gz(&key("search", 8, "late"), &record);
    }
    let expected = answers(&plain).await;
    assert_eq!(answers(&lake).await, expected);
    let done = run(&lake.lake().await, &all(), 2).await.unwrap();
    assert_eq!((done.objects, done.rows, done.rewritten), (1, 1, 0));
    assert_eq!(answers(&lake).await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_the_table_cannot_hold_makes_its_column_wider() {
    let (lake, plain) = (lake(), lake());
    run(&lake.lake().await, &all(), 1).await.unwrap();
    let wide = record(901, "search", 9, "\"page\":\"last\"")
        + &record(902, "search", 9, "\"page\":1.5")
        + &record(903, "search", 9, "\"page\":{\"of\":2}");
    for it in [&lake, &plain] {
        it.put_gz(&key("search", 9, "wide"), &wide);
    }
    let questions = [
        "select id, detail.data.page from events order by id",
        "select detail.data.page from events where id = 'e3'",
        "select count(*) from events where detail.data.page = '7'",
    ];
    for round in 0..2 {
        for question in questions {
            assert_eq!(
                lake.ask(question).await,
                plain.ask(question).await,
                "{round}"
            );
        }
        let done = run(&lake.lake().await, &all(), 2).await.unwrap();
        assert_eq!(done.objects, 1 - round);
        assert_eq!(done.rewritten > 0, round == 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_object_is_not_taken_and_one_with_broken_lines_is_not_removed() {
    let lake = lake();
    let whole = gzip(record(910, "search", 8, "").as_bytes());
    lake.put(&key("search", 8, "cut"), &whole[..whole.len() - 9]);
    let torn = record(911, "search", 8, "") + "{\"id\":\"to\n" + &record(912, "search", 8, "");
    lake.put_gz(&key("search", 8, "torn"), torn);
    let before = answers(&lake).await;
    let done = run(&lake.lake().await, &all(), 1).await.unwrap();
    assert_eq!((done.objects, done.rows), (13, 62));
    let kinds: Vec<_> = done.problems.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [ProblemKind::Corrupt, ProblemKind::BadRecord]);
    assert_eq!(answers(&lake).await, before);
    // Queries go on naming what is not in the table, and so does the next run.
    let engine = lake.engine(Options::default()).await;
    ask(&engine, QUESTIONS[0]).await;
    assert_eq!(engine.problems().len(), 1);
    let again = run(&lake.lake().await, &all(), 2).await.unwrap();
    assert_eq!((again.objects, again.problems.len()), (0, 1));
    let options = VacuumOptions {
        grace: Duration::ZERO,
        dry_run: false,
    };
    let later = jiff::Timestamp::now().as_millisecond() + 60_000;
    let removed = vacuum(&lake.lake().await, &options, later).await.unwrap();
    assert_eq!((removed.objects, removed.kept), (12, 1));
    let left: Vec<_> = hydrant_testing::files(lake.directory.path())
        .unwrap()
        .into_iter()
        .map(|(key, _)| key)
        .filter(|key| !key.starts_with('_'))
        .collect();
    assert_eq!(left, [key("search", 8, "cut"), key("search", 8, "torn")]);
    // Mended, it is taken.
    lake.put(&key("search", 8, "cut"), whole);
    let mended = run(&lake.lake().await, &all(), 3).await.unwrap();
    assert_eq!((mended.objects, mended.rows), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hours_that_are_not_over_are_left_alone() {
    let lake = lake();
    // An hour after the folder of nine o'clock ended.
    let now: jiff::Timestamp = "2026-11-02T11:00:00Z".parse().unwrap();
    let surroundings = Surroundings {
        now: now.as_millisecond(),
        run: 1,
    };
    let settings = CompactOptions::default();
    let progress = Arc::new(Progress::default());
    let opened = lake.lake().await;
    let options = Options::default();
    let done = compact(&opened, &options, &settings, surroundings, &progress);
    let done = done.await.unwrap();
    assert_eq!((done.objects, done.young), (8, 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_at_once_take_each_object_once_between_them() {
    let lake = lake();
    let before = answers(&lake).await;
    let small = CompactOptions {
        commit_objects: 2,
        ..all()
    };
    let opened = lake.lake().await;
    let runs = (0..4).map(|n| {
        let (opened, small) = (opened.clone(), small.clone());
        tokio::spawn(async move { run(&opened, &small, 100 + n).await })
    });
    let mut objects = 0;
    for run in runs.collect::<Vec<_>>() {
        objects += run.await.unwrap().unwrap().objects;
    }
    assert_eq!(objects, 12);
    assert_eq!(answers(&lake).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_of_somebody_else_is_refused_and_left_out_of_events() {
    let lake = lake();
    let before = answers(&lake).await;
    let schema = arrow::datatypes::Schema::new(vec![arrow::datatypes::Field::new(
        "x",
        arrow::datatypes::DataType::Int64,
        true,
    )]);
    let opened = lake.lake().await;
    let mut table = DeltaTable::create(&opened, "_tables/events", &schema, &[], &[])
        .await
        .unwrap();
    table.commit(Change::default(), NOW).await.unwrap();
    let error = run(&opened, &all(), 1).await.unwrap_err();
    assert!(matches!(error, CompactionError::Foreign { .. }), "{error}");
    assert_eq!(answers(&lake).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_with_the_name_of_a_column_of_the_table_is_refused() {
    let lake = TestLake::new();
    lake.put_gz(&key("search", 8, "a"), "{\"id\":\"1\",\"_type\":\"doc\"}\n");
    let error = run(&lake.lake().await, &all(), 1).await.unwrap_err();
    assert!(matches!(error, CompactionError::Reserved { .. }), "{error}");
    let lake = TestLake::new();
    lake.put_gz(
        &key("search", 8, "a"),
        "{\"id\":\"1\",\"a\":{\"b\":1,\"B\":2}}\n",
    );
    let error = run(&lake.lake().await, &all(), 1).await.unwrap_err();
    assert!(matches!(error, CompactionError::Alike { .. }), "{error}");
}

/// A store that stops writing and removing after so many times, as if the process had been killed there.
#[derive(Debug)]
struct Dying {
    store: Arc<dyn ObjectStore>,
    left: AtomicI64,
}

impl std::fmt::Display for Dying {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.store.fmt(f)
    }
}

impl Dying {
    fn live(&self) -> object_store::Result<()> {
        if self.left.fetch_sub(1, Ordering::SeqCst) > 0 {
            return Ok(());
        }
        Err(object_store::Error::Generic {
            store: "Dying",
            source: "killed".into(),
        })
    }
}

#[async_trait]
impl ObjectStore for Dying {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> object_store::Result<PutResult> {
        self.live()?;
        self.store.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.live()?;
        self.store.put_multipart_opts(location, options).await
    }

    async fn get_opts(
        &self,
        location: &Path,
        options: GetOptions,
    ) -> object_store::Result<GetResult> {
        self.store.get_opts(location, options).await
    }

    async fn get_ranges(
        &self,
        location: &Path,
        ranges: &[std::ops::Range<u64>],
    ) -> object_store::Result<Vec<Bytes>> {
        self.store.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        match self.live() {
            Ok(()) => self.store.delete_stream(locations),
            Err(error) => Box::pin(futures::stream::iter([Err(error)])),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.store.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &Path,
        to: &Path,
        options: CopyOptions,
    ) -> object_store::Result<()> {
        self.live()?;
        self.store.copy_opts(from, to, options).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_write_is_the_last_before_a_crash_the_next_run_goes_on_from_there() {
    let plain = lake();
    plain.put_gz(
        &key("search", 9, "wide"),
        record(901, "search", 9, "\"term\":\"w\",\"page\":1.5"),
    );
    let before = answers(&plain).await;
    let small = CompactOptions {
        commit_objects: 5,
        ..all()
    };
    let mut seen = BTreeSet::new();
    for left in 0.. {
        let lake = lake();
        // A first commit that the next has to make wider.
        if left % 2 == 0 {
            run(&lake.lake().await, &all(), 1).await.unwrap();
        }
        lake.put_gz(
            &key("search", 9, "wide"),
            record(901, "search", 9, "\"term\":\"w\",\"page\":1.5"),
        );
        let opened = lake.lake().await;
        let dying = Dying {
            store: Arc::clone(opened.store()),
            left: AtomicI64::new(left / 2),
        };
        let dying = Lake::from_store(opened.location().clone(), Arc::new(dying));
        let died = run(&dying, &small, 2).await.is_err();
        assert_eq!(answers(&lake).await, before, "after {left} writes");
        let last = run(&opened, &small, 3).await.unwrap();
        assert_eq!(
            answers(&lake).await,
            before,
            "after {left} writes and a run"
        );
        seen.insert(last.objects);
        if !died && left % 2 == 1 {
            break;
        }
        assert!(left < 200, "it never came to an end");
    }
    // Some died before the first commit, some between commits, some behind the last.
    assert!(
        seen.contains(&0) && seen.contains(&13) && seen.len() > 3,
        "{seen:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_small_files_of_a_day_become_one_and_no_row_changes() {
    let lake = TestLake::new();
    for n in 0..10 {
        let text = record(
            n,
            "search",
            8 + n % 3,
            &format!("\"term\":\"t\",\"page\":{n}"),
        );
        lake.put_gz(&key("search", 8 + n % 3, &format!("o{n}")), text);
    }
    let before = lake.ask("select * from events order by id").await;
    let one_by_one = CompactOptions {
        commit_objects: 1,
        ..all()
    };
    let done = run(&lake.lake().await, &one_by_one, 1).await.unwrap();
    assert_eq!((done.commits, done.rows, done.merged), (10, 10, 10));
    let table = DeltaTable::open(&lake.lake().await, "_tables/events").await;
    let files = table.unwrap().unwrap().files().unwrap();
    assert_eq!((files.len(), files[0].rows), (1, Some(10)));
    assert_eq!(lake.ask("select * from events order by id").await, before);
    let again = run(&lake.lake().await, &all(), 2).await.unwrap();
    assert_eq!((again.objects, again.merged), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_that_lie_in_no_folder_are_rows_before_and_after() {
    let lake = TestLake::new();
    for n in 0..3 {
        lake.put_gz(&format!("object-{n}.gz"), record(n, "search", 8, ""));
    }
    let before = lake.ask("select * from events order by id").await;
    let done = run(&lake.lake().await, &all(), 1).await.unwrap();
    assert_eq!((done.objects, done.rows), (3, 3));
    assert_eq!(lake.ask("select * from events order by id").await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_all_rows_of_a_file_have_alike_is_not_read_and_the_rest_is_told_row_by_row() {
    let lake = lake();
    let questions = [
        (
            "select eventType, day, count(*) from events group by 1, 2 order by 1, 2",
            true,
        ),
        (
            "select count(*) from events where eventType = 'search' and month = 11",
            true,
        ),
        (
            "select hour, eventType, count(*) from events group by 1, 2 order by 1, 2",
            false,
        ),
        (
            "select count(*) from events where _object like '%/hour=09/%'",
            false,
        ),
    ];
    let mut before = Vec::new();
    for (question, _) in questions {
        before.push(lake.ask(question).await);
    }
    run(&lake.lake().await, &all(), 1).await.unwrap();
    let mut keys = 0;
    for ((question, is_alike), before) in questions.into_iter().zip(before) {
        let engine = lake.engine(Options::default()).await;
        assert_eq!(ask(&engine, question).await, before, "{question}");
        let stats = engine.stats();
        assert_eq!((stats.files, stats.file_rows), (2, 60), "{question}");
        if is_alike {
            keys = keys.max(stats.bytes_opened);
        } else {
            assert!(stats.bytes_opened > keys, "{question}");
        }
    }
    let engine = lake.engine(Options::default()).await;
    ask(
        &engine,
        "select id from events where eventType = 'purchase' and hour = 10",
    )
    .await;
    let stats = engine.stats();
    assert_eq!(
        (stats.files, stats.files_skipped, stats.objects_taken),
        (2, 1, 2)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_sample_showed_is_in_the_table_with_every_value() {
    // One object in a hundred has a field of its own, at the top, in a struct, or in a list of them; and one a wider value.
    let lake = TestLake::new();
    for n in 0..200 {
        let data = match n % 100 {
            50 => format!("\"items\":[{{\"sku\":\"s\",\"rare\":{n}}}],\"page\":{n}"),
            60 => format!("\"seldom\":{{\"of\":[{n}]}},\"page\":{n}"),
            70 => format!("\"page\":{n}.25"),
            80 => format!("\"page\":\"p{n}\""),
            _ => format!("\"items\":[{{\"sku\":\"s\"}}],\"page\":{n}"),
        };
        let mut text = record(n, "search", n % 24, &data);
        if n % 100 == 90 {
            text = text.replacen('{', "{\"above\":true,", 1);
        }
        lake.put_gz(&key("search", n % 24, &format!("o{n}")), text);
    }
    let questions = [
        "select id, detail.data from events order by id",
        "select id, above from events where above",
        "select count(detail.data.seldom), count(detail.data.items) from events",
    ];
    let mut before = Vec::new();
    for question in questions {
        before.push(lake.ask(question).await);
    }
    assert!(before[0].contains("rare") && before[0].contains("seldom"));
    let small = CompactOptions {
        commit_objects: 60,
        ..all()
    };
    run(&lake.lake().await, &small, 1).await.unwrap();
    let options = VacuumOptions {
        grace: Duration::ZERO,
        dry_run: false,
    };
    let later = jiff::Timestamp::now().as_millisecond() + 60_000;
    vacuum(&lake.lake().await, &options, later).await.unwrap();
    for (question, before) in questions.into_iter().zip(before) {
        assert_eq!(lake.ask(question).await, before, "{question}");
    }
}
