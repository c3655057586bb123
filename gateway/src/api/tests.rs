//! A whole API, from a request to what the bus was asked and what the client was told.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use hydrant_endpoint::{FixedClock, Ids, Service};
use hyper::{Request, http::request::Parts};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::{
    authorizer::Authorizer,
    events::{Events, EventsAnswer, Unreachable},
};

/// A bus that keeps what it was asked, and answers what it was told.
#[derive(Debug, Default)]
struct Bus {
    asked: Mutex<Vec<Value>>,
    answer: Mutex<Option<Result<EventsAnswer, Unreachable>>>,
}

#[async_trait]
impl Events for Bus {
    async fn put(&self, body: Bytes) -> Result<EventsAnswer, Unreachable> {
        let Ok(asked) = serde_json::from_slice::<Value>(&body) else {
            let kind = "com.amazon.coral.service#SerializationException";
            return Ok(EventsAnswer::error(400, kind, None));
        };
        let entries = asked["Entries"].as_array().map_or(0, Vec::len);
        self.asked.lock().unwrap().push(asked);
        if let Some(answer) = self.answer.lock().unwrap().clone() {
            return answer;
        }
        if entries == 0 || entries > 10 {
            return Ok(EventsAnswer::error(
                400,
                "ValidationException",
                Some("1 validation error detected"),
            ));
        }
        let entries: Vec<Value> = (0..entries)
            .map(|n| json!({"EventId": n.to_string()}))
            .collect();
        let body = json!({"Entries": entries, "FailedEntryCount": 0}).to_string();
        Ok(EventsAnswer {
            status: 200,
            body: body.into(),
        })
    }
}

/// An authorizer that lets in by the token's text.
#[derive(Debug, Default)]
struct ByText {
    asked: Mutex<u32>,
    last: Mutex<Value>,
}

