//! Buses and APIs as other people's templates have them: events of functions, policies, APIs in single resources.

use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{serving::Up, support::Place};

fn events(up: &Up, operation: &str, input: &Value) -> Value {
    let target = format!("AWSEvents.{operation}");
    let (status, body) = up.request("POST /", &target, &input.to_string());
    assert_eq!(status, 200, "{operation} {body}");
    serde_json::from_str(&body).unwrap()
}

const FUNCTIONS: &str = r#"
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::Events::EventBus
    Properties: { Name: orders }
  Policy:
    Type: AWS::Events::EventBusPolicy
    Properties:
      EventBusName: !Ref Orders
      StatementId: others
      Statement:
        Effect: Allow
        Principal: { AWS: "arn:aws:iam::111122223333:root" }
        Action: events:PutEvents
        Resource: !GetAtt Orders.Arn
  OnOrder:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: function
      Handler: order.handler
      Runtime: python3.13
      Events:
        Placed:
          Type: EventBridgeRule
          Properties:
            EventBusName: !Ref Orders
            Pattern: { source: [shop], detail: { kind: [placed] } }
            InputPath: $.detail
            RetryPolicy: { MaximumRetryAttempts: 3 }
            DeadLetterConfig: { Type: SQS, QueueLogicalId: OrderDead }
        Nightly:
          Type: Schedule
          Properties: { Schedule: "cron(0 3 * * ? *)", Name: nightly, Enabled: false, Input: '{"all":true}' }
  Kept:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !Ref Orders
      EventPattern: { source: [shop] }
      Targets:
        - { Id: one, Arn: !GetAtt Queue.Arn }
        - { Id: two, Arn: !GetAtt Queue.Arn }
  Queue:
    Type: AWS::SQS::Queue
    Properties: { QueueName: orders }
"#;

