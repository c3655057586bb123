//! A yes or no about a record, in jq.

use jaq_core::load::parse::{BinaryOp, Term};

use crate::keys::{Comparison, KeyError, KeyQuery, PartitionKeys, QueryError, Unbounded, parse};

const HOLDS: &str = "holds";

/// A jq expression that holds for a record or does not, such as `.detail.eventType == "heartbeat"`.
///
/// It holds when any of its results is neither `false` nor `null`, as in jq's `select`; an expression
/// without a result does not hold.
///
/// Comparisons of plain paths with literals (`.a.b == "x"`, `!=`, `.a`, `.a // ""`, joined by `and`, `or` and
/// `| not`) are answered in one pass over the bytes of the record; only for others a document is built and
/// jaq runs.
#[derive(Debug, Clone)]
pub struct Condition(How);

#[derive(Debug, Clone)]
enum How {
    Fast(Comparison),
    Jq(KeyQuery),
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
        let term = parse(expression)?;
        if assigns(&term) {
            return Err(ConditionError::Assignment);
        }
        match Comparison::from_term(&term) {
            Some(comparison) => Ok(Self(How::Fast(comparison))),
            None => Self::through_jq(expression),
        }
    }

    fn through_jq(expression: &str) -> Result<Self, ConditionError> {
        let query = format!("{HOLDS}=([{expression}\n] | any)");
        Ok(Self(How::Jq(KeyQuery::partition_keys(&query)?)))
    }

    /// True when it compares plain paths, so that no document is built.
    pub fn is_fast(&self) -> bool {
        matches!(self.0, How::Fast(_))
    }

    /// Whether it is known to end soon, as [`KeyQuery::check_bounds`] says of a query.
    ///
    /// # Errors
    /// What in the expression is to blame.
    pub fn check_bounds(&self) -> Result<(), Unbounded> {
        match &self.0 {
            How::Fast(_) => Ok(()),
            How::Jq(query) => query.check_bounds(),
        }
    }

    /// Whether it holds for a record: one JSON document.
    ///
    /// # Errors
    /// What is not JSON, and what makes the expression fail.
    pub fn holds(&self, record: &[u8]) -> Result<bool, KeyError> {
        match &self.0 {
            How::Fast(comparison) => comparison.holds(record),
            How::Jq(query) => {
                let mut keys = PartitionKeys::new();
                query.evaluate(record, &mut keys)?;
                Ok(keys.get(HOLDS) == Some("true"))
            }
        }
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
    use proptest::prelude::*;

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
    fn comparisons_of_plain_paths_need_no_document() {
        for (expression, fast) in [
            (r#".detail.eventType == "heartbeat""#, true),
            (r#""x" != .a[0]"#, true),
            (r#"(.a // "") == "" and (.b | not) or .c != null"#, true),
            (".detail.test == true", true),
            (".a", true),
            (".n > 2", false),
            (".n == 2", false),
            (r#".a | test("x")"#, false),
            (".a == .b", false),
            (".a[] == \"x\"", false),
        ] {
            assert_eq!(
                Condition::new(expression).unwrap().is_fast(),
                fast,
                "{expression}"
            );
        }
    }

    fn comparison() -> impl Strategy<Value = String> {
        let operand = prop::sample::select(vec![
            ".a",
            ".b",
            ".a.b",
            ".c[0]",
            "(.a // \"x\")",
            "(.b // .a)",
            "(.a.b // .c[1] // \"\")",
        ]);
        let literal = prop::sample::select(vec!["\"x\"", "\"\"", "\"é\"", "true", "false", "null"]);
        let operator = prop::sample::select(vec!["==", "!="]);
        let leaf = prop_oneof![
            (operand.clone(), operator, literal).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            operand.prop_map(str::to_owned),
        ];
        leaf.prop_recursive(3, 12, 2, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} and {b})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
                inner.prop_map(|a| format!("({a} | not)")),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_condition_holds_the_same_with_and_without_jq(
            expression in comparison(),
            a in value(),
            b in value(),
            c in value(),
        ) {
            let record = format!(r#"{{"a":{a},"b":{b},"c":[{c},{a}]}}"#);
            let fast = Condition::new(&expression).unwrap();
            prop_assert!(fast.is_fast(), "{}", expression);
            let jq = Condition::through_jq(&expression).unwrap();
            let holds = |it: &Condition| it.holds(record.as_bytes()).ok();
            prop_assert_eq!(holds(&fast), holds(&jq), "{} of {}", expression, record);
        }
    }

    fn value() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "null",
            "true",
            "false",
            "1",
            "\"x\"",
            "\"\\u0078\"",
            "\"\"",
            "\"é\"",
            "{\"b\":\"x\"}",
            "{}",
            "[\"x\"]",
        ])
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
