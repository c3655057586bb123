//! `PutEvents` and `TestEventPattern`.

use std::fmt::Write as _;

use hydrant_endpoint::{ApiError, LogError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer, Api,
    checks::{Checks, text},
    invalid, unreadable,
};
use crate::{
    arn::{DEFAULT_BUS, bus_name},
    bus::Put,
    event::Entry,
    pattern::{Pattern, PatternError},
    routes::Among,
};

/// Most entries in a request.
const MAX_ENTRIES: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEvents<'a> {
    #[serde(borrow)]
    entries: Option<Vec<Entry<'a>>>,
}

/// What became of an entry.
enum Outcome {
    Accepted(String),
    Refused(&'static str, String),
}

impl Api {
    pub(super) async fn put_events(&self, body: &[u8]) -> Result<Vec<u8>, ApiError> {
        let buses = &*self.buses;
        let arrival = buses.now();
        let (mut outcomes, put) = {
            let input: PutEvents<'_> = serde_json::from_slice(body).map_err(|_| unreadable())?;
            let entries = input.entries.unwrap_or_default();
            self.check(&entries)?;
            let mut put = Put::default();
            let mut outcomes = Vec::with_capacity(entries.len());
            for (place, entry) in entries.iter().enumerate() {
                let id = buses.uuid().to_string();
                match entry.envelope(&id, &buses.home, arrival, buses.options.trailing) {
                    Ok(event) => {
                        let bus = entry.event_bus_name.as_deref().unwrap_or(DEFAULT_BUS);
                        put.add(buses, bus_name(bus), (place, event), Among::All);
                        outcomes.push(Outcome::Accepted(id));
                    }
                    Err((code, message)) => outcomes.push(Outcome::Refused(code, message)),
                }
            }
            (outcomes, put)
        };
        for (place, error) in put.commit(buses, arrival).await {
            let code = match *error {
                LogError::Full { .. } => "ThrottlingException",
                _ => "InternalFailure",
            };
            outcomes[place] = Outcome::Refused(code, error.to_string());
        }
        let refused = outcomes
            .iter()
            .filter(|it| matches!(it, Outcome::Refused(..)))
            .count();
        buses.refused(refused as u64);
        Ok(answer(&outcomes, refused).into_bytes())
    }

    fn check(&self, entries: &[Entry<'_>]) -> Result<(), ApiError> {
        let bound = match entries.len() {
            0 => Some("greater than or equal to 1"),
            1..=MAX_ENTRIES => None,
            _ => Some("less than or equal to 10"),
        };
        if let Some(bound) = bound {
            let shown: Vec<String> = entries.iter().map(shown).collect();
            return Err(invalid(format!(
                "1 validation error detected: Value '[{}]' at 'entries' failed to satisfy constraint: Member must \
                 have length {bound}",
                shown.join(", ")
            )));
        }
        if entries.iter().map(Entry::size).sum::<usize>() > self.buses.options.entries_bytes {
            return Err(invalid(
                "Total size of the entries in the request is over the limit.",
            ));
        }
        Ok(())
    }

    pub(super) fn test_event_pattern(&self, input: &Value) -> Answer {
        let mut checks = Checks::default();
        let pattern = checks.required(input, "EventPattern", text(0, 4096));
        let event = checks.required(input, "Event", text(0, usize::MAX));
        checks.done()?;
        let pattern = Pattern::with_options(pattern, self.buses.options.patterns);
        let pattern = pattern.map_err(|error| refused(&error))?;
        let parsed: Option<Value> = serde_json::from_str(event).ok();
        let needed = ["id", "account", "source", "time", "region", "detail-type"];
        let is_event = parsed
            .as_ref()
            .and_then(Value::as_object)
            .is_some_and(|it| needed.iter().all(|name| it.contains_key(*name)));
        if !is_event {
            return Err(invalid("Parameter Event is not valid."));
        }
        Ok(json!({ "Result": pattern.matches(event) }))
    }
}

/// An entry as a refusal of the whole request shows it.
fn shown(entry: &Entry<'_>) -> String {
    let or_null = |text: Option<&str>| text.unwrap_or("null").to_owned();
    format!(
        "PutEventsRequestEntry(source={}, detailType={}, detail={}, eventBusName={})",
        or_null(entry.source.as_deref()),
        or_null(entry.detail_type.as_deref()),
        or_null(entry.detail.as_deref()),
        or_null(entry.event_bus_name.as_deref())
    )
}

pub(super) fn refused(error: &PatternError) -> ApiError {
    ApiError::new("InvalidEventPatternException", error.to_string())
}

fn answer(outcomes: &[Outcome], refused: usize) -> String {
    let mut text = String::with_capacity(64 + outcomes.len() * 52);
    // Writing to a string does not fail.
    write!(text, r#"{{"FailedEntryCount":{refused},"Entries":["#).ok();
    for (index, outcome) in outcomes.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        match outcome {
            Outcome::Accepted(id) => write!(text, r#"{{"EventId":"{id}"}}"#).ok(),
            Outcome::Refused(code, message) => {
                let entry = json!({ "ErrorCode": code, "ErrorMessage": message });
                write!(text, "{entry}").ok()
            }
        };
    }
    text + "]}"
}
