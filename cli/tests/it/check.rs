//! `hydrant check`.

use serde_json::Value;

use crate::support::{Place, example};

#[test]
fn findings_are_a_screen_and_a_status() {
    let place = Place::new();
    let definition = std::fs::read_to_string(example("check/refused-stream.json")).unwrap();
    place.file("s.json", definition);
    place.file(
        "clean.json",
        std::fs::read_to_string(example("stream.json")).unwrap(),
    );
    insta::assert_snapshot!(
        "check_refused",
        place.run(&["check", "--stream", "s.json"]).screen()
    );
    insta::assert_snapshot!(
        "check_clean",
        place.run(&["check", "--stream", "clean.json"]).screen()
    );
    insta::assert_snapshot!("check_help", place.run(&["check", "--help"]).ok());
}

#[test]
fn warnings_fail_only_when_they_are_to() {
    let place = Place::new();
    let template = example("check/aws-sample-template.yaml");
    let status = |more: &[&str]| {
        let arguments = [&["check", "-t", template.as_str()], more].concat();
        place.run(&arguments).status
    };
    assert_eq!((status(&[]), status(&["--strict"])), (0, 1));
    assert_eq!(
        status(&["--parameter", "Nobody=1"]),
        1,
        "there is no such parameter"
    );
    assert_eq!(status(&["--parameter", "Environment=test"]), 0);
    assert_eq!(status(&["--parameter", "Environment"]), 2);
    assert_eq!(place.run(&["check"]).status, 2);
    assert_eq!(place.run(&["check", "--stream", "missing.json"]).status, 1);
}