#[async_trait]
impl AuthorizerFunction for ByText {
    async fn decide(&self, event: Value, _: Timestamp) -> Result<Value, FunctionFailure> {
        *self.asked.lock().unwrap() += 1;
        *self.last.lock().unwrap() = event.clone();
        let token = event["authorizationToken"]
            .as_str()
            .or_else(|| event["headers"]["authorization"].as_str());
        let effect = match token.unwrap_or_default() {
            "allow" => "Allow",
            "deny" => "Deny",
            "nothing" => return Ok(json!({"hello": "world"})),
            "unauthorized" => return Err(FunctionFailure("Unauthorized".to_owned())),
            _ => return Err(FunctionFailure("boom".to_owned())),
        };
        Ok(json!({
            "principalId": "user-1",
            "policyDocument": {"Statement": {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"].as_str().or(event["routeArn"].as_str())}},
            "context": {"clientId": "client-1", "count": 1},
        }))
    }
}

#[derive(Debug)]
struct Behind(Arc<ByText>);

impl Gatekeepers for Behind {
    fn function(&self, arn: &str) -> Result<Arc<dyn AuthorizerFunction>, String> {
        match arn {
            "arn:aws:lambda:eu-west-1:123456789012:function:authorizer" => {
                Ok(Arc::clone(&self.0) as _)
            }
            other => Err(format!("there is no function {other}")),
        }
    }

    fn issuer(&self, issuer: &str, _: &[String]) -> Result<Arc<Authorizer>, String> {
        Err(format!("{issuer} is not known"))
    }

    fn user_pools(&self, _: &[String]) -> Result<Arc<Authorizer>, String> {
        Err("no pool is known".to_owned())
    }
}

/// The AWS sample's API, in its shape: one answer for all that the bus says.
fn sample() -> Value {
    json!({
        "openapi": "3.0.1",
        "info": {"title": "events"},
        "x-amazon-apigateway-request-validators": {"body": {"validateRequestBody": true, "validateRequestParameters": false}},
        "paths": {"/event": {"post": {
            "x-amazon-apigateway-request-validator": "body",
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Events"}}}},
            "security": [{"token": []}],
            "x-amazon-apigateway-integration": {
                "type": "aws",
                "uri": "arn:aws:apigateway:eu-west-1:events:action/PutEvents",
                "httpMethod": "POST",
                "passthroughBehavior": "when_no_templates",
                "requestTemplates": {"application/json": "#set($context.requestOverride.header.X-Amz-Target = \"AWSEvents.PutEvents\")#set($context.requestOverride.header.Content-Type = \"application/x-amz-json-1.1\")#set($inputRoot = $input.path('$')){\"Entries\":[#foreach($elem in $inputRoot.entries){\"Resources\":[\"$context.authorizer.clientId\"],\"Detail\":\"$util.escapeJavaScript($elem.entry)\",\"DetailType\":\"$stageVariables.Environment\",\"EventBusName\":\"$stageVariables.Bus\",\"Source\":\"clientevents\"}#if($foreach.hasNext),#end#end]}"},
                "responses": {"default": {"statusCode": "200"}},
            },
        }}},
        "components": {
            "schemas": {"Events": {"type": "object", "properties": {"entries": {"type": "array", "maxItems": 10}}}},
            "securitySchemes": {"token": {
                "type": "apiKey", "name": "Authorization", "in": "header",
                "x-amazon-apigateway-authtype": "custom",
                "x-amazon-apigateway-authorizer": {
                    "type": "token",
                    "authorizerUri": "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:authorizer/invocations",
                    "authorizerResultTtlInSeconds": 0,
                },
            }},
        },
    })
}

/// An API that is served, with what is behind it.
struct Served {
    gateway: Gateway,
    bus: Arc<Bus>,
    authorizer: Arc<ByText>,
}

fn stage(name: &str) -> Stage {
    Stage {
        api_id: "abcdefghij".to_owned(),
        account: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        name: name.to_owned(),
        variables: Names::from([
            ("Bus".to_owned(), "client_event_bus".to_owned()),
            ("Environment".to_owned(), "prod".to_owned()),
        ]),
    }
}

fn serve_with(document: &Value, settings: Settings) -> Served {
    let bus = Arc::new(Bus::default());
    let authorizer = Arc::new(ByText::default());
    let clock = Arc::new(FixedClock(Timestamp::from_second(1_800_000_000).unwrap()));
    let api = RestApi::new(
        document,
        stage("prod"),
        settings,
        &Behind(Arc::clone(&authorizer)),
        Arc::clone(&bus) as _,
        clock.clone(),
    );
    let gateway = Gateway::new(
        vec![Api::Rest(api.unwrap())],
        None,
        clock,
        Ids::from_seed(1),
    );
    Served {
        gateway,
        bus,
        authorizer,
    }
}

fn serve(document: &Value) -> Served {
    serve_with(document, Settings::default())
}

fn serve_http(document: &Value) -> Served {
    let bus = Arc::new(Bus::default());
    let authorizer = Arc::new(ByText::default());
    let clock = Arc::new(FixedClock(Timestamp::UNIX_EPOCH));
    let api = HttpApi::new(
        document,
        stage("$default"),
        Settings::default(),
        &Behind(Arc::clone(&authorizer)),
        Arc::clone(&bus) as _,
        clock.clone(),
    );
    let apis = vec![Api::Http(api.unwrap())];
    Served {
        gateway: Gateway::new(apis, None, clock, Ids::from_seed(1)),
        bus,
        authorizer,
    }
}

fn head(verb: &str, path: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(verb).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

impl Served {
    async fn ask(&self, verb: &str, path: &str, token: &str, body: &str) -> String {
        let mut headers = vec![("content-type", "application/json")];
        if !token.is_empty() {
            headers.push(("authorization", token));
        }
        self.send(&head(verb, path, &headers), body).await
    }

    async fn send(&self, head: &Parts, body: &str) -> String {
        let answer = self
            .gateway
            .answer(head, Bytes::from(body.to_owned()))
            .await;
        let kind = answer.headers().get("x-amzn-errortype");
        let kind = kind.map_or("", |kind| kind.to_str().unwrap());
        let text = String::from_utf8_lossy(answer.body());
        format!("{} {kind} {text}", answer.status().as_u16())
    }

    fn asked(&self) -> Vec<Value> {
        std::mem::take(&mut self.bus.asked.lock().unwrap())
    }
}

const ONE: &str = r#"{"entries":[{"entry":"{\"a\":1}"}]}"#;

#[tokio::test]
async fn a_request_goes_all_the_way() {
    let served = serve(&sample());
    let answer = served.ask("POST", "/prod/event", "allow", ONE).await;
    insta::assert_snapshot!(answer, @r#"200  {"Entries":[{"EventId":"0"}],"FailedEntryCount":0}"#);
    insta::assert_json_snapshot!(served.asked(), @r#"
    [
      {
        "Entries": [
          {
            "Detail": "{\"a\":1}",
            "DetailType": "prod",
            "EventBusName": "client_event_bus",
            "Resources": [
              "client-1"
            ],
            "Source": "clientevents"
          }
        ]
      }
    ]
    "#);
}

#[tokio::test]
async fn what_goes_no_further_is_answered_as_aws_words_it() {
    let served = serve(&sample());
    let mut told = String::new();
    for (what, verb, path, token, body) in [
        ("another path", "POST", "/prod/none", "allow", ONE),
        ("another verb", "GET", "/prod/event", "allow", ONE),
        ("no token", "POST", "/prod/event", "", ONE),
        ("unauthorized", "POST", "/prod/event", "unauthorized", ONE),
        ("denied", "POST", "/prod/event", "deny", ONE),
        ("no answer", "POST", "/prod/event", "nothing", ONE),
        ("broken", "POST", "/prod/event", "boom", ONE),
        ("no object", "POST", "/prod/event", "allow", "[]"),
        (
            "no array",
            "POST",
            "/prod/event",
            "allow",
            r#"{"entries":1}"#,
        ),
        ("no JSON", "POST", "/prod/event", "allow", "{"),
    ] {
        let answer = served.ask(verb, path, token, body).await;
        told.push_str(&format!("{what}: {answer}\n"));
    }
    insta::assert_snapshot!(told, @r#"
    another path: 403 MissingAuthenticationTokenException {"message":"Missing Authentication Token"}
    another verb: 403 MissingAuthenticationTokenException {"message":"Missing Authentication Token"}
    no token: 401 UnauthorizedException {"message":"Unauthorized"}
    unauthorized: 401 UnauthorizedException {"message":"Unauthorized"}
    denied: 403 AccessDeniedException {"message":"User is not authorized to access this resource with an explicit deny"}
    no answer: 500 AuthorizerConfigurationException {"message":null}
    broken: 500 AuthorizerConfigurationException {"message":null}
    no object: 400 BadRequestException {"message":"Invalid request body"}
    no array: 400 BadRequestException {"message":"Invalid request body"}
    no JSON: 400 BadRequestException {"message":"Invalid request body"}
    "#);
    assert!(served.asked().is_empty(), "nothing of it may reach the bus");
    let plain = head(
        "POST",
        "/prod/event",
        &[("content-type", "text/plain"), ("authorization", "allow")],
    );
    insta::assert_snapshot!(served.send(&plain, ONE).await, @r#"415 UnsupportedMediaTypeException {"message":"Unsupported Media Type"}"#);
}

#[tokio::test]
async fn the_sample_tells_its_client_200_whatever_the_bus_says() {
    let served = serve(&sample());
    let eleven = json!({"entries": vec![json!({"entry": "{}"}); 11]}).to_string();
    let apostrophe = json!({"entries": [{"entry": "{\"a\":\"it's\"}"}]}).to_string();
    for body in ["{}", &eleven, &apostrophe] {
        let answer = served.ask("POST", "/prod/event", "allow", body).await;
        assert!(
            answer.starts_with("200 ") && answer.contains("Exception"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn integration_responses_are_chosen_by_status_and_none_is_a_fault() {
    let mut document = sample();
    let responses =
        &mut document["paths"]["/event"]["post"]["x-amazon-apigateway-integration"]["responses"];
    *responses = json!({
        "2\\d{2}": {"statusCode": 200, "responseTemplates": {"application/json":
            "#if($input.path('$.FailedEntryCount') > 0)#set($context.responseOverride.status = 207)#end$input.json('$')"}},
        "4\\d{2}": {"statusCode": 400, "responseParameters": {"method.response.header.X-Why": "'bus'"},
            "responseTemplates": {"application/json": "{\"message\":$input.json('$.message')}"}},
    });
    let served = serve(&document);
    insta::assert_snapshot!(served.ask("POST", "/prod/event", "allow", ONE).await, @r#"200  {"Entries":[{"EventId":"0"}],"FailedEntryCount":0}"#);
    insta::assert_snapshot!(served.ask("POST", "/prod/event", "allow", "{}").await, @r#"400  {"message":"1 validation error detected"}"#);
    let answer = |status, body: &str| {
        let body = body.to_owned().into();
        *served.bus.answer.lock().unwrap() = Some(Ok(EventsAnswer { status, body }));
    };
    answer(
        200,
        r#"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"MalformedDetail"}]}"#,
    );
    insta::assert_snapshot!(served.ask("POST", "/prod/event", "allow", ONE).await, @r#"207  {"FailedEntryCount":1,"Entries":[{"ErrorCode":"MalformedDetail"}]}"#);
    answer(500, r#"{"__type":"InternalException"}"#);
    insta::assert_snapshot!(served.ask("POST", "/prod/event", "allow", ONE).await, @r#"500 InternalServerErrorException {"message":"Internal server error"}"#);
    *served.bus.answer.lock().unwrap() = Some(Err(Unreachable("refused".to_owned())));
    insta::assert_snapshot!(served.ask("POST", "/prod/event", "allow", ONE).await, @r#"504 InternalServerErrorException {"message":"Network error communicating with endpoint"}"#);
}

#[tokio::test]
async fn the_authorizer_comes_before_the_body_unless_it_is_set_otherwise() {
    // Open question of the contract: AWS's guide has the authorizer first.
    let wrong = |served: Served| async move {
        let answer = served
            .ask("POST", "/prod/event", "unauthorized", "[]")
            .await;
        let asked = *served.authorizer.asked.lock().unwrap();
        (answer.split(' ').next().unwrap().to_owned(), asked)
    };
    assert_eq!(wrong(serve(&sample())).await, ("401".to_owned(), 1));
    let validate_first = Settings {
        validate_first: true,
        ..Settings::default()
    };
    assert_eq!(
        wrong(serve_with(&sample(), validate_first)).await,
        ("400".to_owned(), 0)
    );
}

#[tokio::test]
async fn a_model_counts_items_only_where_it_is_set() {
    // Open question of the contract: AWS's guide says that it does not.
    let eleven = json!({"entries": vec![json!({"entry": "{}"}); 11]}).to_string();
    let status = |served: Served| {
        let eleven = eleven.clone();
        async move {
            let answer = served.ask("POST", "/prod/event", "allow", &eleven).await;
            answer.split(' ').next().unwrap().to_owned()
        }
    };
    assert_eq!(status(serve(&sample())).await, "200");
    let count_items = Settings {
        count_items: true,
        ..Settings::default()
    };
    assert_eq!(status(serve_with(&sample(), count_items)).await, "400");
}

#[tokio::test]
async fn an_answer_is_kept_for_its_time_and_its_policy_is_asked_for_each_method() {
    let mut document = sample();
    document["components"]["securitySchemes"]["token"]["x-amazon-apigateway-authorizer"]
        .as_object_mut()
        .unwrap()
        .remove("authorizerResultTtlInSeconds");
    document["paths"]["/other"] = document["paths"]["/event"].clone();
    let served = serve(&document);
    for _ in 0..3 {
        assert!(
            served
                .ask("POST", "/prod/event", "allow", ONE)
                .await
                .starts_with("200")
        );
    }
    // A policy that names one method breaks the next one, as on AWS.
    assert!(
        served
            .ask("POST", "/prod/other", "allow", ONE)
            .await
            .starts_with("403")
    );
    assert_eq!(*served.authorizer.asked.lock().unwrap(), 1);
}

#[tokio::test]
async fn gateway_responses_look_as_the_api_wants() {
    let mut document = sample();
    document["x-amazon-apigateway-gateway-responses"] = json!({
        "BAD_REQUEST_BODY": {"statusCode": 422, "responseTemplates": {"application/json":
            "{\"message\":$context.error.messageString,\"why\":\"$context.error.validationErrorString\"}"}},
        "DEFAULT_4XX": {"responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}},
    });
    let served = serve(&document);
    insta::assert_snapshot!(served.ask("POST", "/prod/event", "allow", "[]").await, @r#"422 BadRequestException {"message":"Invalid request body","why":"[the body does not satisfy /components/schemas/Events/type]"}"#);
    let refused = served
        .gateway
        .answer(&head("POST", "/prod/event", &[]), Bytes::new())
        .await;
    assert_eq!(refused.headers()["access-control-allow-origin"], "*");
    assert_eq!(refused.status(), 401);
}

#[tokio::test]
async fn an_http_api_makes_one_event_of_a_request() {
    let document = json!({
        "openapi": "3.0.1",
        "paths": {"/uploads": {"post": {"x-amazon-apigateway-integration": {
            "type": "aws_proxy", "integrationSubtype": "EventBridge-PutEvents", "payloadFormatVersion": "1.0",
            "requestParameters": {"Source": "my-event-source", "DetailType": "my-detail-type", "Detail": "$request.body",
                "EventBusName": "my-bus", "Resources": "$context.requestId,b"},
        }}}},
    });
    let served = serve_http(&document);
    insta::assert_snapshot!(served.ask("POST", "/uploads", "", r#"{"file":"a"}"#).await, @r#"200  {"Entries":[{"EventId":"0"}],"FailedEntryCount":0}"#);
    insta::assert_json_snapshot!(served.asked()[0]["Entries"][0], @r#"
    {
      "Detail": "{\"file\":\"a\"}",
      "DetailType": "my-detail-type",
      "EventBusName": "my-bus",
      "Resources": [
        "b10da48c-ea4c-4967-ab8e-0efcd8069414",
        "b"
      ],
      "Source": "my-event-source"
    }
    "#);
    insta::assert_snapshot!(served.ask("GET", "/uploads", "", "").await, @r#"404  {"message":"Not Found"}"#);
    assert!(
        served
            .gateway
            .takes(&head("GET", "/metrics", &[]))
            .is_none()
    );
}

#[tokio::test]
async fn an_authorizer_of_an_http_api_is_asked_in_the_format_that_it_wants() {
    let function = "arn:aws:lambda:eu-west-1:123456789012:function:authorizer";
    let document = |format: &str| {
        json!({
            "openapi": "3.0.1",
            "components": {"securitySchemes": {"client": {
                "type": "apiKey", "name": "Authorization", "in": "header",
                "x-amazon-apigateway-authorizer": {
                    "type": "request", "authorizerPayloadFormatVersion": format, "authorizerResultTtlInSeconds": 0,
                    "identitySource": "$request.header.Authorization",
                    "authorizerUri": format!("arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{function}/invocations"),
                },
            }}},
            "paths": {"/uploads/{name}": {"post": {"security": [{"client": []}], "x-amazon-apigateway-integration": {
                "type": "aws_proxy", "integrationSubtype": "EventBridge-PutEvents", "payloadFormatVersion": "1.0",
                "requestParameters": {"Source": "s", "DetailType": "t", "Detail": "$request.body"},
            }}}},
        })
    };
    let mut shown = Vec::new();
    for format in ["1.0", "2.0"] {
        let served = serve_http(&document(format));
        let answer = served.ask("POST", "/uploads/a?b=1", "allow", "{}").await;
        let event = served.authorizer.last.lock().unwrap().clone();
        let names = [
            "version",
            "type",
            "methodArn",
            "routeArn",
            "identitySource",
            "authorizationToken",
            "resource",
            "path",
            "httpMethod",
            "rawPath",
            "routeKey",
            "queryStringParameters",
            "pathParameters",
        ];
        let said = names.iter().filter(|name| !event[**name].is_null());
        let said: Vec<String> = said
            .map(|name| format!("{name}={}", event[*name]))
            .collect();
        shown.push(format!(
            "{} {}",
            answer.split(' ').next().unwrap_or_default(),
            said.join(" ")
        ));
    }
    insta::assert_snapshot!(shown.join("\n"), @r#"
    200 version="1.0" type="REQUEST" methodArn="arn:aws:execute-api:eu-west-1:123456789012:abcdefghij/$default/POST/uploads/a" identitySource="allow" authorizationToken="allow" resource="/uploads/{name}" path="/uploads/a" httpMethod="POST" queryStringParameters={"b":"1"} pathParameters={"name":"a"}
    200 version="2.0" type="REQUEST" routeArn="arn:aws:execute-api:eu-west-1:123456789012:abcdefghij/$default/POST/uploads/a" identitySource=["allow"] rawPath="/uploads/a" routeKey="POST /uploads/{name}" queryStringParameters={"b":"1"} pathParameters={"name":"a"}
    "#);
}

#[test]
fn what_cannot_be_served_is_said_at_once() {
    let mut document = sample();
    let post = &mut document["paths"]["/event"]["post"];
    post["x-amazon-apigateway-integration"]["requestTemplates"]["application/json"] =
        json!("#if($x)");
    post["x-amazon-apigateway-integration"]["responses"]["[4"] = json!({"statusCode": 400});
    document["paths"]["/other"] = json!({
        "get": {"security": [{"nobody": []}], "x-amazon-apigateway-integration": {"type": "http_proxy", "uri": "https://example.com"}},
        "put": {},
    });
    document["components"]["securitySchemes"]["pool"] = json!({"x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": []}});
    let behind = Behind(Arc::default());
    let clock = Arc::new(FixedClock(Timestamp::UNIX_EPOCH));
    let error = RestApi::new(
        &document,
        stage("prod"),
        Settings::default(),
        &behind,
        Arc::new(Bus::default()),
        clock,
    );
    insta::assert_snapshot!(error.unwrap_err(), @r#"
    authorizer pool: no pool is known
    POST /event: requestTemplates application/json: the template, line 1, column 8: #if has no #end
    POST /event: response [4: its pattern: "[4" is no regular expression that is understood here
    GET /other: security: there is no authorizer called nobody; everybody would be let in
    GET /other: an integration of type "http_proxy" with "https://example.com" is not served here; AWS with arn:aws:apigateway:REGION:events:action/PutEvents is, and MOCK
    PUT /other: it has no x-amazon-apigateway-integration
    "#);
}
