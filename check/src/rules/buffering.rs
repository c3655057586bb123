//! Buffering hints.

use hydrant_records::limits;
use hydrant_template::Node;

use super::Rules;
use crate::{code::Code, definition::Definition, diagnostic::Diagnostic};

pub(super) fn rules(rules: &mut Rules<'_>, definition: &Definition<'_>) {
    let partitioned = definition.is_partitioned() == Some(true);
    let member = definition.path("BufferingHints");
    let Some(hints) = definition.get("BufferingHints") else {
        if partitioned {
            rules.report(
                Diagnostic::new(
                    Code::HintsUnset,
                    definition.span,
                    "no buffering hints",
                )
                .member(member)
                .why(
                    "what AWS stores when dynamic partitioning is on and hints are left out is not published: \
                     64 and 128 MiB are both reported, and 300 s",
                )
                .help("give SizeInMBs 64 to 128 and IntervalInSeconds 60 to 900"),
            );
        }
        return;
    };
    pair(rules, hints, &member);
    if partitioned {
        floors(rules, hints, &member);
    }
    if definition.is_converted() == Some(true)
        && let Some((size, node)) = number(hints, "SizeInMBs")
        && size < f64::from(limits::MIN_PARTITIONED_BUFFER_SIZE_MBS)
    {
        rules.report(
            Diagnostic::new(
                Code::HintsConverted,
                node.span,
                format!("SizeInMBs is {size}; format conversion takes 64 to 128"),
            )
            .member(format!("{member}.SizeInMBs"))
            .why("a columnar file of few rows is worse than none")
            .help("give 64 to 128"),
        );
    }
    if let Some(backup) = definition.at(&["S3BackupConfiguration", "BufferingHints"]) {
        pair(
            rules,
            backup,
            &definition.path("S3BackupConfiguration.BufferingHints"),
        );
        if let Some((0.0, node)) = number(backup, "IntervalInSeconds") {
            rules.report(
                Diagnostic::new(
                    Code::ZeroBufferingBackup,
                    node.span,
                    "the source backup has no zero buffering",
                )
                .member(definition.path("S3BackupConfiguration.BufferingHints.IntervalInSeconds"))
                .why("the developer guide leaves the backup out of zero buffering")
                .help("give 60 to 900"),
            );
        }
    }
}

/// A hint that is there and known.
pub(crate) fn number<'n>(hints: &'n Node, name: &str) -> Option<(f64, &'n Node)> {
    let node = hints.get(name)?;
    Some((node.scalar()?.parse().ok()?, node))
}

/// Both or neither.
fn pair(rules: &mut Rules<'_>, hints: &Node, member: &str) {
    let (size, interval) = (hints.member("SizeInMBs"), hints.member("IntervalInSeconds"));
    let (given, missing) = match (size, interval) {
        (Some(size), None) => (size, "IntervalInSeconds"),
        (None, Some(interval)) => (interval, "SizeInMBs"),
        _ => return,
    };
    rules.report(
        Diagnostic::new(
            Code::HintsPair,
            given.name_span,
            format!("{} is given and {missing} is not", given.name),
        )
        .member(format!("{member}.{missing}"))
        .why("the API takes both hints or neither")
        .help(format!("give {missing} too")),
    );
}

fn floors(rules: &mut Rules<'_>, hints: &Node, member: &str) {
    if let Some((size, node)) = number(hints, "SizeInMBs")
        && size < f64::from(limits::MIN_PARTITIONED_BUFFER_SIZE_MBS)
    {
        rules.report(
            Diagnostic::new(
                Code::HintsPartitioned,
                node.span,
                format!("SizeInMBs is {size}; dynamic partitioning takes 64 to 128"),
            )
            .member(format!("{member}.SizeInMBs"))
            .aws("BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled.")
            .why("each partition has a buffer of its own, and small buffers make very many small objects")
            .help("give 64 to 128"),
        );
    }
    if let Some((seconds, node)) = number(hints, "IntervalInSeconds")
        && seconds < f64::from(limits::MIN_PARTITIONED_BUFFER_INTERVAL_SECONDS)
    {
        rules.report(
            Diagnostic::new(
                Code::HintsPartitioned,
                node.span,
                format!("IntervalInSeconds is {seconds}; dynamic partitioning takes 60 to 900"),
            )
            .member(format!("{member}.IntervalInSeconds"))
            .aws(
                "BufferingHints.IntervalInSeconds must be at least 60 seconds when Dynamic Partitioning is \
                 enabled.",
            )
            .why("zero and short buffering are not for dynamic partitioning")
            .help("give 60 to 900"),
        );
    }
}
