//! The Lambda functions as Lambda runs them: their own processes, spoken to over the Runtime API.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use bytes::Bytes;
use hydrant_delivery::{Function, Ids, InvokeError, RuntimeApi, SystemClock};
use hydrant_gateway::{
    authorizer::TokenUse,
    identity::{APPLICATION, Grant, ISSUER, LocalIdentity},
};
use jiff::Timestamp;
use serde_json::{Value, json};

const METHOD: &str = "arn:aws:execute-api:eu-west-1:123456789012:abcdefghij/prod/POST/event";

/// A function in its process, and what it logs.
fn start(binary: &str, variables: &[(&str, &str)]) -> (RuntimeApi, Arc<Mutex<Vec<String>>>) {
    let mut function = Function::new("door", binary);
    for (name, value) in variables {
        function = function.with_variable(*name, *value);
    }
    let lines = Arc::new(Mutex::new(Vec::new()));
    let logged = Arc::clone(&lines);
    function.output = Arc::new(move |line| logged.lock().unwrap().push(line.to_owned()));
    function.timeout = Duration::from_secs(20);
    let api = RuntimeApi::new(function, Arc::new(SystemClock), Ids::from_seed(1));
    (api, lines)
}

/// An issuer with its keys in a file.
struct Issuer {
    identity: LocalIdentity,
    folder: PathBuf,
}

impl Issuer {
    fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("hydrant-door-{}-{name}", std::process::id()));
        let mut state = 7_u64;
        let mut chance = |bytes: &mut [u8]| {
            for byte in bytes {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                *byte = state.to_le_bytes()[7];
            }
        };
        let identity = LocalIdentity::open(&folder, &mut chance).unwrap();
        std::fs::write(folder.join("keys.json"), identity.key_set().unwrap()).unwrap();
        Self { identity, folder }
    }

    fn keys(&self) -> String {
        self.folder.join("keys.json").display().to_string()
    }

    fn token(&self, expires: u64) -> String {
        let grant = Grant {
            client_id: "shop-7",
            token_use: TokenUse::Id,
            expires: Duration::from_secs(expires),
            id: "any".to_owned(),
        };
        self.identity.token(&grant, now()).unwrap()
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the function reads the same clock"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

fn event(token: &str) -> Bytes {
    json!({"type": "TOKEN", "authorizationToken": token, "methodArn": METHOD})
        .to_string()
        .into()
}

#[tokio::test]
async fn the_authorizer_lets_a_client_in_and_logs_whom_it_does_not() {
    let issuer = Issuer::new("good");
    let (api, lines) = start(
        env!("CARGO_BIN_EXE_authorizer"),
        &[
            ("ISSUER", ISSUER),
            ("APP_CLIENT_IDS", APPLICATION),
            ("KEYS", &issuer.keys()),
        ],
    );
    let answer = api.call(event(&issuer.token(60))).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer["context"]["clientId"], "shop-7");
    assert_eq!(
        answer["policyDocument"]["Statement"][0]["Resource"],
        "arn:aws:execute-api:eu-west-1:123456789012:abcdefghij/prod/*"
    );

    let forged = format!("{}x", issuer.token(60));
    let error = api.call(event(&forged)).await.unwrap_err();
    // API Gateway answers 401 to exactly this text.
    assert!(
        matches!(&error, InvokeError::Function(text) if text == "Unauthorized: Unauthorized"),
        "{error}"
    );
    let error = api
        .call(Bytes::from_static(b"{}"))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("not the event of a Lambda authorizer"),
        "{error}"
    );

    let lines = lines.lock().unwrap().clone();
    let refusals: Vec<Value> = lines
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    assert_eq!(refusals.len(), 1, "{lines:?}");
    assert_eq!(refusals[0]["Reason"], "Malformed");
    assert_eq!(refusals[0]["RefusedTokens"], 1);
    assert!(
        !lines.iter().any(|line| line.contains(&forged)),
        "a token is a secret"
    );
}

