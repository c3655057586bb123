//! Rules that a template has as events of its functions: SAM's `EventBridgeRule`, `CloudWatchEvent` and `Schedule`.

use hydrant_template::{Function, Node};
use serde_json::{Map, Value, json};

use super::{Part, PartKind, value_of};

/// What such an event says of its target.
const OF_TARGET: [&str; 4] = ["Input", "InputPath", "InputTransformer", "RetryPolicy"];

/// The rules that a function's events stand for, with the function as their target.
pub(super) fn of(function: Function<'_>, region: &str, account: &str) -> Vec<Part> {
    let events = function.resource.properties.get("Events");
    let events = events.map_or(&[][..], Node::members);
    let rules = events.iter().filter_map(|event| {
        // SAM calls what it makes so.
        let id = format!("{}{}", function.resource.id, event.name);
        let properties = event.value.get("Properties").map_or(json!({}), value_of);
        let mut rule = match event.value.get("Type").and_then(Node::as_text)? {
            "EventBridgeRule" | "CloudWatchEvent" => json!({
                "Name": properties["RuleName"],
                "EventPattern": properties["Pattern"],
                "EventBusName": properties["EventBusName"],
            }),
            "Schedule" => json!({
                "Name": properties["Name"],
                "ScheduleExpression": properties["Schedule"],
                "Description": properties["Description"],
            }),
            _ => return None,
        };
        let disabled = properties["Enabled"] == false || properties["Enabled"] == "false";
        rule["State"] = match &properties["State"] {
            Value::Null if disabled => json!("DISABLED"),
            state => state.clone(),
        };
        if rule["Name"].is_null() {
            rule["Name"] = json!(id);
        }
        let named = &properties["Target"]["Id"];
        let mut target = json!({
            "Id": if named.is_null() { json!(format!("{id}Target")) } else { named.clone() },
            "Arn": format!("${{{}.Arn}}", function.resource.id),
        });
        for name in OF_TARGET {
            target[name] = properties[name].clone();
        }
        target["DeadLetterConfig"] = dead_letters(&properties, &id, region, account);
        rule["Targets"] = json!([present(target)]);
        Some(Part {
            id,
            kind: PartKind::Rule,
            input: present(rule),
        })
    });
    rules.collect()
}

/// The queue for what the function does not take: named, or one that SAM makes.
fn dead_letters(properties: &Value, id: &str, region: &str, account: &str) -> Value {
    let given = &properties["DeadLetterConfig"];
    if given.is_null() || !given["Arn"].is_null() {
        return given.clone();
    }
    let name = given["QueueLogicalId"]
        .as_str()
        .map_or_else(|| format!("{id}Queue"), str::to_owned);
    json!({"Arn": format!("arn:aws:sqs:{region}:{account}:{name}")})
}

/// Without what is not said.
fn present(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let said = members.into_iter().filter(|(_, value)| !value.is_null());
            said.collect::<Map<_, _>>().into()
        }
        other => other,
    }
}
