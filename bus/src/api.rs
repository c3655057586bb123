//! The EventBridge API, version 2015-10-07, as AWS JSON 1.1 (API reference).

mod archives;
mod buses;
mod checks;
mod connections;
mod endpoint;
mod entries;
mod replays;
mod rules;
mod tags;
mod targets;

use std::sync::Arc;

use hydrant_endpoint::{ApiError, LogError};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    arn::{DEFAULT_BUS, bus_name},
    bus::Buses,
    state::{Bus, Kept, Rule},
};

/// What an operation answers.
type Answer = Result<Value, ApiError>;

/// The API of event buses.
#[derive(Debug, Clone)]
pub struct Api {
    buses: Arc<Buses>,
}

/// Operations that are EventBridge's and not done here: partner event sources and global endpoints.
const NOT_HERE: [&str; 13] = [
    "ActivateEventSource",
    "CreateEndpoint",
    "CreatePartnerEventSource",
    "DeactivateEventSource",
    "DeleteEndpoint",
    "DeletePartnerEventSource",
    "DescribeEndpoint",
    "DescribeEventSource",
    "DescribePartnerEventSource",
    "ListEndpoints",
    "PutPartnerEvents",
    "TestEventPatternV2",
    "UpdateEndpoint",
];

impl Api {
    /// The API of `buses`.
    pub fn new(buses: Arc<Buses>) -> Self {
        Self { buses }
    }

    /// The buses behind it.
    pub fn buses(&self) -> &Arc<Buses> {
        &self.buses
    }

    /// Runs the operation called `name`, such as `PutEvents`, with the JSON of its input; the JSON of its
    /// answer.
    ///
    /// # Errors
    ///
    /// [`ApiError`] with AWS's type and, where it is known, AWS's text.
    pub async fn call(&self, name: &str, body: &[u8]) -> Result<Vec<u8>, ApiError> {
        if name == "PutEvents" {
            return self.put_events(body).await;
        }
        let body: &[u8] = if body.is_empty() { b"{}" } else { body };
        let input: Value = serde_json::from_slice(body).map_err(|_| unreadable())?;
        if !input.is_object() {
            return Err(unreadable());
        }
        let answer = self.operation(name, &input).await?;
        // A value always serialises.
        Ok(serde_json::to_vec(&answer).unwrap_or_default())
    }

    async fn operation(&self, name: &str, input: &Value) -> Answer {
        match name {
            "TestEventPattern" => self.test_event_pattern(input),
            "CreateEventBus" => self.create_bus(input).await,
            "DescribeEventBus" => self.describe_bus(input),
            "ListEventBuses" => Ok(self.list_buses(input)),
            "DeleteEventBus" => self.delete_bus(input).await,
            "UpdateEventBus" => self.update_bus(input).await,
            "PutPermission" => self.put_permission(input).await,
            "RemovePermission" => self.remove_permission(input).await,
            "PutRule" => self.put_rule(input).await,
            "DescribeRule" => self.describe_rule(input),
            "ListRules" => self.list_rules(input),
            "ListRuleNamesByTarget" => self.list_rule_names_by_target(input),
            "EnableRule" => self.set_rule_state(input, "ENABLED").await,
            "DisableRule" => self.set_rule_state(input, "DISABLED").await,
            "DeleteRule" => self.delete_rule(input).await,
            "PutTargets" => self.put_targets(input).await,
            "ListTargetsByRule" => self.list_targets_by_rule(input),
            "RemoveTargets" => self.remove_targets(input).await,
            "CreateArchive" => self.create_archive(input).await,
            "DescribeArchive" => self.describe_archive(input).await,
            "ListArchives" => self.list_archives(input).await,
            "UpdateArchive" => self.update_archive(input).await,
            "DeleteArchive" => self.delete_archive(input).await,
            "StartReplay" => self.start_replay(input).await,
            "DescribeReplay" => self.describe_replay(input),
            "ListReplays" => Ok(self.list_replays(input)),
            "CancelReplay" => self.cancel_replay(input).await,
            "CreateConnection" => self.create_connection(input).await,
            "DescribeConnection" => self.describe_connection(input),
            "ListConnections" => Ok(self.list_connections(input)),
            "UpdateConnection" => self.update_connection(input).await,
            "DeleteConnection" => self.delete_connection(input).await,
            "DeauthorizeConnection" => self.deauthorize_connection(input).await,
            "CreateApiDestination" => self.create_destination(input).await,
            "DescribeApiDestination" => self.describe_destination(input),
            "ListApiDestinations" => Ok(self.list_destinations(input)),
            "UpdateApiDestination" => self.update_destination(input).await,
            "DeleteApiDestination" => self.delete_destination(input).await,
            "TagResource" => self.tag(input).await,
            "UntagResource" => self.untag(input).await,
            "ListTagsForResource" => self.list_tags(input),
            // Nobody has partner event sources.
            "ListEventSources" => Ok(json!({ "EventSources": [] })),
            "ListPartnerEventSources" => Ok(json!({ "PartnerEventSources": [] })),
            "ListPartnerEventSourceAccounts" => Ok(json!({ "PartnerEventSourceAccounts": [] })),
            _ if NOT_HERE.contains(&name) => Err(ApiError::new(
                "OperationDisabledException",
                format!(
                    "{name} is not supported here: partner event sources and global endpoints are AWS's"
                ),
            )),
            _ => Err(ApiError::unknown_operation(format!(
                "EventBridge has no operation called {name}"
            ))),
        }
    }

