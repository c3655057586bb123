//! A yes or no about a record, in jq.

use jaq_core::load::parse::{BinaryOp, Term};

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

/// An expression that is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConditionError {
    /// Not jq, or it asks for more than a record.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// An assignment gives the changed record, so it would hold for every record.
    #[error("it assigns where it should compare, and so holds for every record; compare with ==")]
    Assignment,
}

impl Condition {
    /// Compiles an expression.
    ///
    /// # Errors
    /// What is not jq, asks for more than a record, or assigns.
    pub fn new(expression: &str) -> Result<Self, ConditionError> {
        // On its own first: an unpaired bracket must not end the one that is put around it.
        if assigns(&parse(expression)?) {
            return Err(ConditionError::Assignment);
        }
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

/// Whether the result of an expression may be that of an assignment.
fn assigns(term: &Term<&str>) -> bool {
    let Term::BinOp(left, operator, right) = term else {
        return false;
    };
    match operator {
        BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt => true,
        BinaryOp::Pipe(_) => assigns(right),
        _ => assigns(left) || assigns(right),
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
            let error = Condition::new(text).unwrap_err();
            assert!(matches!(error, ConditionError::Query(_)), "{text}");
        }
    }

    #[test]
    fn an_assignment_is_refused_for_it_holds_always() {
        for text in [
            ".a = 1",
            ".b and .a = 1",
            ".a |= 1",
            ".a += 1",
            ".b | .a = 1",
        ] {
            assert_eq!(
                Condition::new(text).unwrap_err(),
                ConditionError::Assignment,
                "{text}"
            );
        }
        assert!(Condition::new("(.a = 1) | .a == 1").is_ok());
    }

    #[test]
    fn an_expression_that_fails_on_a_record_is_neither_true_nor_false() {
        let condition = Condition::new(".detail.eventType.x == 1").unwrap();
        assert!(condition.holds(RECORD).is_err());
        assert!(condition.holds(b"{").is_err());
    }
}
