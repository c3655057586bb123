//! The last part of an S3 key, as Firehose names objects (AWS developer guide, Amazon S3 object name
//! format).

use std::fmt;

use hydrant_records::limits::MAX_STREAM_NAME_CHARS;
use jiff::Timestamp;
use jiff::civil::DateTime;
use uuid::Uuid;

use crate::limits::MAX_FILE_EXTENSION_CHARS;
use crate::prefix::CustomTimeZone;

/// `<stream>-<version>-<yyyy-MM-dd-HH-mm-ss>-<uuid><extension>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectName {
    /// Name of the delivery stream: 1 to 64 of `[a-zA-Z0-9_.-]`.
    pub stream: String,
    /// Version of the destination's configuration, from 1.
    pub version: u64,
    /// Arrival of the oldest record, to the second, in the stream's `CustomTimeZone`.
    pub time: DateTime,
    /// Makes the name unique.
    pub id: Uuid,
    /// Empty, or `.gz` and the like: see [`object_extension`].
    pub extension: String,
}

/// An extension that cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtensionError {
    /// A compression format that AWS does not have. The text is AWS's.
    #[error(
        "1 validation error detected: Value at 'extendedS3DestinationConfiguration.compressionFormat' failed to satisfy constraint: Member must satisfy enum value set: [ZIP, HADOOP_SNAPPY, Snappy, GZIP, UNCOMPRESSED]"
    )]
    CompressionFormat {
        /// The format as given.
        format: String,
    },
    /// A file extension that AWS refuses. The text is AWS's.
    #[error(
        "1 validation error detected: Value at 'extendedS3DestinationConfiguration.fileExtension' failed to satisfy constraint: {constraint}"
    )]
    FileExtension {
        /// The extension as given.
        extension: String,
        /// What AWS wants instead.
        constraint: &'static str,
    },
}

/// The extension of a stream's objects: `FileExtension` where one is set and not empty, which replaces
/// everything, else the one that AWS gives to the `CompressionFormat` (exact case; absent or empty is
/// `UNCOMPRESSED`).
///
/// # Errors
///
/// Values that AWS refuses.
pub fn object_extension<'a>(
    compression_format: &str,
    file_extension: Option<&'a str>,
) -> Result<&'a str, ExtensionError> {
    let default = match compression_format {
        "" | "UNCOMPRESSED" => "",
        "GZIP" => ".gz",
        "ZIP" => ".zip",
        // Real objects of both carry this extension, although the documentation has `.hsnappy` for one.
        "Snappy" | "HADOOP_SNAPPY" => ".snappy",
        format => {
            return Err(ExtensionError::CompressionFormat {
                format: format.to_owned(),
            });
        }
    };
    let Some(extension) = file_extension.filter(|extension| !extension.is_empty()) else {
        return Ok(default);
    };
    let constraint = if extension.chars().count() > MAX_FILE_EXTENSION_CHARS {
        "Member must have length less than or equal to 128"
    } else if !is_extension(extension) {
        r"Member must satisfy regular expression pattern: ^$|\.[0-9a-z!\-_.*'()]+"
    } else {
        return Ok(extension);
    };
    Err(ExtensionError::FileExtension {
        extension: extension.to_owned(),
        constraint,
    })
}

impl ObjectName {
    /// Names the object whose oldest record arrived at `instant`.
    pub fn new(
        stream: &str,
        version: u64,
        instant: Timestamp,
        zone: &CustomTimeZone,
        id: Uuid,
        extension: &str,
    ) -> Self {
        let time = instant.to_zoned(zone.time_zone().clone()).datetime();
        let time = time.with().subsec_nanosecond(0).build().unwrap_or(time);
        Self {
            stream: stream.to_owned(),
            version,
            time,
            id,
            extension: extension.to_owned(),
        }
    }

    /// The key of the object under an evaluated prefix.
    pub fn format(&self, evaluated_prefix: &str) -> String {
        format!("{evaluated_prefix}{self}")
    }

    /// Reads a name without its prefix; `None` when it is not one that Firehose gives. The stream's name
    /// may look like anything, so it is read from the right.
    pub fn parse(name: &str) -> Option<Self> {
        const ID: usize = 36;
        let last = name.len().checked_sub(ID)?;
        (0..=last).rev().find_map(|start| {
            let id = name.get(start..start + ID)?;
            let extension = name.get(start + ID..)?;
            if !(extension.is_empty() || is_extension(extension)) {
                return None;
            }
            Self::parse_parts(name.get(..start)?, id, extension)
        })
    }

    fn parse_parts(head: &str, id: &str, extension: &str) -> Option<Self> {
        const TIME: usize = "yyyy-MM-dd-HH-mm-ss".len();
        let head = head.strip_suffix('-')?;
        let id = Uuid::try_parse(id)
            .ok()
            .filter(|uuid| uuid.hyphenated().to_string() == id)?;
        let (head, time) = head.split_at_checked(head.len().checked_sub(TIME)?)?;
        let (stream, digits) = head.strip_suffix('-')?.rsplit_once('-')?;
        let version: u64 = digits
            .parse()
            .ok()
            .filter(|v: &u64| v.to_string() == digits)?;
        is_stream_name(stream).then_some(())?;
        let time = parse_time(time)?;
        let (stream, extension) = (stream.to_owned(), extension.to_owned());
        Some(Self {
            stream,
            version,
            time,
            id,
            extension,
        })
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            stream,
            version,
            time,
            id,
            extension,
        } = self;
        write!(
            f,
            "{stream}-{version}-{:04}-{:02}-{:02}-{:02}-{:02}-{:02}-{}{extension}",
            time.year(),
            time.month(),
            time.day(),
            time.hour(),
            time.minute(),
            time.second(),
            id.hyphenated(),
        )
    }
}

