//! API destinations: what they get, what is tried again, and how fast.

use std::{sync::Arc, time::Duration};

use hydrant_endpoint::SystemClock;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{QUEUE, Web, World, options, queue};

const NOW: Duration = Duration::ZERO;

/// A connection, a destination at `web` and a rule whose target is it.
async fn connect(world: &World, web: &Web, kind: &str, parameters: Value, target: Value) {
    let connection = world
        .call(
            "CreateConnection",
            json!({"Name": "c", "AuthorizationType": kind, "AuthParameters": parameters}),
        )
        .await;
    let destination = world
        .call(
            "CreateApiDestination",
            json!({"Name": "d", "ConnectionArn": connection["ConnectionArn"], "HttpMethod": "POST",
                "InvocationEndpoint": format!("{}/v2/*/tickets", web.address),
                "InvocationRateLimitPerSecond": target["rate"].as_u64().unwrap_or(300)}),
        )
        .await;
    let mut it = json!({"Id": "t", "Arn": destination["ApiDestinationArn"],
        "DeadLetterConfig": {"Arn": QUEUE}});
    if let Some(more) = target["target"].as_object() {
        for (name, value) in more {
            it[name] = value.clone();
        }
    }
    world.rule("sales", json!([it])).await;
}

fn basic() -> Value {
    json!({"BasicAuthParameters": {"Username": "user", "Password": "pass"}})
}

