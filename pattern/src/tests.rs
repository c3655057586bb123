use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Whether the value of `x` in an event of one field matches the alternatives of a pattern.
fn leaf(alternatives: &Value, value: &Value) -> bool {
    let pattern = Pattern::new(&json!({ "x": alternatives }).to_string()).unwrap();
    pattern.matches(&json!({ "x": value }).to_string())
}

fn matches(pattern: &Value, event: &Value) -> bool {
    Pattern::new(&pattern.to_string())
        .unwrap()
        .matches(&event.to_string())
}

/// The first line of why a pattern is refused.
fn reason(pattern: &str) -> String {
    let error = Pattern::new(pattern).unwrap_err().to_string();
    error.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn what_is_no_pattern_is_refused_in_the_words_of_aws() {
    let cases = [
        ("[]", "Filter is not an object"),
        (r#"{"a":"b"}"#, r#""a" must be an object or an array"#),
        (r#"{"a":[]}"#, "Empty arrays are not allowed"),
        ("{}", "Empty objects are not allowed"),
        (r#"{"a":{}}"#, "Empty objects are not allowed"),
        (
            r#"{"a":[["b"]]}"#,
            "Match value must be String, number, true, false, or null",
        ),
        (r#"{"a":[{}]}"#, "Match expression name not found"),
        (
            r#"{"a":[{"EXISTS":true}]}"#,
            "Unrecognized match type EXISTS",
        ),
        (
            r#"{"a":[{"prefix":["b"]}]}"#,
            "prefix match pattern must be a string",
        ),
        (
            r#"{"a":[{"prefix":{"suffix":"b"}}]}"#,
            "Unsupported prefix pattern: suffix",
        ),
        (
            r#"{"a":[{"suffix":1}]}"#,
            "suffix match pattern must be a string",
        ),
        (
            r#"{"a":[{"prefix":"b","suffix":"c"}]}"#,
            "Only one key allowed in match expression",
        ),
        (
            r#"{"a":[{"equals-ignore-case":["b"]}]}"#,
            "equals-ignore-case match pattern must be a string",
        ),
        (
            r#"{"a":[{"wildcard":1}]}"#,
            "wildcard match pattern must be a string",
        ),
        (
            r#"{"a":[{"wildcard":"b**"}]}"#,
            "Consecutive wildcard characters at pos 2",
        ),
        (
            r#"{"a":[{"wildcard":"b\\c"}]}"#,
            "Invalid escape character at pos 2",
        ),
        (
            r#"{"a":[{"wildcard":"*:*:*:*:*:event-bus/*"}]}"#,
            "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences \
             after a wildcard character",
        ),
        (
            r#"{"a":[{"exists":"true"}]}"#,
            "exists match pattern must be either true or false.",
        ),
        (
            r#"{"a":[{"cidr":["10.0.0.0/8"]}]}"#,
            "prefix match pattern must be a string",
        ),
        (
            r#"{"a":[{"cidr":"10.0.0.0"}]}"#,
            "Malformed CIDR, one '/' required",
        ),
        (
            r#"{"a":[{"cidr":"10.0.0.0/a"}]}"#,
            "Malformed CIDR, mask bits must be an integer",
        ),
        (
            r#"{"a":[{"cidr":"10.0.0.256/8"}]}"#,
            "Nonstandard IP address: 10.0.0.256",
        ),
        (
            r#"{"a":[{"numeric":"<"}]}"#,
            "Value of numeric must be an array.",
        ),
        (
            r#"{"a":[{"numeric":[">",1,">",2]}]}"#,
            "Bad numeric range operator: >",
        ),
        (
            r#"{"a":[{"numeric":["<","1"]}]}"#,
            "Value of < must be numeric",
        ),
        (
            r#"{"a":[{"numeric":["=",1,2]}]}"#,
            "Too many elements in numeric expression",
        ),
        (
            r#"{"a":[{"numeric":["=",1],"x":1}]}"#,
            "Too many elements in numeric expression",
        ),
        (
            r#"{"a":[{"numeric":[">",1,"<",2,3]}]}"#,
            "Too many terms in numeric range expression",
        ),
        (
            r#"{"a":[{"numeric":["!",1]}]}"#,
            "Unrecognized numeric range operator: !",
        ),
        (
            r#"{"a":[{"anything-but":["b",1]}]}"#,
            "Inside anything but list, either all values are number or string, mixed type is not supported",
        ),
        (
            r#"{"a":[{"anything-but":[null]}]}"#,
            "Inside anything but list, start|null|boolean is not supported.",
        ),
        (
            r#"{"a":[{"anything-but":null}]}"#,
            "Value of anything-but must be an array or single string/number value.",
        ),
        (
            r#"{"a":[{"anything-but":{"prefix":{"equals-ignore-case":"b"}}}]}"#,
            "Value of anything-but must be an array or single string/number value.",
        ),
        (
            r#"{"a":[{"anything-but":{"prefix":""}}]}"#,
            "Null prefix/suffix not allowed",
        ),
        (
            r#"{"a":[{"anything-but":{"suffix":[1]}}]}"#,
            "prefix/suffix match pattern must be a string",
        ),
        (
            r#"{"a":[{"anything-but":{"wildcard":[1]}}]}"#,
            "wildcard match pattern must be a string",
        ),
        (
            r#"{"a":[{"anything-but":{"equals-ignore-case":[1]}}]}"#,
            "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
        ),
        (
            r#"{"a":[{"anything-but":{"numeric":["=",1]}}]}"#,
            "Unsupported anything-but pattern: numeric",
        ),
        (
            r#"{"$or":[{"a":[1]}]}"#,
            "There must have at least 2 Objects in $or relationship.",
        ),
        (
            r#"{"$or":[{"a":[1]},1]}"#,
            "Only JSON object is allowed in array of $or relationship.",
        ),
    ];
    for (pattern, wanted) in cases {
        let wanted = format!("Event pattern is not valid. Reason: {wanted}");
        assert_eq!(reason(pattern), wanted, "{pattern}");
    }
}

#[test]
fn a_refusal_says_where() {
    let error = Pattern::new("{\n \"a\": 1}").unwrap_err().to_string();
    insta::assert_snapshot!(error, @r#"
    Event pattern is not valid. Reason: "a" must be an object or an array
     at [Source: (String)"{
     "a": 1}"; line: 2, column: 8]
    "#);
    let error = Pattern::new(r#"{"a":[1]"#).unwrap_err().to_string();
    assert!(error.contains("Unexpected end-of-input"), "{error}");
}

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
fn more_than_a_thousand_combinations_are_refused_before_they_are_made() {
    let or = |field: char, count: usize| {
        let mut text = String::new();
        for number in 0..count {
            write!(
                text,
                "{}{{\"{field}{number}\":[1]}}",
                if number > 0 { "," } else { "" }
            )
            .unwrap();
        }
        text
    };
    let pattern = |last: usize| {
        format!(
            r#"{{"a":{{"$or":[{}]}},"b":{{"$or":[{}]}},"c":{{"$or":[{}]}}}}"#,
            or('x', 10),
            or('y', 10),
            or('z', last)
        )
    };
    Pattern::new(&pattern(10)).unwrap();
    assert!(reason(&pattern(11)).contains("combinations"));
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

/// The language once more, simply: every choice of elements is tried.
mod model {
    use serde_json::Value;

    use crate::{
        compile::Branch,
        matcher,
        scan::{Found, Paths, scan},
    };

    type Leaves = Vec<(String, Value, Vec<(usize, usize)>)>;

    fn leaves(
        value: &Value,
        path: &str,
        within: &[(usize, usize)],
        arrays: &mut usize,
        found: &mut Leaves,
    ) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let path = if path.is_empty() {
                        name.clone()
                    } else {
                        format!("{path}.{name}")
                    };
                    leaves(value, &path, within, arrays, found);
                }
            }
            Value::Array(items) => {
                let array = *arrays;
                *arrays += 1;
                for (index, item) in items.iter().enumerate() {
                    let mut inside = within.to_vec();
                    if item.is_object() || item.is_array() {
                        inside.push((array, index));
                    }
                    leaves(item, path, &inside, arrays, found);
                }
            }
            leaf => found.push((path.to_owned(), leaf.clone(), within.to_vec())),
        }
    }

    fn agree(a: &[(usize, usize)], b: &[(usize, usize)]) -> bool {
        a.iter()
            .all(|(array, index)| b.iter().all(|(other, at)| array != other || index == at))
    }

    fn search(
        conditions: &[(&Vec<String>, &crate::expression::Alternatives)],
        chosen: &[(usize, usize)],
        leaves: &Leaves,
        deferred: &[String],
    ) -> bool {
        let Some(((path, alternatives), rest)) = conditions.split_first() else {
            return deferred.iter().all(|path| {
                !leaves
                    .iter()
                    .any(|(it, _, within)| it == path && agree(within, chosen))
            });
        };
        let path = path.join(".");
        let by_value = leaves
            .iter()
            .filter(|(it, ..)| *it == path)
            .any(|(_, value, within)| {
                let text = value.to_string();
                let value = match value {
                    Value::String(text) => matcher::Value::Text(text.into()),
                    _ => matcher::Value::Token(&text),
                };
                alternatives.matchers.iter().any(|it| it.matches(&value))
                    && agree(within, chosen)
                    && search(rest, &[chosen, within].concat(), leaves, deferred)
            });
        by_value
            || (alternatives.absent && search(rest, chosen, leaves, &[deferred, &[path]].concat()))
    }

    pub(super) fn matches(branches: &[Branch], event: &Value) -> bool {
        let mut found = Vec::new();
        leaves(event, "", &[], &mut 0, &mut found);
        branches.iter().any(|branch| {
            let conditions: Vec<_> = branch.iter().collect();
            search(&conditions, &[], &found, &[])
        })
    }

    #[test]
    fn what_is_no_json_is_not_walked_into() {
        let mut paths = Paths::new();
        paths.number(&["a".to_owned()]);
        for text in [
            "",
            "[",
            "{",
            "{\"a",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":[",
            "{\"a\":[1",
            "{\"b\":{",
            "{\"a\\",
        ] {
            assert_eq!(scan(text, &paths, &mut Found::default()), None, "{text}");
        }
    }
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|it| json!(it)),
        (0..4).prop_map(|it| json!(it)),
        "[ab]{0,3}".prop_map(|it| json!(it)),
    ]
}

fn event() -> impl Strategy<Value = Value> {
    let value = scalar().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[xyz]", inner, 0..3)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    });
    prop::collection::btree_map("[xyz]", value, 0..4)
        .prop_map(|it| Value::Object(it.into_iter().collect()))
}

fn expression() -> impl Strategy<Value = Value> {
    let text = "[ab]{1,2}";
    prop_oneof![
        scalar(),
        scalar(),
        text.prop_map(|it| json!({"prefix": it})),
        text.prop_map(|it| json!({"suffix": it})),
        text.prop_map(|it| json!({"equals-ignore-case": it.to_uppercase()})),
        "(a|b|\\*[ab]){1,3}".prop_map(|it| json!({"wildcard": it})),
        text.prop_map(|it| json!({"anything-but": [it]})),
        (0..3).prop_map(|it| json!({"anything-but": it})),
        text.prop_map(|it| json!({"anything-but": {"prefix": it}})),
        (0..3).prop_map(|it| json!({"numeric": [">", it - 1, "<=", it]})),
        any::<bool>().prop_map(|it| json!({"exists": it})),
    ]
}

fn pattern() -> impl Strategy<Value = Value> {
    let leaf = prop::collection::vec(expression(), 1..3).prop_map(Value::from);
    let fields = leaf.prop_recursive(3, 8, 3, |inner| {
        prop::collection::btree_map("[xyz]", inner, 1..3)
            .prop_map(|it| Value::Object(it.into_iter().collect()))
    });
    let object = prop::collection::btree_map("[xyz]", fields, 1..4)
        .prop_map(|it| Value::Object(it.into_iter().collect()));
    (object.clone(), prop::option::of((object.clone(), object))).prop_map(|(mut all, or)| {
        if let Some((one, other)) = or {
            all["$or"] = json!([one, other]);
        }
        all
    })
}

/// Alternatives that may be absent beside a value that is there in another element are looked for by value
/// alone: see `together`. The model does not make the difference, so such patterns are left out.
fn is_plain(pattern: &Pattern) -> bool {
    let alternatives = pattern.branches.iter().flat_map(|it| it.values());
    alternatives
        .into_iter()
        .all(|it| !it.absent || it.matchers.is_empty())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_pattern_matches_what_a_search_through_all_choices_finds(
        pattern in pattern(), event in event(),
    ) {
        let compiled = Pattern::new(&pattern.to_string()).unwrap();
        prop_assume!(is_plain(&compiled));
        prop_assert_eq!(
            compiled.matches(&event.to_string()),
            model::matches(&compiled.branches, &event),
            "{} {}", pattern, event
        );
    }

    #[test]
    fn many_patterns_match_together_what_each_matches_alone(
        patterns in prop::collection::vec(pattern(), 0..12),
        events in prop::collection::vec(event(), 1..4),
    ) {
        let compiled: Vec<Pattern> =
            patterns.iter().map(|it| Pattern::new(&it.to_string()).unwrap()).collect();
        let set = PatternSet::new(compiled.iter().cloned().zip(0..));
        let mut scratch = Scratch::default();
        for event in events {
            let event = event.to_string();
            let mut together: Vec<usize> = Vec::new();
            set.matches(&event, &mut scratch, |item: &usize| together.push(*item));
            together.sort_unstable();
            let alone: Vec<usize> =
                (0..compiled.len()).filter(|it| compiled[*it].matches(&event)).collect();
            prop_assert_eq!(together, alone, "{}", event);
        }
    }

    #[test]
    fn no_text_makes_the_compiler_or_the_matcher_panic(
        pattern in r#"[\[\]{}:,"a$or1.*\\\- ]{0,60}"#, event in r#"[\[\]{}:,"a1.e\\\- ]{0,60}"#,
    ) {
        if let Ok(pattern) = Pattern::new(&pattern) {
            pattern.matches(&event);
        }
        Pattern::new(r#"{"a":[1,"a",{"exists":false}],"b":{"a":[{"wildcard":"*a"}]}}"#)
            .unwrap()
            .matches(&event);
    }
}
