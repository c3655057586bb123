//! What the APIs of a template promise and API Gateway does not keep.

use hydrant_template::{Node, Stack};

use crate::{code::Code, diagnostic::Diagnostic};

/// Where each kind of resource has its document, its models and its mapping templates.
const PLACES: [(&str, &[&str]); 5] = [
    ("AWS::Serverless::Api", &["DefinitionBody"]),
    ("AWS::Serverless::HttpApi", &["DefinitionBody"]),
    ("AWS::ApiGateway::RestApi", &["Body"]),
    ("AWS::ApiGateway::Model", &["Schema"]),
    (
        "AWS::ApiGateway::Method",
        &["Integration", "RequestTemplates"],
    ),
];

/// Rules of the APIs of a template.
pub(super) fn rules(stack: &Stack) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (kind, place) in PLACES {
        for resource in stack.of_type(kind) {
            let Some(node) = resource.properties.at(place) else {
                continue;
            };
            let mut counted = false;
            walk(node, &mut |name, value| {
                let counts = matches!(name, "minItems" | "maxItems");
                if counts && !std::mem::replace(&mut counted, true) {
                    found.push(items(&resource.id, name, value));
                }
                if let Some(text) = value.as_text()
                    && loses_apostrophes(text)
                {
                    found.push(apostrophe(&resource.id, value));
                }
            });
        }
    }
    found
}

/// Every member below a value, with its name.
fn walk(node: &Node, each: &mut impl FnMut(&str, &Node)) {
    for member in node.members() {
        each(&member.name, &member.value);
        walk(&member.value, each);
    }
    for element in node.elements() {
        walk(element, each);
    }
}

fn items(id: &str, name: &str, value: &Node) -> Diagnostic {
    Diagnostic::new(
        Code::ItemsNotCounted,
        value.span,
        format!("{id} counts on {name}"),
    )
    .member(format!("{id}.{name}"))
    .why("API Gateway's guide says that its models check neither minItems nor maxItems")
    .help("let what is behind the API refuse too many, as PutEvents does with more than ten")
}

fn apostrophe(id: &str, value: &Node) -> Diagnostic {
    Diagnostic::new(
        Code::Apostrophe,
        value.span,
        format!("a mapping template of {id} puts $util.escapeJavaScript into JSON as it is"),
    )
    .member(format!("{id}.requestTemplates"))
    .why("it writes an apostrophe as \\', which is no JSON: each request with one is lost")
    .help("write $util.escapeJavaScript(…).replaceAll(\"\\\\'\", \"'\")")
}

/// Whether a mapping template escapes for JavaScript, and somewhere leaves the apostrophes as they then are.
fn loses_apostrophes(template: &str) -> bool {
    let mut escaped = template.split("$util.escapeJavaScript(").skip(1);
    escaped.any(|rest| {
        let mut depth = 1_u32;
        let end = rest.find(|c| {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        let behind = end.and_then(|end| rest.get(end + 1..)).unwrap_or_default();
        let call = behind.trim_start().strip_prefix(".replaceAll(");
        let replaced = call.and_then(|call| call.split(',').next());
        !replaced.is_some_and(|it| it.contains("\\'"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_apostrophe_is_lost_unless_it_is_taken_back_each_time() {
        for (template, lost) in [
            (r#"{"a":$input.json('$')}"#, false),
            (r#"{"a":"$util.escapeJavaScript($x.get('(')) "}"#, true),
            (
                r#"{"a":"$util.escapeJavaScript($input.path('$.b')).replaceAll("\\'", "'")"}"#,
                false,
            ),
            (
                r#"{"a":"$util.escapeJavaScript($x).replaceAll("\\'","'")","b":"$util.escapeJavaScript($y)"}"#,
                true,
            ),
            (r#"$util.escapeJavaScript($x).replaceAll("a", "\\'")"#, true),
            ("$util.escapeJavaScript(", true),
        ] {
            assert_eq!(loses_apostrophes(template), lost, "{template}");
        }
    }
}
