//! One object: its headers and its bytes in the encoding of its stream.

mod snappy;

use std::{
    io::{self, Cursor, Write as _},
    sync::Arc,
};

use bytes::Bytes;
use hydrant_records::CompressionFormat;
use jiff::Timestamp;
use libdeflater::{CompressionLvl, Compressor};
use object_store::{Attribute, Attributes, PutPayload};
use uuid::Uuid;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{buffer::Content, conversion::Conversion};

/// The extension of error objects. AWS publishes none and sets none on those that were observed.
pub(crate) const ERROR_EXTENSION: &str = "";

/// How the bytes of a buffer become those of an object.
#[derive(Debug, Clone)]
pub(crate) enum Encoding {
    /// As they are. Error objects always: plain text is what people open in a console.
    Plain,
    /// One gzip member.
    Gzip,
    /// A zip archive with one entry.
    Zip {
        /// What the entry is called.
        entry: Uuid,
        /// What the entry says of its age.
        modified: Timestamp,
    },
    /// The stream format of snappy-java.
    Snappy,
    /// Hadoop's block stream.
    HadoopSnappy,
    /// JSON records as the rows of a Parquet file.
    Parquet(Arc<Conversion>),
}

impl Encoding {
    /// The encoding that `CompressionFormat` asks for; `entry` and `modified` are those of an archive.
    pub(crate) fn of(
        format: CompressionFormat,
        entry: impl FnOnce() -> Uuid,
        modified: Timestamp,
    ) -> Self {
        match format {
            CompressionFormat::Uncompressed => Self::Plain,
            CompressionFormat::Gzip => Self::Gzip,
            CompressionFormat::Zip => Self::Zip {
                entry: entry(),
                modified,
            },
            CompressionFormat::Snappy => Self::Snappy,
            CompressionFormat::HadoopSnappy => Self::HadoopSnappy,
        }
    }

    /// `Content-Type` and `Content-Encoding` as Firehose sets them (observed on AWS).
    pub(crate) fn attributes(&self) -> Attributes {
        let mut attributes =
            Attributes::from_iter([(Attribute::ContentType, "application/octet-stream")]);
        if let Some(encoding) = self.content_encoding() {
            attributes.insert(Attribute::ContentEncoding, encoding.into());
        }
        attributes
    }

    fn content_encoding(&self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Gzip => Some("gzip"),
            Self::Zip { .. } => Some("zip"),
            Self::Snappy => Some("snappy-java"),
            Self::HadoopSnappy => Some("hadoop-snappy"),
            Self::Parquet(conversion) => conversion.content_encoding(),
        }
    }

    /// The bytes of the object.
    ///
    /// # Errors
    ///
    /// When an archive or a file outgrows what its format can say: the size hints end far below.
    pub(crate) fn encode(&self, data: Content) -> io::Result<PutPayload> {
        if matches!(self, Self::Plain) {
            return Ok(data.into_parts().into_iter().collect());
        }
        let data = data.into_bytes();
        let encoded = match self {
            Self::Plain => data,
            Self::Gzip => gzip(&data),
            Self::Zip { entry, modified } => archive(*entry, *modified, &data)?,
            Self::Snappy => snappy::java(&data)?.into(),
            Self::HadoopSnappy => snappy::hadoop(&data)?.into(),
            Self::Parquet(conversion) => conversion.to_parquet(&data)?.into(),
        };
        Ok(encoded.into())
    }
}

fn gzip(data: &[u8]) -> Bytes {
    let mut compressor = Compressor::new(CompressionLvl::default());
    let mut member = vec![0; compressor.gzip_compress_bound(data.len())];
    // The bound is libdeflate's own promise that the member fits.
    let length = compressor
        .gzip_compress(data, &mut member)
        .expect("the bound holds");
    member.truncate(length);
    member.shrink_to_fit();
    member.into()
}

fn archive(entry: Uuid, modified: Timestamp, data: &[u8]) -> io::Result<Bytes> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(archive_time(modified));
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file(entry.to_string(), options)?;
    archive.write_all(data)?;
    Ok(archive.finish()?.into_inner().into())
}

/// An archive's times have no zone and begin in 1980.
fn archive_time(instant: Timestamp) -> zip::DateTime {
    let at = instant.to_zoned(jiff::tz::TimeZone::UTC);
    let part = |number: i8| u8::try_from(number).unwrap_or(0);
    let year = u16::try_from(at.year()).unwrap_or(0);
    let (month, day) = (part(at.month()), part(at.day()));
    let (hour, minute, second) = (part(at.hour()), part(at.minute()), part(at.second()));
    zip::DateTime::from_date_and_time(year, month, day, hour, minute, second).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use proptest::prelude::*;

    use super::*;

    fn zipped(data: &[u8]) -> Encoding {
        assert!(data.len() < 1 << 20);
        Encoding::Zip {
            entry: Uuid::from_u128(7),
            modified: "2026-11-22T10:20:30Z".parse().unwrap(),
        }
    }

    proptest! {
        #[test]
        fn gzip_is_one_member_that_inflates_to_the_same_bytes(data: Vec<u8>) {
            let member = gzip(&data);
            prop_assert_eq!(&member[..2], [0x1f, 0x8b]);
            let mut inflated = vec![0; data.len()];
            let length = libdeflater::Decompressor::new().gzip_decompress(&member, &mut inflated).unwrap();
            prop_assert_eq!(&inflated[..length], &data);
        }

        #[test]
        fn zip_is_one_deflated_entry_named_by_a_uuid(data: Vec<u8>) {
            let object = zipped(&data).encode(data.clone().into()).unwrap();
            let object = Bytes::from(object);
            let mut archive = zip::ZipArchive::new(Cursor::new(object)).unwrap();
            prop_assert_eq!(archive.len(), 1);
            let mut entry = archive.by_index(0).unwrap();
            prop_assert_eq!(entry.name(), "00000000-0000-0000-0000-000000000007");
            prop_assert_eq!(entry.compression(), CompressionMethod::Deflated);
            prop_assert_eq!(entry.last_modified().unwrap().to_string(), "2026-11-22 10:20:30");
            let mut inflated = Vec::new();
            entry.read_to_end(&mut inflated).unwrap();
            prop_assert_eq!(inflated, data);
        }
    }

    #[test]
    fn an_instant_before_1980_is_the_first_that_an_archive_knows() {
        assert_eq!(
            archive_time(Timestamp::UNIX_EPOCH).to_string(),
            "1980-01-01 00:00:00"
        );
    }
}
