//! The keys that we find are those that jq finds, wherever docs/partitioning.md does not say otherwise.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use hydrant_partitioner::{KeyError, KeyQuery, PartitionKeys};

/// What AWS runs.
const VERSION: &str = "jq-1.6";

const RECORDS: &[&str] = &[
    r#"{"version":"0","id":"6f3c","detail-type":"prod","time":"2026-11-02T08:15:30Z","resources":["c-17","c-18"],"detail":{"eventType":"searching","schemaVersion":"1","price":129.95,"count":3,"gift":true,"sale":false,"none":null,"empty":"","tags":["b","a","b"],"name":"Zürich, 8001 \"Mitte\"","at":1793607330,"nested":{"a":{"b":[1,{"c":"deep"}]}}}}"#,
    r#"{"id":1,"time":"2028-02-29T23:59:59+02:00","resources":[],"detail":{"eventType":"","schemaVersion":2,"price":0,"count":-7,"gift":null,"tags":[],"name":"x","at":0}}"#,
    r#"{"detail":"text"}"#,
    r#"{"detail":[{"eventType":"a"}]}"#,
    "{}",
    "[1,2]",
    r#""text""#,
    "7",
    "null",
    r#"{"detail":{"eventType":{"a":1},"schemaVersion":[1],"price":2.0,"count":1e3,"big":12345678901234567890,"gift":"true","tags":"no"},"time":null}"#,
];

