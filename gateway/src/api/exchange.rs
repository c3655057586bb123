//! A request on its way through an API, and its answer.

use bytes::Bytes;
use hydrant_endpoint::Peer;
use hyper::{
    HeaderMap, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
    http::request::Parts,
};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::Stage;
use crate::vtl::{self, Names, Parameters};

/// What is known of a request before an API looks at it.
#[derive(Debug)]
pub(super) struct Exchange {
    pub verb: String,
    /// Behind the stage.
    pub path: String,
    pub parameters: Parameters,
    pub body: Bytes,
    /// The media type without its parameters; `application/json` where none is given.
    pub media_type: String,
    pub now: Timestamp,
    pub request_id: String,
    /// `$context`
    pub context: Value,
    raw_query: String,
}

impl Exchange {
    pub(super) fn new(
        head: &Parts,
        body: Bytes,
        stage: &Stage,
        now: Timestamp,
        request_id: String,
    ) -> Self {
        let full = head.uri.path();
        let path = full.strip_prefix(stage.prefix().as_str()).unwrap_or(full);
        let path = decode_path(if path.is_empty() { "/" } else { path });
        let raw_query = head.uri.query().unwrap_or_default().to_owned();
        let parameters = Parameters {
            path: Names::new(),
            query: query(&raw_query),
            header: headers(&head.headers),
        };
        let media_type = parameters
            .header
            .get("content-type")
            .map_or("application/json", |kind| {
                kind.split(';').next().unwrap_or_default().trim()
            });
        let media_type = media_type.to_lowercase();
        let verb = head.method.to_string();
        let context = context(head, stage, &verb, full, now, &request_id);
        Self {
            verb,
            path,
            parameters,
            body,
            media_type,
            now,
            request_id,
            context,
            raw_query,
        }
    }

    /// The body as text.
    pub(super) fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The event of a Lambda authorizer of the kind `REQUEST`, in payload format 1.0.
    pub(super) fn authorizer_event(
        &self,
        stage: &Stage,
        method_arn: &str,
        resource: &str,
    ) -> Value {
        let multi = |names: &Names| -> Value {
            names
                .iter()
                .map(|(name, value)| (name.clone(), json!([value])))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        json!({
            "type": "REQUEST",
            "methodArn": method_arn,
            "resource": resource,
            "path": self.path,
            "httpMethod": self.verb,
            "headers": self.parameters.header,
            "multiValueHeaders": multi(&self.parameters.header),
            "queryStringParameters": self.parameters.query,
            "multiValueQueryStringParameters": multi(&self.parameters.query),
            "pathParameters": self.parameters.path,
            "stageVariables": stage.variables,
            "requestContext": self.context,
        })
    }

    /// The same of an HTTP API, which tells its version and what identifies the client.
    pub(super) fn authorizer_event_1(
        &self,
        stage: &Stage,
        method_arn: &str,
        resource: &str,
        identity: &[String],
    ) -> Value {
        let mut event = self.authorizer_event(stage, method_arn, resource);
        let identity = identity.join(",");
        event["version"] = json!("1.0");
        event["identitySource"] = json!(identity);
        event["authorizationToken"] = json!(identity);
        event
    }

    /// The same in payload format 2.0, of an HTTP API.
    pub(super) fn authorizer_event_2(
        &self,
        stage: &Stage,
        route_arn: &str,
        route_key: &str,
        identity: &[String],
    ) -> Value {
        let identity_of = |name: &str| self.context.pointer(name).cloned().unwrap_or_default();
        json!({
            "version": "2.0",
            "type": "REQUEST",
            "routeArn": route_arn,
            "identitySource": identity,
            "routeKey": route_key,
            "rawPath": identity_of("/path"),
            "rawQueryString": self.raw_query,
            "headers": self.parameters.header,
            "queryStringParameters": self.parameters.query,
            "pathParameters": self.parameters.path,
            "stageVariables": stage.variables,
            "requestContext": {
                "accountId": stage.account,
                "apiId": stage.api_id,
                "domainName": identity_of("/domainName"),
                "http": {
                    "method": self.verb,
                    "path": identity_of("/path"),
                    "protocol": identity_of("/protocol"),
                    "sourceIp": identity_of("/identity/sourceIp"),
                    "userAgent": identity_of("/identity/userAgent"),
                },
                "requestId": self.request_id,
                "routeKey": route_key,
                "stage": stage.name,
                "time": identity_of("/requestTime"),
                "timeEpoch": identity_of("/requestTimeEpoch"),
            },
        })
    }
}

fn context(
    head: &Parts,
    stage: &Stage,
    verb: &str,
    path: &str,
    now: Timestamp,
    request_id: &str,
) -> Value {
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let source = head
        .extensions
        .get::<Peer>()
        .map(|peer| peer.0.ip().to_string());
    let time = now.to_zoned(TimeZone::UTC).strftime("%d/%b/%Y:%H:%M:%S %z");
    json!({
        "accountId": stage.account,
        "apiId": stage.api_id,
        "domainName": text("host").unwrap_or_default(),
        "extendedRequestId": request_id,
        "httpMethod": verb,
        "identity": {
            "sourceIp": source.unwrap_or_default(),
            "userAgent": text("user-agent").unwrap_or_default(),
        },
        "path": path,
        "protocol": "HTTP/1.1",
        "requestId": request_id,
        "requestTime": time.to_string(),
        "requestTimeEpoch": now.as_millisecond(),
        "stage": stage.name,
    })
}

fn headers(headers: &HeaderMap) -> Names {
    let mut names = Names::new();
    for (name, value) in headers {
        // Of several with one name the last counts, as in API Gateway's `headers`.
        names.insert(
            name.to_string(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        );
    }
    names
}

fn query(text: &str) -> Names {
    let mut names = Names::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decode = |text: &str| vtl::url_decode(text).unwrap_or_else(|| text.to_owned());
        names.insert(decode(name), decode(value));
    }
    names
}

fn decode_path(path: &str) -> String {
    // In a path, a plus is a plus.
    vtl::url_decode(&path.replace('+', "%2B")).unwrap_or_else(|| path.to_owned())
}

/// An answer in the making.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub headers: Names,
    pub body: Bytes,
}

impl Answer {
    pub(super) fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: Names::from([("content-type".to_owned(), "application/json".to_owned())]),
            body: body.into(),
        }
    }

    /// `{"message": …}`
    pub(super) fn message(status: u16, message: &str) -> Self {
        Self::json(status, json!({"message": message}).to_string())
    }

    pub(super) fn header(&mut self, name: &str, value: impl Into<String>) {
        self.headers.insert(name.to_lowercase(), value.into());
    }

    pub(super) fn finish(self, request_id: &str) -> Response<Bytes> {
        let mut response = Response::new(self.body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let request_id = ("x-amzn-requestid".to_owned(), request_id.to_owned());
        for (name, value) in self.headers.into_iter().chain([request_id]) {
            // What is no header is left out: a template may have made it of anything.
            let pair = HeaderName::try_from(name)
                .ok()
                .zip(HeaderValue::try_from(value).ok());
            if let Some((name, value)) = pair {
                response.headers_mut().insert(name, value);
            }
        }
        response
            .headers_mut()
            .entry(CONTENT_TYPE)
            .or_insert(HeaderValue::from_static("application/json"));
        response
    }
}
