//! The front door: the APIs of the templates, with who stands in front of them.

mod elsewhere;

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use bytes::Bytes;
use hydrant_delivery::{Ids, InvokeError, RuntimeApi, SystemClock};
use hydrant_gateway::{
    api::{
        Api, AuthorizerFunction, FunctionFailure, Gatekeepers, Gateway, HttpApi, RestApi, Settings,
        Stage,
    },
    authorizer::{Authorizer, ClientIds, Directory, KeySource, Keys, Rules, TokenUse},
    events::{Events, Remote},
    identity::{CLIENT_ID_CLAIM, LocalIdentity},
    vtl,
};
use jiff::Timestamp;
use serde_json::Value;

use elsewhere::Signed;

use super::template::{Declared, Deployment, Style};
use crate::{
    args::{IdentityArgs, NamedCommand, Purpose, UpArgs},
    commands::token,
    function, output,
};

/// The front door, if the templates have APIs; it puts events where `events` says. `state` is where the key of the local
/// identity is kept.
pub(super) async fn open(
    args: &UpArgs,
    state: &Path,
    deployment: &mut Deployment,
    events: Option<Arc<dyn Events>>,
) -> Result<Option<Gateway>> {
    let apis = std::mem::take(&mut deployment.apis);
    if apis.is_empty() {
        return Ok(None);
    }
    let authorizers = std::mem::take(&mut deployment.authorizers);
    let events = match (&args.identity.events_endpoint, events) {
        (Some(url), _) if is_local(url) => Arc::new(Remote::new(url)?) as Arc<dyn Events>,
        (Some(url), _) => Arc::new(Signed::connect(url, &args.region).await?),
        (None, Some(events)) => events,
        (None, None) => {
            let why = "API, for want of a bus (--events-endpoint URL)".to_owned();
            let ids = deployment.left_out.entry(why).or_default();
            ids.extend(apis.into_iter().map(|api| api.id));
            return Ok(None);
        }
    };
    let identity = Identity::open(&args.identity, state)?;
    let behind = Behind {
        identity,
        authorizers,
        args,
    };
    let clock = Arc::new(SystemClock);
    let settings = Settings {
        templates: vtl::Settings {
            escape_apostrophe: !args.identity.plain_apostrophe,
        },
        validate_first: args.identity.validate_first,
        count_items: args.identity.count_items,
    };
    let mut served = Vec::new();
    for api in apis {
        let deployed = Stage {
            api_id: api_id(&api.id),
            account: args.account.clone(),
            region: args.region.clone(),
            name: api.stage.clone(),
            variables: api.variables.clone(),
        };
        let events = Arc::clone(&events);
        let clock = Arc::clone(&clock) as _;
        let made = match api.style {
            Style::Rest => RestApi::new(&api.document, deployed, settings, &behind, events, clock)
                .map(Api::Rest),
            Style::Http => HttpApi::new(&api.document, deployed, settings, &behind, events, clock)
                .map(Api::Http),
        };
        served.push(made.with_context(|| format!("the API {}", api.id))?);
    }
    let keys = behind.identity.key_set()?;
    let ids = Ids::from_seed(rand::random());
    Ok(Some(Gateway::new(served, keys, clock, ids)))
}

/// Whether a bus is on this machine, where nobody asks for signatures.
fn is_local(url: &str) -> bool {
    let host = reqwest::Url::parse(url).ok();
    let host = host
        .as_ref()
        .and_then(|url| url.host_str())
        .unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Says what is served, and how to ask for it.
pub(super) fn show(gateway: &Gateway, address: std::net::SocketAddr, args: &UpArgs) {
    for api in gateway.apis() {
        for (verb, path) in api.methods() {
            output::say(&format!("api       {verb} http://{address}{path}"));
        }
    }
    if args.identity.issuer.is_none() && !gateway.apis().is_empty() {
        let state = args.state.as_ref().map_or_else(
            || format!("--lake {}", args.lake),
            |state| format!("--state {}", state.display()),
        );
        output::say(&format!("token     hydrant token --client ID {state}"));
    }
}

/// An id as API Gateway makes them up, the same for the same API.
fn api_id(logical: &str) -> String {
    let letters = logical.bytes().filter(u8::is_ascii_alphanumeric);
    let id: String = letters
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .take(10)
        .collect();
    format!("{id:0<10}")
}

/// Whose tokens are taken.
#[derive(Debug)]
enum Identity<'a> {
    /// Those of `hydrant token`.
    Local(LocalIdentity),
    /// Those of an issuer that was named.
    Issuer(&'a IdentityArgs),
}

impl<'a> Identity<'a> {
    fn open(args: &'a IdentityArgs, state: &Path) -> Result<Self> {
        if args.issuer.is_some() {
            return Ok(Self::Issuer(args));
        }
        let directory = args.identity.as_deref().unwrap_or(state);
        let mut chance = token::fill;
        let identity = LocalIdentity::open(directory, &mut chance).context("the local identity")?;
        Ok(Self::Local(identity))
    }

    /// The keys that are served; those of another issuer are its own to serve.
    fn key_set(&self) -> Result<Option<String>> {
        Ok(match self {
            Self::Local(identity) => Some(identity.key_set()?),
            Self::Issuer(_) => None,
        })
    }

    /// Checks tokens of a use; of either, where none is given.
    fn authorizer(&self, token_use: Option<TokenUse>) -> Result<Authorizer> {
        let wanted = token_use.unwrap_or(TokenUse::Id);
        let (rules, keys, client_ids) = match self {
            Self::Local(identity) => (
                LocalIdentity::rules(wanted)?,
                KeySource::Text(identity.key_set()?),
                ClientIds::Claim(CLIENT_ID_CLAIM.to_owned()),
            ),
            Self::Issuer(args) => {
                let issuer = args.issuer.as_deref().unwrap_or_default();
                let wanted = args.token_use.map_or(wanted, Purpose::token_use);
                let keys = args.issuer_keys.clone().unwrap_or_else(|| {
                    format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/'))
                });
                let keys = KeySource::parse(&keys).map_err(anyhow::Error::msg);
                (
                    Rules::new(issuer, args.app_client.clone(), wanted)?,
                    keys.context("--issuer-keys")?,
                    client_ids(args)?,
                )
            }
        };
        let rules = if token_use.is_none() {
            rules.for_either_use()
        } else {
            rules
        };
        Ok(Authorizer::new(rules, Keys::new(keys)?, client_ids))
    }
}

fn client_ids(args: &IdentityArgs) -> Result<ClientIds> {
    let claim = args.client_id_claim.clone();
    let Some(directory) = &args.client_id_directory else {
        return Ok(ClientIds::Claim(claim));
    };
    let source = KeySource::parse(directory).map_err(anyhow::Error::msg);
    Ok(ClientIds::Directory(
        match source.context("--client-id-directory")? {
            KeySource::Url(url) => Directory::cognito(url, claim)?,
            _ => Directory::file(directory),
        },
    ))
}

/// What stands behind the authorizers of the APIs.
#[derive(Debug)]
struct Behind<'a> {
    identity: Identity<'a>,
    authorizers: Vec<Declared>,
    args: &'a UpArgs,
}

