//! The AWS SDK for Rust, unmodified, against the event buses of `hydrant up`: what `tests/clients` does with boto3.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use aws_sdk_eventbridge::{
    Client,
    error::ProvideErrorMetadata as _,
    primitives::DateTime,
    types::{
        ApiDestinationHttpMethod, ConnectionAuthorizationType, ConnectionState,
        CreateConnectionAuthRequestParameters, CreateConnectionBasicAuthRequestParameters,
        HttpParameters, InputTransformer, PutEventsRequestEntry, ReplayDestination, ReplayState,
        RuleState, Tag, Target,
    },
};
use serde_json::{Value, json};

use crate::{serving::Up, support::Place};

const STREAM: &str = "arn:aws:firehose:us-east-1:000000000000:deliverystream/s";

fn client(up: &Up) -> Client {
    Client::new(&up.sdk_config())
}

fn entry(bus: &str, detail: &Value) -> PutEventsRequestEntry {
    PutEventsRequestEntry::builder()
        .source("shop")
        .detail_type("order")
        .detail(detail.to_string())
        .event_bus_name(bus)
        .build()
}

fn target(id: &str, arn: &str) -> aws_sdk_eventbridge::types::builders::TargetBuilder {
    Target::builder().id(id).arn(arn)
}

/// A place with a stream called `s`, and what is written below it in its lake.
fn start() -> (Place, Up) {
    let place = Place::new();
    let stream = json!({"DeliveryStreamName": "s", "ExtendedS3DestinationConfiguration": {
        "RoleARN": "arn:aws:iam::123456789012:role/r", "BucketARN": "arn:aws:s3:::b", "Prefix": "s/"}});
    place.file("s.json", stream.to_string());
    let up = Up::start(place.path(), &["--stream", "s.json"]);
    (place, up)
}

