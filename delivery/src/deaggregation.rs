//! `RecordDeAggregation`: several records that a producer put as one (developer guide, "Partitioning
//! aggregated data").

pub(crate) mod kpl;

use bytes::Bytes;
use hydrant_records::{json, limits::MAX_SUB_RECORDS};

/// How sub-records lie in a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeAggregation {
    /// JSON objects back to back or on lines of their own; what lies between them is lost, as on AWS.
    Json,
    /// Sub-records between occurrences of these bytes.
    Delimited(Bytes),
}

impl DeAggregation {
    /// Calls `each` for every sub-record of `record`, in order.
    ///
    /// A record that does not split — not JSON objects, or more than [`MAX_SUB_RECORDS`] — goes on whole, so
    /// that the next processor decides about it.
    pub fn split(&self, record: &Bytes, mut each: impl FnMut(Bytes)) {
        let parts = match self {
            Self::Json => json_objects(record),
            Self::Delimited(delimiter) => Some(between(record, delimiter)),
        };
        match parts {
            Some(parts) if (1..=MAX_SUB_RECORDS).contains(&parts.len()) => {
                for part in parts {
                    each(record.slice(part));
                }
            }
            _ => each(record.clone()),
        }
    }
}

type Span = std::ops::Range<usize>;

fn json_objects(record: &[u8]) -> Option<Vec<Span>> {
    json::values(record)
        .take(MAX_SUB_RECORDS + 1)
        .map(|value| value.ok().filter(|span| record[span.start] == b'{'))
        .collect()
}

fn between(record: &[u8], delimiter: &[u8]) -> Vec<Span> {
    let mut parts = Vec::new();
    let mut start = 0;
    while start < record.len() {
        let length = record[start..]
            .windows(delimiter.len().max(1))
            .position(|window| window == delimiter)
            .unwrap_or(record.len() - start);
        if length > 0 {
            parts.push(start..start + length);
        }
        start += length + delimiter.len().max(1);
        if parts.len() > MAX_SUB_RECORDS {
            break;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(how: &DeAggregation, record: &str) -> Vec<String> {
        let mut parts = Vec::new();
        how.split(&Bytes::copy_from_slice(record.as_bytes()), |part| {
            parts.push(String::from_utf8(part.to_vec()).unwrap());
        });
        parts
    }

    #[test]
    fn json_objects_lose_what_lies_between_them() {
        for record in [
            r#"{"a":1}{"a":2}"#,
            "{\"a\":1}\n{\"a\":2}\n",
            " {\"a\":1} \r\n {\"a\":2}",
        ] {
            assert_eq!(
                split(&DeAggregation::Json, record),
                [r#"{"a":1}"#, r#"{"a":2}"#]
            );
        }
    }

    #[test]
    fn what_is_not_json_objects_goes_on_whole() {
        for record in ["", "text", r#"{"a":1}{"a":"#, r#"[{"a":1},{"a":2}]"#, "1 2"] {
            assert_eq!(split(&DeAggregation::Json, record), [record]);
        }
    }

    #[test]
    fn more_than_500_sub_records_are_not_split() {
        let at_the_limit = "{}".repeat(MAX_SUB_RECORDS);
        assert_eq!(
            split(&DeAggregation::Json, &at_the_limit).len(),
            MAX_SUB_RECORDS
        );
        let above = "{}".repeat(MAX_SUB_RECORDS + 1);
        assert_eq!(split(&DeAggregation::Json, &above), [above]);
        let above = "a,".repeat(MAX_SUB_RECORDS + 1);
        assert_eq!(
            split(&DeAggregation::Delimited(Bytes::from_static(b",")), &above),
            [above]
        );
    }

    #[test]
    fn delimited_sub_records_lie_between_delimiters() {
        let how = DeAggregation::Delimited(Bytes::from_static(b"####"));
        assert_eq!(split(&how, "a####b"), ["a", "b"]);
        assert_eq!(split(&how, "a####b####"), ["a", "b"]);
        assert_eq!(split(&how, "a###b"), ["a###b"]);
    }
}
