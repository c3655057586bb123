use super::*;
use crate::KeyQuery;
use proptest::prelude::*;

const INSTANT: &str = "2026-07-01T10:15:02Z";

fn evaluate(prefix: &str, keys: &[(&str, &str)], zone: &str) -> String {
    let keys: PartitionKeys = keys.iter().copied().collect();
    let prefix = Prefix::parse(prefix).unwrap();
    let partition = prefix
        .partition(&keys, &keys, ConfinementPolicy::Fail)
        .unwrap();
    with_evaluation(zone, |evaluation| {
        prefix.evaluate(&partition, evaluation).unwrap()
    })
}

fn with_evaluation(zone: &str, run: impl FnOnce(&mut Evaluation<'_>) -> String) -> String {
    let zone = CustomTimeZone::parse(zone).unwrap();
    let mut drawn = 0_u128;
    let mut random = || {
        drawn += 1;
        random_string(Uuid::from_u128(drawn << 96))
    };
    let instant = INSTANT.parse().unwrap();
    run(&mut Evaluation {
        instant,
        zone: &zone,
        random: &mut random,
    })
}

fn error_output(prefix: Option<&str>, error_output_prefix: Option<&str>) -> String {
    let prefix = ErrorOutputPrefix::of_stream(prefix, error_output_prefix).unwrap();
    with_evaluation("", |evaluation| {
        prefix.evaluate("processing-failed", evaluation).unwrap()
    })
}

#[test]
fn a_date_is_appended_to_a_prefix_without_expressions() {
    for (prefix, expected) in [
        ("", "2026/07/01/10/"),
        ("legacy/", "legacy/2026/07/01/10/"),
        ("legacy", "legacy2026/07/01/10/"),
        (
            "data/year=!{timestamp:yyyy}/month=!{timestamp:MM}/",
            "data/year=2026/month=07/",
        ),
        ("!{timestamp:yyyy/MM/dd/HH}/", "2026/07/01/10/"),
        (
            "r-!{firehose:random-string}/!{firehose:random-string}/",
            "r-00000001-00/00000002-00/",
        ),
    ] {
        assert_eq!(evaluate(prefix, &[], ""), expected, "{prefix}");
    }
    assert_eq!(evaluate("", &[], "Asia/Tokyo"), "2026/07/01/19/");
}

#[test]
fn partition_keys_of_both_namespaces_stand_where_the_prefix_has_them() {
    let keys = [
        ("customer_id", "42"),
        ("eventType", "orderplaced"),
        ("schemaVersion", "1"),
    ];
    for (prefix, expected) in [
        (
            "customer_id=!{partitionKeyFromQuery:customer_id}/dt=!{timestamp:yyyy-MM-dd}/",
            "customer_id=42/dt=2026-07-01/",
        ),
        (
            "!{partitionKeyFromQuery:eventType}/!{partitionKeyFromQuery:schemaVersion}/",
            "orderplaced/1/",
        ),
        (
            "!{partitionKeyFromLambda:eventType}/!{partitionKeyFromQuery:eventType}/!{partitionKeyFromLambda:eventType}",
            "orderplaced/orderplaced/orderplaced",
        ),
    ] {
        assert_eq!(evaluate(prefix, &keys, ""), expected, "{prefix}");
    }
}

#[test]
fn errors_lie_under_their_own_prefix_or_under_that_of_the_records() {
    for (prefix, error_output_prefix, expected) in [
        (
            None,
            Some("err/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/"),
            "err/processing-failed/2026/07/01/",
        ),
        (
            None,
            Some("myFirehoseFailures/!{firehose:error-output-type}/"),
            "myFirehoseFailures/processing-failed/",
        ),
        (None, None, "processing-failed/2026/07/01/10/"),
        (
            Some("legacy/"),
            Some(""),
            "legacy/processing-failed/2026/07/01/10/",
        ),
        (Some("x/!{timestamp:yyyy}/"), Some("error/"), "error/"),
    ] {
        assert_eq!(error_output(prefix, error_output_prefix), expected);
    }
}

fn messages(prefix: &str, error_output_prefix: &str, dynamic: bool, query: Option<&str>) -> String {
    let query = query.map(|query| KeyQuery::metadata_extraction(query).unwrap());
    let violations = validate(
        Some(prefix),
        Some(error_output_prefix),
        dynamic,
        query.as_ref(),
        false,
    );
    let lines = violations.iter().map(|violation| {
        let aws = violation
            .aws_message()
            .unwrap_or_else(|| "(not from AWS)".to_owned());
        format!("{aws}\n  {violation}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

const ERRORS: &str = "e/!{firehose:error-output-type}/";

#[test]
fn aws_texts_of_expressions() {
    insta::assert_snapshot!(messages("a/!{timestamp:yyyy/", ERRORS, false, None), @r"
    Ths supplied prefix(es) do not satisfy the following constraint: Invalid expression usage
      Prefix at byte 2: an expression is !{namespace:value}; this one is not closed, or lacks one of its sides; write !{timestamp:yyyy}, !{firehose:random-string} or !{partitionKeyFromQuery:name}
    ");
    insta::assert_snapshot!(messages("a/!{yyyy}/", ERRORS, false, None), @r"
    Ths supplied prefix(es) do not satisfy the following constraint: Invalid expression usage
      Prefix at byte 2: an expression is !{namespace:value}; this one is not closed, or lacks one of its sides; write !{timestamp:yyyy}, !{firehose:random-string} or !{partitionKeyFromQuery:name}
    ");
    insta::assert_snapshot!(messages("!{time:yyyy}/", ERRORS, false, None), @r#"
    Ths supplied prefix(es) do not satisfy the following constraint: Namespace to the left of colon (time) is an invalid keyword!
      Prefix at byte 0: there is no namespace "time"; use timestamp, firehose, partitionKeyFromQuery or partitionKeyFromLambda
    "#);
    insta::assert_snapshot!(messages("!{timestamp:YYYY-bb}/", ERRORS, false, None), @r#"
    Ths supplied prefix(es) do not satisfy the following constraint: Invalid conversion character used in the value of the expression in Prefix
      Prefix at byte 0: "bb" means nothing in a Java date pattern; use the letters of Java's DateTimeFormatter, and put other text in single quotes or outside the expression
    "#);
    insta::assert_snapshot!(messages("", "!{firehose:error-output-type}/!{timestamp:T}/", false, None), @r#"
    Ths supplied prefix(es) do not satisfy the following constraint: Invalid conversion character used in the value of the expression in ErrorOutputPrefix
      ErrorOutputPrefix at byte 30: "T" means nothing in a Java date pattern; use the letters of Java's DateTimeFormatter, and put other text in single quotes or outside the expression
    "#);
    insta::assert_snapshot!(messages("!{timestamp:B}/", ERRORS, false, None), @r#"
    (not from AWS)
      Prefix at byte 0: AWS accepts the date pattern "B"; this toolkit cannot render it; use yyyy, MM, dd, HH and the other numeric fields
    "#);
    insta::assert_snapshot!(messages("a/!{timestamp:yyyy}/", "", false, None), @r"
    Ths supplied prefix(es) do not satisfy the following constraint: ErrorOutputPrefix cannot be null or empty when Prefix contains expressions
      ErrorOutputPrefix: a Prefix with expressions needs an ErrorOutputPrefix of its own; set ErrorOutputPrefix, for example to errors/!{firehose:error-output-type}/
    ");
    insta::assert_snapshot!(messages("", "e/!{timestamp:yyyy}/", false, None), @r"
    Ths supplied prefix(es) do not satisfy the following constraint: ErrorOutputPrefix must contain at least one occurrence of !{firehose:error-output-type}
      ErrorOutputPrefix: an ErrorOutputPrefix with expressions has to keep the kinds of errors apart; add !{firehose:error-output-type}
    ");
    insta::assert_snapshot!(messages("a/!{firehose:error-output-type}/", ERRORS, false, None), @r"
    Ths supplied prefix(es) do not satisfy the following constraint: Prefix must not contain any occurrence of !{firehose:error-output-type}
      Prefix at byte 2: delivered records have no error type; move !{firehose:error-output-type} to ErrorOutputPrefix
    ");
    insta::assert_snapshot!(messages(&"a".repeat(512), ERRORS, false, None), @r"
    Ths supplied prefix(es) do not satisfy the following constraint: Length of evaluated prefix cannot be greater than 512
      Prefix: the prefix is longer than 512 characters once evaluated; shorten it
    ");
    insta::assert_snapshot!(messages("", &format!("{}!{{firehose:error-output-type}}", "a".repeat(500)), false, None), @r"
    Ths supplied prefix(es) do not satisfy the following constraint: Length of evaluated ErrorOutputPrefix cannot be greater than 512
      ErrorOutputPrefix: the prefix is longer than 512 characters once evaluated; shorten it
    ");
    insta::assert_snapshot!(messages(&"a".repeat(1025), ERRORS, false, None), @r"
    1 validation error detected: Value at 'extendedS3DestinationConfiguration.prefix' failed to satisfy constraint: Member must have length less than or equal to 1024
      Prefix: the Prefix is longer than 1024 characters; shorten it
    ");
}

#[test]
fn aws_texts_of_dynamic_partitioning() {
    let keyed = "!{partitionKeyFromQuery:a}/";
    insta::assert_snapshot!(messages("plain/", ERRORS, true, None), @r"
    S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled
      Prefix: dynamic partitioning is on, and the Prefix has no partition key to partition by; add !{partitionKeyFromQuery:name} or !{partitionKeyFromLambda:name}, or create the stream without dynamic partitioning
    ");
    insta::assert_snapshot!(messages(keyed, ERRORS, false, None), @r"
    Dynamic Partitioning Namespaces can only be part of a prefix expression when Dynamic Partitioning is enabled.
      Prefix at byte 0: the Prefix has a partition key, and dynamic partitioning is off; enable DynamicPartitioningConfiguration, which is possible only when the stream is created
    ");
    insta::assert_snapshot!(messages(keyed, "!{partitionKeyFromQuery:a}/!{firehose:error-output-type}", true, Some("{a: .a}")), @r"
    Dynamic Partitioning Namespaces can't be part of an error prefix expression
      ErrorOutputPrefix at byte 0: a record in the error output may have no partition keys; remove the partition key from ErrorOutputPrefix
    ");
    insta::assert_snapshot!(messages(keyed, ERRORS, true, Some("{a: .a, b: .b}")), @r#"
    MetaDataExtraction JQ Query can't contain keys that are not present in the S3 Prefix expression
      MetadataExtractionQuery: the query gives the key "b", which the Prefix does not use; add !{partitionKeyFromQuery:b} to the Prefix, or drop b from the query
    "#);
    insta::assert_snapshot!(messages(keyed, ERRORS, true, Some("{b: .b}")), @r#"
    (not from AWS)
      Prefix at byte 0: the Prefix uses the key "a", which the query does not give; add a to the MetadataExtractionQuery, as in {a: .detail.a}
    MetaDataExtraction JQ Query can't contain keys that are not present in the S3 Prefix expression
      MetadataExtractionQuery: the query gives the key "b", which the Prefix does not use; add !{partitionKeyFromQuery:b} to the Prefix, or drop b from the query
    "#);
    insta::assert_snapshot!(messages("!{partitionKeyFromLambda:a}/", ERRORS, true, None), @r#"
    (not from AWS)
      Prefix at byte 0: the Prefix takes the key "a" from a Lambda function, and the stream has none; add a Lambda processor that returns metadata.partitionKeys.a, or use !{partitionKeyFromQuery:a}
    "#);
}

#[test]
fn what_aws_accepts_has_no_violations() {
    assert_eq!(messages("a/!{timestamp:yyyy}/", "error/", false, None), "");
    assert_eq!(messages("", "", false, None), "");
    assert_eq!(messages("a!b}{/", "", false, None), "");
    let sample = "!{partitionKeyFromQuery:eventType}/!{partitionKeyFromQuery:schemaVersion}/";
    let query = "{eventType:.detail.eventType,schemaVersion:.detail.schemaVersion}";
    assert_eq!(messages(sample, "error/", true, Some(query)), "");
    let both = "!{partitionKeyFromQuery:a}/!{partitionKeyFromLambda:b}/";
    let query = KeyQuery::metadata_extraction("{a: .a}").unwrap();
    assert_eq!(
        validate(Some(both), Some(ERRORS), true, Some(&query), true),
        []
    );
}

#[test]
fn records_share_a_buffer_exactly_when_their_keys_are_equal() {
    let prefix = Prefix::parse("!{partitionKeyFromQuery:a}!{partitionKeyFromQuery:b}/").unwrap();
    let none = PartitionKeys::new();
    let partition = |a, b| {
        let keys = [("b", b), ("a", a), ("unused", "x")].into_iter().collect();
        prefix.partition(&keys, &none, ConfinementPolicy::Fail)
    };
    assert_eq!(partition("x", "yz"), partition("x", "yz"));
    assert_ne!(partition("x", "yz"), partition("xy", "z"));
    assert_eq!(
        partition("x", "yz").unwrap().values().collect::<Vec<_>>(),
        ["x", "yz"]
    );
    let error = prefix
        .partition(&none, &none, ConfinementPolicy::Fail)
        .unwrap_err();
    assert_eq!(
        error.message(),
        "partitionKeys values must not be null or empty"
    );
    assert_eq!(
        (error.key(), error.code()),
        (Some("a"), "DynamicPartitioning.MetadataExtractionFailed")
    );
    let error = partition("..", "x").unwrap_err();
    insta::assert_snapshot!(error.message(), @r#"partition key "a" cannot be a folder: it holds the folder '.' or '..'"#);
}

#[test]
fn a_prefix_that_would_grow_too_long_is_refused_before_the_record_is_buffered() {
    let prefix = Prefix::parse("x=!{partitionKeyFromQuery:a}/!{timestamp:yyyy}/").unwrap();
    let none = PartitionKeys::new();
    let partition = |value: String| {
        let keys = [("a", value)].into_iter().collect();
        prefix.partition(&keys, &none, ConfinementPolicy::Fail)
    };
    // Folders of 50 bytes.
    let folders = |bytes: usize| {
        let text = format!("{}/", "a".repeat(49)).repeat(20);
        text.chars().take(bytes).collect::<String>()
    };
    let fixed = "x=/2026/".len();
    assert!(partition(folders(512 - fixed)).is_ok());
    assert_eq!(partition(folders(513 - fixed)), Err(KeyError::TooLong));
    assert!(partition("é/".repeat(200) + "é").is_ok());
    assert_eq!(partition("😀/".repeat(250) + "a"), Err(KeyError::TooLong));
    assert!(partition("a".repeat(255 - "x=".len())).is_ok());
    let long = partition("a".repeat(256 - "x=".len())).unwrap_err();
    assert_eq!(long, KeyError::FolderTooLong { bytes: 256 });
    insta::assert_snapshot!(long, @"the partition keys make the name of a folder 256 bytes long; file systems take 255");
    let before_the_name = Prefix::parse("!{partitionKeyFromQuery:a}-").unwrap();
    let fits = |bytes: usize| {
        let keys = [("a", "a".repeat(bytes))].into_iter().collect();
        before_the_name
            .partition(&keys, &none, ConfinementPolicy::Fail)
            .is_ok()
    };
    assert!(fits(255 - 132 - 1) && !fits(255 - 132));
}

#[test]
fn the_partition_of_another_prefix_is_refused() {
    let prefix = Prefix::parse("!{partitionKeyFromQuery:a}/").unwrap();
    let result = with_evaluation("", |evaluation| {
        prefix
            .evaluate(&Partition::new(), evaluation)
            .unwrap_err()
            .to_string()
    });
    insta::assert_snapshot!(result, @"the partition has no value for partitionKeyFromQuery:a; it belongs to another prefix");
}

proptest! {
    #[test]
    fn no_prefix_makes_parsing_panic(
        pieces in prop::collection::vec(prop_oneof![
            prop::sample::select(vec![
                "!{", "}", "!", ":", "/", "timestamp", "firehose", "random-string", "yyyy", "'",
                "error-output-type", "partitionKeyFromQuery", "é",
            ]).prop_map(str::to_owned),
            "\\PC{0,3}",
        ], 0..10),
    ) {
        let text = pieces.concat();
        drop(Prefix::parse(&text));
        drop(ErrorOutputPrefix::parse(&text));
        for violation in validate(Some(&text), Some(&text), true, None, false) {
            let at_expression = violation.offset.is_none_or(|at| text.split_at(at).1.starts_with("!{"));
            prop_assert!(at_expression, "{:?}", violation);
        }
    }

    #[test]
    fn evaluated_prefixes_never_leave_the_literal_part(value in "[a./\\\\\n%2Ee]{1,6}") {
        let prefix = Prefix::parse("root/k=!{partitionKeyFromQuery:k}/!{partitionKeyFromQuery:k}/").unwrap();
        let keys = [("k", &value)].into_iter().collect();
        for policy in [ConfinementPolicy::Fail, ConfinementPolicy::Encode] {
            if let Ok(partition) = prefix.partition(&keys, &PartitionKeys::new(), policy) {
                let text = with_evaluation("", |e| prefix.evaluate(&partition, e).unwrap());
                prop_assert!(text.starts_with("root/k=") && text.ends_with('/'));
                let folders = text.trim_end_matches('/').split('/');
                prop_assert!(folders.clone().all(|f| !matches!(f, "" | "." | "..")), "{}", text);
                prop_assert_eq!(partition.values().count(), 1);
            } else {
                prop_assert_eq!(policy, ConfinementPolicy::Fail);
            }
        }
    }
}
