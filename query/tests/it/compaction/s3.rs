//! Compaction of a bucket, over S3's protocol.

use hydrant_testing::S3Server;

use super::*;

async fn ask_of(lake: &Lake, sql: &str) -> String {
    let engine = hydrant_query::Engine::open(lake, &Options::default()).unwrap();
    ask(&engine, sql).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_is_compacted_by_several_at_once_and_no_answer_changes() {
    let server = S3Server::start("bucket").await.unwrap();
    let local = lake();
    let there = server.directory("bucket").join("some/where");
    std::fs::create_dir_all(there.parent().unwrap()).unwrap();
    std::fs::rename(local.directory.path(), &there).unwrap();
    let lake = server.lake("bucket", "some/where").unwrap();
    let mut before = Vec::new();
    for question in QUESTIONS {
        before.push(ask_of(&lake, question).await);
    }
    let small = CompactOptions {
        commit_objects: 4,
        ..all()
    };
    let runs = (0..2).map(|n| {
        let (lake, small) = (lake.clone(), small.clone());
        tokio::spawn(async move { run(&lake, &small, 100 + n).await })
    });
    let mut objects = 0;
    for run in runs.collect::<Vec<_>>() {
        objects += run.await.unwrap().unwrap().objects;
    }
    assert_eq!(objects, 12);
    for (question, before) in QUESTIONS.iter().zip(&before) {
        assert_eq!(&ask_of(&lake, question).await, before);
    }
    let options = VacuumOptions {
        grace: Duration::ZERO,
        dry_run: false,
    };
    let later = jiff::Timestamp::now().as_millisecond() + 60_000;
    assert_eq!(vacuum(&lake, &options, later).await.unwrap().objects, 12);
    for (question, before) in QUESTIONS.iter().zip(&before) {
        assert_eq!(&ask_of(&lake, question).await, before);
    }
}
