//! HTTP around the API.

use std::{sync::Arc, time::Duration};

use hydrant_delivery::{Api, Clock, Keys, Listener, Server, ServerError};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    client::Client,
    serving::{ManualClock, Running, Serving, lake, lines, options, plain, service},
};

async fn serving(place: &TempDir) -> Serving {
    let lake = lake(place.path()).await;
    Serving::new(service(options(place.path()), lake, ManualClock::new()).await).await
}

async fn client(serving: &Serving) -> Client {
    Client::connect(&serving.address.to_string()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_are_put_lie_in_the_lake_after_a_flush() {
    let place = TempDir::new().unwrap();
    let serving = serving(&place).await;
    let mut client = client(&serving).await;
    assert_eq!(
        client
            .call("CreateDeliveryStream", &plain("s"))
            .await
            .unwrap()
            .status,
        200
    );
    let answer = client
        .put("s", &["a\n".into(), "b\n".into()])
        .await
        .unwrap();
    assert_eq!(
        (answer.status, &answer.json()["FailedPutCount"]),
        (200, &json!(0))
    );
    assert_eq!(
        answer.header("content-type"),
        Some("application/x-amz-json-1.1")
    );
    assert_eq!(answer.header("x-amzn-requestid").map(str::len), Some(36));
    let flushed = client
        .request("POST /_hydrant/flush?stream=s", &[], b"")
        .await
        .unwrap();
    assert_eq!(flushed.status, 200);
    assert_eq!(lines(place.path(), "s/"), ["a", "b"]);
    assert_eq!(
        client
            .request("POST /_hydrant/flush?stream=t", &[], b"")
            .await
            .unwrap()
            .status,
        404
    );
    let metrics = client.request("GET /metrics", &[], b"").await.unwrap();
    let metrics = String::from_utf8(metrics.body).unwrap();
    assert!(
        metrics.contains("firehose_PutRecordBatch_Records{DeliveryStreamName=\"s\"} 2\n"),
        "{metrics}"
    );
    let health = client.request("GET /health", &[], b"").await.unwrap();
    assert_eq!(health.json()["status"], "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_has_its_type_in_a_header_and_in_the_body() {
    let place = TempDir::new().unwrap();
    let serving = serving(&place).await;
    let mut client = client(&serving).await;
    let input = json!({ "DeliveryStreamName": "nowhere" });
    let answer = client.call("DescribeDeliveryStream", &input).await.unwrap();
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.header("x-amzn-errortype"),
        Some("ResourceNotFoundException")
    );
    assert_eq!(answer.json()["__type"], "ResourceNotFoundException");

    for (target, body, kind) in [
        ("", "{}", "UnknownOperationException"),
        (
            "DynamoDB_20120810.ListTables",
            "{}",
            "UnknownOperationException",
        ),
        (
            "Firehose_20150804.MakeCoffee",
            "{}",
            "UnknownOperationException",
        ),
        (
            "Firehose_20150804.ListDeliveryStreams",
            "{",
            "SerializationException",
        ),
        (
            "Firehose_20150804.ListDeliveryStreams",
            "[]",
            "SerializationException",
        ),
        (
            "Firehose_20150804.PutRecord",
            "{\"Record\":7}",
            "SerializationException",
        ),
    ] {
        let headers = [("x-amz-target", target)];
        let answer = client
            .request("POST /", &headers, body.as_bytes())
            .await
            .unwrap();
        assert_eq!(
            (answer.status, &answer.json()["__type"]),
            (400, &json!(kind)),
            "{target} {body}"
        );
    }
    assert_eq!(
        client
            .request("GET /nothing", &[], b"")
            .await
            .unwrap()
            .status,
        404
    );
    assert_eq!(client.request("PUT /", &[], b"").await.unwrap().status, 405);
    let large = vec![b' '; (8 << 20) + 1];
    let headers = [("x-amz-target", "Firehose_20150804.PutRecordBatch")];
    // The answer comes before the body is read, so the client may be cut off while it writes.
    if let Ok(answer) = client.request("POST /", &headers, &large).await {
        assert_eq!(answer.status, 413);
    }
}

#[tokio::test]
async fn a_port_that_is_taken_and_an_address_that_others_reach_are_refused_with_a_way_out() {
    let place = TempDir::new().unwrap();
    let serving = serving(&place).await;
    let taken = Listener::bind(serving.address, None).await.unwrap_err();
    assert!(
        taken
            .to_string()
            .ends_with("something else listens there; stop it, or choose another port"),
        "{taken}"
    );
    let open = Listener::bind("0.0.0.0:0".parse().unwrap(), None)
        .await
        .unwrap_err();
    assert!(matches!(open, ServerError::Unprotected { .. }), "{open}");
}

/// Signs with another implementation than the one that checks.
fn signed(secret: &str, clock: &ManualClock, target: &str, body: &[u8]) -> Vec<(String, String)> {
    use aws_sigv4::{
        http_request::{SignableBody, SignableRequest, SigningSettings, sign},
        sign::v4,
    };
    let identity =
        aws_credential_types::Credentials::new("AKID", secret, None, None, "test").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-west-1")
        .name("firehose")
        .time(clock.now().into())
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let headers = [("host", "localhost"), ("x-amz-target", target)];
    let request = SignableRequest::new(
        "POST",
        "http://localhost/",
        headers.into_iter(),
        SignableBody::Bytes(body),
    );
    let (instructions, _) = sign(request.unwrap(), &params).unwrap().into_parts();
    let mut all: Vec<(String, String)> = instructions
        .headers()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    all.extend(headers.map(|(name, value)| (name.to_owned(), value.to_owned())));
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn with_keys_only_what_is_signed_with_one_of_them_is_let_in() {
    let Running {
        place: _place,
        clock,
        service,
    } = Running::new(|_| {}, &plain("s")).await;
    let keys = Keys::new().with("AKID", "secret");
    assert!(!format!("{keys:?}").contains("secret"));
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), Some(keys))
        .await
        .unwrap();
    let address = listener.address().unwrap().to_string();
    let api = Arc::new(Api::new(Arc::clone(&service)));
    let server = Server::new(listener, vec![api], Arc::clone(service.clock()));
    let ids = hydrant_delivery::Ids::from_seed(1);
    let task = tokio::spawn(server.serve(ids, std::future::pending()));
    let mut client = Client::connect(&address).await.unwrap();
    let target = "Firehose_20150804.ListDeliveryStreams";
    let mut ask = async |headers: &[(String, String)], body: &str| {
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let answer = client
            .request("POST /", &headers, body.as_bytes())
            .await
            .unwrap();
        (answer.status, answer.json())
    };
    let right = signed("secret", &clock, target, b"{}");
    let (status, answer) = ask(&right, "{}").await;
    assert_eq!(status, 200, "{answer}");

    let kind = |answer: (u16, Value)| answer.1["__type"].as_str().unwrap().to_owned();
    let unsigned = [("x-amz-target".to_owned(), target.to_owned())];
    assert_eq!(
        kind(ask(&unsigned, "{}").await),
        "MissingAuthenticationTokenException"
    );
    let wrong = signed("guess", &clock, target, b"{}");
    assert_eq!(kind(ask(&wrong, "{}").await), "InvalidSignatureException");
    assert_eq!(
        kind(ask(&right, "{ }").await),
        "InvalidSignatureException",
        "another body"
    );
    let stranger: Vec<_> = right
        .iter()
        .map(|(name, value)| (name.clone(), value.replace("AKID", "OTHER")))
        .collect();
    assert_eq!(
        kind(ask(&stranger, "{}").await),
        "UnrecognizedClientException"
    );
    clock.advance(Duration::from_mins(16)).await;
    assert_eq!(
        kind(ask(&right, "{}").await),
        "InvalidSignatureException",
        "replayed later"
    );

    assert_eq!(
        client
            .request("GET /metrics", &[], b"")
            .await
            .unwrap()
            .status,
        400
    );
    assert_eq!(
        client
            .request("GET /health", &[], b"")
            .await
            .unwrap()
            .status,
        200
    );
    task.abort();
}
