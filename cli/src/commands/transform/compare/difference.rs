//! How two outcomes of a record differ.

use serde::Serialize;
use serde_json::{Deserializer, Value};

use super::Outcome;

/// In what two outcomes differ; the worst of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// Nothing.
    Same,
    /// The same JSON, spelled in other bytes.
    Bytes,
    /// Other partition keys, so another place in the lake.
    Keys,
    /// Another JSON document.
    Document,
    /// Delivered by one, refused or dropped by the other.
    Result,
}

/// The most differences that are named in one record.
const MOST_NAMED: usize = 8;

/// What differs between two outcomes, in words.
pub(super) struct Difference {
    pub(super) kind: Kind,
    pub(super) details: Vec<String>,
}

impl Difference {
    /// Compares our outcome with theirs.
    pub(super) fn between(ours: &Outcome, theirs: &Outcome) -> Self {
        match (ours, theirs) {
            (
                Outcome::Ok { data, keys },
                Outcome::Ok {
                    data: their_data,
                    keys: their_keys,
                },
            ) => {
                let (mut kind, mut details) = data_difference(data, their_data);
                if keys != their_keys {
                    kind = kind.max(Kind::Keys);
                    let value = |keys| serde_json::to_value(keys).unwrap_or_default();
                    differences(
                        &value(keys),
                        &value(their_keys),
                        "partition key ",
                        &mut details,
                    );
                }
                Self { kind, details }
            }
            (Outcome::Dropped, Outcome::Dropped) | (Outcome::Refused(_), Outcome::Refused(_))
                if both_fail_alike(ours, theirs) =>
            {
                Self {
                    kind: Kind::Same,
                    details: Vec::new(),
                }
            }
            _ => {
                let mut details = vec![
                    format!("ours: {}", ours.told()),
                    format!("theirs: {}", theirs.told()),
                ];
                if matches!((ours, theirs), (Outcome::Refused(_), Outcome::Refused(_))) {
                    details.push("either way the record goes to the error output".to_owned());
                }
                Self {
                    kind: Kind::Result,
                    details,
                }
            }
        }
    }
}

/// Whether Firehose is told the same: a reason is for people.
fn both_fail_alike(ours: &Outcome, theirs: &Outcome) -> bool {
    let status = |outcome: &Outcome| match outcome {
        Outcome::Refused(why) => why.split(':').next().map(str::to_owned),
        other => Some(other.told()),
    };
    status(ours) == status(theirs)
}

fn data_difference(ours: &[u8], theirs: &[u8]) -> (Kind, Vec<String>) {
    if ours == theirs {
        return (Kind::Same, Vec::new());
    }
    let mut details = Vec::new();
    let (Some(our_values), Some(their_values)) = (documents(ours), documents(theirs)) else {
        let quoted = |data: &[u8]| shown(&Value::String(String::from_utf8_lossy(data).into()));
        details.push(format!("ours {}", quoted(ours)));
        details.push(format!("theirs {}", quoted(theirs)));
        return (Kind::Document, details);
    };
    if our_values.len() == their_values.len() {
        for (ours, theirs) in our_values.iter().zip(&their_values) {
            differences(ours, theirs, "", &mut details);
        }
    } else {
        details.push(format!(
            "ours has {} JSON values, theirs {}",
            our_values.len(),
            their_values.len()
        ));
    }
    if !details.is_empty() {
        return (Kind::Document, details);
    }
    match (ours.last() == Some(&b'\n'), theirs.last() == Some(&b'\n')) {
        (true, false) => details.push("theirs does not end with a newline".to_owned()),
        (false, true) => details.push("ours does not end with a newline".to_owned()),
        _ => details.push(first_difference(ours, theirs)),
    }
    (Kind::Bytes, details)
}

/// Where two texts part, with what comes then.
fn first_difference(ours: &[u8], theirs: &[u8]) -> String {
    const SHOWN: usize = 16;
    let same = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
    let rest = |data: &[u8]| {
        let rest = String::from_utf8_lossy(data.get(same..).unwrap_or_default());
        rest.trim_end().chars().take(SHOWN).collect::<String>()
    };
    let (ours, theirs) = (rest(ours), rest(theirs));
    format!("from byte {same}: ours {ours:?}, theirs {theirs:?}")
}

