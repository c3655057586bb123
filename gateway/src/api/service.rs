//! The APIs behind one listener.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use hydrant_endpoint::{ApiError, Clock, Ids, Service, Terms};
use hyper::{Method, Response, http::request::Parts};
use serde_json::{Map, Value, json};

use super::{
    HttpApi, MOST_PAYLOAD_BYTES, RestApi, Stage,
    deployed::Deployed,
    exchange::{Answer, Exchange},
};
use crate::{
    identity::{ISSUER, KEYS_PATH},
    vtl::Names,
};

/// Where an issuer says what there is to know of it.
const DISCOVERY_PATH: &str = "/.well-known/openid-configuration";

/// Paths of the endpoint itself, which no API takes.
const RESERVED: [&str; 4] = ["/", "/metrics", "/health", "/_hydrant/flush"];

/// An API of either kind.
#[derive(Debug)]
pub enum Api {
    /// A REST API.
    Rest(RestApi),
    /// An HTTP API.
    Http(HttpApi),
}

impl Api {
    fn deployed(&self) -> &Deployed {
        match self {
            Self::Rest(api) => &api.deployed,
            Self::Http(api) => &api.0,
        }
    }

    fn stage(&self) -> &Stage {
        &self.deployed().stage
    }

    /// What its document calls it, or else its id.
    pub fn title(&self) -> &str {
        self.deployed().title()
    }

    /// Its methods: verb and path.
    pub fn methods(&self) -> Vec<(&str, String)> {
        self.deployed().methods().collect()
    }

    /// Whether a method of its has a path.
    fn routes(&self, path: &str) -> bool {
        let behind = path.strip_prefix(self.stage().prefix().as_str());
        behind.is_some_and(|path| self.deployed().routes(path))
    }

    /// Whether a path is one of its, whatever it answers.
    fn has(&self, path: &str) -> bool {
        let prefix = self.stage().prefix();
        match path.strip_prefix(prefix.as_str()) {
            Some(rest) if prefix.is_empty() => !rest.is_empty() && !RESERVED.contains(&rest),
            Some(rest) => rest.is_empty() || rest.starts_with('/'),
            None => false,
        }
    }
}

/// All APIs of an endpoint, and the keys of its local identity.
#[derive(Debug)]
pub struct Gateway {
    apis: Vec<Api>,
    key_set: Option<String>,
    clock: Arc<dyn Clock>,
    ids: Mutex<Ids>,
    /// By API and by what became of a request.
    counts: Mutex<BTreeMap<(String, String), u64>>,
}

impl Gateway {
    /// Serves `apis`; of two that have the same path, the first. `key_set` is what the local identity's tokens
    /// are checked with, `ids` names requests.
    pub fn new(
        mut apis: Vec<Api>,
        key_set: Option<String>,
        clock: Arc<dyn Clock>,
        ids: Ids,
    ) -> Self {
        // One without a part of its own in the path takes what the others leave.
        apis.sort_by_key(|api| api.stage().prefix().is_empty());
        Self {
            apis,
            key_set,
            clock,
            ids: Mutex::new(ids),
            counts: Mutex::default(),
        }
    }

    /// Its APIs.
    pub fn apis(&self) -> &[Api] {
        &self.apis
    }

    fn find(&self, path: &str) -> Option<&Api> {
        // Of two with the same stage, the one that has the route; where none has, the first says so.
        let has_route = self
            .apis
            .iter()
            .find(|api| api.has(path) && api.routes(path));
        has_route.or_else(|| self.apis.iter().find(|api| api.has(path)))
    }

    fn count(&self, api: &str, outcome: &str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts
            .entry((api.to_owned(), outcome.to_owned()))
            .or_default() += 1;
    }

    /// Whether a request is for the keys.
    fn is_identity(&self, head: &Parts) -> bool {
        let path = head.uri.path();
        head.method == Method::GET
            && self.key_set.is_some()
            && (path == KEYS_PATH || path == DISCOVERY_PATH)
    }

    fn identity(&self, head: &Parts) -> Answer {
        let keys = self.key_set.clone().unwrap_or_default();
        if head.uri.path() == KEYS_PATH {
            return Answer::json(200, keys);
        }
        let host = head.headers.get("host").and_then(|host| host.to_str().ok());
        let keys = format!("http://{}{KEYS_PATH}", host.unwrap_or("127.0.0.1"));
        let configuration = json!({
            "issuer": ISSUER,
            "jwks_uri": keys,
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
        });
        Answer::json(200, configuration.to_string())
    }
}

#[async_trait]
impl Service for Gateway {
    fn name(&self) -> &'static str {
        "API Gateway"
    }

    fn usage(&self) -> String {
        let methods = self.apis.iter().flat_map(Api::methods);
        let methods: Vec<String> = methods
            .map(|(verb, path)| format!("{verb} {path}"))
            .collect();
        methods.join(", ")
    }

    fn takes(&self, head: &Parts) -> Option<Terms> {
        let takes = self.is_identity(head) || self.find(head.uri.path()).is_some();
        takes.then_some(Terms {
            largest_body: MOST_PAYLOAD_BYTES,
            // An API has its own authorizer.
            signed: false,
        })
    }

    async fn answer(&self, head: &Parts, body: Bytes) -> Response<Bytes> {
        let request_id = {
            let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
            ids.uuid().to_string()
        };
        if self.is_identity(head) {
            return self.identity(head).finish(&request_id);
        }
        let Some(api) = self.find(head.uri.path()) else {
            return Answer::message(404, "Not Found").finish(&request_id);
        };
        let now = self.clock.now();
        let exchange = Exchange::new(head, body, api.stage(), now, request_id.clone());
        let (answer, refused) = match api {
            Api::Rest(api) => api.answer(exchange).await,
            Api::Http(api) => api.answer(exchange).await,
        };
        let status = answer.status.to_string();
        self.count(api.title(), refused.unwrap_or(&status));
        answer.finish(&request_id)
    }

    /// API Gateway says so by itself, and a REST API says it without JSON around it.
    fn refused(&self, head: &Parts, error: &ApiError) -> Option<Response<Bytes>> {
        let api = self.find(head.uri.path()).filter(|_| error.status == 413)?;
        let answer = match api {
            Api::Rest(_) => Answer {
                status: 413,
                headers: Names::from([("content-type".to_owned(), "text/plain".to_owned())]),
                body: format!("HTTP content length exceeded {MOST_PAYLOAD_BYTES} bytes.").into(),
            },
            Api::Http(_) => Answer::message(413, "Request Entity Too Large"),
        };
        self.count(api.title(), "REQUEST_TOO_LARGE");
        let request_id = {
            let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
            ids.uuid().to_string()
        };
        Some(answer.finish(&request_id))
    }

    async fn metrics(&self) -> String {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::from(
            "# HELP hydrant_gateway_requests_total Requests by API and by what became of them.\n\
             # TYPE hydrant_gateway_requests_total counter\n",
        );
        for ((api, outcome), count) in counts.iter() {
            let api = api
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', " ");
            text.push_str(&format!(
                "hydrant_gateway_requests_total{{api=\"{api}\",outcome=\"{outcome}\"}} {count}\n"
            ));
        }
        text
    }

    async fn health(&self) -> Map<String, Value> {
        Map::from_iter([("apis".to_owned(), json!(self.apis.len()))])
    }
}
