use hydrant_generator::{Fault, Generator, Kind};
use serde_json::Value;

use crate::{
    options,
    reader::{keys, values},
    records,
};

fn malformed(events: u64, seed: u64) -> Vec<(Fault, String)> {
    let mut generator = Generator::new(&options(events, seed, "100")).unwrap();
    let faults = records(&mut generator)
        .into_iter()
        .map(|(kind, record)| match kind {
            Kind::Malformed(fault) => (fault, record),
            Kind::Valid => panic!("a valid record among 100% malformed ones: {record}"),
        });
    faults.collect()
}

#[test]
fn the_malformed_share_is_what_was_asked_for() {
    for (percent, low, high) in [
        ("0", 0, 0),
        ("0.5", 370, 640),
        ("1%", 800, 1_200),
        ("20", 19_200, 20_800),
    ] {
        let mut generator = Generator::new(&options(40_000, 1, percent)).unwrap();
        let mut bytes = Vec::new();
        while generator.next_record(&mut bytes).is_some() {
            bytes.clear();
        }
        // About four standard deviations of a binomial draw, and a little for the records that carry two events.
        let (malformed, records) = (
            generator.ledger().malformed_records(),
            generator.ledger().total_records(),
        );
        let scaled = malformed * 100_000 / records;
        assert!(
            (low..=high).contains(&scaled),
            "{percent}: {malformed} of {records}"
        );
    }
}

#[test]
fn each_fault_comes_about_as_often_as_the_others() {
    let records = malformed(30_000, 2);
    let count = |wanted: fn(&Fault) -> bool| records.iter().filter(|(f, _)| wanted(f)).count();
    let counts = [
        count(|f| *f == Fault::ExtraBrace),
        count(|f| *f == Fault::AnalyticType),
        count(|f| *f == Fault::MissingClientId),
        count(|f| *f == Fault::PrettyPrinted),
        count(|f| matches!(f, Fault::TwoObjects { .. })),
    ];
    let fifth = records.len() / 5;
    for count in counts {
        assert!(count.abs_diff(fifth) < fifth / 12, "{counts:?}");
    }
    assert_eq!(counts.iter().sum::<usize>(), records.len());
}

#[test]
fn each_fault_is_what_it_says() {
    for (fault, record) in malformed(5_000, 3) {
        let values = values(&record);
        match fault {
            Fault::ExtraBrace => {
                assert!(serde_json::from_str::<Value>(&record).is_err(), "{record}");
                let mended = record.strip_suffix('}').unwrap();
                assert!(serde_json::from_str::<Value>(mended).is_ok(), "{record}");
                continue;
            }
            Fault::TwoObjects { .. } => {
                assert!(!record.contains('\n'));
                let pair = values.unwrap();
                assert_eq!(pair.len(), 2, "{record}");
                assert_eq!(pair[0]["resources"], pair[1]["resources"], "one client");
                for event in pair {
                    assert!(event["detail"]["eventType"].is_string());
                }
                continue;
            }
            _ => {}
        }
        let event = values.unwrap().pop().unwrap();
        assert_eq!(keys(&record).len(), 9, "an envelope: {record}");
        let (type_key, clients, lines) = match fault {
            Fault::AnalyticType => ("analyticType", 1, false),
            Fault::MissingClientId => ("eventType", 0, false),
            _ => ("eventType", 1, true),
        };
        assert!(event["detail"][type_key].is_string(), "{fault}: {record}");
        assert_eq!(
            event["detail"]
                .as_object()
                .unwrap()
                .contains_key("eventType"),
            type_key == "eventType"
        );
        assert_eq!(
            event["resources"].as_array().unwrap().len(),
            clients,
            "{fault}: {record}"
        );
        assert_eq!(record.contains('\n'), lines, "{fault}: {record}");
    }
}

#[test]
fn two_objects_agree_in_their_keys_exactly_when_the_fault_says_so() {
    let keys = |event: &Value| {
        let hour: String = event["time"].as_str().unwrap().chars().take(13).collect();
        (
            event["detail"]["eventType"].clone(),
            event["detail"]["schemaVersion"].clone(),
            hour,
        )
    };
    let (mut same, mut other) = (0, 0);
    for (fault, record) in malformed(10_000, 4) {
        let Fault::TwoObjects { same_keys } = fault else {
            continue;
        };
        let pair = values(&record).unwrap();
        assert_eq!(keys(&pair[0]) == keys(&pair[1]), same_keys, "{record}");
        *(if same_keys { &mut same } else { &mut other }) += 1;
    }
    assert!(same > 50 && other > 50, "{same} agree, {other} do not");
}
