//! How a bus runs.

use std::time::Duration;

use hydrant_endpoint::LogOptions;

use crate::{input::EventPlaceholder, pattern::PatternOptions};

/// How a bus runs. What AWS has not published is a setting here, with the default that this crate stands for.
#[derive(Debug, Clone)]
pub struct Options {
    /// The Region in ARNs.
    pub region: String,
    /// The account in ARNs: twelve digits.
    pub account: String,
    /// The log of events that wait for their targets, and of what is defined.
    pub log: LogOptions,
    /// Where archives are.
    pub archive: std::path::PathBuf,
    /// Seconds of a retry's pause that pass in one second.
    pub time_scale: f64,
    /// Where ids come from.
    pub seed: u64,
    /// Events under way to one target at once.
    pub parallelism: usize,
    /// How long an API destination may take to answer; on AWS five seconds.
    pub answer_time: Duration,
    /// Bytes that the entries of one `PutEvents` may have together: 1 MiB since 2026-01-29, 256 KiB before.
    pub entries_bytes: usize,
    /// What follows the object in `Detail`.
    pub trailing: Trailing,
    /// What is not published of patterns.
    pub patterns: PatternOptions,
    /// What a bare `<aws.events.event>` stands for.
    pub event_placeholder: EventPlaceholder,
    /// Answers of API destinations below 500 that are retried. AWS's guide of 2023 names 429 alone, later
    /// editions these; 401 and 407 after the token was fetched anew.
    pub retried_statuses: Vec<u16>,
}

/// What is done with a `Detail` that has something behind its object, such as one brace too many. AWS has not
/// published it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trailing {
    /// The entry is refused as `MalformedDetail`.
    #[default]
    Refused,
    /// The object is taken, and the rest left out.
    Ignored,
}

impl Options {
    /// What holds when nothing else is said: `log` and `archive` are files that belong to this bus alone.
    pub fn new(log: LogOptions, archive: std::path::PathBuf, seed: u64) -> Self {
        Self {
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            log,
            archive,
            time_scale: 1.0,
            seed,
            parallelism: 64,
            answer_time: Duration::from_secs(5),
            entries_bytes: 1 << 20,
            trailing: Trailing::default(),
            patterns: PatternOptions::default(),
            event_placeholder: EventPlaceholder::default(),
            retried_statuses: vec![401, 407, 409, 429],
        }
    }
}
