//! Event buses and who may put events into them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Answer, Api,
    checks::{BUS_NAME, Checks, NAME, text},
    exists, failed, invalid, listed, not_found, owned, page, present, seconds,
    tags::tags_of,
    too_many,
};
use crate::{
    arn::{DEFAULT_BUS, bus_name},
    state::{Bus, Definition, Kept},
};

/// Buses of an account.
const MAX_BUSES: usize = 100;

/// Characters of a policy.
const MAX_POLICY: usize = 10_240;

impl Api {
    pub(super) async fn create_bus(&self, input: &Value) -> Answer {
        let mut checks = Checks::default();
        let name = checks.required(input, "Name", BUS_NAME);
        checks.optional(input, "Description", text(0, 512));
        checks.done()?;
        if !input["EventSourceName"].is_null() {
            return Err(invalid(
                "Parameter EventSourceName is not valid: there are no partner event sources here.",
            ));
        }
        if name.contains('/') {
            return Err(invalid("Event bus name must not contain '/'."));
        }
        {
            let state = self.buses.read();
            if state.buses.contains_key(name) {
                return Err(exists(format!("Event bus {name} already exists.")));
            }
            if state.buses.len() >= MAX_BUSES {
                return Err(too_many());
            }
        }
        let now = self.buses.now();
        let bus = Bus {
            name: name.to_owned(),
            description: owned(input, "Description"),
            statements: Vec::new(),
            dead_letter: input["DeadLetterConfig"].clone(),
            tags: tags_of(input)?,
            created: now,
            modified: now,
        };
        self.keep_bus(None, bus).await?;
        self.buses.compile(name);
        Ok(present(json!({
            "EventBusArn": self.buses.home.bus(name),
            "Description": input["Description"],
            "DeadLetterConfig": input["DeadLetterConfig"],
        })))
    }

    async fn keep_bus(&self, id: Option<u32>, bus: Bus) -> Result<(), hydrant_endpoint::ApiError> {
        let kept = self.buses.define(id, Definition::Bus(bus)).await;
        kept.map(|_| ()).map_err(|error| failed(&error))
    }

    /// The bus that `Name` names; the default bus without it.
    fn bus_called(&self, input: &Value) -> Result<Kept<Bus>, hydrant_endpoint::ApiError> {
        let name = input["Name"].as_str().unwrap_or(DEFAULT_BUS);
        self.bus_of(&json!({ "EventBusName": name }))
    }

    fn bus_answer(&self, bus: &Bus) -> Value {
        let policy = (!bus.statements.is_empty()).then(|| policy(&bus.statements));
        present(json!({
            "Name": bus.name,
            "Arn": self.buses.home.bus(&bus.name),
            "Description": bus.description,
            "DeadLetterConfig": bus.dead_letter,
            "Policy": policy,
            "CreationTime": seconds(bus.created),
            "LastModifiedTime": seconds(bus.modified),
        }))
    }

    pub(super) fn describe_bus(&self, input: &Value) -> Answer {
        let kept = self.bus_called(input)?;
        Ok(self.bus_answer(&kept.it))
    }

    pub(super) fn list_buses(&self, input: &Value) -> Value {
        let state = self.buses.read();
        let all = state
            .buses
            .iter()
            .map(|(name, kept)| (name.as_str(), &kept.it));
        let each = |bus: &Bus| {
            let mut answer = self.bus_answer(bus);
            if let Some(members) = answer.as_object_mut() {
                members.remove("DeadLetterConfig");
            }
            answer
        };
        listed("EventBuses", page(input, all, each))
    }

    pub(super) async fn delete_bus(&self, input: &Value) -> Answer {
        let mut checks = Checks::default();
        let name = bus_name(checks.required(input, "Name", BUS_NAME));
        checks.done()?;
        if name == DEFAULT_BUS {
            return Err(invalid("Cannot delete event bus default."));
        }
        let Some(kept) = self.buses.read().buses.get(name).cloned() else {
            return Ok(json!({}));
        };
        {
            let state = self.buses.read();
            if state.rules_of(name).next().is_some() {
                return Err(invalid("Event bus can't be deleted since it has rules."));
            }
            if state.archives.values().any(|it| it.it.bus == name) {
                return Err(invalid("Event bus can't be deleted since it has archives."));
            }
        }
        self.buses
            .forget(kept.id)
            .await
            .map_err(|error| failed(&error))?;
        self.buses.compile(name);
        Ok(json!({}))
    }

