use super::*;
use crate::prefix::{CustomTimeZone, Evaluation};
use crate::{ConfinementPolicy, PartitionKeys};
use proptest::prelude::*;
use uuid::Uuid;

const NAME: &str = "s-1-2026-07-01-10-15-02-3f2c1c8e-7a4b-4a57-9d5c-2f1f0b9a7de1.gz";

fn layout(prefix: &str) -> Layout {
    Layout::from_prefix(&Prefix::parse(prefix).unwrap())
}

fn parse(layout: &Layout, folder: &str) -> String {
    let key = format!("{folder}{NAME}");
    match layout.parse(&key) {
        Some(parsed) => format!("{:?} {}", parsed.partitions, parsed.object.is_some()),
        None => "no".to_owned(),
    }
}

#[test]
fn columns_are_named_by_hive_folders_keys_and_date_fields() {
    for (prefix, folder, expected) in [
        (
            "",
            "2026/07/01/10/",
            r#"[("year", "2026"), ("month", "07"), ("day", "01"), ("hour", "10")] true"#,
        ),
        (
            "legacy",
            "legacy2026/07/01/10/",
            r#"[("year", "2026"), ("month", "07"), ("day", "01"), ("hour", "10")] true"#,
        ),
        (
            "!{partitionKeyFromQuery:eventType}/!{partitionKeyFromQuery:schemaVersion}/",
            "shopping/1/",
            r#"[("eventType", "shopping"), ("schemaVersion", "1")] true"#,
        ),
        (
            "events/type=!{partitionKeyFromQuery:eventType}/year=!{timestamp:yyyy}/",
            "events/type=a-b/year=2026/",
            r#"[("type", "a-b"), ("year", "2026")] true"#,
        ),
        (
            "dt=!{timestamp:yyyy-MM-dd}/h!{timestamp:HH}/",
            "dt=2026-07-01/h10/",
            r#"[("dt", "2026-07-01"), ("hour", "10")] true"#,
        ),
        (
            "!{timestamp:yyyy}-!{partitionKeyFromLambda:k}_x/",
            "2026-a_b_x/",
            r#"[("year", "2026"), ("k", "a_b")] true"#,
        ),
        (
            "!{timestamp:yyyy-MM}/!{timestamp:ddHH}/!{timestamp:MM/dd}/",
            "2026-07/0110/07/01/",
            r#"[("month", "07"), ("day", "01")] true"#,
        ),
        (
            "!{partitionKeyFromLambda:k}-!{timestamp:MMMM}/",
            "a-July/",
            r#"[("k", "a")] true"#,
        ),
        (
            "!{firehose:random-string}/!{partitionKeyFromLambda:k}-",
            "046b6c7f-0b/v-",
            r#"[("k", "v")] true"#,
        ),
        ("x/!{partitionKeyFromLambda:k}", "x/v", "[] true"),
    ] {
        assert_eq!(parse(&layout(prefix), folder), expected, "{prefix}");
    }
    insta::assert_snapshot!(parse(&Layout::hive(), "events/a=1/b=x=y/raw/"), @r#"[("a", "1"), ("b", "x=y")] true"#);
    insta::assert_snapshot!(parse(&Layout::dated(), "2026/07/01/10/"), @r#"[("year", "2026"), ("month", "07"), ("day", "01"), ("hour", "10")] true"#);
    let errors =
        ErrorOutputPrefix::parse("errors/!{firehose:error-output-type}/!{timestamp:yyyy}/");
    let errors = Layout::from_error_output_prefix(&errors.unwrap());
    insta::assert_snapshot!(parse(&errors, "errors/processing-failed/2026/"), @r#"[("error_output_type", "processing-failed"), ("year", "2026")] true"#);
}

#[test]
fn keys_of_another_layout_are_not_read() {
    let layout = layout("events/type=!{partitionKeyFromQuery:t}/!{timestamp:yyyy}/");
    for folder in [
        "",
        "events/",
        "events/type=a/",
        "events/type=/2026/",
        "events/type=a/26/",
        "events/type=a/2026/x/",
        "other/type=a/2026/",
        "events/type=a/20x6/",
        "/events/type=a/2026/",
    ] {
        assert_eq!(parse(&layout, folder), "no", "{folder}");
    }
    assert_eq!(layout.parse("events/type=a/2026/"), None);
    assert_eq!(
        layout
            .parse("events/type=a/2026/part-0.json")
            .unwrap()
            .object,
        None
    );
}

#[test]
fn listing_starts_with_all_that_is_known_from_the_left() {
    let layout = layout(
        "events/eventType=!{partitionKeyFromQuery:eventType}/v!{partitionKeyFromQuery:v}/!{timestamp:yyyy/MM}/day=!{timestamp:dd}/",
    );
    assert_eq!(
        layout.columns().collect::<Vec<_>>(),
        ["eventType", "v", "year", "month", "day"]
    );
    assert_eq!(layout.literal_prefix(), "events/eventType=");
    let listing = |known: &[(&str, &'static str)]| {
        layout.listing_prefix(&|column| {
            known
                .iter()
                .find(|(name, _)| *name == column)
                .map(|(_, value)| *value)
        })
    };
    assert_eq!(listing(&[("eventType", "a")]), "events/eventType=a/v");
    assert_eq!(
        listing(&[("eventType", "a"), ("v", "1"), ("year", "2026")]),
        "events/eventType=a/v1/2026/"
    );
    assert_eq!(listing(&[("year", "2026")]), "events/eventType=");
    let all = [
        ("eventType", "a"),
        ("v", "1"),
        ("year", "2026"),
        ("month", "07"),
        ("day", "01"),
    ];
    assert_eq!(listing(&all), "events/eventType=a/v1/2026/07/day=01/");
    assert_eq!(Layout::hive().literal_prefix(), "");
}

proptest! {
    #[test]
    fn what_a_prefix_writes_its_layout_reads(
        a in "[a-zA-Z0-9 é_.%-]{1,12}",
        b in "[a-zA-Z0-9é_.-]{1,12}",
        seconds in 0..250_000_000_000_i64,
        id in any::<u128>(),
        prefix in prop::sample::select(vec![
            "!{partitionKeyFromQuery:a}/!{partitionKeyFromLambda:b}/",
            "events/a=!{partitionKeyFromQuery:a}/b=!{partitionKeyFromLambda:b}/year=!{timestamp:yyyy}/hour=!{timestamp:HH}/",
            "x-!{partitionKeyFromQuery:a}=!{partitionKeyFromLambda:b}/!{timestamp:yyyy/MM/dd/HH}/",
            "!{firehose:random-string}-!{partitionKeyFromQuery:a}/!{timestamp:EEEE d MMMM}/pre!{partitionKeyFromLambda:b}-!{timestamp:yyyyMMdd}/z-",
        ]),
    ) {
        let prefix = Prefix::parse(prefix).unwrap();
        let query = [("a", &a)].into_iter().collect();
        let lambda = [("b", &b)].into_iter().collect::<PartitionKeys>();
        let partition = prefix.partition(&query, &lambda, ConfinementPolicy::Fail);
        prop_assume!(partition.is_ok());
        let zone = CustomTimeZone::utc();
        let instant = jiff::Timestamp::from_second(seconds).unwrap();
        let mut random = || crate::random_string(Uuid::from_u128(id));
        let mut evaluation = Evaluation { instant, zone: &zone, random: &mut random };
        let text = prefix.evaluate(&partition.unwrap(), &mut evaluation).unwrap();
        let name = ObjectName::new("my-stream", 3, instant, &zone, Uuid::from_u128(id), ".gz");
        let key = name.format(&text);
        let layout = Layout::from_prefix(&prefix);
        let parsed = layout.parse(&key).unwrap();
        let value = |column| parsed.partitions.iter().find(|(c, _)| *c == column).map(|(_, v)| *v);
        prop_assert_eq!(value("a"), Some(a.as_str()), "{}", key);
        prop_assert_eq!(value("b"), Some(b.as_str()), "{}", key);
        prop_assert!(layout.columns().eq(parsed.partitions.iter().map(|(column, _)| *column)));
        prop_assert_eq!(parsed.object.as_ref(), Some(&name));
        // A listing from any known columns finds the object.
        for known in 0..=parsed.partitions.len() {
            let known = &parsed.partitions[..known];
            let listing = layout.listing_prefix(&|column| {
                known.iter().find(|(c, _)| *c == column).map(|(_, v)| *v)
            });
            prop_assert!(key.starts_with(&listing), "{} lists {}", listing, key);
        }
    }

    #[test]
    fn no_key_makes_parsing_panic(key in "[a-z0-9=/é-]{0,60}", prefix in "[a-z=/-]{0,4}") {
        drop(Layout::hive().parse(&key));
        drop(Layout::dated().parse(&key));
        let text = format!("{prefix}!{{partitionKeyFromQuery:a}}{prefix}!{{timestamp:yyyyMMMM}}{prefix}");
        drop(layout(&text).parse(&key));
    }
}
