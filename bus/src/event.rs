//! Events: entries of `PutEvents`, and the envelopes that targets get (EventBridge user guide, "Amazon
//! EventBridge events").

use std::borrow::Cow;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::{arn::Home, options::Trailing};

/// An entry of `PutEvents`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Entry<'a> {
    /// Seconds since the epoch.
    pub(crate) time: Option<f64>,
    #[serde(borrow)]
    pub(crate) source: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) resources: Option<Vec<Cow<'a, str>>>,
    #[serde(borrow)]
    pub(crate) detail_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) detail: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) event_bus_name: Option<Cow<'a, str>>,
}

/// Why an entry is refused: `ErrorCode` and `ErrorMessage`.
pub(crate) type Refused = (&'static str, String);

impl Entry<'_> {
    /// What the entry counts against the limit of a request.
    pub(crate) fn size(&self) -> usize {
        let length = |text: Option<&str>| text.map_or(0, str::len);
        let resources = self.resources.iter().flatten().map(|it| it.len());
        let time = if self.time.is_some() { 14 } else { 0 };
        time + length(self.source.as_deref())
            + length(self.detail_type.as_deref())
            + length(self.detail.as_deref())
            + resources.sum::<usize>()
    }

    /// The envelope of the entry.
    ///
    /// # Errors
    ///
    /// What is missing or malformed, as AWS has it for an entry.
    pub(crate) fn envelope(
        &self,
        id: &str,
        home: &Home,
        now: Timestamp,
        trailing: Trailing,
    ) -> Result<Bytes, Refused> {
        let source = required(self.source.as_deref(), "Source")?;
        if source.starts_with("aws.") {
            return Err((
                "NotAuthorizedForSourceException",
                "Not authorized for the source.".to_owned(),
            ));
        }
        let detail_type = required(self.detail_type.as_deref(), "DetailType")?;
        let detail = object(required(self.detail.as_deref(), "Detail")?, trailing)
            .ok_or_else(|| ("MalformedDetail", "Detail is malformed.".to_owned()))?;
        let time = match self.time {
            None => now,
            Some(seconds) => time(seconds).ok_or_else(|| {
                let text = "Parameter Time is not valid. Reason: it is no time.".to_owned();
                ("InvalidArgument", text)
            })?,
        };
        let resources: Vec<&str> = self.resources.iter().flatten().map(|it| &**it).collect();
        let made = Envelope {
            id,
            detail_type,
            source,
            time,
            resources: &resources,
            detail,
        };
        Ok(made.text(home).into())
    }
}

fn required<'a>(value: Option<&'a str>, name: &str) -> Result<&'a str, Refused> {
    let value = value.filter(|text| !text.is_empty());
    value.ok_or_else(|| {
        let text = format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
        ("InvalidArgument", text)
    })
}

/// The instant that a JSON number of seconds stands for.
pub(crate) fn time(seconds: f64) -> Option<Timestamp> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is out of range is no time"
    )]
    let millis = (seconds * 1000.0).round() as i64;
    Timestamp::from_millisecond(millis).ok()
}

/// The object that `text` is.
fn object(text: &str, trailing: Trailing) -> Option<&str> {
    let start = text.trim_start_matches([' ', '\t', '\r', '\n']);
    if !start.starts_with('{') {
        return None;
    }
    let mut values = serde_json::Deserializer::from_str(start).into_iter::<serde::de::IgnoredAny>();
    values.next()?.ok()?;
    let (object, rest) = start.split_at_checked(values.byte_offset())?;
    let alone = rest.trim_start_matches([' ', '\t', '\r', '\n']).is_empty();
    (alone || trailing == Trailing::Ignored).then_some(object)
}

/// What an envelope is made of.
#[derive(Debug)]
pub(crate) struct Envelope<'a> {
    pub(crate) id: &'a str,
    pub(crate) detail_type: &'a str,
    pub(crate) source: &'a str,
    pub(crate) time: Timestamp,
    pub(crate) resources: &'a [&'a str],
    /// JSON text.
    pub(crate) detail: &'a str,
}

