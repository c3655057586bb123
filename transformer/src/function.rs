//! What makes the library a Lambda function.

pub(crate) mod settings;
