//! Nothing lost, nothing invented, order within a partition kept: whatever the records are.

use std::collections::{BTreeMap, BTreeSet};

use hydrant_delivery::DeliveryError;
use hydrant_lake::Lake;
use hydrant_records::ErrorRecord;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{ARN, deliver, gunzip, stream};

/// What a record does, as the model sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Deliver { kind: u8, part: u8 },
    Drop,
    Fail,
    Lose,
    NoKind,
    NoPart,
    NotJson,
    Escape,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => (0_u8..3, 0_u8..4).prop_map(|(kind, part)| Fate::Deliver { kind, part }),
        1 => prop::sample::select(vec![
            Fate::Drop, Fate::Fail, Fate::Lose, Fate::NoKind, Fate::NoPart, Fate::NotJson, Fate::Escape,
        ]),
    ]
}

fn record(index: usize, fate: Fate) -> String {
    let record = match fate {
        Fate::Deliver { kind, part } => {
            json!({ "n": index, "kind": format!("k{kind}"), "part": part })
        }
        Fate::Drop => json!({ "n": index, "do": "drop" }),
        Fate::Fail => json!({ "n": index, "do": "fail" }),
        Fate::Lose => json!({ "n": index, "do": "lose" }),
        Fate::NoKind => json!({ "n": index, "part": 1 }),
        Fate::NoPart => json!({ "n": index, "kind": "k" }),
        Fate::Escape => json!({ "n": index, "kind": "../../up", "part": 1 }),
        Fate::NotJson => return format!("{{\"n\":{index}"),
    };
    record.to_string()
}

fn expected_code(fate: Fate) -> Option<&'static str> {
    match fate {
        Fate::Deliver { .. } | Fate::Drop => None,
        Fate::Fail => Some("Lambda.ProcessingFailedStatus"),
        Fate::Lose => Some("Lambda.MissingRecordId"),
        Fate::NoKind | Fate::NoPart | Fate::NotJson | Fate::Escape => {
            Some("DynamicPartitioning.MetadataExtractionFailed")
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_record_ends_in_one_place_whole_and_in_order(
        fates in prop::collection::vec(fate(), 0..300),
        buffer_memory in prop::sample::select(vec![0, 500, 1 << 20]),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let records: Vec<String> =
            fates.iter().enumerate().map(|(index, fate)| record(index, *fate)).collect();
        let account = runtime.block_on(async {
            let lake = Lake::open(directory.path().to_str().unwrap(), true).await.unwrap();
            deliver(stream(|_| {}), &lake, &records, buffer_memory).await.unwrap()
        });
        let files = hydrant_testing::files(directory.path()).unwrap();

        // Delivered records lie under the folder of their keys, one a line, as they were put.
        let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, object) in files.iter().filter(|(name, _)| name.starts_with("data/")) {
            let (folder, _) = name.rsplit_once('/').unwrap();
            let text = String::from_utf8(gunzip(object)).unwrap();
            prop_assert!(text.ends_with('\n'));
            lines.entry(folder.to_owned()).or_default().extend(text.lines().map(str::to_owned));
        }
        let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (fate, record) in fates.iter().zip(&records) {
            if let Fate::Deliver { kind, part } = fate {
                expected.entry(format!("data/kind=k{kind}/part={part}")).or_default().push(record.clone());
            }
        }
        if buffer_memory == 1 << 20 {
            // One object a partition: the order of lines is the order of records.
            prop_assert_eq!(&lines, &expected);
        }
        lines.values_mut().for_each(|lines| lines.sort());
        expected.values_mut().for_each(|lines| lines.sort());
        prop_assert_eq!(&lines, &expected);

        // Refused ones lie in the error output with their source bytes and their reason.
        let mut refused = BTreeSet::new();
        for (_, object) in files.iter().filter(|(name, _)| name.starts_with("errors/")) {
            for line in object.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let error: ErrorRecord = serde_json::from_slice(line).unwrap();
                let by_lambda = error.error_code.starts_with("Lambda.");
                prop_assert_eq!(error.lambda_arn.as_deref(), by_lambda.then_some(ARN));
                prop_assert!(refused.insert((error.raw_data.to_vec(), error.error_code)));
            }
        }
        let expected: BTreeSet<_> = fates
            .iter()
            .zip(&records)
            .filter_map(|(fate, record)| Some((record.clone().into_bytes(), expected_code(*fate)?.to_owned())))
            .collect();
        prop_assert_eq!(&refused, &expected);

        // And the account says the same.
        prop_assert_eq!(account.accepted, records.len() as u64);
        prop_assert_eq!(account.in_flight(), 0);
        prop_assert_eq!(account.refused_total(), refused.len() as u64);
        prop_assert_eq!(account.delivered, lines.values().map(Vec::len).sum::<usize>() as u64);
        prop_assert_eq!(account.dropped, fates.iter().filter(|fate| **fate == Fate::Drop).count() as u64);
    }
}

async fn lake() -> (tempfile::TempDir, Lake) {
    let directory = tempfile::tempdir().unwrap();
    let lake = Lake::open(directory.path().to_str().unwrap(), true)
        .await
        .unwrap();
    (directory, lake)
}

fn valid(count: usize) -> Vec<String> {
    (0..count)
        .map(|index| record(index, Fate::Deliver { kind: 0, part: 0 }))
        .collect()
}

