//! `hydrant up`: starts, says where it is, delivers, stops, and goes on where it stopped.

use serde_json::json;

use crate::{
    serving::Up,
    support::{Place, example},
};

#[test]
fn events_that_are_sent_are_rows_after_a_flush_and_the_stop_delivers_the_rest() {
    let place = Place::new();
    let stream = example("stream.json");
    let up = Up::start(place.path(), &["--stream", &stream]);
    let name = up.stream();
    let events = place
        .run(&["generate", "--events", "300", "--seed", "3"])
        .ok();
    place.file("events.ndjson", &events);
    let sender = up.client();
    let sent = sender.pipe(&["send", "--stream", &name], &events);
    assert!(
        sent.stderr.contains("sent      300 records to "),
        "{}",
        sent.stderr
    );
    sent.ok();
    up.flush();
    let count = [
        "sql",
        "--lake",
        "lake",
        "--format",
        "csv",
        "-c",
        "select count(*) as n from events",
    ];
    assert_eq!(place.run(&count).ok(), "n\n300\n");

    let again = sender.pipe(&["send", "--stream", &name], &events);
    again.ok();
    let (status, said) = up.stop();
    assert_eq!(status, 0, "{said}");
    assert!(
        said.ends_with("stopped: everything accepted is delivered\n"),
        "{said}"
    );
    assert_eq!(place.run(&count).ok(), "n\n600\n");
}

#[test]
fn a_service_that_is_killed_delivers_what_it_had_when_it_starts_again() {
    let place = Place::new();
    let stream = example("stream.json");
    let up = Up::start(place.path(), &["--stream", &stream]);
    let name = up.stream();
    up.call(
        "PutRecord",
        &json!({ "DeliveryStreamName": name, "Record": { "Data": "bm90IEpTT04=" } }),
    );
    drop(up);
    let up = Up::start(place.path(), &[]);
    let (status, said) = up.stop();
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("1 record, refused"), "{said}");
}

#[test]
fn what_keeps_it_from_starting_is_said() {
    let place = Place::new();
    let up = Up::start(place.path(), &[]);
    let same_state = place.run(&["up", "--listen", "127.0.0.1:0"]);
    assert_eq!(same_state.status, 1);
    assert!(
        same_state
            .stderr
            .contains("is another `hydrant up` running there?"),
        "{}",
        same_state.stderr
    );
    let same_port = place.run(&["up", "--lake", "other", "--listen", &up.address]);
    assert_eq!(same_port.status, 1);
    assert!(
        same_port.stderr.contains("something else listens there"),
        "{}",
        same_port.stderr
    );
    place.file("bad.json", "{\"DeliveryStreamName\":\"s\"}");
    let bad = place.run(&[
        "up",
        "--lake",
        "third",
        "--stream",
        "bad.json",
        "--listen",
        "127.0.0.1:0",
    ]);
    assert_eq!(bad.status, 1);
    assert!(
        bad.stderr.contains("Exactly one destination configuration"),
        "{}",
        bad.stderr
    );
    let open = place.run(&["up", "--lake", "fourth", "--listen", "0.0.0.0:0"]);
    assert!(open.stderr.contains("no key was given"), "{}", open.stderr);
}

