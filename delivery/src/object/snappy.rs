//! The two framings of Snappy that Firehose writes. Neither is Snappy's official frame format.

use std::io;

/// What a stream of snappy-java begins with: its magic bytes, its version and the oldest version that reads it.
const JAVA_HEADER: &[u8] = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";

/// Bytes in a block of a stream of snappy-java: what its writer takes where nobody says otherwise.
const JAVA_BLOCK: usize = 32 << 10;

/// Bytes in a block of Hadoop's stream. Its codec reads into buffers of 256 KiB; a block that does not shrink
/// grows by a sixth at most, and this one fits all the same.
const HADOOP_BLOCK: usize = 128 << 10;

/// A stream of snappy-java: the header, then blocks behind the length of each.
pub(super) fn java(data: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = JAVA_HEADER.to_vec();
    let mut encoder = snap::raw::Encoder::new();
    for block in data.chunks(JAVA_BLOCK) {
        append(&mut encoder, block, &mut stream)?;
    }
    Ok(stream)
}

/// Hadoop's block stream: the length of a block as it was, then what it was compressed to behind its length.
pub(super) fn hadoop(data: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = Vec::new();
    let mut encoder = snap::raw::Encoder::new();
    for block in data.chunks(HADOOP_BLOCK) {
        stream.extend_from_slice(&length(block)?);
        append(&mut encoder, block, &mut stream)?;
    }
    Ok(stream)
}

fn append(encoder: &mut snap::raw::Encoder, block: &[u8], stream: &mut Vec<u8>) -> io::Result<()> {
    let compressed = encoder.compress_vec(block).map_err(io::Error::other)?;
    stream.extend_from_slice(&length(&compressed)?);
    stream.extend_from_slice(&compressed);
    Ok(())
}

/// Both formats write lengths in four bytes, the most significant first.
fn length(bytes: &[u8]) -> io::Result<[u8; 4]> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    Ok(length.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn take<'a>(stream: &mut &'a [u8], length: usize) -> &'a [u8] {
        let (taken, rest) = stream.split_at(length);
        *stream = rest;
        taken
    }

    fn take_length(stream: &mut &[u8]) -> usize {
        u32::from_be_bytes(take(stream, 4).try_into().unwrap()) as usize
    }

    fn block(stream: &mut &[u8]) -> Vec<u8> {
        let length = take_length(stream);
        snap::raw::Decoder::new()
            .decompress_vec(take(stream, length))
            .unwrap()
    }

    /// Long, short, and not to be compressed.
    fn data() -> impl Strategy<Value = Vec<u8>> {
        let seed = prop::collection::vec(any::<u8>(), 0..300);
        (seed, 1_usize..2_000).prop_map(|(seed, times)| seed.repeat(times))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

        #[test]
        fn a_stream_of_snappy_java_has_its_header_once_and_blocks_of_32_kib(data in data()) {
            let object = java(&data).unwrap();
            let mut stream = &object[..];
            prop_assert_eq!(take(&mut stream, 8), b"\x82SNAPPY\0");
            prop_assert_eq!((take_length(&mut stream), take_length(&mut stream)), (1, 1));
            let mut read = Vec::new();
            while !stream.is_empty() {
                let block = block(&mut stream);
                prop_assert!(block.len() == 32 << 10 || stream.is_empty());
                read.extend(block);
            }
            prop_assert_eq!(read, data);
        }

        #[test]
        fn a_block_of_hadoop_says_how_long_it_was(data in data()) {
            let object = hadoop(&data).unwrap();
            let mut stream = &object[..];
            let mut read = Vec::new();
            while !stream.is_empty() {
                let length = take_length(&mut stream);
                let block = block(&mut stream);
                prop_assert_eq!(block.len(), length);
                read.extend(block);
            }
            prop_assert_eq!(read, data);
        }
    }
}
