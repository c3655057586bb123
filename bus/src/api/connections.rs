//! Connections and the API destinations that use them.

use hydrant_endpoint::ApiError;
use serde_json::{Value, json};

use super::{
    Answer, Api,
    checks::{ARN, Checks, NAME, text},
    exists, failed, invalid, listed, not_found, owned, page, present, seconds,
};
use crate::{
    state::{ApiDestination, Connection, Definition, Kept},
    target::DEFAULT_RATE,
};

const KINDS: [&str; 3] = ["BASIC", "OAUTH_CLIENT_CREDENTIALS", "API_KEY"];
const METHODS: [&str; 7] = ["POST", "GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"];

impl Api {
    fn connection(&self, input: &Value) -> Result<Kept<Connection>, ApiError> {
        let mut checks = Checks::default();
        let name = checks.required(input, "Name", NAME);
        checks.done()?;
        let connection = self.buses.read().connections.get(name).cloned();
        connection.ok_or_else(|| {
            not_found(format!(
                "Failed to describe the connection(s). Connection '{name}' does not exist."
            ))
        })
    }

    pub(super) async fn create_connection(&self, input: &Value) -> Answer {
        let mut checks = Checks::default();
        let name = checks.required(input, "Name", NAME);
        let kind = checks.required(input, "AuthorizationType", text(1, 64));
        checks.one_of(&input["AuthorizationType"], "authorizationType", &KINDS);
        check_parameters(&mut checks, kind, &input["AuthParameters"]);
        checks.done()?;
        if self.buses.read().connections.contains_key(name) {
            return Err(exists(format!("Connection {name} already exists.")));
        }
        let now = self.buses.now();
        let connection = Connection {
            name: name.to_owned(),
            uuid: self.buses.uuid().to_string(),
            description: owned(input, "Description"),
            authorization: kind.to_owned(),
            parameters: input["AuthParameters"].clone(),
            state: state_of(kind).to_owned(),
            created: now,
            modified: now,
        };
        self.keep_connection(None, connection).await
    }

    /// Keeps a connection and answers with what is known of it.
    async fn keep_connection(&self, id: Option<u32>, connection: Connection) -> Answer {
        let name = connection.name.clone();
        let answer = json!({
            "ConnectionArn": self.buses.home.connection(&name, &connection.uuid),
            "ConnectionState": connection.state,
            "CreationTime": seconds(connection.created),
            "LastModifiedTime": seconds(connection.modified),
        });
        let authorizing = connection.state == "AUTHORIZING";
        let kept = self
            .buses
            .define(id, Definition::Connection(connection))
            .await;
        kept.map_err(|error| failed(&error))?;
        self.buses.define_destinations();
        if authorizing {
            self.buses.authorize(&name);
        }
        Ok(answer)
    }

    fn connection_answer(&self, connection: &Connection) -> Value {
        let home = &self.buses.home;
        present(json!({
            "ConnectionArn": home.connection(&connection.name, &connection.uuid),
            "Name": connection.name,
            "ConnectionState": connection.state,
            "AuthorizationType": connection.authorization,
            "CreationTime": seconds(connection.created),
            "LastModifiedTime": seconds(connection.modified),
            "LastAuthorizedTime": seconds(connection.modified),
        }))
    }

    pub(super) fn describe_connection(&self, input: &Value) -> Answer {
        let connection = self.connection(input)?.it;
        let mut answer = self.connection_answer(&connection);
        let secret = self
            .buses
            .home
            .connection_secret(&connection.name, &connection.uuid);
        answer["SecretArn"] = secret.into();
        answer["AuthParameters"] = without_secrets(&connection.parameters);
        answer["Description"] = connection.description.into();
        Ok(present(answer))
    }

    pub(super) fn list_connections(&self, input: &Value) -> Value {
        let state = self.buses.read();
        let wanted = |it: &&Connection| {
            input["ConnectionState"]
                .as_str()
                .is_none_or(|state| state == it.state)
        };
        let connections = state
            .connections
            .values()
            .map(|kept| &kept.it)
            .filter(wanted);
        let named = connections.map(|it| (it.name.as_str(), it));
        let found = page(input, named, |it| self.connection_answer(it));
        listed("Connections", found)
    }

