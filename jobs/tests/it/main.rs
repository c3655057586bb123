//! Jobs over a lake: each interval once, whatever happens.

mod due;
mod lambda;
mod mistakes;
mod once;
mod outputs;
mod support;
