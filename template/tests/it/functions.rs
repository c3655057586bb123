//! Parameters, conditions and intrinsic functions.

use hydrant_template::{Content, Node, Overrides, Presence, ProblemKind, Source, Stack, Template};

fn overrides(given: &[(&str, &str)]) -> Overrides {
    given
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn resolve(text: &str, given: &[(&str, &str)]) -> Stack {
    Template::parse(text).unwrap().resolve(&overrides(given))
}

/// A value in one line: what is not known as `${…}`.
fn shown(node: &Node) -> String {
    match &node.content {
        Content::Null => "null".to_owned(),
        Content::Boolean(value) => value.to_string(),
        Content::Number(text) => text.clone(),
        Content::Text(text) => format!("{text:?}"),
        Content::List(elements) => {
            let elements: Vec<String> = elements.iter().map(shown).collect();
            format!("[{}]", elements.join(", "))
        }
        Content::Map(members) => {
            let member =
                |it: &hydrant_template::Member| format!("{}: {}", it.name, shown(&it.value));
            format!(
                "{{{}}}",
                members.iter().map(member).collect::<Vec<_>>().join(", ")
            )
        }
        Content::Unknown(unknown) => format!("unknown {} {:?}", unknown.shown, unknown.resources),
    }
}

const TEMPLATE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: { Type: String, Default: dev, AllowedValues: [dev, prod] }
  Zones: { Type: CommaDelimitedList, Default: "a, b,c" }
  Secret: { Type: "AWS::SSM::Parameter::Value<String>", Default: /my/secret }
  Given: { Type: Number }
Mappings:
  Sizes: { dev: { buffer: 64 }, prod: { buffer: 128 } }
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsGiven: !Not [!Equals [!Ref Given, 0]]
  Both: !And [!Condition IsProd, !Condition IsGiven]
  Either: !Or [!Condition IsProd, !Condition IsGiven]
Resources:
  Lake: { Type: AWS::S3::Bucket, Properties: { BucketName: !Sub "lake-${Stage}" } }
  Worker:
    Type: AWS::Serverless::Function
    Properties: { Handler: bootstrap, Environment: { Variables: { A: own } } }
  Values:
    Type: Test
    Properties:
      Parameter: !Ref Stage
      List: !Ref Zones
      Stored: !Ref Secret
      Missing: !Ref Given
      Name: !Ref Lake
      Arn: !GetAtt Lake.Arn
      LongGetAtt: { "Fn::GetAtt": [Worker, Arn] }
      Sub: !Sub "${Stage}-${!Literal}-${Worker.Arn}:$LATEST"
      SubWithMap: !Sub ["${X}/${Stage}", { X: !Ref Stage }]
      Join: !Join ["-", [a, !Ref Stage, 1]]
      JoinList: !Join ["/", !Ref Zones]
      Select: !Select [1, !Ref Zones]
      Split: !Split [".", "x.y"]
      Map: !FindInMap [Sizes, !Ref Stage, buffer]
      If: !If [IsProd, yes, no]
      Gone: !If [IsProd, yes, !Ref AWS::NoValue]
      Unsure: !If [IsGiven, 1, 2]
      Region: !Ref AWS::Region
      Base64: !Base64 "abc"
      Import: !ImportValue net
      Dynamic: "{{resolve:secretsmanager:x}}"
      SamMade: !Ref WorkerRole
  Only: { Type: Test, Condition: IsProd }
  Maybe: { Type: Test, Condition: Both }
  Perhaps: { Type: Test, Condition: Either }
"#;

#[test]
fn what_is_known_is_put_in_and_the_rest_is_named() {
    let stack = resolve(TEMPLATE, &[]);
    assert_eq!(stack.problems, []);
    let values = stack.resources["Values"].properties.members();
    let lines: Vec<String> = values
        .iter()
        .map(|it| format!("{}: {}", it.name, shown(&it.value)))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    Parameter: "dev"
    List: ["a", "b", "c"]
    Stored: unknown ${Secret} []
    Missing: unknown ${Given} []
    Name: "lake-dev"
    Arn: unknown ${Lake.Arn} ["Lake"]
    LongGetAtt: unknown ${Worker.Arn} ["Worker"]
    Sub: unknown dev-${Literal}-${Worker.Arn}:$LATEST ["Worker"]
    SubWithMap: "dev/dev"
    Join: "a-dev-1"
    JoinList: "a/b/c"
    Select: "b"
    Split: ["x", "y"]
    Map: 64
    If: "no"
    Unsure: unknown ${IsGiven} []
    Region: unknown ${AWS::Region} []
    Base64: "YWJj"
    Import: unknown ${net} []
    Dynamic: unknown ${{{resolve:secretsmanager:x}}} []
    SamMade: unknown ${WorkerRole} ["WorkerRole"]
    "#);
}

#[test]
fn what_is_given_decides() {
    let stack = resolve(
        TEMPLATE,
        &[
            ("Stage", "prod"),
            ("Given", "0"),
            ("AWS::Region", "eu-west-1"),
        ],
    );
    let values = &stack.resources["Values"].properties;
    let show = |name: &str| values.get(name).map(shown);
    assert_eq!(show("Gone").as_deref(), Some("\"yes\""));
    assert_eq!(show("Unsure").as_deref(), Some("2"));
    assert_eq!(show("Map").as_deref(), Some("128"));
    assert_eq!(show("Region").as_deref(), Some("\"eu-west-1\""));
    let presence = |name: &str| stack.resources[name].presence;
    assert_eq!(
        [presence("Only"), presence("Maybe"), presence("Perhaps")],
        [Presence::Present, Presence::Absent, Presence::Present]
    );
    let unsure = resolve(TEMPLATE, &[]);
    // False and anything is false; not known or anything is not known.
    assert_eq!(unsure.resources["Maybe"].presence, Presence::Absent);
    assert_eq!(unsure.resources["Perhaps"].presence, Presence::Unknown);
}

#[test]
fn what_is_wrong_is_named_at_its_place() {
    let text = "Conditions: { A: !Condition B, B: !Condition A }\nResources:\n  R:\n    Type: T\n    Condition: A\n    \
                Properties:\n      X: !Ref Nobody\n      Y: !Sub '${'\n      Z: !Select [9, [a]]\n      M: !FindInMap [a, b, c]\n      \
                W: { 'Fn::ForEach': 1 }\n";
    let stack = resolve(text, &[("Stage", "dev")]);
    let kinds: Vec<ProblemKind> = stack.problems.iter().map(|it| it.kind).collect();
    assert_eq!(
        kinds,
        [
            ProblemKind::UnknownParameter,
            ProblemKind::MalformedFunction,
            ProblemKind::UnresolvedReference,
            ProblemKind::MalformedFunction,
            ProblemKind::MalformedFunction,
            ProblemKind::UnresolvedReference,
            ProblemKind::UnsupportedFunction,
        ]
    );
    let source = Source::new("t", text);
    let place = |at: usize| source.slice(stack.problems[at].span);
    assert_eq!((place(2), place(3)), ("!Ref Nobody", "!Sub '${'"));
    let refused = resolve(TEMPLATE, &[("Stage", "test")]);
    assert_eq!(refused.problems[0].kind, ProblemKind::ParameterValue);
}

#[test]
fn a_stream_comes_out_as_create_delivery_stream_takes_it() {
    let text = r#"{"Resources": {
        "Lake": {"Type": "AWS::S3::Bucket"},
        "F": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "f", "MemorySize": "256"}},
        "Events": {"Type": "AWS::KinesisFirehose::DeliveryStream", "Properties": {
            "ExtendedS3DestinationConfiguration": {
                "RoleARN": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/r"},
                "BucketARN": {"Fn::GetAtt": ["Lake", "Arn"]},
                "BufferingHints": {"SizeInMBs": "64", "IntervalInSeconds": 60},
                "ProcessingConfiguration": {"Enabled": "true", "Processors": [{"Type": "Lambda", "Parameters": [
                    {"ParameterName": "LambdaArn", "ParameterValue": {"Fn::GetAtt": ["F", "Arn"]}},
                    {"ParameterName": "BufferSizeInMBs", "ParameterValue": 1},
                    {"ParameterName": "BufferIntervalInSeconds", "ParameterValue": 60}]}]}}}}}}"#;
    let stack = resolve(text, &[]);
    let stream = stack.streams().next().unwrap();
    let (json, stand_ins) = stream.to_json().unwrap();
    insta::assert_snapshot!(format!("{json:#}"), @r#"
    {
      "DeliveryStreamName": "Events",
      "ExtendedS3DestinationConfiguration": {
        "BucketARN": "arn:aws:s3:::lake",
        "BufferingHints": {
          "IntervalInSeconds": 60,
          "SizeInMBs": 64
        },
        "ProcessingConfiguration": {
          "Enabled": true,
          "Processors": [
            {
              "Parameters": [
                {
                  "ParameterName": "LambdaArn",
                  "ParameterValue": "arn:aws:lambda:us-east-1:000000000000:function:F"
                },
                {
                  "ParameterName": "BufferSizeInMBs",
                  "ParameterValue": "1"
                },
                {
                  "ParameterName": "BufferIntervalInSeconds",
                  "ParameterValue": "60"
                }
              ],
              "Type": "Lambda"
            }
          ]
        },
        "RoleARN": "arn:aws:iam::000000000000:role/arn-aws-iam----AWS--AccountId--role-r"
      }
    }
    "#);
    let members: Vec<&str> = stand_ins.iter().map(|it| it.member.as_str()).collect();
    assert_eq!(members.len(), 3, "{members:?}");
    let arn = Node::text_at(
        hydrant_template::Span::default(),
        "arn:aws:lambda:r:1:function:f:live",
    );
    let function = stack.function_of(&arn).unwrap();
    assert_eq!(
        (function.resource.id.as_str(), function.memory_mb()),
        ("F", Some(256))
    );

    let unknown = text.replace(
        "\"SizeInMBs\": \"64\"",
        "\"SizeInMBs\": {\"Fn::ImportValue\": \"x\"}",
    );
    let stack = resolve(&unknown, &[]);
    let missing = stack.streams().next().unwrap().to_json().unwrap_err();
    assert_eq!(
        missing[0].member,
        "ExtendedS3DestinationConfiguration.BufferingHints.SizeInMBs"
    );
}

#[test]
fn functions_take_what_the_globals_say() {
    let text = "Globals: { Function: { Timeout: 60, Architectures: [arm64], Environment: { Variables: { A: global, B: !Sub \
                '${AWS::Region}' } } } }\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Metadata: { BuildMethod: \
                rust-cargolambda, BuildProperties: { Binary: transformer } }\n    Properties: { Environment: { Variables: { A: own } } }\n";
    let stack = resolve(text, &[]);
    let function = stack.functions().next().unwrap();
    assert_eq!(function.cargo_binary(), Some("transformer"));
    assert!(function.is_arm64());
    assert_eq!(
        function.timeout().and_then(Node::scalar).as_deref(),
        Some("60")
    );
    let variables: Vec<String> = function
        .environment()
        .iter()
        .map(|it| format!("{}={}", it.name, shown(&it.value)))
        .collect();
    assert_eq!(variables, ["A=\"own\"", "B=unknown ${AWS::Region} []"]);
}
