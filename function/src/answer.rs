//! Writes the answer, with a bound on its size: every record always has room for the shortest answer.

use std::ops::Range;

const HEAD: &[u8] = b"{\"records\":[";
const TAIL: &[u8] = b"]}";
const ID: &[u8] = b"\"recordId\":";
const OK: &[u8] = b"\"result\":\"Ok\",\"data\":\"";
const DROPPED: &[u8] = b"\"result\":\"Dropped\"}";
const FAILED: &[u8] = b"\"result\":\"ProcessingFailed\"}";
const KEYS: &[u8] = b",\"metadata\":{\"partitionKeys\":";

/// No room for a record's data beside the answers of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// The data of a record on its way into the answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Encoded<'a> {
    /// Bytes that are still to be encoded.
    Bytes(&'a [u8]),
    /// Base64 already, with its padding.
    Text(&'a [u8]),
}

impl Encoded<'_> {
    /// Bytes in base64.
    pub(crate) fn length(self) -> usize {
        match self {
            Self::Bytes(bytes) => base64_simd::STANDARD.encoded_length(bytes.len()),
            Self::Text(text) => text.len(),
        }
    }

    /// Bytes before base64.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Text(text) => {
                let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
                (text.len() / 4 * 3).saturating_sub(padding)
            }
        }
    }
}

/// An answer that is being written to the end of a buffer.
pub(crate) struct Answer<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
    limit: usize,
    /// Bytes that the shortest answers of records without one take.
    owed: usize,
}

/// Bytes of the shortest answer that is safe for a record, and of the comma after it.
pub(crate) fn shortest(id: &[u8]) -> usize {
    1 + id_bytes(id) + FAILED.len() + 1
}

fn id_bytes(id: &[u8]) -> usize {
    if id.is_empty() {
        0
    } else {
        ID.len() + id.len() + 1
    }
}

impl<'o> Answer<'o> {
    /// Starts an answer of at most `limit` bytes to records whose shortest answers take `owed` bytes.
    /// `None` where that is too much already.
    pub(crate) fn start(out: &'o mut Vec<u8>, limit: usize, owed: usize) -> Option<Self> {
        if HEAD.len() + owed + TAIL.len() > limit {
            return None;
        }
        let start = out.len();
        out.extend_from_slice(HEAD);
        Some(Self {
            out,
            start,
            limit,
            owed,
        })
    }

    /// Answers that the record becomes `data`, with its partition keys, a JSON object, if it has any.
    pub(crate) fn ok(
        &mut self,
        id: &[u8],
        data: Encoded<'_>,
        keys: Option<&str>,
    ) -> Result<(), Full> {
        let metadata = keys.map_or(0, |keys| KEYS.len() + keys.len() + 1);
        let most = id.len() + data.length() + ID.len() + OK.len() + 8 + metadata;
        let owed = self.owed - shortest(id);
        let used = self.out.len() - self.start;
        if used + most + owed + TAIL.len() > self.limit {
            return Err(Full);
        }
        // The encoder grows a buffer to what it needs and no further.
        self.out.reserve(most);
        self.id(id);
        self.out.extend_from_slice(OK);
        match data {
            Encoded::Bytes(bytes) => base64_simd::STANDARD.encode_append(bytes, self.out),
            Encoded::Text(text) => self.out.extend_from_slice(text),
        }
        self.out.push(b'"');
        if let Some(keys) = keys {
            self.out.extend_from_slice(KEYS);
            self.out.extend_from_slice(keys.as_bytes());
            self.out.push(b'}');
        }
        self.out.extend_from_slice(b"},");
        self.owed = owed;
        Ok(())
    }

    /// Answers that the record was left out on purpose.
    pub(crate) fn dropped(&mut self, id: &[u8]) {
        self.bare(id, DROPPED);
    }

    /// Answers that the record is to go to the error output.
    pub(crate) fn failed(&mut self, id: &[u8]) {
        self.bare(id, FAILED);
    }

    /// Ends the answer.
    pub(crate) fn finish(self) -> Range<usize> {
        if self.out.last() == Some(&b',') {
            self.out.pop();
        }
        self.out.extend_from_slice(TAIL);
        self.start..self.out.len()
    }

    fn bare(&mut self, id: &[u8], result: &[u8]) {
        self.owed = self.owed.saturating_sub(shortest(id));
        self.id(id);
        self.out.extend_from_slice(result);
        self.out.push(b',');
    }

    /// The id as the event spells it, so that nothing is decoded and spelled anew.
    fn id(&mut self, id: &[u8]) {
        self.out.push(b'{');
        if !id.is_empty() {
            self.out.extend_from_slice(ID);
            self.out.extend_from_slice(id);
            self.out.push(b',');
        }
    }
}
