//! The settings of the Lambda function `authorizer`: its environment variables, read once.

use std::time::Duration;

use hydrant_function::{Environment, SettingError};

use super::{Authorizer, ClientIds, Directory, KeySource, Keys, Rules};

const ISSUER: &str = "ISSUER";
const APPLICATIONS: &str = "APP_CLIENT_IDS";

/// An authorizer by its environment variables:
///
/// | Variable | |
/// | --- | --- |
/// | `ISSUER` | the claim `iss`: `https://cognito-idp.REGION.amazonaws.com/POOL` |
/// | `APP_CLIENT_IDS` | the app clients whose tokens are taken, with commas between |
/// | `TOKEN_USE` | `id` (as it is without) or `access` |
/// | `KEYS` | the file or URL of the issuer's keys; `ISSUER/.well-known/jwks.json` without |
/// | `CLIENT_ID_CLAIM` | the claim with the client's id; `custom:clientId` without |
/// | `CLIENT_ID_DIRECTORY` | a file `{"<sub>": "<client id>"}`, or the URL of Cognito's API, which is asked with the access token; then `CLIENT_ID_CLAIM` names the attribute |
/// | `SCOPES` | scopes of which a token must have one, with commas between |
/// | `LEEWAY_SECONDS` | what clocks may be off, at most 300; 60 without |
/// | `ALLOW_ES256` | `true` to take ES256 beside RS256 |
///
/// # Errors
///
/// The variable that cannot be what it is, or that is missing.
pub fn authorizer_from_environment(
    environment: &Environment<'_>,
) -> Result<Authorizer, SettingError> {
    let issuer = required(
        environment,
        ISSUER,
        "set it to the claim iss of good tokens",
    )?;
    let applications = required(
        environment,
        APPLICATIONS,
        "set it to the app clients whose tokens are taken, with commas between",
    )?;
    let token_use = environment.parse("TOKEN_USE", str::parse)?;
    let token_use = token_use.unwrap_or(super::TokenUse::Id);
    let rules = Rules::new(issuer.clone(), list(&applications), token_use);
    let mut rules = rules.map_err(|error| SettingError {
        variable: APPLICATIONS,
        value: applications,
        reason: error.to_string(),
    })?;
    let leeway = environment.parse("LEEWAY_SECONDS", |text| {
        let seconds = text.parse().map_err(|_| "a number of seconds".to_owned())?;
        let with = rules.clone().with_leeway(Duration::from_secs(seconds));
        with.map_err(|error| error.to_string())
    })?;
    rules = leeway.unwrap_or(rules);
    if let Some(scopes) = environment.parse("SCOPES", |text| Ok::<_, String>(list(text)))? {
        rules = rules.with_scopes(scopes);
    }
    if environment.flag("ALLOW_ES256", false)? {
        rules = rules.with_es256();
    }
    let source = environment.parse("KEYS", KeySource::parse)?;
    let source = if let Some(source) = source {
        source
    } else {
        let url = format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/'));
        KeySource::parse(&url).map_err(|reason| SettingError {
            variable: ISSUER,
            value: issuer.clone(),
            reason,
        })?
    };
    let keys = Keys::new(source).map_err(|error| SettingError {
        variable: "KEYS",
        value: String::new(),
        reason: error.to_string(),
    })?;
    Ok(Authorizer::new(rules, keys, client_ids(environment)?))
}

fn client_ids(environment: &Environment<'_>) -> Result<ClientIds, SettingError> {
    let claim = environment.parse("CLIENT_ID_CLAIM", |text| Ok::<_, String>(text.to_owned()))?;
    let claim = claim.unwrap_or_else(|| "custom:clientId".to_owned());
    let directory = environment.parse("CLIENT_ID_DIRECTORY", |text| {
        match KeySource::parse(text)? {
            KeySource::Url(url) => {
                Directory::cognito(url, claim.clone()).map_err(|error| error.to_string())
            }
            KeySource::File(path) => Ok(Directory::file(path)),
            KeySource::Text(_) => Err("name a file or a URL".to_owned()),
        }
    })?;
    Ok(directory.map_or(ClientIds::Claim(claim), ClientIds::Directory))
}

fn required(
    environment: &Environment<'_>,
    variable: &'static str,
    reason: &str,
) -> Result<String, SettingError> {
    let value = environment.parse(variable, |text| Ok::<_, String>(text.trim().to_owned()))?;
    value.ok_or_else(|| SettingError {
        variable,
        value: String::new(),
        reason: reason.to_owned(),
    })
}

fn list(text: &str) -> Vec<String> {
    let parts = text.split(',').map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}