    pub(super) async fn update_connection(&self, input: &Value) -> Answer {
        let mut kept = self.connection(input)?;
        let connection = &mut kept.it;
        let kind =
            owned(input, "AuthorizationType").unwrap_or_else(|| connection.authorization.clone());
        let mut parameters = input["AuthParameters"].clone();
        if parameters.is_null() {
            parameters = connection.parameters.clone();
        } else if parameters["InvocationHttpParameters"].is_null() {
            parameters["InvocationHttpParameters"] =
                connection.parameters["InvocationHttpParameters"].clone();
        }
        let mut checks = Checks::default();
        checks.one_of(&input["AuthorizationType"], "authorizationType", &KINDS);
        check_parameters(&mut checks, &kind, &parameters);
        checks.done()?;
        state_of(&kind).clone_into(&mut connection.state);
        connection.authorization = kind;
        connection.parameters = parameters;
        if let Some(description) = owned(input, "Description") {
            connection.description = Some(description);
        }
        connection.modified = self.buses.now();
        self.keep_connection(Some(kept.id), kept.it).await
    }

    pub(super) async fn deauthorize_connection(&self, input: &Value) -> Answer {
        let mut kept = self.connection(input)?;
        "DEAUTHORIZED".clone_into(&mut kept.it.state);
        kept.it.parameters = without_secrets(&kept.it.parameters);
        kept.it.modified = self.buses.now();
        let mut answer = self.keep_connection(Some(kept.id), kept.it).await?;
        answer["ConnectionState"] = "DEAUTHORIZING".into();
        Ok(answer)
    }

    pub(super) async fn delete_connection(&self, input: &Value) -> Answer {
        let kept = self.connection(input)?;
        let connection = &kept.it;
        let answer = json!({
            "ConnectionArn": self.buses.home.connection(&connection.name, &connection.uuid),
            "ConnectionState": "DELETING",
            "CreationTime": seconds(connection.created),
            "LastModifiedTime": seconds(connection.modified),
        });
        self.buses
            .forget(kept.id)
            .await
            .map_err(|error| failed(&error))?;
        self.buses.define_destinations();
        Ok(answer)
    }

    fn destination(&self, input: &Value) -> Result<Kept<ApiDestination>, ApiError> {
        let mut checks = Checks::default();
        let name = checks.required(input, "Name", NAME);
        checks.done()?;
        let destination = self.buses.read().destinations.get(name).cloned();
        destination.ok_or_else(|| {
            not_found(format!(
                "Failed to describe the api-destination(s). An api-destination '{name}' does not exist."
            ))
        })
    }

    pub(super) async fn create_destination(&self, input: &Value) -> Answer {
        let mut checks = Checks::default();
        let name = checks.required(input, "Name", NAME);
        let connection = checks.required(input, "ConnectionArn", ARN);
        let endpoint = checks.required(input, "InvocationEndpoint", text(1, 2048));
        let method = checks.required(input, "HttpMethod", text(1, 16));
        check_destination(&mut checks, input);
        checks.done()?;
        check_endpoint(endpoint)?;
        self.check_connection(connection)?;
        if self.buses.read().destinations.contains_key(name) {
            return Err(exists(format!(
                "An api-destination '{name}' already exists."
            )));
        }
        let now = self.buses.now();
        let destination = ApiDestination {
            name: name.to_owned(),
            uuid: self.buses.uuid().to_string(),
            description: owned(input, "Description"),
            connection: connection.to_owned(),
            endpoint: endpoint.to_owned(),
            method: method.to_owned(),
            rate: rate(input),
            created: now,
            modified: now,
        };
        self.keep_destination(None, destination).await
    }