fn parse_time(text: &str) -> Option<DateTime> {
    let mut fields = text
        .split('-')
        .zip([4, 2, 2, 2, 2, 2])
        .map(|(digits, width)| {
            let plain = digits.len() == width && digits.bytes().all(|byte| byte.is_ascii_digit());
            if plain {
                digits.parse::<i16>().ok()
            } else {
                None
            }
        });
    let year = fields.next()??;
    let mut next = || fields.next()?.and_then(|field| i8::try_from(field).ok());
    DateTime::new(year, next()?, next()?, next()?, next()?, next()?, 0).ok()
}

fn is_stream_name(name: &str) -> bool {
    (1..=MAX_STREAM_NAME_CHARS).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// `\.[0-9a-z!\-_.*'()]+`, as the Firehose API reference has it.
fn is_extension(extension: &str) -> bool {
    let allowed = |byte: u8| {
        byte.is_ascii_digit() || byte.is_ascii_lowercase() || b"!-_.*'()".contains(&byte)
    };
    extension
        .strip_prefix('.')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "3f2c1c8e-7a4b-4a57-9d5c-2f1f0b9a7de1";

    #[test]
    fn a_name_has_the_stream_the_version_the_time_and_an_id() {
        let instant = "2026-07-01T10:15:02.9Z".parse().unwrap();
        let name = |zone| {
            let zone = CustomTimeZone::parse(zone).unwrap();
            ObjectName::new("s", 1, instant, &zone, ID.parse().unwrap(), ".gz")
        };
        insta::assert_snapshot!(name("UTC").format("2026/07/01/10/"), @"2026/07/01/10/s-1-2026-07-01-10-15-02-3f2c1c8e-7a4b-4a57-9d5c-2f1f0b9a7de1.gz");
        insta::assert_snapshot!(name("Asia/Tokyo"), @"s-1-2026-07-01-19-15-02-3f2c1c8e-7a4b-4a57-9d5c-2f1f0b9a7de1.gz");
    }

    #[test]
    fn names_of_streams_that_look_like_names_are_read_from_the_right() {
        for stream in ["a-1-b", "s-1-2026-07-01-10-15-02", "-", "my.stream_2-7"] {
            let name = format!("{stream}-12-2026-07-01-10-15-02-{ID}.ndjson.gz");
            let parsed = ObjectName::parse(&name).unwrap();
            assert_eq!((parsed.stream.as_str(), parsed.version), (stream, 12));
            assert_eq!(parsed.to_string(), name);
        }
        for name in [
            format!("s-1-2026-07-01-10-15-02-{ID}.GZ"),
            format!("s-01-2026-07-01-10-15-02-{ID}"),
            format!("s-1-2026-13-01-10-15-02-{ID}"),
            format!("-1-2026-07-01-10-15-02-{ID}"),
            format!("a/b-1-2026-07-01-10-15-02-{ID}"),
            format!("s-1-2026-07-01-10-15-02-{}", ID.to_uppercase()),
            "part-00000.gz".to_owned(),
        ] {
            assert_eq!(ObjectName::parse(&name), None, "{name}");
        }
    }

    #[test]
    fn the_file_extension_replaces_that_of_the_compression() {
        for (format, extension, expected) in [
            ("UNCOMPRESSED", None, ""),
            ("GZIP", None, ".gz"),
            ("ZIP", Some(""), ".zip"),
            ("Snappy", None, ".snappy"),
            ("HADOOP_SNAPPY", None, ".snappy"),
            ("GZIP", Some(".ndjson"), ".ndjson"),
        ] {
            assert_eq!(object_extension(format, extension), Ok(expected));
        }
        insta::assert_snapshot!(object_extension("gzip", None).unwrap_err(), @"1 validation error detected: Value at 'extendedS3DestinationConfiguration.compressionFormat' failed to satisfy constraint: Member must satisfy enum value set: [ZIP, HADOOP_SNAPPY, Snappy, GZIP, UNCOMPRESSED]");
        insta::assert_snapshot!(object_extension("GZIP", Some("gz")).unwrap_err(), @r"1 validation error detected: Value at 'extendedS3DestinationConfiguration.fileExtension' failed to satisfy constraint: Member must satisfy regular expression pattern: ^$|\.[0-9a-z!\-_.*'()]+");
        assert!(object_extension("GZIP", Some(&format!(".{}", "a".repeat(128)))).is_err());
    }

    proptest! {
        #[test]
        fn a_name_reads_back_as_what_was_written(
            stream in "[a-zA-Z0-9_.-]{1,64}",
            version in 1..u64::MAX,
            seconds in 0..250_000_000_000_i64,
            id in any::<u128>(),
            extension in prop_oneof![Just(String::new()), "\\.[0-9a-z!_.*'()-]{1,12}"],
        ) {
            let instant = Timestamp::from_second(seconds).unwrap();
            let zone = CustomTimeZone::utc();
            let id = Uuid::from_u128(id);
            let name = ObjectName::new(&stream, version, instant, &zone, id, &extension);
            prop_assert_eq!(ObjectName::parse(&name.to_string()), Some(name));
        }

        #[test]
        fn no_text_makes_parsing_panic(name in "[a-f0-9é.-]{0,120}") {
            drop(ObjectName::parse(&name));
        }
    }
}
