//! The road over S3, with the environment that AWS clients take.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
};

use hydrant_testing::{ACCESS_KEY, Operation, S3Server, SECRET_KEY};
use tokio::runtime::Runtime;

use crate::support::{Place, example};

/// A server on a runtime of its own: the command is another process.
fn server() -> (Runtime, S3Server) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let server = runtime.block_on(S3Server::start("lake")).unwrap();
    (runtime, server)
}

fn place(variable: &str, server: &S3Server) -> Place {
    Place::new()
        .with(variable, server.endpoint())
        .with("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .with("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .with("AWS_REGION", "eu-west-1")
}

#[test]
fn events_go_into_a_bucket_and_answers_come_out() {
    let (_runtime, server) = server();
    for (variable, url) in [
        ("AWS_ENDPOINT_URL", "s3://lake/one"),
        ("AWS_ENDPOINT_URL_S3", "s3://lake/two/"),
    ] {
        let place = place(variable, &server);
        let events = place
            .run(&["generate", "--events", "300", "--span", "3h"])
            .ok();
        place
            .pipe(
                &[
                    "deliver",
                    "--stream",
                    &example("stream.json"),
                    "--to",
                    url,
                    "-",
                ],
                events,
            )
            .ok();
        let count = "select count(*) as events from events where eventType = 'searching' or eventType <> 'searching'";
        assert_eq!(
            place
                .run(&["sql", "--lake", url, "--format", "csv", "-c", count])
                .ok(),
            "events\n300\n"
        );
    }
}

#[test]
fn wrong_credentials_and_a_bucket_that_is_not_there_are_clear() {
    let (_runtime, server) = server();
    let query = |place: Place, url: &str| {
        let ran = place.run(&["sql", "--lake", url, "-c", "select count(*) from events"]);
        assert_eq!(ran.status, 1);
        ran.stderr
    };
    let wrong = place("AWS_ENDPOINT_URL", &server).with("AWS_SECRET_ACCESS_KEY", "wrong");
    let said = query(wrong, "s3://lake/one");
    for part in [
        "s3://lake/one",
        "SignatureDoesNotMatch",
        "signed with the access key test of the environment (AWS_ACCESS_KEY_ID)",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let said = query(
        place("AWS_ENDPOINT_URL", &server),
        "s3://no-such-bucket/one",
    );
    assert!(said.contains("s3://no-such-bucket/one"), "{said}");
}

/// One object of two events in the server's bucket.
fn put_events(server: &S3Server) {
    let folder = server.directory("lake").join("events/kind=a");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("one"), "{\"n\":1}\n{\"n\":2}\n").unwrap();
}

const SUM: [&str; 7] = [
    "sql",
    "--lake",
    "s3://lake",
    "--format",
    "csv",
    "-c",
    "select sum(n) as sum from events",
];

#[test]
fn a_public_bucket_is_read_without_credentials() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let server = runtime.block_on(S3Server::start_public("lake")).unwrap();
    put_events(&server);
    let nobody = || {
        Place::new()
            .with("AWS_ENDPOINT_URL", server.endpoint())
            .with("AWS_EC2_METADATA_DISABLED", "true")
    };
    let public = nobody().with("AWS_NO_SIGN_REQUEST", "true");
    assert_eq!(public.run(&SUM).ok(), "sum\n3\n");
    let asked = server.asked();
    assert!(
        !asked.is_empty() && asked.iter().all(|it| !it.is_signed),
        "{asked:?}"
    );
    let refused = nobody().run(&SUM);
    assert_eq!(refused.status, 1);
    for part in [
        "there are no AWS credentials",
        "the profile `default`",
        "AWS_NO_SIGN_REQUEST=true",
    ] {
        assert!(refused.stderr.contains(part), "{}", refused.stderr);
    }
}

#[test]
fn whoever_asks_a_requester_pays_bucket_says_so_each_time() {
    let (_runtime, server) = server();
    put_events(&server);
    let place = place("AWS_ENDPOINT_URL", &server).with("AWS_REQUEST_PAYER", "requester");
    assert_eq!(place.run(&SUM).ok(), "sum\n3\n");
    let asked = server.asked();
    assert!(
        !asked.is_empty() && asked.iter().all(|it| it.pays && it.is_signed),
        "{asked:?}"
    );
}

#[test]
fn a_profile_says_where_the_bucket_is_and_who_asks() {
    let (_runtime, server) = server();
    put_events(&server);
    let files = Place::new();
    let settings = format!(
        "[profile analyst]\nregion = eu-west-1\nendpoint_url = {}\n",
        server.endpoint()
    );
    let config = files.file("config", settings);
    let keys = |secret: &str| {
        format!("[analyst]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {secret}\n")
    };
    let credentials = files.file("credentials", keys(SECRET_KEY));
    let place = Place::new()
        .with("AWS_PROFILE", "analyst")
        .with("AWS_CONFIG_FILE", config.to_str().unwrap())
        .with("AWS_SHARED_CREDENTIALS_FILE", credentials.to_str().unwrap());
    assert_eq!(place.run(&SUM).ok(), "sum\n3\n");
    files.file("credentials", keys("of-yesterday"));
    let refused = place.run(&SUM);
    let said = "signed with the access key test of the profile `analyst`";
    assert!(refused.stderr.contains(said), "{}", refused.stderr);
}

/// Nothing but S3 itself knows the Regions of its buckets, so here is only seen that it is asked, by a proxy that
/// then refuses to go there, and that the configured Region serves.
#[test]
fn s3_is_asked_for_the_region_of_a_bucket_before_the_configuration_is() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let seen = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            let host = line.split(' ').nth(1).unwrap_or_default().to_owned();
            seen.lock().unwrap().push(host);
            // A client that has gone is no failure.
            stream
                .write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
                .ok();
        }
    });
    let place = Place::new()
        .with("HTTPS_PROXY", &proxy)
        .with("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .with("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .with("AWS_REGION", "eu-west-3");
    let ran = place.run(&SUM);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    let mut hosts = asked.lock().unwrap().clone();
    hosts.dedup();
    assert_eq!(
        hosts,
        [
            "lake.s3.amazonaws.com:443",
            "s3.eu-west-3.amazonaws.com:443"
        ]
    );
}

#[test]
fn copy_writes_an_answer_into_a_bucket() {
    let (_runtime, server) = server();
    put_events(&server);
    let place = place("AWS_ENDPOINT_URL", &server);
    for (file, read) in [
        ("sums.csv", "csv"),
        ("sums.parquet", "parquet"),
        ("sums.json", "json"),
    ] {
        let copy = format!(
            "copy (select n, n * 2 as twice from events order by n) to 's3://lake/answers/{file}'"
        );
        let ran = place.run(&["sql", "--lake", "s3://lake", "-c", &copy]);
        assert_eq!(ran.status, 0, "{copy}: {}", ran.stderr);
        let back = format!(
            "create external table sums stored as {read} location 's3://lake/answers/{file}'; \
             select sum(twice) as sum from sums"
        );
        let back = place.run(&["sql", "--lake", "s3://lake", "--format", "csv", "-c", &back]);
        assert_eq!(back.ok(), "sum\n6\n", "{file}");
    }
    assert!(server.count(Operation::Put, "answers/sums.") >= 3);
}
