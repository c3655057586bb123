//! The examples of the project, and the AWS sample's template.

use hydrant_check::{Report, Severity};
use hydrant_template::{Overrides, Source};

fn example(name: &str) -> Source {
    let path = format!("{}/../examples/{name}", env!("CARGO_MANIFEST_DIR"));
    Source::new(name, std::fs::read_to_string(path).unwrap())
}

fn codes(report: &Report) -> Vec<String> {
    let code =
        |it: &hydrant_check::Diagnostic| format!("{} {}", it.severity.as_str(), it.code.name());
    report.diagnostics.iter().map(code).collect()
}

/// Which flaws of the sample are errors, and which are warnings: it deploys, so none is an error.
#[test]
fn the_flaws_of_the_aws_sample_are_found() {
    let report = Report::of_template(example("check/aws-sample-template.yaml"), &Overrides::new());
    insta::assert_snapshot!(codes(&report).join("\n"), @r"
    warning bucket-key
    warning function-runtime
    note hints-unset
    note uncompressed
    note no-error-log
    warning error-kinds-mixed
    warning errors-among-data
    warning function-batch
    warning newline-stripped
    warning event-without-detail
    ");
    assert_eq!(report.count(Severity::Error), 0);
    insta::assert_snapshot!("aws_sample", report.text());
    let [stream] = report.streams.as_slice() else {
        panic!("one stream");
    };
    assert_eq!(stream.name, "clienteventsfirehose");
    assert!(stream.input.is_some());
    let function = stream.function.as_ref().unwrap();
    assert_eq!(
        (function.id.as_str(), function.memory_mb),
        ("TransformFunction", Some(512))
    );
}

#[test]
fn the_streams_of_the_project_have_neither_errors_nor_warnings() {
    for name in ["stream.json", "mixed-keys-stream.json"] {
        let report = Report::of_definition(example(name));
        assert_eq!(
            report.count(Severity::Error),
            0,
            "{name}: {}",
            report.text()
        );
        assert_eq!(
            report.count(Severity::Warning),
            0,
            "{name}: {}",
            report.text()
        );
        assert!(report.streams[0].input.is_some(), "{name}");
    }
}

#[test]
fn a_stream_that_aws_refuses_is_explained_at_each_place() {
    let report = Report::of_definition(example("check/refused-stream.json"));
    insta::assert_snapshot!("refused_stream", report.text());
}

#[test]
fn programs_get_every_finding_with_its_place() {
    let report = Report::of_definition(example("check/refused-stream.json"));
    let json = report.json();
    insta::assert_snapshot!(format!("{:#}", json["diagnostics"][0]), @r#"
    {
      "aws": "Ths supplied prefix(es) do not satisfy the following constraint: ErrorOutputPrefix cannot be null or empty when Prefix contains expressions",
      "code": "error-prefix-missing",
      "help": "set ErrorOutputPrefix, for example to errors/!{firehose:error-output-type}/",
      "member": "ExtendedS3DestinationConfiguration.ErrorOutputPrefix",
      "message": "a Prefix with expressions needs an ErrorOutputPrefix of its own",
      "place": {
        "column": 3,
        "endColumn": 39,
        "endLine": 3,
        "line": 3
      },
      "related": [],
      "severity": "error",
      "why": "the default error folder lies below Prefix, and an error has none of its values"
    }
    "#);
    assert_eq!(
        json["errors"].as_u64().unwrap()
            + json["warnings"].as_u64().unwrap()
            + json["notes"].as_u64().unwrap(),
        json["diagnostics"].as_array().unwrap().len() as u64
    );
}
