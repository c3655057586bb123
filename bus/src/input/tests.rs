use serde_json::json;

use super::*;

const EVENT: &str = r#"{"version":"0","id":"7bf7","detail-type":"order","source":"shop","account":"111122223333","time":"2026-11-22T10:20:30Z","region":"eu-west-1","resources":["client-1"],"detail":{"name":"baz","count":1.50,"ok":true,"items":[{"sku":"a"},{"sku":"b"}],"tags":["HIGH"],"data":{"acc_id":"0a787ecb-4015","sf_id":"baz"},"quote":"a\"b"}}"#;

fn render(target: &Value) -> Result<String, RenderError> {
    render_with(target, EventPlaceholder::Full)
}

fn render_with(target: &Value, placeholder: EventPlaceholder) -> Result<String, RenderError> {
    let event = Bytes::from_static(EVENT.as_bytes());
    let matched = Matched {
        event: &event,
        rule_arn: "arn:aws:events:eu-west-1:111122223333:rule/r",
        rule_name: "r",
        arrival: "2026-11-22T10:20:31.5Z".parse().unwrap(),
        placeholder,
    };
    let rendered = Input::of(target).unwrap().render(&matched)?;
    Ok(String::from_utf8(rendered.to_vec()).unwrap())
}

fn template(paths: &Value, template: &str) -> Result<String, RenderError> {
    render(&json!({"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}))
}

#[test]
fn a_target_gets_the_event_a_constant_or_a_part_spelled_as_it_was() {
    assert_eq!(render(&json!({})).unwrap(), EVENT);
    assert_eq!(
        render(&json!({"Input": "{\"a\": 1}"})).unwrap(),
        "{\"a\": 1}"
    );
    let path = |path: &str| render(&json!({ "InputPath": path }));
    assert_eq!(path("$.detail.name").unwrap(), "\"baz\"");
    assert_eq!(path("$.detail.count").unwrap(), "1.50");
    assert_eq!(path("$.detail.items[1].sku").unwrap(), "\"b\"");
    assert_eq!(path("$.detail.items[*].sku").unwrap(), r#"["a","b"]"#);
    assert_eq!(path("$.detail-type").unwrap(), "\"order\"");
    assert_eq!(path("$").unwrap(), EVENT);
    assert_eq!(
        path("$.detail.nothing").unwrap_err().to_string(),
        "the InputPath $.detail.nothing selects nothing of the event"
    );
}

#[test]
fn a_json_template_takes_values_as_json_and_strings_inside_quotes_raw() {
    let paths = json!({"name": "$.detail.name", "count": "$.detail.count", "data": "$.detail.data",
        "ok": "$.detail.ok", "quote": "$.detail.quote", "none": "$.detail.none"});
    for (text, wanted) in [
        (r#"{"a":<name>}"#, r#"{"a":"baz"}"#),
        (r#"{"a": <count>, "b": <ok>}"#, r#"{"a": 1.50, "b": true}"#),
        (
            r#"{"a":<data>}"#,
            r#"{"a":{"acc_id":"0a787ecb-4015","sf_id":"baz"}}"#,
        ),
        (r#"{"a":<none>}"#, r#"{"a":""}"#),
        (r#"{"a":"<name> and <name>"}"#, r#"{"a":"baz and baz"}"#),
        (r#"{"a":"<none>"}"#, r#"{"a":""}"#),
        (
            r#"{"a":<aws.events.rule-name>,"b":"<aws.events.rule-arn>"}"#,
            r#"{"a":"r","b":"arn:aws:events:eu-west-1:111122223333:rule/r"}"#,
        ),
        (
            r#"{"t":<aws.events.event.ingestion-time>}"#,
            r#"{"t":"2026-11-22T10:20:31Z"}"#,
        ),
    ] {
        assert_eq!(template(&paths, text).unwrap(), wanted, "{text}");
    }
    for text in [r#"{"a":"<data>"}"#, r#"{"a":"<quote>"}"#, r#"{"a":<name>"#] {
        let error = template(&paths, text).unwrap_err();
        assert!(
            matches!(error, RenderError::NoJson { .. }),
            "{text}: {error}"
        );
    }
}

#[test]
fn the_event_in_a_json_template_has_no_detail_and_its_json_has() {
    let envelope = r#"{"id":"7bf7","account":"111122223333","detailType":"order","time":"2026-11-22T10:20:30Z","source":"shop","region":"eu-west-1","resources":["client-1"],"version":"0"}"#;
    let none = json!({});
    assert_eq!(
        template(&none, r#"{"e":<aws.events.event>}"#).unwrap(),
        format!(r#"{{"e":{envelope}}}"#)
    );
    assert_eq!(
        template(&none, r#"{"e":<aws.events.event.json>}"#).unwrap(),
        format!(r#"{{"e":{EVENT}}}"#)
    );
    // Bare, as the AWS sample has it: the setting decides, and the newline stays, in both spellings.
    for text in ["<aws.events.event>\n", "<aws.events.event>\\n"] {
        assert_eq!(template(&none, text).unwrap(), format!("{EVENT}\n"));
        let target = json!({"InputTransformer": {"InputTemplate": text}});
        let bare = render_with(&target, EventPlaceholder::Envelope).unwrap();
        assert_eq!(bare, format!("{envelope}\n"));
    }
    assert_eq!(
        template(&none, "<aws.events.event.json>\n").unwrap(),
        format!("{EVENT}\n")
    );
}

#[test]
fn a_string_template_keeps_its_quotes_and_loses_those_of_values() {
    let paths = json!({"name": "$.detail.name", "data": "$.detail.data", "tags": "$.detail.tags",
        "ok": "$.detail.ok", "none": "$.detail.none"});
    for (text, wanted) in [
        (r#""the <name>""#, r#""the baz""#),
        (r#""<data>""#, r#""{acc_id:0a787ecb-4015,sf_id:baz}""#),
        (r#""<tags> <ok> <none>.""#, r#""[HIGH] true .""#),
        ("\"one <name>\"\n\"two <name>\"", "\"one baz\"\n\"two baz\""),
        (r#""one"\n"two""#, "\"one\"\n\"two\""),
    ] {
        assert_eq!(template(&paths, text).unwrap(), wanted, "{text}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused_when_the_target_is_put() {
    let refused = |target: &Value| Input::of(target).unwrap_err();
    assert_eq!(
        refused(&json!({"Id": "t", "Input": "{}", "InputPath": "$"})),
        "Only one of Input, InputPath, or InputTransformer must be provided for target t."
    );
    assert_eq!(
        refused(&json!({"Id": "t", "InputTransformer": {"InputTemplate": "\"<who>\""}})),
        "InputTemplate for target t contains invalid placeholder who."
    );
    assert!(refused(&json!({"Id": "t", "Input": "{"})).contains("JSON"));
    assert!(refused(&json!({"Id": "t", "InputPath": "detail"})).contains("InputPath"));
}
