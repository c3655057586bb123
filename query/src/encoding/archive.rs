//! The encodings of Firehose beside GZIP: ZIP, `Snappy` and `HADOOP_SNAPPY` (AWS API reference,
//! `ExtendedS3DestinationConfiguration`, `CompressionFormat`; the framings are those of the objects that it
//! writes).

use libdeflater::Decompressor;

use super::{Unreadable, too_large};

const ZIP: &[u8] = b"PK\x03\x04";
const ZIP_DIRECTORY: &[u8] = b"PK\x01\x02";
const ZIP_END: &[u8] = b"PK\x05\x06";

/// The stream of snappy-java: this, two versions of four bytes, then blocks behind their lengths.
const SNAPPY: &[u8] = b"\x82SNAPPY\0";
const SNAPPY_HEADER: usize = 16;

/// Whether an object begins like one of these.
pub(super) fn is_one(object: &[u8]) -> bool {
    object.starts_with(ZIP)
        || object.starts_with(ZIP_END)
        || object.starts_with(SNAPPY)
        || is_hadoop(object)
}

/// No JSON text begins with a zero byte; the length of one of Hadoop's blocks, below 16 MiB, does.
fn is_hadoop(object: &[u8]) -> bool {
    object.first() == Some(&0)
}

/// Writes the text of an object to the beginning of `out` and gives its length; `None` when the object has
/// none of these encodings.
pub(super) fn text(
    object: &[u8],
    out: &mut Vec<u8>,
    limit: usize,
) -> Result<Option<usize>, Unreadable> {
    if !is_one(object) {
        return Ok(None);
    }
    out.clear();
    if object.starts_with(SNAPPY) {
        let blocks = object.get(SNAPPY_HEADER..).ok_or_else(|| cut("Snappy"))?;
        snappy_blocks(blocks, out, limit)?;
    } else if is_hadoop(object) {
        hadoop_blocks(object, out, limit)?;
    } else {
        zip(object, out, limit)?;
    }
    Ok(Some(out.len()))
}

fn cut(format: &str) -> Unreadable {
    Unreadable::Corrupt(format!("the {format} data ends early (a truncated object)"))
}

fn damaged(format: &str, why: impl std::fmt::Display) -> Unreadable {
    Unreadable::Corrupt(format!("the {format} data is damaged ({why})"))
}

/// Takes a length of four bytes, the most significant first.
fn take_length(bytes: &mut &[u8]) -> Option<usize> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    usize::try_from(u32::from_be_bytes(*length)).ok()
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn snappy_blocks(mut rest: &[u8], out: &mut Vec<u8>, limit: usize) -> Result<(), Unreadable> {
    while !rest.is_empty() {
        // Streams that were written one behind the other repeat the header.
        if rest.starts_with(SNAPPY) {
            take(&mut rest, SNAPPY_HEADER).ok_or_else(|| cut("Snappy"))?;
            continue;
        }
        let length = take_length(&mut rest).ok_or_else(|| cut("Snappy"))?;
        let block = take(&mut rest, length).ok_or_else(|| cut("Snappy"))?;
        append_snappy("Snappy", block, out, limit)?;
    }
    Ok(())
}

fn hadoop_blocks(mut rest: &[u8], out: &mut Vec<u8>, limit: usize) -> Result<(), Unreadable> {
    while !rest.is_empty() {
        let length = take_length(&mut rest).ok_or_else(|| cut("HADOOP_SNAPPY"))?;
        let end = out.len() + length;
        while out.len() < end {
            let length = take_length(&mut rest).ok_or_else(|| cut("HADOOP_SNAPPY"))?;
            let block = take(&mut rest, length).ok_or_else(|| cut("HADOOP_SNAPPY"))?;
            let before = out.len();
            append_snappy("HADOOP_SNAPPY", block, out, limit)?;
            if out.len() == before {
                return Err(damaged("HADOOP_SNAPPY", "an empty block"));
            }
        }
        if out.len() != end {
            return Err(damaged(
                "HADOOP_SNAPPY",
                "a block is not as long as it says",
            ));
        }
    }
    Ok(())
}

fn append_snappy(
    format: &str,
    block: &[u8],
    out: &mut Vec<u8>,
    limit: usize,
) -> Result<(), Unreadable> {
    let length = snap::raw::decompress_len(block).map_err(|why| damaged(format, why))?;
    let start = out.len();
    if length > limit.saturating_sub(start) {
        return Err(too_large(limit));
    }
    out.resize(start + length, 0);
    let space = out.get_mut(start..).unwrap_or_default();
    snap::raw::Decoder::new()
        .decompress(block, space)
        .map_err(|why| damaged(format, why))?;
    Ok(())
}

