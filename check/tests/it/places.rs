//! Where findings point, and texts that are none.

use hydrant_check::Report;
use hydrant_template::{Overrides, Source};

fn definition(text: &str) -> String {
    Report::of_definition(Source::new("s.json", text)).text()
}

fn template(text: &str) -> String {
    Report::of_template(Source::new("t.yaml", text), &Overrides::new()).text()
}

#[test]
fn what_is_no_document_is_said_where_it_ends_to_be_one() {
    let screens = [
        definition(""),
        definition("{\"DeliveryStreamName\": \"s\",\n  \"Tags\": [}"),
        definition("Resources: {}"),
        template("Resources:\n  A: [1, 2\n"),
        template("Resources:\n  A: !Ref B\n   C: 1\n"),
        template("a: &a [*a]"),
        template("--- 1\n--- 2"),
        template("Resources: {}"),
    ];
    insta::assert_snapshot!(screens.join("\n"));
}

#[test]
fn what_is_no_object_is_no_definition_and_what_is_missing_is_marked_by_a_whole_character() {
    insta::assert_snapshot!(definition("[1]"), @r#"
    s.json:1:1: error[wrong-type]: the text is a list
      |
    1 | [1]
      | ^^^
        why: a stream's definition is what create-delivery-stream takes, an object
       mend: write {"DeliveryStreamName": …}
    "#);
    let report = Report::of_definition(Source::new("s.yaml", "é: 1"));
    for found in &report.diagnostics {
        assert!(
            report
                .source
                .text()
                .get(found.span.start..found.span.end)
                .is_some(),
            "{found:?}"
        );
    }
    assert!(report.text().contains("DeliveryStreamName is missing"));
}

#[test]
fn a_finding_points_into_values_that_functions_make() {
    let text = r#"
Parameters:
  Stage: { Type: String, AllowedValues: [dev, prod] }
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Stream:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties:
      ExtendedS3DestinationConfiguration:
        RoleARN: !Sub arn:aws:iam::${AWS::AccountId}:role/r
        BucketARN: arn:aws:s3:::b
        Prefix: !Sub "events/stage=${Stage}/!{timestamp:yyyy}/!{firehose:nothing}/"
        ErrorOutputPrefix: !If [IsProd, "errors/!{firehose:error-output-type}/", "errors/"]
        CompressionFormat: !Ref Nowhere
        BufferingHints:
          SizeInMBs: "129"
          IntervalInSeconds: !If [IsProd, 900, !Ref AWS::NoValue]
"#;
    let mut screens = Vec::new();
    for stage in [None, Some("prod"), Some("dev"), Some("test")] {
        let mut overrides = Overrides::new();
        overrides.extend(stage.map(|stage| ("Stage".to_owned(), stage.to_owned())));
        let report = Report::of_template(Source::new("t.yaml", text), &overrides);
        let heads: Vec<String> = report
            .text()
            .lines()
            .filter(|line| line.starts_with("t.yaml"))
            .map(str::to_owned)
            .collect();
        screens.push(format!("Stage {stage:?}\n{}", heads.join("\n")));
    }
    insta::assert_snapshot!(screens.join("\n\n"));
}
