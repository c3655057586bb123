//! What an endpoint answers when it does not do what it was asked.

use std::borrow::Cow;

use serde_json::json;

/// An error of AWS JSON 1.1: its type, its text, and the status of the HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {message}")]
pub struct ApiError {
    /// Its type, as in `__type`: `ValidationException`.
    pub name: Cow<'static, str>,
    /// The status of the HTTP answer.
    pub status: u16,
    /// Its text; without one, the answer has no `message`.
    pub message: String,
}

impl ApiError {
    /// An error of the client's: 400.
    pub fn new(name: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            status: 400,
            message: message.into(),
        }
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The body is not what it should be.
    pub fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", message)
    }

    /// There is no such operation.
    pub fn unknown_operation(message: impl Into<String>) -> Self {
        Self::new("UnknownOperationException", message)
    }

    pub(crate) fn incomplete_signature(message: impl Into<String>) -> Self {
        Self::new("IncompleteSignatureException", message)
    }

    pub(crate) fn invalid_signature(message: impl Into<String>) -> Self {
        Self::new("InvalidSignatureException", message)
    }

    /// The body of the HTTP answer.
    pub fn body(&self) -> Vec<u8> {
        let body = if self.message.is_empty() {
            json!({ "__type": self.name })
        } else {
            json!({ "__type": self.name, "message": self.message })
        };
        body.to_string().into_bytes()
    }
}
