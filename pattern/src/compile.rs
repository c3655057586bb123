//! From the JSON of a pattern to the branches that its `$or`s lead to, with the service's words for what it
//! refuses.

use std::collections::BTreeMap;

use super::{
    PatternError,
    expression::{Alternatives, alternatives},
    json::{Kind, Node, parse},
};

/// Limits and choices that AWS has not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatternOptions {
    /// A `wildcard` is refused when this many of its parts between stars could begin at one place of a
    /// value. AWS refuses `*:*:*:*:*:event-bus/*`, where it is five, and takes patterns with two stars; it
    /// does not say where it draws the line.
    pub wildcard_complexity: usize,
}

impl Default for PatternOptions {
    fn default() -> Self {
        Self {
            wildcard_complexity: 5,
        }
    }
}

/// Most branches that the `$or`s of a pattern may lead to (EventBridge user guide, "Amazon EventBridge event
/// pattern best practices").
const MAX_BRANCHES: usize = 1000;

/// Most field names in a pattern, as Event Ruler has it.
const MAX_FIELDS: usize = 256;

const OR: &str = "$or";

/// Field names that make `$or` a field of this name and not the operator, as Event Ruler reserves them.
const RESERVED: [&str; 24] = [
    "exactly",
    "prefix",
    "suffix",
    "anything-but",
    "numeric",
    "cidr",
    "exists",
    "equals-ignore-case",
    "wildcard",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
    "=",
    "<",
    "<=",
    ">",
    ">=",
];

/// One way to match: what must hold of the value at each path.
pub(super) type Branch = BTreeMap<Vec<String>, Alternatives>;

/// What is refused and where.
pub(super) type Refused = (String, Option<usize>);

/// Compiles a pattern.
pub(super) fn compile(text: &str, options: PatternOptions) -> Result<Vec<Branch>, PatternError> {
    let refused = |(reason, at): Refused| PatternError::new(text, &reason, at);
    let tree = parse(text).map_err(|error| refused((error.what, Some(error.at))))?;
    let Kind::Object(members, end) = &tree.kind else {
        return Err(refused((
            "Filter is not an object".to_owned(),
            Some(tree.at),
        )));
    };
    let with = |or_is_operator| {
        let mut compiler = Compiler {
            options,
            or_is_operator,
            path: Vec::new(),
            branches: vec![Branch::new()],
        };
        compiler.object(members, *end, false)?;
        let fields = compiler.branches.iter().map(BTreeMap::len).max();
        if fields.unwrap_or(0) > MAX_FIELDS {
            let reason = format!("A pattern has at most {MAX_FIELDS} fields");
            return Err((reason, Some(*end)));
        }
        Ok(compiler.branches)
    };
    // Patterns from before there was `$or` mean a field by it; what they cannot mean with it, they mean so.
    with(true).or_else(|first| with(false).map_err(|_| refused(first)))
}

struct Compiler {
    options: PatternOptions,
    or_is_operator: bool,
    path: Vec<String>,
    branches: Vec<Branch>,
}

impl Compiler {
    fn object(
        &mut self,
        members: &[(String, usize, Node)],
        end: usize,
        inside_or: bool,
    ) -> Result<(), Refused> {
        if members.is_empty() {
            return Err(("Empty objects are not allowed".to_owned(), Some(end)));
        }
        for (name, at, value) in members {
            if self.or_is_operator && name == OR {
                self.or(value)?;
                continue;
            }
            if inside_or && RESERVED.contains(&name.as_str()) {
                let reason =
                    format!("{name} is Ruler reserved fieldName which cannot be used inside {OR}.");
                return Err((reason, Some(*at)));
            }
            // A dot in a name and a step into an object are the same.
            let depth = self.path.len();
            self.path.extend(name.split('.').map(str::to_owned));
            match &value.kind {
                Kind::Object(members, end) => self.object(members, *end, inside_or)?,
                Kind::List(items, end) => {
                    let found = alternatives(items, *end, self.options)?;
                    for branch in &mut self.branches {
                        branch.insert(self.path.clone(), found.clone());
                    }
                }
                _ => {
                    let reason = format!("\"{name}\" must be an object or an array");
                    return Err((reason, Some(value.at)));
                }
            }
            self.path.truncate(depth);
        }
        Ok(())
    }

    fn or(&mut self, value: &Node) -> Result<(), Refused> {
        let refused = |reason: &str, at| Err((reason.to_owned(), Some(at)));
        let Kind::List(items, end) = &value.kind else {
            return refused("It must be an Array followed with $or.", value.at);
        };
        if self.branches.len().saturating_mul(items.len()) > MAX_BRANCHES {
            let reason = format!("The combinations of {OR} are more than {MAX_BRANCHES}");
            return Err((reason, Some(value.at)));
        }
        let before = std::mem::take(&mut self.branches);
        let mut all = Vec::new();
        for item in items {
            let Kind::Object(members, end) = &item.kind else {
                return refused(
                    "Only JSON object is allowed in array of $or relationship.",
                    item.at,
                );
            };
            self.branches.clone_from(&before);
            self.object(members, *end, true)?;
            all.append(&mut self.branches);
            if all.len() > MAX_BRANCHES {
                let reason = format!("The combinations of {OR} are more than {MAX_BRANCHES}");
                return Err((reason, Some(item.at)));
            }
        }
        if items.len() < 2 {
            return refused(
                "There must have at least 2 Objects in $or relationship.",
                *end,
            );
        }
        self.branches = all;
        Ok(())
    }
}
