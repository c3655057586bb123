use proptest::prelude::*;

use super::*;
use crate::framing::record_end;

fn shape(records: &[&str]) -> Shape {
    let mut shape = Shape::default();
    for record in records {
        shape.observe_record(record.as_bytes()).unwrap();
    }
    shape
}

fn columns(shape: &Shape) -> String {
    let column = |field: &FieldRef| format!("{}: {}\n", field.name(), field.data_type());
    shape.record_fields().iter().map(column).collect()
}

#[test]
fn types_widen_and_conflicts_become_text() {
    let shape = shape(&[
        r#"{"int":1,"float":1,"mixed":1,"big":1,"wide":9007199254740993,"none":null,"flag":true,"list":[],"empty":{}}"#,
        r#"{"int":-9223372036854775808,"float":0.5,"mixed":"x","big":18446744073709551616,"wide":0.5,"flag":null,"list":[]}"#,
        r#"{"huge":1e999,"object":{"a":1},"either":{"a":1},"items":[{"a":1},{"b":[0.5,1]}],"time":"2026-11-02T08:15:30Z"}"#,
        r#"{"object":{"b":{"c":"x"}},"either":[1]}"#,
    ]);
    insta::assert_snapshot!(columns(&shape), @r#"
    int: Int64
    float: Float64
    mixed: Utf8
    big: Utf8
    wide: Utf8
    none: Utf8
    flag: Boolean
    list: List(Utf8)
    empty: Utf8
    huge: Utf8
    object: Struct("a": Int64, "b": Struct("c": Utf8))
    either: Utf8
    items: List(Struct("a": Int64, "b": List(Float64)))
    time: Timestamp(µs, "UTC")
    "#);
}

#[test]
fn the_order_of_learning_changes_no_type() {
    let records = [
        r#"{"a":1,"b":{"c":1}}"#,
        r#"{"b":{"c":"x","d":[1]},"a":0.5}"#,
        r#"{"e":"\u0061","b":{"d":[{"f":1}]}}"#,
    ];
    let together = shape(&records);
    let mut merged = Shape::default();
    for record in records {
        merged.merge(&shape(&[record]));
    }
    assert_eq!(columns(&together), columns(&merged));
}

#[test]
fn an_object_keyed_by_data_is_text() {
    let members: Vec<_> = (0..=MAX_FIELDS).map(|n| format!("\"k{n}\":1")).collect();
    let record = format!("{{\"map\":{{{}}}}}", members.join(","));
    assert_eq!(columns(&shape(&[&record])), "map: Utf8\n");
}

#[test]
fn time_is_a_timestamp_only_where_it_holds_timestamps() {
    assert_eq!(columns(&shape(&[r#"{"time":"noon"}"#])), "time: Utf8\n");
    assert_eq!(columns(&shape(&[r#"{"time":1}"#])), "time: Int64\n");
    assert_eq!(timestamp_micros(b"1969-12-31T23:59:59.9999995Z"), Some(-1));
    assert_eq!(
        timestamp_micros(b"2026-11-02T09:15:30.25+01:00"),
        Some(1_793_607_330_250_000)
    );
}

proptest! {
    #[test]
    fn every_record_is_observed_to_its_end(text in r#"[{}\[\]",:\\ 0-9a-e.truelfsné\-]{0,12}"#, bytes: Vec<u8>) {
        for value in [text.as_bytes(), bytes.as_slice()] {
            let record = [b"{\"a\":", value, b"}"].concat();
            let end = record_end(&record, 0);
            let observed = Shape::default().observe_record(record.get(..end.unwrap_or(record.len())).unwrap());
            prop_assert!(end.is_err() || observed.is_ok());
        }
    }
}