#[tokio::test]
async fn a_function_that_keeps_failing_costs_its_batch_and_no_other() {
    let (directory, lake) = lake().await;
    // More than a batch of 0.2 MiB before and after the one that crashes.
    let mut records = valid(20_000);
    records.insert(10_000, json!({ "n": "crash", "do": "crash" }).to_string());
    let account = deliver(stream(|_| {}), &lake, &records, 1 << 30)
        .await
        .unwrap();
    assert_eq!(account.in_flight(), 0);
    let refused = account.refused["Lambda.FunctionError"];
    assert!(refused > 1 && refused < 10_000, "{refused}");
    let files = hydrant_testing::files(directory.path()).unwrap();
    let errors = files
        .iter()
        .find(|(name, _)| name.starts_with("errors/processing-failed/"))
        .unwrap();
    let first: Value =
        serde_json::from_slice(errors.1.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    assert_eq!(first["attemptsMade"], 4, "three retries are the default");
}

#[tokio::test]
async fn the_same_seed_and_instant_give_the_same_lake() {
    let mut lakes = Vec::new();
    for _ in 0..2 {
        let (directory, lake) = lake().await;
        let records: Vec<String> = (0..500)
            .map(|index| {
                record(
                    index,
                    Fate::Deliver {
                        kind: 0,
                        part: u8::try_from(index % 7).unwrap(),
                    },
                )
            })
            .collect();
        deliver(stream(|_| {}), &lake, &records, 2_000)
            .await
            .unwrap();
        lakes.push(hydrant_testing::files(directory.path()).unwrap());
    }
    assert_eq!(lakes[0].len(), 7);
    assert_eq!(lakes[0], lakes[1]);
    insta::assert_snapshot!(lakes[0][0].0, @"data/kind=k0/part=0/s-1-2026-11-22-10-20-30-71430c07-b2bd-467b-a349-10f15efac393.gz");
}

#[tokio::test]
async fn aggregated_records_are_split_before_the_function_sees_them() {
    let (directory, lake) = lake().await;
    let deaggregate = |destination: &mut Value| {
        let processors = &mut destination["ProcessingConfiguration"]["Processors"];
        processors.as_array_mut().unwrap().push(json!({
            "Type": "RecordDeAggregation",
            "Parameters": [{ "ParameterName": "SubRecordType", "ParameterValue": "JSON" }],
        }));
    };
    let two = format!("{}{}", valid(1)[0], record(1, Fate::Drop));
    let account = deliver(stream(deaggregate), &lake, &[two], 1 << 20)
        .await
        .unwrap();
    assert_eq!(
        (
            account.put,
            account.accepted,
            account.delivered,
            account.dropped
        ),
        (1, 2, 1, 1)
    );
    assert_eq!(hydrant_testing::files(directory.path()).unwrap().len(), 1);
}

#[tokio::test]
async fn without_a_function_records_are_concatenated_verbatim_or_delimited() {
    for (append, expected) in [
        (false, "{\"a\":1}{\"a\":2}"),
        (true, "{\"a\":1}\n{\"a\":2}\n"),
    ] {
        let (directory, lake) = lake().await;
        let plain = |destination: &mut Value| {
            let processors = if append {
                json!([{ "Type": "AppendDelimiterToRecord" }])
            } else {
                json!([])
            };
            destination["ProcessingConfiguration"] =
                json!({ "Enabled": append, "Processors": processors });
            destination["DynamicPartitioningConfiguration"] = json!({ "Enabled": false });
            destination["Prefix"] = "plain/".into();
            destination["CompressionFormat"] = "UNCOMPRESSED".into();
        };
        let records = ["{\"a\":1}".to_owned(), "{\"a\":2}".to_owned()];
        deliver(stream(plain), &lake, &records, 1 << 20)
            .await
            .unwrap();
        let files = hydrant_testing::files(directory.path()).unwrap();
        assert!(
            files[0]
                .0
                .starts_with("plain/2026/11/22/10/s-1-2026-11-22-10-20-30-"),
            "{}",
            files[0].0
        );
        assert_eq!(String::from_utf8_lossy(&files[0].1), expected);
    }
}

#[tokio::test]
async fn a_record_over_the_limit_is_refused_at_the_door_and_the_next_one_is_not() {
    let (_directory, lake) = lake().await;
    let function: Option<std::sync::Arc<dyn hydrant_delivery::Transform>> =
        Some(std::sync::Arc::new(crate::support::Scripted));
    let mut delivery = hydrant_delivery::Delivery::new(
        stream(|_| {}),
        lake,
        function,
        crate::support::settings(1 << 20),
    )
    .unwrap();
    let refused = delivery
        .put(vec![b' '; 1_024_001].into())
        .await
        .unwrap_err();
    assert!(
        matches!(refused, DeliveryError::TooLarge { bytes: 1_024_001 }),
        "{refused}"
    );
    delivery.put(valid(1).remove(0).into()).await.unwrap();
    let account = delivery.finish().await.unwrap();
    assert_eq!((account.accepted, account.delivered), (1, 1));
}

#[tokio::test]
async fn a_stream_with_a_lambda_needs_a_function() {
    let (_directory, lake) = lake().await;
    let refused =
        hydrant_delivery::Delivery::new(stream(|_| {}), lake, None, crate::support::settings(0))
            .unwrap_err();
    assert!(refused.to_string().contains(ARN), "{refused}");
}
