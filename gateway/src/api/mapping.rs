//! Parameter mappings: where a header, a parameter or a member of an entry gets its value from (API Gateway
//! developer guide, "Parameter mapping examples for REST APIs" and "Transform API requests and responses for HTTP
//! APIs").

use serde_json::Value;

use crate::vtl::{Names, Parameters};

/// The longest part of a body that an HTTP API maps from, in bytes.
const MOST_BODY: usize = 100 << 10;

/// What values are taken from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub body: &'a str,
    pub parameters: &'a Parameters,
    pub context: &'a Value,
    pub stage_variables: &'a Names,
}

/// The value that an expression of a REST API stands for: `'static'`, `method.request.header.X`,
/// `method.request.body.path`, `context.x`, `stageVariables.x`.
pub(super) fn rest(expression: &str, request: Request<'_>) -> Option<String> {
    let text = expression.trim();
    if let Some(text) = text
        .strip_prefix('\'')
        .and_then(|text| text.strip_suffix('\''))
    {
        return Some(text.to_owned());
    }
    if let Some(name) = text.strip_prefix("stageVariables.") {
        return request.stage_variables.get(name).cloned();
    }
    if let Some(path) = text.strip_prefix("context.") {
        return member(request.context, path);
    }
    let text = text
        .strip_prefix("method.request.")
        .or_else(|| text.strip_prefix("integration.response."))?;
    match text.split_once('.') {
        Some(("header" | "multivalueheader", name)) => header(request, name),
        Some(("querystring" | "multivaluequerystring", name)) => {
            request.parameters.query.get(name).cloned()
        }
        Some(("path", name)) => request.parameters.path.get(name).cloned(),
        Some(("body", path)) => member(&json(request.body)?, path),
        None if text == "body" => Some(request.body.to_owned()),
        _ => None,
    }
}

/// The value that an expression of an HTTP API stands for, with any number of `$request.…`, `$context.…`,
/// `$stageVariables.…` in it, `${…}` too.
pub(super) fn http(expression: &str, request: Request<'_>) -> String {
    let mut out = String::new();
    let mut rest = expression;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let (name, behind) = reference(from);
        match name {
            Some(name) => out.push_str(&selected(name, request).unwrap_or_default()),
            None => out.push('$'),
        }
        rest = behind;
    }
    out + rest
}

/// The name behind a `$`, and what is behind it.
fn reference(text: &str) -> (Option<&str>, &str) {
    let behind = text.strip_prefix('$').unwrap_or(text);
    if let Some(inner) = behind.strip_prefix('{')
        && let Some((name, behind)) = inner.split_once('}')
    {
        return (Some(name), behind);
    }
    let is_part =
        |character: char| character.is_ascii_alphanumeric() || "._-[]*:".contains(character);
    let end = behind
        .find(|character| !is_part(character))
        .unwrap_or(behind.len());
    let (name, behind_name) = behind.split_at(end);
    match name.split('.').next() {
        Some("request" | "context" | "stageVariables") => (Some(name), behind_name),
        _ => (None, behind),
    }
}

fn selected(name: &str, request: Request<'_>) -> Option<String> {
    if let Some(name) = name.strip_prefix("stageVariables.") {
        return request.stage_variables.get(name).cloned();
    }
    if let Some(path) = name.strip_prefix("context.") {
        return member(request.context, path);
    }
    match name.strip_prefix("request.")?.split_once('.') {
        None if name == "request.body" => Some(truncated(request.body).to_owned()),
        None if name == "request.path" => member(request.context, "path"),
        Some(("body", path)) => member(&json(truncated(request.body))?, path),
        Some(("header", name)) => header(request, name),
        Some(("querystring", name)) => request.parameters.query.get(name).cloned(),
        Some(("path", name)) => request.parameters.path.get(name).cloned(),
        _ => None,
    }
}

/// HTTP APIs cut a body off before they look into it.
fn truncated(body: &str) -> &str {
    let mut end = body.len().min(MOST_BODY);
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    body.get(..end).unwrap_or(body)
}

fn header(request: Request<'_>, name: &str) -> Option<String> {
    let mut headers = request.parameters.header.iter();
    let found = headers.find(|(header, _)| header.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.clone())
}

fn json(body: &str) -> Option<Value> {
    serde_json::from_str(body).ok()
}

/// A member by its path, with points between names and numbers in brackets; text as it is, anything else as JSON.
fn member(value: &Value, path: &str) -> Option<String> {
    let mut found = value;
    // The name of a claim may have a point in it, or a colon; so the whole path is tried first.
    if let Some(whole) = found.get(path) {
        return Some(text(whole));
    }
    let path = path.replace('[', ".").replace(']', "");
    for part in path
        .trim_start_matches('$')
        .split('.')
        .filter(|part| !part.is_empty())
    {
        found = match found {
            Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
            other => other.get(part)?,
        };
    }
    Some(text(found))
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn expressions_of_both_kinds_find_their_values() {
        let parameters = Parameters {
            path: Names::from([("id".to_owned(), "7".to_owned())]),
            query: Names::from([("q".to_owned(), "x y".to_owned())]),
            header: Names::from([("x-kind".to_owned(), "upload".to_owned())]),
        };
        let context = json!({"requestId": "r", "authorizer": {"claims": {"custom:clientId": "c"}}});
        let stage_variables = Names::from([("Bus".to_owned(), "events".to_owned())]);
        let request = Request {
            body: r#"{"a":{"b":[1,{"c":"d"}]}}"#,
            parameters: &parameters,
            context: &context,
            stage_variables: &stage_variables,
        };
        let of_rest = |expression| rest(expression, request).unwrap_or_default();
        assert_eq!(of_rest("'AWSEvents.PutEvents'"), "AWSEvents.PutEvents");
        assert_eq!(of_rest("method.request.header.X-Kind"), "upload");
        assert_eq!(of_rest("method.request.body.a.b[1].c"), "d");
        assert_eq!(of_rest("context.requestId"), "r");
        assert_eq!(of_rest("stageVariables.Bus"), "events");
        assert_eq!(of_rest("method.request.header.None"), "");
        for (expression, value) in [
            ("$request.body", request.body),
            ("$request.body.a.b", r#"[1,{"c":"d"}]"#),
            ("my-$request.header.X-Kind", "my-upload"),
            ("${request.path.id}/${stageVariables.Bus}", "7/events"),
            ("$context.authorizer.claims.custom:clientId", "c"),
            ("$request.querystring.q", "x y"),
            ("costs $5", "costs $5"),
            ("static", "static"),
        ] {
            assert_eq!(http(expression, request), value, "{expression}");
        }
    }
}
