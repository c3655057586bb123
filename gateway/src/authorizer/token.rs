//! The parts of a token, and its signature (RFC 7515, RFC 7519).

use jsonwebtoken::{Algorithm, Validation};
use serde_json::Value;

use super::{Claims, Refusal, Rules, keys::Key};

/// The longest token: API Gateway takes 10,240 bytes of headers in all.
const MOST_BYTES: usize = 10_240;

/// The longest id of a key.
const MOST_KEY_ID: usize = 256;

/// What the first part of a token says.
#[derive(Debug)]
pub(super) struct Header {
    pub key_id: String,
    pub algorithm: Algorithm,
}

/// Reads the first part. What it says of the algorithm is compared with what is allowed, and nothing else is
/// made of it.
pub(super) fn header(token: &str, rules: &Rules) -> Result<Header, Refusal> {
    let malformed = |reason| Refusal::Malformed { reason };
    if token.is_empty() {
        return Err(malformed("it is empty"));
    }
    if token.len() > MOST_BYTES {
        return Err(malformed(
            "it is longer than any header that API Gateway takes",
        ));
    }
    let mut segments = token.split('.');
    let (Some(first), Some(_), Some(_), None) = (
        segments.next(),
        segments.next(),
        segments.next(),
        segments.next(),
    ) else {
        return Err(malformed("a token has three parts"));
    };
    let header = base64_simd::URL_SAFE_NO_PAD
        .decode_to_vec(first.as_bytes())
        .map_err(|_| malformed("its first part is no base64url"))?;
    let header: Claims = serde_json::from_slice(&header)
        .map_err(|_| malformed("its first part is no JSON object"))?;
    if header.contains_key("crit") {
        // RFC 7515, 4.1.11: what must be understood and is not.
        return Err(malformed("it asks for an extension"));
    }
    let named = header
        .get("alg")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let algorithms = rules.algorithms();
    let algorithm = algorithms.iter().find(|allowed| name(**allowed) == named);
    let algorithm = *algorithm.ok_or_else(|| Refusal::Algorithm {
        algorithm: named.chars().take(20).collect(),
        allowed: algorithms
            .iter()
            .map(|allowed| name(*allowed))
            .collect::<Vec<_>>()
            .join(" or "),
    })?;
    let key_id = header.get("kid").and_then(Value::as_str);
    let key_id = key_id
        .filter(|id| !id.is_empty() && id.len() <= MOST_KEY_ID)
        .ok_or(malformed("it does not name the key that it is signed with"))?;
    Ok(Header {
        key_id: key_id.to_owned(),
        algorithm,
    })
}

/// The claims of a token that `key` signed.
pub(super) fn verify(token: &str, algorithm: Algorithm, key: &Key) -> Result<Claims, Refusal> {
    if key.algorithm != algorithm {
        return Err(Refusal::Signature);
    }
    let mut validation = Validation::new(algorithm);
    // Times and names are checked by `Rules`, against an instant that is given.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation)
        .map(|token| token.claims)
        .map_err(|error| match error.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature => Refusal::Signature,
            _ => Refusal::Malformed {
                reason: "its parts are no JSON objects in base64url",
            },
        })
}

/// A time in seconds since the epoch; fractions are cut off.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a time beyond 64 bits becomes the last that there is"
)]
pub(super) fn seconds(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_f64().map(|seconds| seconds as i64))
}

/// How a token names an algorithm that can be allowed.
fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::RS256 => "RS256",
        Algorithm::ES256 => "ES256",
        // Not among what `Rules` can allow.
        _ => "",
    }
}
