//! Who a request comes from: a token is checked, and the client's id is taken from where no client can write it.
//!
//! [`Authorizer::authorize`] takes a token and the instant, and gives an [`Identity`] or the [`Refusal`].
//! [`event`] speaks the events of Lambda authorizers, and the answers that API Gateway wants. The algorithm is
//! fixed by configuration, never by the token; issuer, application, purpose and times are all checked
//! (Amazon Cognito developer guide, "Verifying JSON web tokens").

mod client;
pub mod event;
#[cfg(feature = "lambda")]
mod function;
mod keys;
mod refusal;
mod rules;
#[cfg(feature = "lambda")]
mod settings;
mod token;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde_json::{Map, Value};

pub use client::{ClientIds, Directory, DirectoryError};
#[cfg(feature = "lambda")]
pub use function::AuthorizerFunction;
pub(crate) use keys::causes;
pub use keys::{KeyError, KeySource, Keys};
pub use refusal::{Denied, Refusal, Unavailable};
pub use rules::{Rules, RulesError, TokenUse};
#[cfg(feature = "lambda")]
pub use settings::authorizer_from_environment;

/// The claims of a token.
pub type Claims = Map<String, Value>;

/// Who a request comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user: the claim `sub`.
    pub subject: String,
    /// The client's id, as the directory or the issuer says.
    pub client_id: String,
    /// When the token ends, in seconds since the Unix epoch.
    pub expires: i64,
    /// Everything that the issuer says of the user.
    pub claims: Claims,
}

/// Checks tokens.
#[derive(Debug)]
pub struct Authorizer {
    rules: Rules,
    keys: Keys,
    client_ids: ClientIds,
}

impl Authorizer {
    /// Checks tokens by `rules`, with `keys`; the client's id is what `client_ids` says.
    pub fn new(rules: Rules, keys: Keys, client_ids: ClientIds) -> Self {
        Self {
            rules,
            keys,
            client_ids,
        }
    }

    /// What it checks tokens by.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Says who a token speaks for at the instant `now`. `Bearer ` in front of it is left out.
    ///
    /// # Errors
    ///
    /// [`Denied::Refused`] when the token is not good; [`Denied::Unavailable`] when that cannot be told.
    pub async fn authorize(&self, token: &str, now: Timestamp) -> Result<Identity, Denied> {
        let claims = self.claims(token, now).await?;
        let subject = text(&claims, "sub")
            .filter(|subject| !subject.is_empty())
            .ok_or(Refusal::MissingClaim { claim: "sub" })?;
        let subject = subject.to_owned();
        let token = without_scheme(token);
        let client_id = self.client_ids.of(&subject, &claims, token, now).await?;
        let expires = claims.get("exp").and_then(token::seconds).unwrap_or(0);
        Ok(Identity {
            subject,
            client_id,
            expires,
            claims,
        })
    }

    /// The claims of a good token. Where a signer is not known, its keys are asked for again.
    async fn claims(&self, token: &str, now: Timestamp) -> Result<Claims, Denied> {
        let token = without_scheme(token);
        let header = token::header(token, &self.rules)?;
        let key = self.keys.find(&header.key_id, now).await?;
        let claims = token::verify(token, header.algorithm, &key)?;
        self.rules.check(&claims, now)?;
        Ok(claims)
    }
}

fn without_scheme(token: &str) -> &str {
    let token = token.trim();
    match token.split_once(' ') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest.trim_start(),
        _ => token,
    }
}

fn text<'c>(claims: &'c Claims, name: &str) -> Option<&'c str> {
    claims.get(name).and_then(Value::as_str)
}
