//! One object: its extension, its headers, its compressed bytes.

use bytes::Bytes;
use hydrant_records::CompressionFormat;
use libdeflater::{CompressionLvl, Compressor};
use object_store::{Attribute, Attributes};

/// What error objects are compressed with. AWS publishes nothing and was not observed; plain text is what
/// people open in a console.
pub(crate) const ERROR_COMPRESSION: CompressionFormat = CompressionFormat::Uncompressed;

/// The extension of error objects; see [`ERROR_COMPRESSION`].
pub(crate) const ERROR_EXTENSION: &str = "";

/// `Content-Type` and `Content-Encoding` as Firehose sets them (observed on AWS).
pub(crate) fn attributes(format: CompressionFormat) -> Attributes {
    let mut attributes =
        Attributes::from_iter([(Attribute::ContentType, "application/octet-stream")]);
    if let Some(encoding) = content_encoding(format) {
        attributes.insert(Attribute::ContentEncoding, encoding.into());
    }
    attributes
}

fn content_encoding(format: CompressionFormat) -> Option<&'static str> {
    match format {
        CompressionFormat::Uncompressed => None,
        CompressionFormat::Gzip => Some("gzip"),
        CompressionFormat::Zip => Some("zip"),
        CompressionFormat::Snappy => Some("snappy-java"),
        CompressionFormat::HadoopSnappy => Some("hadoop-snappy"),
    }
}

/// The object's bytes: as they are, or one gzip member. A definition with another format makes no stream.
pub(crate) fn compress(format: CompressionFormat, data: Vec<u8>) -> Bytes {
    match format {
        CompressionFormat::Gzip => gzip(&data),
        _ => data.into(),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn gzip_is_one_member_that_inflates_to_the_same_bytes(data: Vec<u8>) {
            let member = gzip(&data);
            prop_assert_eq!(&member[..2], [0x1f, 0x8b]);
            let mut inflated = vec![0; data.len()];
            let length = libdeflater::Decompressor::new().gzip_decompress(&member, &mut inflated).unwrap();
            prop_assert_eq!(&inflated[..length], &data);
        }
    }
}