/// The law of `up -t`: what the template would make on AWS, `check -t` says, and here it is so.
#[test]
fn a_template_runs_as_its_forecast_says() {
    let place = Place::new();
    // A copy: beside the original there may be a function that was built.
    let template = std::fs::read(example("../deploy/sam/template.yaml")).unwrap();
    place.file("template.yaml", template);
    let template = "template.yaml";
    let up = Up::start(place.path(), &["-t", template]);
    assert_eq!(up.stream(), "client-events");
    let described = up.call(
        "DescribeDeliveryStream",
        &json!({ "DeliveryStreamName": "client-events" }),
    );
    let processors = &described["DeliveryStreamDescription"]["Destinations"][0]["ExtendedS3DestinationDescription"]
        ["ProcessingConfiguration"]["Processors"];
    assert_eq!(
        processors[0]["Parameters"][0]["ParameterValue"],
        "arn:aws:lambda:us-east-1:000000000000:function:client-events-transformer:$LATEST"
    );
    let events = place
        .run(&[
            "generate",
            "--events",
            "400",
            "--malformed",
            "5",
            "--seed",
            "9",
        ])
        .ok();
    place.file("events.ndjson", &events);
    up.client()
        .pipe(&["send", "--stream", "client-events"], &events)
        .ok();
    let (status, said) = up.stop();
    assert_eq!(status, 0, "{said}");
    assert!(
        said.contains(
            "function  client-events-transformer: Hydrant's transformer, in this process"
        ) && said.contains("that only AWS has: roles, logs, alarms, buckets, queues\n"),
        "{said}"
    );

    let forecast = place.run(&[
        "check",
        "-t",
        template,
        "--sample",
        "events.ndjson",
        "--format",
        "json",
    ]);
    let forecast: serde_json::Value = serde_json::from_slice(&forecast.stdout).unwrap();
    let sample = &forecast["files"][0]["streams"][0]["sample"];
    let columns: Vec<&str> = ["eventType", "schemaVersion", "year", "month", "day", "hour"].into();
    let mut expected: Vec<(String, u64)> = sample["largestPartitions"]
        .as_array()
        .unwrap_or_else(|| panic!("{sample:#}"))
        .iter()
        .map(|it| {
            let keys = it["keys"].as_array().unwrap();
            let folders = columns.iter().zip(keys);
            let folders =
                folders.map(|(name, value)| format!("{name}={}/", value.as_str().unwrap()));
            (folders.collect(), it["records"].as_u64().unwrap())
        })
        .collect();
    expected.sort();
    let mut landed = std::collections::BTreeMap::<String, u64>::new();
    let mut refused = 0;
    for (key, object) in hydrant_testing::files(&place.path().join("lake")).unwrap() {
        if key.starts_with("errors/") {
            refused += String::from_utf8_lossy(&object).lines().count() as u64;
            continue;
        }
        let folder = key
            .strip_prefix("events/")
            .unwrap()
            .rsplit_once('/')
            .unwrap()
            .0;
        let mut text = String::new();
        let mut inflated = flate2::read::GzDecoder::new(&object[..]);
        std::io::Read::read_to_string(&mut inflated, &mut text).unwrap();
        *landed.entry(format!("{folder}/")).or_default() += text.lines().count() as u64;
    }
    assert_eq!(landed.into_iter().collect::<Vec<_>>(), expected);
    assert_eq!(Some(refused), sample["refused"].as_u64(), "{sample:#}");
    assert!(refused > 0);
}

const TEMPLATE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Folder: { Type: String }
Resources:
  Enrich:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: enrich.handler
      Runtime: python3.13
      Environment: { Variables: { SUFFIX: "!", BUCKET: !Ref Bucket } }
  Bucket: { Type: AWS::S3::Bucket }
  Role: { Type: AWS::IAM::Role, Properties: { AssumeRolePolicyDocument: {} } }
  Stream:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties:
      DeliveryStreamName: enriched
      ExtendedS3DestinationConfiguration:
        RoleARN: !GetAtt Role.Arn
        BucketARN: !GetAtt Bucket.Arn
        Prefix: !Sub "${Folder}/"
        BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 60 }
        ProcessingConfiguration:
          Enabled: true
          Processors:
            - Type: Lambda
              Parameters: [{ ParameterName: LambdaArn, ParameterValue: !GetAtt Enrich.Arn }]
"#;

const ENRICH: &str = "
import base64, os

def handler(event, context):
    done = lambda data: base64.b64encode(base64.b64decode(data) + os.environ['SUFFIX'].encode()).decode()
    return {'records': [{'recordId': it['recordId'], 'result': 'Ok', 'data': done(it['data'])} for it in event['records']]}
";

