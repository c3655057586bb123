//! The road over S3, with the environment that AWS clients take.

use hydrant_testing::{ACCESS_KEY, S3Server, SECRET_KEY};
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
    assert!(
        said.contains("s3://lake/one") && said.contains("SignatureDoesNotMatch"),
        "{said}"
    );
    let said = query(
        place("AWS_ENDPOINT_URL", &server),
        "s3://no-such-bucket/one",
    );
    assert!(said.contains("s3://no-such-bucket/one"), "{said}");
}
