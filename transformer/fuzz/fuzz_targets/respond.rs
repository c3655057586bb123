//! The laws of an answer, over any bytes: no panic, every record answered once, no record's outcome changed
//! by its neighbours, what comes out is one JSON line an object, and answering that again changes nothing.
//!
//! The first byte picks the input's shape: an event as it is, or records between newlines of an event that is
//! made around them.

#![no_main]

use hydrant_partitioner::KeyQuery;
use hydrant_transformer::{Filter, Options, Responder, Transformer, responder};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, value::RawValue};

thread_local! {
    static KEYS: KeyQuery =
        KeyQuery::partition_keys("type=.detail.eventType,day=.time[0:10]").expect("a query");
}

/// New for every input, so that an input does the same whatever came before it.
fn new(keyed: bool) -> Responder {
    let partition_keys = keyed.then(|| KEYS.with(Clone::clone));
    let options = Options {
        partition_keys,
        ..Options::default()
    };
    responder(options, Filter::default())
}

fn event(records: &[&[u8]]) -> Vec<u8> {
    let mut text = b"{\"records\":[".to_vec();
    for (number, record) in records.iter().enumerate() {
        if number > 0 {
            text.push(b',');
        }
        let data = base64_simd::STANDARD.encode_to_string(record);
        text.extend_from_slice(format!("{{\"recordId\":\"{number}\",\"data\":\"{data}\"}}").as_bytes());
    }
    text.extend_from_slice(b"]}");
    text
}

fn answers(responder: &mut Responder, records: &[&[u8]]) -> Vec<Value> {
    let mut out = Vec::new();
    responder.respond(&event(records), &mut out).expect("an event");
    let mut answer: Value = serde_json::from_slice(&out).expect("JSON");
    serde_json::from_value(answer["records"].take()).expect("records")
}

fn check(keyed: bool, records: &[&[u8]]) {
    let all = answers(&mut new(keyed), records);
    assert_eq!(all.len(), records.len());
    for (number, record) in records.iter().enumerate() {
        // Nothing is remembered here from one record to the next.
        let alone = answers(&mut new(keyed), &[record]).remove(0);
        assert_eq!(all[number]["recordId"], Value::from(number.to_string()));
        assert_eq!(all[number]["result"], alone["result"]);
        assert_eq!(all[number]["data"], alone["data"]);
        assert_eq!(all[number]["metadata"], alone["metadata"]);
        let mut slow = Vec::new();
        let transformed = Transformer::default().transform(record, &mut slow);
        let Some(data) = alone["data"].as_str() else {
            assert_eq!(alone["result"], "ProcessingFailed");
            assert!(keyed || transformed.is_err());
            continue;
        };
        assert_eq!(alone["result"], "Ok");
        let data = base64_simd::STANDARD.decode_to_vec(data).expect("base64");
        assert!(transformed.is_ok() && data == slow);
        assert_eq!(data.last(), Some(&b'\n'));
        for line in data[..data.len() - 1].split(|byte| *byte == b'\n') {
            // Not as a value: numbers may be larger than any that serde_json keeps, and half of a surrogate
            // pair is allowed.
            let object: &RawValue = serde_json::from_slice(line).expect("JSON on one line");
            assert!(object.get().starts_with('{'));
        }
        let again = answers(&mut new(keyed), &[&data]).remove(0);
        assert_eq!(again["data"], alone["data"]);
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((shape, rest)) = input.split_first() else {
        return;
    };
    let keyed = shape & 2 != 0;
    if shape & 1 == 0 {
        let mut out = Vec::new();
        if new(keyed).respond(rest, &mut out).is_ok() {
            // Not as a value: an id may spell half of a surrogate pair, and goes back as it came.
            serde_json::from_slice::<&RawValue>(&out).expect("JSON");
        }
    } else {
        // A form feed parts records: no JSON has one.
        let records: Vec<_> = rest.split(|byte| *byte == 0x0c).take(4).collect();
        check(keyed, &records);
    }
});
