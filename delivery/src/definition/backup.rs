//! `S3BackupMode` and `S3BackupConfiguration`: where records go as they came.

use std::time::Duration;

use hydrant_partitioner::{Prefix, object_extension};
use hydrant_records::{CompressionFormat, ExtendedS3Destination};

use super::{
    Refusals,
    buffering::{self, Needs},
};

/// The source backup of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Backup {
    /// A folder of its own for a bucket of its own: here, all buckets are one lake, and what was backed up
    /// must not lie among what was delivered. Readers pass over folders that begin with `_`.
    pub(crate) folder: Option<String>,
    pub(crate) prefix: Prefix,
    pub(crate) compression: CompressionFormat,
    pub(crate) extension: String,
    pub(crate) buffer_bytes: usize,
    pub(crate) buffer_interval: Duration,
}

const MEMBER: &str = "S3BackupConfiguration";

/// Whether the backup of a destination is on.
pub(super) fn is_on(destination: &ExtendedS3Destination) -> bool {
    destination.s3_backup_mode.as_deref() == Some("Enabled")
}

/// The backup; `None` where it is off, or refused.
pub(super) fn check(destination: &ExtendedS3Destination, refused: &mut Refusals) -> Option<Backup> {
    if !is_on(destination) {
        return None;
    }
    let Some(given) = &destination.s3_backup_configuration else {
        refused.add(
            MEMBER,
            "S3 backup destination configuration is required when enabling S3 backup.",
            "give S3BackupConfiguration with RoleARN and BucketARN",
        );
        return None;
    };
    let backup: ExtendedS3Destination = match serde_json::from_value(given.clone()) {
        Ok(backup) => backup,
        Err(error) => {
            refused.add(
                MEMBER,
                error.to_string(),
                "it is an S3DestinationConfiguration",
            );
            return None;
        }
    };
    if let Some(member) = extended_member(&backup) {
        refused.add(
            MEMBER,
            format!("{member} is no member of S3DestinationConfiguration"),
            "a backup has a prefix, buffering hints and a compression of its own, and nothing else",
        );
    }
    let needs = Needs {
        dynamic_partitioning: false,
        conversion: false,
    };
    let hints = format!("{MEMBER}.BufferingHints");
    let (buffer_bytes, buffer_interval) =
        buffering::check(backup.buffering_hints, &hints, needs, refused);
    refused.check(
        !buffer_interval.is_zero(),
        &hints,
        "IntervalInSeconds of the source backup must not be 0.",
        "zero buffering leaves the backup out; give 60 to 900",
    );
    for mut violation in hydrant_partitioner::validate(
        backup.prefix.as_deref(),
        backup.error_output_prefix.as_deref(),
        false,
        None,
        false,
    )
    .into_iter()
    .map(super::Violation::from)
    {
        violation.member = format!("{MEMBER}.{}", violation.member);
        refused.0.push(violation);
    }
    let prefix = Prefix::parse(backup.prefix.as_deref().unwrap_or_default()).ok()?;
    // Of a format without an extension of its own this cannot fail.
    let extension = object_extension(backup.compression_format.as_str(), None).ok()?;
    let bucket = backup.bucket_arn.rsplit(":::").next().unwrap_or_default();
    Some(Backup {
        folder: (backup.bucket_arn != destination.bucket_arn).then(|| format!("_backup/{bucket}/")),
        prefix,
        compression: backup.compression_format,
        extension: extension.to_owned(),
        buffer_bytes,
        buffer_interval,
    })
}

/// A member that only the extended destination has.
fn extended_member(backup: &ExtendedS3Destination) -> Option<&'static str> {
    [
        (
            "ProcessingConfiguration",
            backup.processing_configuration.is_some(),
        ),
        ("S3BackupMode", backup.s3_backup_mode.is_some()),
        (
            "S3BackupConfiguration",
            backup.s3_backup_configuration.is_some(),
        ),
        (
            "DataFormatConversionConfiguration",
            backup.data_format_conversion_configuration.is_some(),
        ),
        (
            "DynamicPartitioningConfiguration",
            backup.dynamic_partitioning_configuration.is_some(),
        ),
        ("FileExtension", backup.file_extension.is_some()),
        ("CustomTimeZone", backup.custom_time_zone.is_some()),
    ]
    .into_iter()
    .find_map(|(member, is_there)| is_there.then_some(member))
}
