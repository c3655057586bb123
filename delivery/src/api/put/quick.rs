//! `PutRecordBatch` as SDKs spell it, read in one pass.
//!
//! A batch is half a megabyte of base64 in a frame that is nearly always the same, and reading it as JSON takes
//! longer than anything else that is done for it before the log has it. What is spelled in any other way is left to
//! the JSON reader, errors too.

use hydrant_records::limits::{MAX_RECORD_BYTES, MAX_RECORDS_PER_BATCH};
use jiff::Timestamp;
use memchr::memchr;

use crate::log::Batch;

/// The stream and the records of a batch; `None` for what is to be read as JSON.
pub(super) fn read(body: &[u8], arrival: Timestamp) -> Option<(String, Batch)> {
    let mut text = Text { rest: body };
    let mut name = None;
    let mut records = None;
    text.takes(b'{').then_some(())?;
    loop {
        match text.name()? {
            b"DeliveryStreamName" if name.is_none() => {
                let plain = text.string()?;
                let is_plain = |byte: &u8| *byte >= b' ' && *byte != b'\\';
                name = plain.iter().all(is_plain).then_some(plain);
                name?;
            }
            b"Records" if records.is_none() => records = Some(text.records(arrival)?),
            _ => return None,
        }
        if !text.takes(b',') {
            break;
        }
    }
    let ends = text.takes(b'}') && text.skip_blanks().rest.is_empty();
    let name = String::from_utf8(name?.to_vec()).ok()?;
    Some((name, records.filter(|_| ends)?))
}

struct Text<'a> {
    rest: &'a [u8],
}

impl<'a> Text<'a> {
    fn skip_blanks(&mut self) -> &mut Self {
        while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
        self
    }

    /// Whether `byte` is next; it is then passed.
    fn takes(&mut self, byte: u8) -> bool {
        match self.skip_blanks().rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// A string up to the first quote, which escapes may make too short: whoever reads it finds the backslash.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.takes(b'"').then_some(())?;
        let end = memchr(b'"', self.rest)?;
        let (string, rest) = (&self.rest[..end], &self.rest[end + 1..]);
        self.rest = rest;
        Some(string)
    }

    fn name(&mut self) -> Option<&'a [u8]> {
        let name = self.string()?;
        self.takes(b':').then_some(name)
    }

    fn records(&mut self, arrival: Timestamp) -> Option<Batch> {
        self.takes(b'[').then_some(())?;
        let mut data = Vec::with_capacity(self.rest.len() / 4 * 3);
        let mut lengths = Vec::with_capacity(MAX_RECORDS_PER_BATCH);
        loop {
            (self.takes(b'{') && self.name()? == b"Data").then_some(())?;
            let base64 = self.string()?;
            self.takes(b'}').then_some(())?;
            let start = data.len();
            // A backslash is no base64.
            base64_simd::STANDARD
                .decode_append(base64, &mut data)
                .ok()?;
            let length = data.len() - start;
            let is_allowed = length <= MAX_RECORD_BYTES && lengths.len() < MAX_RECORDS_PER_BATCH;
            lengths.push(u32::try_from(length).ok().filter(|_| is_allowed)?);
            if !self.takes(b',') {
                break;
            }
        }
        self.takes(b']').then(|| Batch {
            arrival,
            lengths,
            data: data.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::api::put::slow;

    fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn input(name: &str, records: &[Vec<u8>]) -> Value {
        let records: Vec<Value> = records
            .iter()
            .map(|it| json!({ "Data": base64_simd::STANDARD.encode_to_string(it) }))
            .collect();
        json!({ "DeliveryStreamName": name, "Records": records })
    }

    proptest! {
        #[test]
        fn what_sdks_write_is_read_as_the_json_reader_reads_it(
            records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..20),
            pretty: bool,
        ) {
            let input = input("s", &records);
            let body = if pretty { format!("{input:#}") } else { input.to_string() };
            let quick = read(body.as_bytes(), now()).unwrap();
            prop_assert_eq!(&quick, &slow(body.as_bytes(), now()).unwrap());
            let lengths: Vec<usize> = quick.1.lengths.iter().map(|it| *it as usize).collect();
            prop_assert_eq!(lengths, records.iter().map(Vec::len).collect::<Vec<_>>());
            prop_assert_eq!(&quick.1.data[..], records.concat());
        }

        /// Bytes of a body replaced, left out or doubled: whatever is read quickly, JSON agrees with. A name that no
        /// stream has is the JSON reader's business, too.
        #[test]
        fn what_is_spelled_otherwise_is_never_read_otherwise(
            records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..6), 0..4),
            at in any::<prop::sample::Index>(),
            with in prop::sample::select(vec!["", "\"", "\\", "{", "}", "[", "]", ",", ":", " ", "A", "=", "\u{0}", "é", "Data", "\\u0041"]),
            keep: bool,
        ) {
            let body = input("s", &records).to_string();
            let at = at.index(body.len());
            let rest = if keep { at } else { at + 1 };
            let body = [&body.as_bytes()[..at], with.as_bytes(), &body.as_bytes()[rest..]].concat();
            if let Some(quick) = read(&body, now()).filter(|(name, _)| name == "s") {
                prop_assert_eq!(Some(quick), slow(&body, now()).ok());
            }
        }
    }

    #[test]
    fn limits_and_oddities_are_left_to_the_json_reader() {
        let record = r#"{"Data":"YQ=="}"#;
        let many = vec![record; 501].join(",");
        for records in ["", &many, r#"{"Data":"YQ=="}, {}"#, r#"{"Data":null}"#] {
            let body = format!(r#"{{"DeliveryStreamName":"s","Records":[{records}]}}"#);
            assert!(read(body.as_bytes(), now()).is_none(), "{records}");
        }
        for body in [
            r#"{"Records":[{"Data":"YQ=="}]}"#,
            r#"{"DeliveryStreamName":"s","Records":[{"Data":"YQ=="}],"DeliveryStreamName":"t"}"#,
            r#"{"DeliveryStreamName":"s","Records":[{"Data":"YQ=="}]} x"#,
            r#"{"DeliveryStreamName":"\u0073","Records":[{"Data":"YQ=="}]}"#,
        ] {
            assert!(read(body.as_bytes(), now()).is_none(), "{body}");
        }
    }
}
