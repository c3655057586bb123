//! The issuer's keys: a JSON Web Key Set (RFC 7517) in a file or at a URL, read when it is needed, and again
//! when a token names a key that is not in it, since issuers change their keys.

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde_json::Value;
use tokio::sync::Mutex;

use super::{Denied, Refusal};

/// How long keys are good without being read again.
const GOOD_FOR: i64 = 60 * 60;

/// The pause between two readings: tokens with made-up key ids must not become requests.
const PAUSE: i64 = 30;

/// The largest set, in bytes, and how long it may take to come.
const MOST_BYTES: usize = 256 << 10;
const TIMEOUT: Duration = Duration::from_secs(5);

/// The smallest RSA key: 2,048 bits.
const LEAST_MODULUS_BYTES: usize = 256;

/// Where keys come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// The text of a key set.
    Text(String),
    /// A file with a key set.
    File(PathBuf),
    /// A URL that answers with a key set.
    Url(String),
}

impl KeySource {
    /// `https://…` is a URL, and so is `http://` to this machine; anything else is a file.
    ///
    /// # Errors
    ///
    /// A URL that anybody on the way could answer.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("https://") {
            return Ok(Self::Url(text.to_owned()));
        }
        if text.starts_with("http://") {
            let url = reqwest::Url::parse(text).map_err(|error| error.to_string())?;
            let local = match url.host_str().unwrap_or_default() {
                "localhost" | "[::1]" => true,
                host => host
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback()),
            };
            if !local {
                return Err(
                    "keys over http can be exchanged on the way; use https, or a loopback address"
                        .to_owned(),
                );
            }
            return Ok(Self::Url(text.to_owned()));
        }
        match text.strip_prefix("file://").unwrap_or(text) {
            "" => Err("name a file or a URL".to_owned()),
            path => Ok(Self::File(path.into())),
        }
    }
}

impl std::fmt::Display for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(_) => f.write_str("the key set that was given"),
            Self::File(path) => path.display().fmt(f),
            Self::Url(url) => f.write_str(url),
        }
    }
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The source cannot be read.
    #[error("cannot read the keys of the issuer from {from}: {reason}")]
    Read {
        /// The file or URL.
        from: String,
        /// Why.
        reason: String,
    },
    /// What it holds is no set of keys that could be used.
    #[error("{from} is no set of keys: {reason}")]
    Set {
        /// The file or URL.
        from: String,
        /// What about it.
        reason: String,
    },
}

/// A key.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub algorithm: Algorithm,
    pub decoding: DecodingKey,
}

type Set = Arc<HashMap<String, Key>>;

/// The keys of an issuer.
#[derive(Debug)]
pub struct Keys {
    source: KeySource,
    client: reqwest::Client,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    set: Option<Set>,
    /// When it was read, in seconds since the epoch.
    read: i64,
    /// When reading it was last tried.
    tried: Option<i64>,
}

impl Keys {
    /// Reads nothing before the first token comes.
    ///
    /// # Errors
    ///
    /// When there can be no HTTP client.
    pub fn new(source: KeySource) -> Result<Self, KeyError> {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build();
        let client = client.map_err(|error| KeyError::Read {
            from: source.to_string(),
            reason: causes(&error),
        })?;
        Ok(Self {
            source,
            client,
            state: Mutex::default(),
        })
    }

    /// The key with this id.
    pub(super) async fn find(&self, id: &str, now: Timestamp) -> Result<Key, Denied> {
        let now = now.as_second();
        // Held while the set is read: one reading serves all who wait for it.
        let mut state = self.state.lock().await;
        let fresh = now.saturating_sub(state.read) < GOOD_FOR;
        if let Some(key) = state
            .set
            .as_ref()
            .filter(|_| fresh)
            .and_then(|set| set.get(id))
        {
            return Ok(key.clone());
        }
        let rested = state
            .tried
            .is_none_or(|tried| now.saturating_sub(tried).unsigned_abs() >= PAUSE.unsigned_abs());
        if rested {
            state.tried = Some(now);
            match self.read().await {
                Ok(set) => {
                    state.set = Some(set);
                    state.read = now;
                }
                // With keys that were good, what they signed is still let in.
                Err(error) if state.set.is_some() => {
                    tracing::warn!(%error, "the issuer's keys were not read again");
                }
                Err(error) => {
                    // Nobody can be let in, so there is nothing to spare.
                    state.tried = None;
                    return Err(error.into());
                }
            }
        }
        let key = state.set.as_ref().and_then(|set| set.get(id)).cloned();
        key.ok_or_else(|| {
            let key_id = id.to_owned();
            Refusal::UnknownKey { key_id }.into()
        })
    }

    async fn read(&self) -> Result<Set, KeyError> {
        let unreadable = |reason: String| KeyError::Read {
            from: self.source.to_string(),
            reason,
        };
        let text = match &self.source {
            KeySource::Text(text) => text.clone().into_bytes(),
            KeySource::File(path) => tokio::fs::read(path)
                .await
                .map_err(|error| unreadable(error.to_string()))?,
            KeySource::Url(url) => self.fetch(url).await.map_err(unreadable)?,
        };
        parse(&text).map(Arc::new).map_err(|reason| KeyError::Set {
            from: self.source.to_string(),
            reason,
        })
    }

    async fn fetch(&self, url: &str) -> Result<Vec<u8>, String> {
        let mut answer = self.client.get(url).send().await.map_err(|e| causes(&e))?;
        if !answer.status().is_success() {
            return Err(format!("it answers {}", answer.status()));
        }
        let mut text = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| causes(&error))? {
            text.extend_from_slice(&chunk);
            if text.len() > MOST_BYTES {
                return Err(format!("it answers more than {MOST_BYTES} bytes"));
            }
        }
        Ok(text)
    }
}

/// The keys of a set that can be used; those of other kinds are left out.
fn parse(text: &[u8]) -> Result<HashMap<String, Key>, String> {
    let set: Value = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let keys = set.get("keys").and_then(Value::as_array);
    let keys = keys.ok_or_else(|| "it has no list called keys".to_owned())?;
    let keys: HashMap<String, Key> = keys.iter().filter_map(key).collect();
    if keys.is_empty() {
        return Err("it has no key for RS256 or ES256 with an id".to_owned());
    }
    Ok(keys)
}

fn key(jwk: &Value) -> Option<(String, Key)> {
    let jwk: Jwk = serde_json::from_value(jwk.clone()).ok()?;
    if jwk.common.public_key_use == Some(PublicKeyUse::Encryption) {
        return None;
    }
    let algorithm = match (&jwk.algorithm, jwk.common.key_algorithm) {
        (AlgorithmParameters::RSA(rsa), None | Some(KeyAlgorithm::RS256)) => {
            let modulus = base64_simd::URL_SAFE_NO_PAD
                .decode_to_vec(rsa.n.as_bytes())
                .ok()?;
            (modulus.len() >= LEAST_MODULUS_BYTES).then_some(Algorithm::RS256)?
        }
        (AlgorithmParameters::EllipticCurve(curve), None | Some(KeyAlgorithm::ES256)) => {
            (curve.curve == EllipticCurve::P256).then_some(Algorithm::ES256)?
        }
        _ => return None,
    };
    let decoding = DecodingKey::from_jwk(&jwk).ok()?;
    let key = Key {
        algorithm,
        decoding,
    };
    Some((jwk.common.key_id?, key))
}

/// An error of reqwest with what caused it, which it does not say by itself.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
