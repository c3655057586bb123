//! The values of a rendering. Lists and maps lie in one heap and are shared, as objects of Java are: what is
//! put into one is seen wherever it is known. The heap goes as a whole, so that what contains itself is not kept.

use std::{fmt, rc::Rc};

use indexmap::IndexMap;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::error::RenderError;

/// How deep a list or map may be nested to be written out.
const MOST_DEPTH: usize = 160;

/// The most bytes that the values of a rendering, and what it writes, may take: twelve times the largest payload.
const MOST_BYTES: usize = 120 << 20;

/// A value. To copy one is to point at the same list or map.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// What is not there; it is written as nothing.
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(Rc<str>),
    List(usize),
    Map(usize),
    /// `$input`
    Input,
    /// `$util`
    Util,
    /// `$foreach`, or that of the loop so many levels out.
    Foreach(usize),
}

/// A list.
#[derive(Debug, Default)]
pub(super) struct List {
    pub items: Vec<Value>,
    /// Whether it comes from JSON, and is written as JSON.
    json: bool,
}

/// A map, in the order in which it was filled.
pub(super) type Map = IndexMap<Rc<str>, Value>;

/// Where lists and maps are.
#[derive(Debug, Default)]
pub(super) struct Heap {
    lists: Vec<List>,
    maps: Vec<Map>,
    bytes: usize,
}

impl Heap {
    /// Counts bytes that a value takes.
    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), RenderError> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MOST_BYTES {
            return Err(RenderError::Size { most: MOST_BYTES });
        }
        Ok(())
    }

    /// A text.
    pub(super) fn text(&mut self, text: impl AsRef<str>) -> Result<Value, RenderError> {
        self.charge(text.as_ref().len())?;
        Ok(Value::Text(text.as_ref().into()))
    }

    /// A list of a template.
    pub(super) fn list(&mut self, items: Vec<Value>) -> Result<Value, RenderError> {
        self.new_list(List { items, json: false })
    }

    fn new_list(&mut self, list: List) -> Result<Value, RenderError> {
        self.charge(32 + 32 * list.items.len())?;
        self.lists.push(list);
        Ok(Value::List(self.lists.len() - 1))
    }

    /// A map.
    pub(super) fn map(&mut self, map: Map) -> Result<Value, RenderError> {
        self.charge(64 + 64 * map.len())?;
        self.maps.push(map);
        Ok(Value::Map(self.maps.len() - 1))
    }

    /// The items of a list; a list is never taken away.
    pub(super) fn items(&self, list: usize) -> &[Value] {
        self.lists.get(list).map_or(&[], |list| &list.items)
    }

    pub(super) fn items_mut(&mut self, list: usize) -> Option<&mut Vec<Value>> {
        self.lists.get_mut(list).map(|list| &mut list.items)
    }

    /// The entries of a map; a map is never taken away.
    pub(super) fn entries(&self, map: usize) -> Option<&Map> {
        self.maps.get(map)
    }

    pub(super) fn entries_mut(&mut self, map: usize) -> Option<&mut Map> {
        self.maps.get_mut(map)
    }

    /// Puts `value` at `key` of a map.
    pub(super) fn put(&mut self, map: usize, key: &str, value: Value) -> Result<(), RenderError> {
        self.charge(64 + key.len())?;
        if let Some(map) = self.maps.get_mut(map) {
            map.insert(key.into(), value);
        }
        Ok(())
    }

    /// Reads JSON text.
    pub(super) fn parse(&mut self, json: &str) -> Result<Value, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_str(json);
        let value = Json(self).deserialize(&mut reader)?;
        reader.end()?;
        Ok(value)
    }

    /// The value of JSON that was read already.
    pub(super) fn json(&mut self, json: &serde_json::Value) -> Result<Value, RenderError> {
        let read = Json(self).deserialize(json);
        read.map_err(|error| RenderError::Body {
            reason: error.to_string(),
        })
    }

    /// A value as Java writes it: a list as `[a, b]`, one that comes from JSON as JSON, a map as `{k=v}`.
    pub(super) fn write(&self, value: &Value, out: &mut String) -> Result<(), RenderError> {
        self.write_at(value, out, 0)
    }

    fn write_at(&self, value: &Value, out: &mut String, depth: usize) -> Result<(), RenderError> {
        bounded(out, depth)?;
        match value {
            Value::Null => {}
            Value::Boolean(boolean) => out.push_str(if *boolean { "true" } else { "false" }),
            Value::Integer(integer) => out.push_str(&integer.to_string()),
            Value::Float(float) => out.push_str(&float_text(*float)),
            Value::Text(text) => out.push_str(text),
            Value::List(list) => {
                if self.lists.get(*list).is_some_and(|list| list.json) {
                    return self.write_json_at(value, out, depth);
                }
                out.push('[');
                for (position, item) in self.items(*list).iter().enumerate() {
                    if position > 0 {
                        out.push_str(", ");
                    }
                    self.write_member(item, out, depth)?;
                }
                out.push(']');
            }
            Value::Map(map) => {
                out.push('{');
                for (position, (key, value)) in self.entries(*map).into_iter().flatten().enumerate()
                {
                    if position > 0 {
                        out.push_str(", ");
                    }
                    out.push_str(key);
                    out.push('=');
                    self.write_member(value, out, depth)?;
                }
                out.push('}');
            }
            Value::Input => out.push_str("$input"),
            Value::Util => out.push_str("$util"),
            Value::Foreach(_) => out.push_str("$foreach"),
        }
        Ok(())
    }

    /// Java writes what is not there as `null`, inside of a list or map.
    fn write_member(
        &self,
        value: &Value,
        out: &mut String,
        depth: usize,
    ) -> Result<(), RenderError> {
        if matches!(value, Value::Null) {
            out.push_str("null");
            return Ok(());
        }
        self.write_at(value, out, depth + 1)
    }

    /// A value as JSON, without blanks.
    pub(super) fn write_json(&self, value: &Value, out: &mut String) -> Result<(), RenderError> {
        self.write_json_at(value, out, 0)
    }

    fn write_json_at(
        &self,
        value: &Value,
        out: &mut String,
        depth: usize,
    ) -> Result<(), RenderError> {
        bounded(out, depth)?;
        match value {
            Value::Null | Value::Input | Value::Util | Value::Foreach(_) => out.push_str("null"),
            Value::Boolean(_) | Value::Integer(_) | Value::Float(_) => {
                self.write_at(value, out, depth)?;
            }
            Value::Text(text) => quote(text, out),
            Value::List(list) => {
                out.push('[');
                for (position, item) in self.items(*list).iter().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    self.write_json_at(item, out, depth + 1)?;
                }
                out.push(']');
            }
            Value::Map(map) => {
                out.push('{');
                for (position, (key, value)) in self.entries(*map).into_iter().flatten().enumerate()
                {
                    if position > 0 {
                        out.push(',');
                    }
                    quote(key, out);
                    out.push(':');
                    self.write_json_at(value, out, depth + 1)?;
                }
                out.push('}');
            }
        }
        Ok(())
    }
}