/// The JSON values of some data; `None` where it is something else.
fn documents(data: &[u8]) -> Option<Vec<Value>> {
    Deserializer::from_slice(data)
        .into_iter()
        .collect::<Result<_, _>>()
        .ok()
}

/// Adds a line for each place in which two values differ.
fn differences(ours: &Value, theirs: &Value, path: &str, details: &mut Vec<String>) {
    if details.len() >= MOST_NAMED {
        return;
    }
    match (ours, theirs) {
        (Value::Object(our_members), Value::Object(their_members)) => {
            for (name, value) in our_members {
                let path = member(path, name);
                match their_members.get(name) {
                    Some(other) => differences(value, other, &path, details),
                    None => details.push(format!("{path}: ours {}, theirs none", shown(value))),
                }
            }
            for (name, value) in their_members {
                if !our_members.contains_key(name) {
                    let path = member(path, name);
                    details.push(format!("{path}: ours none, theirs {}", shown(value)));
                }
            }
        }
        (Value::Array(our_elements), Value::Array(their_elements))
            if our_elements.len() == their_elements.len() =>
        {
            for (index, (ours, theirs)) in our_elements.iter().zip(their_elements).enumerate() {
                differences(ours, theirs, &format!("{path}[{index}]"), details);
            }
        }
        _ if same(ours, theirs) => {}
        _ => {
            let path = if path.is_empty() { "the value" } else { path };
            details.push(format!(
                "{path}: ours {}, theirs {}",
                shown(ours),
                shown(theirs)
            ));
        }
    }
}

/// Whether two values that are no containers of the same size are the same. `1` and `1.0` are one number.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) if a.is_f64() || b.is_f64() => {
            a.as_f64() == b.as_f64()
        }
        _ => ours == theirs,
    }
}

fn member(path: &str, name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    match (plain, path.is_empty() || path.ends_with(' ')) {
        (true, true) => format!("{path}{name}"),
        (true, false) => format!("{path}.{name}"),
        (false, _) => format!("{path}[{name:?}]"),
    }
}

/// A value, shortened.
fn shown(value: &Value) -> String {
    const MOST: usize = 60;
    let text = value.to_string();
    if text.chars().count() <= MOST {
        return text;
    }
    text.chars().take(MOST).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(ours: &str, theirs: &str) -> String {
        let ok = |data: &str| Outcome::Ok {
            data: data.as_bytes().to_vec().into(),
            keys: [].into(),
        };
        let found = Difference::between(&ok(ours), &ok(theirs));
        format!("{:?} {}", found.kind, found.details.join("; "))
            .trim_end()
            .to_owned()
    }

    #[test]
    fn a_difference_has_a_kind_and_a_place() {
        let told = [
            told("{\"a\":1}\n", "{\"a\":1}\n"),
            told("{\"a\":1}\n", "{ \"a\": 1.0 }"),
            told("{\"a\":\"\\u00e9\"}\n", "{\"a\":\"é\"}\n"),
            told(
                r#"{"d":{"clientId":"c"},"r":[]}"#,
                r#"{"d":{"accountNumber":"c"},"r":["c"]}"#,
            ),
            told(r#"{"a b":[1,{"c":2}]}"#, r#"{"a b":[1,{"c":"2"}]}"#),
            told("{\"a\":1}{\"a\":2}", "{\"a\":1}"),
            told("{\"a\":1}", "nothing"),
            told(
                "{\"n\":12345678901234567890}",
                "{\"n\":12345678901234567000}",
            ),
        ];
        insta::assert_snapshot!(told.join("\n"), @r#"
        Same
        Bytes theirs does not end with a newline
        Bytes from byte 6: ours "\\u00e9\"}", theirs "é\"}"
        Document d.clientId: ours "c", theirs none; d.accountNumber: ours none, theirs "c"; r: ours [], theirs ["c"]
        Document ["a b"][1].c: ours 2, theirs "2"
        Document ours has 2 JSON values, theirs 1
        Document ours "{\"a\":1}"; theirs "nothing"
        Document n: ours 12345678901234567890, theirs 12345678901234567000
        "#);
    }
}