/// The texts of all entries, as the central directory lists them (PKWARE's APPNOTE, 4.3).
fn zip(object: &[u8], out: &mut Vec<u8>, limit: usize) -> Result<(), Unreadable> {
    const END_LENGTH: usize = 22;
    let searched = object
        .len()
        .saturating_sub(END_LENGTH + usize::from(u16::MAX));
    let tail = object.get(searched..).unwrap_or_default();
    let end = memchr::memmem::rfind(tail, ZIP_END).ok_or_else(|| cut("ZIP"))?;
    let end = tail.get(end..).filter(|end| end.len() >= END_LENGTH);
    let end = end.ok_or_else(|| cut("ZIP"))?;
    let number = |bytes: &[u8], at: usize, length: usize| -> Option<usize> {
        let field = bytes.get(at..at + length)?;
        let fold = |value: usize, byte: &u8| value << 8 | usize::from(*byte);
        Some(field.iter().rev().fold(0, fold))
    };
    let entries = number(end, 10, 2).ok_or_else(|| cut("ZIP"))?;
    let mut at = number(end, 16, 4).ok_or_else(|| cut("ZIP"))?;
    let mut decompressor = Decompressor::new();
    for _ in 0..entries {
        let entry = object.get(at..).filter(|it| it.starts_with(ZIP_DIRECTORY));
        let entry = entry.ok_or_else(|| damaged("ZIP", "no entry where the directory has one"))?;
        let field = |at, length| number(entry, at, length).ok_or_else(|| cut("ZIP"));
        let (method, crc, packed) = (field(10, 2)?, field(16, 4)?, field(20, 4)?);
        let (length, header) = (field(24, 4)?, field(42, 4)?);
        at += 46 + field(28, 2)? + field(30, 2)? + field(32, 2)?;
        let local = object.get(header..).unwrap_or_default();
        let names = number(local, 26, 2).zip(number(local, 28, 2));
        let names = names.ok_or_else(|| cut("ZIP"))?;
        let start = 30 + names.0 + names.1;
        let data = local.get(start..start + packed).ok_or_else(|| cut("ZIP"))?;
        let before = out.len();
        if length > limit.saturating_sub(before) {
            return Err(too_large(limit));
        }
        match method {
            0 => out.extend_from_slice(data),
            8 => {
                // DEFLATE expands at most 1032 times: a length beyond that is a lie.
                if length > packed.saturating_mul(super::MAX_EXPANSION) {
                    return Err(damaged("ZIP", "an entry is not as long as it says"));
                }
                out.resize(before + length, 0);
                let space = out.get_mut(before..).unwrap_or_default();
                let inflated = decompressor
                    .deflate_decompress(data, space)
                    .map_err(|why| damaged("ZIP", why))?;
                if inflated != length {
                    return Err(damaged("ZIP", "an entry is not as long as it says"));
                }
            }
            other => return Err(damaged("ZIP", format!("compression method {other}"))),
        }
        let mut sum = libdeflater::Crc::new();
        sum.update(out.get(before..).unwrap_or_default());
        if usize::try_from(sum.sum()) != Ok(crc) {
            return Err(damaged("ZIP", "a checksum does not match"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(object: &[u8]) -> Result<Vec<u8>, Unreadable> {
        let mut out = vec![7; 3];
        text(object, &mut out, 1 << 20).map(|length| {
            assert_eq!(length, Some(out.len()));
            out
        })
    }

    fn block(text: &[u8]) -> Vec<u8> {
        let packed = snap::raw::Encoder::new().compress_vec(text).unwrap();
        [
            &u32::try_from(packed.len()).unwrap().to_be_bytes()[..],
            &packed,
        ]
        .concat()
    }

    fn snappy(texts: &[&[u8]]) -> Vec<u8> {
        let mut object = [SNAPPY, b"\0\0\0\x01\0\0\0\x01"].concat();
        for text in texts {
            object.extend(block(text));
        }
        object
    }

    fn hadoop(texts: &[&[u8]]) -> Vec<u8> {
        let mut object = Vec::new();
        for text in texts {
            object.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
            object.extend(block(text));
        }
        object
    }

    fn zipped(text: &[u8], method: u8) -> Vec<u8> {
        let mut packed = text.to_vec();
        if method == 8 {
            let mut compressor =
                libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
            packed = vec![0; compressor.deflate_compress_bound(text.len())];
            let length = compressor.deflate_compress(text, &mut packed).unwrap();
            packed.truncate(length);
        }
        let mut sum = libdeflater::Crc::new();
        sum.update(text);
        let four = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
        let sizes = [
            sum.sum().to_le_bytes(),
            four(packed.len()),
            four(text.len()),
        ]
        .concat();
        let head = [
            &[20, 0, 0, 0, method, 0, 0, 0, 0, 0][..],
            &sizes,
            &[1, 0, 0, 0],
        ]
        .concat();
        let local = [ZIP, &head, b"x", &packed].concat();
        let central = [ZIP_DIRECTORY, &[20, 0], &head, &[0; 14], b"x"].concat();
        let end = [
            ZIP_END,
            &[0, 0, 0, 0, 1, 0, 1, 0],
            &four(central.len()),
            &four(local.len()),
            &[0, 0],
        ]
        .concat();
        [local, central, end].concat()
    }

    #[test]
    fn each_encoding_gives_its_text() {
        let text = b"{\"a\":1}\n".repeat(100);
        assert_eq!(read(&snappy(&[&text, b"", &text])).unwrap(), text.repeat(2));
        assert_eq!(read(&hadoop(&[&text, &text])).unwrap(), text.repeat(2));
        assert_eq!(read(&zipped(&text, 8)).unwrap(), text);
        assert_eq!(read(&zipped(&text, 0)).unwrap(), text);
    }

    #[test]
    fn a_truncated_or_damaged_object_gives_nothing() {
        let text = b"{\"a\":1}\n".repeat(100);
        for whole in [snappy(&[&text]), hadoop(&[&text]), zipped(&text, 8)] {
            for cut in [20, whole.len() / 2, whole.len() - 1] {
                assert!(read(&whole[..cut]).is_err(), "{cut} of {}", whole.len());
            }
        }
        let mut damaged = zipped(&text, 8);
        let middle = 31 + 4;
        damaged[middle] ^= 1;
        assert!(read(&damaged).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            for magic in [ZIP, ZIP_END, SNAPPY, b"\0"] {
                let object = [magic, &bytes].concat();
                drop(text(&object, &mut Vec::new(), 1 << 20));
                drop(text(&[&object, ZIP_END, &[0; 30]].concat(), &mut Vec::new(), 1 << 20));
            }
        }
    }
}
