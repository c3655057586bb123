//! The control plane, in AWS's words.

use std::sync::Arc;

use hydrant_endpoint::SystemClock;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{STREAM, World, options};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_refused_in_the_words_of_aws() {
    let place = TempDir::new().unwrap();
    let world = World::new(place.path()).await;
    world.call("CreateEventBus", json!({"Name": "b"})).await;
    world.rule("r", json!([{"Id": "t", "Arn": STREAM}])).await;
    let pattern = "{\"source\":[\"a\"]}";
    let cases = [
        (
            "DescribeEventBus",
            json!({"Name": "x"}),
            "ResourceNotFoundException",
            "Event bus x does not exist.",
        ),
        (
            "CreateEventBus",
            json!({"Name": "b"}),
            "ResourceAlreadyExistsException",
            "Event bus b already exists.",
        ),
        (
            "DeleteEventBus",
            json!({"Name": "default"}),
            "ValidationException",
            "Cannot delete event bus default.",
        ),
        (
            "DescribeRule",
            json!({"Name": "x"}),
            "ResourceNotFoundException",
            "Rule x does not exist on EventBus default.",
        ),
        (
            "EnableRule",
            json!({"Name": "x", "EventBusName": "b"}),
            "ResourceNotFoundException",
            "Rule x does not exist on EventBus b.",
        ),
        (
            "DeleteRule",
            json!({"Name": "r"}),
            "ValidationException",
            "Rule can't be deleted since it has targets.",
        ),
        (
            "PutRule",
            json!({"Name": "s", "EventBusName": "b", "ScheduleExpression": "rate(1 minute)"}),
            "ValidationException",
            "ScheduleExpression is supported only on the default event bus.",
        ),
        (
            "PutRule",
            json!({"Name": "s", "ScheduleExpression": "rate(10 seconds)"}),
            "ValidationException",
            "Parameter ScheduleExpression is not valid.",
        ),
        (
            "PutRule",
            json!({"Name": "s", "EventPattern": "{\"a\":[]}"}),
            "InvalidEventPatternException",
            "Event pattern is not valid. Reason: Empty arrays are not allowed",
        ),
        (
            "PutRule",
            json!({"Name": "not good", "EventPattern": pattern}),
            "ValidationException",
            "1 validation error detected: Value 'not good' at 'name' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
        ),
        (
            "PutTargets",
            json!({"Rule": "r", "Targets": [{"Id": "t", "Arn": STREAM, "Input": "{}", "InputPath": "$"}]}),
            "ValidationException",
            "Only one of Input, InputPath, or InputTransformer must be provided for target t.",
        ),
        (
            "PutTargets",
            json!({"Rule": "r", "Targets": [{"Id": "t", "Arn": STREAM,
            "InputTransformer": {"InputTemplate": "\"<who>\""}}]}),
            "ValidationException",
            "InputTemplate for target t contains invalid placeholder who.",
        ),
        (
            "RemovePermission",
            json!({"StatementId": "x"}),
            "ResourceNotFoundException",
            "EventBus does not have a policy.",
        ),
        (
            "DescribeArchive",
            json!({"ArchiveName": "x"}),
            "ResourceNotFoundException",
            "Archive x does not exist.",
        ),
        (
            "CreateArchive",
            json!({"ArchiveName": "x", "EventSourceArn": "arn:aws:events:us-east-1:1:event-bus/no"}),
            "ResourceNotFoundException",
            "Event bus no does not exist.",
        ),
        (
            "TestEventPattern",
            json!({"EventPattern": pattern, "Event": "{}"}),
            "ValidationException",
            "Parameter Event is not valid.",
        ),
        (
            "PutPartnerEvents",
            json!({}),
            "OperationDisabledException",
            "PutPartnerEvents is not supported here: partner event sources and global endpoints are AWS's",
        ),
        (
            "PutEvents",
            json!({"Entries": []}),
            "ValidationException",
            "1 validation error detected: Value '[]' at 'entries' failed to satisfy constraint: Member must have \
             length greater than or equal to 1",
        ),
    ];
    for (operation, input, kind, text) in cases {
        let (found, message) = world.refused(operation, input.clone()).await;
        assert_eq!(found, kind, "{operation} {input}: {message}");
        assert_eq!(message.lines().next().unwrap(), text, "{operation} {input}");
    }
    let large = json!({"Entries": [{"Source": "s", "DetailType": "t",
        "Detail": format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20))}]});
    assert_eq!(
        world.refused("PutEvents", large).await.1,
        "Total size of the entries in the request is over the limit."
    );
    let eleven = vec![json!({"Source": "s", "DetailType": "t", "Detail": "{}"}); 11];
    let (_, message) = world
        .refused("PutEvents", json!({ "Entries": eleven }))
        .await;
    assert!(
        message.ends_with("Member must have length less than or equal to 10"),
        "{message}"
    );
    let unreadable = world
        .api
        .call("PutEvents", b"{\"Entries\":[{\"Detail\":\"\\'\"}]}")
        .await
        .unwrap_err();
    assert_eq!(
        String::from_utf8(unreadable.body()).unwrap(),
        r#"{"__type":"com.amazon.coral.service#SerializationException"}"#
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_targets_permissions_and_tags_are_as_they_were_put() {
    let place = TempDir::new().unwrap();
    let world = World::new(place.path()).await;
    let targets: Vec<Value> = (0..5)
        .map(|n| json!({"Id": format!("t{n}"), "Arn": STREAM, "RoleArn": "arn:aws:iam::1:role/r"}))
        .collect();
    world.rule("r", json!(targets)).await;
    let listed = world.call("ListTargetsByRule", json!({"Rule": "r"})).await;
    assert_eq!(listed["Targets"], json!(targets));
    let (kind, _) = world
        .refused(
            "PutTargets",
            json!({"Rule": "r", "Targets": [{"Id": "six", "Arn": STREAM}]}),
        )
        .await;
    assert_eq!(kind, "LimitExceededException");
    let page = world
        .call("ListTargetsByRule", json!({"Rule": "r", "Limit": 3}))
        .await;
    assert_eq!(page["Targets"].as_array().unwrap().len(), 3);
    let rest = world
        .call(
            "ListTargetsByRule",
            json!({"Rule": "r", "Limit": 3, "NextToken": page["NextToken"]}),
        )
        .await;
    assert_eq!(rest["Targets"].as_array().unwrap().len(), 2);
    assert_eq!(rest["NextToken"], Value::Null);
    assert_eq!(
        world
            .call("ListRuleNamesByTarget", json!({"TargetArn": STREAM}))
            .await["RuleNames"],
        json!(["r"])
    );
    let removed = world
        .call("RemoveTargets", json!({"Rule": "r", "Ids": ["t1", "no"]}))
        .await;
    assert_eq!(removed["FailedEntryCount"], 1);

    let arn = "arn:aws:events:us-east-1:123456789012:rule/r";
    let tags = json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]);
    world
        .call("TagResource", json!({"ResourceARN": arn, "Tags": tags}))
        .await;
    world
        .call(
            "UntagResource",
            json!({"ResourceARN": arn, "TagKeys": ["a"]}),
        )
        .await;
    let left = world
        .call("ListTagsForResource", json!({"ResourceARN": arn}))
        .await;
    assert_eq!(left["Tags"], json!([{"Key": "b", "Value": "2"}]));

    world
        .call(
            "PutPermission",
            json!({"StatementId": "s", "Action": "events:PutEvents", "Principal": "111122223333"}),
        )
        .await;
    let bus = world.call("DescribeEventBus", json!({})).await;
    assert!(
        bus["Policy"]
            .as_str()
            .unwrap()
            .contains("arn:aws:iam::111122223333:root"),
        "{bus}"
    );
    let (_, text) = world
        .refused("RemovePermission", json!({"StatementId": "x"}))
        .await;
    assert_eq!(text, "Statement with the provided id does not exist.");
    world
        .call("RemovePermission", json!({"StatementId": "s"}))
        .await;
    world.call("DisableRule", json!({"Name": "r"})).await;
    world.put(&[json!({})]).await;
    world.buses.delivered().await;
    assert!(world.recorder.of("s").is_empty());
    let event = json!({"id": "1", "account": "1", "source": "a", "time": "t", "region": "r",
        "detail-type": "d", "resources": []});
    let tested = json!({"EventPattern": "{\"source\":[\"a\"]}", "Event": event.to_string()});
    assert_eq!(world.call("TestEventPattern", tested).await["Result"], true);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn how_complex_a_wildcard_may_be_is_a_setting() {
    let pattern = r#"{"resources":[{"wildcard":"*:*:*:*:*:event-bus/*"}]}"#;
    let rule = json!({"Name": "r", "EventPattern": pattern});
    let place = TempDir::new().unwrap();
    let world = World::new(place.path()).await;
    let (kind, message) = world.refused("PutRule", rule.clone()).await;
    assert_eq!(kind, "InvalidEventPatternException");
    assert!(
        message.contains("Rule is too complex - try using fewer wildcard characters"),
        "{message}"
    );
    world.stop().await;
    let place = TempDir::new().unwrap();
    let mut options = options(place.path());
    options.patterns.wildcard_complexity = 20;
    let world = World::with(place.path(), options, Arc::new(SystemClock)).await;
    world.call("PutRule", rule).await;
    world.stop().await;
}
