//! Rules.

use hydrant_schedule::{Dialect, Schedule};
use serde_json::{Value, json};

use super::{
    Answer, Api,
    checks::{ARN, Checks, NAME, text},
    entries, failed, invalid, listed, owned, page, present,
    tags::tags_of,
    too_many,
};
use crate::{
    arn::DEFAULT_BUS,
    pattern::Pattern,
    state::{Definition, Rule},
};

/// Rules of a bus (EventBridge quotas).
const MAX_RULES: usize = 300;

const STATES: [&str; 3] = [
    "ENABLED",
    "DISABLED",
    "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
];

impl Api {
    pub(super) async fn put_rule(&self, input: &Value) -> Answer {
        let mut checks = Checks::default();
        let name = checks.required(input, "Name", NAME);
        checks.optional(input, "EventPattern", text(0, 4096));
        checks.optional(input, "ScheduleExpression", text(0, 256));
        checks.optional(input, "Description", text(0, 512));
        checks.optional(input, "RoleArn", ARN);
        checks.one_of(&input["State"], "state", &STATES);
        checks.done()?;
        let bus = self.bus_of(input)?.it.name;
        let pattern = owned(input, "EventPattern").filter(|text| !text.is_empty());
        let schedule = owned(input, "ScheduleExpression").filter(|text| !text.is_empty());
        if let Some(pattern) = &pattern {
            let checked = Pattern::with_options(pattern, self.buses.options.patterns);
            checked.map_err(|error| entries::refused(&error))?;
        }
        if let Some(schedule) = &schedule {
            if bus != DEFAULT_BUS {
                return Err(invalid(
                    "ScheduleExpression is supported only on the default event bus.",
                ));
            }
            Schedule::parse(schedule, Dialect::Rules)
                .map_err(|error| invalid(error.aws_message()))?;
        }
        if pattern.is_none() && schedule.is_none() {
            return Err(invalid(
                "Parameter(s) EventPattern or ScheduleExpression must be specified.",
            ));
        }
        let before = {
            let state = self.buses.read();
            let before = state.rules.get(&(bus.clone(), name.to_owned())).cloned();
            if before.is_none() && state.rules_of(&bus).count() >= MAX_RULES {
                return Err(too_many());
            }
            before
        };
        let (id, created, tags) = match before {
            Some(kept) => (Some(kept.id), kept.it.created, kept.it.tags),
            None => (None, self.buses.now(), tags_of(input)?),
        };
        let rule = Rule {
            bus: bus.clone(),
            name: name.to_owned(),
            pattern,
            schedule,
            state: owned(input, "State").unwrap_or_else(|| "ENABLED".to_owned()),
            description: owned(input, "Description"),
            role: owned(input, "RoleArn"),
            tags,
            created,
        };
        let kept = self.buses.define(id, Definition::Rule(rule)).await;
        kept.map_err(|error| failed(&error))?;
        self.buses.compile(&bus);
        Ok(json!({ "RuleArn": self.buses.home.rule(&bus, name) }))
    }

    fn rule_answer(&self, rule: &Rule) -> Value {
        present(json!({
            "Name": rule.name,
            "Arn": self.buses.home.rule(&rule.bus, &rule.name),
            "EventPattern": rule.pattern,
            "ScheduleExpression": rule.schedule,
            "State": rule.state,
            "Description": rule.description,
            "RoleArn": rule.role,
            "EventBusName": rule.bus,
        }))
    }

    pub(super) fn describe_rule(&self, input: &Value) -> Answer {
        let mut checks = Checks::default();
        let name = checks.required(input, "Name", NAME);
        checks.done()?;
        let bus = self.bus_of(input)?.it.name;
        let mut answer = self.rule_answer(&self.rule_of(&bus, name)?.it);
        answer["CreatedBy"] = self.buses.home.account.clone().into();
        Ok(answer)
    }

    pub(super) fn list_rules(&self, input: &Value) -> Answer {
        let bus = self.bus_of(input)?.it.name;
        let state = self.buses.read();
        let rules = state
            .rules_of(&bus)
            .map(|kept| (kept.it.name.as_str(), &kept.it));
        Ok(listed(
            "Rules",
            page(input, rules, |rule| self.rule_answer(rule)),
        ))
    }

    pub(super) fn list_rule_names_by_target(&self, input: &Value) -> Answer {
        let mut checks = Checks::default();
        let arn = checks.required(input, "TargetArn", ARN);
        checks.done()?;
        let bus = self.bus_of(input)?.it.name;
        let state = self.buses.read();
        let rules = state.rules_of(&bus).map(|kept| kept.it.name.as_str());
        let with = rules.filter(|name| {
            let mut targets = state.targets_of(&bus, name);
            targets.any(|target| target.it.arn() == arn)
        });
        let named = with.map(|name| (name, name));
        Ok(listed("RuleNames", page(input, named, Value::from)))
    }

    pub(super) async fn set_rule_state(&self, input: &Value, state: &str) -> Answer {
        let mut checks = Checks::default();
        let name = checks.required(input, "Name", NAME);
        checks.done()?;
        let bus = self.bus_of(input)?.it.name;
        let mut kept = self.rule_of(&bus, name)?;
        state.clone_into(&mut kept.it.state);
        let kept = self
            .buses
            .define(Some(kept.id), Definition::Rule(kept.it))
            .await;
        kept.map_err(|error| failed(&error))?;
        self.buses.compile(&bus);
        Ok(json!({}))
    }

    pub(super) async fn delete_rule(&self, input: &Value) -> Answer {
        let mut checks = Checks::default();
        let name = checks.required(input, "Name", NAME);
        checks.done()?;
        let bus = self.bus_of(input)?.it.name;
        let Ok(kept) = self.rule_of(&bus, name) else {
            return Ok(json!({}));
        };
        if self.buses.read().targets_of(&bus, name).next().is_some() {
            return Err(invalid("Rule can't be deleted since it has targets."));
        }
        self.buses
            .forget(kept.id)
            .await
            .map_err(|error| failed(&error))?;
        self.buses.compile(&bus);
        Ok(json!({}))
    }
}
