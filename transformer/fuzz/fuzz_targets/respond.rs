//! The laws of an answer, over any bytes: no panic, every record answered once, no record's outcome changed
//! by its neighbours, what comes out is one JSON line an object, and answering that again changes nothing.
//!
//! The first byte picks the input's shape: an event as it is, or records between newlines of an event that is
//! made around them.

#![no_main]

use std::cell::RefCell;

use hydrant_partitioner::KeyQuery;
use hydrant_transformer::{Filter, Options, Responder};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, value::RawValue};

thread_local! {
    static RESPONDERS: RefCell<[Responder; 2]> = RefCell::new([
        Responder::new(Options::default(), Filter::default()),
        Responder::new(
            Options {
                partition_keys: KeyQuery::partition_keys("type=.detail.eventType,day=.time[0:10]").ok(),
                ..Options::default()
            },
            Filter::default(),
        ),
    ]);
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

fn check(responder: &mut Responder, records: &[&[u8]]) {
    let all = answers(responder, records);
    assert_eq!(all.len(), records.len());
    for (number, record) in records.iter().enumerate() {
        let alone = answers(responder, &[record]).remove(0);
        assert_eq!(all[number]["recordId"], Value::from(number.to_string()));
        assert_eq!(all[number]["result"], alone["result"]);
        assert_eq!(all[number]["data"], alone["data"]);
        assert_eq!(all[number]["metadata"], alone["metadata"]);
        let Some(data) = alone["data"].as_str() else {
            assert_eq!(alone["result"], "ProcessingFailed");
            continue;
        };
        assert_eq!(alone["result"], "Ok");
        let data = base64_simd::STANDARD.decode_to_vec(data).expect("base64");
        assert_eq!(data.last(), Some(&b'\n'));
        for line in data[..data.len() - 1].split(|byte| *byte == b'\n') {
            // Not as a value: numbers may be larger than any that serde_json keeps, and half of a surrogate
            // pair is allowed.
            let object: &RawValue = serde_json::from_slice(line).expect("JSON on one line");
            assert!(object.get().starts_with('{'));
        }
        let again = answers(responder, &[&data]).remove(0);
        assert_eq!(again["data"], alone["data"]);
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((shape, rest)) = input.split_first() else {
        return;
    };
    RESPONDERS.with_borrow_mut(|responders| {
        let [plain, keyed] = responders;
        let responder = if shape & 2 == 0 { plain } else { keyed };
        if shape & 1 == 0 {
            let mut out = Vec::new();
            if responder.respond(rest, &mut out).is_ok() {
                // Not as a value: an id may spell half of a surrogate pair, and goes back as it came.
                serde_json::from_slice::<&RawValue>(&out).expect("JSON");
            }
        } else {
            // A form feed parts records: no JSON has one.
            let records: Vec<_> = rest.split(|byte| *byte == 0x0c).take(4).collect();
            check(responder, &records);
        }
    });
});
