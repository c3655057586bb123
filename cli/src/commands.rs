//! One file a command.

pub(crate) mod deliver;
pub(crate) mod demo;
pub(crate) mod generate;
pub(crate) mod sql;
pub(crate) mod transform;