#[test]
fn programs_get_one_object_for_all_files() {
    let place = Place::new();
    let (stream, template) = (
        example("stream.json"),
        example("check/aws-sample-template.yaml"),
    );
    let ran = place.run(&[
        "check", "--stream", &stream, "-t", &template, "--format", "json",
    ]);
    let answer: Value = serde_json::from_str(&ran.ok()).unwrap();
    assert_eq!(
        (&answer["version"], &answer["errors"]),
        (&1.into(), &0.into())
    );
    let files = answer["files"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    assert_eq!(files[1]["warnings"], answer["warnings"]);
    assert!(
        files[1]["diagnostics"][0]["place"]["line"]
            .as_u64()
            .unwrap()
            > 1
    );
    let piped = std::fs::read(&template).unwrap();
    let ran = place.pipe(&["check", "-t", "-", "--quiet"], piped);
    assert!(ran.stderr.is_empty(), "{}", ran.stderr);
    assert!(
        String::from_utf8(ran.stdout)
            .unwrap()
            .starts_with("standard input:")
    );
}

/// Events with the faults of real clients, in a file.
fn events(place: &Place, count: &str) {
    let arguments = [
        "generate",
        "--events",
        count,
        "--malformed",
        "2",
        "--span",
        "3h",
    ];
    let events = place.run(&arguments).ok();
    place.file("events.ndjson", events);
}

#[test]
fn a_sample_says_what_the_stream_will_make_of_it() {
    let place = Place::new();
    events(&place, "5000");
    place.file(
        "s.json",
        std::fs::read_to_string(example("stream.json")).unwrap(),
    );
    let sample = ["check", "--stream", "s.json", "--sample", "events.ndjson"];
    let predicted = [&sample[..], &["--rate", "500", "--html", "page.html"]].concat();
    let screen = place.run(&predicted).screen();
    for line in [
        "records                         4,979  3.54 MB",
        "eventType                  8 values",
        "year                        1 value  follows the event's time",
        "active partitions                  12  of 500 that a stream may have at once",
        "every hour, when a key that follows the event's time has changed",
        "1,314,000,000 records × 5 KB each, in steps of 5 = 6,266 GB × $0.029",
    ] {
        assert!(screen.contains(line), "{line}\n{screen}");
    }

    let page = place.read("page.html");
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    for absent in ["http:", "https:", "<script", "url("] {
        assert!(!page.contains(absent), "{absent}");
    }
    assert!(page.contains("loyaltypurchase"));
    let one = place.run(&[&sample[..], &["--html", "page.html"]].concat());
    assert_eq!(one.status, 2, "a page needs a rate");
}

/// It predicts; `deliver` does it: partitions, objects, refusals and their codes agree.
#[test]
fn what_is_predicted_of_a_sample_is_what_deliver_writes() {
    let place = Place::new();
    events(&place, "20000");
    for stream in [
        "stream.json",
        "mixed-keys-stream.json",
        "aws-sample-stream.json",
    ] {
        let stream = example(stream);
        let check = [
            "check",
            "--stream",
            &stream,
            "--format",
            "json",
            "--sample",
            "events.ndjson",
        ];
        let answer: Value = serde_json::from_str(&place.run(&check).ok()).unwrap();
        let sample = &answer["files"][0]["streams"][0]["sample"];
        let lake = format!("lake-{}", sample["keys"].to_string().len());
        let deliver = [
            "deliver",
            "--stream",
            &stream,
            "--to",
            &lake,
            "--json",
            "events.ndjson",
        ];
        let account: Value = serde_json::from_str(&place.run(&deliver).ok()).unwrap();
        for (predicted, counted) in [
            ("put", "put"),
            ("putBytes", "putBytes"),
            ("accepted", "accepted"),
            ("delivered", "delivered"),
            ("deliveredBytes", "deliveredBytes"),
            ("refused", "refused"),
            ("objects", "objects"),
            ("partitions", "peakActivePartitions"),
        ] {
            assert_eq!(sample[predicted], account[counted], "{stream}: {predicted}");
        }
        let mut codes = std::collections::BTreeMap::<String, u64>::new();
        for refusal in sample["refusals"].as_array().unwrap() {
            let code = refusal["code"].as_str().unwrap().to_owned();
            *codes.entry(code).or_default() += refusal["records"].as_u64().unwrap();
        }
        assert_eq!(
            serde_json::to_value(codes).unwrap(),
            account["refusedByCode"],
            "{stream}"
        );
        let folders: std::collections::BTreeSet<String> =
            hydrant_testing::files(&place.path().join(&lake))
                .unwrap()
                .into_iter()
                .filter(|(key, _)| !key.starts_with("error"))
                .map(|(key, _)| key.rsplit_once('/').unwrap().0.to_owned())
                .collect();
        assert_eq!(
            sample["partitions"].as_u64().unwrap(),
            folders.len() as u64,
            "{stream}"
        );
    }
}

#[test]
fn a_quota_that_would_be_broken_is_a_reason_to_fail_where_that_is_asked() {
    let place = Place::new();
    events(&place, "5000");
    let definition = std::fs::read_to_string(example("stream.json")).unwrap();
    let by_client = definition.replace(
        "hour=!{partitionKeyFromLambda:hour}/",
        "hour=!{partitionKeyFromLambda:hour}/client=!{partitionKeyFromLambda:clientId}/",
    );
    place.file("s.json", by_client);
    let check = [
        "check",
        "--stream",
        "s.json",
        "--sample",
        "events.ndjson",
        "--rate",
        "2000",
    ];
    let ran = place.run(&check);
    let screen = ran.screen();
    assert_eq!(ran.status, 0, "{screen}");
    assert!(
        screen.contains("the quota of partitions would be broken"),
        "{screen}"
    );
    assert!(screen.contains("clientId"), "{screen}");
    assert_eq!(place.run(&[&check[..], &["--strict"]].concat()).status, 1);
}

#[test]
fn a_template_s_function_says_which_keys_there_are() {
    let place = Place::new();
    events(&place, "300");
    let template = r#"{"Resources": {
        "F": {"Type": "AWS::Serverless::Function", "Metadata": {"BuildMethod": "rust-cargolambda",
            "BuildProperties": {"Binary": "transformer"}},
            "Properties": {"MemorySize": 512, "Environment": {"Variables": {"PARTITION_KEYS": "kind=.detail.eventType"}}}},
        "S": {"Type": "AWS::KinesisFirehose::DeliveryStream", "Properties": {"ExtendedS3DestinationConfiguration": {
            "RoleARN": {"Fn::GetAtt": ["R", "Arn"]}, "BucketARN": "arn:aws:s3:::b",
            "Prefix": "events/kind=!{partitionKeyFromLambda:kind}/",
            "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
            "DynamicPartitioningConfiguration": {"Enabled": true},
            "ProcessingConfiguration": {"Enabled": true, "Processors": [{"Type": "Lambda", "Parameters": [
                {"ParameterName": "LambdaArn", "ParameterValue": {"Fn::GetAtt": ["F", "Arn"]}}]}]}}}},
        "R": {"Type": "AWS::IAM::Role"}}}"#;
    place.file("t.json", template);
    let check = [
        "check",
        "-t",
        "t.json",
        "--sample",
        "events.ndjson",
        "--rate",
        "10",
    ];
    let screen = place.run(&check).screen();
    assert!(screen.contains("S: at 10 records a second"), "{screen}");
    assert!(screen.contains("512 MB / 1,024"), "{screen}");
}