    pub(super) async fn update_bus(&self, input: &Value) -> Answer {
        let mut kept = self.bus_called(input)?;
        if let Some(description) = owned(input, "Description") {
            kept.it.description = Some(description);
        }
        if !input["DeadLetterConfig"].is_null() {
            kept.it.dead_letter = input["DeadLetterConfig"].clone();
        }
        kept.it.modified = self.buses.now();
        let answer = present(json!({
            "Arn": self.buses.home.bus(&kept.it.name),
            "Name": kept.it.name,
            "Description": kept.it.description,
            "DeadLetterConfig": kept.it.dead_letter,
        }));
        self.keep_bus(Some(kept.id), kept.it).await?;
        Ok(answer)
    }

    pub(super) async fn put_permission(&self, input: &Value) -> Answer {
        let mut kept = self.bus_of(input)?;
        let statements = if let Some(text) = input["Policy"].as_str() {
            let policy: Value = serde_json::from_str(text)
                .map_err(|_| invalid("This policy contains invalid Json"))?;
            match &policy["Statement"] {
                Value::Array(statements) => statements.clone(),
                Value::Null => return Err(invalid("This policy contains no Statement")),
                one => vec![one.clone()],
            }
        } else {
            let mut checks = Checks::default();
            let id = checks.required(input, "StatementId", NAME);
            let action = checks.required(input, "Action", text(1, 64));
            let principal = checks.required(input, "Principal", text(1, 12));
            checks.done()?;
            let is_account =
                principal.len() == 12 && principal.bytes().all(|it| it.is_ascii_digit());
            if principal != "*" && !is_account {
                return Err(invalid(
                    "Principal must be * or an account of twelve digits.",
                ));
            }
            let who = if principal == "*" {
                json!("*")
            } else {
                json!({ "AWS": format!("arn:aws:iam::{principal}:root") })
            };
            let mut statement = json!({
                "Sid": id,
                "Effect": "Allow",
                "Principal": who,
                "Action": action,
                "Resource": self.buses.home.bus(&kept.it.name),
            });
            let condition = &input["Condition"];
            if let (Some(kind), Some(key), Some(value)) = (
                condition["Type"].as_str(),
                condition["Key"].as_str(),
                condition["Value"].as_str(),
            ) {
                statement["Condition"] = json!({ kind: { key: value } });
            }
            let mut statements = kept.it.statements.clone();
            statements.retain(|it| it["Sid"] != *id);
            statements.push(statement);
            statements
        };
        if policy(&statements).len() > MAX_POLICY {
            return Err(hydrant_endpoint::ApiError::new(
                "PolicyLengthExceededException",
                format!("The event bus policy has more than {MAX_POLICY} characters."),
            ));
        }
        kept.it.statements = statements;
        self.keep_bus(Some(kept.id), kept.it).await?;
        Ok(json!({}))
    }

    pub(super) async fn remove_permission(&self, input: &Value) -> Answer {
        let mut kept = self.bus_of(input)?;
        if input["RemoveAllPermissions"].as_bool() == Some(true) {
            kept.it.statements.clear();
        } else {
            if kept.it.statements.is_empty() {
                return Err(not_found("EventBus does not have a policy.".to_owned()));
            }
            let before = kept.it.statements.len();
            let id = &input["StatementId"];
            kept.it.statements.retain(|it| it["Sid"] != *id);
            if kept.it.statements.len() == before {
                return Err(not_found(
                    "Statement with the provided id does not exist.".to_owned(),
                ));
            }
        }
        self.keep_bus(Some(kept.id), kept.it).await?;
        Ok(json!({}))
    }
}

fn policy(statements: &[Value]) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

/// Tags by key.
pub(super) type Tags = BTreeMap<String, String>;
