//! The partitioner beside others who answer the same questions.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod agreement;
