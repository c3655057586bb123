//! Compaction of a bucket, over S3's protocol.

use hydrant_testing::S3Server;

use super::*;

async fn ask_of(lake: &Lake, sql: &str) -> String {
    let engine = hydrant_query::Engine::open(lake, &Options::default()).unwrap();
    ask(&engine, sql).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_is_compacted_in_several_commits_and_no_answer_changes() {
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
    // One behind the other: the server of the test does not put-if-absent in one step, as S3 does.
    let mut taken = Vec::new();
    for n in 0..2 {
        let done = run(&lake, &small, 100 + n).await.unwrap();
        taken.push((done.objects, done.commits > 1));
    }
    assert_eq!(taken, [(12, true), (0, false)]);
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
