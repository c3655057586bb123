//! Request bodies of the front door, as records: what the gateway and the bus of the AWS sample would have
//! made of them.

use anyhow::{Context, Result};
use hydrant_delivery::{Clock, Ids};
use hydrant_records::{Envelope, json};
use serde::Deserialize;

use crate::args::{Form, InputArgs};

/// `PutEvents` refuses a detail that is no JSON object with these words.
const MALFORMED: &str = "MalformedDetail: Detail is malformed.";

/// A request body: `{"entries":[{"entry":"<the detail as JSON text>"}, …]}`.
#[derive(Debug, Deserialize)]
struct Body {
    entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    entry: String,
}

/// Wraps entries as the AWS sample's gateway and bus do: the client's id in `resources[0]`, the stage `prod`
/// as the detail type.
#[derive(Debug)]
pub(crate) struct Bus {
    client_id: String,
    clock: Box<dyn Clock>,
    ids: Ids,
}

impl Bus {
    pub(crate) fn new(client_id: String, clock: Box<dyn Clock>, ids: Ids) -> Self {
        Self {
            client_id,
            clock,
            ids,
        }
    }

    /// The records that a body becomes; an entry that the bus would refuse is its reason instead.
    ///
    /// # Errors
    ///
    /// When `body` is no request body.
    pub(crate) fn records(&mut self, body: &[u8]) -> Result<Vec<Result<Vec<u8>, String>>> {
        let body: Body = serde_json::from_slice(body)
            .context("no request body of the form {\"entries\":[{\"entry\":\"…\"}]}")?;
        let records = body.entries.iter().enumerate().map(|(index, entry)| {
            self.record(&entry.entry)
                .map_err(|reason| format!("entry {}: {reason}", index + 1))
        });
        Ok(records.collect())
    }

    fn record(&mut self, detail: &str) -> Result<Vec<u8>, String> {
        is_object(detail)?;
        let now = self.clock.now();
        let id = self.ids.uuid().to_string();
        let mut record = Vec::with_capacity(detail.len() + 320);
        Envelope {
            id: &id,
            detail_type: "prod",
            source: "clientevents",
            account: "123456789012",
            time: &now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            region: "us-east-1",
            resources: &[&self.client_id],
            detail,
        }
        .write(&mut record);
        Ok(record)
    }
}

impl InputArgs {
    /// The bus that makes records of entries, where the input is entries.
    pub(crate) fn bus(&self, clock: Box<dyn Clock>, ids: Ids) -> Option<Bus> {
        (self.form == Form::Entries).then(|| Bus::new(self.client_id.clone(), clock, ids))
    }
}

fn is_object(detail: &str) -> Result<(), String> {
    let bytes = detail.as_bytes();
    let start = json::skip_whitespace(bytes, 0);
    if bytes.get(start) != Some(&b'{') {
        return Err(MALFORMED.to_owned());
    }
    let end = json::value_end(bytes, start).map_err(|error| format!("{MALFORMED} {error}"))?;
    match json::skip_whitespace(bytes, end) {
        at if at == bytes.len() => Ok(()),
        at => Err(format!(
            "{MALFORMED} something follows the object at byte {at}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use hydrant_delivery::FixedClock;

    use super::*;

    /// The bodies that the AWS sample's generator and its `events/event.json` send, faults included.
    #[test]
    fn the_bodies_of_the_aws_sample_become_records_or_reasons() {
        let clock = Box::new(FixedClock("2026-11-22T10:20:30Z".parse().unwrap()));
        let mut bus = Bus::new("client".into(), clock, Ids::from_seed(1));
        let details = [
            r#"{"eventType":"shopping","schemaVersion":1,"data":{"itemSku":123}}}"#,
            r#"{"eventType":"searching","schemaVersion":1,"data":{"searchTerm":" games"}}"#,
            r#"{"analyticType":"paging","schemaVersion":2,"data":{"searchTerm":"it's","page":3}}"#,
            "[1]",
            r#""{}""#,
        ];
        let entries: Vec<_> = details
            .map(|detail| serde_json::json!({ "entry": detail }))
            .into();
        let body = serde_json::json!({ "entries": entries }).to_string();
        let lines = bus
            .records(body.as_bytes())
            .unwrap()
            .into_iter()
            .map(|record| {
                record.map_or_else(|reason| reason, |bytes| String::from_utf8(bytes).unwrap())
            });
        insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
        entry 1: MalformedDetail: Detail is malformed. something follows the object at byte 65
        {"version":"0","id":"b10da48c-ea4c-4967-ab8e-0efcd8069414","detail-type":"prod","source":"clientevents","account":"123456789012","time":"2026-11-22T10:20:30Z","region":"us-east-1","resources":["client"],"detail":{"eventType":"searching","schemaVersion":1,"data":{"searchTerm":" games"}}}
        {"version":"0","id":"65060736-032b-4898-820d-0863dca72538","detail-type":"prod","source":"clientevents","account":"123456789012","time":"2026-11-22T10:20:30Z","region":"us-east-1","resources":["client"],"detail":{"analyticType":"paging","schemaVersion":2,"data":{"searchTerm":"it's","page":3}}}
        entry 4: MalformedDetail: Detail is malformed.
        entry 5: MalformedDetail: Detail is malformed.
        "#);
        for body in ["{}", "[]", r#"{"entries":[1]}"#, "text"] {
            let refused = bus.records(body.as_bytes()).unwrap_err().to_string();
            assert!(refused.starts_with("no request body"), "{refused}");
        }
    }
}