fn records(place: &Place) -> Vec<Value> {
    let files = hydrant_testing::files(&place.path().join("lake")).unwrap();
    let written: Vec<u8> = files.into_iter().flat_map(|(_, bytes)| bytes).collect();
    let text = String::from_utf8(written).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

/// A service desk: the heads and bodies that it got.
fn desk() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/tickets", listener.local_addr().unwrap());
    let got: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&got);
    thread::spawn(move || {
        for socket in listener.incoming() {
            let (mut socket, mut bytes) = (socket.unwrap(), [0; 8192]);
            let read = socket.read(&mut bytes).unwrap();
            let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
            kept.lock().unwrap().push(text);
            let answer = b"HTTP/1.1 200 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            socket.write_all(answer).unwrap();
        }
    });
    (url, got)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_walks_the_road_of_the_aws_sample() {
    let (place, up) = start();
    let (client, (url, tickets)) = (client(&up), desk());
    client
        .create_event_bus()
        .name("client_event_bus")
        .send()
        .await
        .unwrap();
    let rule = |name: &str, pattern: Value| {
        let put = client
            .put_rule()
            .name(name)
            .event_bus_name("client_event_bus");
        Box::pin(put.event_pattern(pattern.to_string()).send())
    };
    let targets = |rule: &str, target: Target| {
        let put = client
            .put_targets()
            .rule(rule)
            .event_bus_name("client_event_bus");
        Box::pin(put.targets(target).send())
    };
    rule("all", json!({"source": ["shop"]})).await.unwrap();
    let transformer = InputTransformer::builder().input_template("<aws.events.event>\n");
    let to_stream = target("stream", STREAM).input_transformer(transformer.build().unwrap());
    let put = targets("all", to_stream.build().unwrap()).await.unwrap();
    assert_eq!(put.failed_entry_count(), 0);

    let basic = CreateConnectionBasicAuthRequestParameters::builder()
        .username("user")
        .password("key")
        .build()
        .unwrap();
    let parameters = CreateConnectionAuthRequestParameters::builder().basic_auth_parameters(basic);
    let connection = client
        .create_connection()
        .name("desk")
        .authorization_type(ConnectionAuthorizationType::Basic)
        .auth_parameters(parameters.build());
    let connection = connection.send().await.unwrap();
    assert_eq!(
        connection.connection_state(),
        Some(&ConnectionState::Authorized)
    );
    let destination = client
        .create_api_destination()
        .name("desk")
        .set_connection_arn(connection.connection_arn)
        .invocation_endpoint(url)
        .http_method(ApiDestinationHttpMethod::Post)
        .invocation_rate_limit_per_second(10);
    let destination = destination.send().await.unwrap();
    let loyal = json!({"source": ["shop"], "detail": {"eventType": ["loyaltypurchase"]}});
    rule("sales", loyal).await.unwrap();
    let headers = HttpParameters::builder().header_parameters("Content-Type", "application/json");
    let to_desk = target("desk", destination.api_destination_arn().unwrap())
        .input_path("$.detail.ticket")
        .http_parameters(headers.build());
    targets("sales", to_desk.build().unwrap()).await.unwrap();

    let ticket = json!({"ticket": {"subject": "Loyalty customer purchase"}});
    let details = [
        json!({"eventType": "searching", "data": {"searchTerm": "it's \"new\""}}),
        json!({"eventType": "loyaltypurchase", "ticket": ticket}),
    ];
    // One brace too many, as the sample's generator has it.
    let broken = PutEventsRequestEntry::builder()
        .source("shop")
        .detail_type("order")
        .detail("{\"eventType\":\"shopping\"}}")
        .event_bus_name("client_event_bus");
    let put = client
        .put_events()
        .entries(entry("client_event_bus", &details[0]))
        .entries(entry("client_event_bus", &details[1]))
        .entries(broken.build())
        .send()
        .await
        .unwrap();
    assert_eq!(put.failed_entry_count(), 1);
    let entries = put.entries();
    assert_eq!(entries[2].error_code(), Some("MalformedDetail"));
    assert_eq!(entries[2].error_message(), Some("Detail is malformed."));
    up.flush();
    let found = records(&place);
    let ids: Vec<&str> = found.iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(
        ids,
        [
            entries[0].event_id().unwrap(),
            entries[1].event_id().unwrap()
        ]
    );
    assert_eq!(found[0]["detail"], details[0]);
    let got = tickets.lock().unwrap().clone();
    assert_eq!(got.len(), 1);
    assert!(
        got[0].contains("authorization: Basic dXNlcjprZXk="),
        "{}",
        got[0]
    );
    assert!(got[0].ends_with(&ticket.to_string()), "{}", got[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_those_that_the_sdk_knows_with_the_words_of_aws() {
    let (_place, up) = start();
    let client = client(&up);
    let unknown = client
        .describe_rule()
        .name("none")
        .send()
        .await
        .unwrap_err();
    let unknown = unknown.into_service_error();
    assert!(unknown.is_resource_not_found_exception(), "{unknown}");
    assert_eq!(
        unknown.message(),
        Some("Rule none does not exist on EventBus default.")
    );
    let wrong = client
        .put_rule()
        .name("r")
        .event_pattern(r#"{"a":[{"prefix":1}]}"#);
    let wrong = wrong.send().await.unwrap_err().into_service_error();
    assert!(wrong.is_invalid_event_pattern_exception(), "{wrong}");
    let reason = "Event pattern is not valid. Reason: prefix match pattern must be a string";
    assert!(wrong.message().unwrap().starts_with(reason), "{wrong}");
    client.create_event_bus().name("b").send().await.unwrap();
    let again = client
        .create_event_bus()
        .name("b")
        .send()
        .await
        .unwrap_err();
    let again = again.into_service_error();
    assert!(again.is_resource_already_exists_exception(), "{again}");
    let many = (0..11).map(|n| entry("b", &json!({ "n": n })));
    let many = client
        .put_events()
        .set_entries(Some(many.collect()))
        .send()
        .await
        .unwrap_err();
    assert_eq!(many.code(), Some("ValidationException"));
    let end = "at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10";
    assert!(many.message().unwrap().ends_with(end), "{many:?}");
    let large = entry("b", &json!({"a": "x".repeat(1 << 20)}));
    let large = client.put_events().entries(large).send().await.unwrap_err();
    assert_eq!(
        large.message(),
        Some("Total size of the entries in the request is over the limit.")
    );
    let event = r#"{"id":"1","account":"1","source":"a","time":"2026-11-22T10:00:00Z","region":"r","detail-type":"d","detail":{"state.status":"on"}}"#;
    let pattern = r#"{"detail":{"state":{"status":[{"suffix":"n"}]}}}"#;
    let tried = client
        .test_event_pattern()
        .event_pattern(pattern)
        .event(event);
    assert!(tried.send().await.unwrap().result());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_is_replayed_and_everything_that_is_made_is_listed_and_deleted() {
    let (place, up) = start();
    let client = client(&up);
    let tag = Tag::builder().key("a").value("1").build().unwrap();
    let bus = client
        .create_event_bus()
        .name("kept")
        .tags(tag)
        .send()
        .await
        .unwrap();
    let bus = bus.event_bus_arn().unwrap();
    let archive = client
        .create_archive()
        .archive_name("kept")
        .event_source_arn(bus);
    let archive = archive.send().await.unwrap();
    for n in 0..30 {
        let mut entry = entry("kept", &json!({ "n": n }));
        entry.time = Some(DateTime::from_secs(1_700_000_000 + n));
        client.put_events().entries(entry).send().await.unwrap();
    }
    up.flush();
    let described = client
        .describe_archive()
        .archive_name("kept")
        .send()
        .await
        .unwrap();
    assert_eq!(described.event_count(), 30);
    let put = client.put_rule().name("one").event_bus_name("kept");
    let put = put
        .event_pattern(r#"{"source":["shop"]}"#)
        .send()
        .await
        .unwrap();
    let rule = put.rule_arn().unwrap();
    let transformer = InputTransformer::builder().input_template("<aws.events.event.json>\n");
    let to_stream = target("s", STREAM).input_transformer(transformer.build().unwrap());
    let put = client.put_targets().rule("one").event_bus_name("kept");
    put.targets(to_stream.build().unwrap())
        .send()
        .await
        .unwrap();
    let destination = ReplayDestination::builder()
        .arn(bus)
        .filter_arns(rule)
        .build()
        .unwrap();
    let replay = client
        .start_replay()
        .replay_name("again")
        .event_source_arn(archive.archive_arn().unwrap())
        .event_start_time(DateTime::from_secs(1_700_000_010))
        .event_end_time(DateTime::from_secs(1_700_000_019))
        .destination(destination);
    replay.send().await.unwrap();
    let ended = loop {
        let described = client
            .describe_replay()
            .replay_name("again")
            .send()
            .await
            .unwrap();
        match described.state() {
            Some(ReplayState::Starting | ReplayState::Running) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            _ => break described,
        }
    };
    assert_eq!(ended.state(), Some(&ReplayState::Completed));
    up.flush();
    let mut numbers: Vec<i64> = records(&place)
        .iter()
        .inspect(|it| assert_eq!(it["replay-name"], "again"))
        .map(|it| it["detail"]["n"].as_i64().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (10..20).collect::<Vec<_>>());

    let tags = client
        .list_tags_for_resource()
        .resource_arn(bus)
        .send()
        .await
        .unwrap();
    assert_eq!(tags.tags()[0].key(), "a");
    let disable = client.disable_rule().name("one").event_bus_name("kept");
    disable.send().await.unwrap();
    let rules = client
        .list_rules()
        .event_bus_name("kept")
        .send()
        .await
        .unwrap();
    assert_eq!(rules.rules()[0].state(), Some(&RuleState::Disabled));
    let remove = client
        .remove_targets()
        .rule("one")
        .event_bus_name("kept")
        .ids("s");
    remove.send().await.unwrap();
    client
        .delete_rule()
        .name("one")
        .event_bus_name("kept")
        .send()
        .await
        .unwrap();
    client
        .delete_archive()
        .archive_name("kept")
        .send()
        .await
        .unwrap();
    client.delete_event_bus().name("kept").send().await.unwrap();
    let buses = client.list_event_buses().send().await.unwrap();
    let names: Vec<_> = buses
        .event_buses()
        .iter()
        .filter_map(|it| it.name())
        .collect();
    assert_eq!(names, ["default"]);
}
