//! What an S3 server was asked.

use std::fmt;

use hyper::http::request::Parts;

/// The operations of S3 that a lake's readers and writers use; API reference, Amazon S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `ListObjectsV2`: one page of keys.
    List,
    /// `GetObject`, of a whole object or a range.
    Get,
    /// `HeadObject`.
    Head,
    /// `PutObject`, and the parts of a multipart upload.
    Put,
    /// `DeleteObject` and `DeleteObjects`.
    Delete,
    /// Everything else, such as beginning and completing a multipart upload.
    Other,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What was to be done.
    pub operation: Operation,
    /// The object's key; for [`Operation::List`] the prefix that was asked for.
    pub key: String,
    /// Whether it was signed.
    pub is_signed: bool,
    /// Whether whoever asked is ready to pay: `x-amz-request-payer` (Amazon S3 user guide, Requester Pays buckets).
    pub pays: bool,
    line: String,
}

impl Asked {
    /// The request behind a request's head: its path has the bucket first.
    pub(crate) fn new(head: &Parts) -> Self {
        let (method, path) = (head.method.as_str(), head.uri.path());
        let query = head.uri.query().unwrap_or_default();
        let payer = head.headers.get("x-amz-request-payer");
        let key = path.trim_start_matches('/');
        let key = key.split_once('/').map_or("", |(_, key)| key);
        let parameter = |name: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value)
        };
        let operation = match method {
            "GET" if key.is_empty() => Operation::List,
            "GET" => Operation::Get,
            "HEAD" => Operation::Head,
            "PUT" => Operation::Put,
            "DELETE" => Operation::Delete,
            "POST" if query.split('&').any(|part| part == "delete") => Operation::Delete,
            _ => Operation::Other,
        };
        let key = match operation {
            Operation::List => parameter("prefix").unwrap_or_default(),
            _ => key,
        };
        let line = if query.is_empty() {
            format!("{method} {path}")
        } else {
            format!("{method} {path}?{query}")
        };
        Self {
            operation,
            key: decoded(key),
            is_signed: head.headers.contains_key("authorization"),
            pays: payer.is_some_and(|payer| payer == "requester"),
            line,
        }
    }
}

impl fmt::Display for Asked {
    /// The request line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

/// The text behind its percent-encoding.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let digits = behind.get(..2).filter(|_| byte == b'%');
        let code = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.unwrap_or(byte));
        rest = match code {
            Some(_) => behind.get(2..).unwrap_or_default(),
            None => behind,
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
