//! What the API answers when it does not do what it was asked.

use crate::{definition::DefinitionError, log::LogError, service::ServiceError};

/// The types of errors, as the API spells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "each is the exception of the same name in the API reference"
)]
pub enum ErrorKind {
    ConcurrentModification,
    InvalidArgument,
    InvalidKmsResource,
    LimitExceeded,
    ResourceInUse,
    ResourceNotFound,
    ServiceUnavailable,
    Validation,
    Serialization,
    UnknownOperation,
    InternalFailure,
}

impl ErrorKind {
    /// The name in `__type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConcurrentModification => "ConcurrentModificationException",
            Self::InvalidArgument => "InvalidArgumentException",
            Self::InvalidKmsResource => "InvalidKMSResourceException",
            Self::LimitExceeded => "LimitExceededException",
            Self::ResourceInUse => "ResourceInUseException",
            Self::ResourceNotFound => "ResourceNotFoundException",
            Self::ServiceUnavailable => "ServiceUnavailableException",
            Self::Validation => "ValidationException",
            Self::Serialization => "SerializationException",
            Self::UnknownOperation => "UnknownOperationException",
            Self::InternalFailure => "InternalFailure",
        }
    }

    /// The status of the HTTP answer.
    pub fn status(self) -> u16 {
        match self {
            Self::ServiceUnavailable => 503,
            Self::InternalFailure => 500,
            _ => 400,
        }
    }
}

/// An error of the API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", kind.name())]
pub struct ApiError {
    /// Its type.
    pub kind: ErrorKind,
    /// Its text.
    pub message: String,
}

impl ApiError {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, message)
    }

    pub(crate) fn serialization(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Serialization, message)
    }
}

impl From<ApiError> for hydrant_endpoint::ApiError {
    fn from(error: ApiError) -> Self {
        Self::new(error.kind.name(), error.message).with_status(error.kind.status())
    }
}

impl From<LogError> for ApiError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Full { .. } => Self::new(ErrorKind::ServiceUnavailable, "Slow down."),
            error => Self::new(ErrorKind::ServiceUnavailable, error.to_string()),
        }
    }
}

impl From<DefinitionError> for ApiError {
    fn from(error: DefinitionError) -> Self {
        let text = match error {
            DefinitionError::Json(error) => return Self::serialization(error.to_string()),
            DefinitionError::Refused(violations) => violations
                .into_iter()
                .next()
                .map_or_else(String::new, |violation| violation.text),
            error => error.to_string(),
        };
        // Where the text is that of a model constraint, so is the type.
        if text.contains("validation error detected") {
            Self::new(ErrorKind::Validation, text)
        } else {
            Self::invalid(text)
        }
    }
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Log(error) => error.into(),
            ServiceError::Definition(error) => error.into(),
            ServiceError::Exists { .. } => Self::new(ErrorKind::ResourceInUse, error.to_string()),
            ServiceError::NoFunction { .. } | ServiceError::NoSource { .. } => {
                Self::invalid(error.to_string())
            }
            error => Self::new(ErrorKind::InternalFailure, error.to_string()),
        }
    }
}
