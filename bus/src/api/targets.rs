//! Targets of rules.

use serde_json::{Value, json};

use super::{
    Answer, Api,
    checks::{ARN, Checks, NAME, text},
    failed, invalid, listed, page, too_many,
};
use crate::state::{Definition, Target};

/// Targets of a rule (EventBridge quotas).
const MAX_TARGETS: usize = 5;

impl Api {
    pub(super) async fn put_targets(&self, input: &Value) -> Answer {
        let mut checks = Checks::default();
        let rule = checks.required(input, "Rule", NAME);
        let targets = checks.list(input, "Targets", 100);
        targets.iter().enumerate().for_each(|(index, target)| {
            check(
                &mut checks,
                &format!("targets.{}.member", index + 1),
                target,
            );
        });
        checks.done()?;
        let bus = self.bus_of(input)?.it.name;
        self.rule_of(&bus, rule)?;
        let mut wanted = Vec::with_capacity(targets.len());
        for given in targets {
            let target = Target {
                bus: bus.clone(),
                rule: rule.to_owned(),
                given: given.clone(),
            };
            self.buses.plan(&target).map_err(invalid)?;
            wanted.push(target);
        }
        let ids: Vec<Option<u32>> = {
            let state = self.buses.read();
            let mut names: Vec<&str> = state.targets_of(&bus, rule).map(|it| it.it.id()).collect();
            names.extend(wanted.iter().map(Target::id));
            names.sort_unstable();
            names.dedup();
            if names.len() > MAX_TARGETS {
                return Err(too_many());
            }
            let known = |it: &Target| state.targets.get(&it.key()).map(|kept| kept.id);
            wanted.iter().map(known).collect()
        };
        for (id, target) in ids.into_iter().zip(wanted) {
            let kept = self.buses.define(id, Definition::Target(target)).await;
            kept.map_err(|error| failed(&error))?;
        }
        self.buses
            .start_lines()
            .await
            .map_err(|error| failed(&error))?;
        self.buses.compile(&bus);
        Ok(json!({ "FailedEntryCount": 0, "FailedEntries": [] }))
    }

    pub(super) fn list_targets_by_rule(&self, input: &Value) -> Answer {
        let mut checks = Checks::default();
        let rule = checks.required(input, "Rule", NAME);
        checks.done()?;
        let bus = self.bus_of(input)?.it.name;
        self.rule_of(&bus, rule)?;
        let state = self.buses.read();
        let targets = state
            .targets_of(&bus, rule)
            .map(|kept| (kept.it.id(), &kept.it));
        Ok(listed(
            "Targets",
            page(input, targets, |target| target.given.clone()),
        ))
    }

    pub(super) async fn remove_targets(&self, input: &Value) -> Answer {
        let mut checks = Checks::default();
        let rule = checks.required(input, "Rule", NAME);
        let ids = checks.list(input, "Ids", 100);
        checks.done()?;
        let bus = self.bus_of(input)?.it.name;
        self.rule_of(&bus, rule)?;
        let mut refused = Vec::new();
        for id in ids {
            let id = id.as_str().unwrap_or_default();
            let key = (bus.clone(), rule.to_owned(), id.to_owned());
            let kept = self.buses.read().targets.get(&key).map(|kept| kept.id);
            match kept {
                Some(kept) => self
                    .buses
                    .forget(kept)
                    .await
                    .map_err(|error| failed(&error))?,
                None => refused.push(json!({
                    "TargetId": id,
                    "ErrorCode": "ResourceNotFoundException",
                    "ErrorMessage": format!("Rule {rule} does not have target {id}."),
                })),
            }
        }
        self.buses.compile(&bus);
        Ok(json!({ "FailedEntryCount": refused.len(), "FailedEntries": refused }))
    }
}

fn check(checks: &mut Checks, member: &str, target: &Value) {
    let at = |name: &str| format!("{member}.{name}");
    checks.required_at(&target["Id"], &at("id"), NAME);
    checks.required_at(&target["Arn"], &at("arn"), ARN);
    checks.optional_at(&target["RoleArn"], &at("roleArn"), ARN);
    checks.optional_at(&target["Input"], &at("input"), text(0, 8192));
    checks.optional_at(&target["InputPath"], &at("inputPath"), text(0, 256));
    let transformer = &target["InputTransformer"];
    if !transformer.is_null() {
        let member = at("inputTransformer.inputTemplate");
        checks.required_at(&transformer["InputTemplate"], &member, text(1, 8192));
    }
    let policy = &target["RetryPolicy"];
    let member = at("retryPolicy.maximumRetryAttempts");
    checks.range(&policy["MaximumRetryAttempts"], &member, 0, 185);
    let member = at("retryPolicy.maximumEventAgeInSeconds");
    checks.range(&policy["MaximumEventAgeInSeconds"], &member, 60, 86_400);
    let queue = &target["DeadLetterConfig"]["Arn"];
    checks.optional_at(queue, &at("deadLetterConfig.arn"), text(1, 1600));
}
