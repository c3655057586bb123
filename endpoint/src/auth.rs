//! Signatures of requests: AWS Signature Version 4 (AWS documentation, "Create a signed AWS API request").

use std::{collections::BTreeMap, fmt, fmt::Write as _};

use hmac::{Hmac, KeyInit, Mac};
use hyper::{HeaderMap, http::request::Parts};
use jiff::{Timestamp, civil::DateTime};
use sha2::{Digest, Sha256};

use crate::error::ApiError;

/// The keys that a server takes: the id of each, and its secret.
#[derive(Clone, Default)]
pub struct Keys(BTreeMap<String, String>);

impl Keys {
    /// No keys: nobody is let in.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same and one more.
    #[must_use]
    pub fn with(mut self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.0.insert(id.into(), secret.into());
        self
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Ids alone.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Checks signatures.
#[derive(Debug)]
pub(crate) struct Verifier {
    keys: Keys,
}

/// How far the clock of a client may be off, as on AWS.
const SKEW_SECONDS: i64 = 15 * 60;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What the `Authorization` header says.
struct Claim<'a> {
    key: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl Verifier {
    pub(crate) fn new(keys: Keys) -> Self {
        Self { keys }
    }

    /// Lets a request through that one of the keys signed.
    pub(crate) fn verify(
        &self,
        request: &Parts,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), ApiError> {
        let header = text(&request.headers, "authorization").ok_or_else(|| {
            ApiError::new(
                "MissingAuthenticationTokenException",
                "Missing Authentication Token",
            )
        })?;
        let incomplete = ApiError::incomplete_signature;
        let claim = claim(header)
            .ok_or_else(|| incomplete("the Authorization header is not of AWS4-HMAC-SHA256"))?;
        let secret = self.keys.0.get(claim.key).ok_or_else(|| {
            ApiError::new(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            )
        })?;
        let time = text(&request.headers, "x-amz-date")
            .ok_or_else(|| incomplete("the request has no X-Amz-Date"))?;
        let signed = DateTime::strptime("%Y%m%dT%H%M%SZ", time)
            .ok()
            .and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC).ok())
            .map(|time| time.timestamp())
            .filter(|_| time.starts_with(claim.date))
            .ok_or_else(|| incomplete("X-Amz-Date is no time, or not of the credential's day"))?;
        if now.duration_since(signed).as_secs().abs() > SKEW_SECONDS {
            return Err(ApiError::invalid_signature(format!(
                "Signature expired: {time} is more than 15 minutes from {now}"
            )));
        }
        let names: Vec<&str> = claim.signed_headers.split(';').collect();
        if !["host", "x-amz-date"]
            .iter()
            .all(|name| names.contains(name))
        {
            return Err(incomplete("'Host' and 'X-Amz-Date' must be signed headers"));
        }
        let canonical = canonical_request(request, &names, claim.signed_headers, body)
            .ok_or_else(|| incomplete("a signed header is not in the request"))?;
        let scope = format!(
            "{}/{}/{}/aws4_request",
            claim.date, claim.region, claim.service
        );
        let to_sign = format!(
            "{ALGORITHM}\n{time}\n{scope}\n{}",
            hex(&Sha256::digest(canonical))
        );
        let key = [claim.date, claim.region, claim.service, "aws4_request"]
            .iter()
            .fold(format!("AWS4{secret}").into_bytes(), |key, part| {
                mac(&key, part.as_bytes()).finalize().into_bytes().to_vec()
            });
        let signature =
            unhex(claim.signature).ok_or_else(|| incomplete("the signature is not hexadecimal"))?;
        // Takes as long for a wrong signature as for a right one.
        mac(&key, to_sign.as_bytes())
            .verify_slice(&signature)
            .map_err(|_| {
                ApiError::invalid_signature(
                    "The request signature we calculated does not match the signature you provided. Check \
                     your AWS Secret Access Key and signing method.",
                )
            })
    }
}

fn claim(header: &str) -> Option<Claim<'_>> {
    let rest = header.strip_prefix(ALGORITHM)?;
    let mut credential = None;
    let (mut signed_headers, mut signature) = (None, None);
    for part in rest.split(',') {
        match part.trim().split_once('=')? {
            ("Credential", value) => credential = Some(value),
            ("SignedHeaders", value) => signed_headers = Some(value),
            ("Signature", value) => signature = Some(value),
            _ => {}
        }
    }
    let mut scope = credential?.rsplitn(5, '/');
    let (terminator, service, region, date, key) = (
        scope.next()?,
        scope.next()?,
        scope.next()?,
        scope.next()?,
        scope.next()?,
    );
    (terminator == "aws4_request").then_some(Claim {
        key,
        date,
        region,
        service,
        signed_headers: signed_headers?,
        signature: signature?,
    })
}

fn canonical_request(
    request: &Parts,
    names: &[&str],
    signed_headers: &str,
    body: &[u8],
) -> Option<String> {
    let mut query: Vec<&str> = request
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .collect();
    query.sort_unstable();
    let mut canonical = format!(
        "{}\n{}\n{}\n",
        request.method,
        request.uri.path(),
        query.join("&")
    );
    for name in names {
        let values: Vec<String> = request
            .headers
            .get_all(*name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .map(|value| value.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        if values.is_empty() {
            return None;
        }
        canonical += &format!("{name}:{}\n", values.join(","));
    }
    canonical += &format!("\n{signed_headers}\n{}", hex(&Sha256::digest(body)));
    Some(canonical)
}

fn mac(key: &[u8], data: &[u8]) -> Hmac<Sha256> {
    // HMAC takes a key of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(data);
    mac
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok())
        .collect()
}
