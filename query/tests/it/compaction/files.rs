//! Compaction into plain Parquet files: what a glob sees is of each raw object once at the most, whatever
//! happens, and all of it after a run.

use std::sync::Arc;

use hydrant_query::compaction::{Files, compact_to_files};

use super::*;

async fn target() -> (tempfile::TempDir, Lake) {
    let directory = tempfile::TempDir::new().unwrap();
    let target = Lake::open(directory.path().to_str().unwrap(), false).await;
    (directory, target.unwrap())
}

async fn run_to(
    lake: &Lake,
    target: &Lake,
    settings: &CompactOptions,
    run: u128,
) -> Result<Compacted, CompactionError> {
    let files = Files::open(lake, target, settings.dry_run).await?;
    let surroundings = Surroundings { now: NOW, run };
    let progress = Arc::new(Progress::default());
    let options = Options::default();
    compact_to_files(&files, &options, settings, surroundings, &progress).await
}

async fn ask_of(lake: &Lake, sql: &str) -> String {
    let engine = hydrant_query::Engine::open(lake, &Options::default()).unwrap();
    ask(&engine, sql).await
}

const ROWS: &str =
    "select id, time, detail.eventType, detail.clientId, hour from events order by id";

/// Rows that a glob sees, and how many of them it sees once.
async fn seen(target: &Lake) -> (usize, usize) {
    let engine = hydrant_query::Engine::open(target, &Options::default()).unwrap();
    let Ok(results) =
        crate::lake::answer(&engine, "select id from events", hydrant_query::Format::Tsv).await
    else {
        return (0, 0);
    };
    let ids: BTreeSet<&str> = results.lines().collect();
    (results.lines().count(), ids.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_files_have_the_rows_of_the_lake_and_a_second_run_adds_none() {
    let lake = lake();
    let raw = lake.lake().await;
    let (directory, target) = target().await;
    let dry = CompactOptions {
        dry_run: true,
        ..all()
    };
    assert_eq!(run_to(&raw, &target, &dry, 1).await.unwrap().objects, 12);
    let nothing = hydrant_testing::files(directory.path()).unwrap();
    assert!(nothing.is_empty(), "{nothing:?}");
    let done = run_to(&raw, &target, &all(), 1).await.unwrap();
    assert_eq!((done.objects, done.rows), (12, 60));
    let expected = ask_of(&raw, ROWS).await;
    assert_eq!(ask_of(&target, ROWS).await, expected);
    let again = run_to(&raw, &target, &all(), 2).await.unwrap();
    assert_eq!((again.objects, again.taken_before), (0, 12));
    assert_eq!(ask_of(&target, ROWS).await, expected);
    // A late object, whose values make a column wider, so that a file is replaced.
    let event = record(900, "search", 9, "\"term\":\"late\",\"page\":1.5");
    lake.put_gz(&key("search", 9, "late"), event);
    let done = run_to(&raw, &target, &all(), 3).await.unwrap();
    assert_eq!((done.objects, done.rewritten > 0), (1, true));
    assert_eq!(ask_of(&target, ROWS).await, ask_of(&raw, ROWS).await);
    // The lake's own table is another matter.
    let own = run(&raw, &all(), 4).await.unwrap();
    assert_eq!(own.objects, 13);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_files_are_put_together_and_those_they_were_are_gone() {
    let lake = TestLake::new();
    for n in 0..10 {
        let text = record(n, "search it", 8, &format!("\"page\":{n}"));
        lake.put_gz(&key("search", 8, &format!("o{n}")), text);
    }
    let raw = lake.lake().await;
    let (directory, target) = target().await;
    let one_by_one = CompactOptions {
        commit_objects: 1,
        ..all()
    };
    let done = run_to(&raw, &target, &one_by_one, 1).await.unwrap();
    assert_eq!((done.commits, done.merged), (10, 10));
    let files = hydrant_testing::files(directory.path()).unwrap();
    let data: Vec<_> = files.iter().map(|it| &it.0).collect();
    let data = data.iter().filter(|key| key.ends_with(".parquet"));
    assert_eq!(data.count(), 1);
    assert_eq!(ask_of(&target, ROWS).await, ask_of(&raw, ROWS).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_write_is_the_last_before_a_crash_no_row_is_there_twice() {
    let small = CompactOptions {
        commit_objects: 2,
        ..all()
    };
    let lake = lake();
    let raw = lake.lake().await;
    let expected = ask_of(&raw, ROWS).await;
    let mut partly = 0;
    for left in 0.. {
        let (_directory, target) = target().await;
        let dying = Dying {
            store: Arc::clone(target.store()),
            left: AtomicI64::new(left),
        };
        let dying = Lake::from_store(target.location().clone(), Arc::new(dying));
        let died = run_to(&raw, &dying, &small, 1).await.is_err();
        let (rows, once) = seen(&target).await;
        assert_eq!(rows, once, "after {left} writes");
        partly += usize::from(rows > 0 && rows < 60);
        run_to(&raw, &target, &small, 2).await.unwrap();
        assert_eq!(
            ask_of(&target, ROWS).await,
            expected,
            "after {left} writes and a run"
        );
        if !died {
            break;
        }
        assert!(left < 300, "it never came to an end");
    }
    assert!(partly > 0, "none died while files were moved");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_at_once_into_one_place_take_each_object_once_between_them() {
    let lake = lake();
    let raw = lake.lake().await;
    let (_directory, target) = target().await;
    let small = CompactOptions {
        commit_objects: 2,
        ..all()
    };
    let runs = (0..4).map(|n| {
        let (raw, target, small) = (raw.clone(), target.clone(), small.clone());
        tokio::spawn(async move { run_to(&raw, &target, &small, 100 + n).await })
    });
    let mut objects = 0;
    for run in runs.collect::<Vec<_>>() {
        objects += run.await.unwrap().unwrap().objects;
    }
    assert_eq!(objects, 12);
    assert_eq!(ask_of(&target, ROWS).await, ask_of(&raw, ROWS).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_that_is_not_its_own_is_refused() {
    let (one, other) = (lake(), lake());
    let raw = one.lake().await;
    let (_directory, target) = target().await;
    run_to(&raw, &target, &all(), 1).await.unwrap();
    let mistake = async |lake: &Lake, target: &Lake| {
        let mistake = Files::open(lake, target, false).await.unwrap_err();
        assert!(matches!(mistake, CompactionError::Target { .. }));
        mistake.to_string()
    };
    let said = mistake(&other.lake().await, &target).await;
    assert!(said.contains("has the files of file://"), "{said}");
    let said = mistake(&raw, &raw).await;
    assert!(said.contains("are read from"), "{said}");
    // What is not there yet is known to be below the lake too.
    let below = one.directory.path().join("new/../deep/files");
    let refused = Files::check(&raw, &hydrant_lake::Location::Directory(below), false).await;
    assert!(refused.unwrap_err().to_string().contains("are read from"));
    // Raw objects that only one of two tables has are not removed.
    run(&raw, &all(), 2).await.unwrap();
    let refused = Files::check(&raw, target.location(), true).await;
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("without --to"), "{said}");
    let (_, empty) = self::target().await;
    empty
        .store()
        .put_opts(
            &Path::from("_type=x/part-1.parquet"),
            "x".into(),
            PutOptions::default(),
        )
        .await
        .unwrap();
    let said = mistake(&raw, &empty).await;
    assert!(said.contains("name an empty place"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_named_where_it_lies() {
    let lake = lake();
    let raw = lake.lake().await;
    let (directory, target) = target().await;
    run_to(&raw, &target, &all(), 1).await.unwrap();
    let root = target.location().to_string();
    let taken = directory.path().join("_hydrant/compaction/taken");
    let mut damaged = 0;
    for file in std::fs::read_dir(&taken).unwrap() {
        let path = file.unwrap().path();
        let before = std::fs::read(&path).unwrap();
        std::fs::write(&path, "nonsense").unwrap();
        let error = run_to(&raw, &target, &all(), 2).await.unwrap_err();
        let name = path.file_name().unwrap().to_str().unwrap();
        let expected = format!("{root}/_hydrant/compaction/taken/{name}, which says");
        assert!(error.to_string().starts_with(&expected), "{error}");
        std::fs::write(&path, before).unwrap();
        damaged += 1;
    }
    assert_eq!(damaged, 2);
    let log = "_hydrant/compaction/_delta_log/00000000000000000001.json";
    std::fs::write(directory.path().join(log), "nonsense").unwrap();
    let error = run_to(&raw, &target, &all(), 3).await.unwrap_err();
    let expected = format!("the Delta table {root}/_hydrant/compaction could not be read");
    assert_eq!(error.to_string(), expected);
}
