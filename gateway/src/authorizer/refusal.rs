//! Why a request is not let in.

use super::{client::DirectoryError, keys::KeyError};

/// What is wrong with a token. It holds nothing of the token that could be used by someone else; a client is
/// told `Unauthorized`, and no more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is no JSON Web Token.
    #[error("it is no JSON Web Token: {reason}")]
    Malformed {
        /// What about it.
        reason: &'static str,
    },
    /// It is signed in a way that is not allowed here, or not at all.
    #[error("it is signed with {algorithm}, and only {allowed} is taken")]
    Algorithm {
        /// What it names.
        algorithm: String,
        /// What would be right.
        allowed: String,
    },
    /// The issuer has no such key.
    #[error("the issuer has no key called {key_id:?}")]
    UnknownKey {
        /// The key's id.
        key_id: String,
    },
    /// The signature is not the issuer's.
    #[error("the signature is not the issuer's")]
    Signature,
    /// Somebody else's token.
    #[error("it was issued by {issuer:?}")]
    Issuer {
        /// The claim `iss`.
        issuer: String,
    },
    /// A token for another application.
    #[error("it was issued for the application {application:?}")]
    Application {
        /// The claim `client_id` or `aud`.
        application: String,
    },
    /// An id token where an access token is expected, or the other way round.
    #[error("it is a token for {found:?}, and one for {wanted:?} is taken")]
    TokenUse {
        /// The claim `token_use`.
        found: String,
        /// What would be right.
        wanted: &'static str,
    },
    /// Its time is over.
    #[error("it expired {seconds} s ago")]
    Expired {
        /// How long ago.
        seconds: i64,
    },
    /// Its time has not come, or it comes from a clock that is wrong.
    #[error("it is good from {seconds} s in the future only")]
    NotYet {
        /// How far.
        seconds: i64,
    },
    /// It does not permit this.
    #[error("it has none of the scopes that are wanted")]
    Scope,
    /// What every token says is not said.
    #[error("it has no claim {claim}, or not one of the right kind")]
    MissingClaim {
        /// Which.
        claim: &'static str,
    },
    /// The user has no client id, or one that no client has.
    #[error("{reason}")]
    ClientId {
        /// What about it.
        reason: &'static str,
    },
}

impl Refusal {
    /// A short name that stays what it is, to count by.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "Malformed",
            Self::Algorithm { .. } => "Algorithm",
            Self::UnknownKey { .. } => "UnknownKey",
            Self::Signature => "Signature",
            Self::Issuer { .. } => "Issuer",
            Self::Application { .. } => "Application",
            Self::TokenUse { .. } => "TokenUse",
            Self::Expired { .. } => "Expired",
            Self::NotYet { .. } => "NotYet",
            Self::Scope => "Scope",
            Self::MissingClaim { .. } => "MissingClaim",
            Self::ClientId { .. } => "ClientId",
        }
    }
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// The token is not good: a client's fault.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Whether it is good cannot be told: not a client's fault.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What keeps an authorizer from telling.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unavailable {
    /// There are no keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The directory of users does not answer.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl From<KeyError> for Denied {
    fn from(error: KeyError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<DirectoryError> for Denied {
    fn from(error: DirectoryError) -> Self {
        Self::Unavailable(error.into())
    }
}
