//! Buses as a whole: events in, over the API, to targets that are scripted.

#![expect(clippy::unwrap_used, reason = "a test may fail")]
#![expect(
    clippy::disallowed_methods,
    reason = "a test waits for what happens beside it"
)]

mod api;
mod archive;
mod clock;
mod delivery;
mod destinations;
mod outages;
mod support;
