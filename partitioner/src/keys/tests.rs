use super::*;

mod laws;

const EVENT: &str = r#"{"version":"0","id":"6f3c","detail-type":"prod","source":"clientevents","time":"2026-11-02T08:15:30Z","resources":["c-17","c-18"],"detail":{"eventType":"searching","schemaVersion":"1","price":2.0,"count":1,"gift":true,"sale":false,"none":null,"empty":"","data":{"tags":["a","b"],"naïve":"Zürich"}}}
"#;

fn keys_of(query: &KeyQuery, record: &str) -> String {
    let mut keys = PartitionKeys::new();
    match query.evaluate(record.as_bytes(), &mut keys) {
        Ok(()) => format!("{keys:?}"),
        Err(error) => format!("{}: {} ({error})", error.code(), error.message()),
    }
}

fn metadata(query: &str) -> String {
    match KeyQuery::metadata_extraction(query) {
        Ok(query) => keys_of(&query, EVENT),
        Err(error) => error.to_string(),
    }
}

fn lambda(expr: &str) -> String {
    match KeyQuery::partition_keys(expr) {
        Ok(query) => keys_of(&query, EVENT),
        Err(error) => error.to_string(),
    }
}

#[test]
fn plain_paths_slices_and_defaults_need_no_document() {
    for (query, expected) in [
        (
            "{eventType:.detail.eventType, schemaVersion: .detail.schemaVersion}",
            r#"{"eventType": "searching", "schemaVersion": "1"}"#,
        ),
        ("{day:(.time[0:10])}", r#"{"day": "2026-11-02"}"#),
        ("{hour: .time | .[11:13]}", r#"{"hour": "08"}"#),
        (
            r#"{"t": ."detail-type", "s": .["source"]}"#,
            r#"{"t": "prod", "s": "clientevents"}"#,
        ),
        ("{source}", r#"{"source": "clientevents"}"#),
        ("{c: .resources[1]}", r#"{"c": "c-18"}"#),
        (
            "{n: .detail.count, p: .detail.price, g: .detail.gift, s: .detail.sale}",
            r#"{"n": "1", "p": "2.0", "g": "true", "s": "false"}"#,
        ),
        (
            r#"{k: (.detail.none // .nothing.at.all // "none")}"#,
            r#"{"k": "none"}"#,
        ),
        (r#"{k: (.nowhere[0:4] // "none")}"#, r#"{"k": "none"}"#),
        (r#"{k: .detail.data."naïve"[1:-3]}"#, r#"{"k": "ür"}"#),
        (r#"{k: .detail.data["na\u00efve"][-2:]}"#, r#"{"k": "ch"}"#),
    ] {
        assert!(
            KeyQuery::metadata_extraction(query).unwrap().is_fast(),
            "{query}"
        );
        assert_eq!(metadata(query), expected, "{query}");
    }
}

#[test]
fn everything_else_runs_in_jq() {
    for (query, expected) in [
        (
            r#"{b: (.time | strptime("%Y-%m-%dT%H:%M:%SZ") | strftime("%Y"))}"#,
            r#"{"b": "2026"}"#,
        ),
        (
            r#"{k: (.detail.none | if . == null or . == "" then "unknown" else tostring end)}"#,
            r#"{"k": "unknown"}"#,
        ),
        (
            "{t: .detail.data.tags | join(\"+\"), p: .detail.price}",
            r#"{"p": "2.0", "t": "a+b"}"#,
        ),
        (
            "{c: .resources[-1], n: (.detail.count + 1)}",
            r#"{"c": "c-18", "n": "2"}"#,
        ),
    ] {
        assert!(
            !KeyQuery::metadata_extraction(query).unwrap().is_fast(),
            "{query}"
        );
        assert_eq!(metadata(query), expected, "{query}");
    }
}

#[test]
fn the_events_own_time_is_written_in_utc() {
    let record = r#"{"a":"2026-11-02T08:15:30+02:00","s":1793607330,"ms":1793607330000,"none":null,"no":"soon","time":"2016-12-31T23:59:60Z","f":false}"#;
    let keys = |expr: &str| match KeyQuery::partition_keys(expr) {
        Ok(query) => keys_of(&query, record),
        Err(error) => error.to_string(),
    };
    for expr in [
        r#"h=.a|utc("yyyy/MM/dd HH")"#,
        r#"h=.a|tostring|utc("yyyy/MM/dd HH")"#,
        r#"h=(.a)|(utc("yyyy/MM/dd HH"))"#,
    ] {
        assert_eq!(keys(expr), r#"{"h": "2026/11/02 06"}"#, "{expr}");
    }
    insta::assert_snapshot!(keys(r#"s=.s|utc("EEE HH:mm"),ms=.ms|utc("yy-D"),z=(.none|utc("dd")) // (.s|utc("dd")),l=.time|utc("yyyyMMddHHmm")"#), @r#"{"s": "Mon 08:15", "ms": "26-306", "z": "02", "l": "201612312359"}"#);
    insta::assert_snapshot!(keys(r#"k=.no|utc("dd")"#), @r#"DynamicPartitioning.MetadataExtractionFailed: partition key "k": "soon" is no time such as 2026-11-02T08:15:30Z or 2026-11-02T08:15:30+02:00 (partition key "k": "soon" is no time such as 2026-11-02T08:15:30Z or 2026-11-02T08:15:30+02:00)"#);
    insta::assert_snapshot!(keys(r#"k=.no|tostring|utc("dd")"#), @r#"DynamicPartitioning.MetadataExtractionFailed: jq: "soon" is no time such as 2026-11-02T08:15:30Z or 2026-11-02T08:15:30+02:00 (jq: "soon" is no time such as 2026-11-02T08:15:30Z or 2026-11-02T08:15:30+02:00)"#);
    insta::assert_snapshot!(keys(r#"k=.f|utc("dd")"#), @r#"DynamicPartitioning.MetadataExtractionFailed: partition key "k": its expression does not apply to the types in this record (partition key "k": its expression does not apply to the types in this record)"#);
    insta::assert_snapshot!(keys(r#"k=.none|utc("dd")"#), @r#"DynamicPartitioning.MetadataExtractionFailed: partitionKeys values must not be null or empty (partition key "k" is null, missing or empty)"#);
    insta::assert_snapshot!(keys(r#"k=.a|utc("YYYY-pp")"#), @r#"utc("YYYY-pp"): "pp" means nothing in a date pattern; use yyyy, MM, dd, HH and the like, and put other text in single quotes"#);
    insta::assert_snapshot!(keys(r#"k=[.a|utc("B")][0]"#), @r#"utc("B"): "B" cannot be written here; use yyyy, MM, dd, HH and the other numeric fields"#);
    insta::assert_snapshot!(metadata(r#"{k: (.time|utc("dd"))}"#), @"filter utc is not defined (it is Hydrant's own and stands in PARTITION_KEYS alone; in a MetadataExtractionQuery, cut the text as in .time[0:4], or use jq's strptime and strftime)");
}

#[test]
fn a_default_stands_for_what_is_null_missing_or_empty_and_for_nothing_else() {
    let query = |rules: &str| {
        KeyQuery::partition_keys("a=.detail.a,b=.detail.b|tostring")
            .unwrap()
            .on_missing(rules.parse().unwrap())
            .unwrap()
    };
    let defaults = query("a=none,unknown");
    for (a, b, expected) in [
        ("null", "\"\"", r#"{"a": "none", "b": "unknown"}"#),
        ("\"\"", "\"x\"", r#"{"a": "none", "b": "x"}"#),
        ("false", "null", r#"{"a": "false", "b": "null"}"#),
    ] {
        let record = format!(r#"{{"detail":{{"a":{a},"b":{b}}}}}"#);
        assert_eq!(keys_of(&defaults, &record), expected, "{record}");
    }
    for record in [
        "{",
        r#"{"detail":1}"#,
        r#"{"detail":{"a":[]}}"#,
        r#"{"detail":{"a":{}}}"#,
    ] {
        assert!(
            keys_of(&defaults, record).starts_with("DynamicPartitioning."),
            "{record}"
        );
    }
    assert!(keys_of(&query("b=x"), "{}").contains("must not be null or empty"));
    let unknown = KeyQuery::partition_keys("a=.a,b=.b")
        .unwrap()
        .on_missing("c=1".parse().unwrap());
    insta::assert_snapshot!(unknown.unwrap_err(), @r#"there is no partition key "c" to have a default; there are a, b"#);
}

#[test]
fn the_documents_of_one_record_have_the_same_keys_or_none() {
    let query = KeyQuery::partition_keys("k=.k").unwrap();
    let keys = |record: &str| {
        let mut keys = PartitionKeys::new();
        query
            .evaluate_all(record.as_bytes(), &mut keys)
            .map(|()| format!("{keys:?}"))
    };
    let same = Ok(r#"{"k": "1"}"#.to_owned());
    assert_eq!(keys(r#"{"k":1}"#), same);
    assert_eq!(keys("{\"k\":1,\"a\":2}\n{\"k\":1}\n"), same);
    assert_eq!(keys(r#"{"k":1}{"k":2}"#), Err(KeyError::Differ));
    assert_eq!(keys(" "), Err(KeyError::EmptyRecord));
    assert!(matches!(keys(r#"{"k":1}}"#), Err(KeyError::NotJson(_))));
    assert!(matches!(
        keys(r#"{"k":1}{}"#),
        Err(KeyError::NullOrEmpty { .. })
    ));
}

#[test]
fn a_confined_query_gives_no_value_that_leads_elsewhere() {
    for expr in ["k=.k", "k=.k|tostring"] {
        let query = KeyQuery::partition_keys(expr).unwrap();
        let record = r#"{"k":"../a\u0000"}"#;
        assert_eq!(keys_of(&query, record), r#"{"k": "../a\0"}"#);
        let fail = query.clone().confined(ConfinementPolicy::Fail);
        assert!(keys_of(&fail, record).contains("cannot be a folder"));
        assert_eq!(keys_of(&fail, r#"{"k":"a/b"}"#), r#"{"k": "a/b"}"#);
        let encode = query.confined(ConfinementPolicy::Encode);
        assert_eq!(keys_of(&encode, record), r#"{"k": "%2E%2E/a%00"}"#);
    }
}

#[test]
fn values_that_are_no_folder_fail_with_the_code_and_text_of_aws() {
    const NULL: &str = "DynamicPartitioning.MetadataExtractionFailed: partitionKeys values must not be null or empty";
    for expression in [
        ".detail.none",
        ".detail.missing",
        ".nowhere.x",
        ".detail.empty",
        ".detail.empty // \"d\"",
    ] {
        for query in [
            format!("{{k: ({expression})}}"),
            format!("{{k: ({expression}), l: (1 + 1)}}"),
        ] {
            assert!(
                metadata(&query).starts_with(NULL),
                "{query}: {}",
                metadata(&query)
            );
        }
    }
    insta::assert_snapshot!(metadata("{k: .detail.data}"), @r#"DynamicPartitioning.MetadataExtractionFailed: partition key "k" is an object; a key is a string, a number or a boolean (partition key "k" is an object; a key is a string, a number or a boolean)"#);
    insta::assert_snapshot!(metadata("{k: .source.x}"), @r#"DynamicPartitioning.MetadataExtractionFailed: partition key "k": its expression does not apply to the types in this record (partition key "k": its expression does not apply to the types in this record)"#);
    insta::assert_snapshot!(metadata("{k: (.source | tonumber)}"), @r#"DynamicPartitioning.MetadataExtractionFailed: jq: "clientevents" is not JSON: expected a value at byte 0 (jq: "clientevents" is not JSON: expected a value at byte 0)"#);
    insta::assert_snapshot!(metadata("{k: .resources[]}"), @"DynamicPartitioning.MetadataExtractionFailed: the query gives several results for this record; it must give one object (the query gives several results for this record; it must give one object)");
    insta::assert_snapshot!(metadata("{k: empty}"), @"DynamicPartitioning.MetadataExtractionFailed: the query gives no result for this record; it must give one object (the query gives no result for this record; it must give one object)");
}

#[test]
fn queries_that_give_no_keys_are_refused_with_the_reason() {
    insta::assert_snapshot!(metadata(".detail.eventType"), @"a MetadataExtractionQuery is one jq object constructor such as {eventType: .detail.eventType}; put other steps into the values, in parentheses");
    insta::assert_snapshot!(metadata("{a: .x} | {b: .a}"), @"a MetadataExtractionQuery is one jq object constructor such as {eventType: .detail.eventType}; put other steps into the values, in parentheses");
    insta::assert_snapshot!(metadata("{a: .x"), @r#""{a: .x" is not a jq expression at "": closing brace expected"#);
    insta::assert_snapshot!(metadata("{a: .x |}"), @r#""{a: .x |}" is not a jq expression at "}": term expected"#);
    insta::assert_snapshot!(metadata("{(.a): .x}"), @"the name of key number 1 is computed; write it out, as in {eventType: …}");
    insta::assert_snapshot!(metadata("{}"), @"the query gives no key");
    insta::assert_snapshot!(metadata(""), @r#""" is not a jq expression at "": term expected"#);
    insta::assert_snapshot!(metadata("{a: (now | todate)}"), @"filter now is not defined (filters that read the clock, the environment or the local time zone are left out on purpose)");
    insta::assert_snapshot!(metadata("{a: env.HOME}"), @"filter env is not defined (filters that read the clock, the environment or the local time zone are left out on purpose)");
    insta::assert_snapshot!(metadata("{a: $ENV.HOME}"), @"variable $ENV is not defined (filters that read the clock, the environment or the local time zone are left out on purpose)");
    let many: Vec<_> = (0..51).map(|key| format!("k{key}: .x")).collect();
    insta::assert_snapshot!(metadata(&format!("{{{}}}", many.join(","))), @"the query gives 51 keys; AWS allows 50");
    insta::assert_snapshot!(lambda("eventType"), @r#""eventType" is not name=expression; names are letters, digits, '_', '-' and '.'"#);
    insta::assert_snapshot!(lambda("a=.x,"), @r#""" is not name=expression; names are letters, digits, '_', '-' and '.'"#);
    insta::assert_snapshot!(lambda("a b=.x"), @r#""a b=.x" is not name=expression; names are letters, digits, '_', '-' and '.'"#);
}

#[test]
fn what_only_a_later_jq_reads_is_refused_before_aws_does() {
    for value in [
        ".a // \"x\"",
        ".a + 1",
        ".a-1",
        ".a == 1",
        "if .a then 1 else 2 end",
        ".a and .b",
        "try .a",
        ". as $x | $x",
        "({b: .a // 1} | .b)",
    ] {
        let query = format!("{{k: {value}}}");
        let refused = KeyQuery::metadata_extraction(&query);
        assert!(
            matches!(refused, Err(QueryError::NoParentheses { .. })),
            "{value}: {refused:?}"
        );
        if !value.starts_with('(') {
            assert!(
                KeyQuery::metadata_extraction(&format!("{{k: ({value})}}")).is_ok(),
                "{value}"
            );
        }
    }
    for value in [
        "-1",
        ".a | -1",
        ".a[0:4]",
        "not",
        ".a?",
        "\"\\(.a + 1)\"",
        ".and",
        ".[\"a\"]",
        "@text \"x\"",
    ] {
        assert!(
            KeyQuery::metadata_extraction(&format!("{{k: {value}, l: {value}}}")).is_ok(),
            "{value}"
        );
    }
    insta::assert_snapshot!(metadata("{k: .a // \"x\"}"), @r#"jq 1.6, which AWS runs, stops at "//" in the value of the key "k"; put the value into parentheses, as in {k: (…)}"#);
    insta::assert_snapshot!(metadata("{k: (.a | abs)}"), @"jq 1.6, which AWS runs, does not have the filter abs/0; write it in other words");
    insta::assert_snapshot!(metadata("{k: (if .a then 1 end)}"), @"jq 1.6, which AWS runs, does not have an if without an else; write it in other words");
    assert!(KeyQuery::metadata_extraction("{k: (def abs: 1; .a | abs)}").is_ok());
    assert!(KeyQuery::partition_keys("k=.a|abs // 1").is_ok());
}

#[test]
fn commas_inside_brackets_and_strings_do_not_split_entries() {
    assert_eq!(
        lambda("eventType=.detail.eventType,day=.time[0:10]"),
        r#"{"eventType": "searching", "day": "2026-11-02"}"#
    );
    assert_eq!(
        lambda(r#"a = .detail.none // "x,y" , b=([1,2] | length), c = .resources | join(",")"#),
        r#"{"a": "x,y", "b": "2", "c": "c-17,c-18"}"#
    );
}

#[test]
fn the_last_of_several_members_with_one_name_counts() {
    let query = KeyQuery::metadata_extraction("{k: .a.b}").unwrap();
    assert_eq!(
        keys_of(&query, r#"{"a":{"b":1,"b":2},"a":{"b":"last"}}"#),
        r#"{"k": "last"}"#
    );
    assert!(keys_of(&query, r#"{"a":{"b":1},"a":{}}"#).contains("must not be null or empty"));
    assert_eq!(
        keys_of(&query, r#"{"\u0061":{"b":"escaped"}}"#),
        r#"{"k": "escaped"}"#
    );
}

#[test]
fn half_a_surrogate_pair_is_no_fault_of_the_record() {
    let record = r#"{"a":"x\ud83d","b":"\ude00"}"#;
    for query in ["{a: .a, b: .b}", "{a: (.a | tostring), b: (.b | tostring)}"] {
        let query = KeyQuery::metadata_extraction(query).unwrap();
        assert_eq!(
            keys_of(&query, record),
            "{\"a\": \"x\u{fffd}\", \"b\": \"\u{fffd}\"}"
        );
    }
}

#[test]
fn a_slice_counts_what_the_string_says_and_not_how_it_is_spelled() {
    let query = "{a: .a[1:3], b: .a[-2:], c: .a[:-2], d: .a[:1]}";
    let query = KeyQuery::metadata_extraction(query).unwrap();
    let expected = r#"{"a": "é😀", "b": "😀z", "c": "xé", "d": "x"}"#;
    assert_eq!(keys_of(&query, r#"{"a":"xé😀z"}"#), expected);
    assert_eq!(keys_of(&query, r#"{"a":"x\u00e9\ud83d\ude00z"}"#), expected);
}

#[test]
fn a_value_given_later_takes_the_place_of_the_one_that_was_read() {
    let query = "{a: .a.b, c: .c[1], d: (.d // \"none\"), e: (.e | tostring)}";
    let query = KeyQuery::metadata_extraction(query).unwrap();
    let record = r#"{"a":{"b":"read"},"c":[1,2],"d":"read","e":1}"#;
    let mut reader = query.reader();
    let read = reader.value(KeyPlace::RECORD, &mut Scanner::new(record.as_bytes(), 0));
    assert_eq!(read, Ok(0..record.len()));
    for (members, value) in [
        (&["a"][..], r#"{"b":"given"}"#),
        (&["c"], "[3,4]"),
        (&["d"], "null"),
    ] {
        reader
            .value_at(query.place(members), value.as_bytes())
            .unwrap();
    }
    reader
        .value_at(query.place(&["not", "asked", "for"]), b"1")
        .unwrap();
    assert!(reader.value_at(query.place(&["a", "b"]), b"").is_err());
    let mut keys = PartitionKeys::new();
    reader.finish(br#"{"e":2}"#, &mut keys).unwrap();
    insta::assert_snapshot!(format!("{keys:?}"), @r#"{"a": "given", "c": "4", "d": "none", "e": "2"}"#);
}

#[test]
fn a_record_that_is_not_one_json_document_has_no_keys() {
    for query in ["{k: .a}", "{k: (.a | tostring)}"] {
        let query = KeyQuery::metadata_extraction(query).unwrap();
        for record in [
            "",
            " ",
            "{",
            r#"{"a":1"#,
            r#"{"a":1}{"a":2}"#,
            r#"{"a":1,}"#,
            r#"{"a":01}"#,
            "{'a':1}",
            "NaN",
        ] {
            let mut keys = PartitionKeys::new();
            let error = query.evaluate(record.as_bytes(), &mut keys).unwrap_err();
            assert!(matches!(error, KeyError::NotJson(_)), "{record}: {error}");
        }
        let mut keys = PartitionKeys::new();
        assert!(query.evaluate(b"{\"a\":\"\xff\"}", &mut keys).is_err());
    }
}

#[test]
fn the_deepest_document_fits_the_stack() {
    let depth = hydrant_records::limits::MAX_JSON_DEPTH;
    let document = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let query =
        "{k: (tojson | length), l: ([..] | length), m: (flatten | length), n: ([paths] | length)}";
    let query = KeyQuery::metadata_extraction(query).unwrap();
    assert_eq!(
        keys_of(&query, &document),
        r#"{"k": "256", "l": "128", "m": "0", "n": "127"}"#
    );
}

#[test]
fn a_text_of_any_depth_is_read_or_refused_and_never_outgrows_the_stack() {
    let query =
        KeyQuery::metadata_extraction("{k: (.t | fromjson | tojson | length), n: (.n | tonumber)}")
            .unwrap();
    let evaluate = |text: &str| {
        let record = serde_json::json!({ "t": text, "n": " 2" }).to_string();
        let mut keys = PartitionKeys::new();
        match query.evaluate(record.as_bytes(), &mut keys) {
            Ok(()) => format!("{keys:?}"),
            Err(error) => error.to_string(),
        }
    };
    assert_eq!(evaluate(" [1, {\"a\": 2}] "), r#"{"k": "11", "n": "2"}"#);
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(evaluate(&deep(128)), r#"{"k": "256", "n": "2"}"#);
    insta::assert_snapshot!(evaluate(&deep(129)), @r#"jq: "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[" is not JSON: more than 128 levels of nesting at byte 128"#);
    for depth in [100_000, 500_000] {
        for text in ["[", "{\"a\":", "[[],"] {
            assert!(
                evaluate(&text.repeat(depth)).contains("levels of nesting"),
                "{text}"
            );
        }
    }
    insta::assert_snapshot!(evaluate("1 2"), @r#"jq: "1 2" is not JSON: unexpected text after a complete value at byte 2"#);
}

#[test]
fn well_known_names_have_expressions_and_others_say_so() {
    let query = KeyQuery::well_known(["eventType", "date", "hour"]).unwrap();
    assert_eq!(
        keys_of(&query, EVENT),
        r#"{"eventType": "searching", "date": "2026-11-02", "hour": "08"}"#
    );
    insta::assert_snapshot!(KeyQuery::well_known(["tenant"]).unwrap_err(), @r#"no expression is known for the partition key "tenant"; give one, as in tenant=.detail.tenant"#);
}

#[test]
fn a_query_serves_several_threads() {
    let query = KeyQuery::metadata_extraction("{k: (.detail.count + 1)}").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(keys_of(&query, EVENT), r#"{"k": "2"}"#));
        }
    });
}

#[test]
fn expressions_made_to_exhaust_the_stack_are_refused_or_read() {
    for (head, tail) in [("(", ")"), ("[", "]"), ("\"\\(", ")\"")] {
        let query = format!("{{a: {}1{}}}", head.repeat(900), tail.repeat(900));
        assert!(
            matches!(
                KeyQuery::metadata_extraction(&query),
                Err(QueryError::TooLarge)
            ),
            "{head}"
        );
    }
    for repeated in [
        "-",
        "try ",
        ".a|",
        ".a//",
        "1 as $x|",
        ".a.",
        "if .a then .b else ",
        "label $x|",
        "def f:",
        "reduce . as $x (0;",
    ] {
        let query = format!("{{a: {}1}}", repeated.repeat(5_000 / repeated.len()));
        match KeyQuery::metadata_extraction(&query) {
            Ok(query) => drop(keys_of(&query, EVENT)),
            Err(error) => drop(error.to_string()),
        }
        let query = format!("{{a: {}1}}", repeated.repeat(48));
        match KeyQuery::metadata_extraction(&query) {
            Ok(query) => drop(keys_of(&query, EVENT)),
            Err(error) => drop(error.to_string()),
        }
    }
}