async fn world(place: &TempDir) -> World {
    let mut options = options(place.path());
    options.time_scale = 1000.0;
    options.answer_time = Duration::from_millis(300);
    World::with(place.path(), options, Arc::new(SystemClock)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_gets_the_headers_of_eventbridge_and_the_parameters_of_target_and_connection()
{
    let place = TempDir::new().unwrap();
    let world = world(&place).await;
    let web = Web::new(vec![(200, String::new(), NOW)]).await;
    let mut parameters = basic();
    parameters["InvocationHttpParameters"] = json!({
        "HeaderParameters": [{"Key": "X-Who", "Value": "connection"}, {"Key": "Range", "Value": "no"}],
        "QueryStringParameters": [{"Key": "q", "Value": "1"}],
        "BodyParameters": [{"Key": "secret", "Value": "s", "IsValueSecret": true}],
    });
    let target = json!({"target": {"InputPath": "$.detail.ticket", "HttpParameters": {
        "PathParameterValues": ["$.detail.id"],
        "HeaderParameters": {"x-who": "target", "Content-Type": "application/json"},
        "QueryStringParameters": {"who": "$.detail.name"},
    }}});
    connect(&world, &web, "BASIC", parameters, target).await;
    world
        .put(&[json!({"id": "a b", "name": "x&y", "ticket": {"subject": "s"}})])
        .await;
    world.buses.delivered().await;
    let got = &web.got()[0];
    assert_eq!(got.line, "POST /v2/a%20b/tickets?q=1&who=x%26y");
    assert_eq!(
        serde_json::from_str::<Value>(&got.body).unwrap(),
        json!({"subject": "s", "secret": "s"})
    );
    for (name, value) in [
        ("authorization", "Basic dXNlcjpwYXNz"),
        ("user-agent", "Amazon/EventBridge/ApiDestinations"),
        ("range", "bytes=0-1048575"),
        ("accept-encoding", "gzip,deflate"),
        ("connection", "close"),
        ("content-type", "application/json"),
        ("x-who", "connection"),
    ] {
        assert_eq!(
            got.headers.get(name).map(String::as_str),
            Some(value),
            "{name}"
        );
    }
    // What is secret is never shown.
    let shown = world.call("DescribeConnection", json!({"Name": "c"})).await;
    assert!(!shown.to_string().contains("pass"), "{shown}");
    assert!(!shown.to_string().contains("\"s\""), "{shown}");
    assert!(
        shown["SecretArn"]
            .as_str()
            .unwrap()
            .contains(":secret:events!connection/c/")
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_the_statuses_that_may_pass_are_tried_again() {
    for (status, more, tried) in [
        (301, "location: http://127.0.0.1:1/", 1),
        (400, "", 1),
        (403, "", 1),
        (404, "", 1),
        (401, "", 3),
        (407, "", 3),
        (409, "", 3),
        (429, "retry-after: 2", 3),
        (429, "retry-after: -1", 1),
        (500, "", 3),
        (503, "", 3),
    ] {
        let place = TempDir::new().unwrap();
        let world = world(&place).await;
        let web = Web::new(vec![(status, more.to_owned(), NOW)]).await;
        let policy = json!({"target": {"RetryPolicy": {"MaximumRetryAttempts": 2}}});
        connect(&world, &web, "BASIC", basic(), policy).await;
        world.put(&[json!({})]).await;
        world.until(|it| it.noticed("DeadLetter")).await;
        assert_eq!(web.got().len(), tried, "{status} {more}");
        let letter = &queue(place.path(), "dead")[0]["messageAttributes"];
        assert_eq!(
            letter["RETRY_ATTEMPTS"]["stringValue"],
            (tried - 1).to_string()
        );
        let condition = &letter["EXHAUSTED_RETRY_CONDITION"]["stringValue"];
        let wanted = if tried > 1 {
            json!("MaximumRetryAttempts")
        } else {
            Value::Null
        };
        assert_eq!(*condition, wanted, "{status} {more}");
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_late_is_waited_for_no_longer_and_asked_for_again() {
    let place = TempDir::new().unwrap();
    let world = world(&place).await;
    let late = (200, String::new(), Duration::from_millis(900));
    let web = Web::new(vec![late, (200, String::new(), NOW)]).await;
    connect(&world, &web, "BASIC", basic(), json!({})).await;
    world.put(&[json!({})]).await;
    world.until(|it| it.noticed("TIMEOUT")).await;
    world.buses.delivered().await;
    for _ in 0..400 {
        if web.got().len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(web.got().len(), 2);
    assert!(queue(place.path(), "dead").is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_beyond_the_rate_wait_their_turn_and_none_is_lost() {
    let place = TempDir::new().unwrap();
    let world = world(&place).await;
    let web = Web::new(vec![(200, String::new(), NOW)]).await;
    connect(&world, &web, "BASIC", basic(), json!({"rate": 20})).await;
    let details: Vec<Value> = (0..11).map(|n| json!({ "n": n })).collect();
    world.put(&details).await;
    world.buses.delivered().await;
    let got = web.got();
    assert_eq!(got.len(), 11);
    let took = got[10].at.duration_since(got[0].at);
    assert!(took >= Duration::from_millis(450), "{took:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_fetched_once_and_anew_when_it_is_refused() {
    let place = TempDir::new().unwrap();
    let world = world(&place).await;
    let web = Web::answering(|number, got| {
        if got.line.contains("/token") {
            return (200, format!("\n\n{{\"access_token\":\"t{number}\"}}"), NOW);
        }
        let fresh = got.headers["authorization"] != "Bearer t0";
        (if fresh { 200 } else { 401 }, String::new(), NOW)
    })
    .await;
    let parameters = json!({"OAuthParameters": {
        "ClientParameters": {"ClientID": "id", "ClientSecret": "hush"},
        "AuthorizationEndpoint": format!("{}/token", web.address), "HttpMethod": "POST",
        "OAuthHttpParameters": {"BodyParameters": [{"Key": "scope", "Value": "a b"}]}}});
    connect(
        &world,
        &web,
        "OAUTH_CLIENT_CREDENTIALS",
        parameters,
        json!({}),
    )
    .await;
    for _ in 0..400 {
        let described = world.call("DescribeConnection", json!({"Name": "c"})).await;
        if described["ConnectionState"] == "AUTHORIZED" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    world.put(&[json!({"n": 1})]).await;
    world.buses.delivered().await;
    world.put(&[json!({"n": 2})]).await;
    world.buses.delivered().await;
    let lines: Vec<String> = web.got().iter().map(|it| it.line.clone()).collect();
    let call = "POST /v2/*/tickets";
    assert_eq!(lines, ["POST /token", call, "POST /token", call, call]);
    assert_eq!(
        web.got()[0].body,
        "grant_type=client_credentials&client_id=id&client_secret=hush&scope=a+b"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_goes_into_the_header_that_it_names() {
    let place = TempDir::new().unwrap();
    let world = world(&place).await;
    let web = Web::new(vec![(200, String::new(), NOW)]).await;
    let parameters = json!({"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "k"}});
    connect(&world, &web, "API_KEY", parameters, json!({})).await;
    world.put(&[json!({})]).await;
    world.buses.delivered().await;
    assert_eq!(web.got()[0].headers["x-key"], "k");
    // Plain HTTP leaves this machine for nobody.
    let arn = world
        .call("DescribeApiDestination", json!({"Name": "d"}))
        .await["ConnectionArn"]
        .clone();
    let (kind, message) = world
        .refused(
            "CreateApiDestination",
            json!({"Name": "e", "ConnectionArn": arn, "HttpMethod": "POST",
            "InvocationEndpoint": "http://example.com/"}),
        )
        .await;
    assert_eq!(kind, "ValidationException");
    assert!(message.contains("https://"), "{message}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn which_statuses_below_500_are_tried_again_is_a_setting() {
    for (status, tried) in [(429, 2), (409, 1), (401, 1), (502, 2)] {
        let place = TempDir::new().unwrap();
        let mut options = options(place.path());
        options.time_scale = 1000.0;
        // AWS's guide of 2023.
        options.retried_statuses = vec![429];
        let world = World::with(place.path(), options, Arc::new(SystemClock)).await;
        let web = Web::new(vec![(status, String::new(), NOW)]).await;
        let policy = json!({"target": {"RetryPolicy": {"MaximumRetryAttempts": 1}}});
        connect(&world, &web, "BASIC", basic(), policy).await;
        world.put(&[json!({})]).await;
        world.until(|it| it.noticed("DeadLetter")).await;
        assert_eq!(web.got().len(), tried, "{status}");
        world.stop().await;
    }
}
