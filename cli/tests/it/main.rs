//! The command as people use it: every screen, every stage, over directories and S3, with right input and
//! wrong.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod check;
mod compact;
mod deliver;
mod demo;
mod docs;
mod features;
mod gateway;
mod generate;
mod help;
mod jobs;
mod kills;
mod partition;
mod redrive;
mod s3;
mod sdk;
mod sdk_events;
mod send;
mod serving;
mod sql;
mod sql_guide;
mod sql_session;
mod support;
mod templates;
mod transform;
mod transform_compare;
mod up;
mod walk;
