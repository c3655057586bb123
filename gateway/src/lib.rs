//! The HTTP front door of a client-event pipeline, as Amazon API Gateway is it on AWS.
//!
//! [`api`] serves REST APIs and HTTP APIs whose integration is `PutEvents`, [`authorizer`] says who a token speaks
//! for, [`vtl`] fills in mapping templates, [`events`] is where events go, and [`identity`] issues tokens for one
//! machine. With the feature `lambda` there are the functions `authorizer` and `confirmation`.

pub mod api;
pub mod authorizer;
#[cfg(feature = "lambda")]
pub mod confirmation;
pub mod events;
pub mod identity;
pub mod vtl;
