//! The values of a JSON text, read in place.

use std::{borrow::Cow, ops::Range};

use hydrant_records::json::{self, Scanner};

/// One value of a text that was checked before: what is not as it should be is left out.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Boolean(bool),
    /// As it is spelled.
    Number(&'a str),
    /// Without its quotes and escapes.
    Text(Cow<'a, str>),
    /// Brackets included.
    Array(&'a [u8]),
    /// Braces included.
    Object(&'a [u8]),
}

impl<'a> Value<'a> {
    pub(super) fn at(text: &'a [u8], place: Range<usize>) -> Self {
        let bytes = text.get(place).unwrap_or_default();
        match bytes.first() {
            Some(b'{') => Self::Object(bytes),
            Some(b'[') => Self::Array(bytes),
            Some(b'"') => {
                let inner = bytes.get(1..bytes.len() - 1).unwrap_or_default();
                Self::Text(unescaped(inner))
            }
            Some(b't') => Self::Boolean(true),
            Some(b'f') => Self::Boolean(false),
            Some(b'-' | b'0'..=b'9') => Self::Number(str::from_utf8(bytes).unwrap_or_default()),
            _ => Self::Null,
        }
    }

    /// The value as text: a string is what it says, everything else its JSON without blanks; with `lower`,
    /// its keys in lower case.
    pub(super) fn to_text(&self, lower: bool) -> Cow<'_, str> {
        match self {
            Self::Null => "null".into(),
            Self::Boolean(true) => "true".into(),
            Self::Boolean(false) => "false".into(),
            Self::Number(number) => Cow::Borrowed(number),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Array(_) | Self::Object(_) => {
                let mut out = String::new();
                self.write(lower, &mut out);
                out.into()
            }
        }
    }

    /// No deeper than the scanner that checked the text goes.
    fn write(&self, lower: bool, out: &mut String) {
        match self {
            Self::Text(text) => write_string(text, out),
            Self::Array(array) => {
                out.push('[');
                for (index, element) in elements(array).enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    element.write(lower, out);
                }
                out.push(']');
            }
            Self::Object(object) => {
                out.push('{');
                for (index, (key, value)) in members(object).enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    if lower {
                        write_string(&key.to_lowercase(), out);
                    } else {
                        write_string(&key, out);
                    }
                    out.push(':');
                    value.write(lower, out);
                }
                out.push('}');
            }
            simple => out.push_str(&simple.to_text(lower)),
        }
    }

    /// What Java calls it: AWS's messages do.
    pub(super) fn java_class(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "java.lang.Boolean",
            Self::Number(number) if number.contains(['.', 'e', 'E']) => "java.lang.Double",
            Self::Number(_) => "java.lang.Long",
            Self::Text(_) => "java.lang.String",
            Self::Array(_) => "org.openx.data.jsonserde.json.JSONArray",
            Self::Object(_) => "org.openx.data.jsonserde.json.JSONObject",
        }
    }
}

fn unescaped(spelled: &[u8]) -> Cow<'_, str> {
    let spelled = str::from_utf8(spelled).unwrap_or_default();
    if !spelled.contains('\\') {
        return spelled.into();
    }
    let mut text = String::with_capacity(spelled.len());
    json::unescape(spelled, &mut text);
    text.into()
}

fn write_string(text: &str, out: &mut String) {
    // Text always serialises.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// The keys and values of an object, in order.
pub(super) fn members(object: &[u8]) -> impl Iterator<Item = (Cow<'_, str>, Value<'_>)> {
    let found = json::members(object, 0).ok().into_iter().flatten();
    found.map_while(Result::ok).map(|member| {
        let key = object.get(member.key).unwrap_or_default();
        (unescaped(key), Value::at(object, member.value))
    })
}

/// The elements of an array, in order.
pub(super) fn elements(array: &[u8]) -> impl Iterator<Item = Value<'_>> {
    let mut scanner = Scanner::new(array, 0);
    let entered = scanner.enter_array().is_ok();
    std::iter::from_fn(move || {
        let has_next = entered && scanner.next_element().is_ok_and(|it| it);
        let place = has_next.then(|| scanner.skip_value().ok())??;
        Some(Value::at(array, place))
    })
}
