//! Secrets that a template refers to: `{{resolve:secretsmanager:NAME:SecretString:KEY}}` (CloudFormation user
//! guide, "Get a secret or secret value from Secrets Manager").

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

/// Where secrets are.
#[derive(Debug, Clone)]
pub enum Secrets {
    /// Nowhere.
    None,
    /// In a file: a JSON object with each secret by its name, as text or as an object of texts.
    File(BTreeMap<String, Value>),
    /// In AWS Secrets Manager, or what speaks its API.
    Manager(aws_sdk_secretsmanager::Client),
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {reason}")]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        reason: String,
    },
    /// A reference is none.
    #[error(
        "{0} is no reference to a secret: write {{{{resolve:secretsmanager:NAME:SecretString:KEY}}}}"
    )]
    Reference(String),
    /// Nobody said where secrets are.
    #[error("the secret {0} is needed, and nothing says where secrets are")]
    Nowhere(String),
    /// There is no such secret, or no such key in it.
    #[error("there is no secret {name}{}: {reason}", key.as_ref().map(|key| format!(" with the key {key}")).unwrap_or_default())]
    Missing {
        /// The secret.
        name: String,
        /// The key.
        key: Option<String>,
        /// Why.
        reason: String,
    },
}

const OPEN: &str = "{{resolve:secretsmanager:";

impl Secrets {
    /// Those in a file.
    ///
    /// # Errors
    ///
    /// [`SecretError::File`].
    pub fn file(path: &Path) -> Result<Self, SecretError> {
        let failed = |reason: String| SecretError::File {
            path: path.to_owned(),
            reason,
        };
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        let secrets = serde_json::from_str(&text).map_err(|error| {
            failed(format!("it is no JSON object of secrets by name ({error})"))
        })?;
        Ok(Self::File(secrets))
    }

    /// Those in Secrets Manager, with the AWS configuration of this process.
    pub async fn manager() -> Self {
        Self::Manager(aws_sdk_secretsmanager::Client::new(
            &hydrant_aws::config().await,
        ))
    }

    /// `text` with its references resolved.
    ///
    /// # Errors
    ///
    /// [`SecretError`].
    pub async fn resolve(&self, text: &str) -> Result<String, SecretError> {
        let mut resolved = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPEN) {
            let malformed = || SecretError::Reference(text.to_owned());
            let (reference, more) = after.split_once("}}").ok_or_else(malformed)?;
            // The name may be an ARN, which has colons of its own.
            let (name, key) = match reference.split_once(":SecretString") {
                None => (reference, None),
                Some((name, key)) => (name, key.split(':').nth(1).filter(|key| !key.is_empty())),
            };
            if name.is_empty() {
                return Err(malformed());
            }
            resolved += before;
            resolved += &self.get(name, key).await?;
            rest = more;
        }
        Ok(resolved + rest)
    }

    async fn get(&self, name: &str, key: Option<&str>) -> Result<String, SecretError> {
        let missing = |reason: &str| SecretError::Missing {
            name: name.to_owned(),
            key: key.map(str::to_owned),
            reason: reason.to_owned(),
        };
        let secret = match self {
            Self::None => return Err(SecretError::Nowhere(name.to_owned())),
            Self::File(secrets) => secrets
                .get(name)
                .cloned()
                .ok_or_else(|| missing("the file has none of this name"))?,
            Self::Manager(client) => {
                let asked = client.get_secret_value().secret_id(name).send().await;
                let found = asked.map_err(|error| {
                    missing(&aws_sdk_secretsmanager::error::DisplayErrorContext(error).to_string())
                })?;
                let text = found.secret_string().unwrap_or_default();
                serde_json::from_str(text).unwrap_or_else(|_| text.into())
            }
        };
        let value = match key {
            None => &secret,
            Some(key) => &secret[key],
        };
        match value {
            Value::Null => Err(missing("the secret has no such key")),
            Value::String(text) => Ok(text.clone()),
            other => Ok(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reference_stands_for_a_key_of_a_secret_or_for_all_of_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(
            file.path(),
            r#"{"proto/desk":{"user":"u","apiKey":"k"},"plain":"p"}"#,
        )
        .unwrap();
        let secrets = Secrets::file(file.path()).unwrap();
        let resolve = async |text: &str| secrets.resolve(text).await;
        assert_eq!(
            resolve("{{resolve:secretsmanager:proto/desk:SecretString:apiKey}}")
                .await
                .unwrap(),
            "k"
        );
        assert_eq!(
            resolve("a {{resolve:secretsmanager:plain}}/{{resolve:secretsmanager:proto/desk:SecretString:user:AWSCURRENT}}").await.unwrap(),
            "a p/u"
        );
        assert_eq!(resolve("nothing").await.unwrap(), "nothing");
        for (text, wanted) in [
            (
                "{{resolve:secretsmanager:proto/Desk:SecretString:user}}",
                "the file has none of this name",
            ),
            (
                "{{resolve:secretsmanager:proto/desk:SecretString:who}}",
                "no such key",
            ),
            ("{{resolve:secretsmanager:", "is no reference"),
        ] {
            let error = resolve(text).await.unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
        let nowhere = Secrets::None
            .resolve("{{resolve:secretsmanager:a}}")
            .await
            .unwrap_err();
        assert!(
            nowhere.to_string().contains("nothing says where"),
            "{nowhere}"
        );
    }
}
