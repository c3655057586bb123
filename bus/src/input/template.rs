//! `InputTransformer`: a text with places in it.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::Value;

use super::{JsonPath, Matched, RenderError, path::members};

/// What `<aws.events.event>` stands for where it is no value inside a JSON template. Inside of one, AWS leaves
/// `detail` out; what it does elsewhere is not published, and the AWS sample of client events relies on all of
/// the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EventPlaceholder {
    /// The event with its detail.
    #[default]
    Full,
    /// The event without its detail, as inside a JSON template.
    Envelope,
}

/// Why a transformer is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TemplateError {
    /// The template names what `InputPathsMap` does not.
    Placeholder(String),
    /// A path is none.
    Path(String),
    /// A name that begins with `aws.`
    Reserved(String),
}

/// A template and the paths that it names.
#[derive(Debug)]
pub(crate) struct Template {
    paths: BTreeMap<String, JsonPath>,
    pieces: Vec<Piece>,
    is_json: bool,
}

#[derive(Debug, PartialEq)]
enum Piece {
    Text(String),
    /// A place, and whether it is inside quotes.
    Place(Place, bool),
}

#[derive(Debug, PartialEq)]
enum Place {
    Variable(String),
    RuleArn,
    RuleName,
    IngestionTime,
    Event,
    EventJson,
}

impl Template {
    pub(super) fn new(transformer: &Value) -> Result<Self, TemplateError> {
        let mut paths = BTreeMap::new();
        for (name, path) in transformer["InputPathsMap"]
            .as_object()
            .into_iter()
            .flatten()
        {
            if name.starts_with("aws.") {
                return Err(TemplateError::Reserved(name.clone()));
            }
            let path = path.as_str().and_then(JsonPath::parse);
            let path = path.ok_or_else(|| TemplateError::Path(name.clone()))?;
            paths.insert(name.clone(), path);
        }
        let text = transformer["InputTemplate"].as_str().unwrap_or_default();
        let is_json = text.trim_start().starts_with('{');
        // Where no text can be JSON, the two characters that stand for a newline do.
        let text = if is_json {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(text.replace("\\n", "\n"))
        };
        Ok(Self {
            pieces: pieces(&text, &paths)?,
            paths,
            is_json,
        })
    }

    pub(super) fn render(&self, matched: &Matched<'_>) -> Result<String, RenderError> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(literal) => text += literal,
                Piece::Place(place, quoted) => {
                    let value = self.value(place, matched);
                    text += &match (quoted, &value) {
                        (false, Some(value)) => value.clone(),
                        (false, None) => Cow::Borrowed("\"\""),
                        (true, Some(value)) => self.inside_quotes(value),
                        (true, None) => Cow::Borrowed(""),
                    };
                }
            }
        }
        if self.is_json
            && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&text)
        {
            return Err(RenderError::NoJson {
                reason: error.to_string(),
                text: text.chars().take(200).collect(),
            });
        }
        Ok(text)
    }

    /// The JSON text of what a place stands for.
    fn value<'a>(&self, place: &Place, matched: &Matched<'a>) -> Option<Cow<'a, str>> {
        let event = || std::str::from_utf8(matched.event).ok();
        let quoted = |text: &str| Cow::Owned(Value::from(text).to_string());
        Some(match place {
            Place::Variable(name) => self.paths.get(name)?.select(matched.event)?.into(),
            Place::RuleArn => quoted(matched.rule_arn),
            Place::RuleName => quoted(matched.rule_name),
            Place::IngestionTime => {
                quoted(&matched.arrival.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
            }
            Place::EventJson => event()?.into(),
            Place::Event if !self.is_json && matched.placeholder == EventPlaceholder::Full => {
                event()?.into()
            }
            Place::Event => without_detail(event()?).into(),
        })
    }

    /// A value inside quotes: a string as it is, without escapes; of anything else in a text that is no JSON,
    /// the quotes are lost.
    fn inside_quotes<'a>(&self, value: &'a str) -> Cow<'a, str> {
        if value.starts_with('"') {
            return Cow::Owned(serde_json::from_str(value).unwrap_or_default());
        }
        if self.is_json {
            Cow::Borrowed(value)
        } else {
            Cow::Owned(value.replace('"', ""))
        }
    }
}

/// The event as `<aws.events.event>` has it: without its detail, and `detail-type` under another name.
fn without_detail(event: &str) -> String {
    let members = members(event);
    let kept = [
        ("id", "id"),
        ("account", "account"),
        ("detail-type", "detailType"),
        ("time", "time"),
        ("source", "source"),
        ("region", "region"),
        ("resources", "resources"),
        ("version", "version"),
    ];
    let kept = kept.iter().filter_map(|(name, renamed)| {
        let (_, value) = members.iter().find(|(it, _)| it == name)?;
        Some(format!("\"{renamed}\":{value}"))
    });
    format!("{{{}}}", kept.collect::<Vec<_>>().join(","))
}

fn pieces(text: &str, paths: &BTreeMap<String, JsonPath>) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    let (mut literal, mut quoted, mut escaped) = (String::new(), false, false);
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        if letter == '<'
            && let Some((name, after)) = rest.as_str().split_once('>')
        {
            let place = match name {
                "aws.events.rule-arn" => Place::RuleArn,
                "aws.events.rule-name" => Place::RuleName,
                "aws.events.event.ingestion-time" => Place::IngestionTime,
                "aws.events.event" => Place::Event,
                "aws.events.event.json" => Place::EventJson,
                _ if paths.contains_key(name) => Place::Variable(name.to_owned()),
                _ => return Err(TemplateError::Placeholder(name.to_owned())),
            };
            pieces.push(Piece::Text(std::mem::take(&mut literal)));
            pieces.push(Piece::Place(place, quoted));
            rest = after.chars();
            continue;
        }
        match letter {
            '"' if !escaped => quoted = !quoted,
            '\n' => quoted = false,
            _ => {}
        }
        escaped = letter == '\\' && !escaped;
        literal.push(letter);
    }
    pieces.push(Piece::Text(literal));
    Ok(pieces)
}