    async fn keep_destination(&self, id: Option<u32>, destination: ApiDestination) -> Answer {
        let answer = json!({
            "ApiDestinationArn": self.buses.home.api_destination(&destination.name, &destination.uuid),
            "ApiDestinationState": self.destination_state(&destination),
            "CreationTime": seconds(destination.created),
            "LastModifiedTime": seconds(destination.modified),
        });
        let kept = self
            .buses
            .define(id, Definition::ApiDestination(destination))
            .await;
        kept.map_err(|error| failed(&error))?;
        self.buses.define_destinations();
        Ok(answer)
    }

    /// A destination is active while its connection is authorized.
    fn destination_state(&self, destination: &ApiDestination) -> &'static str {
        let state = self.buses.read();
        let mut connections = state.connections.values().map(|kept| &kept.it);
        let authorized = connections.any(|it| {
            self.buses.home.connection(&it.name, &it.uuid) == destination.connection
                && it.state == "AUTHORIZED"
        });
        if authorized { "ACTIVE" } else { "INACTIVE" }
    }

    fn check_connection(&self, arn: &str) -> Result<(), ApiError> {
        let state = self.buses.read();
        let mut connections = state.connections.values().map(|kept| &kept.it);
        if connections.any(|it| self.buses.home.connection(&it.name, &it.uuid) == arn) {
            return Ok(());
        }
        Err(not_found(format!("Connection '{arn}' does not exist.")))
    }

    fn destination_answer(&self, destination: &ApiDestination) -> Value {
        let home = &self.buses.home;
        json!({
            "ApiDestinationArn": home.api_destination(&destination.name, &destination.uuid),
            "Name": destination.name,
            "ApiDestinationState": self.destination_state(destination),
            "ConnectionArn": destination.connection,
            "InvocationEndpoint": destination.endpoint,
            "HttpMethod": destination.method,
            "InvocationRateLimitPerSecond": destination.rate.unwrap_or(DEFAULT_RATE),
            "CreationTime": seconds(destination.created),
            "LastModifiedTime": seconds(destination.modified),
        })
    }

    pub(super) fn describe_destination(&self, input: &Value) -> Answer {
        let destination = self.destination(input)?.it;
        let mut answer = self.destination_answer(&destination);
        answer["Description"] = destination.description.into();
        Ok(present(answer))
    }

    pub(super) fn list_destinations(&self, input: &Value) -> Value {
        let all: Vec<ApiDestination> = {
            let state = self.buses.read();
            state
                .destinations
                .values()
                .map(|kept| kept.it.clone())
                .collect()
        };
        let with = input["ConnectionArn"].as_str();
        let wanted = all
            .iter()
            .filter(|it| with.is_none_or(|arn| it.connection == arn));
        let named = wanted.map(|it| (it.name.as_str(), it));
        let found = page(input, named, |it| self.destination_answer(it));
        listed("ApiDestinations", found)
    }

    pub(super) async fn update_destination(&self, input: &Value) -> Answer {
        let mut kept = self.destination(input)?;
        let mut checks = Checks::default();
        checks.optional(input, "InvocationEndpoint", text(1, 2048));
        check_destination(&mut checks, input);
        checks.done()?;
        let destination = &mut kept.it;
        if let Some(connection) = owned(input, "ConnectionArn") {
            self.check_connection(&connection)?;
            destination.connection = connection;
        }
        if let Some(endpoint) = owned(input, "InvocationEndpoint") {
            check_endpoint(&endpoint)?;
            destination.endpoint = endpoint;
        }
        if let Some(method) = owned(input, "HttpMethod") {
            destination.method = method;
        }
        if let Some(rate) = rate(input) {
            destination.rate = Some(rate);
        }
        if let Some(description) = owned(input, "Description") {
            destination.description = Some(description);
        }
        destination.modified = self.buses.now();
        self.keep_destination(Some(kept.id), kept.it).await
    }

    pub(super) async fn delete_destination(&self, input: &Value) -> Answer {
        let kept = self.destination(input)?;
        self.buses
            .forget(kept.id)
            .await
            .map_err(|error| failed(&error))?;
        self.buses.define_destinations();
        Ok(json!({}))
    }
}

