//! A Firehose transform event and its answer.

use hydrant_partitioner::KeyQuery;
use hydrant_records::TransformEvent;
use hydrant_transformer::{Options, Transformer};

fn event(records: &[&str]) -> TransformEvent {
    let text = r#"{"invocationId":"i","deliveryStreamArn":"a","region":"eu-west-1","records":[]}"#;
    let mut event: TransformEvent = serde_json::from_str(text).unwrap();
    event.records = records
        .iter()
        .enumerate()
        .map(|(number, record)| hydrant_records::TransformRecord {
            record_id: format!("r{number}"),
            approximate_arrival_timestamp: 1_793_607_330_000,
            data: record.as_bytes().to_vec().into(),
            kinesis_record_metadata: None,
        })
        .collect();
    event
}

#[test]
fn every_record_is_answered_once_and_a_bad_one_costs_its_neighbours_nothing() {
    let good = r#"{"resources":["c"],"detail":{"a":1}}"#;
    let again = r#"{"resources":[],"detail":{"clientId":"c"}}"#;
    let records = [good, "{", again, "", r#"{"resources":[""]}"#, "{", good];
    let (answer, summary) = Transformer::default().transform_batch(event(&records));
    let told: Vec<_> = answer
        .records
        .iter()
        .map(|record| {
            let data = record
                .data
                .as_ref()
                .map(|data| str::from_utf8(data).unwrap());
            assert_eq!(record.metadata, None);
            format!("{} {:?} {data:?}", record.record_id, record.result)
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    r0 Ok Some("{\"resources\":[],\"detail\":{\"a\":1,\"clientId\":\"c\"}}\n")
    r1 ProcessingFailed None
    r2 Ok Some("{\"resources\":[],\"detail\":{\"clientId\":\"c\"}}\n")
    r3 ProcessingFailed None
    r4 Ok Some("{\"resources\":[\"\"]}\n")
    r5 ProcessingFailed None
    r6 Ok Some("{\"resources\":[],\"detail\":{\"a\":1,\"clientId\":\"c\"}}\n")
    "#);
    assert_eq!(summary.ok, 4);
    assert_eq!(summary.counts.found, 2);
    assert_eq!(summary.counts.already_moved, 1);
    assert_eq!(summary.counts.missing, 1);
    assert_eq!(summary.bytes_in, records.concat().len());
    let data = answer.records.iter().flat_map(|record| &record.data);
    assert_eq!(
        summary.bytes_out,
        data.map(bytes::Bytes::len).sum::<usize>()
    );
    insta::assert_snapshot!(format!("{:?}", summary.reasons()), @r#"{"empty": 1, "invalid-json": 2}"#);
    let refused: Vec<_> = summary
        .refusals
        .iter()
        .map(|refused| format!("{}: {}", refused.record_id, refused.refusal))
        .collect();
    insta::assert_snapshot!(refused.join("\n"), @r#"
    r1: invalid JSON: the text ends inside a value at byte 1
    r3: the record is empty
    r5: invalid JSON: the text ends inside a value at byte 1
    "#);
}

#[test]
fn the_answer_carries_partition_keys_when_they_are_configured() {
    let query = "{eventType:.detail.eventType,schemaVersion:.detail.schemaVersion}";
    let query = KeyQuery::metadata_extraction(query).unwrap();
    let options = Options {
        partition_keys: Some(query),
        ..Options::default()
    };
    let (answer, _) = Transformer::new(options).transform_batch(event(&[
        r#"{"resources":["c"],"detail":{"eventType":"paging","schemaVersion":"2"}}"#,
        r#"{"resources":["c"],"detail":{}}"#,
    ]));
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer).unwrap(), @r#"
    {
      "records": [
        {
          "recordId": "r0",
          "result": "Ok",
          "data": "eyJyZXNvdXJjZXMiOltdLCJkZXRhaWwiOnsiZXZlbnRUeXBlIjoicGFnaW5nIiwic2NoZW1hVmVyc2lvbiI6IjIiLCJjbGllbnRJZCI6ImMifX0K",
          "metadata": {
            "partitionKeys": {
              "eventType": "paging",
              "schemaVersion": "2"
            }
          }
        },
        {
          "recordId": "r1",
          "result": "ProcessingFailed"
        }
      ]
    }
    "#);
}

#[test]
fn an_empty_batch_has_an_empty_answer() {
    let (answer, summary) = Transformer::default().transform_batch(event(&[]));
    assert!(answer.records.is_empty());
    assert_eq!(summary, hydrant_transformer::BatchSummary::new(0));
}
