//! Tags of buses and rules.

use hydrant_endpoint::ApiError;
use serde_json::{Value, json};

use super::{
    Answer, Api,
    buses::Tags,
    checks::{ARN, Checks, text},
    failed, invalid, not_found,
};
use crate::{
    arn::{DEFAULT_BUS, parts},
    state::Definition,
};

/// Tags of a resource.
const MAX_TAGS: usize = 50;

/// `Tags` of an input.
pub(super) fn tags_of(input: &Value) -> Result<Tags, ApiError> {
    let mut checks = Checks::default();
    let mut tags = Tags::new();
    for (index, tag) in input["Tags"].as_array().into_iter().flatten().enumerate() {
        let at = |name: &str| format!("tags.{}.member.{name}", index + 1);
        let key = checks.required_at(&tag["Key"], &at("key"), text(1, 128));
        let value = checks.required_at(&tag["Value"], &at("value"), text(0, 256));
        tags.insert(key.to_owned(), value.to_owned());
    }
    checks.done()?;
    if tags.len() > MAX_TAGS {
        return Err(invalid(format!("A resource has at most {MAX_TAGS} tags.")));
    }
    Ok(tags)
}

impl Api {
    pub(super) async fn tag(&self, input: &Value) -> Answer {
        let more = tags_of(input)?;
        self.change_tags(input, |tags| tags.extend(more)).await
    }

    pub(super) async fn untag(&self, input: &Value) -> Answer {
        let keys = input["TagKeys"].as_array().cloned().unwrap_or_default();
        self.change_tags(input, |tags| {
            tags.retain(|key, _| !keys.iter().any(|it| it == key));
        })
        .await
    }

    pub(super) fn list_tags(&self, input: &Value) -> Answer {
        let tags = match self.tagged(input)? {
            Definition::Bus(bus) => bus.tags,
            Definition::Rule(rule) => rule.tags,
            _ => Tags::new(),
        };
        let tags = tags
            .into_iter()
            .map(|(key, value)| json!({ "Key": key, "Value": value }));
        Ok(json!({ "Tags": tags.collect::<Vec<_>>() }))
    }

    async fn change_tags(&self, input: &Value, change: impl FnOnce(&mut Tags)) -> Answer {
        let mut definition = self.tagged(input)?;
        let id = {
            let state = self.buses.read();
            match &definition {
                Definition::Bus(bus) => state.buses.get(&bus.name).map(|kept| kept.id),
                Definition::Rule(rule) => state.rules.get(&rule.key()).map(|kept| kept.id),
                _ => None,
            }
        };
        match &mut definition {
            Definition::Bus(bus) => change(&mut bus.tags),
            Definition::Rule(rule) => change(&mut rule.tags),
            _ => {}
        }
        let kept = self.buses.define(id, definition).await;
        kept.map_err(|error| failed(&error))?;
        Ok(json!({}))
    }

    /// The bus or the rule that `ResourceARN` names.
    fn tagged(&self, input: &Value) -> Result<Definition, ApiError> {
        let mut checks = Checks::default();
        let arn = checks.required(input, "ResourceARN", ARN);
        checks.done()?;
        let resource = parts(arn).filter(|(service, _)| *service == "events");
        let resource = resource.map_or("", |(_, resource)| resource);
        let state = self.buses.read();
        let found = if let Some(name) = resource.strip_prefix("event-bus/") {
            let bus = state.buses.get(name);
            bus.map(|kept| Definition::Bus(kept.it.clone()))
                .ok_or_else(|| format!("Event bus {name} does not exist."))
        } else if let Some(rule) = resource.strip_prefix("rule/") {
            let (bus, name) = rule.rsplit_once('/').unwrap_or((DEFAULT_BUS, rule));
            let rule = state.rules.get(&(bus.to_owned(), name.to_owned()));
            rule.map(|kept| Definition::Rule(kept.it.clone()))
                .ok_or_else(|| format!("Rule {name} does not exist on EventBus {bus}."))
        } else {
            return Err(invalid(format!(
                "{arn} is neither an event bus nor a rule."
            )));
        };
        found.map_err(not_found)
    }
}
