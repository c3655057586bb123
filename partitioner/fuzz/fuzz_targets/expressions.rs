//! Any text as an expression, over any bytes as a record: no panic, and an end. What `check_bounds` lets
//! through is evaluated; that it ends soon is for the fuzzer's own timeout to find out.
//!
//! The input is the expression, a form feed, and the record.

#![no_main]

use hydrant_partitioner::{
    Condition, ConfinementPolicy, KeyMemo, KeyQuery, OnMissing, PartitionKeys,
};
use libfuzzer_sys::fuzz_target;

fn check(query: &KeyQuery, record: &[u8]) {
    if query.check_bounds().is_err() {
        return;
    }
    let mut keys = PartitionKeys::new();
    match query.evaluate(record, &mut keys) {
        Ok(()) => {
            assert_eq!(keys.len(), query.names().count());
            for (_, value) in keys.iter() {
                assert!(!value.is_empty());
            }
        }
        Err(error) => {
            assert!(!error.message().is_empty());
        }
    }
    let defaults: OnMissing = "none".parse().expect("a default");
    let confined = query.clone().confined(ConfinementPolicy::Encode);
    let confined = confined.on_missing(defaults).expect("of every key");
    let mut safe = PartitionKeys::new();
    if confined.evaluate(record, &mut safe).is_ok() {
        for (_, value) in safe.iter() {
            assert!(!value.chars().any(char::is_control));
            assert!(!value.split('/').any(|it| matches!(it, "" | "." | "..")));
        }
    }
    drop(query.evaluate_all(record, &mut keys));
    // What is remembered is what is found, twice over.
    let mut memo = KeyMemo::new(query.clone());
    for _ in 0..2 {
        let found = query.evaluate(record, &mut keys).map(|()| {
            let mut text = String::new();
            keys.push_json(&mut text);
            text
        });
        assert_eq!(
            memo.evaluate(record).map(|()| memo.last().to_owned()),
            found
        );
    }
}

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(2, |byte| *byte == 0x0c);
    let expression = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let record = parts.next().unwrap_or_default();
    if let Ok(query) = KeyQuery::metadata_extraction(&expression) {
        check(&query, record);
    }
    for text in [&*expression, &format!("k={expression}")] {
        if let Ok(query) = KeyQuery::partition_keys(text) {
            check(&query, record);
        }
    }
    if let Ok(condition) = Condition::new(&expression)
        && condition.check_bounds().is_ok()
    {
        drop(condition.holds(record));
    }
    if let Ok(rules) = expression.parse::<OnMissing>() {
        assert_eq!(rules.to_string().parse(), Ok(rules));
    }
});
