//! What API Gateway itself answers with, instead of an integration: gateway responses (API Gateway developer
//! guide, "Gateway response types for API Gateway").

use indexmap::IndexMap;

use crate::vtl::Template;

/// The kind of a gateway response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    AccessDenied,
    ApiConfigurationError,
    AuthorizerConfigurationError,
    AuthorizerFailure,
    BadRequestBody,
    BadRequestParameters,
    IntegrationFailure,
    IntegrationTimeout,
    MissingAuthenticationToken,
    Unauthorized,
    UnsupportedMediaType,
}

impl Kind {
    /// What an API's definition calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::AccessDenied => "ACCESS_DENIED",
            Self::ApiConfigurationError => "API_CONFIGURATION_ERROR",
            Self::AuthorizerConfigurationError => "AUTHORIZER_CONFIGURATION_ERROR",
            Self::AuthorizerFailure => "AUTHORIZER_FAILURE",
            Self::BadRequestBody => "BAD_REQUEST_BODY",
            Self::BadRequestParameters => "BAD_REQUEST_PARAMETERS",
            Self::IntegrationFailure => "INTEGRATION_FAILURE",
            Self::IntegrationTimeout => "INTEGRATION_TIMEOUT",
            Self::MissingAuthenticationToken => "MISSING_AUTHENTICATION_TOKEN",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
        }
    }

    pub(super) fn status(self) -> u16 {
        match self {
            Self::AccessDenied | Self::MissingAuthenticationToken => 403,
            Self::ApiConfigurationError
            | Self::AuthorizerConfigurationError
            | Self::AuthorizerFailure => 500,
            Self::BadRequestBody | Self::BadRequestParameters => 400,
            Self::IntegrationFailure | Self::IntegrationTimeout => 504,
            Self::Unauthorized => 401,
            Self::UnsupportedMediaType => 415,
        }
    }

    /// The header `x-amzn-ErrorType`.
    pub(super) fn error_type(self) -> &'static str {
        match self {
            Self::AccessDenied => "AccessDeniedException",
            Self::AuthorizerConfigurationError => "AuthorizerConfigurationException",
            Self::ApiConfigurationError
            | Self::AuthorizerFailure
            | Self::IntegrationFailure
            | Self::IntegrationTimeout => "InternalServerErrorException",
            Self::BadRequestBody | Self::BadRequestParameters => "BadRequestException",
            Self::MissingAuthenticationToken => "MissingAuthenticationTokenException",
            Self::Unauthorized => "UnauthorizedException",
            Self::UnsupportedMediaType => "UnsupportedMediaTypeException",
        }
    }

    /// What it says, where nothing more is known; nothing for what is the authorizer's own fault.
    fn message(self) -> Option<&'static str> {
        Some(match self {
            Self::AccessDenied => "User is not authorized to access this resource",
            Self::ApiConfigurationError | Self::AuthorizerFailure => "Internal server error",
            Self::AuthorizerConfigurationError => return None,
            Self::BadRequestBody => "Invalid request body",
            Self::BadRequestParameters => "Missing required request parameters",
            Self::IntegrationFailure => "Network error communicating with endpoint",
            Self::IntegrationTimeout => "Endpoint request timed out",
            Self::MissingAuthenticationToken => "Missing Authentication Token",
            Self::Unauthorized => "Unauthorized",
            Self::UnsupportedMediaType => "Unsupported Media Type",
        })
    }
}

/// Why a request gets no further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub kind: Kind,
    pub message: Option<String>,
    /// `$context.error.validationErrorString`
    pub validation: Option<String>,
    /// What the operator should know and the client should not.
    pub reason: Option<String>,
}

impl From<Kind> for Refusal {
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            message: kind.message().map(str::to_owned),
            validation: None,
            reason: None,
        }
    }
}

impl Refusal {
    /// A refusal whose reason is for the log.
    pub(super) fn because(kind: Kind, reason: impl Into<String>) -> Self {
        Self {
            reason: Some(reason.into()),
            ..kind.into()
        }
    }
}

/// How an API wants a kind of gateway response to look.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    pub status: Option<u16>,
    /// Names without `gatewayresponse.header.`, values without their quotes.
    pub headers: Vec<(String, String)>,
    pub template: Option<Template>,
}

/// The looks of an API.
#[derive(Debug, Clone, Default)]
pub(super) struct Looks(pub IndexMap<String, Look>);

impl Looks {
    /// That of a kind: its own, or what the API says of all of its class.
    pub(super) fn of(&self, kind: Kind) -> Option<&Look> {
        let class = if kind.status() < 500 {
            "DEFAULT_4XX"
        } else {
            "DEFAULT_5XX"
        };
        self.0.get(kind.name()).or_else(|| self.0.get(class))
    }
}
