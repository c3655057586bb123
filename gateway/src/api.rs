//! APIs in front of a bus: what Amazon API Gateway makes of a REST API's or an HTTP API's definition, served over
//! [`hydrant_endpoint`].
//!
//! [`RestApi`] goes from route to authorizer, request model, mapping template, `PutEvents` and response template;
//! [`HttpApi`] makes one event of a request. [`Gateway`] is the service that has them all, and serves the keys of
//! the local identity.

mod definition;
mod deployed;
mod exchange;
mod gate;
mod http;
mod mapping;
mod model;
mod policy;
mod refusal;
mod rest;
mod route;
mod service;
mod validation;

#[cfg(test)]
mod tests;

pub use definition::{DefinitionError, Gatekeepers};
pub use gate::{AuthorizerFunction, FunctionFailure};
pub use http::HttpApi;
pub use rest::RestApi;
pub use service::{Api, Gateway};

use crate::vtl::{self, Names};

/// The largest payload of an API, in bytes (API Gateway developer guide, quotas).
pub const MOST_PAYLOAD_BYTES: usize = 10 << 20;

/// Where an API is deployed, as its requests see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The API's id: ten letters and digits on AWS.
    pub api_id: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The stage's name: the first part of the path. `$default` of an HTTP API has no part in it.
    pub name: String,
    /// Its variables.
    pub variables: Names,
}

impl Stage {
    /// What stands in front of the paths: `/prod`, or nothing.
    fn prefix(&self) -> String {
        match self.name.as_str() {
            "$default" => String::new(),
            name => format!("/{name}"),
        }
    }

    /// The ARN of a method, as policies and authorizers spell it.
    fn method_arn(&self, verb: &str, path: &str) -> String {
        let Self {
            api_id,
            account,
            region,
            name,
            ..
        } = self;
        let path = path.trim_start_matches('/');
        format!("arn:aws:execute-api:{region}:{account}:{api_id}/{name}/{verb}/{path}")
    }
}

/// Where AWS leaves open what happens, or where a local run wants it otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// What a rendering is like.
    pub templates: vtl::Settings,
    /// Checks bodies before it asks the authorizer. AWS's guide has the authorizer first, and so has this by
    /// default.
    pub validate_first: bool,
    /// Lets models count items (`minItems`, `maxItems`). AWS's guide says that API Gateway does not; a model is
    /// no guard then, and by default it is none here.
    pub count_items: bool,
}
