//! Whose tokens the front door of `hydrant up` takes.

use std::path::PathBuf;

use clap::Args;

use super::Purpose;

/// Whose tokens the front door takes, if not those of `hydrant token`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Front door and bus")]
pub(crate) struct IdentityArgs {
    /// Take the tokens of this issuer (their claim iss), such as a user pool of Cognito, instead of those that
    /// `hydrant token` makes
    #[arg(long, value_name = "URL", requires = "app_client")]
    pub(crate) issuer: Option<String>,

    /// The file or URL of the issuer's keys [default: ISSUER/.well-known/jwks.json]
    #[arg(long, value_name = "FILE|URL", requires = "issuer")]
    pub(crate) issuer_keys: Option<String>,

    /// An app client whose tokens are taken. May be repeated
    #[arg(long, value_name = "ID", requires = "issuer")]
    pub(crate) app_client: Vec<String>,

    /// What the issuer's tokens are for [default: what the authorizer's TOKEN_USE says, else id]
    #[arg(long, value_name = "USE", value_enum, requires = "issuer")]
    pub(crate) token_use: Option<Purpose>,

    /// The claim with the client's id
    #[arg(
        long,
        value_name = "CLAIM",
        requires = "issuer",
        default_value = "custom:clientId"
    )]
    pub(crate) client_id_claim: String,

    /// Where a client's id is found by the claim sub, instead of in a claim: a file {"<sub>":"<client id>"}, or the
    /// URL of Cognito's API, which is asked with the access token
    #[arg(long, value_name = "FILE|URL", requires = "issuer")]
    pub(crate) client_id_directory: Option<String>,

    /// Write an apostrophe in $util.escapeJavaScript as it is. API Gateway writes \', which is no JSON: a template that
    /// does not take it back loses every event with an apostrophe, there and here
    #[arg(long)]
    pub(crate) plain_apostrophe: bool,

    /// Check bodies before the authorizer is asked. AWS's guide says that API Gateway asks the authorizer first
    #[arg(long)]
    pub(crate) validate_first: bool,

    /// Let request models count items (minItems, maxItems). AWS's guide says that API Gateway does not
    #[arg(long)]
    pub(crate) count_items: bool,

    /// Put the front door's events into a bus elsewhere: the URL of an EventBridge endpoint. Requests that leave this
    /// machine are signed with the AWS credentials of this process
    #[arg(long, value_name = "URL")]
    pub(crate) events_endpoint: Option<String>,

    /// The secrets that templates name: a file with them as Secrets Manager would give them,
    /// {"NAME":{"MEMBER":"VALUE"}}, or `secretsmanager` for Secrets Manager itself
    #[arg(long, value_name = "FILE")]
    pub(crate) secrets: Option<PathBuf>,

    /// Where the tokens' key is kept, if not in the directory of --state
    #[arg(long, value_name = "DIR", conflicts_with = "issuer")]
    pub(crate) identity: Option<PathBuf>,
}
