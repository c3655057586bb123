//! The same over S3's protocol.

use hydrant_query::{Engine, Options};
use hydrant_testing::S3Server;

use crate::{
    events::hive,
    lake::{ask, problems},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_answers_as_a_directory_does() {
    let server = S3Server::start("bucket").await.unwrap();
    let lake = hive();
    let there = server.directory("bucket").join("some/where");
    std::fs::create_dir_all(there.parent().unwrap()).unwrap();
    std::fs::rename(lake.directory.path(), &there).unwrap();
    let lake = server.lake("bucket", "some/where").unwrap();
    let engine = Engine::open(&lake, &Options::default()).unwrap();
    insta::assert_snapshot!(ask(&engine, "select eventType, hour, detail.data.searchTerm as term, _object from events order by detail.clientId desc, hour").await, @"
    +-----------+------+------------+-----------------------------------------------------------------------------------------------------------+
    | eventType | hour | term       | _object                                                                                                   |
    +-----------+------+------------+-----------------------------------------------------------------------------------------------------------+
    | searching |    8 | jeux vidéo | events/eventType=searching/schemaVersion=1/year=2026/month=11/day=02/hour=08/s-1-2026-11-02-08-00-00-x.gz |
    | searching |    8 | games      | events/eventType=searching/schemaVersion=1/year=2026/month=11/day=02/hour=08/s-1-2026-11-02-08-00-00-x.gz |
    | purchase  |    9 |            | events/eventType=purchase/schemaVersion=1/year=2026/month=11/day=02/hour=09/s-1-2026-11-02-09-00-00-x.gz  |
    +-----------+------+------------+-----------------------------------------------------------------------------------------------------------+
    ");
    insta::assert_snapshot!(ask(&engine, "select rawData, errorCode from errors").await, @"
    +---------+----------------------+
    | rawData | errorCode            |
    +---------+----------------------+
    | {}      | Lambda.FunctionError |
    +---------+----------------------+
    ");
    assert_eq!(problems(&engine), "");
}
