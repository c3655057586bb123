//! Streams and templates, and what AWS says to them.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod examples;
mod outcomes;
mod page;
mod places;
