//! Prefixes, partition keys, time zone and extension: what `hydrant-partitioner` knows, at its place.

use hydrant_partitioner::{
    CustomTimeZone, KeyQuery, Prefix, Rule, Segment, StreamField, Violation, object_extension,
    validate,
};
use hydrant_template::{Node, Span};

use super::Rules;
use crate::{
    code::Code,
    definition::{Definition, text},
    diagnostic::Diagnostic,
};

pub(super) fn rules(rules: &mut Rules<'_>, definition: &Definition<'_>) {
    for name in ["Prefix", "ErrorOutputPrefix"] {
        if let Some(node) = definition.get(name) {
            rules.not_checked(node, &definition.path(name));
        }
    }
    grammar(rules, definition);
    names(rules, definition);
    slashes(rules, definition);
    dates(rules, definition);
    errors(rules, definition);
}

/// Letters of date patterns that are taken for others (Java, `DateTimeFormatter`).
fn dates(rules: &mut Rules<'_>, definition: &Definition<'_>) {
    for name in ["Prefix", "ErrorOutputPrefix"] {
        let Some(node) = definition.get(name) else {
            continue;
        };
        let value = text(Some(node)).unwrap_or_default();
        // Other patterns of the same prefix say what a letter is meant for.
        let has_months = value.contains("MM");
        for pattern in value.split("!{timestamp:").skip(1) {
            let pattern = pattern.split('}').next().unwrap_or_default();
            let unquoted: String = pattern.split('\'').step_by(2).collect();
            let mixed_up = [
                (
                    "YYYY",
                    true,
                    "the year of the week, which differs from the year around New Year",
                    "yyyy",
                ),
                ("DD", true, "the day of the year, 1 to 366", "dd"),
                (
                    "hh",
                    !unquoted.contains('a'),
                    "the hour of half a day, 01 to 12: morning and evening share a folder",
                    "HH",
                ),
                (
                    "mm",
                    !has_months && !unquoted.contains('H'),
                    "the minute",
                    "MM",
                ),
            ];
            for (letters, applies, meaning, instead) in mixed_up {
                if applies && unquoted.contains(letters) && !unquoted.contains("DDD") {
                    let span = rules.source.find(node.span, pattern);
                    let diagnostic = Diagnostic::new(
                        Code::PrefixDateLetters,
                        rules.source.find(span, letters),
                        format!("{letters} is {meaning}"),
                    )
                    .member(definition.path(name))
                    .why("AWS takes it: it is a letter of Java's date patterns, and seldom the one that is meant")
                    .help(format!("write {instead}"));
                    rules.report(diagnostic);
                }
            }
        }
    }
}

fn is_unknown(node: Option<&Node>) -> bool {
    node.is_some_and(|node| node.unknown().is_some())
}

/// Everything that the partitioner's own validation finds.
fn grammar(rules: &mut Rules<'_>, definition: &Definition<'_>) {
    let (prefix, errors) = (
        definition.get("Prefix"),
        definition.get("ErrorOutputPrefix"),
    );
    let Some(partitioned) = definition.is_partitioned() else {
        return;
    };
    if is_unknown(prefix) {
        return;
    }
    let extraction = definition.processor("MetadataExtraction");
    let written = extraction.and_then(|it| it.parameter("MetadataExtractionQuery"));
    let query = text(written).and_then(|text| KeyQuery::metadata_extraction(text).ok());
    // A query that is wrong is said to be that by another rule, and has no keys to compare with.
    let comparable = extraction.is_none() || query.is_some();
    let has_lambda = definition.processor("Lambda").is_some();
    for violation in validate(
        text(prefix),
        text(errors),
        partitioned,
        query.as_ref(),
        has_lambda,
    ) {
        let is_about_keys = matches!(
            violation.rule,
            Rule::UnknownQueryKey(_) | Rule::UnusedQueryKey(_)
        );
        let is_about_errors = violation.field == StreamField::ErrorOutputPrefix;
        if (is_about_keys && !comparable) || (is_about_errors && is_unknown(errors)) {
            continue;
        }
        let node = match violation.field {
            StreamField::Prefix => prefix,
            StreamField::ErrorOutputPrefix => errors,
            StreamField::MetadataExtractionQuery => written,
        };
        let diagnostic = broken(rules, definition, &violation, node);
        rules.report(diagnostic);
    }
}