const EXPRESSIONS: &[&str] = &[
    ".detail.eventType",
    ".detail.schemaVersion",
    ".detail.price",
    ".detail.count",
    ".detail.gift",
    ".detail.sale",
    ".detail.none",
    ".detail.empty",
    ".detail.tags",
    ".detail.at",
    ".detail.big",
    ".detail.nested.a.b[1].c",
    ".detail.nested.a.b[0]",
    ".detail.nested.a.b[-1].c",
    ".detail[\"eventType\"]",
    ".\"detail-type\"",
    ".resources[0]",
    ".resources[1]",
    ".resources[5]",
    ".time[0:4]",
    ".time[:10]",
    ".time[11:13]",
    ".time[-6:]",
    ".detail.eventType // \"unknown\"",
    ".detail.sale // .detail.gift // \"none\"",
    ".detail.missing // .detail.none // .id",
    ".detail.eventType[1:3] // \"cut\"",
    ".resources[0][0:1] // \"r\"",
    ".detail.eventType | if . == null or . == \"\" then \"unknown\" else tostring end",
    ".detail.eventType // empty",
    ".detail.eventType?",
    ".detail.eventType? // \"none\"",
    "(.detail | .eventType) as $t | $t + \"-\" + .time[0:4]",
    ".detail.eventType + \"/\" + (.detail.schemaVersion | tostring)",
    "\"\\(.detail.eventType)-\\(.detail.schemaVersion)\"",
    ".detail.price * 2",
    ".detail.price / 4",
    ".detail.count % 2",
    ".detail.count - 1",
    ".detail.price | floor",
    ".detail.price | sqrt | floor",
    ".detail.count | tostring",
    ".detail.schemaVersion | tonumber",
    ".detail.eventType | length",
    ".detail.tags | length",
    ".detail.tags | join(\",\")",
    ".detail.tags | sort | first",
    ".detail.tags | unique | length",
    ".detail.tags | index(\"a\")",
    ".detail.tags | map(ascii_upcase) | join(\"\")",
    ".detail.tags[0] | ascii_upcase",
    ".detail.name | ascii_downcase",
    ".detail.name | split(\",\") | .[0]",
    ".detail.name | test(\"^Z\")",
    ".detail.name | capture(\"(?<plz>[0-9]{4})\") | .plz",
    ".detail.name | sub(\"[^a-z]+\"; \"-\")",
    ".detail.name | gsub(\"[^A-Za-z0-9]\"; \"_\")",
    ".detail.name | ltrimstr(\"Z\") | rtrimstr(\"\\\"\")",
    ".detail.name | @uri",
    ".detail.name | @base64",
    ".detail.eventType | @html",
    ".detail.eventType | startswith(\"sea\")",
    ".detail | has(\"eventType\")",
    ".detail | keys | .[0]",
    ".detail | to_entries | .[0].key",
    ".detail | type",
    ".detail.tags | contains([\"a\"])",
    ".detail.eventType | explode | .[0]",
    "[.detail.tags[] | select(. != \"a\")] | length",
    ".detail.tags[]",
    "[.[]] | length",
    ".. | numbers",
    "[.. | numbers] | add",
    "[paths] | length",
    "first(.resources[])",
    "[limit(1; .resources[])] | .[0]",
    "reduce .resources[] as $r (\"\"; . + $r)",
    ".detail.at | strftime(\"%Y-%m-%d %H\")",
    ".detail.at | todate",
    ".detail.at | gmtime | mktime",
    ".time | strptime(\"%Y-%m-%dT%H:%M:%SZ\") | mktime",
    ".time | strptime(\"%Y-%m-%dT%H:%M:%SZ\") | strftime(\"%j\")",
    ".time | fromdate | strftime(\"%Y/%m\")",
    ".detail.eventType == \"searching\"",
    ".detail.price > 100 and .detail.gift",
    ".detail.sale or .detail.count",
    ".detail.gift | not",
    ".detail.none == null",
    "[.id, .time] | @csv",
    "[.id, .time] | @tsv",
    ".detail.nested | tojson",
    "\"[1,2]\" | fromjson | .[1]",
    "if .detail.price > 100 then \"high\" elif .detail.price > 0 then \"low\" else \"none\" end",
    "try (.detail.eventType | ascii_downcase) catch \"bad\"",
    ".detail.eventType | ascii_downcase",
    "try error(\"x\") catch .",
    "error(\"x\")",
    "1, 2",
    "\"x\" * 3",
    "1.0",
    "100000000000000000000",
    "1e1000",
    "0.1 + 0.2",
    "[1,[2]] | flatten | length",
    "{a: 1} | .a",
    "[3,1,2] | min",
    "{\"a\":1,\"b\":2} | with_entries(.value += 1) | .b",
    "[range(3)] | length",
    "[.detail.tags[]?] | group_by(.) | length",
    ".detail.eventType as $x | $x",
    ".detail.eventType | tostring | .[0:3]",
    "\"\\u00e9\" | length",
    "\"a,b\" / \",\" | .[1]",
    "[1,2,3] - [2] | length",
    "[1,2] | any(. > 1)",
    "\"x\" | ascii",
    "input",
    "$__loc__.line",
    "now | type",
    "env.HOME",
    ".detail.count | @json",
    "splits(\"a\")",
    "ltrimstr(1)",
    "\"abc\" | .[1:][0:1]",
    "null | .[0:2]",
    "{} | .[0]",
    "[1] | .[\"a\"]",
    "\"10\" < 9",
    "[nan] | .[0] | isnan",
    "infinite",
    "-1 | abs",
    "\"x\" | implode",
    "[65,66] | implode",
    "ascii(65)",
    "getpath([\"detail\",\"eventType\"])",
    "[leaf_paths] | length",
    ".detail | del(.eventType) | .eventType",
    ".detail | .eventType = \"set\" | .eventType",
    ".detail | .eventType |= ascii_upcase | .eventType",
    "\"2015-03-05T23:51:47Z\" | strptime(\"%Y-%m-%dT%H:%M:%SZ\") | mktime",
    "\"2026-11-02T08:15:30+02:00\" | strptime(\"%Y-%m-%dT%H:%M:%S%z\") | mktime",
    "\"2016-12-31T23:59:60Z\" | strptime(\"%Y-%m-%dT%H:%M:%SZ\") | mktime",
    "1793607330.75 | todate",
    "\"test\" | ascii_downcase | @text",
    "[1,2] | tojson",
    "{\"b\":1,\"a\":2} | keys_unsorted | .[0]",
    "{\"b\":1,\"a\":2} | tojson",
    "[\"a\",\"b\"] | .[1:] | .[0]",
    "\"aXbX\" | [match(\"X\"; \"g\").offset] | .[1]",
    "\"é\" | utf8bytelength",
    "[3,1] | sort | tojson",
    "\"a b\" | @sh",
    "isvalid(.a)",
    "[.[]?] | transpose | length",
    "tojson | fromjson | type",
];

/// What a key comes to: its text, or that there is none.
fn ours(query: &KeyQuery, record: &str) -> String {
    let mut keys = PartitionKeys::new();
    match query.evaluate(record.as_bytes(), &mut keys) {
        Ok(()) => keys.get("k").unwrap_or_default().to_owned(),
        Err(KeyError::NullOrEmpty { .. }) => "<null or empty>".to_owned(),
        Err(KeyError::NotScalar { .. }) => "<no scalar>".to_owned(),
        Err(KeyError::NotOneResult { .. }) => "<not one result>".to_owned(),
        Err(_) => "<error>".to_owned(),
    }
}

