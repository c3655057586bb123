//! What templates say of buses, made through the API as anybody would.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use hydrant_bus::{Api, Secrets};
use serde_json::{Value, json};

use super::super::template::{Part, PartKind};

/// Makes what a template says, one after the other; what is there already is changed.
pub(super) struct Making<'a> {
    api: &'a Api,
    secrets: Secrets,
    /// What `${Id.Arn}` stands for.
    arns: BTreeMap<String, String>,
}

impl<'a> Making<'a> {
    pub(super) fn new(api: &'a Api, secrets: Secrets) -> Self {
        Self {
            api,
            secrets,
            arns: BTreeMap::new(),
        }
    }

    pub(super) async fn make(&mut self, part: &Part) -> Result<()> {
        let mut input = part.input.clone();
        self.put_in(&mut input);
        self.resolve(&mut input).await?;
        let arn = match part.kind {
            PartKind::Bus => self.ensure("EventBus", &input, "EventBusArn").await?,
            PartKind::Connection => self.ensure("Connection", &input, "ConnectionArn").await?,
            PartKind::Destination => {
                self.ensure("ApiDestination", &input, "ApiDestinationArn")
                    .await?
            }
            PartKind::Archive => {
                if let Some(source) = input.as_object_mut().and_then(|it| it.remove("SourceArn")) {
                    input["EventSourceArn"] = source;
                }
                self.ensure("Archive", &input, "ArchiveArn").await?
            }
            PartKind::Rule => self.rule(input).await?,
            PartKind::Policy => self.policy(input).await?,
        };
        self.arns.insert(part.id.clone(), arn);
        Ok(())
    }

    async fn rule(&self, mut input: Value) -> Result<String> {
        let targets = input.as_object_mut().and_then(|it| it.remove("Targets"));
        let targets = targets.unwrap_or_else(|| json!([]));
        let made = self.call("PutRule", &input).await?;
        let mut of_rule = json!({"Rule": input["Name"]});
        if let Some(bus) = input.get("EventBusName") {
            of_rule["EventBusName"] = bus.clone();
        }
        let with = |name: &str, value: Value| {
            let mut input = of_rule.clone();
            input[name] = value;
            input
        };
        // What the template had when it was read before, and has no more.
        let known = self.call("ListTargetsByRule", &of_rule).await?;
        let is_gone = |id: &&Value| items(&targets).all(|target| target["Id"] != **id);
        let gone: Vec<&Value> = items(&known["Targets"])
            .map(|target| &target["Id"])
            .filter(is_gone)
            .collect();
        if !gone.is_empty() {
            self.call("RemoveTargets", &with("Ids", json!(gone)))
                .await?;
        }
        if items(&targets).next().is_some() {
            self.call("PutTargets", &with("Targets", targets)).await?;
        }
        Ok(made["RuleArn"].as_str().unwrap_or_default().to_owned())
    }

    /// Puts a statement into the policy of its bus. Policies are kept and shown; nobody is refused here.
    async fn policy(&self, mut input: Value) -> Result<String> {
        let id = input["StatementId"].clone();
        if let Some(mut statement) = input.as_object_mut().and_then(|it| it.remove("Statement")) {
            let mut asked = json!({});
            if let Some(bus) = input.get("EventBusName") {
                asked["Name"] = bus.clone();
            }
            let described = self.call("DescribeEventBus", &asked).await?;
            let policy = described["Policy"].as_str().unwrap_or("{}");
            let policy: Value = serde_json::from_str(policy)?;
            statement["Sid"] = id.clone();
            let others = items(&policy["Statement"]).filter(|it| it["Sid"] != id);
            let statements: Vec<&Value> = others.chain([&statement]).collect();
            let policy = json!({"Version": "2012-10-17", "Statement": statements});
            input = json!({"EventBusName": asked["Name"], "Policy": policy.to_string()});
        }
        self.call("PutPermission", &input).await?;
        Ok(id.as_str().unwrap_or_default().to_owned())
    }

    /// Makes something by its `Name`, or changes it where it is there.
    async fn ensure(&self, kind: &str, input: &Value, arn: &str) -> Result<String> {
        let create = format!("Create{kind}");
        let body = input.to_string();
        let answer = match self.api.call(&create, body.as_bytes()).await {
            Ok(answer) => serde_json::from_slice(&answer)?,
            Err(error) if error.name == "ResourceAlreadyExistsException" => {
                let mut change = input.clone();
                if kind == "Archive"
                    && let Some(members) = change.as_object_mut()
                {
                    // What an archive is of cannot be changed.
                    members.remove("EventSourceArn");
                }
                self.call(&format!("Update{kind}"), &change).await?;
                let name = if kind == "Archive" {
                    "ArchiveName"
                } else {
                    "Name"
                };
                let asked = json!({name: input[name]});
                let described = self.call(&format!("Describe{kind}"), &asked).await?;
                if kind == "EventBus" {
                    json!({"EventBusArn": described["Arn"]})
                } else {
                    described
                }
            }
            Err(error) => bail!("{create}: {error}"),
        };
        Ok(answer[arn].as_str().unwrap_or_default().to_owned())
    }

    async fn call(&self, operation: &str, input: &Value) -> Result<Value> {
        let answer = self.api.call(operation, input.to_string().as_bytes()).await;
        let answer = answer.map_err(|error| anyhow::anyhow!("{operation}: {error}"))?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// Puts secrets in the places of their references.
    async fn resolve(&self, value: &mut Value) -> Result<()> {
        match value {
            Value::String(text) if text.contains("{{resolve:") => {
                let found = self.secrets.resolve(text).await;
                *text = found.map_err(|error| {
                    anyhow::anyhow!(
                        "{error}; give --secrets FILE with {{\"NAME\":{{\"MEMBER\":\"…\"}}}}, or --secrets secretsmanager"
                    )
                })?;
            }
            Value::Array(items) => {
                for item in items {
                    Box::pin(self.resolve(item)).await?;
                }
            }
            Value::Object(members) => {
                for member in members.values_mut() {
                    Box::pin(self.resolve(member)).await?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Puts ARNs in the places of their references.
    fn put_in(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                for (id, arn) in &self.arns {
                    *text = text.replace(&format!("${{{id}.Arn}}"), arn);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.put_in(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.put_in(member)),
            _ => {}
        }
    }
}

/// The items of a list; none of anything else.
fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
