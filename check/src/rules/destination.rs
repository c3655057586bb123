//! Sources, destinations, encryption, logging, backup and conversion.

use hydrant_template::{Node, Span};

use super::Rules;
use crate::{
    code::Code,
    definition::{Definition, S3, flag, text},
    diagnostic::Diagnostic,
};

/// What stands beside the destination.
pub(super) fn sources(rules: &mut Rules<'_>, root: &Node) {
    destinations(rules, root);
    let kind = root.get("DeliveryStreamType");
    let kinesis = root.member("KinesisStreamSourceConfiguration");
    match (kind.map(|node| node.as_text()), kinesis) {
        (Some(Some("KinesisStreamAsSource")), None) => rules.report(
            Diagnostic::new(
                Code::SourceMissing,
                kind.map_or(root.span, |node| node.span),
                "the stream reads from Kinesis and names no Kinesis stream",
            )
            .member("KinesisStreamSourceConfiguration")
            .aws("KinesisSourceStreamConfig is mandatory for KinesisStreamAsSource stream type.")
            .help("give KinesisStreamSourceConfiguration with KinesisStreamARN and RoleARN"),
        ),
        (None | Some(Some("DirectPut")), Some(kinesis)) => rules.report(
            Diagnostic::new(
                Code::SourceIgnored,
                kinesis.name_span,
                "a DirectPut stream does not read from Kinesis",
            )
            .member("KinesisStreamSourceConfiguration")
            .why("AWS takes the configuration and ignores it: the stream stays empty")
            .help("set DeliveryStreamType to KinesisStreamAsSource"),
        ),
        _ => {}
    }
    let encryption = root.get("DeliveryStreamEncryptionConfigurationInput");
    if let Some(encryption) = encryption
        && encryption.get("KeyType").and_then(Node::as_text) == Some("CUSTOMER_MANAGED_CMK")
        && encryption.get("KeyARN").is_none()
    {
        rules.report(
            Diagnostic::new(Code::StreamKey, encryption.span, "encryption with a key of yours, and no KeyARN")
                .member("DeliveryStreamEncryptionConfigurationInput.KeyARN")
                .why("AWS does not know which key you mean (API reference, DeliveryStreamEncryptionConfigurationInput)")
                .help("give KeyARN, or KeyType AWS_OWNED_CMK"),
        );
    }
    for tag in root.get("Tags").map_or(&[][..], Node::elements) {
        if let Some(key) = tag.get("Key")
            && key.as_text().is_some_and(|key| key.starts_with("aws:"))
        {
            rules.report(
                Diagnostic::new(
                    Code::ReservedTag,
                    key.span,
                    "a tag key that begins with aws:",
                )
                .member("Tags")
                .why("AWS keeps those for itself (API reference, Tag)")
                .help("name it otherwise"),
            );
        }
    }
}

/// Exactly one destination, and S3.
fn destinations(rules: &mut Rules<'_>, root: &Node) {
    let is_destination = |name: &str| name.ends_with("DestinationConfiguration");
    let given: Vec<_> = root
        .members()
        .iter()
        .filter(|it| is_destination(&it.name))
        .collect();
    let text = "Exactly one destination configuration is supported for a Firehose";
    match given.as_slice() {
        [] => rules.report(
            Diagnostic::new(
                Code::Destinations,
                Span::new(root.span.start, root.span.start + 1),
                "the stream has no destination",
            )
            .member(S3[0])
            .aws(text)
            .help(format!("give {}", S3[0])),
        ),
        [first, second, ..] => rules.report(
            Diagnostic::new(Code::Destinations, second.name_span, "a second destination")
                .member(&second.name)
                .aws(text)
                .help("a stream for each destination")
                .related(first.name_span, "the first one"),
        ),
        [only] if !S3.contains(&only.name.as_str()) => rules.report(
            Diagnostic::new(
                Code::DestinationNotChecked,
                only.name_span,
                format!("{} is not checked", only.name),
            )
            .member(&only.name)
            .why("Hydrant knows streams to S3")
            .help("use the AWS CLI to try it"),
        ),
        _ => {}
    }
}

pub(super) fn rules(rules: &mut Rules<'_>, definition: &Definition<'_>) {
    let backup = definition.get("S3BackupConfiguration");
    encryption(
        rules,
        definition.get("EncryptionConfiguration"),
        &definition.path("EncryptionConfiguration"),
    );
    logging(
        rules,
        definition.get("CloudWatchLoggingOptions"),
        &definition.path("CloudWatchLoggingOptions"),
    );
    if let Some(backup) = backup {
        let path = |name: &str| definition.path(&format!("S3BackupConfiguration.{name}"));
        encryption(
            rules,
            backup.get("EncryptionConfiguration"),
            &path("EncryptionConfiguration"),
        );
        logging(
            rules,
            backup.get("CloudWatchLoggingOptions"),
            &path("CloudWatchLoggingOptions"),
        );
    }
    if let Some(mode) = definition.get("S3BackupMode")
        && mode.as_text() == Some("Enabled")
        && backup.is_none()
    {
        rules.report(
            Diagnostic::new(
                Code::BackupMissing,
                mode.span,
                "the source backup has no destination",
            )
            .member(definition.path("S3BackupConfiguration"))
            .aws("S3 backup destination configuration is required when enabling S3 backup.")
            .help("give S3BackupConfiguration with RoleARN and BucketARN"),
        );
    }
    if definition.is_converted() == Some(true) {
        conversion(rules, definition);
    }
    regrets(rules, definition);
}