#[tokio::test]
async fn an_authorizer_without_its_settings_does_not_start() {
    for (variables, text) in [
        (&[][..], "ISSUER"),
        (&[("ISSUER", "i")][..], "APP_CLIENT_IDS"),
        (
            &[
                ("ISSUER", "https://i"),
                ("APP_CLIENT_IDS", "a"),
                ("LEEWAY_SECONDS", "301"),
            ][..],
            "more than 300",
        ),
        (
            &[("ISSUER", "http://example.com"), ("APP_CLIENT_IDS", "a")][..],
            "use https",
        ),
        (
            &[
                ("ISSUER", "https://i"),
                ("APP_CLIENT_IDS", "a"),
                ("TOKEN_USE", "any"),
            ][..],
            "use access or id",
        ),
    ] {
        let (api, lines) = start(env!("CARGO_BIN_EXE_authorizer"), variables);
        let error = api.call(event("a.b.c")).await.unwrap_err().to_string();
        let logged = lines.lock().unwrap().join("\n");
        assert!(
            error.contains(text) || logged.contains(text),
            "{text}: {error} {logged}"
        );
    }
}

#[tokio::test]
async fn without_keys_the_authorizer_fails_and_lets_nobody_in() {
    let issuer = Issuer::new("gone");
    let variables = [
        ("ISSUER", ISSUER),
        ("APP_CLIENT_IDS", APPLICATION),
        ("KEYS", "/nowhere/keys.json"),
    ];
    let (api, _) = start(env!("CARGO_BIN_EXE_authorizer"), &variables);
    let error = api
        .call(event(&issuer.token(60)))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("cannot read the keys of the issuer"),
        "{error}"
    );
}

/// Answers one request, and gives its head and body.
fn one_request(listener: TcpListener, answer: &'static str) -> thread::JoinHandle<(String, Value)> {
    thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(socket);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            reader.read_line(&mut head).unwrap();
        }
        let length = head.to_lowercase();
        let length = length
            .split("content-length: ")
            .nth(1)
            .unwrap()
            .lines()
            .next()
            .unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        reader.get_mut().write_all(answer.as_bytes()).unwrap();
        (head, serde_json::from_slice(&body).unwrap())
    })
}

#[tokio::test]
async fn a_user_who_confirms_gets_a_client_id_from_cognito() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let asked = one_request(listener, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    let (api, _) = start(
        env!("CARGO_BIN_EXE_confirmation"),
        &[
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", &endpoint),
        ],
    );
    let event = json!({
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "userPoolId": "eu-west-1_pool",
        "userName": "user-1",
        "request": {"userAttributes": {"sub": "user-1"}},
        "response": {},
    });
    let answer = api.call(event.to_string().into()).await.unwrap();
    // Cognito wants its event back.
    assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap(), event);
    let (head, body) = asked.join().unwrap();
    assert!(
        head.contains("AWSCognitoIdentityProviderService.AdminUpdateUserAttributes"),
        "{head}"
    );
    assert!(
        head.contains("/eu-west-1/cognito-idp/aws4_request"),
        "{head}"
    );
    assert_eq!(
        (&body["UserPoolId"], &body["Username"]),
        (&json!("eu-west-1_pool"), &json!("user-1"))
    );
    assert_eq!(body["UserAttributes"][0]["Name"], "custom:clientId");
    assert_eq!(
        body["UserAttributes"][0]["Value"].as_str().unwrap().len(),
        36
    );
}

#[tokio::test]
async fn a_confirmation_that_cognito_refuses_fails_and_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let refused = "HTTP/1.1 400 x\r\ncontent-length: 37\r\n\r\n{\"__type\":\"UserNotFoundException\"}\n\n\n\n";
    let asked = one_request(listener, refused);
    let (api, _) = start(
        env!("CARGO_BIN_EXE_confirmation"),
        &[
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_ENDPOINT_URL", &endpoint),
        ],
    );
    let event = json!({"triggerSource": "PostConfirmation_ConfirmSignUp", "userPoolId": "p", "userName": "u"});
    let error = api
        .call(event.to_string().into())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("AdminUpdateUserAttributes answers 400"),
        "{error}"
    );
    asked.join().unwrap();
}
