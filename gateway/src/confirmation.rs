//! The function that Cognito calls when a user has confirmed: it gives the user a client id, once and for good
//! (Amazon Cognito developer guide, "Post confirmation Lambda trigger").

mod cognito;

use bytes::Bytes;
use hydrant_function::{Environment, FunctionError, Handler, Invocation, SettingError};
use serde_json::Value;

use cognito::Cognito;

/// The trigger that is meant; the other one follows a forgotten password, when the id is long there.
const SIGN_UP: &str = "PostConfirmation_ConfirmSignUp";

/// Gives users their client ids.
#[derive(Debug)]
pub struct Confirmation {
    cognito: Cognito,
    attribute: String,
}

/// What an event asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Confirmed {
    pool: String,
    user: String,
}

impl Confirmation {
    /// By the environment variable `CLIENT_ID_ATTRIBUTE`, `custom:clientId` without, and what Lambda sets for
    /// every function.
    ///
    /// # Errors
    ///
    /// A variable that cannot be what it is.
    pub fn from_environment(environment: &Environment<'_>) -> Result<Self, SettingError> {
        let attribute = environment.parse("CLIENT_ID_ATTRIBUTE", |text| {
            if text.starts_with("custom:") && text.len() > "custom:".len() {
                Ok(text.to_owned())
            } else {
                Err("use an attribute of the pool's own, such as custom:clientId")
            }
        })?;
        Ok(Self {
            cognito: Cognito::from_environment(environment)?,
            attribute: attribute.unwrap_or_else(|| "custom:clientId".to_owned()),
        })
    }
}

impl Handler for Confirmation {
    async fn answer(
        &mut self,
        _: &Invocation<'_>,
        event: &Bytes,
        out: &mut Vec<u8>,
    ) -> Result<(), FunctionError> {
        let read: Value = serde_json::from_slice(event)
            .map_err(|error| FunctionError::new("Hydrant.NotATriggerEvent", error))?;
        if let Some(confirmed) = wants_id(&read, &self.attribute)? {
            let id = new_id().ok_or_else(|| {
                FunctionError::new("Hydrant.NoChance", "the system gives no random bytes")
            })?;
            self.cognito
                .set(&confirmed, &self.attribute, &id)
                .await
                .map_err(|error| FunctionError::new("Hydrant.Cognito", error))?;
        }
        // Cognito wants its event back.
        out.clear();
        out.extend_from_slice(event);
        Ok(())
    }
}

/// Whom to give an id: nobody who has one, and nobody who only has a new password.
fn wants_id(event: &Value, attribute: &str) -> Result<Option<Confirmed>, FunctionError> {
    let member = |name: &'static str| {
        let text = event.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).ok_or_else(|| {
            let reason = format!("not the event of a Cognito trigger: it has no {name}");
            FunctionError::new("Hydrant.NotATriggerEvent", reason)
        })
    };
    let (trigger, pool, user) = (
        member("triggerSource")?,
        member("userPoolId")?,
        member("userName")?,
    );
    let has = event
        .pointer("/request/userAttributes")
        .and_then(|attributes| attributes.get(attribute))
        .and_then(Value::as_str)
        .is_some_and(|id| !id.is_empty());
    Ok((trigger == SIGN_UP && !has).then(|| Confirmed {
        pool: pool.to_owned(),
        user: user.to_owned(),
    }))
}

/// A version 4 UUID: nobody guesses another client's.
fn new_id() -> Option<String> {
    use rand::TryRng as _;
    let mut bytes = [0; 16];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).ok()?;
    Some(
        uuid::Builder::from_random_bytes(bytes)
            .into_uuid()
            .to_string(),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(trigger: &str, attributes: &Value) -> Value {
        json!({
            "version": "1",
            "region": "eu-west-1",
            "userPoolId": "eu-west-1_example",
            "userName": "user-1",
            "triggerSource": trigger,
            "request": {"userAttributes": attributes},
            "response": {},
        })
    }

    #[test]
    fn a_user_gets_an_id_with_the_first_confirmation_and_never_another() {
        let attribute = "custom:clientId";
        let new = event(SIGN_UP, &json!({"sub": "user-1"}));
        let confirmed = wants_id(&new, attribute).unwrap();
        assert_eq!(
            confirmed,
            Some(Confirmed {
                pool: "eu-west-1_example".to_owned(),
                user: "user-1".to_owned()
            })
        );
        let known = event(SIGN_UP, &json!({attribute: "a"}));
        assert_eq!(wants_id(&known, attribute).unwrap(), None);
        let password = event("PostConfirmation_ConfirmForgotPassword", &json!({}));
        assert_eq!(wants_id(&password, attribute).unwrap(), None);
        let error = wants_id(&json!({"type": "TOKEN"}), attribute).unwrap_err();
        insta::assert_snapshot!(error, @"not the event of a Cognito trigger: it has no triggerSource");
    }

    #[test]
    fn ids_are_uuids_and_differ() {
        let (first, second) = (new_id().unwrap(), new_id().unwrap());
        assert_ne!(first, second);
        assert_eq!(uuid::Uuid::parse_str(&first).unwrap().get_version_num(), 4);
    }
}
