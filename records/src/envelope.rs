//! The EventBridge event envelope: what a bus wraps around a client event, and what reaches Firehose as one
//! record (EventBridge user guide, "Events").

use serde_json::Value;

/// An event as a bus delivers it to its targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// A version 4 UUID: the id that `PutEvents` answered with.
    pub id: &'a str,
    /// `DetailType`; in the AWS sample the stage, such as `prod`.
    pub detail_type: &'a str,
    /// `Source`, such as `clientevents`.
    pub source: &'a str,
    /// The account of the bus.
    pub account: &'a str,
    /// `YYYY-MM-DDTHH:MM:SSZ`: the entry's time or that of the call, to the second.
    pub time: &'a str,
    /// The Region of the bus.
    pub region: &'a str,
    /// `Resources`; in the AWS sample the client's id, put there by the gateway.
    pub resources: &'a [&'a str],
    /// `Detail`: the text of a JSON object, carried as it is.
    pub detail: &'a str,
}

impl Envelope<'_> {
    /// Appends the envelope as one JSON object, its members in the order that targets see on AWS.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut member = |before: &str, value: &str| {
            out.extend_from_slice(before.as_bytes());
            out.extend_from_slice(Value::from(value).to_string().as_bytes());
        };
        member(r#"{"version":"0","id":"#, self.id);
        member(r#","detail-type":"#, self.detail_type);
        member(r#","source":"#, self.source);
        member(r#","account":"#, self.account);
        member(r#","time":"#, self.time);
        member(r#","region":"#, self.region);
        out.extend_from_slice(br#","resources":"#);
        out.extend_from_slice(Value::from(self.resources).to_string().as_bytes());
        out.extend_from_slice(br#","detail":"#);
        out.extend_from_slice(self.detail.as_bytes());
        out.push(b'}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_in_the_order_of_aws_and_the_detail_is_carried_as_it_is() {
        let envelope = Envelope {
            id: "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
            detail_type: "a \"stage\"",
            source: "clientevents",
            account: "123456789012",
            time: "2026-11-22T10:20:30Z",
            region: "eu-west-1",
            resources: &["client"],
            detail: r#"{ "price": 1.0 }"#,
        };
        let mut out = Vec::new();
        envelope.write(&mut out);
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"{"version":"0","id":"6a7e8feb-b491-4cf7-a9f1-bf3703467718","detail-type":"a \"stage\"","source":"clientevents","account":"123456789012","time":"2026-11-22T10:20:30Z","region":"eu-west-1","resources":["client"],"detail":{ "price": 1.0 }}"#);
    }
}
