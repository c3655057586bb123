use crate::keys::KeyQuery;

fn bounds(expression: &str) -> String {
    let query = KeyQuery::partition_keys(&format!("k={expression}")).unwrap();
    match query.check_bounds() {
        Ok(()) => "ends".to_owned(),
        Err(error) => error.what,
    }
}

#[test]
fn expressions_of_everyday_are_known_to_end() {
    for expression in [
        ".detail.eventType",
        r#".detail.eventType | if . == null or . == "" then "unknown" else tostring end"#,
        r#".time | strptime("%Y-%m-%dT%H:%M:%SZ") | strftime("%Y")"#,
        r#"[.detail.tags[] | select(. != "a") | ascii_downcase] | sort | join("+")"#,
        r#""\(.a)/\(.b | tostring)""#,
        r#".detail.name | gsub("[^a-z]+"; "-") | .[0:20]"#,
        ".price * 100 | floor",
        ".a // .b // (.c | tostring)",
        r#"(.a | split(",") | map(tonumber) | add) + 1"#,
        r#"try (.a | ascii_downcase) catch "none""#,
        "[..] | length",
        ".detail | to_entries | map(.key) | first",
    ] {
        assert_eq!(bounds(expression), "ends", "{expression}");
    }
}

#[test]
fn what_may_run_on_is_refused_by_name() {
    let doubling = vec![". + ."; 30].join(" | ");
    let choices = vec!["(1, 2)"; 30].join(" | ");
    let told = [
        "recurse(.)",
        "[range(0; 1e18)] | length",
        "last(repeat(1))",
        "until(false; .)",
        "def f: f; f",
        "reduce range(1e9) as $x (0; . + $x)",
        r#""x" * 1e12"#,
        r#""x" * .n"#,
        "[.[] as $a | .[] as $b | 1] | length",
        "[.[] + .[]] | length",
        "[.[] | .[]] | map([.] | tojson | tojson | tojson | tojson) | length",
        ".[1e9] = 1 | length",
        "test(.pattern)",
        r#"test("(a{1000}){1000}{1000}")"#,
        &doubling,
        &choices,
        "limit(5; repeat(.))",
    ]
    .map(|expression| format!("{:.40}: {}", expression, bounds(expression)));
    insta::assert_snapshot!(told.join("\n"), @r#"
    recurse(.): the filter recurse/1
    [range(0; 1e18)] | length: the filter range/2
    last(repeat(1)): the filter repeat/1
    until(false; .): the filter until/2
    def f: f; f: a definition of its own
    reduce range(1e9) as $x (0; . + $x): a reduce
    "x" * 1e12: it makes too much of what it is given
    "x" * .n: a multiplication whose factors are both not written out
    [.[] as $a | .[] as $b | 1] | length: the variable $a
    [.[] + .[]] | length: it goes through the record again for each part of the record
    [.[] | .[]] | map([.] | tojson | tojson : it makes too much of what it is given
    .[1e9] = 1 | length: an assignment
    test(.pattern): test with a pattern that is long or not written out
    test("(a{1000}){1000}{1000}"): test with a pattern that repeats too much
    . + . | . + . | . + . | . + . | . + . | : it makes too much of what it is given
    (1, 2) | (1, 2) | (1, 2) | (1, 2) | (1, : it makes too much of what it is given
    limit(5; repeat(.)): the filter repeat/1
    "#);
}