/// The same of one line of jq's: an array of all results, or of what was caught.
fn theirs(line: &str) -> String {
    // Not as a value: numbers are compared as jq spells them.
    let results: Vec<serde_json::Value> = serde_json::from_str(line).unwrap();
    if results.iter().any(|result| result == "<error>") {
        return "<error>".to_owned();
    }
    let [result] = results.as_slice() else {
        return "<not one result>".to_owned();
    };
    let spelled = line.trim_start_matches("[{\"k\":").trim_end_matches("}]");
    match &result["k"] {
        serde_json::Value::Null => "<null or empty>".to_owned(),
        serde_json::Value::String(text) if text.is_empty() => "<null or empty>".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => "<no scalar>".to_owned(),
        serde_json::Value::Bool(_) | serde_json::Value::Number(_) => spelled.to_owned(),
    }
}

/// What jq makes of each of our records; `None` when it does not take the expression.
fn run_jq(expression: &str, records: &[&str]) -> Option<Vec<String>> {
    let filter = format!("[try {{k: ({expression}\n)}} catch \"<error>\"]");
    let mut child = Command::new("jq")
        .args(["-c", &filter])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // jq may refuse the filter before it reads anything.
    drop(
        child
            .stdin
            .take()
            .unwrap()
            .write_all(records.join("\n").as_bytes()),
    );
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<String> = text.lines().map(theirs).collect();
    (lines.len() == records.len()).then_some(lines)
}

/// The jq to compare with; what is skipped, and why, is said.
#[expect(clippy::print_stderr, reason = "a test that did not run says so")]
fn jq_is_here() -> bool {
    let output = Command::new("jq").arg("--version").output().ok();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    match version {
        Some(version) if version == VERSION => return true,
        Some(version) => eprintln!("skipped: the jq here is {version}, and AWS runs {VERSION}"),
        None => eprintln!("skipped: there is no jq here; install {VERSION} to compare with it"),
    }
    false
}

#[test]
fn the_documented_jq_for_times_with_offsets_gives_what_utc_gives() {
    let page = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/partitioning.md"
    ));
    let page = page.unwrap();
    let documented = page
        .lines()
        .find(|line| line.starts_with("(.time | capture"))
        .unwrap();
    let records = [
        r#"{"time":"2026-11-02T08:15:30Z"}"#,
        r#"{"time":"2026-11-02T08:15:30.123+02:00"}"#,
        r#"{"time":"2026-11-02T00:15:30+0200"}"#,
        r#"{"time":"2026-12-31T22:00:00-05:30"}"#,
    ];
    let utc = KeyQuery::partition_keys(r#"k=.time|utc("HH")"#).unwrap();
    let expected: Vec<String> = records.iter().map(|record| ours(&utc, record)).collect();
    assert_eq!(expected, ["08", "06", "22", "03"]);
    let query = KeyQuery::metadata_extraction(&format!("{{k: {documented}}}")).unwrap();
    let here: Vec<String> = records.iter().map(|record| ours(&query, record)).collect();
    assert_eq!(here, expected);
    if jq_is_here() {
        assert_eq!(run_jq(documented, &records), Some(expected));
    }
}

#[test]
fn keys_are_those_of_jq_but_for_the_differences_that_are_documented() {
    if !jq_is_here() {
        return;
    }
    let mut differences = String::new();
    for expression in EXPRESSIONS {
        let query = KeyQuery::metadata_extraction(&format!("{{k: ({expression})}}"));
        let mut told = Vec::new();
        match (query, run_jq(expression, RECORDS)) {
            (Ok(query), Some(lines)) => {
                for (record, theirs) in RECORDS.iter().zip(lines) {
                    let ours = ours(&query, record);
                    let difference = format!("jq {theirs}, here {ours}");
                    if ours != theirs && !told.contains(&difference) {
                        told.push(difference);
                    }
                }
            }
            (Err(error), Some(_)) => told.push(format!("jq takes it, here {error}")),
            (Ok(_), None) => told.push("jq does not take it".to_owned()),
            (Err(_), None) => {}
        }
        for difference in told {
            writeln!(differences, "{expression}\n    {difference}").unwrap();
        }
    }
    insta::assert_snapshot!(differences);
}