#[test]
fn a_templates_handler_runs_with_its_variables_and_what_is_missing_is_said() {
    if std::process::Command::new("python3")
        .arg("-V")
        .output()
        .is_err()
    {
        eprintln!("skipped: there is no python3");
        return;
    }
    let place = Place::new();
    place.file("template.yaml", TEMPLATE);
    place.file("code/enrich.py", ENRICH);
    let template = ["-t", "template.yaml", "--parameter", "Folder=in"];
    let up = Up::start(place.path(), &template);
    up.call(
        "PutRecord",
        &json!({ "DeliveryStreamName": "enriched", "Record": { "Data": "aGk=" } }),
    );
    let (status, said) = up.stop();
    assert_eq!(status, 0, "{said}");
    assert!(
        said.contains("function  Enrich: code/enrich.py; without BUCKET"),
        "{said}"
    );
    let files = hydrant_testing::files(&place.path().join("lake")).unwrap();
    let [(key, object)] = files.as_slice() else {
        panic!("{files:?}");
    };
    assert!(key.starts_with("in/"), "{key}");
    assert_eq!(object, b"hi!");

    let run = |arguments: &[&str]| {
        let mut all = vec!["up", "--listen", "127.0.0.1:0", "--lake", "other"];
        all.extend_from_slice(arguments);
        let ran = place.run(&all);
        assert_eq!(ran.status, 1, "{}", ran.stderr);
        ran.stderr
    };
    std::fs::remove_file(place.path().join("code/enrich.py")).unwrap();
    let screens = [
        run(&template),
        run(&["-t", "template.yaml"]),
        run(&["-t", "template.yaml", "--parameter", "Folders=in"]),
        run(&["-t", "absent.yaml"]),
    ];
    insta::assert_snapshot!(screens.join("\n"), @r#"
    error: Enrich: no file in code has its handler enrich.handler; or give --function Enrich=COMMAND

    error: the stream enriched depends on what only a deployment knows
      template.yaml:22: ExtendedS3DestinationConfiguration.Prefix: the parameter Folder has no default; give --parameter Folder=VALUE

    template.yaml:1:1: error[parameter-value]: the template has no parameter Folders
      |
    1 | 
      | ^
        why: deployment would stop here
       mend: give a value that the parameter allows

    error: template.yaml: 1 error, 4 notes

    error: cannot read absent.yaml
      because: No such file or directory (os error 2)
    "#);
}

#[test]
fn a_secret_is_in_no_log_however_much_is_logged() {
    let place = Place::new();
    place.file("keys", "AKIDTEST very-secret-value\n");
    let stream = example("stream.json");
    let up = Up::start(
        place.path(),
        &["-vv", "--access-keys", "keys", "--stream", &stream],
    );
    let send = |secret: &str| {
        let sender = Place::new()
            .with(
                "AWS_ENDPOINT_URL_FIREHOSE",
                &format!("http://{}", up.address),
            )
            .with("AWS_ACCESS_KEY_ID", "AKIDTEST")
            .with("AWS_SECRET_ACCESS_KEY", secret)
            .with("AWS_REGION", "us-east-1");
        sender.pipe(&["send", "-vv", "--stream", "client-events"], "{}\n")
    };
    let right = send("very-secret-value");
    assert_eq!(right.status, 0, "{}", right.stderr);
    let wrong = send("another-secret-value");
    assert_eq!(wrong.status, 1, "{}", wrong.stderr);
    let (_, said) = up.stop();
    for log in [said, right.stderr, wrong.stderr] {
        assert!(!log.contains("secret-value"), "{log}");
    }
}

#[test]
fn with_a_log_in_json_every_line_is_an_object_and_a_written_object_has_its_numbers() {
    let place = Place::new();
    let stream = example("stream.json");
    let arguments = ["--stream", &stream, "--log-format", "json"];
    let up = Up::start(place.path(), &arguments);
    up.call(
        "PutRecord",
        &json!({ "DeliveryStreamName": up.stream(), "Record": { "Data": "bm90IEpTT04=" } }),
    );
    let (status, said) = up.stop();
    assert_eq!(status, 0, "{said}");
    let lines: Vec<serde_json::Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    let written = lines.iter().find(|it| it["message"] == "written").unwrap();
    assert_eq!(
        (&written["records"], &written["kind"]),
        (&json!(1), &json!("errors"))
    );
    assert!(written["key"].as_str().unwrap().starts_with("errors/"));
    assert!(
        lines
            .iter()
            .all(|it| it["timestamp"].is_string() && it["level"] == "INFO")
    );
    let taken = place.run(&[
        "up",
        "--listen",
        "127.0.0.1:0",
        "--log-format",
        "json",
        "--stream",
        "absent.json",
    ]);
    let error: serde_json::Value = serde_json::from_str(taken.stderr.trim()).unwrap();
    assert_eq!(error["level"], "ERROR");
}

const REINGESTING: &str = r#"
Transform: AWS::Serverless-2016-10-31
Resources:
  Transformer:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: transformer } }
    Properties:
      CodeUri: nowhere
      Handler: bootstrap
      Runtime: provided.al2023
      Environment: { Variables: { REINGEST: "REINGEST?", PARTITION_KEYS: "KEYS?" } }
  Role: { Type: AWS::IAM::Role, Properties: { AssumeRolePolicyDocument: {} } }
  Stream:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties:
      DeliveryStreamName: again
      ExtendedS3DestinationConfiguration:
        RoleARN: !GetAtt Role.Arn
        BucketARN: arn:aws:s3:::bucket
        Prefix: "in/!{partitionKeyFromLambda:k0}/"
        ErrorOutputPrefix: "errors/!{firehose:error-output-type}/"
        BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 60 }
        DynamicPartitioningConfiguration: { Enabled: true }
        ProcessingConfiguration:
          Enabled: true
          Processors:
            - Type: Lambda
              Parameters:
                - { ParameterName: LambdaArn, ParameterValue: !GetAtt Transformer.Arn }
                - { ParameterName: BufferSizeInMBs, ParameterValue: "3" }
                - { ParameterName: BufferIntervalInSeconds, ParameterValue: "60" }
