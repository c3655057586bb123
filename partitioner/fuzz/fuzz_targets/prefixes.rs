//! Any text as a prefix, in both directions: no panic, nothing outside the operator's folders, and nothing
//! longer than AWS allows.
//!
//! The input is a prefix, a value for all its keys and a text to read as a key, with form feeds between them.

#![no_main]

use hydrant_partitioner::{
    ConfinementPolicy, CustomTimeZone, ErrorOutputPrefix, Evaluation, Layout, ObjectName,
    PartitionKeys, Prefix, Segment, random_string, validate,
};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use uuid::Uuid;

fn folders_of_values(prefix: &Prefix, value: &str) {
    let keys: PartitionKeys = prefix
        .partition_keys()
        .map(|(_, name)| (name, value))
        .collect();
    for policy in [ConfinementPolicy::Fail, ConfinementPolicy::Encode] {
        let Ok(partition) = prefix.partition(&keys, &keys, policy) else {
            continue;
        };
        for value in partition.values() {
            assert!(!value.chars().any(char::is_control));
            assert!(!value.split('/').any(|it| matches!(it, "" | "." | "..")));
        }
        let zone = CustomTimeZone::utc();
        let instant = Timestamp::from_second(1_793_607_330).expect("an instant");
        let id = Uuid::from_u128(7 << 64);
        let mut random = || random_string(id);
        let mut evaluation = Evaluation {
            instant,
            zone: &zone,
            random: &mut random,
        };
        let text = prefix
            .evaluate(&partition, &mut evaluation)
            .expect("its own partition");
        assert!(text.chars().count() <= 512, "{}", text.len());
        let name = ObjectName::new("s", 1, instant, &zone, id, ".gz");
        let key = name.format(&text);
        assert!(key.len() <= 1024);
        let layout = Layout::from_prefix(prefix);
        assert!(key.starts_with(&*layout.literal_prefix()), "{key}");
        if let Some(parsed) = layout.parse(&key) {
            for (column, _) in &parsed.partitions {
                assert!(layout.columns().any(|known| known == *column));
            }
        }
        let simple = prefix
            .segments()
            .iter()
            .all(|it| matches!(it, Segment::Literal(_)));
        if simple {
            assert!(layout.parse(&key).is_some(), "{key}");
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    let mut parts = text.splitn(3, '\u{c}');
    let mut next = || parts.next().unwrap_or_default();
    let (prefix, value, key) = (next(), next(), next());
    for violation in validate(Some(prefix), Some(prefix), true, None, false) {
        assert!(!violation.to_string().is_empty());
        drop(violation.aws_message());
    }
    if let Ok(prefix) = Prefix::parse(prefix) {
        folders_of_values(&prefix, value);
        drop(Layout::from_prefix(&prefix).parse(key));
    }
    if let Ok(prefix) = ErrorOutputPrefix::parse(prefix) {
        drop(Layout::from_error_output_prefix(&prefix).parse(key));
    }
    drop(Layout::hive().parse(key));
    drop(Layout::dated().parse(key));
    drop(CustomTimeZone::parse(value));
    if let Some(name) = ObjectName::parse(key) {
        assert_eq!(name.to_string(), key);
    }
});
