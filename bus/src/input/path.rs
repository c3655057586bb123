//! The paths that EventBridge knows: `$.detail.items[0].name`, `$.detail.items[*].name`. What they select is
//! spelled as the event spells it.

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsonPath {
    text: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
    All,
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl JsonPath {
    /// Reads a path; `None` when it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix('$')?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let (name, more) = after.split_at_checked(end)?;
                if name.is_empty() {
                    return None;
                }
                steps.push(if name == "*" {
                    Step::All
                } else {
                    Step::Member(name.to_owned())
                });
                rest = more;
            } else {
                let (inside, more) = rest.strip_prefix('[')?.split_once(']')?;
                let quoted = inside
                    .strip_prefix('\'')
                    .and_then(|it| it.strip_suffix('\''))
                    .or_else(|| inside.strip_prefix('"').and_then(|it| it.strip_suffix('"')));
                steps.push(match quoted {
                    Some(name) => Step::Member(name.to_owned()),
                    None if inside == "*" => Step::All,
                    None => Step::Element(inside.parse().ok()?),
                });
                rest = more;
            }
        }
        Some(Self {
            text: text.to_owned(),
            steps,
        })
    }

    /// The JSON text of what it selects: of one value, or, where there is a `*`, of an array.
    pub(crate) fn select(&self, event: &[u8]) -> Option<String> {
        let event = std::str::from_utf8(event).ok()?;
        let mut found = vec![event];
        for step in &self.steps {
            found = found.into_iter().flat_map(|text| step.of(text)).collect();
        }
        if self.steps.contains(&Step::All) {
            return (!found.is_empty()).then(|| format!("[{}]", found.join(",")));
        }
        found.first().map(|text| (*text).to_owned())
    }
}

impl Step {
    fn of<'a>(&self, text: &'a str) -> Vec<&'a str> {
        match self {
            Self::Member(name) => {
                let members = members(text).into_iter().rev();
                let mut named = members.filter(|(it, _)| it == name);
                named.next().map(|(_, value)| value).into_iter().collect()
            }
            Self::Element(index) => elements(text).get(*index).copied().into_iter().collect(),
            Self::All if text.starts_with('{') => {
                members(text).into_iter().map(|(_, value)| value).collect()
            }
            Self::All => elements(text),
        }
    }
}

struct Members<'a>(Vec<(Cow<'a, str>, &'a str)>);

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfMap;
        impl<'de> Visitor<'de> for OfMap {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    members.push((name.0, value.get()));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(OfMap)
    }
}

/// The members of an object, as they are spelled; none of what is no object.
pub(super) fn members(text: &str) -> Vec<(Cow<'_, str>, &str)> {
    serde_json::from_str::<Members<'_>>(text).map_or_else(|_| Vec::new(), |it| it.0)
}

fn elements(text: &str) -> Vec<&str> {
    let elements: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
    elements.into_iter().map(RawValue::get).collect()
}
