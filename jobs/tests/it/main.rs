//! Jobs over a lake: each interval once, whatever happens.

mod due;
mod mistakes;
mod once;
mod outputs;
mod support;
