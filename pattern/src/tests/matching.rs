//! What matches, operator by operator.

use super::*;

#[test]
fn plain_values_match_by_kind_and_spelling_and_numbers_by_value() {
    for (alternatives, value, wanted) in [
        (json!(["a"]), json!("a"), true),
        (json!(["a"]), json!("A"), false),
        (json!(["a"]), json!("ab"), false),
        (json!([null]), json!(null), true),
        (json!([null]), json!("null"), false),
        (json!([null]), json!(""), false),
        (json!([null]), json!([]), false),
        (json!([""]), json!(""), true),
        (json!([""]), json!(null), false),
        (json!([true]), json!(true), true),
        (json!([true]), json!("true"), false),
        (json!([300]), json!(300), true),
        (json!([300]), json!(300.0), true),
        (json!(["101"]), json!(101), false),
        (json!([101]), json!("101"), false),
        (json!(["a", 7]), json!(7), true),
        (json!(["2001:db8::1"]), json!("2001:0db8:0:0:0:0:0:1"), true),
        (json!(["10.0.0.1"]), json!("10.0.0.2"), false),
        (json!([{"exactly": "10.0.0.1"}]), json!("10.0.0.1"), true),
    ] {
        assert_eq!(
            leaf(&alternatives, &value),
            wanted,
            "{alternatives} {value}"
        );
    }
    let number = |text: &str| {
        let event = format!(r#"{{"x":{text}}}"#);
        Pattern::new(r#"{"x":[300]}"#).unwrap().matches(&event)
    };
    assert!(number("3.0e2") && number("300.000") && !number("300.0000001"));
    // More digits than a double has: the spelling alone counts.
    let long = Pattern::new(r#"{"x":[12345678901234567891]}"#).unwrap();
    assert!(long.matches(r#"{"x":12345678901234567891}"#));
    assert!(!long.matches(r#"{"x":12345678901234567892}"#));
}

#[test]
fn each_operator_matches_what_aws_says_it_does() {
    for (alternatives, value, wanted) in [
        (json!([{"prefix": "ab"}]), json!("abc"), true),
        (json!([{"prefix": "ab"}]), json!("ba"), false),
        (json!([{"prefix": ""}]), json!("anything"), true),
        (json!([{"prefix": ""}]), json!(1), false),
        (
            json!([{"prefix": {"equals-ignore-case": "aB"}}]),
            json!("AbC"),
            true,
        ),
        (json!([{"suffix": "bc"}]), json!("abc"), true),
        (json!([{"suffix": ""}]), json!(""), true),
        (
            json!([{"suffix": {"equals-ignore-case": "BC"}}]),
            json!("abc"),
            true,
        ),
        (
            json!([{"equals-ignore-case": "ÄPFEL"}]),
            json!("äpfel"),
            true,
        ),
        (
            json!([{"equals-ignore-case": "\u{23a}"}]),
            json!("\u{2c65}"),
            true,
        ),
        (json!([{"equals-ignore-case": ""}]), json!(""), true),
        (json!([{"equals-ignore-case": ""}]), json!("a"), false),
        (
            json!([{"equals-ignore-case": "\u{10400}"}]),
            json!("\u{10428}"),
            false,
        ),
        (
            json!([{"suffix": {"equals-ignore-case": "Ä"}}]),
            json!("xä"),
            true,
        ),
        (json!([{"wildcard": "a*c"}]), json!("abbc"), true),
        (json!([{"wildcard": "a*c"}]), json!("ac"), true),
        (json!([{"wildcard": "a*c"}]), json!("acb"), false),
        (json!([{"wildcard": "ab*ba"}]), json!("aba"), false),
        (json!([{"wildcard": "*b*c*"}]), json!("abac"), true),
        (json!([{"wildcard": "*b*c*"}]), json!("cab"), false),
        (json!([{"wildcard": "a\\*\\\\"}]), json!("a*\\"), true),
        (json!([{"wildcard": ""}]), json!(""), true),
        (json!([{"wildcard": ""}]), json!("a"), false),
        (json!([{"wildcard": "*"}]), json!(""), true),
        (json!([{"anything-but": "a"}]), json!("b"), true),
        (json!([{"anything-but": "a"}]), json!("a"), false),
        (json!([{"anything-but": "a"}]), json!(null), true),
        (json!([{"anything-but": ["a", "b"]}]), json!("b"), false),
        (json!([{"anything-but": 1}]), json!(1.0), false),
        (json!([{"anything-but": [1, 2]}]), json!("1"), true),
        (json!([{"anything-but": ["a"]}]), json!(["a", "b"]), true),
        (json!([{"anything-but": ["a"]}]), json!(["a"]), false),
        (
            json!([{"anything-but": {"prefix": "in"}}]),
            json!("init"),
            false,
        ),
        (
            json!([{"anything-but": {"prefix": "init"}}]),
            json!(12),
            true,
        ),
        (
            json!([{"anything-but": {"suffix": ["a", "b"]}}]),
            json!("xb"),
            false,
        ),
        (
            json!([{"anything-but": {"equals-ignore-case": ["A"]}}]),
            json!("a"),
            false,
        ),
        (
            json!([{"anything-but": {"wildcard": "*/bin/*"}}]),
            json!("a/bin/b"),
            false,
        ),
        (
            json!([{"anything-but": {"wildcard": ""}}]),
            json!("a"),
            true,
        ),
        (
            json!([{"anything-but": {"wildcard": ""}}]),
            json!(""),
            false,
        ),
        (json!([{"numeric": ["=", 300]}]), json!(3.0e2), true),
        (json!([{"numeric": [">", 0, "<=", 5]}]), json!(5), true),
        (json!([{"numeric": [">", 0, "<=", 5]}]), json!(0), false),
        (json!([{"numeric": ["<", 0]}]), json!(-0.5), true),
        (json!([{"numeric": [">", 0]}]), json!("1"), false),
        (json!([{"numeric": [">", 0]}]), json!(null), false),
        (json!([{"cidr": "10.0.0.0/24"}]), json!("10.0.0.255"), true),
        (json!([{"cidr": "10.0.0.0/24"}]), json!("10.0.1.0"), false),
        (json!([{"cidr": "10.0.0.0/24"}]), json!("10.0.0.256"), false),
        (json!([{"cidr": "10.0.0.0/24"}]), json!(10), false),
        (
            json!([{"cidr": "2001:db8::/32"}]),
            json!("2001:0DB8:0000::5"),
            true,
        ),
        (
            json!([{"cidr": "0.0.0.0/0"}]),
            json!("255.255.255.255"),
            true,
        ),
        (json!([{"exists": true}]), json!(null), true),
        (json!([{"exists": true}]), json!({"y": 1}), false),
        (json!([{"exists": true}]), json!([]), false),
        (json!([{"exists": false}]), json!([]), true),
        (json!([{"exists": false}]), json!({"y": 1}), true),
        (json!([{"exists": false}]), json!(1), false),
        (
            json!([{"anything-but": ["roses"]}, {"exists": false}]),
            json!("lilies"),
            true,
        ),
        (
            json!([{"anything-but": ["roses"]}, {"exists": false}]),
            json!("roses"),
            false,
        ),
        (
            json!([{"numeric": [">", 100]}, {"anything-but": "101"}]),
            json!("42"),
            true,
        ),
    ] {
        assert_eq!(
            leaf(&alternatives, &value),
            wanted,
            "{alternatives} {value}"
        );
    }
    let gone = json!({"a": {"b": [{"exists": false}]}});
    assert!(matches(&gone, &json!({"c": 1})));
    assert!(!matches(
        &json!({"x": [{"anything-but": "a"}]}),
        &json!({"y": 1})
    ));
    let flowers = json!({"x": [{"anything-but": ["roses"]}, {"exists": false}]});
    assert!(matches(&flowers, &json!({"y": 1})));
}

#[test]
fn a_dot_in_a_name_is_a_step_on_both_sides() {
    let dotted = json!({"detail": {"state.status": ["on"]}});
    let nested = json!({"detail": {"state": {"status": ["on"]}}});
    let event_dotted = json!({"detail": {"state.status": "on"}});
    let event_nested = json!({"detail": {"state": {"status": "on"}}});
    for pattern in [&dotted, &nested] {
        assert!(matches(pattern, &event_dotted) && matches(pattern, &event_nested));
    }
    assert!(matches(
        &json!({"detail.state.status": ["on"]}),
        &event_nested
    ));
}

#[test]
fn of_a_name_that_stands_twice_in_a_pattern_the_last_counts() {
    let pattern = Pattern::new(r#"{"a":["1"],"a":["2"]}"#).unwrap();
    assert!(pattern.matches(r#"{"a":"2"}"#) && !pattern.matches(r#"{"a":"1"}"#));
}

#[test]
fn fields_must_match_in_the_same_element_of_an_array_at_every_level() {
    let pattern = json!({"a": {"x": [1], "y": [2]}});
    assert!(matches(
        &pattern,
        &json!({"a": [{"x": 0, "y": 2}, {"x": 1, "y": 2}]})
    ));
    assert!(!matches(
        &pattern,
        &json!({"a": [{"x": 1, "y": 0}, {"x": 0, "y": 2}]})
    ));
    assert!(matches(&pattern, &json!({"a": [[{"x": 1, "y": 2}], []]})));
    assert!(!matches(&pattern, &json!({"a": [[{"x": 1}], [{"y": 2}]]})));
    let deep = json!({"a": {"b": {"x": [1], "y": [2]}, "z": [3]}});
    assert!(matches(
        &deep,
        &json!({"a": [{"b": [{"x": 1}], "z": 3}, {"b": [{"x": 9, "y": 2}, {"x": 1, "y": 2}], "z": 3}]})
    ));
    assert!(!matches(
        &deep,
        &json!({"a": [{"b": [{"x": 1, "y": 2}], "z": 0}, {"b": [{"x": 1}, {"y": 2}], "z": 3}]})
    ));
    // Different arrays do not concern each other.
    let two = json!({"a": {"x": [1]}, "b": {"x": [2]}});
    assert!(matches(
        &two,
        &json!({"a": [{"x": 0}, {"x": 1}], "b": [{"x": 2}, {"x": 0}]})
    ));
    // What is absent is absent in the element that the rest was found in.
    let without = json!({"a": {"x": [1], "y": [{"exists": false}]}});
    assert!(matches(
        &without,
        &json!({"a": [{"x": 1}, {"x": 0, "y": 2}]})
    ));
    assert!(!matches(
        &without,
        &json!({"a": [{"x": 1, "y": 2}, {"x": 0}]})
    ));
    assert!(!matches(
        &json!({"a": {"y": [{"exists": false}]}}),
        &json!({"a": [{"y": 1}, {"x": 0}]})
    ));
    // One path through two arrays.
    let both = json!({"a": {"b": {"x": [1], "y": [2]}}});
    assert!(matches(
        &both,
        &json!({"a.b": [{"x": 1}, {"x": 1, "y": 0}], "a": {"b": [{"y": 2}]}})
    ));
}

#[test]
fn or_is_any_of_its_branches_together_with_what_is_around_it() {
    let pattern = json!({
        "source": ["s"],
        "detail": {"$or": [{"a": [{"numeric": [">", 0]}]}, {"b": ["x"], "c": ["y"]}]},
    });
    let event = |source: &str, detail: Value| json!({"source": source, "detail": detail});
    assert!(matches(&pattern, &event("s", json!({"a": 1}))));
    assert!(matches(&pattern, &event("s", json!({"b": "x", "c": "y"}))));
    assert!(!matches(&pattern, &event("s", json!({"b": "x"}))));
    assert!(!matches(&pattern, &event("t", json!({"a": 1}))));
    // Where it cannot be the operator, it is a field.
    assert!(matches(&json!({"$or": ["x"]}), &json!({"$or": "x"})));
    assert!(matches(
        &json!({"$or": {"a": [1]}}),
        &json!({"$or": {"a": 1}})
    ));
    assert!(matches(
        &json!({"$or": [{"prefix": "x"}, {"prefix": "y"}]}),
        &json!({"$or": "yes"})
    ));
}

#[test]
fn detail_that_is_a_string_is_no_object() {
    let event = json!({"detail": "{\"a\":1}"});
    assert!(!matches(&json!({"detail": {"a": [1]}}), &event));
}

#[test]
fn an_array_of_many_elements_takes_time_in_proportion() {
    let elements: Vec<Value> = (0..20_000)
        .map(|it| json!({"x": 1, "y": it, "z": 2}))
        .collect();
    let pattern = json!({"a": {"x": [1], "y": [-1, 19_999], "z": [2]}});
    assert!(matches(&pattern, &json!({"a": elements})));
    let wildcard = json!([{"wildcard": "*a*ab*abc*d"}]);
    assert!(!leaf(&wildcard, &json!("a".repeat(1 << 20))));
}
