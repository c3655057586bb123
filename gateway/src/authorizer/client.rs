//! The client's id: from a claim that the issuer writes, or from a directory of users. Never from what the
//! client sends beside its token.

use std::{collections::HashMap, path::PathBuf, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{Claims, Denied, Refusal, keys::causes, text};

/// The longest id.
const MOST_BYTES: usize = 128;

/// How long the directory's answer is good, in seconds.
const GOOD_FOR: i64 = 5 * 60;

/// The most users whose ids are kept.
const MOST_KEPT: usize = 10_000;

const TIMEOUT: Duration = Duration::from_secs(5);

/// Where a client's id comes from.
#[derive(Debug)]
pub enum ClientIds {
    /// A claim of the token, such as `custom:clientId`. The application must not be allowed to write it.
    Claim(String),
    /// A directory of users, asked by the claim `sub`.
    Directory(Directory),
}

/// A directory of users.
#[derive(Debug)]
pub struct Directory {
    kind: Kind,
    kept: Mutex<HashMap<String, (String, i64)>>,
}

#[derive(Debug)]
enum Kind {
    File(PathBuf),
    Cognito {
        endpoint: String,
        attribute: String,
        client: reqwest::Client,
    },
}

/// Why a directory gives no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// The file cannot be read, or is none.
    #[error("the directory {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Cognito does not answer.
    #[error("the directory at {endpoint} does not answer: {reason}")]
    Cognito {
        /// The endpoint.
        endpoint: String,
        /// Why.
        reason: String,
    },
}

impl Directory {
    /// A JSON file of users and their clients' ids: `{"<sub>": "<client id>"}`.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::new(Kind::File(path.into()))
    }

    /// `GetUser` of Cognito at `endpoint`, with the access token itself; the id is in `attribute`, such as
    /// `custom:clientId`.
    ///
    /// # Errors
    ///
    /// When there can be no HTTP client.
    pub fn cognito(
        endpoint: impl Into<String>,
        attribute: impl Into<String>,
    ) -> Result<Self, DirectoryError> {
        let endpoint = endpoint.into();
        let client = reqwest::Client::builder().timeout(TIMEOUT).build();
        let client = client.map_err(|error| DirectoryError::Cognito {
            endpoint: endpoint.clone(),
            reason: causes(&error),
        })?;
        Ok(Self::new(Kind::Cognito {
            endpoint,
            attribute: attribute.into(),
            client,
        }))
    }

    fn new(kind: Kind) -> Self {
        Self {
            kind,
            kept: Mutex::default(),
        }
    }

    async fn find(&self, subject: &str, token: &str, now: i64) -> Result<String, Denied> {
        if let Some((id, read)) = self.kept.lock().await.get(subject)
            && (0..GOOD_FOR).contains(&now.saturating_sub(*read))
        {
            return Ok(id.clone());
        }
        let id = match &self.kind {
            Kind::File(path) => in_file(path, subject).await?,
            Kind::Cognito {
                endpoint,
                attribute,
                client,
            } => {
                let user = get_user(client, endpoint, token).await?;
                attribute_of(&user, attribute)
            }
        };
        let id = id.ok_or(Refusal::ClientId {
            reason: "the directory has no client id for the user",
        })?;
        let mut kept = self.kept.lock().await;
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(subject.to_owned(), (id.clone(), now));
        Ok(id)
    }
}

async fn in_file(path: &PathBuf, subject: &str) -> Result<Option<String>, DirectoryError> {
    let error = |reason: String| DirectoryError::File {
        path: path.clone(),
        reason,
    };
    let text = tokio::fs::read(path)
        .await
        .map_err(|e| error(e.to_string()))?;
    let users: HashMap<String, String> =
        serde_json::from_slice(&text).map_err(|e| error(e.to_string()))?;
    Ok(users.get(subject).cloned())
}

/// `GetUser` (Amazon Cognito user pools API reference): signed by nobody, the token says it all.
async fn get_user(client: &reqwest::Client, endpoint: &str, token: &str) -> Result<Value, Denied> {
    let error = |reason: String| DirectoryError::Cognito {
        endpoint: endpoint.to_owned(),
        reason,
    };
    let request = client
        .post(endpoint)
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "AWSCognitoIdentityProviderService.GetUser")
        .body(json!({"AccessToken": token}).to_string());
    let answer = request.send().await.map_err(|e| error(causes(&e)))?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(|e| error(causes(&e)))?;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if status.is_success() {
        return Ok(body);
    }
    let kind = body
        .get("__type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match kind.rsplit('#').next().unwrap_or_default() {
        // A token that was taken back, or a user that is no more.
        "NotAuthorizedException" | "UserNotFoundException" => Err(Refusal::ClientId {
            reason: "the directory does not know the user any more",
        }
        .into()),
        _ => Err(error(format!("it answers {status} {kind}")).into()),
    }
}

fn attribute_of(user: &Value, name: &str) -> Option<String> {
    let attributes = user.get("UserAttributes")?.as_array()?;
    let attribute = attributes
        .iter()
        .find(|attribute| attribute.get("Name").and_then(Value::as_str) == Some(name))?;
    attribute.get("Value")?.as_str().map(str::to_owned)
}

impl ClientIds {
    /// The id of the client that a token speaks for.
    pub(super) async fn of(
        &self,
        subject: &str,
        claims: &Claims,
        token: &str,
        now: Timestamp,
    ) -> Result<String, Denied> {
        let id = match self {
            Self::Claim(claim) => text(claims, claim)
                .ok_or(Refusal::ClientId {
                    reason: "the token has no claim with the client's id",
                })?
                .to_owned(),
            Self::Directory(directory) => directory.find(subject, token, now.as_second()).await?,
        };
        if !is_sound(&id) {
            return Err(Refusal::ClientId {
                reason: "the client's id is empty, longer than 128 bytes, or has characters that no id has",
            }
            .into());
        }
        Ok(id)
    }
}

/// Whether an id can be put into a header, a template and a log as it is.
fn is_sound(id: &str) -> bool {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:@+=/|".contains(&byte);
    !id.is_empty() && id.len() <= MOST_BYTES && id.bytes().all(sound)
}
