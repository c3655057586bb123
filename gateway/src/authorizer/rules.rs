//! What is asked of a token, beside its signature.

use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::Algorithm;
use serde_json::Value;

use super::{Claims, Refusal, text, token::seconds};

/// The largest leeway: a clock that is further off wants mending.
pub(super) const MOST_LEEWAY: Duration = Duration::from_mins(5);

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenUse {
    /// To call an API: it names the application in `client_id`.
    Access,
    /// To say who the user is: it names the application in `aud`.
    Id,
}

impl TokenUse {
    /// The claim `token_use`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Id => "id",
        }
    }

    /// The claim that names the application.
    fn application(self) -> &'static str {
        match self {
            Self::Access => "client_id",
            Self::Id => "aud",
        }
    }
}

impl std::str::FromStr for TokenUse {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "access" => Ok(Self::Access),
            "id" => Ok(Self::Id),
            _ => Err("use access or id"),
        }
    }
}

/// What is asked of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    issuer: String,
    applications: Vec<String>,
    token_use: Option<TokenUse>,
    leeway: Duration,
    scopes: Vec<String>,
    algorithms: Vec<Algorithm>,
}

/// Rules that would let anybody in, or nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RulesError {
    /// No issuer.
    #[error("the issuer is empty; it is the claim iss of good tokens")]
    NoIssuer,
    /// No application.
    #[error(
        "no application is named; name the app clients whose tokens are taken, or tokens for any application \
         of the issuer would be"
    )]
    NoApplication,
    /// Too much leeway.
    #[error("a leeway of {seconds} s is more than {most} s")]
    Leeway {
        /// The leeway.
        seconds: u64,
        /// The most.
        most: u64,
    },
}

impl Rules {
    /// Takes tokens of `issuer` for one of `applications` (app client ids), used for `token_use`, signed with
    /// RS256.
    ///
    /// # Errors
    ///
    /// [`RulesError`].
    pub fn new(
        issuer: impl Into<String>,
        applications: Vec<String>,
        token_use: TokenUse,
    ) -> Result<Self, RulesError> {
        let issuer = issuer.into();
        if issuer.trim().is_empty() {
            return Err(RulesError::NoIssuer);
        }
        if applications.is_empty() || applications.iter().any(|id| id.trim().is_empty()) {
            return Err(RulesError::NoApplication);
        }
        Ok(Self {
            issuer,
            applications,
            token_use: Some(token_use),
            leeway: Duration::from_mins(1),
            scopes: Vec::new(),
            algorithms: vec![Algorithm::RS256],
        })
    }

    /// The same for tokens of either use, as the JWT authorizer of an HTTP API takes them: the application is
    /// in `aud`, or else in `client_id`.
    #[must_use]
    pub fn for_either_use(mut self) -> Self {
        self.token_use = None;
        self
    }

    /// The same with another leeway for clocks than a minute.
    ///
    /// # Errors
    ///
    /// When it is more than five minutes.
    pub fn with_leeway(mut self, leeway: Duration) -> Result<Self, RulesError> {
        if leeway > MOST_LEEWAY {
            return Err(RulesError::Leeway {
                seconds: leeway.as_secs(),
                most: MOST_LEEWAY.as_secs(),
            });
        }
        self.leeway = leeway;
        Ok(self)
    }

    /// The same, for tokens that have one of these scopes.
    #[must_use]
    pub fn with_scopes(mut self, scopes: Vec<String>) -> Self {
        self.scopes = scopes;
        self
    }

    /// The same, with ES256 taken too.
    #[must_use]
    pub fn with_es256(mut self) -> Self {
        self.algorithms = vec![Algorithm::RS256, Algorithm::ES256];
        self
    }

    /// The claim `iss` of good tokens.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// How good tokens are signed.
    pub(super) fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    /// Checks everything but the signature.
    pub(super) fn check(&self, claims: &Claims, now: Timestamp) -> Result<(), Refusal> {
        let issuer = text(claims, "iss").ok_or(Refusal::MissingClaim { claim: "iss" })?;
        if issuer != self.issuer {
            return Err(Refusal::Issuer {
                issuer: shown(issuer),
            });
        }
        self.check_use(claims)?;
        self.check_application(claims)?;
        self.check_times(claims, now)?;
        self.check_scopes(claims)
    }

    fn check_use(&self, claims: &Claims) -> Result<(), Refusal> {
        let Some(wanted) = self.token_use else {
            return Ok(());
        };
        let found = text(claims, "token_use");
        let found = found.ok_or(Refusal::MissingClaim { claim: "token_use" })?;
        if found == wanted.name() {
            return Ok(());
        }
        Err(Refusal::TokenUse {
            found: shown(found),
            wanted: wanted.name(),
        })
    }

    fn check_application(&self, claims: &Claims) -> Result<(), Refusal> {
        let claim = match self.token_use {
            Some(token_use) => token_use.application(),
            None if claims.contains_key("aud") => "aud",
            None => "client_id",
        };
        let named: Vec<&str> = match claims.get(claim) {
            Some(Value::String(one)) => vec![one],
            // RFC 7519 lets a token be for several.
            Some(Value::Array(several)) if claim == "aud" => {
                several.iter().filter_map(Value::as_str).collect()
            }
            _ => return Err(Refusal::MissingClaim { claim }),
        };
        let known = |name: &&str| self.applications.iter().any(|known| known == name);
        if named.iter().any(known) {
            return Ok(());
        }
        Err(Refusal::Application {
            application: shown(&named.join(", ")),
        })
    }

    fn check_times(&self, claims: &Claims, now: Timestamp) -> Result<(), Refusal> {
        let now = now.as_second();
        let leeway = i64::try_from(self.leeway.as_secs()).unwrap_or(0);
        let expires = claims.get("exp").and_then(seconds);
        let expires = expires.ok_or(Refusal::MissingClaim { claim: "exp" })?;
        if expires.saturating_add(leeway) <= now {
            return Err(Refusal::Expired {
                seconds: now.saturating_sub(expires),
            });
        }
        for claim in ["nbf", "iat"] {
            let Some(value) = claims.get(claim) else {
                continue;
            };
            let from = seconds(value).ok_or(Refusal::MissingClaim { claim })?;
            if from.saturating_sub(leeway) > now {
                return Err(Refusal::NotYet {
                    seconds: from.saturating_sub(now),
                });
            }
        }
        Ok(())
    }

    fn check_scopes(&self, claims: &Claims) -> Result<(), Refusal> {
        let has = text(claims, "scope").unwrap_or_default();
        let wanted = |scope: &str| self.scopes.iter().any(|wanted| wanted == scope);
        if self.scopes.is_empty() || has.split(' ').any(wanted) {
            return Ok(());
        }
        Err(Refusal::Scope)
    }
}

/// The beginning of what a token says: enough to find the fault, too little to fill a log.
fn shown(text: &str) -> String {
    text.chars().take(200).collect()
}