impl Envelope<'_> {
    pub(crate) fn text(&self, home: &Home) -> String {
        let resources = self.resources.iter().map(|it| it.len() + 3);
        let room = 256 + self.detail.len() + resources.sum::<usize>();
        let mut text = String::with_capacity(room);
        text.push_str(r#"{"version":"0","id":""#);
        text.push_str(self.id);
        text.push_str(r#"","detail-type":"#);
        quote(&mut text, self.detail_type);
        text.push_str(r#","source":"#);
        quote(&mut text, self.source);
        text.push_str(r#","account":"#);
        quote(&mut text, &home.account);
        text.push_str(r#","time":""#);
        text.push_str(&self.time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        text.push_str(r#"","region":"#);
        quote(&mut text, &home.region);
        text.push_str(r#","resources":["#);
        for (index, resource) in self.resources.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            quote(&mut text, resource);
        }
        text.push_str(r#"],"detail":"#);
        compact(&mut text, self.detail);
        text.push('}');
        text
    }
}

/// Appends `value` as a JSON string.
fn quote(text: &mut String, value: &str) {
    if value
        .bytes()
        .all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\')
    {
        text.push('"');
        text.push_str(value);
        text.push('"');
    } else {
        text.push_str(&Value::from(value).to_string());
    }
}

/// Appends JSON text without the blanks between its tokens; each token as it is spelled.
fn compact(text: &mut String, json: &str) {
    let mut rest = json;
    while let Some(at) = rest.find(['"', ' ', '\n', '\t', '\r']) {
        let (before, after) = rest.split_at(at);
        text.push_str(before);
        if !after.starts_with('"') {
            rest = after.get(1..).unwrap_or_default();
            continue;
        }
        let end = string_end(after);
        let (string, more) = after.split_at_checked(end).unwrap_or((after, ""));
        text.push_str(string);
        rest = more;
    }
    text.push_str(rest);
}

/// Where the string ends that `text` begins with, its quotes included.
fn string_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while let Some(rest) = bytes.get(at..) {
        match memchr::memchr2(b'"', b'\\', rest) {
            Some(found) if rest[found] == b'"' => return at + found + 1,
            Some(found) => at += found + 2,
            None => break,
        }
    }
    text.len()
}

/// A replayed event: the name of its replay stands between `region` and `resources`.
pub(crate) fn replayed(event: &str, replay: &str) -> String {
    let at = event
        .find(r#","resources":"#)
        .unwrap_or_else(|| event.len().saturating_sub(1));
    let (before, after) = event.split_at_checked(at).unwrap_or((event, ""));
    let mut text = String::with_capacity(event.len() + replay.len() + 18);
    text.push_str(before);
    text.push_str(r#","replay-name":"#);
    quote(&mut text, replay);
    text.push_str(after);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> Home {
        Home {
            region: "eu-west-1".to_owned(),
            account: "123456789012".to_owned(),
        }
    }

    fn envelope(entry: &str) -> Result<String, Refused> {
        let entry: Entry<'_> = serde_json::from_str(entry).unwrap();
        let now = "2026-11-22T10:20:30.9Z".parse().unwrap();
        let made = entry.envelope("id", &home(), now, Trailing::Refused)?;
        Ok(String::from_utf8(made.to_vec()).unwrap())
    }

    #[test]
    fn an_envelope_has_the_keys_of_aws_in_their_order_and_the_detail_as_it_is_spelled() {
        insta::assert_snapshot!(
            envelope(r#"{"Source":"s\"1","DetailType":"t","Detail":"{ \"b\": 1.50,\n\"a\": [\" \\\" x\", 1e3] }","Resources":["r"],"Time":1.5}"#).unwrap(),
            @r#"{"version":"0","id":"id","detail-type":"t","source":"s\"1","account":"123456789012","time":"1970-01-01T00:00:01Z","region":"eu-west-1","resources":["r"],"detail":{"b":1.50,"a":[" \" x",1e3]}}"#
        );
        let plain = envelope(r#"{"Source":"s","DetailType":"t","Detail":"{}"}"#).unwrap();
        assert!(
            plain.contains(r#""time":"2026-11-22T10:20:30Z""#),
            "{plain}"
        );
        assert!(plain.contains(r#""resources":[]"#), "{plain}");
        assert!(
            replayed(&plain, "again")
                .contains(r#""region":"eu-west-1","replay-name":"again","resources""#)
        );
    }

    #[test]
    fn what_is_missing_or_malformed_is_said_in_the_words_of_aws() {
        let required = |name: &str| {
            let text =
                format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
            Err(("InvalidArgument", text))
        };
        assert_eq!(
            envelope(r#"{"DetailType":"t","Detail":"{}"}"#),
            required("Source")
        );
        assert_eq!(
            envelope(r#"{"Source":"","DetailType":"t","Detail":"{}"}"#),
            required("Source")
        );
        assert_eq!(
            envelope(r#"{"Source":"s","Detail":"{}"}"#),
            required("DetailType")
        );
        assert_eq!(
            envelope(r#"{"Source":"s","DetailType":"t"}"#),
            required("Detail")
        );
        for detail in ["x", "[]", "{", "\\\"{}\\\"", "{}}", "{} {}", "1"] {
            let entry = format!(r#"{{"Source":"s","DetailType":"t","Detail":"{detail}"}}"#);
            assert_eq!(
                envelope(&entry),
                Err(("MalformedDetail", "Detail is malformed.".to_owned())),
                "{detail}"
            );
        }
        let reserved = envelope(r#"{"Source":"aws.ec2","DetailType":"t","Detail":"{}"}"#);
        assert_eq!(reserved.unwrap_err().0, "NotAuthorizedForSourceException");
    }

    #[test]
    fn a_brace_too_many_is_refused_unless_the_setting_says_otherwise() {
        assert_eq!(object("{\"a\":1}}", Trailing::Refused), None);
        assert_eq!(object("{\"a\":1}}", Trailing::Ignored), Some("{\"a\":1}"));
        assert_eq!(Trailing::default(), Trailing::Refused);
    }

    #[test]
    fn an_entry_counts_what_aws_counts() {
        let entry: Entry<'_> = serde_json::from_str(
            r#"{"Time":1,"Source":"ab","DetailType":"c","Detail":"{}","Resources":["xyz"],"EventBusName":"b"}"#,
        )
        .unwrap();
        assert_eq!(entry.size(), 14 + 2 + 1 + 2 + 3);
    }
}
