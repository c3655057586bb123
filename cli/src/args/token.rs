//! What `hydrant token` takes.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use hydrant_gateway::authorizer::TokenUse;

/// Make a token for the front door of `hydrant up`
///
/// The token has the shape of Amazon Cognito's, and says who the client is: its id is in it, signed, where no client
/// can write it. The key is in the directory of --state, made with the first token, readable by its owner alone;
/// `hydrant up` with the same lake or the same --state takes its tokens, and serves the public key at
/// /.well-known/jwks.json. Nobody else knows the key, so the token opens nothing else.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hydrant token --client shop-7
  hydrant send --api http://127.0.0.1:4566/prod/event --token $(hydrant token --client shop-7)")]
pub(crate) struct TokenArgs {
    /// The client's id, as it will be in every event
    #[arg(long, value_name = "ID", value_parser = client)]
    pub(crate) client: String,

    /// How long the token is good
    #[arg(long, value_name = "TIME", value_parser = expiry, default_value = "1h")]
    pub(crate) expires: Duration,

    /// What the token is for: to say who the user is, or to call an API
    #[arg(long = "use", value_name = "USE", value_enum, default_value_t = Purpose::Id)]
    pub(crate) purpose: Purpose,

    /// The lake that `hydrant up` writes to: its state, with the key, is beside it
    #[arg(long, value_name = "URL", default_value = "lake")]
    pub(crate) lake: String,

    /// Where the key is kept, as with `hydrant up` [default: beside the lake's directory, else
    /// $XDG_STATE_HOME/hydrant]
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,

    /// Make a new key first. Tokens of the key before it stay good; `hydrant up` has to start again
    #[arg(long)]
    pub(crate) new_key: bool,
}

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Purpose {
    /// An id token, as the front door of our templates takes it
    Id,
    /// An access token
    Access,
}

impl Purpose {
    /// The same, as tokens have it.
    pub(crate) fn token_use(self) -> TokenUse {
        match self {
            Self::Id => TokenUse::Id,
            Self::Access => TokenUse::Access,
        }
    }
}

fn client(text: &str) -> Result<String, String> {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:@+=/|".contains(&byte);
    if text.is_empty() || text.len() > 128 || !text.bytes().all(sound) {
        return Err("an id has 1 to 128 letters, digits and -_.:@+=/|".to_owned());
    }
    Ok(text.to_owned())
}

fn expiry(text: &str) -> Result<Duration, String> {
    let span = super::span::span(text)?;
    if span < Duration::from_secs(1) || span > hydrant_gateway::identity::MOST_EXPIRY {
        return Err("a token is good for at least a second, and at most 30 days (720h)".to_owned());
    }
    Ok(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_and_a_time_are_bounded() {
        assert!(client("shop-7").is_ok());
        for wrong in ["", "a b", "a\"b", "é"] {
            assert!(client(wrong).is_err(), "{wrong}");
        }
        assert_eq!(expiry("12h").unwrap().as_secs(), 43_200);
        for wrong in ["", "0s", "721h", "-1h", "soon"] {
            assert!(expiry(wrong).is_err(), "{wrong}");
        }
    }
}
