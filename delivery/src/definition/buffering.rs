//! `BufferingHints`.

use std::time::Duration;

use hydrant_records::{BufferingHints, limits};

use super::Refusals;

/// What a stream does that needs large buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Needs {
    pub(super) dynamic_partitioning: bool,
    pub(super) conversion: bool,
}

/// When a buffer is written: bytes and interval.
pub(super) fn check(
    hints: Option<BufferingHints>,
    member: &str,
    needs: Needs,
    refused: &mut Refusals,
) -> (usize, Duration) {
    let hints = hints.unwrap_or_default();
    let default_size = if needs.dynamic_partitioning || needs.conversion {
        limits::DEFAULT_PARTITIONED_BUFFER_SIZE_MBS
    } else {
        limits::DEFAULT_BUFFER_SIZE_MBS
    };
    let size = hints.size_in_mbs.unwrap_or(default_size);
    let interval = hints
        .interval_in_seconds
        .unwrap_or(limits::DEFAULT_BUFFER_INTERVAL_SECONDS);
    refused.check(
        limits::BUFFER_SIZE_MBS.contains(&size),
        member,
        "SizeInMBs must be between 1 and 128.",
        "",
    );
    refused.check(
        limits::BUFFER_INTERVAL_SECONDS.contains(&interval),
        member,
        "IntervalInSeconds must be between 0 and 900.",
        "",
    );
    refused.check(
        hints.size_in_mbs.is_some() == hints.interval_in_seconds.is_some(),
        member,
        "SizeInMBs and IntervalInSeconds must be given together.",
        "give both or neither",
    );
    if needs.dynamic_partitioning {
        refused.check(
            size >= limits::MIN_PARTITIONED_BUFFER_SIZE_MBS,
            member,
            "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled.",
            "give 64 to 128",
        );
        refused.check(
            interval >= limits::MIN_PARTITIONED_BUFFER_INTERVAL_SECONDS,
            member,
            "BufferingHints.IntervalInSeconds must be at least 60 seconds when Dynamic Partitioning is \
             enabled.",
            "give 60 to 900",
        );
    }
    if needs.conversion {
        refused.check(
            size >= limits::MIN_PARTITIONED_BUFFER_SIZE_MBS,
            member,
            "BufferingHints.SizeInMBs must be at least 64 when data format conversion is enabled.",
            "give 64 to 128",
        );
    }
    (
        size as usize * limits::MIB,
        Duration::from_secs(interval.into()),
    )
}
