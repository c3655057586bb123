//! Conditions: true, false, or not known before deployment.

use super::{ProblemKind, Resolver};
use crate::{
    node::{Content, Node},
    source::Span,
};

impl Resolver<'_> {
    /// Whether the condition called `name` holds.
    pub(super) fn condition(&mut self, name: &str, span: Span) -> Option<bool> {
        if let Some(known) = self.conditions.get(name) {
            return *known;
        }
        let Some(declared) = self.declared.get(name).copied() else {
            self.problem(
                ProblemKind::UnresolvedReference,
                span,
                format!("the template has no condition {name}"),
            );
            return None;
        };
        if !self.busy.insert(name.to_owned()) {
            self.problem(
                ProblemKind::MalformedFunction,
                span,
                format!("the condition {name} depends on itself"),
            );
            return None;
        }
        let holds = self.holds(declared);
        self.busy.remove(name);
        self.conditions.insert(name.to_owned(), holds);
        holds
    }

    /// Whether a condition's expression holds.
    fn holds(&mut self, expression: &Node) -> Option<bool> {
        if !self.enter() {
            return None;
        }
        let holds = self.decide(expression);
        self.depth -= 1;
        holds
    }

    fn decide(&mut self, expression: &Node) -> Option<bool> {
        let [call] = expression.members() else {
            self.malformed("a condition", expression.span, "one condition function");
            return None;
        };
        let (name, argument) = (call.name.as_str(), &call.value);
        match name {
            "Condition" => {
                let text = argument.as_text()?;
                self.condition(text, argument.span)
            }
            "Fn::Equals" => {
                let [left, right] = argument.elements() else {
                    self.malformed(name, argument.span, "two values");
                    return None;
                };
                let (left, right) = (self.node(left)?, self.node(right)?);
                same(&left, &right)
            }
            "Fn::Not" => {
                let [one] = argument.elements() else {
                    self.malformed(name, argument.span, "a list of one condition");
                    return None;
                };
                self.holds(one).map(|holds| !holds)
            }
            // What is known can decide: false and anything is false, true or anything is true.
            "Fn::And" | "Fn::Or" => {
                let decides = name == "Fn::Or";
                let mut all_known = true;
                for element in argument.elements() {
                    match self.holds(element) {
                        Some(holds) if holds == decides => return Some(decides),
                        Some(_) => {}
                        None => all_known = false,
                    }
                }
                all_known.then_some(!decides)
            }
            _ => {
                self.problem(
                    ProblemKind::UnsupportedFunction,
                    expression.span,
                    format!("{name} is no condition that is resolved here"),
                );
                None
            }
        }
    }
}

/// Whether two values are equal; `None` where that depends on what is not known.
fn same(left: &Node, right: &Node) -> Option<bool> {
    match (&left.content, &right.content) {
        (Content::Unknown(_), _) | (_, Content::Unknown(_)) => None,
        (Content::List(left), Content::List(right)) if left.len() == right.len() => {
            let pairs = left.iter().zip(right);
            pairs
                .map(|(left, right)| same(left, right))
                .try_fold(true, |all, it| Some(all && it?))
        }
        _ => Some(left.scalar() == right.scalar() && left.scalar().is_some()),
    }
}
