//! A yes or no about a record, in jq.

use crate::keys::{KeyError, KeyQuery, PartitionKeys, QueryError, parse};

const HOLDS: &str = "holds";

/// A jq expression that holds for a record or does not, such as `.detail.eventType == "heartbeat"`.
///
/// It holds when any of its results is neither `false` nor `null`, as in jq's `select`; an expression
/// without a result does not hold.
#[derive(Debug, Clone)]
pub struct Condition {
    query: KeyQuery,
}

impl Condition {
    /// Compiles an expression.
    ///
    /// # Errors
    /// What is not jq, or asks for more than a record.
    pub fn new(expression: &str) -> Result<Self, QueryError> {
        // On its own first: an unpaired bracket must not end the one that is put around it.
        parse(expression)?;
        let query = format!("{HOLDS}=([{expression}\n] | any)");
        Ok(Self {
            query: KeyQuery::partition_keys(&query)?,
        })
    }

    /// Whether it holds for a record: one JSON document.
    ///
    /// # Errors
    /// What is not JSON, and what makes the expression fail.
    pub fn holds(&self, record: &[u8]) -> Result<bool, KeyError> {
        let mut keys = PartitionKeys::new();
        self.query.evaluate(record, &mut keys)?;
        Ok(keys.get(HOLDS) == Some("true"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &[u8] = br#"{"detail":{"eventType":"heartbeat","n":3,"tags":["a","b"]}}"#;

    fn holds(expression: &str) -> bool {
        Condition::new(expression).unwrap().holds(RECORD).unwrap()
    }

    #[test]
    fn a_condition_holds_for_what_jq_takes_for_true() {
        for expression in [
            r#".detail.eventType == "heartbeat""#,
            ".detail.n > 2 and .detail.n < 4",
            ".detail.n",
            "0",
            r#""""#,
            ".detail.tags[] == \"b\"",
            "false, 1",
            ".detail.eventType | test(\"^heart\")",
            ".detail | has(\"n\") # a comment",
        ] {
            assert!(holds(expression), "{expression}");
        }
        for expression in [
            r#".detail.eventType == "paging""#,
            ".detail.nothing",
            "false",
            "null",
            "empty",
            "false, null",
            ".detail.tags[] == \"c\"",
            ".detail | has(\"m\")",
        ] {
            assert!(!holds(expression), "{expression}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused_and_brackets_stay_in_pairs() {
        for text in ["", ".a ==", ".a] | any), b=([.c", "now > 1", "$x", ".a)"] {
            assert!(Condition::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_expression_that_fails_on_a_record_is_neither_true_nor_false() {
        let condition = Condition::new(".detail.eventType.x == 1").unwrap();
        assert!(condition.holds(RECORD).is_err());
        assert!(condition.holds(b"{").is_err());
    }
}