impl Behind<'_> {
    /// The function with this name or logical id: a command that was typed, or what the template has.
    fn authorizer(&self, name: &str) -> Result<Arc<dyn AuthorizerFunction>> {
        let declared = self.authorizers.iter().find(|it| it.is(name));
        let is_typed = |given: &&NamedCommand| {
            given.name == name || declared.is_some_and(|it| it.is(&given.name))
        };
        let typed = self.args.function.iter().find(is_typed);
        let mut process = match (typed, declared) {
            (Some(given), _) => function::of_command(name, &given.command)?,
            (None, Some(declared)) => {
                let Some(process) = declared.process()? else {
                    let token_use = declared.variable("TOKEN_USE").unwrap_or("id");
                    let token_use = token_use.parse().map_err(anyhow::Error::msg);
                    let token_use = token_use.with_context(|| format!("{name}: TOKEN_USE"))?;
                    return Ok(Arc::new(self.identity.authorizer(Some(token_use))?));
                };
                process
            }
            (None, None) => {
                bail!("there is no function {name} in the template; give --function {name}=COMMAND")
            }
        };
        process.timeout = self.args.function_timeout;
        if let Some(declared) = declared {
            declared.settle(&mut process, &self.args.region);
        }
        process.concurrency = self.args.function_concurrency;
        let ids = Ids::from_seed(rand::random());
        let host = RuntimeApi::new(process, Arc::new(SystemClock), ids);
        Ok(Arc::new(InItsProcess(host)))
    }
}

impl Gatekeepers for Behind<'_> {
    fn function(&self, arn: &str) -> Result<Arc<dyn AuthorizerFunction>, String> {
        self.authorizer(name_in(arn))
            .map_err(|error| format!("{error:#}"))
    }

    fn issuer(&self, _: &str, _: &[String]) -> Result<Arc<Authorizer>, String> {
        // The template's issuer is one that only a deployment knows; here it is the one of this run.
        let authorizer = self.identity.authorizer(None);
        authorizer
            .map(Arc::new)
            .map_err(|error| format!("{error:#}"))
    }

    fn user_pools(&self, _: &[String]) -> Result<Arc<Authorizer>, String> {
        let authorizer = self.identity.authorizer(None);
        authorizer
            .map(Arc::new)
            .map_err(|error| format!("{error:#}"))
    }
}

/// A function's name in its ARN, or the logical id in `${Function.Arn}`.
fn name_in(arn: &str) -> &str {
    if let Some((_, reference)) = arn.split_once("${") {
        let end = reference.find(['.', '}']).unwrap_or(reference.len());
        return reference.get(..end).unwrap_or(reference);
    }
    arn.split(':').nth(6).unwrap_or(arn)
}

/// A function in a process of its own, as an authorizer.
#[derive(Debug)]
struct InItsProcess(RuntimeApi);

#[async_trait]
impl AuthorizerFunction for InItsProcess {
    async fn decide(&self, event: Value, _: Timestamp) -> Result<Value, FunctionFailure> {
        let answer = self.0.call(Bytes::from(event.to_string())).await;
        let answer = answer.map_err(|error| match error {
            // `Exception: Unauthorized`: the kind is the language's, the text the function's.
            InvokeError::Function(text) if text.rsplit(": ").next() == Some("Unauthorized") => {
                FunctionFailure("Unauthorized".to_owned())
            }
            error => FunctionFailure(error.to_string()),
        })?;
        serde_json::from_slice(&answer)
            .map_err(|error| FunctionFailure(format!("its answer is no JSON: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_by_its_arn_and_by_its_reference() {
        for (arn, name) in [
            (
                "arn:aws:lambda:eu-west-1:123456789012:function:door",
                "door",
            ),
            ("${Authorizer.Arn}", "Authorizer"),
            ("${Authorizer}", "Authorizer"),
            ("door", "door"),
        ] {
            assert_eq!(name_in(arn), name);
        }
        assert_eq!(api_id("EventsApi"), "eventsapi0");
    }
}
