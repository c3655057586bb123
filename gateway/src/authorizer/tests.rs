//! Every forgery that is known is refused, for its own reason.

use std::{sync::OnceLock, time::Duration};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::*;
use crate::identity::{APPLICATION, CLIENT_ID_CLAIM, Grant, ISSUER, LocalIdentity};

const NOW: i64 = 1_800_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

/// Bytes that are the same in every run.
fn chance(seed: u8) -> impl FnMut(&mut [u8]) {
    let mut state = u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |bytes| {
        for byte in bytes {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            *byte = state.to_le_bytes()[7];
        }
    }
}

/// An issuer, and the private key it signs with.
struct Issuer {
    identity: LocalIdentity,
    private_key: String,
    key_id: String,
}

impl Issuer {
    fn new(seed: u8) -> Self {
        let directory =
            std::env::temp_dir().join(format!("hydrant-keys-{}-{seed}", std::process::id()));
        let identity = LocalIdentity::open(&directory, &mut chance(seed)).unwrap();
        let text = std::fs::read_to_string(directory.join("identity.json")).unwrap();
        std::fs::remove_dir_all(&directory).ok();
        let file: Value = serde_json::from_str(&text).unwrap();
        Self {
            identity,
            private_key: file["keys"][0]["privateKey"].as_str().unwrap().to_owned(),
            key_id: file["keys"][0]["keyId"].as_str().unwrap().to_owned(),
        }
    }

    /// The issuer whose tokens are good.
    fn good() -> &'static Self {
        static GOOD: OnceLock<Issuer> = OnceLock::new();
        GOOD.get_or_init(|| Self::new(1))
    }

    /// Signs any claims.
    fn sign(&self, header: &Header, claims: &Value) -> String {
        let key = EncodingKey::from_rsa_pem(self.private_key.as_bytes()).unwrap();
        jsonwebtoken::encode(header, claims, &key).unwrap()
    }
}

fn header() -> Header {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(Issuer::good().key_id.clone());
    header
}

fn claims() -> Value {
    json!({
        "sub": "user-1", "iss": ISSUER, "token_use": "id", "aud": APPLICATION,
        "iat": NOW - 10, "exp": NOW + 3600, CLIENT_ID_CLAIM: "client-1",
    })
}

fn authorizer(rules: Rules) -> Authorizer {
    let keys = KeySource::Text(Issuer::good().identity.key_set().unwrap());
    let claim = ClientIds::Claim(CLIENT_ID_CLAIM.to_owned());
    Authorizer::new(rules, Keys::new(keys).unwrap(), claim)
}

fn rules() -> Rules {
    LocalIdentity::rules(TokenUse::Id).unwrap()
}

async fn outcome(token: &str) -> String {
    match authorizer(rules()).authorize(token, now()).await {
        Ok(identity) => format!("{} as {}", identity.subject, identity.client_id),
        Err(Denied::Refused(refusal)) => format!("{}: {refusal}", refusal.reason()),
        Err(Denied::Unavailable(error)) => format!("unavailable: {error}"),
    }
}

/// What becomes of a token whose claims are changed by `change`.
async fn with(change: impl FnOnce(&mut Value)) -> String {
    let mut claims = claims();
    change(&mut claims);
    outcome(&Issuer::good().sign(&header(), &claims)).await
}

fn part(json: &Value) -> String {
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(json.to_string())
}

#[tokio::test]
async fn a_good_token_says_who_the_client_is() {
    let token = Issuer::good().sign(&header(), &claims());
    assert_eq!(outcome(&token).await, "user-1 as client-1");
    assert_eq!(
        outcome(&format!("Bearer {token}")).await,
        "user-1 as client-1"
    );
    let grant = Grant {
        client_id: "shop-7",
        token_use: TokenUse::Id,
        expires: Duration::from_mins(1),
        id: "any".to_owned(),
    };
    let minted = Issuer::good().identity.token(&grant, now()).unwrap();
    assert_eq!(outcome(&minted).await, "shop-7 as shop-7");
}

