//! The keys of one record.

use hydrant_records::json::push_string;

/// Partition keys of one record: names and values in the order in which the query gives them.
///
/// One value serves record after record: [`clear`](Self::clear) keeps the memory, so that filling it
/// again allocates nothing. Lookup is linear, which wins for the few keys (at most
/// [`MAX_KEYS`](crate::limits::MAX_KEYS)) that a query has.
#[derive(Clone, Default)]
pub struct PartitionKeys {
    text: String,
    /// Ends of each name and value in `text`; a name starts where the value before it ends.
    ends: Vec<(usize, usize)>,
}

impl PartitionKeys {
    /// No keys yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets every key and keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// Adds a key. A name that is there already gets the new value and keeps its place.
    pub fn insert(&mut self, name: &str, value: &str) {
        if self.get(name).is_some() {
            self.replace(name, value);
        } else {
            self.push(name, |text| text.push_str(value));
        }
    }

    /// The value of a key.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find_map(|(candidate, value)| (candidate == name).then_some(value))
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut start = 0;
        self.ends.iter().filter_map(move |&(name_end, value_end)| {
            let name = self.text.get(start..name_end)?;
            let value = self.text.get(name_end..value_end)?;
            start = value_end;
            Some((name, value))
        })
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True when there is no key.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Appends the keys as a JSON object of strings.
    pub fn push_json(&self, out: &mut String) {
        // Looked at all at once, because most keys need no escape.
        let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
        let plain = self.text.bytes().fold(true, |all, byte| all & plain(byte));
        out.reserve(self.text.len() + 6 * self.len() + 2);
        out.push('{');
        for (position, (name, value)) in self.iter().enumerate() {
            if position > 0 {
                out.push(',');
            }
            if plain {
                out.push('"');
                out.push_str(name);
                out.push_str("\":\"");
                out.push_str(value);
                out.push('"');
            } else {
                push_string(name, out);
                out.push(':');
                push_string(value, out);
            }
        }
        out.push('}');
    }

    /// Adds a key whose name is new; `write` appends the value to the text that it is given. Gives the
    /// value.
    pub(super) fn push(&mut self, name: &str, write: impl FnOnce(&mut String)) -> &str {
        self.text.push_str(name);
        let name_end = self.text.len();
        write(&mut self.text);
        self.ends.push((name_end, self.text.len()));
        self.text.get(name_end..).unwrap_or_default()
    }

    /// Removes the last key and gives its value.
    pub(super) fn pop(&mut self) -> String {
        let Some((name_end, _)) = self.ends.pop() else {
            return String::new();
        };
        let value = self.text.split_off(name_end);
        let start = self.ends.last().map_or(0, |&(_, value_end)| value_end);
        self.text.truncate(start);
        value
    }

    fn replace(&mut self, name: &str, value: &str) {
        let mut replaced = Self::default();
        for (candidate, old) in self.iter() {
            let value = if candidate == name { value } else { old };
            replaced.push(candidate, |text| text.push_str(value));
        }
        *self = replaced;
    }
}

impl std::fmt::Debug for PartitionKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl PartialEq for PartitionKeys {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for PartitionKeys {}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for PartitionKeys {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut keys = Self::new();
        for (name, value) in pairs {
            keys.insert(name.as_ref(), value.as_ref());
        }
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_as_json_read_back_as_what_they_were() {
        let pairs: &[&[(&str, &str)]] = &[
            &[],
            &[("a", "1"), ("b-c", "caf\u{e9} x/y")],
            &[("a\"b", "1"), ("c", "\\ \n \u{1}\u{1f} \u{1f600}\u{7f}")],
        ];
        for pairs in pairs {
            let keys: PartitionKeys = pairs.iter().copied().collect();
            let mut json = "before ".to_owned();
            keys.push_json(&mut json);
            let json = json.strip_prefix("before ").unwrap();
            let read: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(json).unwrap();
            let read: PartitionKeys = read
                .iter()
                .map(|(name, value)| (name, value.as_str().unwrap()))
                .collect();
            let mut sorted: Vec<_> = pairs.to_vec();
            sorted.sort_unstable();
            assert_eq!(read, sorted.into_iter().collect(), "{json}");
        }
    }

    #[test]
    fn keys_keep_their_order_and_the_last_value_of_a_name_counts() {
        let mut keys: PartitionKeys = [("b", "1"), ("a", "2"), ("b", "three")]
            .into_iter()
            .collect();
        insta::assert_snapshot!(format!("{keys:?}"), @r#"{"b": "three", "a": "2"}"#);
        assert_eq!(keys.get("a"), Some("2"));
        assert_eq!(keys.get("c"), None);
        keys.clear();
        assert!(keys.is_empty());
        assert_eq!(keys, PartitionKeys::new());
    }
}
