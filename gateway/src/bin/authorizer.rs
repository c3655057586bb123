//! The Lambda authorizer of an API: settings from the environment, the work by the library.

use std::process::ExitCode;

use hydrant_gateway::authorizer::{AuthorizerFunction, authorizer_from_environment};

fn main() -> ExitCode {
    hydrant_function::run("`hydrant up -t template.yaml`", |environment| {
        authorizer_from_environment(environment).map(AuthorizerFunction::new)
    })
}
