//! The laws of mapping templates, over any text: no panic, an end, the same result twice, and no more than may be
//! written. What is before the first zero byte is the template, what is behind it the body.

#![no_main]

use hydrant_gateway::vtl::{Input, MOST_OUTPUT_BYTES, Names, Parameters, Settings, Template};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (template, body) = text
        .split_once('\0')
        .unwrap_or((text, r#"{"entries":[{"entry":"{}"},1,null]}"#));
    let Ok(template) = Template::parse(template) else {
        return;
    };
    let parameters = Parameters {
        path: Names::from([("id".to_owned(), "7".to_owned())]),
        ..Parameters::default()
    };
    let context = json!({"stage": "prod", "authorizer": {"clientId": "a'b"}});
    let stage_variables = Names::from([("Bus".to_owned(), "bus".to_owned())]);
    let input = Input {
        body,
        parameters: &parameters,
        context: &context,
        stage_variables: &stage_variables,
    };
    let once = template.render(input, Settings::default());
    if let Ok(rendered) = &once {
        assert!(rendered.text.len() <= MOST_OUTPUT_BYTES);
    }
    assert_eq!(once, template.render(input, Settings::default()));
});
