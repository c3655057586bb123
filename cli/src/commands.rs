//! One file a command.

pub(crate) mod check;
pub(crate) mod compact;
pub(crate) mod deliver;
pub(crate) mod demo;
pub(crate) mod generate;
pub(crate) mod jobs;
pub(crate) mod partition;
pub(crate) mod redrive;
pub(crate) mod send;
pub(crate) mod sql;
pub(crate) mod token;
pub(crate) mod transform;
pub(crate) mod up;