fn broken(
    rules: &Rules<'_>,
    definition: &Definition<'_>,
    violation: &Violation,
    node: Option<&Node>,
) -> Diagnostic {
    let member = match violation.field {
        StreamField::MetadataExtractionQuery => {
            definition.path("ProcessingConfiguration.Processors.MetadataExtraction")
        }
        field => definition.path(field.name()),
    };
    let span = match node {
        Some(node) => place(rules, violation, node),
        // What is missing, is missing in the destination.
        None => definition.span,
    };
    let mut diagnostic =
        Diagnostic::new(code(&violation.rule), span, violation.explanation()).member(member);
    if let Some(aws) = violation.aws_message() {
        diagnostic = diagnostic.aws(aws);
    }
    diagnostic.why(why(&violation.rule)).help(violation.fix())
}

/// The expression at fault, where it is spelled in the text as it is in the value.
fn place(rules: &Rules<'_>, violation: &Violation, node: &Node) -> Span {
    let value = node.as_text().unwrap_or_default();
    if let Rule::UnusedQueryKey(key) = &violation.rule {
        return rules.source.find(node.span, key);
    }
    let Some(rest) = violation.offset.and_then(|offset| value.get(offset..)) else {
        return node.span;
    };
    let end = rest.find('}').map_or(rest.len(), |at| at + 1);
    rules
        .source
        .find(node.span, rest.get(..end).unwrap_or(rest))
}

fn code(rule: &Rule) -> Code {
    match rule {
        Rule::UnknownNamespace(_) => Code::PrefixNamespace,
        Rule::InvalidDatePattern(_) => Code::PrefixDate,
        Rule::UnsupportedDatePattern(_) => Code::PrefixDateHere,
        Rule::ErrorOutputPrefixMissing => Code::ErrorPrefixMissing,
        Rule::ErrorOutputTypeMissing => Code::ErrorTypeMissing,
        Rule::ErrorOutputTypeInPrefix => Code::ErrorTypeInPrefix,
        Rule::EvaluatedTooLong => Code::PrefixEvaluatesTooLong,
        Rule::TooLong => Code::PrefixTooLong,
        Rule::NoPartitionKeys => Code::PrefixWithoutKeys,
        Rule::PartitionKeysWithoutDynamicPartitioning => Code::KeysWithoutPartitioning,
        Rule::PartitionKeysInErrorOutputPrefix => Code::KeysInErrorPrefix,
        Rule::UnusedQueryKey(_) => Code::KeyUnused,
        Rule::UnknownQueryKey(_) => Code::KeyUnknown,
        Rule::NoLambda(_) => Code::KeyWithoutFunction,
        _ => Code::PrefixExpression,
    }
}

/// What would come of it.
fn why(rule: &Rule) -> &'static str {
    match rule {
        Rule::UnknownQueryKey(_) | Rule::NoLambda(_) => {
            "every record would go to the error output: it has no value for the key"
        }
        Rule::UnusedQueryKey(_) => "a key that leads nowhere would only cost jq time",
        Rule::NoPartitionKeys => "dynamic partitioning is paid for by what it partitions",
        Rule::ErrorOutputPrefixMissing => {
            "the default error folder lies below Prefix, and an error has none of its values"
        }
        Rule::UnsupportedDatePattern(_) => "AWS takes it; what Hydrant writes would differ",
        _ => "",
    }
}

/// `CustomTimeZone` and `FileExtension`.
fn names(rules: &mut Rules<'_>, definition: &Definition<'_>) {
    if let Some(node) = definition.get("CustomTimeZone")
        && let Some(name) = node.as_text()
        && let Err(error) = CustomTimeZone::parse(name)
    {
        let help = match error.instead {
            Some(older) => format!("write {older}, the older name of the same zone"),
            None => "use UTC, or the older IANA name of a place, such as Europe/Berlin".to_owned(),
        };
        rules.report(
            Diagnostic::new(
                Code::TimeZone,
                node.span,
                format!("AWS does not know the time zone {name:?}"),
            )
            .member(definition.path("CustomTimeZone"))
            .aws(error.aws_message())
            .why(
                "AWS keeps a list of its own, without names that came later and without short ones",
            )
            .help(help),
        );
    }
    if let Some(node) = definition.get("FileExtension")
        && let Some(extension) = node.as_text()
        && let Err(error) = object_extension("GZIP", Some(extension))
    {
        rules.report(
            Diagnostic::new(Code::FileExtension, node.span, format!("{extension:?} is no file extension"))
                .member(definition.path("FileExtension"))
                .aws(error.to_string())
                .why("an extension begins with a dot; small letters, digits and !-_.*'() may follow, 128 characters at most")
                .help("write such as .ndjson or .json.gz"),
        );
    }
}