#[tokio::test]
async fn a_forged_signature_is_refused() {
    let good = Issuer::good();
    let claims = claims();
    // Somebody else's key, under the issuer's key id.
    let forged = Issuer::new(2).sign(&header(), &claims);
    insta::assert_snapshot!(outcome(&forged).await, @"Signature: the signature is not the issuer's");
    // HS256, with the public key that everybody knows as the secret.
    let public = good.identity.key_set().unwrap();
    let mut hs256 = Header::new(Algorithm::HS256);
    hs256.kid = Some(good.key_id.clone());
    let secret = EncodingKey::from_secret(public.as_bytes());
    let forged = jsonwebtoken::encode(&hs256, &claims, &secret).unwrap();
    insta::assert_snapshot!(outcome(&forged).await, @"Algorithm: it is signed with HS256, and only RS256 is taken");
    // No signature at all.
    for none in ["none", "None", "NONE", ""] {
        let header = part(&json!({"alg": none, "kid": good.key_id}));
        let forged = format!("{header}.{}.", part(&claims));
        assert!(outcome(&forged).await.starts_with("Algorithm: "), "{none}");
    }
    // Claims exchanged under a good signature.
    let token = good.sign(&header(), &claims);
    let parts: Vec<&str> = token.split('.').collect();
    let mut other = claims.clone();
    other[CLIENT_ID_CLAIM] = json!("client-2");
    let forged = format!("{}.{}.{}", parts[0], part(&other), parts[2]);
    insta::assert_snapshot!(outcome(&forged).await, @"Signature: the signature is not the issuer's");
    // A signature that is cut off.
    let cut = token.strip_suffix(|_: char| true).unwrap();
    assert!(!outcome(cut).await.contains(" as "));
    // An unknown key, and none.
    let mut unknown = header();
    unknown.kid = Some("another".to_owned());
    insta::assert_snapshot!(outcome(&good.sign(&unknown, &claims)).await, @r#"UnknownKey: the issuer has no key called "another""#);
    unknown.kid = None;
    insta::assert_snapshot!(outcome(&good.sign(&unknown, &claims)).await, @"Malformed: it is no JSON Web Token: it does not name the key that it is signed with");
    // A key that comes along with the token is not asked.
    let mut with_key = header();
    with_key.jku = Some("https://example.com/keys".to_owned());
    let stranger = Issuer::new(2);
    insta::assert_snapshot!(outcome(&stranger.sign(&with_key, &claims)).await, @"Signature: the signature is not the issuer's");
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    for text in [
        "",
        "a",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "....",
        "é.é.é",
        &"x".repeat(20_000),
    ] {
        let outcome = outcome(text).await;
        assert!(outcome.starts_with("Malformed: "), "{outcome}");
    }
    let critical = part(&json!({"alg": "RS256", "kid": "a", "crit": ["x"]}));
    insta::assert_snapshot!(outcome(&format!("{critical}.e30.AA")).await, @"Malformed: it is no JSON Web Token: it asks for an extension");
}

#[tokio::test]
async fn every_claim_is_checked() {
    insta::assert_snapshot!(with(|it| it["iss"] = json!("https://example.com")).await, @r#"Issuer: it was issued by "https://example.com""#);
    insta::assert_snapshot!(with(|it| it["aud"] = json!("another-app")).await, @r#"Application: it was issued for the application "another-app""#);
    insta::assert_snapshot!(with(|it| it["token_use"] = json!("access")).await, @r#"TokenUse: it is a token for "access", and one for "id" is taken"#);
    insta::assert_snapshot!(with(|it| it["exp"] = json!(NOW - 61)).await, @"Expired: it expired 61 s ago");
    insta::assert_snapshot!(with(|it| it["iat"] = json!(NOW + 61)).await, @"NotYet: it is good from 61 s in the future only");
    insta::assert_snapshot!(with(|it| it["nbf"] = json!(NOW + 3600)).await, @"NotYet: it is good from 3600 s in the future only");
    insta::assert_snapshot!(with(|it| it[CLIENT_ID_CLAIM] = json!("a\",\"b")).await, @"ClientId: the client's id is empty, longer than 128 bytes, or has characters that no id has");
    insta::assert_snapshot!(with(|it| it[CLIENT_ID_CLAIM] = json!(["a"])).await, @"ClientId: the token has no claim with the client's id");
    for claim in ["sub", "iss", "aud", "token_use", "exp", CLIENT_ID_CLAIM] {
        let outcome = with(|it| drop(it.as_object_mut().unwrap().remove(claim))).await;
        assert!(
            outcome.starts_with("MissingClaim") || outcome.starts_with("ClientId"),
            "{outcome}"
        );
    }
    // Within the leeway, and of several audiences.
    assert_eq!(
        with(|it| it["exp"] = json!(NOW - 59)).await,
        "user-1 as client-1"
    );
    assert_eq!(
        with(|it| it["aud"] = json!(["x", APPLICATION])).await,
        "user-1 as client-1"
    );
}

#[tokio::test]
async fn an_access_token_names_its_application_elsewhere() {
    let rules = LocalIdentity::rules(TokenUse::Access).unwrap();
    let rules = rules.with_scopes(vec!["events/write".to_owned()]);
    let mut claims = claims();
    claims["token_use"] = json!("access");
    let outcome = async |claims: &Value| {
        let token = Issuer::good().sign(&header(), claims);
        let authorized = authorizer(rules.clone()).authorize(&token, now()).await;
        authorized.map_or_else(|error| error.to_string(), |identity| identity.client_id)
    };
    insta::assert_snapshot!(outcome(&claims).await, @"it has no claim client_id, or not one of the right kind");
    claims["client_id"] = json!("another");
    insta::assert_snapshot!(outcome(&claims).await, @r#"it was issued for the application "another""#);
    claims["client_id"] = json!(APPLICATION);
    insta::assert_snapshot!(outcome(&claims).await, @"it has none of the scopes that are wanted");
    claims["scope"] = json!("openid events/write");
    assert_eq!(outcome(&claims).await, "client-1");
}

#[tokio::test]
async fn a_key_that_is_exchanged_is_found_and_strangers_cause_no_readings() {
    let file = std::env::temp_dir().join(format!("hydrant-rotated-{}.json", std::process::id()));
    let (old, new) = (Issuer::good(), Issuer::new(3));
    std::fs::write(&file, old.identity.key_set().unwrap()).unwrap();
    let keys = Keys::new(KeySource::File(file.clone())).unwrap();
    let claim = ClientIds::Claim(CLIENT_ID_CLAIM.to_owned());
    let authorizer = Authorizer::new(rules(), keys, claim);
    let mut header_of_new = header();
    header_of_new.kid = Some(new.key_id.clone());
    let token = new.sign(&header_of_new, &claims());
    let at = |seconds| Timestamp::from_second(NOW + seconds).unwrap();
    let good = old.sign(&header(), &claims());
    assert!(authorizer.authorize(&good, at(0)).await.is_ok());
    std::fs::write(&file, new.identity.key_set().unwrap()).unwrap();
    // Too soon after the last reading, and then not.
    assert!(authorizer.authorize(&token, at(29)).await.is_err());
    assert!(authorizer.authorize(&token, at(30)).await.is_ok());
    // The old key is gone; one that cannot be read again leaves what there is.
    assert!(authorizer.authorize(&good, at(61)).await.is_err());
    std::fs::remove_file(&file).unwrap();
    assert!(authorizer.authorize(&token, at(3600)).await.is_ok());
}

#[tokio::test]
async fn without_keys_nobody_is_refused_and_nobody_let_in() {
    let token = Issuer::good().sign(&header(), &claims());
    for (text, reason) in [
        ("{}", "no list"),
        ("{\"keys\":[]}", "no key for RS256"),
        ("x", "expected"),
    ] {
        let keys = Keys::new(KeySource::Text(text.to_owned())).unwrap();
        let claim = ClientIds::Claim(CLIENT_ID_CLAIM.to_owned());
        let denied = Authorizer::new(rules(), keys, claim)
            .authorize(&token, now())
            .await;
        let denied = denied.unwrap_err();
        assert!(matches!(denied, Denied::Unavailable(_)));
        assert!(denied.to_string().contains(reason), "{denied}");
    }
    assert!(KeySource::parse("http://example.com/keys").is_err());
    assert!(KeySource::parse("http://127.0.0.1:5000/keys").is_ok());
}

#[test]
fn rules_that_would_let_anybody_in_are_refused() {
    let apps = || vec![APPLICATION.to_owned()];
    assert_eq!(
        Rules::new(" ", apps(), TokenUse::Id),
        Err(RulesError::NoIssuer)
    );
    assert_eq!(
        Rules::new("i", vec![], TokenUse::Id),
        Err(RulesError::NoApplication)
    );
    assert_eq!(
        Rules::new("i", vec![String::new()], TokenUse::Id),
        Err(RulesError::NoApplication)
    );
    assert!(rules().with_leeway(Duration::from_secs(301)).is_err());
}

#[tokio::test]
async fn a_lambda_event_is_answered_with_a_policy_for_the_whole_stage() {
    let token = Issuer::good().sign(&header(), &claims());
    let method_arn = "arn:aws:execute-api:eu-west-1:123456789012:abc/prod/POST/event";
    let event = json!({"type": "TOKEN", "authorizationToken": token, "methodArn": method_arn});
    let decision = authorizer(rules()).answer(&event, now()).await;
    insta::assert_json_snapshot!(decision.answer.unwrap(), @r#"
    {
      "context": {
        "clientId": "client-1",
        "sub": "user-1"
      },
      "policyDocument": {
        "Statement": [
          {
            "Action": "execute-api:Invoke",
            "Effect": "Allow",
            "Resource": "arn:aws:execute-api:eu-west-1:123456789012:abc/prod/*"
          }
        ],
        "Version": "2012-10-17"
      },
      "principalId": "user-1"
    }
    "#);
    let event = json!({"type": "TOKEN", "authorizationToken": "a.b.c", "methodArn": method_arn});
    let decision = authorizer(rules()).answer(&event, now()).await;
    assert_eq!(decision.answer.unwrap_err().to_string(), "Unauthorized");
    assert_eq!(decision.refusal.unwrap().reason(), "Malformed");
    let event = json!({"type": "REQUEST", "version": "2.0", "identitySource": [token]});
    let decision = authorizer(rules()).answer(&event, now()).await;
    assert_eq!(decision.answer.unwrap()["isAuthorized"], true);
    let decision = authorizer(rules())
        .answer(&json!({"type": "OTHER"}), now())
        .await;
    insta::assert_snapshot!(decision.answer.unwrap_err(), @"not the event of a Lambda authorizer: its type is neither TOKEN nor REQUEST");
}

#[tokio::test]
async fn a_directory_knows_what_the_token_does_not() {
    let file = std::env::temp_dir().join(format!("hydrant-users-{}.json", std::process::id()));
    std::fs::write(&file, r#"{"user-1":"client-of-user-1"}"#).unwrap();
    let keys = KeySource::Text(Issuer::good().identity.key_set().unwrap());
    let ids = ClientIds::Directory(Directory::file(&file));
    let authorizer = Authorizer::new(rules(), Keys::new(keys).unwrap(), ids);
    let mut claims = claims();
    // What the token says of the client is not asked.
    claims[CLIENT_ID_CLAIM] = json!("another-client");
    let token = Issuer::good().sign(&header(), &claims);
    let identity = authorizer.authorize(&token, now()).await.unwrap();
    assert_eq!(identity.client_id, "client-of-user-1");
    claims["sub"] = json!("user-2");
    let token = Issuer::good().sign(&header(), &claims);
    let denied = authorizer.authorize(&token, now()).await.unwrap_err();
    insta::assert_snapshot!(denied, @"the directory has no client id for the user");
    std::fs::remove_file(&file).ok();
}
