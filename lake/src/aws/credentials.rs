//! Credentials of the standard AWS chain, as `object_store` asks for them: kept until they expire, and remembered by
//! where they came from.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError},
};
use object_store::{CredentialProvider, aws::AwsCredential};
use tokio::sync::Mutex as AsyncMutex;

use super::NO_SIGN_REQUEST;

/// Credentials are asked for anew so long before they expire (AWS SDKs and Tools reference guide).
const EARLY: Duration = Duration::from_mins(5);

/// With which credentials the requests to a bucket are signed, for messages; known once one was.
#[derive(Debug, Clone, Default)]
pub struct Signer(Arc<Mutex<Option<String>>>);

impl Signer {
    /// The access key's id and where it came from, never the secret.
    pub fn said(&self) -> Option<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn note(&self, credentials: &Credentials) {
        let said = format!(
            "the access key {} of {}",
            credentials.access_key_id(),
            origin(credentials)
        );
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
    }
}

/// The SDK's credentials chain.
#[derive(Debug)]
pub(super) struct Chain {
    provider: SharedCredentialsProvider,
    signer: Signer,
    /// What the chain gave last: a role or a session is not asked for at every request.
    known: AsyncMutex<Option<Known>>,
}

#[derive(Debug)]
struct Known {
    credential: Arc<AwsCredential>,
    expiry: Option<SystemTime>,
}

impl Known {
    fn is_good(&self) -> bool {
        self.expiry
            .is_none_or(|expiry| SystemTime::now() + EARLY < expiry)
    }
}

impl Chain {
    pub(super) fn new(provider: SharedCredentialsProvider, signer: Signer) -> Self {
        Self {
            provider,
            signer,
            known: AsyncMutex::default(),
        }
    }
}

#[async_trait]
impl CredentialProvider for Chain {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.is_good()) {
            return Ok(Arc::clone(&known.credential));
        }
        let credentials = self.provider.provide_credentials().await;
        let credentials = credentials.map_err(|source| object_store::Error::Generic {
            store: "S3",
            source: Box::new(NoCredentials { source }),
        })?;
        self.signer.note(&credentials);
        let credential = Arc::new(AwsCredential {
            key_id: credentials.access_key_id().to_owned(),
            secret_key: credentials.secret_access_key().to_owned(),
            token: credentials.session_token().map(str::to_owned),
        });
        *known = Some(Known {
            credential: Arc::clone(&credential),
            expiry: credentials.expiry(),
        });
        Ok(credential)
    }
}

/// Where credentials came from. The SDK says it only in what it shows for debugging.
fn origin(credentials: &Credentials) -> String {
    let shown = format!("{credentials:?}");
    let name = shown
        .split_once("provider_name: \"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("", |(name, _)| name);
    match name {
        "" => "the AWS credentials chain".to_owned(),
        "EnvironmentVariable" => "the environment (AWS_ACCESS_KEY_ID)".to_owned(),
        "ProfileFile" => format!("the profile `{}`", profile()),
        "SSO" => format!("the SSO session of the profile `{}`", profile()),
        "CredentialProcess" => format!("the credential process of the profile `{}`", profile()),
        "AssumeRoleProvider" => format!("the role of the profile `{}`", profile()),
        "WebIdentityToken" => "the web identity token".to_owned(),
        "EcsContainer" => "the container".to_owned(),
        "IMDSv2" => "the instance".to_owned(),
        other => format!("the provider {other}"),
    }
}

/// No provider of the chain gave credentials.
#[derive(Debug, thiserror::Error)]
#[error(
    "there are no AWS credentials: asked were the environment (AWS_ACCESS_KEY_ID), the profile `{}` of ~/.aws (with its \
     role, SSO or process), a web identity token, the container and the instance; set up one of them, or \
     {NO_SIGN_REQUEST}=true for a public bucket",
    profile()
)]
struct NoCredentials {
    source: CredentialsError,
}

/// The profile that the chain reads (AWS SDKs and Tools reference guide, `AWS_PROFILE`).
fn profile() -> String {
    std::env::var("AWS_PROFILE").unwrap_or_else(|_| "default".to_owned())
}

#[cfg(test)]
mod tests {
    use aws_credential_types::provider::future::ProvideCredentials as Providing;

    use super::*;

    /// Gives other credentials each time.
    #[derive(Debug)]
    struct Counting {
        asked: Arc<Mutex<u32>>,
        lasts: Option<Duration>,
    }

    impl ProvideCredentials for Counting {
        fn provide_credentials<'a>(&'a self) -> Providing<'a>
        where
            Self: 'a,
        {
            let mut asked = self.asked.lock().unwrap();
            *asked += 1;
            let expiry = self.lasts.map(|lasts| SystemTime::now() + lasts);
            let key = format!("key{asked}");
            Providing::ready(Ok(Credentials::new(key, "secret", None, expiry, "IMDSv2")))
        }
    }

    #[tokio::test]
    async fn credentials_are_asked_for_once_until_they_expire() {
        for (lasts, expected) in [
            (None, 1),
            (Some(Duration::from_hours(1)), 1),
            (Some(Duration::from_mins(4)), 3),
        ] {
            let asked = Arc::new(Mutex::new(0));
            let provider = Counting {
                asked: Arc::clone(&asked),
                lasts,
            };
            let signer = Signer::default();
            assert_eq!(signer.said(), None);
            let chain = Chain::new(SharedCredentialsProvider::new(provider), signer.clone());
            for _ in 0..3 {
                chain.get_credential().await.unwrap();
            }
            assert_eq!(*asked.lock().unwrap(), expected);
            let said = signer.said().unwrap();
            assert_eq!(
                said,
                format!("the access key key{expected} of the instance")
            );
        }
    }
}
