//! An issuer of tokens for one machine: a key set in a file, and tokens of the shape that Cognito gives, so that
//! the first event can be sent without an account. It proves nothing to anybody else.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use hydrant_endpoint::private_files;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rsa::{
    RsaPrivateKey, RsaPublicKey,
    pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding},
    traits::PublicKeyParts as _,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::authorizer::{Rules, RulesError, TokenUse};

/// The claim `iss` of its tokens. Nothing answers there: the keys are at `/.well-known/jwks.json` of `hydrant up`.
pub const ISSUER: &str = "https://identity.hydrant.invalid";

/// The app client that its tokens are for.
pub const APPLICATION: &str = "hydrant-local";

/// The claim with the client's id.
pub const CLIENT_ID_CLAIM: &str = "custom:clientId";

/// Where an endpoint serves the keys.
pub const KEYS_PATH: &str = "/.well-known/jwks.json";

/// The longest that a token may be good for.
pub const MOST_EXPIRY: Duration = Duration::from_hours(24 * 30);

/// The bits of a key, as Cognito's have.
const KEY_BITS: usize = 2048;

/// How many keys are kept: the one that signs, and the one before it.
const MOST_KEYS: usize = 2;

/// Fills memory with random bytes.
pub type Chance<'c> = dyn FnMut(&mut [u8]) + 'c;

/// Why there is no local identity.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{}: {reason}; remove it, and a new one is made", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A key could not be made or used.
    #[error("the key: {0}")]
    Key(String),
    /// A token for nobody, or for too long.
    #[error("{0}")]
    Token(&'static str),
}

/// The keys of one machine's issuer.
#[derive(Clone, Serialize, Deserialize)]
pub struct LocalIdentity {
    /// The newest first: it signs.
    keys: Vec<SigningKey>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SigningKey {
    key_id: String,
    private_key: String,
}

/// Without the private keys.
impl std::fmt::Debug for LocalIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids = self.keys.iter().map(|key| &key.key_id);
        f.debug_list().entries(ids).finish()
    }
}

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant<'a> {
    /// The client's id.
    pub client_id: &'a str,
    /// What the token is for.
    pub token_use: TokenUse,
    /// How long it is good.
    pub expires: Duration,
    /// The token's own name, a UUID.
    pub id: String,
}

impl LocalIdentity {
    /// The identity in the file `identity.json` of a directory, or a new one that is put there, for the owner's
    /// eyes alone.
    ///
    /// # Errors
    ///
    /// [`IdentityError`].
    pub fn open(directory: &Path, chance: &mut Chance<'_>) -> Result<Self, IdentityError> {
        let path = directory.join("identity.json");
        let file = |source| IdentityError::File {
            path: path.clone(),
            source,
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                Self::parse(&text).map_err(|reason| IdentityError::Content { path, reason })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                std::fs::create_dir_all(directory).map_err(file)?;
                let identity = Self {
                    keys: vec![SigningKey::generate(chance)?],
                };
                identity.write(&path, chance)?;
                // Where two begin at once, both go on with what the first has written.
                let text = std::fs::read_to_string(&path).map_err(file)?;
                Self::parse(&text).map_err(|reason| IdentityError::Content { path, reason })
            }
            Err(error) => Err(file(error)),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let identity: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if identity.keys.is_empty() {
            return Err("it has no key".to_owned());
        }
        Ok(identity)
    }

    /// Makes a new key that signs from now on, and forgets all but the one before it.
    ///
    /// # Errors
    ///
    /// [`IdentityError`].
    pub fn rotate(
        &mut self,
        directory: &Path,
        chance: &mut Chance<'_>,
    ) -> Result<(), IdentityError> {
        self.keys.insert(0, SigningKey::generate(chance)?);
        self.keys.truncate(MOST_KEYS);
        let path = directory.join("identity.json");
        let written = self.write_beside(&path, chance)?;
        std::fs::rename(&written, &path).map_err(|source| IdentityError::File { path, source })
    }

