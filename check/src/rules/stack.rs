//! What a template says beside its streams.

use hydrant_template::{Node, ProblemKind, Stack, Template};

use super::{Feed, api};
use crate::{code::Code, diagnostic::Diagnostic};

/// Rules of a whole template.
pub(crate) fn rules(template: &Template, stack: &Stack) -> Vec<Diagnostic> {
    let mut found = api::rules(stack);
    for problem in &stack.problems {
        let (code, why, help) = match problem.kind {
            ProblemKind::UnresolvedReference => (
                Code::UnresolvedReference,
                "CloudFormation refuses the template",
                "name a parameter, a resource or a mapping of the template",
            ),
            ProblemKind::MalformedFunction => (
                Code::MalformedFunction,
                "CloudFormation refuses the template",
                "see the intrinsic function reference of the CloudFormation user guide",
            ),
            ProblemKind::TooManyResources => (
                Code::TooManyResources,
                "CloudFormation refuses the template",
                "split it into nested stacks",
            ),
            ProblemKind::UnknownParameter | ProblemKind::ParameterValue => (
                Code::ParameterValue,
                "deployment would stop here",
                "give a value that the parameter allows",
            ),
            _ => (
                Code::UnsupportedFunction,
                "its value stays unknown, and nothing is checked about it",
                "",
            ),
        };
        found.push(
            Diagnostic::new(code, problem.span, &problem.message)
                .why(why)
                .help(help),
        );
    }
    if stack.streams().next().is_none() {
        let at = template.resources_span();
        found.push(
            Diagnostic::new(Code::NoStream, at, "the template has no delivery stream")
                .why("there is nothing to check: no resource of the type AWS::KinesisFirehose::DeliveryStream")
                .help("check the template that has one"),
        );
    }
    for bucket in stack.of_type("AWS::S3::Bucket") {
        let rules = bucket
            .properties
            .at(&["BucketEncryption", "ServerSideEncryptionConfiguration"]);
        for rule in rules.map_or(&[][..], Node::elements) {
            let key = rule.at(&["ServerSideEncryptionByDefault", "KMSMasterKeyID"]);
            if let Some(node) = key
                && let Some(text) = node.as_text()
                && !is_key(text)
            {
                found.push(
                    Diagnostic::new(
                        Code::BucketKey,
                        node.span,
                        format!("{text:?} names no key of the bucket {}", bucket.id),
                    )
                    .member(format!("{}.KMSMasterKeyID", bucket.id))
                    .why("a key is named by its id, its ARN or its alias, which begins with alias/")
                    .help("write alias/aws/s3, or leave it out: that key is the default"),
                );
            }
        }
    }
    found
}

/// A key id, a multi-Region key id, an alias or an ARN.
fn is_key(text: &str) -> bool {
    let is_id = |text: &str| {
        let groups: Vec<usize> = text.split('-').map(str::len).collect();
        groups == [8, 4, 4, 4, 12] && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
    };
    text.starts_with("alias/")
        || text.starts_with("arn:")
        || text
            .strip_prefix("mrk-")
            .is_some_and(|rest| rest.len() == 32)
        || is_id(text)
}

/// The bus rules that put into the stream with this logical id.
pub(crate) fn feeds<'s>(stack: &'s Stack, stream: &str) -> Vec<Feed<'s>> {
    let mut feeds = Vec::new();
    for rule in stack.of_type("AWS::Events::Rule") {
        let targets = rule
            .properties
            .get("Targets")
            .map_or(&[][..], Node::elements);
        for target in targets {
            let arn = target.get("Arn").and_then(Node::unknown);
            if arn.is_some_and(|arn| arn.resources.iter().any(|id| id == stream)) {
                feeds.push(Feed {
                    id: &rule.id,
                    target,
                    template: target.at(&["InputTransformer", "InputTemplate"]),
                });
            }
        }
    }
    feeds
}
