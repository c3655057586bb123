//! The same over S3's protocol.

use std::sync::Arc;

use hydrant_lake::{Lake, Location};
use hydrant_query::{Engine, Options};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use object_store::{ObjectStore, aws::AmazonS3Builder, path::Path, prefix::PrefixStore};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

use crate::{
    events::hive,
    lake::{ask, problems},
};

/// Serves a directory, each folder of it a bucket, until the test ends; gives the endpoint.
async fn serve(directory: &std::path::Path) -> String {
    let mut service = S3ServiceBuilder::new(FileSystem::new(directory).unwrap());
    service.set_auth(SimpleAuth::from_single("key", "secret"));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let server = Builder::new(TokioExecutor::new());
                let outcome = server.serve_connection(TokioIo::new(socket), service).await;
                drop(outcome);
            });
        }
    });
    endpoint
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_answers_as_a_directory_does() {
    let root = tempfile::tempdir().unwrap();
    let lake = hive();
    let bucket = root.path().join("bucket/some/where");
    std::fs::create_dir_all(bucket.parent().unwrap()).unwrap();
    std::fs::rename(lake.directory.path(), &bucket).unwrap();
    let store = AmazonS3Builder::new()
        .with_endpoint(serve(root.path()).await)
        .with_allow_http(true)
        .with_region("eu-west-1")
        .with_bucket_name("bucket")
        .with_access_key_id("key")
        .with_secret_access_key("secret")
        .build()
        .unwrap();
    let store: Arc<dyn ObjectStore> = Arc::new(PrefixStore::new(store, Path::from("some/where")));
    let location = Location::S3 {
        bucket: "bucket".into(),
        prefix: "some/where".into(),
    };
    let engine = Engine::open(&Lake::from_store(location, store), &Options::default()).unwrap();
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
