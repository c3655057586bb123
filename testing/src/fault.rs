//! What can be wrong with an S3 server.

use std::time::Duration;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is answered with this status, and nothing is done.
    Status(u16),
    /// The connection is closed before the request was looked at.
    Reset,
    /// The connection is closed in the middle of the body, and nothing is done.
    Partial,
    /// It is done, and the connection closed instead of an answer.
    Unanswered,
    /// It is done and answered, after a while.
    Slow(Duration),
}
