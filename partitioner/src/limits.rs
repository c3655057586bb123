//! Numbers that AWS fixes for keys and prefixes, each with its source.

use hydrant_records::limits::MAX_STREAM_NAME_CHARS;

/// Most keys that one `MetadataExtractionQuery` may give (AWS developer guide, Dynamic Partitioning,
/// Partitioning keys).
pub const MAX_KEYS: usize = 50;

/// Longest processor parameter value in characters, and so the longest query (Firehose API reference,
/// `ProcessorParameter`).
pub const MAX_QUERY_CHARS: usize = 5_120;

/// Longest `Prefix` or `ErrorOutputPrefix` as written, in characters (Firehose API reference,
/// `ExtendedS3DestinationConfiguration`).
pub const MAX_PREFIX_CHARS: usize = 1_024;

/// Longest prefix after evaluation, in characters (AWS developer guide, Custom prefixes for Amazon S3
/// objects).
pub const MAX_EVALUATED_PREFIX_CHARS: usize = 512;

/// Longest S3 object key in bytes of UTF-8 (Amazon S3 user guide, Naming Amazon S3 objects).
pub const MAX_KEY_BYTES: usize = 1_024;

/// Longest name of a folder or file in bytes: what file systems take (POSIX, `NAME_MAX` of Linux and macOS).
/// S3 has no such limit; the rule is the same for both, so that a lake can be copied.
pub const MAX_FOLDER_BYTES: usize = 255;

/// Longest `FileExtension` in characters (Firehose API reference, `ExtendedS3DestinationConfiguration`).
pub const MAX_FILE_EXTENSION_CHARS: usize = 128;

/// Longest `CustomTimeZone` in characters (Firehose API reference, `ExtendedS3DestinationConfiguration`).
pub const MAX_TIME_ZONE_CHARS: usize = 50;

/// Bytes that an object name can take at most: stream, version (10 digits), time and UUID with their
/// hyphens, and the longest file extension.
pub const MAX_OBJECT_NAME_BYTES: usize =
    MAX_STREAM_NAME_CHARS + 1 + 10 + 1 + 19 + 1 + 36 + MAX_FILE_EXTENSION_CHARS;

/// Bytes that an evaluated prefix can take at most, so that the whole key fits [`MAX_KEY_BYTES`].
/// A prefix of ASCII text meets [`MAX_EVALUATED_PREFIX_CHARS`] first.
pub const MAX_EVALUATED_PREFIX_BYTES: usize = MAX_KEY_BYTES - MAX_OBJECT_NAME_BYTES;
