//! Keys as S3 allows them.

use hydrant_query::{Engine, Format, Options};
use hydrant_testing::S3Server;

use crate::lake::{TestLake, answer, problems};

/// Every character that S3 lists as safe, as needing care, and as better avoided, and some beyond ASCII; AWS
/// S3 user guide, Naming Amazon S3 objects. A slash begins a folder; `.` and `_` are no first characters here,
/// because they mark what is no data.
fn characters() -> Vec<char> {
    let mut all: Vec<char> = (' '..='~').filter(|it| *it != '/').collect();
    all.extend(['é', 'ß', '東', '🎁', '\u{a0}', '\u{301}']);
    all
}

async fn check(engine: &Engine, written: &[(String, String)]) {
    let rows = answer(
        engine,
        "select kind, _object, n from events order by n",
        Format::NdJson,
    )
    .await
    .unwrap();
    let rows: Vec<serde_json::Value> = rows
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let found: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["_object"].as_str().unwrap().to_owned(),
                row["kind"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    assert_eq!(found, written);
    for (n, (_, kind)) in written.iter().enumerate() {
        let sql = format!(
            "select n from events where kind = '{}'",
            kind.replace('\'', "''")
        );
        let rows = answer(engine, &sql, Format::Csv).await.unwrap();
        assert_eq!(rows, format!("n\n{n}\n"), "{sql}");
    }
    assert_eq!(problems(engine), "");
}

fn write(lake: &TestLake) -> Vec<(String, String)> {
    let mut written = Vec::new();
    for (n, character) in characters().into_iter().enumerate() {
        let kind = format!("a{character}b");
        let key = format!("events/kind={kind}/x{character}{character}y.gz");
        lake.put_gz(&key, format!("{{\"n\":{n}}}\n"));
        written.push((key, kind));
    }
    written
}

#[tokio::test]
async fn every_legal_character_of_a_key_is_read_from_a_directory() {
    let lake = TestLake::new();
    let written = write(&lake);
    check(&lake.engine(Options::default()).await, &written).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_legal_character_of_a_key_is_read_from_a_bucket() {
    let server = S3Server::start("bucket").await.unwrap();
    let lake = TestLake::new();
    let written = write(&lake);
    let there = server.directory("bucket").join("lake");
    std::fs::rename(lake.directory.path(), &there).unwrap();
    let lake = server.lake("bucket", "lake").unwrap();
    check(&Engine::open(&lake, &Options::default()).unwrap(), &written).await;
}