#[test]
fn the_events_of_a_function_are_rules_and_targets_that_a_template_drops_are_dropped() {
    let has_python = Command::new("python3").arg("--version").output();
    if !has_python.is_ok_and(|ran| ran.status.success()) {
        eprintln!("skipped: there is no python3 for the function");
        return;
    }
    let place = Place::new();
    place.file("template.yaml", FUNCTIONS);
    let handler = "def handler(event, context):\n    open('got', 'a').write(event['n'] + '\\n')\n";
    place.file("function/order.py", handler);
    let up = Up::start(place.path(), &["-t", "template.yaml"]);
    let put = |kind: &str| {
        let detail = json!({"kind": kind, "n": kind}).to_string();
        json!({"Source": "shop", "DetailType": "t", "Detail": detail, "EventBusName": "orders"})
    };
    let entries = json!({"Entries": [put("placed"), put("paid")]});
    assert_eq!(events(&up, "PutEvents", &entries)["FailedEntryCount"], 0);
    let began = Instant::now();
    while !place.path().join("function/got").exists() {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "the function was not called"
        );
        thread::sleep(Duration::from_millis(20));
    }
    up.flush();
    assert_eq!(place.read("function/got"), "placed\n");
    assert_eq!(
        place
            .read("lake.hydrant/queues/orders.ndjson")
            .lines()
            .count(),
        4
    );

    let rule = json!({"Rule": "OnOrderPlaced", "EventBusName": "orders"});
    let targets = events(&up, "ListTargetsByRule", &rule)["Targets"].clone();
    insta::assert_snapshot!(targets, @r#"[{"Arn":"arn:aws:lambda:us-east-1:000000000000:function:OnOrder","DeadLetterConfig":{"Arn":"arn:aws:sqs:us-east-1:000000000000:OrderDead"},"Id":"OnOrderPlacedTarget","InputPath":"$.detail","RetryPolicy":{"MaximumRetryAttempts":3}}]"#);
    let nightly = events(&up, "DescribeRule", &json!({"Name": "nightly"}));
    assert_eq!(
        (&nightly["State"], &nightly["ScheduleExpression"]),
        (&json!("DISABLED"), &json!("cron(0 3 * * ? *)"))
    );
    let bus = events(&up, "DescribeEventBus", &json!({"Name": "orders"}));
    let policy = bus["Policy"].as_str().unwrap();
    assert!(
        policy.contains("111122223333") && policy.contains(r#""Sid":"others""#),
        "{policy}"
    );
    assert_eq!(up.stop().0, 0);

    let dropped = FUNCTIONS.replace("        - { Id: two, Arn: !GetAtt Queue.Arn }\n", "");
    place.file("template.yaml", dropped);
    let up = Up::start(place.path(), &["-t", "template.yaml"]);
    let kept = json!({"Rule": "Kept", "EventBusName": "orders"});
    let targets = events(&up, "ListTargetsByRule", &kept)["Targets"].clone();
    assert_eq!(targets.as_array().unwrap().len(), 1, "{targets}");
    // The policy is not there twice.
    let bus = events(&up, "DescribeEventBus", &json!({"Name": "orders"}));
    assert_eq!(bus["Policy"].as_str().unwrap().matches("others").count(), 1);
}

/// As the CDK writes them.
const RESOURCES: &str = r#"{"Resources": {
  "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "events"}},
  "Folder": {"Type": "AWS::ApiGateway::Resource", "Properties": {"RestApiId": {"Ref": "Api"},
    "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": "v1"}},
  "Event": {"Type": "AWS::ApiGateway::Resource", "Properties": {"RestApiId": {"Ref": "Api"},
    "ParentId": {"Ref": "Folder"}, "PathPart": "event"}},
  "Body": {"Type": "AWS::ApiGateway::Model", "Properties": {"RestApiId": {"Ref": "Api"}, "ContentType": "application/json",
    "Schema": {"type": "object", "required": ["name"]}}},
  "Validator": {"Type": "AWS::ApiGateway::RequestValidator", "Properties": {"RestApiId": {"Ref": "Api"},
    "ValidateRequestBody": true}},
  "Post": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Ref": "Event"},
    "HttpMethod": "POST", "AuthorizationType": "NONE", "RequestModels": {"application/json": {"Ref": "Body"}},
    "RequestValidatorId": {"Ref": "Validator"},
    "Integration": {"Type": "AWS", "IntegrationHttpMethod": "POST",
      "Uri": {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:events:action/PutEvents"},
      "RequestParameters": {"integration.request.header.X-Amz-Target": "'AWSEvents.PutEvents'",
        "integration.request.header.Content-Type": "'application/x-amz-json-1.1'"},
      "RequestTemplates": {"application/json": "{\"Entries\":[{\"Source\":\"shop\",\"DetailType\":\"t\",\"Detail\":\"$util.escapeJavaScript($input.body).replaceAll(\"\\\\'\",\"'\")\",\"EventBusName\":\"default\"}]}"},
      "IntegrationResponses": [
        {"SelectionPattern": "2\\d{2}", "StatusCode": "201", "ResponseTemplates": {"application/json": "{\"accepted\":true}"}},
        {"StatusCode": "502"}]}}},
  "Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "live"}},
  "Http": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "uploads", "ProtocolType": "HTTP"}},
  "Put": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {"ApiId": {"Ref": "Http"}, "IntegrationType": "AWS_PROXY",
    "IntegrationSubtype": "EventBridge-PutEvents", "PayloadFormatVersion": "1.0",
    "RequestParameters": {"Source": "uploads", "DetailType": "upload", "Detail": "$request.body", "EventBusName": "default"}}},
  "Route": {"Type": "AWS::ApiGatewayV2::Route", "Properties": {"ApiId": {"Ref": "Http"}, "RouteKey": "POST /uploads",
    "Target": {"Fn::Join": ["/", ["integrations", {"Ref": "Put"}]]}}},
  "Guarded": {"Type": "AWS::ApiGatewayV2::Route", "Properties": {"ApiId": {"Ref": "Http"}, "RouteKey": "POST /guarded",
    "AuthorizationType": "JWT", "AuthorizerId": {"Ref": "Issuer"},
    "Target": {"Fn::Join": ["/", ["integrations", {"Ref": "Put"}]]}}},
  "Issuer": {"Type": "AWS::ApiGatewayV2::Authorizer", "Properties": {"ApiId": {"Ref": "Http"}, "AuthorizerType": "JWT",
    "IdentitySource": ["$request.header.Authorization"],
    "JwtConfiguration": {"Issuer": "https://cognito-idp.us-east-1.amazonaws.com/p", "Audience": ["app"]}}},
  "All": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["shop", "uploads"]},
    "Targets": [{"Id": "q", "Arn": "arn:aws:sqs:us-east-1:000000000000:all", "InputPath": "$.detail"}]}}
}}"#;

#[test]
fn apis_in_single_resources_are_served_as_those_in_documents_are() {
    let place = Place::new();
    place.file("template.json", RESOURCES);
    let up = Up::start(place.path(), &["-t", "template.json"]);
    let post = |path: &str, body: &str| up.request(&format!("POST {path}"), "", body);
    let (status, answer) = post("/live/v1/event", r#"{"name":"it's"}"#);
    assert_eq!((status, answer.as_str()), (201, r#"{"accepted":true}"#));
    let (status, answer) = post("/live/v1/event", "{}");
    assert_eq!(
        (status, answer.as_str()),
        (400, r#"{"message":"Invalid request body"}"#)
    );
    assert_eq!(post("/live/v1", "{}").0, 403);
    let (status, answer) = post("/uploads", r#"{"file":"a"}"#);
    assert!(
        status == 200 && answer.contains("EventId"),
        "{status} {answer}"
    );
    assert_eq!(post("/guarded", r#"{"file":"b"}"#).0, 401);
    up.flush();
    let queue = place.read("lake.hydrant/queues/all.ndjson");
    let mut bodies: Vec<String> = queue
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["body"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    bodies.sort();
    assert_eq!(bodies, [r#"{"file":"a"}"#, r#"{"name":"it's"}"#]);
    let (status, said) = up.stop();
    assert_eq!(status, 0, "{said}");
    assert!(!said.contains("not run"), "{said}");
}
