//! What is refused, in the words of AWS.

use std::fmt::Write as _;

use super::*;

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
