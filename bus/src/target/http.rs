//! The requests that API destinations get (EventBridge user guide, "API destinations": headers, payload,
//! authorization).

use std::{collections::BTreeMap, time::Duration};

use reqwest::{Method, Url, header::HeaderMap};
use serde_json::{Map, Value};

use super::{Failure, Outgoing};
use crate::input::JsonPath;

/// Headers that a user cannot set: they belong to the connection or to caches.
const RESERVED_HEADERS: [&str; 25] = [
    "accept-charset",
    "accept-encoding",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-md5",
    "date",
    "expect",
    "forwarded",
    "from",
    "host",
    "http2-settings",
    "origin",
    "pragma",
    "proxy-authorization",
    "range",
    "referer",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "warning",
];

/// Bytes of an answer's body that a message quotes.
const QUOTED_BYTES: usize = 200;

/// Sends requests, follows no redirect, and waits so long for an answer.
#[derive(Debug)]
pub(crate) struct Client {
    time: Duration,
    http: Result<reqwest::Client, String>,
}

/// What a request is made of.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    pub(crate) endpoint: &'a str,
    pub(crate) target: &'a Value,
    /// `InvocationHttpParameters` of the connection.
    pub(crate) connection: &'a Value,
    pub(crate) event: &'a Outgoing,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    /// The beginning of its body.
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn new(time: Duration) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(time)
            .pool_max_idle_per_host(0)
            .http1_only()
            .build();
        Self {
            time,
            http: http.map_err(|error| error.to_string()),
        }
    }

    fn http(&self) -> Result<&reqwest::Client, Failure> {
        self.http
            .as_ref()
            .map_err(|error| Failure::lasting("SDK_CLIENT_ERROR", error.clone()))
    }

    pub(crate) async fn send(
        &self,
        call: &Call<'_>,
        (name, value): (String, String),
    ) -> Result<Answer, Failure> {
        let lasting = |reason: String| Failure::lasting("SDK_CLIENT_ERROR", reason);
        let method = Method::from_bytes(call.method.as_bytes())
            .map_err(|_| lasting(format!("{} is no method", call.method)))?;
        let mut request = self
            .http()?
            .request(method.clone(), call.url().map_err(lasting)?)
            .header("user-agent", "Amazon/EventBridge/ApiDestinations")
            .header("range", "bytes=0-1048575")
            .header("accept-encoding", "gzip,deflate")
            .header("connection", "close");
        let mut headers = call.headers();
        headers
            .entry("content-type".to_owned())
            .or_insert_with(|| "application/json; charset=utf-8".to_owned());
        headers.insert(name.to_ascii_lowercase(), value);
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        if method != Method::HEAD {
            request = request.body(call.body());
        }
        let answer = request.send().await.map_err(|error| self.failed(&error))?;
        let header = |headers: &HeaderMap| {
            let value = headers.get("retry-after")?.to_str().ok()?;
            Some(value.to_owned())
        };
        let (status, retry_after) = (answer.status().as_u16(), header(answer.headers()));
        let body = answer.bytes().await.map_err(|error| self.failed(&error))?;
        let start = body.get(..QUOTED_BYTES.min(body.len())).unwrap_or_default();
        Ok(Answer {
            status,
            retry_after,
            body: String::from_utf8_lossy(start).trim().to_owned(),
        })
    }

    fn failed(&self, error: &reqwest::Error) -> Failure {
        if error.is_timeout() {
            let text = format!("no answer within {:?}", self.time);
            return Failure::passing("TIMEOUT", text);
        }
        let mut text = error.to_string();
        let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
        while let Some(deeper) = cause {
            text += &format!(": {deeper}");
            cause = deeper.source();
        }
        let builder = error.is_builder();
        Failure {
            is_retryable: !builder,
            ..Failure::passing("SDK_CLIENT_ERROR", text)
        }
    }

    /// A token for client credentials.
    pub(crate) async fn token(&self, oauth: &Value) -> Result<String, Failure> {
        let refused = |reason: String| Failure::passing("NO_PERMISSIONS", reason);
        let endpoint = oauth["AuthorizationEndpoint"].as_str().unwrap_or_default();
        let mut url = Url::parse(endpoint)
            .map_err(|error| refused(format!("{endpoint} is no address: {error}")))?;
        let client = &oauth["ClientParameters"];
        let mut form: Vec<(String, String)> = vec![
            ("grant_type".to_owned(), "client_credentials".to_owned()),
            ("client_id".to_owned(), plain(&client["ClientID"])),
            ("client_secret".to_owned(), plain(&client["ClientSecret"])),
        ];
        let more = &oauth["OAuthHttpParameters"];
        form.extend(pairs(&more["BodyParameters"]));
        url.query_pairs_mut()
            .extend_pairs(pairs(&more["QueryStringParameters"]));
        let method = oauth["HttpMethod"].as_str().unwrap_or("POST");
        let is_get = method == "GET";
        if is_get {
            url.query_pairs_mut().extend_pairs(&form);
        }
        if url.query() == Some("") {
            url.set_query(None);
        }
        let method = Method::from_bytes(method.as_bytes()).unwrap_or(Method::POST);
        let mut request = self.http()?.request(method, url);
        for (name, value) in pairs(&more["HeaderParameters"]) {
            request = request.header(name, value);
        }
        if !is_get {
            let mut body =
                Url::parse("http://form/").map_err(|error| refused(error.to_string()))?;
            body.query_pairs_mut().extend_pairs(&form);
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body.query().unwrap_or_default().to_owned());
        }
        let answer = request.send().await.map_err(|error| self.failed(&error))?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(|error| self.failed(&error))?;
        let token = serde_json::from_slice::<Value>(&body)
            .ok()
            .and_then(|body| Some(body["access_token"].as_str()?.to_owned()));
        match token {
            Some(token) if status.is_success() => Ok(token),
            _ => Err(refused(format!(
                "{endpoint} gave no token: it answered {status}"
            ))),
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// `[{"Key": …, "Value": …}]`.
fn pairs(parameters: &Value) -> Vec<(String, String)> {
    let parameters = parameters.as_array().into_iter().flatten();
    parameters
        .map(|it| (plain(&it["Key"]), plain(&it["Value"])))
        .collect()
}

impl Call<'_> {
    /// A value of the target: itself, or what its path selects of the event.
    fn value(&self, text: &str) -> String {
        let Some(path) = text
            .starts_with("$.")
            .then(|| JsonPath::parse(text))
            .flatten()
        else {
            return text.to_owned();
        };
        let selected = path.select(&self.event.event).unwrap_or_default();
        serde_json::from_str::<String>(&selected).unwrap_or(selected)
    }

    /// What the target and the connection name: the connection wins.
    fn merged(&self, of_target: &str, of_connection: &str) -> BTreeMap<String, String> {
        let target = &self.target["HttpParameters"][of_target];
        let target = target.as_object().into_iter().flatten();
        let mut merged: BTreeMap<String, String> = target
            .map(|(name, value)| (name.clone(), self.value(&plain(value))))
            .collect();
        for (name, value) in pairs(&self.connection[of_connection]) {
            merged.retain(|it, _| !it.eq_ignore_ascii_case(&name));
            merged.insert(name, value);
        }
        merged
    }

    fn headers(&self) -> BTreeMap<String, String> {
        let merged = self.merged("HeaderParameters", "HeaderParameters");
        let lower = merged
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value));
        lower
            .filter(|(name, _)| !RESERVED_HEADERS.contains(&name.as_str()))
            .collect()
    }

    /// The endpoint with its stars filled in, and the query.
    fn url(&self) -> Result<Url, String> {
        let values = &self.target["HttpParameters"]["PathParameterValues"];
        let mut values = values.as_array().into_iter().flatten();
        let mut endpoint = String::new();
        for (index, part) in self.endpoint.split('*').enumerate() {
            if index > 0 {
                let value = values.next().map(|it| self.value(&plain(it)));
                endpoint += &percent(&value.unwrap_or_else(|| "*".to_owned()));
            }
            endpoint += part;
        }
        let mut url =
            Url::parse(&endpoint).map_err(|error| format!("{endpoint} is no address: {error}"))?;
        let query = self.merged("QueryStringParameters", "QueryStringParameters");
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// The input, with the connection's parameters in it where it is a JSON object.
    fn body(&self) -> Vec<u8> {
        let more = pairs(&self.connection["BodyParameters"]);
        if !more.is_empty()
            && let Ok(mut body) = serde_json::from_slice::<Map<String, Value>>(&self.event.input)
        {
            body.extend(
                more.into_iter()
                    .map(|(name, value)| (name, Value::from(value))),
            );
            return Value::Object(body).to_string().into_bytes();
        }
        self.event.input.to_vec()
    }
}

/// A value as a segment of a path.
fn percent(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~*".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text += &format!("%{byte:02X}");
        }
    }
    text
}