/// What the object names will be glued to.
fn slashes(rules: &mut Rules<'_>, definition: &Definition<'_>) {
    for name in ["Prefix", "ErrorOutputPrefix"] {
        let Some(node) = definition.get(name) else {
            continue;
        };
        let Some(value) = text(Some(node)) else {
            continue;
        };
        let (what, why) = if !value.ends_with('/') {
            (
                format!("{name} does not end in a slash"),
                match Prefix::parse(value) {
                    Ok(prefix) if prefix.is_literal() && name == "Prefix" => {
                        format!("Firehose appends the date as it is: {value}2026/07/01/10/…")
                    }
                    _ => "the object's name is glued to the last folder's".to_owned(),
                },
            )
        } else if value.starts_with('/') || value.contains("//") {
            (
                format!("{name} makes a folder without a name"),
                "most tools show it as / and some cannot open it".to_owned(),
            )
        } else {
            continue;
        };
        rules.report(
            Diagnostic::new(Code::PrefixSlash, node.span, what)
                .member(definition.path(name))
                .why(why)
                .help("end it in one slash and begin it with none"),
        );
    }
}

/// Where errors lie, and whether one can tell them apart.
fn errors(rules: &mut Rules<'_>, definition: &Definition<'_>) {
    let (prefix, errors) = (
        definition.get("Prefix"),
        definition.get("ErrorOutputPrefix"),
    );
    let member = definition.path("ErrorOutputPrefix");
    if let Some(node) = errors
        && let Some(value) = text(errors)
        && !value.contains("!{")
    {
        rules.report(
            Diagnostic::new(
                Code::ErrorKindsMixed,
                node.span,
                "all kinds of errors go to one folder".to_owned(),
            )
            .member(&member)
            .why(
                "records that the function refused, records without keys and records that could not be \
                 converted have different remedies, and only the folder tells them apart",
            )
            .help(format!("write {value}!{{firehose:error-output-type}}/")),
        );
    }
    // Without a prefix of one's own the defaults are AWS's, and everybody's.
    let Some(data) = text(prefix) else {
        return;
    };
    let is_default = text(errors).is_none();
    // Without one, expressions are refused; that is said elsewhere.
    if is_unknown(errors) || is_default && data.contains("!{") {
        return;
    }
    let literal = literal_part(data);
    let folder = match literal.rfind('/') {
        Some(at) => literal.get(..=at).unwrap_or_default().to_owned(),
        None if literal.is_empty() => String::new(),
        // Folders that are glued together out of literal text and a date share no folder with anything.
        None => return,
    };
    let error_folder = text(errors).map_or_else(|| folder.clone(), literal_part);
    if error_folder.starts_with(&folder) && Prefix::parse(data).is_ok() {
        let (node, where_to) = match errors {
            Some(node) if text(errors).is_some() => (node, "move"),
            _ => (
                prefix.unwrap_or(definition.destination),
                "set ErrorOutputPrefix to move",
            ),
        };
        let below = if folder.is_empty() {
            "the whole bucket".to_owned()
        } else {
            format!("everything below {folder}")
        };
        rules.report(
            Diagnostic::new(
                Code::ErrorsAmongData,
                node.span,
                "error objects lie below the prefix of the data",
            )
            .member(member)
            .why(format!(
                "whoever reads the data reads {below}, and takes error records for events"
            ))
            .help(format!(
                "{where_to} them beside the data, such as events/… and errors/!{{firehose:error-output-type}}/"
            )),
        );
    }
}

/// The text of a prefix before its first expression.
fn literal_part(value: &str) -> String {
    match Prefix::parse(value).ok().as_ref().map(Prefix::segments) {
        Some([Segment::Literal(text), ..]) => text.clone(),
        Some(_) => String::new(),
        // An error prefix has an expression that a prefix must not have.
        None => value.split("!{").next().unwrap_or_default().to_owned(),
    }
}
