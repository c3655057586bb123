//! Templates: what is put in, what stays unknown, and what is bounded.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod bounds;
mod functions;
mod laws;
