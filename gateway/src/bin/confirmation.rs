//! The Lambda function behind Cognito's post confirmation trigger: gives users their client ids.

use std::process::ExitCode;

use hydrant_gateway::confirmation::Confirmation;

fn main() -> ExitCode {
    hydrant_function::run("a user pool of Cognito", Confirmation::from_environment)
}
