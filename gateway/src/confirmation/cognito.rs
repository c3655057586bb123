//! `AdminUpdateUserAttributes` of Cognito: one call, signed with the function's credentials.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use hydrant_function::{Environment, SettingError, SystemClock};
use serde_json::json;

use super::Confirmed;

const TARGET: &str = "AWSCognitoIdentityProviderService.AdminUpdateUserAttributes";

/// Cognito waits five seconds for a trigger.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Cognito in one region.
pub(super) struct Cognito {
    endpoint: String,
    region: String,
    credentials: Credentials,
    client: reqwest::Client,
}

impl std::fmt::Debug for Cognito {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cognito")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl Cognito {
    pub(super) fn from_environment(environment: &Environment<'_>) -> Result<Self, SettingError> {
        let optional = |name| environment.parse(name, |text| Ok::<_, String>(text.to_owned()));
        let required = |variable| {
            optional(variable)?.ok_or_else(|| SettingError {
                variable,
                value: String::new(),
                reason: "Lambda sets it; elsewhere set it yourself".to_owned(),
            })
        };
        let region = required("AWS_REGION")?;
        let endpoint = match optional("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER")? {
            Some(endpoint) => Some(endpoint),
            None => optional("AWS_ENDPOINT_URL")?,
        };
        let endpoint = endpoint.unwrap_or_else(|| {
            let domain = if region.starts_with("cn-") {
                "amazonaws.com.cn"
            } else {
                "amazonaws.com"
            };
            format!("https://cognito-idp.{region}.{domain}")
        });
        let client = reqwest::Client::builder().timeout(TIMEOUT).build();
        let client = client.map_err(|error| SettingError {
            variable: "AWS_ENDPOINT_URL",
            value: endpoint.clone(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            endpoint: format!("{}/", endpoint.trim_end_matches('/')),
            credentials: Credentials::new(
                required("AWS_ACCESS_KEY_ID")?,
                required("AWS_SECRET_ACCESS_KEY")?,
                optional("AWS_SESSION_TOKEN")?,
                None,
                "environment",
            ),
            region,
            client,
        })
    }

    /// Sets an attribute of a user.
    pub(super) async fn set(
        &self,
        of: &Confirmed,
        attribute: &str,
        value: &str,
    ) -> Result<(), String> {
        let body = json!({
            "UserPoolId": of.pool,
            "Username": of.user,
            "UserAttributes": [{"Name": attribute, "Value": value}],
        })
        .to_string();
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", TARGET),
        ];
        let identity = self.credentials.clone().into();
        let signing = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("cognito-idp")
            .time(UNIX_EPOCH + SystemClock::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| error.to_string())?
            .into();
        let signable = SignableRequest::new(
            "POST",
            self.endpoint.as_str(),
            headers.into_iter(),
            SignableBody::Bytes(body.as_bytes()),
        );
        let signed = signable.and_then(|signable| sign(signable, &signing));
        let (instructions, _) = signed.map_err(|error| error.to_string())?.into_parts();
        let mut request = self.client.post(&self.endpoint);
        for (name, value) in headers.into_iter().chain(instructions.headers()) {
            request = request.header(name, value);
        }
        let answer = request.body(body).send().await;
        let answer = answer.map_err(|error| crate::authorizer::causes(&error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let text = answer.text().await.unwrap_or_default();
        Err(format!(
            "AdminUpdateUserAttributes answers {status}: {text}"
        ))
    }
}