"#;

/// Ten keys of 400 bytes make an answer of ten megabytes, where Lambda passes on six.
#[test]
fn what_an_answer_has_no_room_for_goes_through_the_stream_again_or_to_the_error_output() {
    let keys: Vec<String> = (1..11).map(|n| format!(",k{n}=.k")).collect();
    let record = |n: usize| {
        format!(
            "{{\"p\":\"p\",\"k\":\"{}\",\"n\":{n},\"clientId\":\"c\",\"detail\":{{}}}}\n",
            "k".repeat(400)
        )
    };
    let records: String = (0..2_500).map(record).collect();
    for (reingests, delivered) in [("true", true), ("false", false)] {
        let place = Place::new();
        let template = REINGESTING
            .replace("REINGEST?", reingests)
            .replace("KEYS?", &format!("k0=.p{}", keys.concat()));
        place.file("template.yaml", template);
        let up = Up::start(place.path(), &["-t", "template.yaml"]);
        up.client()
            .pipe(&["send", "--stream", "again"], &records)
            .ok();
        for _ in 0..4 {
            up.flush();
        }
        let (status, said) = up.stop();
        assert_eq!(status, 0, "{said}");
        let files = hydrant_testing::files(&place.path().join("lake")).unwrap();
        let lines = |folder: &str| {
            let below = files.iter().filter(|(key, _)| key.starts_with(folder));
            below
                .map(|(_, object)| String::from_utf8_lossy(object).lines().count())
                .sum::<usize>()
        };
        let (good, bad) = (lines("in/"), lines("errors/processing-failed/"));
        assert_eq!(good + bad, 2_500, "{said}");
        assert_eq!(bad == 0, delivered, "{bad} refused");
    }
}
