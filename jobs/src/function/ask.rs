//! What an event asks for.

use serde_json::Value;

/// What is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    /// What is due of all jobs.
    Due,
    /// What is due of one job, or one of its intervals.
    Job { name: String, at: Option<String> },
}

impl Ask {
    /// Reads the `Input` of a schedule: `"due"`, a job's name, `{"job": "name"}`, `{"job": "name", "at": "2026-11-21"}`
    /// or `{"due": true}`. A rule's `Scheduled Event`, and what EventBridge Scheduler sends without an `Input`, ask for
    /// what is due.
    pub(super) fn read(event: &[u8]) -> Result<Self, String> {
        let form = "the event is none of \"due\", \"NAME\", {\"job\": \"NAME\"} and {\"job\": \"NAME\", \"at\": \
                    \"2026-11-21\"}: set the Input of the schedule to one of them";
        let event: Value = serde_json::from_slice(event).map_err(|_| form.to_owned())?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        match &event {
            Value::String(name) if name == "due" => Ok(Self::Due),
            Value::String(name) => Ok(Self::Job {
                name: name.clone(),
                at: None,
            }),
            Value::Object(fields) => match (fields.get("job"), fields.get("at"), fields.get("due"))
            {
                (Some(Value::String(name)), None | Some(Value::String(_)), None) => Ok(Self::Job {
                    name: name.clone(),
                    at: fields.get("at").and_then(text),
                }),
                (None, None, Some(Value::Bool(true))) => Ok(Self::Due),
                (None, None, None) if fields.is_empty() => Ok(Self::Due),
                (None, None, None)
                    if fields.get("detail-type").and_then(Value::as_str)
                        == Some("Scheduled Event") =>
                {
                    Ok(Self::Due)
                }
                _ => Err(form.to_owned()),
            },
            _ => Err(form.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_may_say_it_in_several_ways() {
        let job = |name: &str, at: Option<&str>| Ask::Job {
            name: name.into(),
            at: at.map(str::to_owned),
        };
        for (event, ask) in [
            (r#""due""#, Ask::Due),
            (r#"{"due":true}"#, Ask::Due),
            ("{}", Ask::Due),
            (
                r#"{"version":"0","detail-type":"Scheduled Event","source":"aws.events","detail":{}}"#,
                Ask::Due,
            ),
            (r#""daily""#, job("daily", None)),
            (r#"{"job":"daily"}"#, job("daily", None)),
            (
                r#"{"job":"daily","at":"2026-11-21"}"#,
                job("daily", Some("2026-11-21")),
            ),
        ] {
            assert_eq!(Ask::read(event.as_bytes()), Ok(ask), "{event}");
        }
        for event in [
            "",
            "7",
            "[]",
            r#"{"records":[]}"#,
            r#"{"job":1}"#,
            r#"{"job":"a","due":true}"#,
            r#"{"due":false}"#,
        ] {
            assert!(Ask::read(event.as_bytes()).is_err(), "{event}");
        }
    }
}