    /// The bus that `EventBusName` names, by name or ARN; the default bus without it.
    fn bus_of(&self, input: &Value) -> Result<Kept<Bus>, ApiError> {
        let name = bus_name(input["EventBusName"].as_str().unwrap_or(DEFAULT_BUS));
        let state = self.buses.read();
        let bus = state.buses.get(name).cloned();
        bus.ok_or_else(|| not_found(format!("Event bus {name} does not exist.")))
    }

    /// The rule of `bus` that is called so.
    fn rule_of(&self, bus: &str, name: &str) -> Result<Kept<Rule>, ApiError> {
        let state = self.buses.read();
        let rule = state.rules.get(&(bus.to_owned(), name.to_owned())).cloned();
        rule.ok_or_else(|| not_found(format!("Rule {name} does not exist on EventBus {bus}.")))
    }
}

/// JSON that is none: AWS answers with the type alone.
fn unreadable() -> ApiError {
    ApiError::new("com.amazon.coral.service#SerializationException", "")
}

fn not_found(message: String) -> ApiError {
    ApiError::new("ResourceNotFoundException", message)
}

fn exists(message: String) -> ApiError {
    ApiError::new("ResourceAlreadyExistsException", message)
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message)
}

fn too_many() -> ApiError {
    ApiError::new(
        "LimitExceededException",
        "The requested resource exceeds the maximum number allowed.",
    )
}

fn failed(error: &LogError) -> ApiError {
    ApiError::new("InternalException", error.to_string()).with_status(500)
}

/// An instant as JSON 1.1 has it: seconds since the epoch.
fn seconds(time: Timestamp) -> Value {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds of any year fit a double"
    )]
    let seconds = time.as_millisecond() as f64 / 1000.0;
    json!(seconds)
}

fn time_of(input: &Value, name: &str) -> Option<Timestamp> {
    match &input[name] {
        Value::Number(number) => crate::event::time(number.as_f64()?),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn owned(input: &Value, name: &str) -> Option<String> {
    input[name].as_str().map(str::to_owned)
}

/// One page of a list: names begin with `NamePrefix`, `NextToken` is the last name of the page before.
fn page<'a, T: 'a>(
    input: &Value,
    all: impl Iterator<Item = (&'a str, T)>,
    each: impl Fn(T) -> Value,
) -> (Vec<Value>, Option<String>) {
    let prefix = input["NamePrefix"].as_str().unwrap_or_default();
    let after = input["NextToken"].as_str();
    let most = usize::try_from(input["Limit"].as_u64().unwrap_or(100)).unwrap_or(100);
    let mut rest = all
        .filter(|(name, _)| name.starts_with(prefix) && after.is_none_or(|after| *name > after))
        .peekable();
    let (mut found, mut last) = (Vec::new(), None);
    while found.len() < most.max(1)
        && let Some((name, it)) = rest.next()
    {
        found.push(each(it));
        last = Some(name.to_owned());
    }
    (found, rest.peek().and(last))
}

/// The answer of a list operation.
fn listed(name: &str, (found, next): (Vec<Value>, Option<String>)) -> Value {
    let mut answer = json!({ name: found });
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    answer
}

/// Leaves out what is null.
fn present(mut answer: Value) -> Value {
    if let Some(members) = answer.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    answer
}
