//! What can be asked of a value: the methods of Java's strings, lists, maps and numbers that templates use, and
//! those of API Gateway's own objects. One that a value does not have gives nothing.

use super::{
    MOST_OUTPUT_BYTES,
    error::RenderError,
    evaluate::Evaluation,
    number::whole,
    path, pattern,
    util::{escape_java_script, url_decode, url_encode},
    value::{Map, Value},
};

impl Evaluation<'_> {
    /// `.name`
    pub(super) fn property(&mut self, value: &Value, name: &str) -> Result<Value, RenderError> {
        match (value, name) {
            (Value::Map(_), _) => Ok(self.member(value, name)),
            (Value::Input, "body") => self.heap.text(self.input.body),
            (Value::Foreach(level), _) => Ok(self.of_loop(*level, name)),
            // `$list.empty` is `$list.isEmpty()`.
            (Value::List(_) | Value::Text(_), "empty") => self.call(value, "isEmpty", &[]),
            _ => Ok(Value::Null),
        }
    }

    fn of_loop(&self, level: usize, name: &str) -> Value {
        let Some(of) = self.loops.get(level) else {
            return Value::Null;
        };
        match name {
            "index" => whole(of.index),
            "count" => whole(of.index + 1),
            "hasNext" => Value::Boolean(of.index + 1 < of.items),
            "first" => Value::Boolean(of.index == 0),
            "last" => Value::Boolean(of.index + 1 == of.items),
            "parent" if level > 0 => Value::Foreach(level - 1),
            _ => Value::Null,
        }
    }

    /// `.name(arguments)`
    pub(super) fn call(
        &mut self,
        value: &Value,
        name: &str,
        arguments: &[Value],
    ) -> Result<Value, RenderError> {
        match (name, arguments) {
            ("toString", []) => {
                let text = self.written(value)?;
                return self.heap.text(text);
            }
            ("equals", [other]) => return Ok(Value::Boolean(self.equal(value, other)?)),
            _ => {}
        }
        match value {
            Value::Input => self.of_input(name, arguments),
            Value::Util => self.of_util(name, arguments),
            Value::Text(text) => self.of_text(&text.clone(), name, arguments),
            Value::List(list) => self.of_list(*list, name, arguments),
            Value::Map(map) => self.of_map(*map, name, arguments),
            Value::Foreach(level) => {
                // `$foreach.isFirst()`, `$foreach.getIndex()`
                let property = name
                    .strip_prefix("get")
                    .or_else(|| name.strip_prefix("is"))
                    .map_or_else(|| name.to_owned(), lower_first);
                Ok(self.of_loop(*level, &property))
            }
            Value::Integer(_) | Value::Float(_) => Ok(of_number(value, name)),
            Value::Null | Value::Boolean(_) => Ok(Value::Null),
        }
    }

    fn of_input(&mut self, name: &str, arguments: &[Value]) -> Result<Value, RenderError> {
        match (name, arguments) {
            ("path", [path]) => Ok(self.find(path)?.unwrap_or(Value::Null)),
            ("json", [path]) => {
                let mut text = String::new();
                match self.find(path)? {
                    Some(found) => self.heap.write_json(&found, &mut text)?,
                    None => text.push_str("\"\""),
                }
                self.heap.text(text)
            }
            ("params", []) => {
                let parameters = self.input.parameters;
                let mut all = Map::new();
                for (kind, names) in [
                    ("path", &parameters.path),
                    ("querystring", &parameters.query),
                    ("header", &parameters.header),
                ] {
                    let mut map = Map::new();
                    for (name, value) in names {
                        map.insert(name.as_str().into(), self.heap.text(value)?);
                    }
                    all.insert(kind.into(), self.heap.map(map)?);
                }
                self.heap.map(all)
            }
            ("params", [name]) => {
                let name = self.written(name)?;
                let parameters = self.input.parameters;
                let found = parameters
                    .path
                    .get(&name)
                    .or_else(|| parameters.query.get(&name))
                    .or_else(|| {
                        let mut headers = parameters.header.iter();
                        let header = headers.find(|(header, _)| header.eq_ignore_ascii_case(&name));
                        header.map(|(_, value)| value)
                    });
                match found {
                    Some(found) => self.heap.text(found),
                    None => Ok(Value::Null),
                }
            }
            ("getBody", []) => self.heap.text(self.input.body),
            _ => Ok(Value::Null),
        }
    }

    fn find(&mut self, path: &Value) -> Result<Option<Value>, RenderError> {
        let path = self.written(path)?;
        let body = self.body()?;
        path::find(&mut self.heap, &body, &path)
    }

    fn of_util(&mut self, name: &str, arguments: &[Value]) -> Result<Value, RenderError> {
        let [argument] = arguments else {
            return Ok(Value::Null);
        };
        let text = self.written(argument)?;
        let refused = |function: &'static str, reason: String| RenderError::Argument {
            function,
            argument: text.chars().take(40).collect(),
            reason,
        };
        let result = match name {
            "escapeJavaScript" => escape_java_script(&text, self.settings),
            "urlEncode" => url_encode(&text),
            "urlDecode" => url_decode(&text)
                .ok_or_else(|| refused("$util.urlDecode", "a % needs two digits".to_owned()))?,
            "base64Encode" => base64_simd::STANDARD.encode_to_string(text.as_bytes()),
            "base64Decode" => {
                let bytes = base64_simd::STANDARD.decode_to_vec(text.trim().as_bytes());
                let bytes = bytes
                    .map_err(|_| refused("$util.base64Decode", "it is no base64".to_owned()))?;
                String::from_utf8_lossy(&bytes).into_owned()
            }
            "parseJson" => {
                let parsed = self.heap.parse(&text);
                return parsed.map_err(|error| refused("$util.parseJson", error.to_string()));
            }
            _ => return Ok(Value::Null),
        };
        self.heap.text(result)
    }

    fn of_text(
        &mut self,
        text: &str,
        name: &str,
        arguments: &[Value],
    ) -> Result<Value, RenderError> {
        let mut given = Vec::with_capacity(arguments.len());
        for argument in arguments {
            given.push(self.written(argument)?);
        }
        let given: Vec<&str> = given.iter().map(String::as_str).collect();
        let found = |place: Option<usize>| {
            let units = place.map(|place| text.get(..place).map_or(0, utf16_length));
            units.map_or(Value::Integer(-1), whole)
        };
        let result = match (name, given.as_slice()) {
            ("length", []) => return Ok(whole(utf16_length(text))),
            ("isEmpty", []) => return Ok(Value::Boolean(text.is_empty())),
            ("contains", [what]) => return Ok(Value::Boolean(text.contains(what))),
            ("startsWith", [what]) => return Ok(Value::Boolean(text.starts_with(what))),
            ("endsWith", [what]) => return Ok(Value::Boolean(text.ends_with(what))),
            ("equalsIgnoreCase", [what]) => {
                return Ok(Value::Boolean(text.to_lowercase() == what.to_lowercase()));
            }
            ("indexOf", [what]) => return Ok(found(text.find(what))),
            ("lastIndexOf", [what]) => return Ok(found(text.rfind(what))),
            ("matches", [expression]) => {
                let whole = self.pattern(&format!(r"\A(?:{expression})\z"))?;
                return Ok(Value::Boolean(whole.is_match(text)));
            }
            ("split", [expression]) => {
                let parts = pattern::split(&self.pattern(expression)?, text);
                let mut items = Vec::with_capacity(parts.len());
                for part in parts {
                    items.push(self.heap.text(part)?);
                }
                return self.heap.list(items);
            }
            ("trim", []) => text.trim_matches(|character| character <= ' ').to_owned(),
            ("toLowerCase", []) => text.to_lowercase(),
            ("toUpperCase", []) => text.to_uppercase(),
            ("concat", [more]) => format!("{text}{more}"),
            ("replace", [what, with]) => {
                grows(text, text.matches(what).count(), with)?;
                text.replace(what, with)
            }
            ("replaceAll", [expression, with]) => {
                let pattern = self.pattern(expression)?;
                grows(text, pattern.find_iter(text).count(), with)?;
                let with = pattern::replacement(with);
                pattern.replace_all(text, with).into_owned()
            }
            ("replaceFirst", [expression, with]) => {
                let with = pattern::replacement(with);
                self.pattern(expression)?.replace(text, with).into_owned()
            }
            ("substring", [from]) => substring(text, from, None),
            ("substring", [from, to]) => substring(text, from, Some(to)),
            ("charAt", [at]) => {
                let end = at.parse::<usize>().ok().and_then(|at| at.checked_add(1));
                substring(text, at, end.map(|end| end.to_string()).as_deref())
            }
            _ => return Ok(Value::Null),
        };
        self.heap.text(result)
    }

    fn of_list(
        &mut self,
        list: usize,
        name: &str,
        arguments: &[Value],
    ) -> Result<Value, RenderError> {
        let length = self.heap.items(list).len();
        match (name, arguments) {
            ("size", []) => Ok(whole(length)),
            ("isEmpty", []) => Ok(Value::Boolean(length == 0)),
            ("get", [index]) => self.at(&Value::List(list), index),
            ("contains", [what]) => {
                let place = self.place(list, what)?;
                Ok(Value::Boolean(place.is_some()))
            }
            ("indexOf", [what]) => Ok(self.place(list, what)?.map_or(Value::Integer(-1), whole)),
            ("add", [item]) => self.add(list, std::slice::from_ref(item)),
            ("addAll", [Value::List(more)]) => {
                let more = self.heap.items(*more).to_vec();
                self.add(list, &more)
            }
            ("add", [Value::Integer(at), item]) => {
                self.heap.charge(32)?;
                let at = usize::try_from(*at).unwrap_or(usize::MAX);
                if let Some(items) = self.heap.items_mut(list).filter(|items| at <= items.len()) {
                    items.insert(at, item.clone());
                }
                Ok(Value::Null)
            }
            ("set", [Value::Integer(at), item]) => {
                let at = usize::try_from(*at).unwrap_or(usize::MAX);
                let place = self
                    .heap
                    .items_mut(list)
                    .and_then(|items| items.get_mut(at));
                Ok(place.map_or(Value::Null, |place| std::mem::replace(place, item.clone())))
            }
            ("remove", [Value::Integer(at)]) => {
                let at = usize::try_from(*at).unwrap_or(usize::MAX);
                let items = self.heap.items_mut(list).filter(|items| at < items.len());
                Ok(items.map_or(Value::Null, |items| items.remove(at)))
            }
            ("clear", []) => {
                if let Some(items) = self.heap.items_mut(list) {
                    items.clear();
                }
                Ok(Value::Null)
            }
            _ => Ok(Value::Null),
        }
    }

    fn add(&mut self, list: usize, more: &[Value]) -> Result<Value, RenderError> {
        self.heap.charge(32 * more.len())?;
        if let Some(items) = self.heap.items_mut(list) {
            items.extend_from_slice(more);
        }
        Ok(Value::Boolean(true))
    }

    fn place(&self, list: usize, what: &Value) -> Result<Option<usize>, RenderError> {
        for (place, item) in self.heap.items(list).iter().enumerate() {
            if self.equal(item, what)? {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    fn of_map(
        &mut self,
        map: usize,
        name: &str,
        arguments: &[Value],
    ) -> Result<Value, RenderError> {
        let entries = || self.heap.entries(map).into_iter().flatten();
        match (name, arguments) {
            ("size", []) => Ok(whole(entries().count())),
            ("isEmpty", []) => Ok(Value::Boolean(entries().next().is_none())),
            ("get", [key]) => self.at(&Value::Map(map), key),
            ("getOrDefault", [key, otherwise]) => Ok(match self.at(&Value::Map(map), key)? {
                Value::Null => otherwise.clone(),
                value => value,
            }),
            ("containsKey", [key]) => {
                let key = self.written(key)?;
                let map = self.heap.entries(map);
                Ok(Value::Boolean(
                    map.is_some_and(|map| map.contains_key(key.as_str())),
                ))
            }
            ("containsValue", [what]) => {
                for (_, value) in entries() {
                    if self.equal(value, what)? {
                        return Ok(Value::Boolean(true));
                    }
                }
                Ok(Value::Boolean(false))
            }
            ("keySet", []) => {
                let keys = entries().map(|(key, _)| Value::Text(key.clone())).collect();
                self.heap.list(keys)
            }
            ("values", []) => {
                let values = entries().map(|(_, value)| value.clone()).collect();
                self.heap.list(values)
            }
            ("entrySet", []) => {
                let all: Vec<(_, Value)> = entries()
                    .map(|(key, value)| (Value::Text(key.clone()), value.clone()))
                    .collect();
                let mut items = Vec::with_capacity(all.len());
                for (key, value) in all {
                    let entry = Map::from_iter([("key".into(), key), ("value".into(), value)]);
                    items.push(self.heap.map(entry)?);
                }
                self.heap.list(items)
            }
            ("put", [key, value]) => {
                let before = self.at(&Value::Map(map), key)?;
                let key = self.written(key)?;
                self.heap.put(map, &key, value.clone())?;
                Ok(before)
            }
            ("putAll", [Value::Map(more)]) => {
                let more: Vec<_> = self
                    .heap
                    .entries(*more)
                    .into_iter()
                    .flatten()
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                for (key, value) in more {
                    self.heap.put(map, &key, value)?;
                }
                Ok(Value::Null)
            }
            ("remove", [key]) => {
                let key = self.written(key)?;
                let map = self.heap.entries_mut(map);
                let removed = map.and_then(|map| map.shift_remove(key.as_str()));
                Ok(removed.unwrap_or(Value::Null))
            }
            // A getter: `$entry.getKey()`.
            (getter, []) => {
                let property = getter.strip_prefix("get").map(lower_first);
                Ok(property.map_or(Value::Null, |name| self.member(&Value::Map(map), &name)))
            }
            _ => Ok(Value::Null),
        }
    }
}

/// Refuses a replacement that could make text of any size, before it is made.
fn grows(text: &str, matches: usize, with: &str) -> Result<(), RenderError> {
    let most = 4 * MOST_OUTPUT_BYTES;
    let groups = 1 + with.matches('$').count();
    let written = matches.saturating_mul(with.len());
    if text.len().saturating_mul(groups).saturating_add(written) > most {
        return Err(RenderError::Size { most });
    }
    Ok(())
}

fn of_number(number: &Value, name: &str) -> Value {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "intValue cuts the fraction off, and stops at the largest number"
    )]
    match (number, name) {
        (Value::Float(float), "intValue" | "longValue") => Value::Integer(*float as i64),
        (_, "intValue" | "longValue" | "doubleValue") => number.clone(),
        _ => Value::Null,
    }
}

/// Java counts in units of UTF-16.
fn utf16_length(text: &str) -> usize {
    text.encode_utf16().count()
}

fn substring(text: &str, from: &str, to: Option<&str>) -> String {
    let units: Vec<u16> = text.encode_utf16().collect();
    let from = from.parse().unwrap_or(usize::MAX);
    let to = to.map_or(units.len(), |to| to.parse().unwrap_or(0));
    String::from_utf16_lossy(units.get(from..to).unwrap_or_default())
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
