//! What makes the library a Lambda function.

pub(crate) mod answer;
pub(crate) mod clock;
pub(crate) mod put;
pub(crate) mod reingest;
pub(crate) mod runtime;
pub(crate) mod settings;
pub(crate) mod telemetry;