fn encryption(rules: &mut Rules<'_>, node: Option<&Node>, path: &str) {
    let Some(node) = node else {
        return;
    };
    let given = ["NoEncryptionConfig", "KMSEncryptionConfig"].map(|name| node.get(name).is_some());
    if given[0] == given[1] && node.unknown().is_none() {
        rules.report(
            Diagnostic::new(
                Code::EncryptionChoice,
                node.span,
                if given[0] {
                    "both kinds of encryption"
                } else {
                    "neither kind of encryption"
                },
            )
            .member(path)
            .aws("Exactly one of NoEncryptionConfig or KMSEncryptionConfig must be specified")
            .help("give one; NoEncryptionConfig leaves it to the bucket"),
        );
    }
}

fn logging(rules: &mut Rules<'_>, node: Option<&Node>, path: &str) {
    let Some(node) = node else {
        return;
    };
    let group = node.get("LogGroupName");
    let is_empty = group.is_none_or(|group| group.as_text() == Some(""));
    if flag(node.get("Enabled"), false) == Some(true) && is_empty {
        rules.report(
            Diagnostic::new(Code::LogGroupMissing, node.span, "logging is on and no log group is named")
                .member(format!("{path}.LogGroupName"))
                .aws("CloudWatch Log Group Name is required if CloudWatch Logging is enabled")
                .help("give LogGroupName and LogStreamName, such as /aws/kinesisfirehose/NAME and DestinationDelivery"),
        );
    }
}

/// Rules of format conversion that is on.
fn conversion(rules: &mut Rules<'_>, definition: &Definition<'_>) {
    let Some(block) = definition.get("DataFormatConversionConfiguration") else {
        return;
    };
    let path = definition.path("DataFormatConversionConfiguration");
    let needed = [
        "SchemaConfiguration",
        "InputFormatConfiguration",
        "OutputFormatConfiguration",
    ];
    let missing: Vec<&str> = needed
        .into_iter()
        .filter(|name| block.get(name).is_none())
        .collect();
    if !missing.is_empty() {
        rules.report(
            Diagnostic::new(
                Code::ConversionIncomplete,
                block.span,
                format!("format conversion without {}", missing.join(" and ")),
            )
            .member(&path)
            .why("conversion is on where the block does not say otherwise, and needs all three")
            .help("give what is missing, or set Enabled to false"),
        );
    }
    let choices = [
        (
            ["OutputFormatConfiguration", "Serializer"],
            "serializer",
            "ParquetSerDe or OrcSerDe",
        ),
        (
            ["InputFormatConfiguration", "Deserializer"],
            "deserializer",
            "OpenXJsonSerDe or HiveJsonSerDe",
        ),
    ];
    for (place, what, which) in choices {
        let Some(node) = block.at(&place) else {
            continue;
        };
        if node.members().len() == 1 || node.unknown().is_some() {
            continue;
        }
        let mut diagnostic = Diagnostic::new(
            Code::ConversionChoice,
            node.span,
            format!("{} {what}s", node.members().len()),
        )
        .member(format!("{path}.{}", place.join(".")))
        .why("one format comes in and one goes out")
        .help(format!("give {which}"));
        if what == "serializer" && node.members().len() > 1 {
            diagnostic =
                diagnostic.aws("More than one serializer specified. Only one may be chosen.");
        }
        rules.report(diagnostic);
    }
    if let Some(format) = definition.get("CompressionFormat")
        && format.as_text().is_some_and(|text| text != "UNCOMPRESSED")
    {
        rules.report(
            Diagnostic::new(
                Code::CompressionConverted,
                format.span,
                "objects of a converted stream are compressed inside",
            )
            .member(definition.path("CompressionFormat"))
            .why("a compressed Parquet or ORC file could not be read in parts")
            .help("set CompressionFormat to UNCOMPRESSED and Compression in the serializer"),
        );
    }
}

/// What AWS takes, and what is worth knowing.
fn regrets(rules: &mut Rules<'_>, definition: &Definition<'_>) {
    let format = text(definition.get("CompressionFormat"));
    let is_known = definition
        .get("CompressionFormat")
        .is_none_or(|node| node.unknown().is_none());
    if is_known
        && matches!(format, None | Some("UNCOMPRESSED"))
        && definition.is_converted() == Some(false)
    {
        let span = definition
            .get("CompressionFormat")
            .map_or(definition.span, |it| it.span);
        rules.report(
            Diagnostic::new(Code::Uncompressed, span, "objects are stored uncompressed")
                .member(definition.path("CompressionFormat"))
                .why("client events shrink about eightfold with GZIP: less to store, to list and to scan")
                .help("set CompressionFormat to GZIP"),
        );
    }
    let logging = definition.at(&["CloudWatchLoggingOptions", "Enabled"]);
    if flag(logging, false) == Some(false) {
        rules.report(
            Diagnostic::new(Code::NoErrorLog, definition.span, "delivery errors are logged nowhere")
                .member(definition.path("CloudWatchLoggingOptions"))
                .why("a bucket policy or a key that changes shows only there, and data is lost after 24 hours")
                .help("enable CloudWatchLoggingOptions with a log group"),
        );
    }
}
