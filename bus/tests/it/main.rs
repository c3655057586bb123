//! Buses as a whole: events in, over the API, to targets that are scripted.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod api;
mod archive;
mod delivery;
mod destinations;
mod support;