/// Ends what is nested without an end, or writes without one.
fn bounded(out: &str, depth: usize) -> Result<(), RenderError> {
    if depth > MOST_DEPTH {
        return Err(RenderError::Depth { most: MOST_DEPTH });
    }
    if out.len() > MOST_BYTES {
        return Err(RenderError::Size { most: MOST_BYTES });
    }
    Ok(())
}

/// A number as JSON and Java write it, with its point.
fn float_text(float: f64) -> String {
    serde_json::to_string(&float).unwrap_or_default()
}

/// Writes a JSON string.
fn quote(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

/// Reads JSON into a heap.
struct Json<'h>(&'h mut Heap);

impl<'de> DeserializeSeed<'de> for Json<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Json<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, boolean: bool) -> Result<Value, E> {
        Ok(Value::Boolean(boolean))
    }

    fn visit_i64<E: serde::de::Error>(self, integer: i64) -> Result<Value, E> {
        Ok(Value::Integer(integer))
    }

    fn visit_u64<E: serde::de::Error>(self, integer: u64) -> Result<Value, E> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "EventBridge takes no whole numbers beyond 64 bits with a sign"
        )]
        Ok(i64::try_from(integer).map_or(Value::Float(integer as f64), Value::Integer))
    }

    fn visit_f64<E: serde::de::Error>(self, float: f64) -> Result<Value, E> {
        Ok(Value::Float(float))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.0.text(text).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element_seed(Json(self.0))? {
            items.push(item);
        }
        let list = List { items, json: true };
        self.0.new_list(list).map_err(serde::de::Error::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(Json(self.0))?;
            map.insert(key.into(), value);
        }
        self.0.map(map).map_err(serde::de::Error::custom)
    }
}