    /// Writes the file, unless it is there by now.
    fn write(&self, path: &Path, chance: &mut Chance<'_>) -> Result<(), IdentityError> {
        let written = self.write_beside(path, chance)?;
        let linked = std::fs::hard_link(&written, path);
        std::fs::remove_file(&written).ok();
        match linked {
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                let path = path.to_owned();
                Err(IdentityError::File { path, source })
            }
            _ => Ok(()),
        }
    }

    /// Writes the whole file under another name, so that nobody ever reads half of it.
    fn write_beside(&self, path: &Path, chance: &mut Chance<'_>) -> Result<PathBuf, IdentityError> {
        let mut name = [0; 8];
        chance(&mut name);
        let beside = path.with_extension(format!("{:016x}", u64::from_le_bytes(name)));
        let written = write_private(&beside, &json!(self).to_string());
        written.map_err(|source| IdentityError::File {
            path: beside.clone(),
            source,
        })?;
        Ok(beside)
    }

    /// What good tokens of it are.
    ///
    /// # Errors
    ///
    /// Never, with the names that it has.
    pub fn rules(token_use: TokenUse) -> Result<Rules, RulesError> {
        Rules::new(ISSUER, vec![APPLICATION.to_owned()], token_use)
    }

    /// The public keys: a JSON Web Key Set.
    ///
    /// # Errors
    ///
    /// [`IdentityError::Key`] when a key of the file is none.
    pub fn key_set(&self) -> Result<String, IdentityError> {
        let keys: Result<Vec<Value>, _> = self.keys.iter().map(SigningKey::public).collect();
        Ok(json!({"keys": keys?}).to_string())
    }

    /// A signed token.
    ///
    /// # Errors
    ///
    /// [`IdentityError::Token`] for a client without a name, and for a token that would be good for nothing or
    /// for ever.
    pub fn token(&self, grant: &Grant<'_>, now: Timestamp) -> Result<String, IdentityError> {
        if grant.client_id.trim().is_empty() {
            return Err(IdentityError::Token("the client has no id"));
        }
        if grant.expires.is_zero() || grant.expires > MOST_EXPIRY {
            return Err(IdentityError::Token(
                "a token is good for at least a second, and at most 30 days",
            ));
        }
        let issued = now.as_second();
        let expires = i64::try_from(grant.expires.as_secs()).unwrap_or(0);
        let mut claims = json!({
            "sub": grant.client_id,
            "iss": ISSUER,
            "token_use": grant.token_use.name(),
            "auth_time": issued,
            "iat": issued,
            "exp": issued.saturating_add(expires.max(1)),
            "jti": grant.id,
            CLIENT_ID_CLAIM: grant.client_id,
        });
        let (application, user) = match grant.token_use {
            TokenUse::Access => ("client_id", "username"),
            TokenUse::Id => ("aud", "cognito:username"),
        };
        claims[application] = json!(APPLICATION);
        claims[user] = json!(grant.client_id);
        let key = self
            .keys
            .first()
            .ok_or_else(|| IdentityError::Key("there is none".to_owned()))?;
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(key.key_id.clone());
        let encoding = EncodingKey::from_rsa_pem(key.private_key.as_bytes());
        let signed =
            encoding.and_then(|encoding| jsonwebtoken::encode(&header, &claims, &encoding));
        signed.map_err(|error| IdentityError::Key(error.to_string()))
    }
}

impl SigningKey {
    fn generate(chance: &mut Chance<'_>) -> Result<Self, IdentityError> {
        let error = |error: &dyn std::fmt::Display| IdentityError::Key(error.to_string());
        let mut bytes = [0; 8];
        chance(&mut bytes);
        let key = RsaPrivateKey::new(&mut Drawn(chance), KEY_BITS).map_err(|e| error(&e))?;
        let private_key = key.to_pkcs8_pem(LineEnding::LF).map_err(|e| error(&e))?;
        Ok(Self {
            key_id: format!("{:016x}", u64::from_le_bytes(bytes)),
            private_key: private_key.to_string(),
        })
    }

    fn public(&self) -> Result<Value, IdentityError> {
        let key = RsaPrivateKey::from_pkcs8_pem(&self.private_key)
            .map_err(|error| IdentityError::Key(error.to_string()))?;
        let key = RsaPublicKey::from(&key);
        let encode = |bytes: Vec<u8>| base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes);
        Ok(json!({
            "alg": "RS256",
            "e": encode(key.e().to_bytes_be()),
            "kid": self.key_id,
            "kty": "RSA",
            "n": encode(key.n().to_bytes_be()),
            "use": "sig",
        }))
    }
}

/// Chance, as the maker of keys wants it.
struct Drawn<'a, 'c>(&'a mut Chance<'c>);

impl rsa::rand_core::RngCore for Drawn<'_, '_> {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        (self.0)(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        (self.0)(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        (self.0)(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        (self.0)(bytes);
        Ok(())
    }
}

impl rsa::rand_core::CryptoRng for Drawn<'_, '_> {}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = private_files().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