/// An OAuth connection is authorized when it has its first token, the others at once.
fn state_of(kind: &str) -> &'static str {
    if kind == "OAUTH_CLIENT_CREDENTIALS" {
        "AUTHORIZING"
    } else {
        "AUTHORIZED"
    }
}

fn rate(input: &Value) -> Option<u32> {
    u32::try_from(input["InvocationRateLimitPerSecond"].as_u64()?).ok()
}

fn check_destination(checks: &mut Checks, input: &Value) {
    checks.one_of(&input["HttpMethod"], "httpMethod", &METHODS);
    let rate = &input["InvocationRateLimitPerSecond"];
    checks.range(rate, "invocationRateLimitPerSecond", 1, i64::from(u32::MAX));
    checks.optional(input, "Description", text(0, 512));
}

/// HTTPS, as on AWS, or plain HTTP to this machine.
fn check_endpoint(endpoint: &str) -> Result<(), ApiError> {
    let host = endpoint.strip_prefix("http://").map(|rest| {
        let end = rest.find(['/', '?', ':']).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    });
    let is_local = host.is_some_and(|host| host == "localhost" || host.starts_with("127."));
    if endpoint.starts_with("https://") || is_local {
        return Ok(());
    }
    Err(invalid(format!(
        "Parameter InvocationEndpoint is not valid. Reason: {endpoint} does not begin with https://, nor with \
         http://localhost or http://127.0.0.1."
    )))
}

/// What each kind of authorization needs.
fn check_parameters(checks: &mut Checks, kind: &str, parameters: &Value) {
    let value = text(1, 512);
    let mut need = |path: &[&str]| {
        let found = path.iter().fold(parameters, |it, name| &it[*name]);
        let names = path.iter().map(|name| {
            let mut name = (*name).to_owned();
            if let Some(first) = name.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            name
        });
        let member = format!("authParameters.{}", names.collect::<Vec<_>>().join("."));
        checks.required_at(found, &member, value);
    };
    match kind {
        "BASIC" => {
            need(&["BasicAuthParameters", "Username"]);
            need(&["BasicAuthParameters", "Password"]);
        }
        "API_KEY" => {
            need(&["ApiKeyAuthParameters", "ApiKeyName"]);
            need(&["ApiKeyAuthParameters", "ApiKeyValue"]);
        }
        "OAUTH_CLIENT_CREDENTIALS" => {
            need(&["OAuthParameters", "ClientParameters", "ClientID"]);
            need(&["OAuthParameters", "ClientParameters", "ClientSecret"]);
            need(&["OAuthParameters", "AuthorizationEndpoint"]);
            need(&["OAuthParameters", "HttpMethod"]);
        }
        _ => {}
    }
}

/// The parameters of a connection without what is secret in them: AWS never shows it.
fn without_secrets(parameters: &Value) -> Value {
    let mut shown = parameters.clone();
    for (of, secret) in [
        ("/BasicAuthParameters", "Password"),
        ("/ApiKeyAuthParameters", "ApiKeyValue"),
        ("/OAuthParameters/ClientParameters", "ClientSecret"),
    ] {
        if let Some(members) = shown.pointer_mut(of).and_then(Value::as_object_mut) {
            members.remove(secret);
        }
    }
    for of in [
        "/InvocationHttpParameters",
        "/OAuthParameters/OAuthHttpParameters",
    ] {
        let lists = shown.pointer_mut(of).and_then(Value::as_object_mut);
        for list in lists.into_iter().flat_map(|lists| lists.values_mut()) {
            for it in list.as_array_mut().into_iter().flatten() {
                if it["IsValueSecret"] == true
                    && let Some(members) = it.as_object_mut()
                {
                    members.remove("Value");
                }
            }
        }
    }
    if shown["InvocationHttpParameters"].is_null()
        && let Some(members) = shown.as_object_mut()
    {
        members.remove("InvocationHttpParameters");
    }
    shown
}
