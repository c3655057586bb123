//! What AWS takes and refuses, and when a schedule fires.

mod clocks;
mod laws;
mod tables;
